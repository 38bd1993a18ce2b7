"""`RootHost`: a file tree taken for `/`, on any operating system. docs/root-tree.md says what such a tree holds.

Links are followed inside the tree only: an absolute one starts at the tree's top, and `..` ends there. What
the process itself may not read is NotPermitted; with an `euid` other than 0 a file or folder that its
mode does not open to everybody is NotPermitted too, because whose files they were is lost in a copy.
"""

import os
import stat
from collections.abc import Collection, Iterator

from .argument_flags import flags_of
from .files import NO_FOLLOW, READ_FLAGS, error_of, fail, hash_descriptor, names_in, read_descriptor, status_of
from .process_facts import ARGUMENT_LIMIT, TOLD
from .protocol import FileStatus, HostError, Missing, NotPermitted, NotSupported, RowType, SourceBroken

MAX_LINKS = 40


class RootHost:
    """A file tree in folder `root`, read as if it were `/` of a machine.

    platform  whose paths and probes apply; the tree itself may lie on any system
    euid      as whom to look; 0 unless told otherwise
    now       wall clock to pretend; when None: boot time (`btime` in proc/stat) plus proc/uptime, and without
              these the newest change among the tree's own folder and what lies directly in it
    """

    origin = "root"
    running = False

    def __init__(self, root: str, platform: str = "linux", *, euid: int = 0, now: float | None = None) -> None:
        self.platform = platform
        self._root = os.path.realpath(root)
        self._euid = euid
        self._now = now
        if not os.path.isdir(self._root):
            raise Missing(f"{root}: is not a folder; give the folder that holds proc/ and sys/")

    def read(self, path: str, limit: int = 1 << 20) -> bytes:
        return read_descriptor(self._open(path), path, limit)

    def text(self, path: str, limit: int = 1 << 20) -> str:
        return self.read(path, limit).decode("utf-8", "replace").rstrip()

    def read_each(self, folder: str, file: str, limit: int = 1 << 16) -> dict[str, bytes | HostError]:
        found: dict[str, bytes | HostError] = {}
        for name, path in self._numbered(folder, file):
            try:
                found[name] = self.read(path, limit)
            except Missing:
                continue
            except HostError as error:
                found[name] = error
        return found

    def link_each(self, folder: str, file: str) -> dict[str, str | HostError]:
        found: dict[str, str | HostError] = {}
        for name, path in self._numbered(folder, file):
            try:
                found[name] = self.link(path)
            except Missing:
                continue
            except HostError as error:
                found[name] = error
        return found

    def argument_flags(self, processes: Collection[str] = ()) -> dict[str, tuple[str, ...] | HostError]:
        lines = self.read_each("/proc", "cmdline", ARGUMENT_LIMIT)
        flags: dict[str, tuple[str, ...] | HostError] = {}
        for name, line in lines.items():
            if isinstance(line, HostError):
                flags[name] = line
                continue
            try:
                flags[name] = flags_of(line, self.link(f"/proc/{name}/exe"))
            except HostError:
                flags[name] = flags_of(line)
        return {name: value for name, value in flags.items() if value and (not processes or name in processes)}

    def descriptors(self, processes: Collection[str] = ()) -> dict[str, tuple[str, ...] | HostError]:
        found: dict[str, tuple[str, ...] | HostError] = {}
        for name, folder in self._numbered("/proc", "fd"):
            if processes and name not in processes:
                continue
            try:
                targets = {self.link(f"{folder}/{number}") for number in self.names(folder)}
            except Missing:
                continue
            except HostError as error:
                found[name] = error
            else:
                found[name] = tuple(sorted(target for target in targets if target.startswith(TOLD)))
        return found

    def rows(self, kind: type[RowType], of: str = "") -> list[RowType]:
        raise NotSupported(f"{kind.table}: a file tree answers nothing but files; use a capture")

    def command(self, name: str, of: str = "") -> bytes:
        raise NotSupported(f"{name}: a file tree runs nothing; use a capture")

    def boot_id(self) -> str:
        return self.text("/proc/sys/kernel/random/boot_id")

    def names(self, path: str) -> list[str]:
        real, _ = self._locate(path)
        self._check(real, path)
        return names_in(real, path)

    def link(self, path: str) -> str:
        real, _ = self._locate(path, last=False)
        try:
            return os.readlink(real)
        except (OSError, ValueError) as error:
            fail(error, path)

    def resolve(self, path: str) -> str:
        real, inside = self._locate(path)
        if not os.path.lexists(real):
            raise Missing(f"{path}: is not there")
        return inside

    def status(self, path: str) -> FileStatus:
        real, _ = self._locate(path)
        try:
            return status_of(os.stat(real, follow_symlinks=False))
        except (OSError, ValueError) as error:
            fail(error, path)

    def sha256(self, path: str, limit: int = 1 << 28) -> str:
        return hash_descriptor(self._open(path), path, limit)

    def now(self) -> float:
        if self._now is not None:
            return self._now
        try:
            booted = next(line for line in self.text("/proc/stat").splitlines() if line.startswith("btime "))
            return float(booted.split()[1]) + self.uptime()
        except (HostError, StopIteration, ValueError, IndexError):
            here = [self._root, *(os.path.join(self._root, name) for name in names_in(self._root, "/"))]
            return max(os.lstat(path).st_mtime for path in here)

    def uptime(self) -> float:
        """Returns the first number of proc/uptime, 0.0 when the tree does not hold it."""
        try:
            return float(self.text("/proc/uptime").split()[0])
        except (Missing, ValueError, IndexError):
            return 0.0

    def euid(self) -> int:
        return self._euid

    def _numbered(self, folder: str, file: str) -> Iterator[tuple[str, str]]:
        return ((name, f"{folder}/{name}/{file}") for name in self.names(folder) if name.isdigit())

    def _open(self, path: str) -> int:
        real, _ = self._locate(path)
        self._check(real, path)
        try:
            return os.open(real, READ_FLAGS | NO_FOLLOW)
        except (OSError, ValueError) as error:
            fail(error, path)

    def _check(self, real: str, path: str) -> None:
        if self._euid == 0:
            return
        try:
            mode = os.lstat(real).st_mode
        except (OSError, ValueError) as error:
            fail(error, path)
        if not mode & stat.S_IROTH:
            raise NotPermitted(f"{path}: is not readable by everybody")

    def _locate(self, path: str, *, last: bool = True) -> tuple[str, str]:
        """Returns where `path` lies on disk and in the tree, links followed; the last one only if `last`."""
        if not path.startswith("/"):
            raise Missing(f"{path}: is not an absolute path")
        waiting = path.split("/")[::-1]
        inside: list[str] = []
        links = 0
        while waiting:
            part = waiting.pop()
            if part in ("", "."):
                continue
            if part == "..":
                del inside[-1:]
                continue
            if os.sep != "/" and ("\\" in part or ":" in part):
                raise NotSupported(f"{path}: this system cannot hold the name {part}; use a capture")
            real = os.path.join(self._root, *inside, part)
            target = _target(real, path) if waiting or last else None
            if target is None:
                inside.append(part)
                continue
            links += 1
            if links > MAX_LINKS:
                raise SourceBroken(f"{path}: goes through more than {MAX_LINKS} links")
            if target.startswith("/"):
                inside = []
            waiting.extend(target.split("/")[::-1])
        return os.path.join(self._root, *inside), "/" + "/".join(inside)


def _target(real: str, path: str) -> str | None:
    """Returns where a link points to, None for what is no link or not there."""
    try:
        return os.readlink(real) if stat.S_ISLNK(os.lstat(real).st_mode) else None
    except (OSError, ValueError) as error:
        problem = error_of(error, path)
        if isinstance(problem, Missing):
            return None
        raise problem from None
