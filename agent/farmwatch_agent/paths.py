"""How paths travel: without the names of people and without what a start of a program makes up."""

#: Parents of home folders on Linux: hier(7), and systemd's file-hierarchy(7) for /var/home of image-based systems.
_HOMES = ("/home/", "/var/home/")
#: udisks2 mounts removable media below the user's name.
_MEDIA = ("/media/", "/run/media/")
#: The AppImage run time mounts at /tmp/.mount_ + up to six letters of the name + six random ones (libappimage).
_APPIMAGE = "/.mount_"


def tilde(path: str) -> str:
    """Returns a path with home folders as `~` and an AppImage's random mount suffix as `*`."""
    if path.startswith("/root") and path[5:6] in ("", "/"):
        return "~" + path[5:]
    for parent in _HOMES:
        if path.startswith(parent):
            rest = path[len(parent) :].partition("/")[2]
            return f"~/{rest}" if rest else "~"
    for parent in _MEDIA:
        if path.startswith(parent):
            name, _, rest = path[len(parent) :].partition("/")
            return f"{parent}~/{rest}" if rest and name else path
    start = path.find(_APPIMAGE)
    if start >= 0:
        mount, slash, rest = path[start + len(_APPIMAGE) :].partition("/")
        if len(mount) > 6:
            return f"{path[: start + len(_APPIMAGE)]}{mount[:-6]}*{slash}{rest}"
    return path


def base_name(path: str) -> str:
    """Returns what stands after the last slash."""
    return path.rpartition("/")[2]
