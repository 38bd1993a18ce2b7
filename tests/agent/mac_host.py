"""A Mac in a test: what its commands print, its files and its grants."""

import plistlib
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from farmwatch_agent.host import FileStatus, HostError, Missing
from farmwatch_agent.host.row import Row

T = TypeVar("T")


def registry(*entries: Mapping[str, Any]) -> bytes:
    """Returns entries as `ioreg -a -r` prints them; nothing when there is none."""
    return plistlib.dumps(list(entries)) if entries else b""


def profile(kind: str, *items: Mapping[str, Any]) -> bytes:
    """Returns items as `system_profiler -json` prints them."""
    return msgspec.json.encode({kind: items})


class MacFake:
    """Answers from dictionaries; a command that is not there prints nothing, all else is missing."""

    platform = "macos"
    origin = "live"
    running = True

    def __init__(
        self,
        commands: Mapping[str, bytes | HostError] | None = None,
        files: Mapping[str, bytes | HostError] | None = None,
        folders: Mapping[str, list[str] | HostError] | None = None,
        rows: Mapping[str, list[Row] | HostError] | None = None,
        links: Mapping[str, str] | None = None,
    ) -> None:
        self.commands, self.files, self.folders = commands or {}, files or {}, folders or {}
        self.answers, self.links = rows or {}, links or {}
        self.asked: list[str] = []
        self.up = 3600.0

    def command(self, name: str, of: str = "") -> bytes:
        self.asked.append(name)
        return _of(self.commands.get(name, b""))

    def read(self, path: str, limit: int = 1 << 20) -> bytes:
        return _of(self.files.get(path, Missing(path)))[:limit]

    def names(self, path: str) -> list[str]:
        return _of(self.folders.get(path, Missing(path)))

    def link(self, path: str) -> str:
        return _of(self.links.get(path, Missing(path)))

    def rows(self, kind: type[Row], of: str = "") -> list[Any]:
        found: Any = self.answers.get(of, Missing(of))
        return list(_of(found))

    def status(self, path: str) -> FileStatus:
        raise Missing(path)

    def now(self) -> float:
        return 1_795_341_600.0

    def uptime(self) -> float:
        return self.up


def _of(answer: T | HostError) -> T:
    if isinstance(answer, HostError):
        raise answer
    return answer


class ReplayedMac(MacFake):
    """A Mac that knows statuses, flags and digests, too; commands by "name of", rows by table and question."""

    origin = "replay"

    def __init__(
        self,
        *,
        statuses: Mapping[str, FileStatus] | None = None,
        flags: Mapping[str, tuple[str, ...] | HostError] | HostError | None = None,
        uid: int = 501,
        tables: Mapping[str, list[Row] | HostError] | None = None,
        **others: Any,
    ) -> None:
        super().__init__(**others)
        self.statuses, self.flags, self.tables = statuses or {}, flags or {}, tables or {}
        self.hashed: list[str] = []
        self.uid = uid

    def euid(self) -> int:
        return self.uid

    def command(self, name: str, of: str = "") -> bytes:
        self.asked.append(f"{name} {of}".strip())
        return _of(self.commands.get(f"{name} {of}".strip(), Missing(name)))

    def text(self, path: str, limit: int = 1 << 20) -> str:
        return self.read(path, limit).decode("utf-8", "replace").rstrip()

    def rows(self, kind: type[Row], of: str = "") -> list[Any]:
        question = f"{kind.table} {of}".strip()
        self.asked.append(question)
        return _of(self.tables.get(question, Missing(question)))

    def status(self, path: str) -> FileStatus:
        return _of(self.statuses.get(path, Missing(path)))

    def sha256(self, path: str, limit: int = 1 << 28) -> str:
        self.hashed.append(path)
        return "ab" * 32

    def argument_flags(self, processes: Any = ()) -> dict[str, Any]:
        return dict(_of(self.flags))


def file_status(mode: int = 0o100755, uid: int = 0, gid: int = 0, size: int = 1000) -> FileStatus:
    return FileStatus(mode=mode, uid=uid, gid=gid, size=size, mtime=1.0, inode=7, device=1)
