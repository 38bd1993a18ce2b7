"""`RecordingHost`: passes every verb on to another host and keeps what came back."""

from collections.abc import Callable, Collection
from typing import TypeVar

import msgspec

from .. import __version__
from .capture import FORMAT, VERSION, Answer, Capture, asked, refused
from .capture_files import printed, told_of
from .protocol import FileStatus, Host, HostError, RowType
from .row import Row

T = TypeVar("T")


class RecordingHost:
    """Another host, with a memory. `capture` returns what was read through it.

    A path read twice keeps its first answer, unless the second one asked for more.
    """

    def __init__(self, inner: Host) -> None:
        self.platform = inner.platform
        self.origin = inner.origin
        self.running = inner.running
        self._inner = inner
        self._kept: dict[str, dict[str, Answer]] = {}
        # Kept as they are until `capture`, because only their types know what in them tells whom.
        self._rows: dict[str, list[Row]] = {}

    def capture(self, *, raw: bool = False) -> Capture:
        """Returns all that was read so far, pseudonymised unless `raw` (see docs/capture.md for what that covers)."""
        capture = Capture(
            format=FORMAT,
            version=VERSION,
            agent=__version__,
            platform=self.platform,
            pseudonymised=False,
            running=self.running,
            now=self._inner.now(),
            uptime=self._inner.uptime(),
            euid=self._inner.euid(),
            boot=self._boot(),
            **self._kept,
        )
        if raw:
            return with_rows(capture, self._rows)
        from .pseudonyms import pseudonymised  # noqa: PLC0415 (a raw capture needs none of it)

        return pseudonymised(capture, rows=self._rows)

    def read(self, path: str, limit: int = 1 << 20) -> bytes:
        try:
            data = self._inner.read(path, limit)
        except HostError as error:
            self._keep("read", path, refused(error))
            raise
        self._keep("read", path, _content(told_of(path, data), limit))
        return data

    def text(self, path: str, limit: int = 1 << 20) -> str:
        return self.read(path, limit).decode("utf-8", "replace").rstrip()

    def read_each(self, folder: str, file: str, limit: int = 1 << 16) -> dict[str, bytes | HostError]:
        found = self._pass("read_each", f"{folder}/*/{file}", lambda: self._inner.read_each(folder, file, limit), _keys)
        for name, value in found.items():
            answer = refused(value) if isinstance(value, HostError) else _content(value, limit)
            self._keep("read", f"{folder}/{name}/{file}", answer)
        return found

    def link_each(self, folder: str, file: str) -> dict[str, str | HostError]:
        found = self._pass("link_each", f"{folder}/*/{file}", lambda: self._inner.link_each(folder, file), _keys)
        for name, value in found.items():
            answer = refused(value) if isinstance(value, HostError) else Answer(target=_plain(value))
            self._keep("link", f"{folder}/{name}/{file}", answer)
        return found

    def argument_flags(self, processes: Collection[str] = ()) -> dict[str, tuple[str, ...] | HostError]:
        return self._words("argument_flags", lambda: self._inner.argument_flags(processes))

    def descriptors(self, processes: Collection[str] = ()) -> dict[str, tuple[str, ...] | HostError]:
        return self._words("descriptors", lambda: self._inner.descriptors(processes))

    def rows(self, kind: type[RowType], of: str = "") -> list[RowType]:
        key = asked(kind.table, of)
        try:
            found = self._inner.rows(kind, of)
        except HostError as error:
            self._keep("rows", key, refused(error))
            raise
        self._rows.setdefault(key, [row.kept() for row in found])
        return found

    def command(self, name: str, of: str = "") -> bytes:
        key = asked(name, of)
        return self._pass(
            "command", key, lambda: self._inner.command(name, of), lambda data: _content(printed(name, data), 1 << 62)
        )

    def boot_id(self) -> str:
        return self._inner.boot_id()

    def names(self, path: str) -> list[str]:
        return self._pass(
            "names", path, lambda: self._inner.names(path), lambda names: Answer(names=[_plain(name) for name in names])
        )

    def link(self, path: str) -> str:
        return self._pass("link", path, lambda: self._inner.link(path), lambda target: Answer(target=_plain(target)))

    def resolve(self, path: str) -> str:
        return self._pass(
            "resolve", path, lambda: self._inner.resolve(path), lambda target: Answer(target=_plain(target))
        )

    def status(self, path: str) -> FileStatus:
        return self._pass("status", path, lambda: self._inner.status(path), lambda status: Answer(status=status))

    def sha256(self, path: str, limit: int = 1 << 28) -> str:
        return self._pass("sha256", path, lambda: self._inner.sha256(path, limit), lambda digest: Answer(sha256=digest))

    def now(self) -> float:
        return self._inner.now()

    def uptime(self) -> float:
        return self._inner.uptime()

    def euid(self) -> int:
        return self._inner.euid()

    def _boot(self) -> str:
        try:
            return self._inner.boot_id()
        except HostError:
            return ""

    def _words(
        self, verb: str, call: Callable[[], dict[str, tuple[str, ...] | HostError]]
    ) -> dict[str, tuple[str, ...] | HostError]:
        try:
            found = call()
        except HostError as error:
            self._keep(verb, "", refused(error))
            raise
        self._kept.setdefault(verb, {})
        for name, value in found.items():
            self._keep(verb, name, refused(value) if isinstance(value, HostError) else Answer(names=list(value)))
        return found

    def _pass(self, verb: str, path: str, call: Callable[[], T], answer: Callable[[T], Answer]) -> T:
        try:
            value = call()
        except HostError as error:
            self._keep(verb, path, refused(error))
            raise
        self._keep(verb, path, answer(value))
        return value

    def _keep(self, verb: str, path: str, answer: Answer) -> None:
        kept = self._kept.setdefault(verb, {})
        path = _plain(path)
        before = kept.get(path)
        if before is None or (before.limit and before.limit < (answer.limit or 1 << 62)):
            kept[path] = answer


def with_rows(capture: Capture, rows: dict[str, list[Row]]) -> Capture:
    """Returns the capture with these rows beside what it holds."""
    answers = {key: Answer(rows=[msgspec.Raw(_packed(row)) for row in found]) for key, found in rows.items()}
    return msgspec.structs.replace(capture, rows={**capture.rows, **answers})


def _packed(row: Row) -> bytes:
    try:
        return msgspec.json.encode(row)
    except UnicodeEncodeError:
        # A name may hold bytes that are no text.
        return msgspec.json.encode(row.rewritten(_plain))


def _keys(found: dict[str, T]) -> Answer:
    return Answer(names=list(found))


def _content(data: bytes, limit: int) -> Answer:
    cut = limit if len(data) >= limit else 0
    try:
        return Answer(text=data.decode(), limit=cut)
    except UnicodeDecodeError:
        return Answer(data=data, limit=cut)


def _plain(text: str) -> str:
    """A file name need not be UTF-8, a capture must be: other bytes become the replacement character, in keys too."""
    if text.isascii():
        return text
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    except UnicodeEncodeError:
        # Names of Windows are UTF-16, and may hold half of a character.
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
