"""`PosixHost`: how files are read on a live Linux or macOS.

Where only root can make a link (`system_trees`) paths are opened as they are. Everywhere else, in homes and
temporary folders above all, every component below the first is opened without following links, because the
reader runs as root and a user could swap a link between two looks.
"""

import os
import stat
import sys
import time
from typing import ClassVar

from .files import (
    FOLDER_FLAGS,
    NO_FOLLOW,
    READ_FLAGS,
    fail,
    hash_descriptor,
    names_in,
    read_descriptor,
    status_of,
)
from .protocol import FileStatus, NotPermitted, NotSupported, RowType, SourceBroken
from .row import live_rows

#: Linux opens a folder for its way only, which asks for no right to list it.
_SEARCH_FLAGS = FOLDER_FLAGS | getattr(os, "O_PATH", 0)


class PosixHost:
    """This machine's files, read with the agent's own rights. Every verb raises only HostError's children.

    system_trees  whose links only root can make; inside `user_trees` users write all the same
    """

    platform: str = ""
    origin = "live"
    running = True
    system_trees: ClassVar[tuple[str, ...]] = ()
    user_trees: ClassVar[tuple[str, ...]] = ()

    def is_user_tree(self, path: str) -> bool:
        """Whether users can make links somewhere on the way to `path`."""
        return not path.startswith(self.system_trees) or path.startswith(self.user_trees)

    def refuse_secrets(self, path: str) -> None:
        """Raises NotPermitted for a file that nobody outside host/ may read."""

    def rows(self, kind: type[RowType], of: str = "") -> list[RowType]:
        return live_rows(kind, of, self.platform)

    def command(self, name: str, of: str = "") -> bytes:
        raise NotSupported(f"{name}: no command is run on {self.platform}")

    def boot_id(self) -> str:
        raise NotSupported("this system does not tell one boot from another")

    def read(self, path: str, limit: int = 1 << 20) -> bytes:
        return read_descriptor(self._open(path), path, limit)

    def text(self, path: str, limit: int = 1 << 20) -> str:
        return read_descriptor(self._open(path), path, limit).decode("utf-8", "replace").rstrip()

    def names(self, path: str) -> list[str]:
        if not self.is_user_tree(path):
            return names_in(path, path)
        descriptor = self._open_carefully(path, FOLDER_FLAGS)
        try:
            return names_in(descriptor, path)
        finally:
            os.close(descriptor)

    def link(self, path: str) -> str:
        try:
            return os.readlink(path)
        except (OSError, ValueError) as error:
            fail(error, path)

    def resolve(self, path: str) -> str:
        try:
            return os.path.realpath(path, strict=True)
        except (OSError, ValueError) as error:
            fail(error, path)

    def status(self, path: str) -> FileStatus:
        try:
            if self.is_user_tree(path):
                return self._status_carefully(path)
            return status_of(os.stat(path))
        except (OSError, ValueError) as error:
            fail(error, path)

    def sha256(self, path: str, limit: int = 1 << 28) -> str:
        return hash_descriptor(self._open(path), path, limit)

    def now(self) -> float:
        return time.time()

    def euid(self) -> int:
        if sys.platform == "win32":
            raise NotSupported("there are no user ids on Windows")
        return os.geteuid()

    def _open(self, path: str) -> int:
        self.refuse_secrets(path)
        if self.is_user_tree(path):
            descriptor = self._open_carefully(path, READ_FLAGS)
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                os.close(descriptor)
                raise SourceBroken(f"{path}: is not a plain file")
            return descriptor
        try:
            return os.open(path, READ_FLAGS)
        except (OSError, ValueError) as error:
            fail(error, path)

    def _status_carefully(self, path: str) -> FileStatus:
        """Returns the status of what lies there, itself no link and reached through none below the first component."""
        above, _, name = path.rstrip("/").rpartition("/")
        if not above:
            return status_of(os.stat(path))
        folder = self._open_carefully(above, _SEARCH_FLAGS)
        try:
            found = os.stat(name, dir_fd=folder, follow_symlinks=False)
        finally:
            os.close(folder)
        if stat.S_ISLNK(found.st_mode):
            raise NotPermitted(f"{path}: a link where users can write is not followed")
        return status_of(found)

    def _open_carefully(self, path: str, flags: int) -> int:
        """Returns a descriptor reached without following a link below the first component."""
        first, *inner = [part for part in path.split("/") if part and part != "."] or [""]
        try:
            descriptor = os.open(f"/{first}", _SEARCH_FLAGS if inner else flags)
        except (OSError, ValueError) as error:
            fail(error, path)
        for position, part in enumerate(inner):
            wanted = flags if position == len(inner) - 1 else _SEARCH_FLAGS
            try:
                following = os.open(part, wanted | NO_FOLLOW, dir_fd=descriptor)
            except (OSError, ValueError) as error:
                if _is_link(part, descriptor):
                    raise NotPermitted(f"{path}: a link where users can write is not followed") from None
                fail(error, path)
            finally:
                os.close(descriptor)
            descriptor = following
        return descriptor


def _is_link(name: str, folder: int) -> bool:
    try:
        return stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except (OSError, ValueError):
        return False
