"""How reports become rows: raw SQL on the writer's connection, inside the writer's transaction.

What a device last said is held in memory (bounded), so that a report which changes nothing costs one narrow
UPDATE. SQLite's `data_version` tells when another process has written; the memory is dropped then, and after
every rollback.
"""

import hashlib
import sqlite3
from collections.abc import Sequence

import msgspec

from farmwatch_schema.observables import KINDS
from farmwatch_schema.report import LOOKED, Answer, AnswerStatus, Need, Section

from ..hearing import TWO_BOOTS, Hearing, packed, unpacked
from .protocol import Incoming
from .times import micros, micros_of

RECENT = 64
"""How many sequences below the mark can still be told apart: a duplicate from a fork. Older ones cannot, are
answered `duplicate`, and change nothing."""

MAX_EPOCHS_PER_DAY = 32

MAX_NEW_ROWS_PER_DAY = 20_000
MAX_NEW_BYTES_PER_DAY = 32 << 20
"""What one device may add in a day: rows for what changed, and bytes of content. A first report of a laptop with
5,000 packages and a pass of everything every 15 minutes stay far below. What comes beyond is accepted and not
kept: its sections are `broken` until the next day, when their content is asked for."""

MAX_KINDS = 128
"""Kinds one device may have; more than twice what one report may hold."""

REMEMBERED_DEVICES = 5_000

_DAY = 86_400_000_000
_HOUR = 3_600_000_000
_DIGEST = 8
_EMPTY = b"[]"


class _Open(msgspec.Struct):
    """The open span of one kind: its row, what it says, when it was last said, and last by looking."""

    span: int
    outcome: str
    reason: str
    named: str
    observed: int
    looked: int
    missing: bool
    looked_now: bool = False
    settled: bool = False
    unkept: bool = False

    def __post_init__(self) -> None:
        self.looked_now = self.outcome in LOOKED
        self.settled = bool(self.named) and not self.missing


class _State(msgspec.Struct):
    """A device as last committed, or as the running transaction will leave it."""

    key: int
    device: str
    revoked: bool
    epoch: str
    mark: int
    last_digest: bytes
    recent: bytearray
    last_seen: int
    clock_offset: int
    agent_version: str
    sections: dict[str, _Open]
    hearing: Hearing
    changed_at: int = 0


class _Spent(msgspec.Struct):
    """What a device has added on a day."""

    day: int = 0
    rows: int = 0
    bytes: int = 0


# Many devices in one statement: the interpreter's lock is given up once, not once for each of them.
_COLUMNS = (
    *("epoch", "mark", "last_digest", "recent", "last_seen_at"),
    *("clock_offset", "agent_version", "sections", "hearing"),
)


def _heard(size: int) -> str:
    """Returns the statement for so many devices."""
    values = ", ".join(f"{name}=v.column{at + 2}" for at, name in enumerate(_COLUMNS))
    row = f"({', '.join('?' * (len(_COLUMNS) + 1))})"
    rows = ", ".join([row] * size)
    return f"UPDATE device_state SET {values} FROM (VALUES {rows}) AS v WHERE device_key=v.column1"  # noqa: S608


_HEARD = [(size, _heard(size)) for size in (64, 16, 4, 1)]
_times_out = msgspec.msgpack.Encoder()
_times_in = msgspec.msgpack.Decoder(dict[str, tuple[int, int, bool]])
_raws = msgspec.json.Decoder(list[msgspec.Raw])


def section_times(blob: bytes | None) -> dict[str, tuple[int, int, bool]]:
    """Returns by kind: last observed, last looked (0 for never), and whether its content is missing."""
    return _times_in.decode(blob) if blob else {}


class Bundles:
    """Applies reports within a transaction that the writer begins and ends."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._sql = connection
        self._states: dict[str, _State] = {}
        self._touched: dict[str, _State] = {}
        # Outlives a rollback and other processes' writes, or a device could have its day again by causing them.
        self._spent: dict[int, _Spent] = {}
        self._version = -1

    def begin(self) -> None:
        """Called after BEGIN: forgets what another process may have changed."""
        version = self._sql.execute("PRAGMA data_version").fetchone()[0]
        if version != self._version or len(self._states) > REMEMBERED_DEVICES:
            self._states.clear()
            self._version = version

    def forget(self) -> None:
        """Called after ROLLBACK, and when device rows were changed by other means."""
        self._states.clear()
        self._touched.clear()

    def finish(self) -> None:
        """Called before COMMIT: writes one row for each device that was heard."""
        touched = [
            (
                state.key,
                state.epoch,
                state.mark,
                state.last_digest,
                state.recent,
                state.last_seen,
                state.clock_offset,
                state.agent_version,
                _times_out.encode({k: (o.observed, o.looked, o.missing) for k, o in state.sections.items()}),
                packed(state.hearing),
            )
            for state in self._touched.values()
        ]
        for size, statement in _HEARD:
            while len(touched) >= size:
                self._sql.execute(statement, [value for row in touched[:size] for value in row])
                del touched[:size]
        changed = [state for state in self._touched.values() if state.changed_at]
        if changed:
            self._sql.executemany(
                "UPDATE device_state SET changed_at=max(changed_at, ?1),"
                " due_at=CASE WHEN due_at IS NULL OR due_at>?1 THEN ?1 ELSE due_at END WHERE device_key=?2",
                [(state.changed_at, state.key) for state in changed],
            )
            for state in changed:
                state.changed_at = 0
        self._touched.clear()

    def apply(self, batch: Sequence[Incoming]) -> list[Answer]:
        """Returns one answer per report, in order."""
        return [self._report(incoming) for incoming in batch]

    def _report(self, incoming: Incoming) -> Answer:
        report = incoming.report
        received = micros(incoming.received_at)
        digest = bytes.fromhex(incoming.digest)
        state = self._states.get(report.device) or self._load(report.device)
        if state is None:
            return _answer(incoming, "unknown_device", "This device is not enrolled here.")
        if state.revoked:
            return _answer(incoming, "revoked", "This device was revoked by the company.")
        if report.epoch != state.epoch:
            refusal = self._turn_epoch(state, incoming, digest, received)
            if refusal is not None:
                return refusal
        sequence = report.sequence
        if sequence <= state.mark:
            return self._repeated(state, incoming, state.mark, state.recent, digest, received)
        if sequence == state.mark + 1:
            if state.mark and report.previous != state.last_digest.hex():
                self._event(state, "forked", f"{sequence} follows another report than the one taken", received)
                return _answer(
                    incoming,
                    "forked",
                    f"Report {sequence} follows another report {state.mark} than the one taken: this identity is in "
                    "use twice, or its spool was copied. Begin a new epoch.",
                )
        elif state.mark or sequence > 1:
            self._event(state, "gap", f"{state.mark + 1} to {sequence - 1} never came", received)
        recent = state.recent
        for missed in range(max(state.mark + 1, sequence - RECENT), sequence):
            slot = missed % RECENT * _DIGEST
            recent[slot : slot + _DIGEST] = bytes(_DIGEST)
        slot = sequence % RECENT * _DIGEST
        recent[slot : slot + _DIGEST] = digest[:_DIGEST]
        state.mark = sequence
        state.last_digest = digest
        if received - state.last_seen > _HOUR:
            state.changed_at = received
        state.last_seen = max(state.last_seen, received)
        created = micros_of(report.created_at)
        state.clock_offset = (created - received) // 1_000_000
        news = state.hearing.take(created // 1_000_000, received // 1_000_000, report.boot, report.uptime_seconds)
        if news == TWO_BOOTS:
            self._event(state, TWO_BOOTS, f"boot {report.boot} goes on after another one had begun", received)
        elif news:
            state.changed_at = received
        state.agent_version = report.agent.version
        self._touched[state.device] = state
        need: list[Need] = []
        sections, text, observed = state.sections, "", 0
        for section in report.sections:
            if section.observed_at != text:
                text = section.observed_at
                observed = min(micros_of(text), received)
            last = sections.get(section.kind)
            if (
                last is not None
                and last.named == section.digest
                and last.outcome == section.outcome
                and last.reason == section.reason
                and last.settled
            ):
                # The common case: a state whose content is held and has not changed.
                last.observed = max(last.observed, observed)
                if last.looked_now:
                    last.looked = last.observed
            # Reports come in their order, so what is new cannot be older than what was said of its kind before: a
            # clock that was set back would else make a device plugged in today look like one from long ago.
            elif self._section(state, section, max(observed, last.observed if last else 0), received):
                need.append(Need(kind=section.kind, digest=section.digest))
        return Answer(device=report.device, epoch=report.epoch, sequence=sequence, status="accepted", need=need)

    def _repeated(
        self, state: _State, incoming: Incoming, mark: int, recent: bytes | bytearray, digest: bytes, received: int
    ) -> Answer:
        sequence = incoming.report.sequence
        if sequence <= mark - RECENT:
            return _answer(incoming, "duplicate", f"Too far below {mark} to compare; it was not stored again.")
        slot = sequence % RECENT * _DIGEST
        taken = recent[slot : slot + _DIGEST]
        if taken == digest[:_DIGEST]:
            return _answer(incoming, "duplicate", "")
        if not any(taken):
            # Nothing was ever taken under this number, so nothing says that the identity is in use twice.
            self._event(state, "late", f"{sequence} came after {mark}", received)
            return _answer(
                incoming,
                "invalid",
                f"Report {sequence} comes after {mark} was taken, and counts as lost. Go on from there.",
            )
        self._event(state, "forked", f"{sequence} came with two contents", received)
        return _answer(
            incoming,
            "forked",
            f"Another report {sequence} was taken before: this identity is in use twice, or its spool was set back. "
            "Begin a new epoch.",
        )

    def _turn_epoch(self, state: _State, incoming: Incoming, digest: bytes, received: int) -> Answer | None:
        """Makes the report's epoch the current one; returns an answer instead when it is a retired one."""
        report = incoming.report
        retired = self._sql.execute(
            "SELECT mark, recent FROM device_epoch WHERE device_key=? AND epoch=?", (state.key, report.epoch)
        ).fetchone()
        if retired is not None:
            if report.sequence <= retired[0]:
                return self._repeated(state, incoming, retired[0], retired[1], digest, received)
            self._event(state, "forked", "a retired epoch goes on", received)
            return _answer(
                incoming, "forked", "This epoch ended when another one began, yet it goes on. Begin a new epoch."
            )
        if state.epoch:
            since = received - _DAY
            (turns,) = self._sql.execute(
                "SELECT count(*) FROM device_epoch WHERE device_key=? AND retired_at>?", (state.key, since)
            ).fetchone()
            if turns >= MAX_EPOCHS_PER_DAY:
                return _answer(
                    incoming, "throttled", f"{turns} new epochs within a day: something resets this agent's spool."
                )
            self._sql.execute(
                "INSERT INTO device_epoch (device_key, epoch, mark, last_digest, recent, retired_at)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (state.key, state.epoch, state.mark, state.last_digest, state.recent, received),
            )
            self._event(state, "new_epoch", f"after report {state.mark}", received)
        state.epoch = report.epoch
        state.mark = 0
        state.last_digest = b""
        state.recent = bytearray(RECENT * _DIGEST)
        state.changed_at = received
        return None

    def _section(self, state: _State, section: Section, observed: int, received: int) -> bool:
        """Stores what is new in a section; returns whether its content is named but not held."""
        kind, digest = section.kind, bytes.fromhex(section.digest)
        if kind not in state.sections and kind not in KINDS and len(state.sections) >= MAX_KINDS:
            self._event(state, "too_much", f"more than {MAX_KINDS} kinds, as {kind}", received)
            return False
        if self._too_much(state, received):
            self._unkept(state, section, observed, received)
            return False
        items = section.items if isinstance(section.items, msgspec.Raw) else None
        looked = section.outcome in LOOKED
        last = state.sections.get(kind)
        same = last is not None and last.named == section.digest and last.outcome == section.outcome
        same = same and last is not None and last.reason == section.reason
        if items is not None and not digest:
            if items != _EMPTY:
                state.changed_at = received
                self._spend(state, 1, len(items), received)
                self._sql.execute(
                    "INSERT INTO sample (device_key, kind, observed_at, content) VALUES (?, ?, ?, ?)",
                    (state.key, kind, observed, bytes(items)),
                )
            items = None
        elif same and last is not None and not (last.missing and items is not None):
            last.observed = max(last.observed, observed)
            if looked:
                last.looked = last.observed
            return last.missing
        content: bytes | None = None
        if not digest:
            content = _EMPTY
        elif items is not None:
            content = bytes(items)
            self._spend(state, 1, len(content), received)
            self._sql.execute(
                "INSERT INTO section_content (device_key, kind, digest, content, received_at) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT DO NOTHING",
                (state.key, kind, digest, content, received),
            )
        else:
            row = self._sql.execute(
                "SELECT content FROM section_content WHERE device_key=? AND kind=? AND digest=?",
                (state.key, kind, digest),
            ).fetchone()
            content = None if row is None else row[0]
        if (
            looked
            and content is not None
            and (last is None or last.missing or last.named != section.digest or not digest)
        ):
            self._spend(state, self._observables(state, kind, content, observed, last), 0, received)
        looked_at = observed if looked else (last.looked if last is not None else 0)
        if same and last is not None:
            last.observed, last.looked = max(last.observed, observed), looked_at
            if last.missing:
                state.changed_at = received
            last.missing = content is None
            last.settled = bool(digest) and not last.missing
            return last.missing
        state.changed_at = received
        self._spend(state, 1, len(section.reason), received)
        span = self._open_span(state, section, observed, last)
        missing = content is None
        state.sections[kind] = _Open(
            span, section.outcome, section.reason, section.digest, observed, looked_at, missing
        )
        return missing

    def _too_much(self, state: _State, received: int) -> bool:
        spent = self._spent.get(state.key)
        return (
            spent is not None
            and spent.day == received // _DAY
            and (spent.rows >= MAX_NEW_ROWS_PER_DAY or spent.bytes >= MAX_NEW_BYTES_PER_DAY)
        )

    def _spend(self, state: _State, rows: int, size: int, received: int) -> None:
        spent = self._spent.get(state.key)
        if spent is None or spent.day != received // _DAY:
            spent = self._spent[state.key] = _Spent(received // _DAY)
        spent.rows += rows
        spent.bytes += size

    def _unkept(self, state: _State, section: Section, observed: int, received: int) -> None:
        """Takes note of a section beyond the day's allowance: what it says of itself is told, its content is missing.

        At most one row of a kind comes from it, however often it changes; nothing is asked for before tomorrow.
        """
        last, items = state.sections.get(section.kind), section.items
        same = last is not None and (last.named, last.outcome, last.reason) == (
            section.digest, section.outcome, section.reason,
        )  # fmt: skip
        if not same or (isinstance(items, msgspec.Raw) and items != _EMPTY):
            self._event(state, "too_much", f"{section.kind} changed once more", received)
        if last is not None and same:
            last.observed = max(last.observed, observed)
            if last.looked_now and not last.missing:
                last.looked = last.observed
            return
        says = (section.outcome, section.reason, bytes.fromhex(section.digest))
        if last is not None and last.unkept:
            span = last.span
            self._sql.execute("UPDATE section_span SET outcome=?, reason=?, digest=? WHERE id=?", (*says, span))
        else:
            span = self._open_span(state, section, observed, last)
        missing = bool(section.digest)
        looked_at = last.looked if last is not None else 0
        if section.outcome in LOOKED and not missing:
            looked_at = observed
        one = _Open(span, section.outcome, section.reason, section.digest, observed, looked_at, missing, unkept=True)
        state.sections[section.kind] = one

    def _open_span(self, state: _State, section: Section, observed: int, last: _Open | None) -> int:
        """Closes a kind's open span and returns the row of a new one."""
        if last is not None:
            self._sql.execute("UPDATE section_span SET seen_until=? WHERE id=?", (last.observed, last.span))
        values = (state.key, section.kind, section.outcome, section.reason, bytes.fromhex(section.digest), observed)
        return (
            self._sql.execute(
                "INSERT INTO section_span (device_key, kind, outcome, reason, digest, seen_from)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                values,
            ).lastrowid
            or 0
        )

    def _observables(self, state: _State, kind: str, content: bytes, observed: int, last: _Open | None) -> int:
        """Opens a span for each observable that came and closes those that went; returns how many came."""
        now = {hashlib.blake2b(raw, digest_size=16).digest(): bytes(raw) for raw in _raws.decode(content)}
        rows = self._sql.execute(
            "SELECT id, digest, seen_from FROM observable_span WHERE device_key=? AND kind=? AND seen_until IS NULL",
            (state.key, kind),
        ).fetchall()
        until = last.looked if last is not None and last.looked else observed
        gone = [(max(until, begun), span) for span, digest, begun in rows if digest not in now]
        held = {digest for _, digest, _ in rows}
        from_start = int(last is None or not last.looked)
        came = [
            (state.key, kind, digest, item, observed, from_start) for digest, item in now.items() if digest not in held
        ]
        if gone:
            self._sql.executemany("UPDATE observable_span SET seen_until=? WHERE id=?", gone)
        if came:
            self._sql.executemany(
                "INSERT INTO observable_span (device_key, kind, digest, item, seen_from, from_start)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                came,
            )
        return len(came)

    def _event(self, state: _State, kind: str, detail: str, at: int) -> None:
        state.changed_at = at
        self._touched[state.device] = state
        self._sql.execute(
            "INSERT INTO device_event (device_key, kind, day, times, detail, first_at, last_at)"
            " VALUES (?, ?, ?, 1, ?, ?, ?) ON CONFLICT (device_key, kind, day)"
            " DO UPDATE SET times=times+1, detail=excluded.detail, last_at=excluded.last_at",
            (state.key, kind, at // _DAY, detail, at, at),
        )

    def _load(self, device: str) -> _State | None:
        row = self._sql.execute(
            "SELECT d.key, d.revoked, s.epoch, s.mark, s.last_digest, s.recent, s.last_seen_at, s.clock_offset,"
            " s.agent_version, s.sections, s.hearing FROM device d JOIN device_state s ON s.device_key=d.key"
            " WHERE d.device=?",
            (device,),
        ).fetchone()
        if row is None:
            return None
        times = section_times(row[9])
        spans = self._sql.execute(
            "SELECT kind, id, outcome, reason, digest, seen_from, digest<>x'' AND NOT EXISTS (SELECT 1"
            " FROM section_content c WHERE c.device_key=s.device_key AND c.kind=s.kind AND c.digest=s.digest)"
            " FROM section_span s WHERE device_key=? AND seen_until IS NULL",
            (row[0],),
        )
        sections: dict[str, _Open] = {}
        for kind, span, outcome, reason, digest, begun, lost in spans:
            observed, looked, missing = times.get(kind, (begun, 0, False))
            # Content that was held and is gone, from a restored or mended file, is asked for like what never came.
            sections[kind] = _Open(span, outcome, reason, digest.hex(), observed, looked, missing or bool(lost))
        recent = bytearray(row[5] or bytes(RECENT * _DIGEST))
        seen, offset, version, _, hearing = row[6:]
        state = _State(row[0], device, bool(row[1]), row[2], row[3], row[4] or b"", recent, seen or 0, offset, version,
                       sections, unpacked(hearing))  # fmt: skip
        self._states[device] = state
        return state


def _answer(incoming: Incoming, status: AnswerStatus, message: str) -> Answer:
    report = incoming.report
    return Answer(device=report.device, epoch=report.epoch, sequence=report.sequence, status=status, message=message)
