"""Writes the agent's own files whole or not at all."""

import contextlib
import errno
import os
import stat
import sys
from collections.abc import Iterable, Iterator


def write_whole(path: str, data: bytes, mode: int = 0o600, *, durable: bool = True,
                owner: tuple[int, int] | None = None) -> None:  # fmt: skip
    """Writes `data` beside `path` and renames it into place; raises OSError with nothing changed.

    durable  it lasts through a power cut; a hint that can be lost need not wait for the disk
    owner    user and group id that the file is given to; only root may
    """
    beside = f"{path}.new"
    # Always a file of our own making: never one that was left, linked or planted under the name.
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    try:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(beside)
        descriptor = os.open(beside, flags, mode)
        try:
            if hasattr(os, "fchmod"):
                os.fchmod(descriptor, mode)
            if owner is not None and sys.platform != "win32":
                os.fchown(descriptor, *owner)
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view) :]
            if durable:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(beside, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise
    if durable:
        _sync_folder(os.path.dirname(path) or ".")


@contextlib.contextmanager
def locked(path: str) -> Iterator[bool]:
    """Yields whether this process alone holds the lock of a file, which ends with the process; raises OSError."""
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    descriptor = os.open(path, flags, 0o600)
    try:
        yield _lock(descriptor)
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl  # noqa: PLC0415

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK):
            return False
        raise
    return True


def _sync_folder(folder: str) -> None:
    """Makes a rename last through a power cut, where the system lets a folder be opened."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError:
        pass
    finally:
        os.close(descriptor)


def read_foreign(folder: str, name: str, limit: int) -> bytes:
    """Returns a file out of a folder that another account may write, for a reader who must not be led elsewhere.

    Only a plain file that belongs to the folder's owner, has one name and at most `limit` bytes is read: a link to
    root's own files, a pipe, a device and a file that grows without end are not. Raises OSError that says which.
    """
    if sys.platform == "win32":
        with open(os.path.join(folder, name), "rb") as file:
            return _bounded([file.read(limit + 1)], limit, name)
    there = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        owner = os.fstat(there).st_uid
        # Not waited for: a pipe nobody writes to and a lease (fcntl(2), F_SETLEASE) would hold the reader up.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(name, flags, dir_fd=there)
    finally:
        os.close(there)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(f"{name} is no plain file")
        if status.st_uid != owner or status.st_nlink > 1:
            raise OSError(f"{name} is another's file, or has a second name")
        return _bounded(iter(lambda: os.read(descriptor, 1 << 16), b""), limit, name)
    finally:
        os.close(descriptor)


def _bounded(parts: Iterable[bytes], limit: int, name: str) -> bytes:
    data = bytearray()
    for part in parts:
        data += part
        if len(data) > limit:
            raise OSError(f"{name} has more than {limit} bytes")
    return bytes(data)
