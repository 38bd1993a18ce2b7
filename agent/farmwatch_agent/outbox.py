"""How a sender with an account of its own and root's reader meet: docs/decisions/0006-reader-and-sender-apart.md.

The reader alone writes the spool; the sender reads it, and leaves in a folder of its own one small file that says
which reports were taken and what the collector asked for. That file is all that root ever opens of what the sender
may write. A taken-over sender can lose reports, which it could anyway, and nothing else.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from typing import Annotated

import msgspec

from farmwatch_schema import codec
from farmwatch_schema.report import MAX_REPORTS_PER_REQUEST

from .files import write_whole
from .identity import ANSWERS, State
from .spool import MAX_REQUEST_BYTES, Load, Spool, SpoolError, Waiting, ours

MAX_BYTES = 1 << 18
#: Notes that are meant for the reader; the others are the sender's own.
SHARED_NOTES = ("clock_offset",)

_Number = Annotated[int, msgspec.Meta(ge=1, le=1 << 53)]
_Ranges = Annotated[list[tuple[_Number, _Number]], msgspec.Meta(max_length=4096)]
_Kind = Annotated[str, msgspec.Meta(max_length=64)]
_Note = Annotated[str, msgspec.Meta(max_length=4096)]
#: More reports than a spool can hold.
_MOST_NUMBERS = 1 << 16


class Answers(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What the sender leaves for the reader, and for its own next start.

    device  whose spool this is about
    epoch   of the numbers
    taken   first and last number of reports that the collector has
    lost    the same of reports that can never be delivered
    need    kinds that the collector lacks -> last number in the spool when it said so
    notes   name -> text
    """

    device: str
    epoch: str
    taken: _Ranges = []
    lost: _Ranges = []
    need: Annotated[dict[_Kind, _Number], msgspec.Meta(max_length=64)] = {}
    notes: Annotated[dict[_Kind, _Note], msgspec.Meta(max_length=16)] = {}


class Answered:
    """The reader's side: takes what a sender left into the spool, each time that it is another text.

    problem  why the last text was not taken; "" when it was
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._applied: bytes | None = None
        self._asked: dict[str, int] = {}
        self.problem = ""

    def apply(self, spool: Spool) -> None:
        """Takes over what is new. Raises SpoolError, with the same text tried again the next time."""
        if not self._state.apart:
            return
        try:
            data = self._state.left_by_sender(ANSWERS, MAX_BYTES)
            if data == self._applied:
                return
            answers = msgspec.json.decode(data, type=Answers)
        except FileNotFoundError:
            return
        except (OSError, msgspec.MsgspecError, RecursionError) as error:
            self.problem = f"what the sender left is not taken over ({error})"
            return
        epoch = spool.epoch
        if answers.device == spool.device and answers.epoch == epoch:
            spool.let_go(epoch, answers.taken)
            spool.let_go(epoch, answers.lost, lost=True)
            spool.need([kind for kind, asked in answers.need.items() if self._asked.get(kind) != asked])
            self._asked = dict(answers.need)
        for name in SHARED_NOTES:
            text = answers.notes.get(name)
            if text is not None and spool.note(name) != text:
                spool.leave_note(name, text)
        self._applied, self.problem = data, ""


class Outbox:
    """The sender's side: a spool that is only read, and the file of answers. Has what `Sender` needs of a `Spool`."""

    def __init__(self, state: State, device: str) -> None:
        self.device = device
        self._state = state
        self._path = state.spool
        self._answers_path = state.answers
        self._epoch, self._last, present = self._look()
        left = self._left()
        same = left.device == device and left.epoch == self._epoch
        # What the reader has let go of need not be told any more; what it made since, it made knowing the needs.
        self._taken = _numbers(left.taken) & present if same else set[int]()
        self._lost = _numbers(left.lost) & present if same else set[int]()
        self._need = {kind: asked for kind, asked in left.need.items() if asked >= self._last} if same else {}
        self._notes = dict(left.notes) if left.device == device else {}

    def waiting(self, limit: int = MAX_REPORTS_PER_REQUEST, max_bytes: int = MAX_REQUEST_BYTES) -> list[Waiting]:
        """Returns the oldest reports that are not answered for, as `Spool.waiting` does."""
        taken: list[Waiting] = []
        rotten: list[int] = []
        size = 0
        with self._reading() as db:
            epoch = _fact(db, "epoch")
            for sequence, digest, body in db.execute("select sequence, digest, body from report order by sequence"):
                if epoch == self._epoch and sequence in self._taken | self._lost:
                    continue
                if not isinstance(body, bytes) or codec.digest_of(body) != digest:
                    rotten.append(sequence)
                    continue
                size += len(body)
                if len(taken) == limit or (taken and size > max_bytes):
                    break
                taken.append(Waiting(epoch=epoch, sequence=sequence, digest=digest, body=body))
        self.give_up(epoch, rotten)
        return taken

    def load(self) -> Load:
        """Returns how full it is, without what is answered for."""
        with self._reading() as db:
            rows = db.execute("select sequence, length(body), made_at from report").fetchall()
            done = self._taken | self._lost if _fact(db, "epoch") == self._epoch else set[int]()
            last = int(_fact(db, "last") or 0)
        left = [(size, at) for sequence, size, at in rows if sequence not in done]
        oldest = min((at for _, at in left), default=0.0)
        return Load(count=len(left), size_bytes=sum(size for size, _ in left), oldest_at=oldest, last=last)

    def acknowledge(self, epoch: str, sequences: list[int]) -> int:
        """Returns how many reports the reader is told to let go of; none when `epoch` is not the spool's."""
        if not self._is_now(epoch):
            return 0
        self._taken.update(sequences)
        self._save()
        return len(sequences)

    def give_up(self, epoch: str, sequences: list[int]) -> None:
        """Tells the reader of reports that can never be delivered."""
        if sequences and self._is_now(epoch):
            self._lost.update(sequences)
            self._save()

    def need(self, kinds: list[str]) -> None:
        """Tells the reader which kinds the collector lacks."""
        if kinds:
            self._need.update(dict.fromkeys((kind[:64] for kind in kinds[:64]), max(1, self._last)))
            self._save()

    def note(self, name: str) -> str:
        """Returns a note of the sender's own; "" when there is none."""
        return self._notes.get(name, "")

    def number(self, name: str) -> float | None:
        """Returns a note that is a finite number; None when there is none, or another text."""
        try:
            number = float(self.note(name))
        except ValueError:
            return None
        return number if abs(number) < 1e15 else None

    def leave_note(self, name: str, text: str) -> None:
        """Leaves a note for the next start, or for the reader (`SHARED_NOTES`)."""
        self._notes[name] = text
        self._save()

    def _is_now(self, epoch: str) -> bool:
        now, last, present = self._look()
        if now != self._epoch:
            # The reader began anew while this sender was at work.
            self._epoch, self._taken, self._lost, self._need = now, set(), set(), {}
        self._last = last
        self._taken &= present
        self._lost &= present
        return epoch == now

    def _look(self) -> tuple[str, int, set[int]]:
        """Returns the spool's epoch, its last number, and the numbers in it."""
        with self._reading() as db:
            present = {row[0] for row in db.execute("select sequence from report")}
            last = _fact(db, "last")
            return _fact(db, "epoch"), int(last) if last.isascii() and last.isdigit() else 0, present

    def _left(self) -> Answers:
        try:
            return msgspec.json.decode(self._state.left_by_sender(ANSWERS, MAX_BYTES), type=Answers)
        except (OSError, msgspec.MsgspecError, RecursionError):
            # Reports are sent again, and the collector answers that it has them.
            return Answers(device="", epoch="")

    def _save(self) -> None:
        answers = Answers(
            device=self.device,
            epoch=self._epoch,
            taken=_ranges(self._taken),
            lost=_ranges(self._lost),
            need=dict(list(self._need.items())[:64]),
            notes=self._notes,
        )
        try:
            write_whole(self._answers_path, msgspec.json.encode(answers), mode=0o644, durable=False)
        except OSError as error:
            raise SpoolError(
                f"{self._answers_path}: what was answered cannot be kept ({error.strerror}); the reports will be sent"
                " again. Run as the sender's account, and check the space."
            ) from error

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """Yields the spool inside one read transaction.

        A write-ahead log can only be read where it is there. After the reader has closed the spool there is none, and
        the file is read as it stands; whether that held until the end is seen by the file itself.
        """
        try:
            before = os.stat(self._path)
        except FileNotFoundError as error:
            raise SpoolError(f"{self._path}: there is no spool yet. Start the reader: farmwatch-agent read.") from error
        except OSError as error:
            raise SpoolError(
                f"{self._path}: cannot be read ({error.strerror}). Run as the sender's account."
            ) from error
        alone = not os.path.exists(f"{self._path}-wal")
        quoted = self._path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
        try:
            uri = f"file:{quoted}?{'immutable=1' if alone else 'mode=ro'}"
            with closing(sqlite3.connect(uri, uri=True, timeout=10, isolation_level=None)) as db:
                db.execute("begin")
                yield db
        except sqlite3.Error as error:
            raise ours(error, self._path) from error
        after = os.stat(self._path)
        if alone and (before.st_ino, before.st_size, before.st_mtime_ns) != (
            after.st_ino, after.st_size, after.st_mtime_ns,
        ):  # fmt: skip
            raise SpoolError(f"{self._path}: the reader began to write in it just now. Try again.")


def _fact(db: sqlite3.Connection, name: str) -> str:
    row = db.execute("select value from fact where name = ?", (name,)).fetchone()
    return str(row[0]) if row else ""


def _ranges(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Returns numbers as first and last of each unbroken row, the oldest 4,096 rows."""
    found: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if found and number == found[-1][1] + 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found[:4096]


def _numbers(ranges: list[tuple[int, int]]) -> set[int]:
    """Returns the numbers of ranges, at most as many as a spool can hold."""
    found: set[int] = set()
    for first, last in ranges:
        found.update(range(first, min(last, first + _MOST_NUMBERS) + 1))
        if len(found) > _MOST_NUMBERS:
            break
    return found
