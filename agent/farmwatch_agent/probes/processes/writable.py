"""Whether somebody without rights could put another file where a program lies: Linux and macOS."""

from collections.abc import Callable

from ...host import FileStatus, Host, HostError

#: S_ISVTX of inode(7): in such a folder only a file's owner may rename or remove it.
_STICKY = 0o1000


def is_writable(host: Host, path: str, status: FileStatus, folders: dict[str, bool | None],
                may_be_replaced: Callable[[FileStatus], bool]) -> bool | None:  # fmt: skip
    """Returns whether the file, or a folder above it, may be replaced; None when a folder could not be looked at.

    folders          answers of this pass by folder, filled in here
    may_be_replaced  the platform's own word on owner, group and mode
    """
    if may_be_replaced(status):
        return True
    folder = path.rpartition("/")[0]
    answer: bool | None = False
    while folder:
        if folder not in folders:
            try:
                above = host.status(folder)
                folders[folder] = may_be_replaced(above) and not (above.mode & _STICKY and above.uid == 0)
            except HostError:
                folders[folder] = None
        if folders[folder]:
            return True
        if folders[folder] is None:
            answer = None
        folder = folder.rpartition("/")[0]
    return answer
