"""What is read of cases, on a reader's own connection."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, Select, Text, and_, cast, func, literal, or_, select

from ..assessment import AttentionLevel, level_rank
from ..cases import AuditLine, Case, CaseEvent, CaseState, Standing
from . import tables as t
from . import tables_farms as tf
from .case_following import case_from
from .farm_following import members
from .people import same_laptop
from .reading import matches
from .times import moment

_POINTS = func.coalesce(t.assessment.c.points, tf.farm.c.points, t.case_head.c.points)
_NAME = func.coalesce(t.device.c.name, literal("farm ").concat(cast(t.case_head.c.farm_id, Text)))
_LEVELS: tuple[AttentionLevel, ...] = ("none", "watch", "review", "urgent", "near_certain")


def _cases() -> Select[Any]:
    head = t.case_head
    return (
        select(
            head,
            t.device.c.device,
            _NAME.label("name"),
            func.coalesce(t.assessment.c.points, tf.farm.c.points).label("points_now"),
            func.coalesce(t.assessment.c.attention, tf.farm.c.level).label("level_now"),
        )
        .outerjoin(t.device, t.device.c.key == head.c.device_key)
        .outerjoin(t.assessment, t.assessment.c.device_key == head.c.device_key)
        .outerjoin(tf.farm, tf.farm.c.id == head.c.farm_id)
    )


def _case(row: Row[Any], members: tuple[str, ...] = ()) -> Case:
    case = case_from(row, row.device, members)
    return msgspec.structs.replace(case, name=row.name, points_now=row.points_now, level_now=row.level_now)


class Wanted(msgspec.Struct, frozen=True):
    """Which cases, as `CaseStore.cases` is asked for them."""

    states: Sequence[CaseState]
    minimum: AttentionLevel
    owners: Sequence[str] | None
    standing: Standing | None
    search: str


def cases(connection: Connection, wanted: Wanted, limit: int, after: int) -> list[Case]:
    """Returns cases by their device's or farm's points now, highest first."""
    head = t.case_head
    query = _cases().where(head.c.state.in_(wanted.states))
    if wanted.minimum != "none":
        least = level_rank(wanted.minimum)
        query = query.where(head.c.level.in_([level for level in _LEVELS if level_rank(level) >= least]))
    if wanted.owners is not None:
        query = query.where(head.c.owner.in_(wanted.owners))
    if wanted.standing is not None:
        query = query.where(head.c.standing == wanted.standing, head.c.state != "closed")
    if wanted.search:
        query = query.where(_matching(wanted.search))
    if after:
        last = connection.execute(_cases().add_columns(_POINTS.label("mark")).where(head.c.id == after)).first()
        if last is not None:
            query = query.where(or_(last.mark > _POINTS, and_(last.mark == _POINTS, head.c.id > after)))
    rows = connection.execute(query.order_by(_POINTS.desc(), head.c.id).limit(limit)).all()
    return [_case(row, members(connection, row.id) if row.farm_id is not None else ()) for row in rows]


def _matching(search: str) -> ColumnElement[bool]:
    """Whether a case is about a device that the text is found in, or is that farm's."""
    member = t.case_member
    about = (
        select(member.c.case_id)
        .join(t.device, t.device.c.key == member.c.device_key)
        .outerjoin(t.roster, same_laptop())
        .where(matches(search))
        .correlate(None)
    )
    farms = and_(t.case_head.c.kind == "farm", _NAME.in_([search.strip().lower()]))
    return or_(t.case_head.c.id.in_(about), farms)


def case(connection: Connection, number: int) -> Case | None:
    """Returns one case with its members."""
    row = connection.execute(_cases().where(t.case_head.c.id == number)).first()
    if row is None:
        return None
    return _case(row, members(connection, number))


def cases_of(connection: Connection, device: str) -> list[Case]:
    """Returns a device's own cases, the latest first."""
    query = _cases().where(t.device.c.device == device).order_by(t.case_head.c.id.desc())
    return [_case(row) for row in connection.execute(query)]


def counts(connection: Connection) -> dict[str, int]:
    """Returns how many cases stand at each state, and of those not closed, at each standing and without owner."""
    head = t.case_head
    grouped = select(head.c.state, head.c.standing, head.c.owner == "", func.count()).group_by(
        head.c.state, head.c.standing, head.c.owner == ""
    )
    words = ("open", "waiting", "closed", "new", "ongoing", "returned", "escalating", "unassigned")
    found = dict.fromkeys(words, 0)
    for state, standing, unassigned, count in connection.execute(grouped):
        found[state] += count
        if state != "closed":
            found[standing] += count
            found["unassigned"] += count if unassigned else 0
    return found


def history(connection: Connection, number: int) -> list[CaseEvent]:
    """Returns what happened to a case, oldest first."""
    event = t.case_event
    query = select(event).where(event.c.case_id == number).order_by(event.c.id)
    return [
        CaseEvent(at=moment(row.at), actor=row.actor, action=row.action, words=row.words)
        for row in connection.execute(query)
    ]


def audit(connection: Connection, subject: str, limit: int, before: int) -> list[AuditLine]:
    """Returns lines of the audit log, newest first."""
    query = select(t.audit).order_by(t.audit.c.id.desc()).limit(limit)
    if subject:
        query = query.where(t.audit.c.subject == subject)
    if before:
        query = query.where(t.audit.c.id < before)
    return [
        AuditLine(
            id=row.id,
            at=moment(row.at),
            actor=row.actor,
            action=row.action,
            subject=row.subject,
            before=row.before,
            after=row.after,
        )
        for row in connection.execute(query)
    ]
