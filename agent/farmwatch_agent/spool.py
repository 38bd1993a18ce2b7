"""The spool: numbered reports on disk until the collector has committed them. Reader and sender meet here only.

SQLite in WAL with synchronous=FULL: a report that `append` returned for is there after kill -9 and after a power
cut. A number is taken in the transaction that writes its report, so none is used twice. The reader mends: a
damaged file is moved aside and a new epoch begun, and what went with it is told as a `SpoolReset`. The sender
never moves a file, because the reader would go on writing into the one that was moved; with an account of its own
it only reads here, and answers through `outbox`.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import msgspec

from farmwatch_schema import codec
from farmwatch_schema.errors import FarmwatchError
from farmwatch_schema.observables.agent import SpoolReset
from farmwatch_schema.report import MAX_REPORTS_PER_REQUEST

from .files import write_whole
from .health import stamp
from .numbering import Numbering

MAX_BYTES = 20 << 20
_PAGE_BYTES = 4096
#: The file may take 16 MiB and reports 14 MiB of it; the write-ahead log takes at most the rest.
_FILE_PAGES = (16 << 20) // _PAGE_BYTES
_REPORT_BYTES = 14 << 20
_LOG_BYTES = 1 << 20
MAX_REQUEST_BYTES = 1 << 20

_TABLES = """
create table if not exists fact (name text primary key, value text not null) strict;
create table if not exists known (kind text primary key, digest text not null) strict;
create table if not exists report (
    sequence integer primary key, digest text not null, made_at real not null, body blob not null
) strict;
"""
_SHAPE = (
    "select f.name, f.value, k.kind, k.digest, r.sequence, r.digest, r.made_at, r.body from fact f, known k, report r"
)

#: https://www.sqlite.org/rescode.html: ERROR (a file of another shape), CORRUPT, FORMAT, NOTADB.
_DAMAGE = frozenset({1, 11, 24, 26})
_FULL, _IO_ERROR, _READ_ONLY, _CANNOT_OPEN, _BUSY = 13, 10, 8, 14, 5


class SpoolError(FarmwatchError):
    """The spool cannot be used now; nothing was half-written. str() says what, where, and what to do."""


class DamagedSpool(SpoolError):
    """The file is not what it was. The reader mends it when it next opens it."""


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A report that is not acknowledged: its number, the digest of its bytes, and the bytes."""

    epoch: str
    sequence: int
    digest: str
    body: bytes


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """How full the spool is: reports waiting, their bytes, when the oldest was made (0 when empty), last number."""

    count: int
    size_bytes: int
    oldest_at: float
    last: int


class _Mark(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the spool when its file is lost: kept beside it, renewed after each report."""

    epoch: str
    last: int
    first_waiting: int


class Spool:
    """One laptop's spool, for a reader (`mends`) and a sender in different processes.

    path       the file; `path`.mark beside it holds epoch and last number for the day the file is damaged
    device     whose reports it holds; with another device's, the reader begins anew
    clock      returns seconds since 1970
    max_bytes  of reports; when more wait, the oldest are given up and told as lost
    """

    def __init__(self, path: str, device: str, clock: Callable[[], float], *, mends: bool,
                 max_bytes: int = _REPORT_BYTES) -> None:  # fmt: skip
        self.path = path
        self.device = device
        self._mark_path = f"{path}.mark"
        self._clock = clock
        self._mends = mends
        self._max_bytes = max_bytes
        self._inode = 0
        self._db = self._open()

    def close(self) -> None:
        """Closes the file; what was appended is safe without it too."""
        self._db.close()

    @property
    def epoch(self) -> str:
        """The epoch of the reports in it, 32 hex digits."""
        with self._guarded():
            return self._fact("epoch")

    def append(self, build: Callable[[Numbering], bytes], digests: dict[str, str]) -> int:
        """Returns the number under which a report was made durable.

        build    returns the report's bytes for its numbering; called inside the transaction
        digests  each kind's digest in that report, so that the next one may leave equal items out

        Raises SpoolError, with nothing written and no number used, when the disk is full.
        """
        if self._was_replaced():
            self._db.close()
            self._db = self._open()
        try:
            return self._append(build, digests)
        except DamagedSpool:
            if not self._mends:
                raise
            self._db.close()
            self._set_aside()
            self._db = self._open()
            return self._append(build, digests)

    def waiting(self, limit: int = MAX_REPORTS_PER_REQUEST, max_bytes: int = MAX_REQUEST_BYTES) -> list[Waiting]:
        """Returns the oldest reports not yet acknowledged: at most `limit`, together about `max_bytes`, at least one.

        One whose bytes no longer fit their digest is given up and told as lost: it would block all after it.
        """
        taken: list[Waiting] = []
        rotten: list[int] = []
        size = 0
        with self._guarded(), self._transaction():
            epoch = self._fact("epoch")
            for sequence, digest, body in self._db.execute(
                "select sequence, digest, body from report order by sequence"
            ):
                if not isinstance(body, bytes) or codec.digest_of(body) != digest:
                    rotten.append(sequence)
                    continue
                size += len(body)
                if len(taken) == limit or (taken and size > max_bytes):
                    break
                taken.append(Waiting(epoch=epoch, sequence=sequence, digest=digest, body=body))
            self._give_up(rotten)
        return taken

    def acknowledge(self, epoch: str, sequences: list[int]) -> int:
        """Returns how many reports were let go; none when `epoch` is not the spool's any more."""
        with self._guarded(), self._transaction():
            if epoch != self._fact("epoch"):
                return 0
            return self._db.executemany("delete from report where sequence = ?", [(it,) for it in sequences]).rowcount

    def give_up(self, epoch: str, sequences: list[int]) -> None:
        """Lets go of reports that can never be delivered; the next report tells their range as lost."""
        if not sequences:
            return
        with self._guarded(), self._transaction():
            if epoch == self._fact("epoch"):
                self._give_up(sequences)

    def let_go(self, epoch: str, ranges: list[tuple[int, int]], *, lost: bool = False) -> None:
        """Lets go of the reports whose numbers lie in ranges (first, last); with `lost` they are told as lost."""
        if not ranges:
            return
        with self._guarded(), self._transaction():
            if epoch != self._fact("epoch"):
                return
            for first, last in ranges:
                if lost:
                    found = self._db.execute(
                        "select sequence from report where sequence between ? and ?", (first, last)
                    )
                    self._give_up([row[0] for row in found.fetchall()])
                else:
                    self._db.execute("delete from report where sequence between ? and ?", (first, last))

    def need(self, kinds: list[str]) -> None:
        """Makes the next report carry these kinds in full, because the collector lacks them."""
        if not kinds:
            return
        with self._guarded(), self._transaction():
            self._db.executemany("delete from known where kind = ?", [(kind,) for kind in kinds])

    def load(self) -> Load:
        """Returns how full it is."""
        with self._guarded():
            count, size, oldest = self._db.execute(
                "select count(*), coalesce(sum(length(body)), 0), coalesce(min(made_at), 0) from report"
            ).fetchone()
            return Load(count=count, size_bytes=size, oldest_at=oldest, last=self._last())

    def note(self, name: str) -> str:
        """Returns what one half left for the other under a name; "" when nothing."""
        with self._guarded():
            return self._fact(f"note.{name}")

    def number(self, name: str) -> float | None:
        """Returns a note that is a finite number; None when there is none, or another text."""
        try:
            number = float(self.note(name))
        except ValueError:
            return None
        return number if abs(number) < 1e15 else None

    def leave_note(self, name: str, text: str) -> None:
        """Leaves a note for the other half."""
        with self._guarded(), self._transaction():
            self._set(f"note.{name}", text)

    def take_resets(self) -> list[SpoolReset]:
        """Returns the losses not yet taken over into the agent's health, oldest first, and forgets them."""
        with self._guarded(), self._transaction():
            rows = self._db.execute("select value from fact where name like 'reset.%' order by name").fetchall()
            self._db.execute("delete from fact where name like 'reset.%'")
        resets: list[SpoolReset] = []
        for (value,) in rows:
            with suppress(msgspec.MsgspecError):
                resets.append(msgspec.json.decode(value, type=SpoolReset))
        return resets

    def _append(self, build: Callable[[Numbering], bytes], digests: dict[str, str]) -> int:
        with self._guarded(), self._transaction():
            sequence = self._last() + 1
            numbering = Numbering(
                device=self.device,
                epoch=self._fact("epoch"),
                sequence=sequence,
                previous=self._fact("previous"),
                digests=dict(self._db.execute("select kind, digest from known").fetchall()),
            )
            body = build(numbering)
            digest = codec.digest_of(body)
            self._make_room(len(body))
            self._db.execute("insert into report values (?, ?, ?, ?)", (sequence, digest, self._clock(), body))
            self._set("last", str(sequence))
            self._set("previous", digest)
            self._db.executemany("insert or replace into known values (?, ?)", list(digests.items()))
        self._mark()
        return sequence

    def _make_room(self, needed: int) -> None:
        """Gives up the oldest reports where a new one would pass the cap."""
        (size,) = self._db.execute("select coalesce(sum(length(body)), 0) from report").fetchone()
        too_much = size + needed - self._max_bytes
        given_up: list[int] = []
        if too_much > 0:
            for sequence, length in self._db.execute("select sequence, length(body) from report order by sequence"):
                if too_much <= 0:
                    break
                given_up.append(sequence)
                too_much -= length
        self._give_up(given_up)

    def _give_up(self, sequences: list[int]) -> None:
        if sequences:
            self._db.executemany("delete from report where sequence = ?", [(it,) for it in sequences])
            self._lost(self._fact("epoch"), min(sequences), max(sequences))

    def _lost(self, epoch: str, first: int, last: int) -> None:
        now = self._clock()
        reset = SpoolReset(reset_at=stamp(now), epoch=epoch, first_lost=first, last_lost=last)
        self._set(f"reset.{now:020.6f}.{first:020}", msgspec.json.encode(reset).decode())

    def _open(self) -> sqlite3.Connection:
        try:
            return self._connect()
        except DamagedSpool:
            if not self._mends:
                raise
            self._set_aside()
        return self._connect()

    def _connect(self) -> sqlite3.Connection:
        try:
            flags = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0)
            descriptor = os.open(self.path, flags | os.O_CREAT if self._mends else flags, 0o640)
            try:
                status = os.fstat(descriptor)
                self._inode = status.st_ino
                if self._mends and hasattr(os, "fchmod") and status.st_mode & 0o777 != 0o640:
                    # Whatever the umask: the group is a sender's with an account of its own, which reads here.
                    # SQLite gives the same mode to the files that it makes beside this one.
                    os.fchmod(descriptor, 0o640)
            finally:
                os.close(descriptor)
        except FileNotFoundError as error:
            raise SpoolError(f"{self.path}: there is no spool yet. Start the reader: farmwatch-agent read.") from error
        except OSError as error:
            raise SpoolError(
                f"{self.path}: cannot be opened ({error.strerror}). Run with its owner's rights."
            ) from error
        self._db = db = sqlite3.connect(self.path, timeout=10, isolation_level=None, check_same_thread=False)
        try:
            with self._guarded():
                db.execute("pragma synchronous=full")
                db.execute(f"pragma max_page_count={_FILE_PAGES}")
                db.execute(f"pragma journal_size_limit={_LOG_BYTES}")
                if self._mends:
                    db.execute("pragma journal_mode=wal")
                    problem = db.execute("pragma integrity_check(1)").fetchone()[0]
                    if problem != "ok":
                        raise DamagedSpool(f"{self.path}: {problem}")
                    db.executescript(_TABLES)
                db.execute(f"{_SHAPE} limit 0")
                if self._mends:
                    self._begin()
        except BaseException:
            db.close()
            raise
        return db

    def _begin(self) -> None:
        """Begins an epoch where there is none; after damage or a new enrolment tells what went with the old one."""
        mark = self._read_mark()
        with self._transaction():
            epoch, last = self._fact("epoch"), self._last()
            if epoch and self._fact("device") == self.device:
                if mark is not None and mark.epoch == epoch and mark.last > last:
                    # The end of the write-ahead log is gone: its numbers were used and must not be used again.
                    # One more is skipped, because the digest that the next one would have to name is gone too.
                    self._set("last", str(mark.last + 1))
                    self._set("previous", "")
                    self._db.execute("delete from known")
                    self._lost(epoch, last + 1, mark.last)
                return
            if epoch:
                first, count = self._db.execute("select min(sequence), count(*) from report").fetchone()
                if count:
                    self._lost(epoch, first, last)
            elif mark is not None:
                self._lost(mark.epoch, min(mark.first_waiting, mark.last), mark.last)
            self._db.execute("delete from report")
            self._db.execute("delete from known")
            # What the old identity was told to wait says nothing about the new one.
            self._db.execute("delete from fact where name in ('note.next_at', 'note.failures')")
            for name, value in (
                ("epoch", os.urandom(16).hex()),
                ("device", self.device),
                ("last", "0"),
                ("previous", ""),
            ):
                self._set(name, value)
        self._mark()

    def _set_aside(self) -> None:
        """Moves a damaged file away, keeping the latest one only."""
        try:
            os.replace(self.path, f"{self.path}.damaged")
        except OSError as error:
            raise SpoolError(
                f"{self.path}: is damaged and cannot be moved aside ({error.strerror}). Remove it by hand."
            ) from error
        for end in ("-wal", "-shm"):
            with suppress(OSError):
                os.replace(f"{self.path}{end}", f"{self.path}.damaged{end}")

    def _was_replaced(self) -> bool:
        try:
            return os.stat(self.path).st_ino != self._inode
        except OSError:
            return True

    def _mark(self) -> None:
        epoch, last = self._fact("epoch"), self._last()
        (first,) = self._db.execute("select coalesce(min(sequence), ?) from report", (last + 1,)).fetchone()
        # Only a hint for a bad day: a disk too full for it must not cost the report that was just written.
        with suppress(OSError):
            mark = _Mark(epoch=epoch, last=last, first_waiting=first)
            write_whole(self._mark_path, msgspec.json.encode(mark), mode=0o640, durable=False)

    def _read_mark(self) -> _Mark | None:
        try:
            with open(self._mark_path, "rb") as file:
                mark = msgspec.json.decode(file.read(4096), type=_Mark)
        except (OSError, msgspec.MsgspecError, RecursionError):
            return None
        return mark if mark.last > 0 else None

    def _fact(self, name: str) -> str:
        row = self._db.execute("select value from fact where name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def _last(self) -> int:
        text = self._fact("last")
        if text and not (text.isascii() and text.isdigit()):
            raise DamagedSpool(f"{self.path}: its last number is unreadable. The reader mends it at its next pass.")
        return int(text or 0)

    def _set(self, name: str, value: str) -> None:
        self._db.execute("insert or replace into fact values (?, ?)", (name, value))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("begin immediate")
        try:
            yield
            self._db.execute("commit")
        except BaseException:
            # SQLite has rolled back by itself where the disk was full.
            if self._db.in_transaction:
                self._db.execute("rollback")
            raise

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Turns SQLite's errors into ours, with place and remedy."""
        try:
            yield
        except sqlite3.Error as error:
            raise ours(error, self.path) from error


def ours(error: sqlite3.Error, path: str) -> SpoolError:
    """Returns SQLite's error as ours, with place and remedy."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == _FULL or (code == _IO_ERROR and "full" in str(error)):
        return SpoolError(f"{path}: the disk or the spool's 20 MiB are full; nothing was written. Free some space.")
    if code == _BUSY:
        return SpoolError(f"{path}: another process holds it for more than 10 s. Try again, or end that process.")
    if code in (_READ_ONLY, _CANNOT_OPEN):
        return SpoolError(f"{path}: cannot be written ({error}). Run with its owner's rights.")
    if code == _IO_ERROR:
        return SpoolError(f"{path}: the disk gave an error ({error}); nothing was written. Check disk and space.")
    if code in _DAMAGE:
        return DamagedSpool(f"{path}: is damaged ({error}). The reader mends it at its next pass.")
    return SpoolError(f"{path}: {error}")
