"""A Windows laptop of dictionaries: what each registry key, interface, folder and file answers."""

from typing import Any

import msgspec

from farmwatch_agent.host import FileStatus, HostError, Missing
from farmwatch_agent.host.windows.registry import RegistryBranch, RegistryKey


class WindowsFake:
    """Answers from what it was given; everything else is missing.

    rows   by "table" or "table question", with the lines or the error; `keys` and `branches` by the path alone
    """

    platform = "windows"
    origin = "replay"
    running = True

    def __init__(
        self,
        rows: dict[str, Any] | None = None,
        keys: dict[str, Any] | None = None,
        branches: dict[str, Any] | None = None,
        names: dict[str, Any] | None = None,
        files: dict[str, Any] | None = None,
        flags: dict[str, Any] | None = None,
        status: dict[str, FileStatus] | None = None,
        now: float = 1_795_348_800.0,  # 2026-11-22 12:00 UTC
    ) -> None:
        self.asked: list[str] = []
        self._rows = dict(rows or {})
        self._names, self._files, self._flags, self._status = names or {}, files or {}, flags or {}, status or {}
        self._now = now
        for path, key in (keys or {}).items():
            self._rows[f"{RegistryKey.table} {path}"] = key if isinstance(key, HostError) else [_key(path, key)]
        for path, found in (branches or {}).items():
            lines = found if isinstance(found, HostError) else [_branch(path, name, it) for name, it in found.items()]
            self._rows[f"{RegistryBranch.table} {path}"] = lines

    def rows(self, kind: type[Any], of: str = "") -> list[Any]:
        question = f"{kind.table} {of}".strip()
        self.asked.append(question)
        found = self._given(self._rows, question)
        return [msgspec.convert(msgspec.to_builtins(row), kind) for row in found]

    def read(self, path: str, limit: int = 1 << 20) -> bytes:
        data: bytes = self._given(self._files, path)
        return data[:limit]

    def text(self, path: str, limit: int = 1 << 20) -> str:
        return self.read(path, limit).decode("utf-8", "replace").rstrip()

    def names(self, path: str) -> list[str]:
        return sorted(self._given(self._names, path))

    def status(self, path: str) -> FileStatus:
        found: FileStatus = self._given(self._status, path)
        return found

    def sha256(self, path: str, limit: int = 1 << 28) -> str:
        raise Missing(path)

    def argument_flags(self, processes: Any = ()) -> dict[str, Any]:
        return self._flags

    def now(self) -> float:
        return self._now

    def uptime(self) -> float:
        return 3600.0

    def euid(self) -> int:
        return 0

    def boot_id(self) -> str:
        return "windows-boot-1"

    def _given(self, answers: dict[str, Any], question: str) -> Any:
        found = answers.get(question, Missing(f"{question}: is not there"))
        if isinstance(found, HostError):
            raise found
        return found


def _fields(values: dict[str, Any]) -> dict[str, Any]:
    """Sorts values into a key's fields by their type; `keys`, `written` and `problem` are fields themselves."""
    fields: dict[str, Any] = {"texts": {}, "numbers": {}, "words": {}, "data": {}}
    for name, value in values.items():
        if name in ("keys", "written", "problem"):
            fields[name] = value
        elif isinstance(value, str):
            fields["texts"][name] = value
        elif isinstance(value, int):
            fields["numbers"][name] = value
        else:
            fields["data" if isinstance(value, bytes) else "words"][name] = value
    return fields


def _key(path: str, values: dict[str, Any]) -> RegistryKey:
    return RegistryKey(path=path, **_fields(values))


def _branch(path: str, name: str, values: dict[str, Any]) -> RegistryBranch:
    return RegistryBranch(path=f"{path}\\{name}", **_fields(values))
