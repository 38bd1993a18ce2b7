"""What is read of ties and farms, on a reader's own connection."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, and_, bindparam, or_, select

from farmwatch_detectors.view import Span
from farmwatch_schema.observables.input_source import InputDay
from farmwatch_schema.observables.sessions import Session

from ..assessment import AttentionLevel, Bar, GroupLevel, level_rank
from ..farms.activity import activity_of
from ..farms.source import Activity, MemberScore
from ..farms.types import Farm, FarmEvent, FarmState, Label
from ..score import without
from . import tables as t
from . import tables_farms as tf
from .times import micros, moment

AT_ONCE = 500
MOST_SPANS = 6_000
"""Of one device and kind, the newest: thirty days of a day that grows with every report are half of it."""

_LEVELS: tuple[AttentionLevel, ...] = ("none", "watch", "review", "urgent", "near_certain")
_farms = msgspec.msgpack.Decoder(Farm)
_labels = msgspec.msgpack.Decoder(Label)
_input_day = msgspec.json.Decoder(InputDay)
_session = msgspec.json.Decoder(Session)
_SPANS = (
    select(
        t.observable_span.c.item,
        t.observable_span.c.seen_from,
        t.observable_span.c.seen_until,
        t.observable_span.c.from_start,
    )
    .where(
        t.observable_span.c.device_key == bindparam("key"),
        t.observable_span.c.kind == bindparam("kind"),
        or_(t.observable_span.c.seen_until.is_(None), t.observable_span.c.seen_until >= bindparam("since")),
    )
    .order_by(t.observable_span.c.id.desc())
    .limit(MOST_SPANS)
)


class _Scored(msgspec.Struct, frozen=True):
    """What is wanted of an assessment: a fifth of the time that decoding all of it takes."""

    points: int
    attention: AttentionLevel
    bars: tuple[Bar, ...]
    groups: tuple[GroupLevel, ...]


_scored = msgspec.json.Decoder(_Scored)


def device_ties(connection: Connection) -> Iterator[tuple[str, bytes]]:
    """Yields every device's ties in order of enrolment, a part at a time: a million of them need no memory here."""
    table, last = tf.device_ties, 0
    query = (
        select(table.c.device_key, t.device.c.device, table.c.body)
        .join(t.device, t.device.c.key == table.c.device_key)
        .order_by(table.c.device_key)
        .limit(AT_ONCE * 10)
    )
    while rows := connection.execute(query.where(table.c.device_key > last)).all():
        last = rows[-1].device_key
        for row in rows:
            yield row.device, bytes(row.body)


def scores(connection: Connection, devices: Collection[str]) -> Mapping[str, MemberScore]:
    """Returns what the latest judgement says of each device, by `score.without` for the group of ties."""
    found: dict[str, MemberScore] = {}
    query = (
        select(t.device.c.device, t.device.c.name, t.device_state.c.last_seen_at, t.assessment.c.body)
        .join(t.assessment, t.assessment.c.device_key == t.device.c.key)
        .join(t.device_state, t.device_state.c.device_key == t.device.c.key)
    )
    for part in _parts(sorted(devices)):
        for row in connection.execute(query.where(t.device.c.device.in_(part))):
            held = _scored.decode(row.body)
            bits, probability = without("F", held.groups, held.bars)
            found[row.device] = MemberScore(
                device=row.device,
                bits=bits,
                probability=probability,
                points=held.points,
                attention=held.attention,
                name=row.name,
                seen_at=None if row.last_seen_at is None else moment(row.last_seen_at),
            )
    return found


def activity(connection: Connection, devices: Collection[str], since: date) -> Mapping[str, Activity]:
    """Returns when each device had input on the days from `since`; a login that lasts, until its last report."""
    found: dict[str, Activity] = {}
    heads = select(t.device.c.key, t.device.c.device, t.device_state.c.last_seen_at).join(
        t.device_state, t.device_state.c.device_key == t.device.c.key
    )
    for part in _parts(sorted(devices)):
        for head in connection.execute(heads.where(t.device.c.device.in_(part))).all():
            if head.last_seen_at is None:
                continue
            at = moment(head.last_seen_at)
            held = activity_of(_input_days(connection, head.key, since), since=since, at=at)
            if held is None:
                held = activity_of((), _sessions(connection, head.key, since), since=since, at=at)
            if held is not None:
                found[head.device] = held
    return found


def _spans_of(connection: Connection, key: int, kind: str, since: date) -> Iterator[Any]:
    yield from connection.execute(_SPANS, {"key": key, "kind": kind, "since": day_micros(since)})


def _input_days(connection: Connection, key: int, since: date) -> Iterator[InputDay]:
    # A day is told anew with each report in which it grew; which one was the last of it, only all of them say.
    for row in _spans_of(connection, key, "input_source", since):
        if b'"input_day"' in row.item:
            with suppress(msgspec.ValidationError):  # a newer agent's; what is known of other days stands
                yield _input_day.decode(row.item)


def _sessions(connection: Connection, key: int, since: date) -> Iterator[Span]:
    for row in _spans_of(connection, key, "sessions", since):
        with suppress(msgspec.ValidationError):
            yield Span(
                kind="sessions",
                item=_session.decode(row.item),
                seen_from=moment(row.seen_from),
                seen_until=None if row.seen_until is None else moment(row.seen_until),
                from_start=bool(row.from_start),
            )


def _parts(devices: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(devices), AT_ONCE):
        yield devices[start : start + AT_ONCE]


def farms(
    connection: Connection, states: Sequence[FarmState], minimum: AttentionLevel, limit: int, after: int
) -> list[Farm]:
    """Returns farms by points, highest first."""
    table = tf.farm
    query = select(table).where(table.c.state.in_(states))
    if minimum != "none":
        least = level_rank(minimum)
        query = query.where(table.c.level.in_([level for level in _LEVELS if level_rank(level) >= least]))
    if after:
        last = connection.execute(select(table.c.points).where(table.c.id == after)).scalar()
        if last is not None:
            query = query.where(or_(table.c.points < last, and_(table.c.points == last, table.c.id > after)))
    return _all(connection, query.order_by(table.c.points.desc(), table.c.id).limit(limit))


def farm(connection: Connection, number: int) -> Farm | None:
    """Returns one farm."""
    found = _all(connection, select(tf.farm).where(tf.farm.c.id == number))
    return found[0] if found else None


def farms_of(connection: Connection, device: str) -> list[Farm]:
    """Returns the farms that a device belongs to now, by points."""
    table, member = tf.farm, tf.farm_member
    query = (
        select(table)
        .join(member, member.c.farm_id == table.c.id)
        .join(t.device, t.device.c.key == member.c.device_key)
        .where(t.device.c.device == device, member.c.left_at.is_(None), table.c.state != "ended")
        .order_by(table.c.points.desc(), table.c.id)
    )
    return _all(connection, query)


def _all(connection: Connection, query: Select[Any]) -> list[Farm]:
    rows = connection.execute(query).all()
    numbers = case_numbers(connection, [row.id for row in rows])
    return [farm_from(row, numbers.get(row.id)) for row in rows]


def farm_from(row: Row[Any], case: int | None = None) -> Farm:
    """Returns a row as a farm. What the columns say holds: the number of a new one is not known to its body."""
    return msgspec.structs.replace(_farms.decode(row.body), id=row.id, state=row.state, into=row.into, case=case)


def case_numbers(connection: Connection, farms: Sequence[int]) -> dict[int, int]:
    """Returns the number of each farm's open case, else of its latest one."""
    head = t.case_head
    found: dict[int, int] = {}
    for start in range(0, len(farms), AT_ONCE):
        chosen = head.c.farm_id.in_(farms[start : start + AT_ONCE])
        query = select(head.c.farm_id, head.c.id).where(chosen).order_by(head.c.closed_at.is_(None), head.c.id)
        found |= {row.farm_id: row.id for row in connection.execute(query)}
    return found


def history(connection: Connection, number: int) -> list[FarmEvent]:
    """Returns what happened to a farm, oldest first."""
    event = tf.farm_event
    query = select(event).where(event.c.farm_id == number).order_by(event.c.id)
    return [
        FarmEvent(at=moment(row.at), actor=row.actor, action=row.action, words=row.words)
        for row in connection.execute(query)
    ]


def labels(connection: Connection, on: date | None) -> list[Label]:
    """Returns words on values, newest first."""
    table = tf.value_label
    query = select(table).order_by(table.c.id.desc())
    if on is not None:
        query = query.where(table.c.until >= day_micros(on), table.c.ended_at.is_(None))
    return [label_from(row) for row in connection.execute(query)]


def label_from(row: Row[Any]) -> Label:
    """Returns a row as a label; one that was ended held until the day before."""
    label = _labels.decode(row.body)
    until = label.until
    if row.ended_at is not None:
        until = min(until, moment(row.ended_at).date() - timedelta(days=1))
    return msgspec.structs.replace(label, id=row.id, until=until)


def day_micros(day: date) -> int:
    """Returns the beginning of a day as the store keeps times."""
    return micros(datetime.combine(day, time(), tzinfo=UTC))
