"""How files are read, shared by the live Linux host and the root form: descriptors, limits, errno to HostError.

Plain `os.open` and `os.read`: a report reads thousands of files of a few bytes, and objects around each
of them cost more than the system calls do. Imports on every platform.
"""

import errno
import hashlib
import os
import stat
from typing import NoReturn

from .protocol import FileStatus, HostError, Missing, NotPermitted, NotSupported, SourceBroken

#: O_NONBLOCK: opening a FIFO or a device must never wait. O_NOCTTY: opening a terminal must not adopt it.
#: Windows, which reads captures and root trees only, has none of these and needs O_BINARY.
READ_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_BINARY", 0)
)
NO_FOLLOW: int = getattr(os, "O_NOFOLLOW", 0)
FOLDER_FLAGS = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_DIRECTORY", 0)

CHUNK = 1 << 14
MAX_NAMES = 1 << 16

_ERRORS: dict[int, type[HostError]] = {
    errno.ENOENT: Missing,
    errno.ESRCH: Missing,
    errno.ENOTDIR: Missing,
    errno.EACCES: NotPermitted,
    errno.EPERM: NotPermitted,
    errno.ENODEV: NotSupported,
    errno.ENXIO: NotSupported,
    errno.EOPNOTSUPP: NotSupported,
}


def error_of(error: OSError | ValueError, path: str) -> HostError:
    """Returns the HostError that an operating system's error means; a path no system can hold is Missing."""
    if not isinstance(error, OSError):
        return Missing(f"{path!r} is not a path")
    kind = _ERRORS.get(error.errno or 0, SourceBroken)
    return kind(f"{path}: {error.strerror or 'cannot be read'}")


def fail(error: OSError | ValueError, path: str) -> NoReturn:
    """Raises the HostError that an operating system's error means."""
    raise error_of(error, path) from None


def read_descriptor(descriptor: int, path: str, limit: int) -> bytes:
    """Returns at most `limit` bytes from an open file and closes it.

    Raises SourceBroken for a FIFO, socket or terminal: a blank from one of them would look like an empty file.
    """
    try:
        first = os.read(descriptor, min(limit, CHUNK))
        if not first:
            _only_plain(os.fstat(descriptor).st_mode, path)
            return b""
        rest = os.read(descriptor, min(limit - len(first), CHUNK)) if len(first) < limit else b""
        if not rest:
            return first
        parts = [first, rest]
        size = len(first) + len(rest)
        while size < limit:
            part = os.read(descriptor, min(limit - size, 1 << 18))
            if not part:
                break
            parts.append(part)
            size += len(part)
        return b"".join(parts)
    except OSError as error:
        if error.errno == errno.EAGAIN:
            raise SourceBroken(f"{path}: nothing to read without waiting; it is not a plain file") from None
        fail(error, path)
    finally:
        os.close(descriptor)


def _only_plain(mode: int, path: str) -> None:
    if stat.S_ISREG(mode):
        return
    raise SourceBroken(f"{path}: is not a plain file")


def hash_descriptor(descriptor: int, path: str, limit: int) -> str:
    """Returns the SHA-256 of an open plain file as hex and closes it; larger than `limit` is NotSupported."""
    try:
        status = os.fstat(descriptor)
        _only_plain(status.st_mode, path)
        if status.st_size > limit:
            raise NotSupported(f"{path}: {status.st_size} bytes are more than {limit}, it is not hashed")
        digest = hashlib.sha256()
        size = 0
        while part := os.read(descriptor, 1 << 17):
            size += len(part)
            if size > limit:
                raise NotSupported(f"{path}: grew beyond {limit} bytes while it was hashed")
            digest.update(part)
        return digest.hexdigest()
    except OSError as error:
        fail(error, path)
    finally:
        os.close(descriptor)


def names_in(folder: str | int, path: str) -> list[str]:
    """Returns the sorted names in a folder, given by path or descriptor; over 65,536 names are SourceBroken."""
    try:
        with os.scandir(folder) as entries:
            names: list[str] = []
            for entry in entries:
                names.append(entry.name)
                if len(names) > MAX_NAMES:
                    raise SourceBroken(f"{path}: holds more than {MAX_NAMES} names")
    except (OSError, ValueError) as error:
        fail(error, path)
    names.sort()
    return names


def status_of(result: os.stat_result) -> FileStatus:
    """Returns what `stat` told, as the contract's type."""
    return FileStatus(
        mode=result.st_mode,
        uid=result.st_uid,
        gid=result.st_gid,
        size=result.st_size,
        mtime=result.st_mtime,
        inode=result.st_ino,
        device=result.st_dev,
    )
