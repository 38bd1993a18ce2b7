r"""`WindowsHost`: this machine.

Files are opened for reading with every share mode, as `open` does on Windows, so that nobody is kept from anything.
The reader runs as SYSTEM and users say where some files lie (their part of the registry, programs that they start), so
no path may lead elsewhere than it says: the way to it is looked at before the file is opened, and the final path of the
open file afterwards, because a user could swap a junction in between. Paths of other machines are not opened at all:
Windows would log in there as this laptop.
"""

import os
import re
import sys
import time
from collections.abc import Collection

from ..files import READ_FLAGS, fail, hash_descriptor, names_in, read_descriptor, status_of
from ..process_list import argument_flags
from ..protocol import FileStatus, HostError, NotPermitted, NotSupported, RowType
from ..row import live_rows
from .library import error_of, last_error, library
from .registry import RegistryKey

#: A drive's letter, also behind the mark that the rest is to be taken as it is.
_LOCAL = re.compile(r"(?:\\\\\?\\)?[A-Za-z]:[\\/]")
#: UNICODE_STRING holds no longer one ("Maximum Path Length Limitation", learn.microsoft.com).
_MAX_PATH = 1 << 15
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
        found = names_in(path, path)
        self._check(path)
        return found

    def link(self, path: str) -> str:
        refuse_remote(path)
        try:
            return os.readlink(path)
        except (OSError, ValueError) as error:
            fail(error, path)

    def resolve(self, path: str) -> str:
        refuse_remote(path)
        try:
            return os.path.realpath(path, strict=True)
        except (OSError, ValueError) as error:
            fail(error, path)

    def status(self, path: str) -> FileStatus:
        self._check(path)
        try:
            return status_of(os.stat(path, follow_symlinks=False))
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
            descriptor = os.open(path, READ_FLAGS)
        except (OSError, ValueError) as error:
            fail(error, path)
        try:
            _same(final_path(descriptor), path)
        except HostError:
            os.close(descriptor)
            raise
        return descriptor

    def _check(self, path: str) -> None:
        """Raises NotPermitted where a link or junction stands between the path as written and the file."""
        refuse_remote(path)
        try:
            real = os.path.realpath(path, strict=True)
        except (OSError, ValueError) as error:
            fail(error, path)
        _same(real, path)


def refuse_remote(path: str) -> None:
    r"""Raises NotPermitted for what is not on a drive of this laptop: \\SERVER\SHARE, \\.\pipe, a relative path."""
    if not _LOCAL.match(path):
        raise NotPermitted(f"{path}: is not on a drive of this laptop")


def final_path(descriptor: int) -> str:
    """Returns where an open file lies, every link followed (GetFinalPathNameByHandleW); raises HostError's children."""
    if sys.platform != "win32":
        raise NotSupported("this is no Windows")
    import ctypes  # noqa: PLC0415
    import msvcrt  # noqa: PLC0415

    ask = library("kernel32").GetFinalPathNameByHandleW
    ask.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint32)
    ask.restype = ctypes.c_uint32
    buffer = (ctypes.c_uint16 * _MAX_PATH)()
    size = ask(msvcrt.get_osfhandle(descriptor), ctypes.addressof(buffer), _MAX_PATH, 0)
    if not 0 < size < _MAX_PATH:
        raise error_of(last_error(), "where an open file lies")
    return bytes(buffer)[: 2 * size].decode("utf-16-le", "surrogatepass")


def long_name(path: str) -> str:
    r"""Returns a path with its short names (C:\PROGRA~1) written out, no link followed (GetLongPathNameW); itself where
    that cannot be told.
    """
    if sys.platform != "win32":
        return path
    import ctypes  # noqa: PLC0415

    ask = library("kernel32").GetLongPathNameW
    ask.argtypes = (ctypes.c_wchar_p, ctypes.c_void_p, ctypes.c_uint32)
    ask.restype = ctypes.c_uint32
    buffer = (ctypes.c_uint16 * _MAX_PATH)()
    size = ask(path, ctypes.addressof(buffer), _MAX_PATH)
    return bytes(buffer)[: 2 * size].decode("utf-16-le", "surrogatepass") if 0 < size < _MAX_PATH else path


def _same(real: str, path: str) -> None:
    if _plain(real) != _plain(path) and ("~" not in path or _plain(real) != _plain(long_name(path))):
        raise NotPermitted(f"{path}: a link or junction is not followed")


def _plain(path: str) -> str:
    return os.path.normcase(os.path.abspath(path.removeprefix("\\\\?\\")))
