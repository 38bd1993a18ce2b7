"""How paths travel: without the names of people and without what a start of a program makes up.

Expressions stand here as text and are compiled at their first use, which on most systems never comes.
"""

import re

#: Parents of home folders on Linux: hier(7), and systemd's file-hierarchy(7) for /var/home of image-based systems.
_HOMES = ("/home/", "/var/home/")
#: udisks2 mounts removable media below the user's name.
_MEDIA = ("/media/", "/run/media/")
#: The AppImage run time mounts at /tmp/.mount_ + up to six letters of the name + six random ones (libappimage).
_APPIMAGE = "/.mount_"
#: What stands between /home and a person: eCryptfs's store; the domain in winbind's /home/%D/%U (smb.conf(5),
#: `template homedir`) and in sssd's /home/%d/%u (sssd.conf(5), `override_homedir`): capitals, or a name with dots.
_NO_PERSON = (
    r"\.ecryptfs|[A-Z][A-Z0-9_-]*|[^/@]+\.(?:[a-z]{2}|com|net|org|edu|gov|local|lan|corp|internal|example|test)"
)
#: Instances of units that name a terminal, an interface, a display or a role. Any other may be a person.
_PLAIN_INSTANCE = (
    r":?\d{1,5}|(?:tty|hvc|lo|wg|tun|tap|eth|wlan|en|wl)[A-Z]{0,4}\d{0,4}|default|main|server|client|system|root"
)
#: Homes on macOS (File System Programming Guide); Shared and Guest are nobody's.
_MAC_HOMES = "/Users/"
_MAC_NOBODY = frozenset({"Shared", "Guest"})
#: macOS makes a folder for each user's temporary files out of his number and the Mac's (confstr(3)), and runs a program
#: that was downloaded from a mount with a new UUID each time.
_MAC_TEMPORARY = r"(?s)((?:/private)?/var/folders/)[^/]+/[^/]+(/.*)?"
_TRANSLOCATED = r"(?<=/AppTranslocation/)[0-9A-Fa-f-]{36}(?=/)"
#: Chromium's family keeps web pages that are to look like programs in such a folder, by their titles.
_WEB_PAGES = re.compile(r"(?<= Apps\.localized/)[^/]+(?=\.app(?:/|$))")
#: Homes below another folder than /: another system's disk, a backup, a container's layers.
_INNER = r"(?s)(.+?/(?:home|Users)/)(.+)"

#: What says that the rest is to be taken as it is: \\?\, \\.\ and the kernel's \??\.
_AS_IT_IS = r"\\(?:\\[?.]|\?\?)\\"
#: Folders of profiles: the usual one, and Windows XP's, which still leads there; DOCUME~1 is its short name.
_PROFILES = (
    r"(?is)(?P<top>[A-Za-z]:|\\Device\\[^\\/]+|%SystemDrive%)?(?P<inner>(?:.*?[\\/])??)"
    r"(?P<users>Users|Documents and Settings|DOCUME~1)[\\/](?P<name>[^\\/]+)(?P<rest>(?:[\\/].*)?)"
)
_INSIDE = r"(?i)([\\/](?:Users|Documents and Settings|DOCUME~1)[\\/])([^\\/]+)"
#: Profiles that are nobody's: shared, the pattern for new ones, and those of Windows's own set-up and sandbox.
_NOBODY = frozenset(
    {"public", "default", "all users", "default user", "defaultuser0", "defaultuser1", "defaultuser100000"}
    | {"wdagutilityaccount", "defaultapppool"}
)
#: An account's number stands in names of folders, as in the recycle bin.
_SID = r"(?i)S-1-(?:5-21|12-1)(?:-\d{1,10}){3,5}"


def tilde(path: str) -> str:
    """Returns a path with home folders as `~` and an AppImage's random mount suffix as `*`."""
    # A drive, a share or a device first: "Naming Files, Paths, and Namespaces", learn.microsoft.com.
    if path.startswith("\\") or (path[1:2] == ":" and path[0].isascii() and path[0].isalpha()):
        return _windows_tilde(path)
    if path.startswith("/root") and path[5:6] in ("", "/"):
        return "~" + path[5:]
    for parent in _HOMES:
        if path.startswith(parent):
            rest = _below_home(path[len(parent) :])
            return f"~/{rest}" if rest else "~"
    mac = _mac_tilde(path)
    if mac is not None:
        return mac
    for parent in _MEDIA:
        if path.startswith(parent):
            name, _, rest = path[len(parent) :].partition("/")
            return tilde_inside(f"{parent}~/{rest}") if rest and name else path
    start = path.find(_APPIMAGE)
    if start >= 0:
        mount, slash, rest = path[start + len(_APPIMAGE) :].partition("/")
        if len(mount) > 6:
            return f"{path[: start + len(_APPIMAGE)]}{mount[:-6]}*{slash}{rest}"
    return tilde_inside(path)


def _mac_tilde(path: str) -> str | None:
    """Returns a path of macOS without people; None where it is in no home and no user's temporary folder."""
    if path.startswith(_MAC_HOMES):
        name, _, rest = path[len(_MAC_HOMES) :].partition("/")
        if not name or name in _MAC_NOBODY:
            return path
        return f"~/{tilde_inside(_WEB_PAGES.sub('*', rest))}" if rest else "~"
    for parent in ("/private/var/root", "/var/root"):
        if path.startswith(parent) and path[len(parent) : len(parent) + 1] in ("", "/"):
            return "~" + path[len(parent) :]
    temporary = re.fullmatch(_MAC_TEMPORARY, path) if "/var/folders/" in path else None
    return f"{temporary[1]}*{re.sub(_TRANSLOCATED, '*', temporary[2] or '')}" if temporary else None


def _windows_tilde(path: str) -> str:
    r"""Returns a path of Windows without people: ~\x for C:\Users\NAME\x, \\*\*\x for \\SERVER\SHARE\x."""
    path = re.sub(_AS_IT_IS, "", path, count=1) if path.startswith("\\") else path
    if path[:4].upper() == "UNC\\":
        path = f"\\\\{path[4:]}"
    if path.startswith("\\\\"):
        # Names of other machines and their shares, which are often a person's, are nobody's business.
        rest = path[2:].split("\\", 2)[2:]
        path = "\\".join(("\\\\*\\*", *rest))
    folded = path.casefold()
    match = re.fullmatch(_PROFILES, path) if "users" in folded or "docume" in folded else None
    if match is not None:
        before = match["inner"].strip("\\/")
        home = path[: match.start("name")] + "~" if before or match["top"] is None else "~"
        if match["name"].casefold() in _NOBODY:
            home = path[: match.end("name")]
        path = home + _windows_inner(match["rest"])
    return re.sub(_SID, "~", path) if "s-1-" in folded else path


def _windows_inner(rest: str) -> str:
    """Returns what follows a home, with the homes of backups in it as `~`, too."""
    return re.sub(_INSIDE, lambda match: match[0] if match[2].casefold() in _NOBODY else f"{match[1]}~", rest)


def tilde_inside(path: str) -> str:
    """Returns a path with the home folder that lies further down in it, as on a backup, as `~`."""
    inner = re.fullmatch(_INNER, path) if "/home/" in path or "/Users/" in path else None
    if inner is None:
        return path
    rest = _below_home(inner[2])
    return f"{inner[1]}~/{rest}" if rest else f"{inner[1]}~"


def is_plain_instance(instance: str) -> bool:
    """Whether what stands after a unit's @ names nobody."""
    return re.fullmatch(_PLAIN_INSTANCE, instance) is not None


def is_domain(name: str) -> bool:
    """Whether a folder below /home holds the homes of a domain rather than one person's files."""
    return re.fullmatch(_NO_PERSON, name) is not None


def home_names(path: str) -> list[str]:
    """Returns what of a path names a person: the folder below /home or /Users, the one below a domain, of /media."""
    found: list[str] = []
    if "\\" in path:
        match = re.fullmatch(_PROFILES, path)
        while match is not None:
            found += [match["name"]] if match["name"].casefold() not in _NOBODY else []
            match = re.fullmatch(_PROFILES, match["rest"])
        return found
    for parent in ("/home/", "/Users/"):
        first, _, rest = path.partition(parent)[2].partition("/")
        found += [first, rest.partition("/")[0]] if re.fullmatch(_NO_PERSON, first) else [first]
    for parent in _MEDIA:
        if path.startswith(parent):
            name, _, rest = path[len(parent) :].partition("/")
            found += [name] if rest else []
    return [name for name in found if name and name != ".ecryptfs" and name not in _MAC_NOBODY]


def _below_home(rest: str) -> str:
    """Returns what stands below a person's folder, given what stands below the folder of all homes."""
    first, _, below = rest.partition("/")
    return below.partition("/")[2] if re.fullmatch(_NO_PERSON, first) else below


def base_name(path: str) -> str:
    """Returns what stands after the last slash."""
    return path.rpartition("/")[2]


def windows_name(path: str) -> str:
    """Returns what stands after the last backslash or slash."""
    return path[max(path.rfind("\\"), path.rfind("/")) + 1 :]
