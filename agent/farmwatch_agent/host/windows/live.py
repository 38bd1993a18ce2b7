r"""`WindowsHost`: this machine.

Files are opened for reading with every share mode, as `open` does on Windows, so that nobody is kept from anything.
Links: a path in a folder where users write (everything but `system_trees`) must not lead anywhere else, because the
reader runs as SYSTEM: the final path of the open file is compared with the one that was asked for.
"""

import os
import sys
import time
from collections.abc import Collection

from ..files import READ_FLAGS, fail, hash_descriptor, names_in, read_descriptor, status_of
from ..process_list import argument_flags
from ..protocol import FileStatus, HostError, NotPermitted, NotSupported, RowType
from ..row import live_rows
from .library import library
from .registry import RegistryKey

#: Counts up with each start of Windows.
_BOOT = r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Memory Management\PrefetchParameters"


class WindowsHost:
    """This machine, read with the agent's own rights. Every verb raises only HostError's children."""

    platform = "windows"
    origin = "live"
    running = True

    def read(self, path: str, limit: int = 1 << 20) -> bytes:
        return read_descriptor(self._open(path), path, limit)

    def text(self, path: str, limit: int = 1 << 20) -> str:
        return self.read(path, limit).decode("utf-8", "replace").rstrip()

    def read_each(self, folder: str, file: str, limit: int = 1 << 16) -> dict[str, bytes | HostError]:
        raise NotSupported(f"{folder}/*/{file}: Windows has no /proc")

    def link_each(self, folder: str, file: str) -> dict[str, str | HostError]:
        raise NotSupported(f"{folder}/*/{file}: Windows has no /proc")

    def argument_flags(self, processes: Collection[str] = ()) -> dict[str, tuple[str, ...] | HostError]:
        return argument_flags(processes)

    def descriptors(self, processes: Collection[str] = ()) -> dict[str, tuple[str, ...] | HostError]:
        raise NotSupported("open handles of processes are not listed on Windows")

    def rows(self, kind: type[RowType], of: str = "") -> list[RowType]:
        return live_rows(kind, of, self.platform)

    def command(self, name: str, of: str = "") -> bytes:
        raise NotSupported(f"{name}: no command is run on Windows")

    def boot_id(self) -> str:
        number = RegistryKey.live(_BOOT)[0].number("BootId")
        if number is None:
            raise NotSupported("this Windows does not count its starts")
        return f"windows-boot-{number}"

    def names(self, path: str) -> list[str]:
        self._check(path)
        return names_in(path, path)

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
        if sys.platform != "win32":
            raise NotSupported("this is no Windows")
        import ctypes  # noqa: PLC0415

        ask = library("kernel32").GetTickCount64
        ask.restype = ctypes.c_uint64
        return float(ask()) / 1000

    def euid(self) -> int:
        """Returns 0 for SYSTEM and elevated administrators, 1000 for everybody else."""
        return 0 if library("shell32").IsUserAnAdmin() else 1000

    def _open(self, path: str) -> int:
        self._check(path)
        try:
            return os.open(path, READ_FLAGS)
        except (OSError, ValueError) as error:
            fail(error, path)

    def _check(self, path: str) -> None:
        """Raises NotPermitted where a link or junction stands between the path as written and the file."""
        try:
            real = os.path.realpath(path, strict=True)
        except (OSError, ValueError) as error:
            fail(error, path)
        if os.path.normcase(real) != os.path.normcase(os.path.abspath(path)):
            raise NotPermitted(f"{path}: a link or junction is not followed")
