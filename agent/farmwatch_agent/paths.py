"""How paths travel: without the names of people and without what a start of a program makes up."""

import re

#: Parents of home folders on Linux: hier(7), and systemd's file-hierarchy(7) for /var/home of image-based systems.
_HOMES = ("/home/", "/var/home/")
#: udisks2 mounts removable media below the user's name.
_MEDIA = ("/media/", "/run/media/")
#: The AppImage run time mounts at /tmp/.mount_ + up to six letters of the name + six random ones (libappimage).
_APPIMAGE = "/.mount_"
#: What stands between /home and a person: eCryptfs's store; the domain in winbind's /home/%D/%U (smb.conf(5),
#: `template homedir`) and in sssd's /home/%d/%u (sssd.conf(5), `override_homedir`): capitals, or a name with dots.
_NO_PERSON = re.compile(
    r"\.ecryptfs|[A-Z][A-Z0-9_-]*|[^/@]+\.(?:[a-z]{2}|com|net|org|edu|gov|local|lan|corp|internal|example|test)"
)
#: Instances of units that name a terminal, an interface, a display or a role. Any other may be a person.
_PLAIN_INSTANCE = re.compile(
    r":?\d{1,5}|(?:tty|hvc|lo|wg|tun|tap|eth|wlan|en|wl)[A-Z]{0,4}\d{0,4}|default|main|server|client|system|root"
)
#: Homes below another folder than /: another system's disk, a backup, a container's layers.
_INNER = re.compile(r"(.+?/(?:home|Users)/)(.+)", re.DOTALL)


def tilde(path: str) -> str:
    """Returns a path with home folders as `~` and an AppImage's random mount suffix as `*`."""
    if path.startswith("/root") and path[5:6] in ("", "/"):
        return "~" + path[5:]
    for parent in _HOMES:
        if path.startswith(parent):
            rest = _below_home(path[len(parent) :])
            return f"~/{rest}" if rest else "~"
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


def tilde_inside(path: str) -> str:
    """Returns a path with the home folder that lies further down in it, as on a backup, as `~`."""
    inner = _INNER.fullmatch(path)
    if inner is None:
        return path
    rest = _below_home(inner[2])
    return f"{inner[1]}~/{rest}" if rest else f"{inner[1]}~"


def is_plain_instance(instance: str) -> bool:
    """Whether what stands after a unit's @ names nobody."""
    return _PLAIN_INSTANCE.fullmatch(instance) is not None


def is_domain(name: str) -> bool:
    """Whether a folder below /home holds the homes of a domain rather than one person's files."""
    return _NO_PERSON.fullmatch(name) is not None


def home_names(path: str) -> list[str]:
    """Returns what of a path names a person: the folder below /home or /Users, the one below a domain, of /media."""
    found: list[str] = []
    for parent in ("/home/", "/Users/"):
        first, _, rest = path.partition(parent)[2].partition("/")
        found += [first, rest.partition("/")[0]] if _NO_PERSON.fullmatch(first) else [first]
    for parent in _MEDIA:
        if path.startswith(parent):
            name, _, rest = path[len(parent) :].partition("/")
            found += [name] if rest else []
    return [name for name in found if name and name != ".ecryptfs"]


def _below_home(rest: str) -> str:
    """Returns what stands below a person's folder, given what stands below the folder of all homes."""
    first, _, below = rest.partition("/")
    return below.partition("/")[2] if _NO_PERSON.fullmatch(first) else below


def base_name(path: str) -> str:
    """Returns what stands after the last slash."""
    return path.rpartition("/")[2]
