"""What is read, in SQLAlchemy Core, on a reader's own connection."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, cast

import msgspec
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    func,
    or_,
    select,
    tuple_,
)

from farmwatch_detectors.policy import RosterEntry
from farmwatch_detectors.view import DeviceView, ReportEvent, Reporting, SectionView, Span
from farmwatch_schema.codec import MAX_ITEMS, decode_items
from farmwatch_schema.finding import Finding
from farmwatch_schema.observables import Observable
from farmwatch_schema.report import Outcome

from ..assessment import THRESHOLDS, Assessment, AttentionLevel
from ..hearing import EVENTS_SINCE, reporting_of, unpacked
from ..history import MISSING, section_view
from . import network_reading, place_reading
from . import tables as t
from .bundles import section_times
from .case_following import expectations
from .people import at_devices, roster_rows, same_laptop
from .protocol import Device, DeviceEvent, DeviceRow, SectionRow, TokenRow
from .times import micros, moment

HISTORY = timedelta(days=180)
MAX_SPANS = 20_000
MAX_SPANS_OF_A_KIND = 6_000
"""What is still there first, then what began last: noise in one kind hides neither that nor another kind's past."""

_assessments = msgspec.json.Decoder(Assessment)
_findings = msgspec.json.Decoder(Finding)
_entries = msgspec.json.Decoder(RosterEntry)
_RANK: dict[AttentionLevel, int] = {level: rank for rank, (level, _) in enumerate(reversed(THRESHOLDS))}


def _device(row: Row[Any]) -> Device:
    return Device(
        device=row.device,
        name=row.name,
        platform=row.platform,
        public_key=bytes(row.public_key),
        enrolled_at=moment(row.enrolled_at),
        epoch=row.epoch,
        mark=row.mark,
        last_digest=bytes(row.last_digest or b"").hex(),
        last_seen_at=None if row.last_seen_at is None else moment(row.last_seen_at),
        clock_offset_seconds=row.clock_offset,
        agent_version=row.agent_version,
        revoked=bool(row.revoked),
    )


_DEVICE = (
    t.device,
    t.device_state.c.epoch,
    t.device_state.c.mark,
    t.device_state.c.last_digest,
    t.device_state.c.last_seen_at,
    t.device_state.c.clock_offset,
    t.device_state.c.agent_version,
    t.device_state.c.problem,
)


def devices(connection: Connection) -> list[Device]:
    """Returns every device in order of enrolment."""
    query = select(*_DEVICE).join(t.device_state, t.device_state.c.device_key == t.device.c.key)
    return [_device(row) for row in connection.execute(query.order_by(t.device.c.key))]


def tokens(connection: Connection) -> list[TokenRow]:
    """Returns every token, newest first."""
    return [
        TokenRow(
            label=row.label,
            uses=row.uses,
            used=row.used,
            created_at=moment(row.created_at),
            expires_at=moment(row.expires_at),
            last_used_at=None if row.last_used_at is None else moment(row.last_used_at),
        )
        for row in connection.execute(select(t.token).order_by(t.token.c.id.desc()))
    ]


def setting(connection: Connection, name: str) -> bytes | None:
    """Returns a setting's value."""
    found = connection.execute(select(t.setting.c.value).where(t.setting.c.name == name)).scalar()
    return None if found is None else bytes(found)


def due(connection: Connection, now: datetime, limit: int) -> list[str]:
    """Returns devices whose time has come."""
    state = t.device_state
    query = (
        select(t.device.c.device)
        .join(state, state.c.device_key == t.device.c.key)
        .where(state.c.due_at <= micros(now))
        .order_by(state.c.due_at)
        .limit(limit)
    )
    return list(connection.execute(query).scalars())


def next_due(connection: Connection) -> datetime | None:
    """Returns the earliest due time."""
    found = connection.execute(select(func.min(t.device_state.c.due_at))).scalar()
    return None if found is None else moment(found)


def outdated(connection: Connection, versions: str) -> list[str]:
    """Returns devices that other versions judged last."""
    query = select(t.device.c.device).join(t.assessment, t.assessment.c.device_key == t.device.c.key)
    return list(connection.execute(query.where(t.assessment.c.versions != versions)).scalars())


# A view is read for every judgement: building its statements anew each time cost more than running them.
_KEY: "BindParameter[int]" = bindparam("key")
_SINCE: "BindParameter[int]" = bindparam("since")
_HEAD = (
    select(t.device.c.key, t.device.c.enrolled_at, t.device_state)
    .join(t.device_state, t.device_state.c.device_key == t.device.c.key)
    .where(t.device.c.device == bindparam("device"))
)
_OPEN_SECTIONS = (
    select(t.section_span, t.section_content.c.content)
    .outerjoin(
        t.section_content,
        and_(
            t.section_content.c.device_key == t.section_span.c.device_key,
            t.section_content.c.kind == t.section_span.c.kind,
            t.section_content.c.digest == t.section_span.c.digest,
        ),
    )
    .where(t.section_span.c.device_key == _KEY, t.section_span.c.seen_until.is_(None))
    .order_by(t.section_span.c.kind)
)
_NEWEST_SAMPLE = (
    select(t.sample.c.content)
    .where(t.sample.c.device_key == _KEY, t.sample.c.kind == bindparam("kind"))
    .order_by(t.sample.c.id.desc())
    .limit(1)
)
_OPEN_FINDINGS = select(t.finding_span.c.body).where(
    t.finding_span.c.device_key == _KEY, t.finding_span.c.seen_until.is_(None)
)
_EVENTS = select(t.device_event).where(t.device_event.c.device_key == _KEY, t.device_event.c.last_at >= _SINCE)


class _Content(msgspec.Struct):
    """An open section with its content and times, as pages and detectors share it."""

    kind: str
    outcome: str
    reason: str
    digest: bytes
    since: int
    observed: int
    items: bytes
    missing: bool


def _contents(connection: Connection, key: int, times_blob: bytes | None) -> list[_Content]:
    times = section_times(times_blob)
    found: list[_Content] = []
    for row in connection.execute(_OPEN_SECTIONS, {"key": key}):
        items: bytes = row.content or b""
        if not row.digest:
            items = connection.execute(_NEWEST_SAMPLE, {"key": key, "kind": row.kind}).scalar() or b""
        observed = times.get(row.kind, (row.seen_from, 0, False))[0]
        missing = bool(row.digest) and row.content is None
        found.append(
            _Content(
                row.kind, row.outcome, row.reason, row.digest, row.seen_from, observed, bytes(items) or b"[]", missing
            )
        )
    return found


def view(connection: Connection, device: str, now: datetime) -> DeviceView | None:
    """Returns a device as detectors see it; content that never came makes its section `broken`, not empty."""
    head = connection.execute(_HEAD, {"device": device}).first()
    if head is None:
        return None
    sections: dict[str, SectionView] = {}
    for one in _contents(connection, head.key, head.sections):
        outcome = cast("Outcome", one.outcome)  # ingest took nothing else
        observed = moment(one.observed)
        sections[one.kind] = section_view(one.kind, outcome, observed, one.items, one.reason, missing=one.missing)
    history: dict[str, list[Span]] = {}
    for span in _spans(connection, head.key, micros(now - HISTORY)):
        history.setdefault(span.kind, []).append(span)
    bodies = connection.execute(_OPEN_FINDINGS, {"key": head.key}).scalars()
    return DeviceView(
        device=device,
        now=now,
        enrolled_at=moment(head.enrolled_at),
        sections=sections,
        history={kind: tuple(reversed(spans)) for kind, spans in history.items()},
        levels=tuple(_findings.decode(body) for body in bodies),
        expectations=expectations(connection, head.key, now),
        reporting=_reporting(connection, head, now),
        samples=place_reading.samples(connection, head.key, now),
        egress=network_reading.egress(connection, head.key, now),
    )


def _reporting(connection: Connection, head: Row[Any], now: datetime) -> Reporting | None:
    if head.last_seen_at is None:
        return None
    rows = connection.execute(_EVENTS, {"key": head.key, "since": micros(now - EVENTS_SINCE)})
    events = [
        ReportEvent(
            kind=row.kind,
            count=row.times,
            detail=row.detail,
            first_at=moment(row.first_at),
            last_at=moment(row.last_at),
        )
        for row in rows
    ]
    return reporting_of(unpacked(head.hearing), now, moment(head.last_seen_at), events, head.clock_offset)


def _span_queries(changes_only: bool) -> tuple[Select[Any], Select[Any]]:
    """Returns the query for a device with few spans, and the one that gives each kind its share of many."""
    span = t.observable_span
    closed_since = span.c.seen_until >= _SINCE
    there: ColumnElement[bool] = or_(span.c.seen_until.is_(None), closed_since)
    if changes_only:
        there = or_(and_(span.c.seen_from >= _SINCE, span.c.from_start == 0), closed_since)
    mine = and_(span.c.device_key == _KEY, there)
    newest = (span.c.seen_until.is_(None).desc(), span.c.seen_from.desc(), span.c.id.desc())
    columns = (span.c.kind, span.c.item, span.c.seen_from, span.c.seen_until, span.c.from_start)
    ranked = (
        select(span.c.id, func.row_number().over(partition_by=span.c.kind, order_by=newest).label("rank"))
        .where(mine)
        .subquery()
    )
    few = select(*columns).where(mine).order_by(*newest).limit(MAX_SPANS_OF_A_KIND + 1)
    many = (
        select(*columns)
        .join(ranked, ranked.c.id == span.c.id)
        .where(ranked.c.rank <= MAX_SPANS_OF_A_KIND)
        .order_by(*newest)
        .limit(MAX_SPANS)
    )
    return few, many


_SPANS, _CHANGES = _span_queries(changes_only=False), _span_queries(changes_only=True)


def _spans(connection: Connection, key: int, since: int, changes_only: bool = False) -> list[Span]:
    """Returns spans that were there at or after `since`, those that began last first."""
    few, many = _CHANGES if changes_only else _SPANS
    values = {"key": key, "since": since}
    rows = [tuple(row) for row in connection.execute(few, values).all()]
    if len(rows) > MAX_SPANS_OF_A_KIND:
        rows = [tuple(row) for row in connection.execute(many, values).all()]
    rows.sort(key=lambda row: row[2], reverse=True)
    items = _decoded([row[:2] for row in rows])
    return [
        Span(
            kind=kind,
            item=item,
            seen_from=moment(begun),
            seen_until=None if ended is None else moment(ended),
            from_start=bool(from_start),
        )
        for (kind, _, begun, ended, from_start), item in zip(rows, items, strict=True)
    ]


def _decoded(stored: Sequence[tuple[str, bytes]]) -> list[Observable]:
    """Returns observables in the order given, decoded by the thousand of one kind."""
    places: dict[str, list[int]] = {}
    for place, (kind, _) in enumerate(stored):
        places.setdefault(kind, []).append(place)
    found: dict[int, Observable] = {}
    for kind, each in places.items():
        for start in range(0, len(each), MAX_ITEMS):
            part = each[start : start + MAX_ITEMS]
            array = b"[" + b",".join(stored[place][1] for place in part) + b"]"
            found.update(zip(part, decode_items(kind, array), strict=True))
    return [found[place] for place in range(len(stored))]


def sections(connection: Connection, device: str) -> list[SectionRow]:
    """Returns the latest section of each kind."""
    head = connection.execute(
        select(t.device.c.key, t.device_state.c.sections)
        .join(t.device_state, t.device_state.c.device_key == t.device.c.key)
        .where(t.device.c.device == device)
    ).first()
    if head is None:
        return []
    return [
        SectionRow(
            kind=one.kind,
            outcome=one.outcome,
            reason=MISSING if one.missing else one.reason,
            observed_at=moment(one.observed),
            since=moment(one.since),
            digest=one.digest.hex(),
            items=one.items,
            missing=one.missing,
        )
        for one in _contents(connection, head.key, head.sections)
    ]


def timeline(connection: Connection, device: str, since: datetime) -> list[Span]:
    """Returns what appeared or went away, newest change first."""
    key = connection.execute(select(t.device.c.key).where(t.device.c.device == device)).scalar()
    if key is None:
        return []
    spans = _spans(connection, key, micros(since), changes_only=True)
    return sorted(spans, key=lambda span: span.seen_until or span.seen_from, reverse=True)


def events(connection: Connection, device: str) -> list[DeviceEvent]:
    """Returns a device's events, newest first."""
    event = t.device_event
    query = (
        select(event)
        .join(t.device, t.device.c.key == event.c.device_key)
        .where(t.device.c.device == device)
        .order_by(event.c.last_at.desc())
    )
    return [
        DeviceEvent(
            kind=row.kind,
            count=row.times,
            detail=row.detail,
            first_at=moment(row.first_at),
            last_at=moment(row.last_at),
        )
        for row in connection.execute(query)
    ]


def roster(connection: Connection) -> dict[str, RosterEntry]:
    """Returns the roster by device id; by `serial:<digest>` for laptops that have not reported theirs."""
    return at_devices(connection, roster_rows(connection))


def _rows() -> Select[Any]:
    return (
        select(*_DEVICE, t.assessment.c.body, t.roster.c.body.label("entry"))
        .join(t.device_state, t.device_state.c.device_key == t.device.c.key)
        .outerjoin(t.assessment, t.assessment.c.device_key == t.device.c.key)
        .outerjoin(t.roster, same_laptop())
    )


def _row(row: Row[Any]) -> DeviceRow:
    return DeviceRow(
        device=_device(row),
        assessment=None if row.body is None else _assessments.decode(row.body),
        cohort="" if row.entry is None else _entries.decode(row.entry).cohort,
        problem=row.problem,
    )


def matches(search: str) -> ColumnElement[bool]:
    """Returns whether a device's id or name, or what the roster says of its person, holds a text."""
    text = search.lower()
    return or_(
        *(
            func.lower(column).contains(text, autoescape=True)
            for column in (t.device.c.device, t.device.c.name, t.roster.c.words)
        )
    )


def rows(
    connection: Connection,
    minimum: AttentionLevel | Literal["unjudged"],
    limit: int,
    search: str,
    after: str = "",
) -> list[DeviceRow]:
    """Returns devices by points, those without any last; `after` is the device before the first of them."""
    query = _rows()
    if minimum == "unjudged":
        query = query.where(t.assessment.c.points.is_(None))
    elif minimum != "none":
        levels = [level for level, rank in _RANK.items() if rank >= _RANK[minimum]]
        query = query.where(t.assessment.c.attention.in_(levels))
    if search:
        query = query.where(matches(search))
    last = device(connection, after) if after else None
    if last is not None:
        place = (t.device.c.name, t.device.c.device)
        behind = tuple_(*place) > tuple_(last.device.name, last.device.device)
        points = t.assessment.c.points
        if last.assessment is None:
            query = query.where(points.is_(None), behind)
        else:
            mark = last.assessment.points
            query = query.where(or_(points.is_(None), points < mark, and_(points == mark, behind)))
    query = query.order_by(t.assessment.c.points.desc().nulls_last(), t.device.c.name, t.device.c.device)
    return [_row(row) for row in connection.execute(query.limit(limit))]


def counts(connection: Connection, search: str) -> "dict[AttentionLevel | Literal['unjudged'], int]":
    """Returns how many devices stand at each level."""
    query = (
        select(t.assessment.c.attention, func.count())
        .select_from(t.device)
        .outerjoin(t.assessment, t.assessment.c.device_key == t.device.c.key)
        .outerjoin(t.roster, same_laptop())
        .group_by(t.assessment.c.attention)
    )
    if search:
        query = query.where(matches(search))
    found: dict[AttentionLevel | Literal["unjudged"], int] = {level: 0 for level, _ in THRESHOLDS}
    found["unjudged"] = 0
    for level, count in connection.execute(query):
        found[level or "unjudged"] = count
    return found


def device(connection: Connection, device_id: str) -> DeviceRow | None:
    """Returns one device."""
    row = connection.execute(_rows().where(t.device.c.device == device_id)).first()
    return None if row is None else _row(row)
