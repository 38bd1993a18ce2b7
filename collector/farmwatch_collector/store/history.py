"""What was stated and how it stood over time, device by device: what `farmwatch backtest` replays."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, or_, select

from farmwatch_detectors.policy import RosterEntry
from farmwatch_schema.finding import Finding

from . import tables as t
from .protocol_history import ClosedCase, DeviceHistory, FindingSpan, LevelSpan, Stood
from .reading import roster
from .times import micros, moment

AT_ONCE = 500


_findings = msgspec.json.Decoder(Finding)
_levels = msgspec.json.Decoder(Stood)

_HEADS = select(
    t.device.c.key, t.device.c.device, t.device.c.name, t.device.c.enrolled_at, t.assessment.c.at
).outerjoin(t.assessment, t.assessment.c.device_key == t.device.c.key)


def histories(connection: Connection, since: datetime, after: str = "") -> Iterator[DeviceHistory]:
    """Yields every device in order of enrolment, with spans that held at or after `since`.

    after  the device before the first one wanted; "" for all
    """
    entries = roster(connection)
    last = 0
    if after:
        last = connection.execute(select(t.device.c.key).where(t.device.c.device == after)).scalar() or 0
    while True:
        part = list(connection.execute(_HEADS.where(t.device.c.key > last).order_by(t.device.c.key).limit(AT_ONCE)))
        if not part:
            return
        last = part[-1].key
        yield from _of(connection, part, entries, since)


def _of(
    connection: Connection, part: Sequence[Any], entries: Mapping[str, RosterEntry], since: datetime
) -> Iterator[DeviceHistory]:
    first, last = part[0].key, part[-1].key
    findings = _spans(connection, t.finding_span, first, last, micros(since))
    levels = _spans(connection, t.level_span, first, last, micros(since))
    closed = _closed(connection, first, last)
    for head in part:
        yield DeviceHistory(
            device=head.device,
            name=head.name,
            enrolled_at=moment(head.enrolled_at),
            judged_at=None if head.at is None else moment(head.at),
            roster=entries.get(head.device),
            findings=tuple(
                FindingSpan(_findings.decode(body), moment(begun), _end(ended))
                for _, body, begun, ended in findings.get(head.key, ())
            ),
            levels=tuple(
                LevelSpan(_levels.decode(body), moment(begun), _end(ended))
                for _, body, begun, ended in levels.get(head.key, ())
            ),
            closed=tuple(closed[head.key]),
        )


def _end(at: int | None) -> datetime | None:
    return None if at is None else moment(at)


def _spans(connection: Connection, table: Table, first: int, last: int, since: int) -> dict[int, list[Any]]:
    query = (
        select(table.c.device_key, table.c.body, table.c.seen_from, table.c.seen_until)
        .where(table.c.device_key.between(first, last), or_(table.c.seen_until.is_(None), table.c.seen_until >= since))
        .order_by(table.c.id)
    )
    found: dict[int, list[Any]] = defaultdict(list)
    for row in connection.execute(query).all():
        found[row[0]].append(row)
    return found


def _closed(connection: Connection, first: int, last: int) -> dict[int, list[ClosedCase]]:
    head, member = t.case_head, t.case_member
    query = (
        select(member.c.device_key, head.c.id, head.c.opened_at, head.c.closed_at, head.c.closed_as)
        .join(member, member.c.case_id == head.c.id)
        .where(member.c.device_key.between(first, last), head.c.closed_at.is_not(None), head.c.closed_as != "")
        .where(head.c.kind == "device")  # how a farm was judged tells nothing of each laptop's own evidence
        .order_by(head.c.id)
    )
    found: dict[int, list[ClosedCase]] = defaultdict(list)
    for row in connection.execute(query):
        case = ClosedCase(row.id, moment(row.opened_at), moment(row.closed_at), row.closed_as)
        found[row.device_key].append(case)
    return found
