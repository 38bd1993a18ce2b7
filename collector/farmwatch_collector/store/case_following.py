"""What a judgement does to a device's case, in the transaction that saves the judgement.

`cases.follow` decides, this applies: a case is inserted only where none is open and changed only at the version
that was read, so that two evaluations at once open one case and tell of it once.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, exists, insert, literal, select, update

from farmwatch_detectors.policy import Expectation

from ..assessment import Assessment
from ..cases import EVALUATION, Case, Followed, follow
from ..expectations import expected
from . import tables as t
from .protocol_cases import NoticeBody
from .times import micros, moment


def follow_case(connection: Connection, key: int, result: Assessment, channels: Sequence[str]) -> datetime | None:
    """Applies what a judgement means for the device's case; returns when it must be judged again for it."""
    last = latest(connection, key, result.device)
    stale = False
    if last is not None and last.state == "closed":
        held = expectations(connection, key, result.at)
        known = {group for each in held for group in each.groups}
        new = any(level.group not in known for level in result.groups if level.bits > 0 or level.floor)
        stale = not new and any(expected(finding, held, result.at) for finding in result.findings)
    done = follow(result, last, stale=stale)
    if done is None:
        return None
    apply(connection, done, last, [key], channels)
    return done.wake_at


def apply(
    connection: Connection, done: Followed, last: Case | None, keys: Sequence[int], channels: Sequence[str]
) -> None:
    """Opens the case, or changes the one before. keys: of its devices, which a new case has as members."""
    if done.opens:
        _open(connection, keys, done, channels)
    elif last is not None:
        _change(connection, last, done)


def case_from(row: Row[Any], device: str | None, members: tuple[str, ...] = ()) -> Case:
    """Returns a row of case_head as a case; `device` is None of a farm's."""
    return Case(
        id=row.id,
        kind=row.kind,
        farm=row.farm_id,
        device=device or "",
        state=row.state,
        standing=row.standing,
        level=row.level,
        points=row.points,
        groups=tuple(row.groups.split()),
        evidence=row.evidence,
        sentence=row.sentence,
        opened_at=moment(row.opened_at),
        changed_at=moment(row.changed_at),
        version=row.version,
        owner=row.owner,
        waiting_on=row.waiting_on,
        previous=row.previous,
        low_since=None if row.low_since is None else moment(row.low_since),
        closed_at=None if row.closed_at is None else moment(row.closed_at),
        closed_as=row.closed_as,
        reason=row.reason,
        until=None if row.until is None else moment(row.until),
        rest=row.rest,
        fell=bool(row.fell),
        members=members or ((device,) if device else ()),
    )


# Made once: building a statement anew for each judgement cost more than running it.
_LATEST = (
    select(t.case_head)
    .where(t.case_head.c.device_key == bindparam("key"))
    .order_by(t.case_head.c.closed_at.is_(None).desc(), t.case_head.c.id.desc())
    .limit(1)
)


def latest(connection: Connection, key: int, device: str) -> Case | None:
    """Returns a device's open case, else the one closed last."""
    row = connection.execute(_LATEST, {"key": key}).first()
    return None if row is None else case_from(row, device)


# Asked with every view: made once.
_EXPECTATIONS = (
    select(t.expectation)
    .where(t.expectation.c.device_key == bindparam("key"), t.expectation.c.until > bindparam("now"))
    .order_by(t.expectation.c.id)
)


def expectations(connection: Connection, key: int, now: datetime) -> tuple[Expectation, ...]:
    """Returns what closed cases say may be there on a device now."""
    return tuple(
        Expectation(
            detector=row.detector,
            subject=row.subject,
            fingerprint=row.fingerprint,
            level=row.level,
            group=row.group,
            groups=tuple(row.groups.split()),
            until=moment(row.until),
            owner=row.owner,
            reason=row.reason,
            case=row.case_id,
        )
        for row in connection.execute(_EXPECTATIONS, {"key": key, "now": micros(now)})
    )


def _values(case: Case) -> dict[str, object]:
    """Returns the columns that a judgement may change."""
    return {
        "standing": case.standing,
        "level": case.level,
        "points": case.points,
        "groups": " ".join(case.groups),
        "evidence": case.evidence,
        "sentence": case.sentence,
        "version": case.version,
        "changed_at": micros(case.changed_at),
        "low_since": None if case.low_since is None else micros(case.low_since),
        "rest": case.rest,
        "fell": int(case.fell),
    }


def _open(connection: Connection, keys: Sequence[int], done: Followed, channels: Sequence[str]) -> None:
    case, head = done.case, t.case_head
    about = head.c.device_key == keys[0] if case.kind == "device" else head.c.farm_id == case.farm
    values = {
        **_values(case),
        "kind": case.kind,
        "device_key": keys[0] if case.kind == "device" else None,
        "farm_id": case.farm,
        "state": case.state,
        "previous": case.previous,
        "opened_at": micros(case.opened_at),
    }
    taken = exists().where(about, head.c.closed_at.is_(None))
    row = select(*(literal(value, head.c[name].type) for name, value in values.items())).where(~taken)
    number = connection.execute(insert(head).from_select(list(values), row).returning(head.c.id)).scalar()
    if number is None:
        return  # another evaluation has opened it
    at = micros(case.opened_at)
    add_members(connection, number, keys, at)
    tell(connection, number, case.opened_at, EVALUATION, done.action, done.words, after=case.level)
    body = NoticeBody(
        event=f"case_{done.action}",
        case=number,
        device=case.device,
        level=case.level,
        points=case.points,
        groups=case.groups,
        sentence=case.sentence,
        at=case.opened_at,
        farm=case.farm or 0,
        members=case.members if case.kind == "farm" else (),
    )
    for channel in channels:
        connection.execute(
            insert(t.notice).values(
                name=f"fw-{uuid.uuid4().hex}",
                case_id=number,
                channel=channel,
                body=msgspec.json.encode(body),
                made_at=at,
                due_at=at,
            )
        )


def add_members(connection: Connection, case: int, keys: Sequence[int], at: int) -> None:
    """Adds devices to those that a case is about. at: microseconds."""
    if keys:
        rows = [{"case_id": case, "device_key": key, "added_at": at} for key in keys]
        connection.execute(insert(t.case_member), rows)


def _change(connection: Connection, last: Case, done: Followed) -> None:
    head = t.case_head
    changed = connection.execute(
        update(head).where(head.c.id == last.id, head.c.version == last.version).values(**_values(done.case))
    )
    if changed.rowcount == 1 and done.action:
        before, after = (f"{each.standing} {each.level} {each.points}" for each in (last, done.case))
        tell(connection, last.id, done.case.changed_at, EVALUATION, done.action, done.words, before, after)


def tell(
    connection: Connection,
    case: int,
    at: datetime,
    actor: str,
    action: str,
    words: str,
    before: str = "",
    after: str = "",
) -> None:
    """Adds a line to a case's history, and the same to the audit log with what it changed."""
    connection.execute(
        insert(t.case_event).values(case_id=case, at=micros(at), actor=actor, action=action, words=words)
    )
    connection.execute(
        insert(t.audit).values(
            at=micros(at),
            actor=actor,
            action=f"case {action}",
            subject=f"case {case}",
            before=before,
            after=after,
        )
    )
