"""`LinuxHost`: this machine.

Where only root can make a link (`/proc`, `/sys`, `/etc` ...) paths are opened as they are. Everywhere
else, in homes and temporary folders above all, every component below the first is opened without
following links, because the reader runs as root and a user could swap a link between two looks.
"""

import os
import stat
import sys
import time
from collections.abc import Collection

from ..files import (
    NO_FOLLOW,
    READ_FLAGS,
    error_of,
    fail,
    hash_descriptor,
    names_in,
    read_descriptor,
    status_of,
)
from ..process_facts import argument_flags, descriptors
from ..protocol import FileStatus, HostError, Missing, NotPermitted, NotSupported, SourceBroken

#: Trees whose links only root can make (Filesystem Hierarchy Standard 3.0).
SYSTEM_TREES: tuple[str, ...] = (
    *("/proc/", "/sys/", "/etc/", "/usr/", "/lib/", "/lib64/", "/bin/", "/sbin/", "/boot/", "/opt/", "/snap/"),
    *("/var/lib/", "/var/log/", "/var/run/", "/run/"),
)
#: Inside these, all the same, users write.
USER_TREES = ("/run/user/", "/var/run/user/")

#: Nobody outside host/ reads these of a process; the kernel's own arguments are nobody's secret.
SECRET_FILES = ("/cmdline", "/environ")
KERNEL_ARGUMENTS = "/proc/cmdline"

_FOLDER_FLAGS = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_DIRECTORY", 0)


def is_user_tree(path: str) -> bool:
    """Whether users can make links somewhere on the way to `path`."""
    return not path.startswith(SYSTEM_TREES) or path.startswith(USER_TREES)


class LinuxHost:
    """This machine, read with the agent's own rights. Every verb raises only HostError's children."""

    platform = "linux"
    origin = "live"
    running = True

    def read(self, path: str, limit: int = 1 << 20) -> bytes:
        return read_descriptor(self._open(path), path, limit)

    def text(self, path: str, limit: int = 1 << 20) -> str:
        return read_descriptor(self._open(path), path, limit).decode("utf-8", "replace").rstrip()

    def read_each(self, folder: str, file: str, limit: int = 1 << 16) -> dict[str, bytes | HostError]:
        if f"/{file}".endswith(SECRET_FILES):
            raise NotPermitted(f"{folder}/*/{file}: arguments and environments stay here; ask for argument_flags")
        found: dict[str, bytes | HostError] = {}
        for name in self._numbers(folder):
            path = f"{folder}/{name}/{file}"
            try:
                found[name] = read_descriptor(os.open(path, READ_FLAGS), path, limit)
            except Missing:
                continue
            except HostError as error:
                found[name] = error
            except OSError as error:
                problem = error_of(error, path)
                if not isinstance(problem, Missing):
                    found[name] = problem
        return found

    def link_each(self, folder: str, file: str) -> dict[str, str | HostError]:
        found: dict[str, str | HostError] = {}
        for name in self._numbers(folder):
            path = f"{folder}/{name}/{file}"
            try:
                found[name] = os.readlink(path)
            except OSError as error:
                problem = error_of(error, path)
                if not isinstance(problem, Missing):
                    found[name] = problem
        return found

    def argument_flags(self, processes: Collection[str] = ()) -> dict[str, tuple[str, ...] | HostError]:
        return argument_flags("/proc", processes)

    def descriptors(self, processes: Collection[str] = ()) -> dict[str, tuple[str, ...] | HostError]:
        return descriptors("/proc", processes)

    def names(self, path: str) -> list[str]:
        if not is_user_tree(path):
            return names_in(path, path)
        descriptor = self._open_carefully(path, _FOLDER_FLAGS)
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
            return status_of(os.stat(path))
        except (OSError, ValueError) as error:
            fail(error, path)

    def sha256(self, path: str, limit: int = 1 << 28) -> str:
        return hash_descriptor(self._open(path), path, limit)

    def now(self) -> float:
        return time.time()

    def uptime(self) -> float:
        if sys.platform != "linux":
            raise NotSupported("time since boot is read on Linux only")
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def euid(self) -> int:
        if sys.platform == "win32":
            raise NotSupported("there are no user ids on Windows")
        return os.geteuid()

    def _numbers(self, folder: str) -> list[str]:
        try:
            return [name for name in os.listdir(folder) if name.isdigit()]
        except (OSError, ValueError) as error:
            fail(error, folder)

    def _open(self, path: str) -> int:
        if path.endswith(SECRET_FILES) and path.startswith("/proc/") and path != KERNEL_ARGUMENTS:
            raise NotPermitted(f"{path}: arguments and environments stay here; ask for argument_flags")
        if is_user_tree(path):
            descriptor = self._open_carefully(path, READ_FLAGS)
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                os.close(descriptor)
                raise SourceBroken(f"{path}: is not a plain file")
            return descriptor
        try:
            return os.open(path, READ_FLAGS)
        except (OSError, ValueError) as error:
            fail(error, path)

    def _open_carefully(self, path: str, flags: int) -> int:
        """Returns a descriptor reached without following a link below the first component."""
        first, *inner = [part for part in path.split("/") if part and part != "."] or [""]
        try:
            descriptor = os.open(f"/{first}", _FOLDER_FLAGS if inner else flags)
        except (OSError, ValueError) as error:
            fail(error, path)
        for position, part in enumerate(inner):
            wanted = flags if position == len(inner) - 1 else _FOLDER_FLAGS
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
