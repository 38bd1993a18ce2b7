"""`ReplayingHost`: answers from a capture, on any operating system, without touching the machine it runs on."""

from collections.abc import Collection

import msgspec

from .capture import Answer, Capture, asked
from .protocol import FileStatus, HostError, Missing, RowType, SourceBroken

#: 1970 to the end of 9999: a capture comes from anybody, and no other time has a date.
_FIRST_SECOND, _LAST_SECOND = 0.0, 253_402_000_000.0


class ReplayingHost:
    """A capture taken for a machine.

    What the capture does not hold is Missing when it holds the names of a folder above and the path is not
    among them; otherwise SourceBroken, because nobody looked: a probe that reads more than it did when the capture
    was made must not turn that into "nothing there".
    """

    origin = "replay"

    def __init__(self, capture: Capture) -> None:
        self.platform = capture.platform
        self.running = capture.running
        self._capture = capture

    def read(self, path: str, limit: int = 1 << 20) -> bytes:
        answer = self._answer("read", path)
        data = answer.content()
        if answer.limit and limit > answer.limit:
            raise SourceBroken(f"{path}: the capture holds its first {answer.limit} bytes only")
        return data[:limit]

    def text(self, path: str, limit: int = 1 << 20) -> str:
        return self.read(path, limit).decode("utf-8", "replace").rstrip()

    def read_each(self, folder: str, file: str, limit: int = 1 << 16) -> dict[str, bytes | HostError]:
        found: dict[str, bytes | HostError] = {}
        for name in self._listed("read_each", f"{folder}/*/{file}"):
            try:
                found[name] = self.read(f"{folder}/{name}/{file}", limit)
            except HostError as error:
                found[name] = error
        return found

    def link_each(self, folder: str, file: str) -> dict[str, str | HostError]:
        found: dict[str, str | HostError] = {}
        for name in self._listed("link_each", f"{folder}/*/{file}"):
            try:
                found[name] = self.link(f"{folder}/{name}/{file}")
            except HostError as error:
                found[name] = error
        return found

    def argument_flags(self, processes: Collection[str] = ()) -> dict[str, tuple[str, ...] | HostError]:
        return _words(self._capture.argument_flags, processes)

    def descriptors(self, processes: Collection[str] = ()) -> dict[str, tuple[str, ...] | HostError]:
        return _words(self._capture.descriptors, processes)

    def rows(self, kind: type[RowType], of: str = "") -> list[RowType]:
        answer = self._asked("rows", asked(kind.table, of))
        if answer.rows is None:
            raise answer.problem()
        try:
            return [msgspec.json.decode(row, type=kind) for row in answer.rows]
        except msgspec.MsgspecError as error:
            raise SourceBroken(f"{asked(kind.table, of)}: the capture's answer makes no sense: {error}") from None

    def command(self, name: str, of: str = "") -> bytes:
        return self._asked("command", asked(name, of)).content()

    def boot_id(self) -> str:
        if not self._capture.boot:
            return self.text("/proc/sys/kernel/random/boot_id")  # captures made before version 0.2
        return self._capture.boot

    def names(self, path: str) -> list[str]:
        return self._listed("names", path)

    def link(self, path: str) -> str:
        answer = self._answer("link", path)
        if answer.target is None:
            raise answer.problem()
        return answer.target

    def resolve(self, path: str) -> str:
        answer = self._answer("resolve", path)
        if answer.target is None:
            raise answer.problem()
        return answer.target

    def status(self, path: str) -> FileStatus:
        answer = self._answer("status", path)
        if answer.status is None:
            raise answer.problem()
        return answer.status

    def sha256(self, path: str, limit: int = 1 << 28) -> str:
        answer = self._answer("sha256", path)
        if answer.sha256 is None:
            raise answer.problem()
        return answer.sha256

    def now(self) -> float:
        return min(max(self._capture.now, _FIRST_SECOND), _LAST_SECOND)

    def uptime(self) -> float:
        return self._capture.uptime

    def euid(self) -> int:
        return self._capture.euid

    def _asked(self, verb: str, key: str) -> Answer:
        answers: dict[str, Answer] = getattr(self._capture, verb)
        answer = answers.get(key)
        if answer is None:
            raise SourceBroken(f"{key}: is not in the capture, because nothing asked it then; make a new capture")
        return answer

    def _listed(self, verb: str, path: str) -> list[str]:
        answer = self._answer(verb, path)
        if answer.names is None:
            raise answer.problem()
        return list(answer.names)

    def _answer(self, verb: str, path: str) -> Answer:
        answers: dict[str, Answer] = getattr(self._capture, verb)
        answer = answers.get(path)
        if answer is not None:
            return answer
        separator = "\\" if self.platform == "windows" else "/"
        above, _, name = path.rpartition(separator)
        while above:
            listed = self._capture.names.get(above)
            gone = listed is not None and (
                name not in listed.names if listed.names is not None else listed.error == "missing"
            )
            if gone:
                raise Missing(f"{path}: was not there when the capture was made")
            above, _, name = above.rpartition(separator)
        raise SourceBroken(f"{path}: is not in the capture, because nothing read it then; make a new capture")


def _words(answers: dict[str, Answer], wanted: Collection[str]) -> dict[str, tuple[str, ...] | HostError]:
    whole = answers.get("")
    if whole is not None:
        raise whole.problem()
    return {
        name: answer.problem() if answer.names is None else tuple(answer.names)
        for name, answer in answers.items()
        if not wanted or name in wanted
    }
