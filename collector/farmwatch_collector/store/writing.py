"""What is written beside reports, in SQLAlchemy Core, inside the writer's transaction."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import (
    Connection,
    Exists,
    Select,
    Table,
    and_,
    bindparam,
    case,
    delete,
    exists,
    insert,
    or_,
    select,
    update,
)

from farmwatch_detectors.policy import RosterEntry

from ..assessment import Assessment
from . import people
from . import tables as t
from . import tables_farms as t_farms
from .case_following import follow_case
from .protocol import Device, TokenError
from .times import micros

_DAY = 86_400_000_000


def _open_spans(span: Table) -> Select[Any]:
    return select(span).where(span.c.device_key == bindparam("key"), span.c.seen_until.is_(None))


# What every judgement asks and writes is made once: building it anew cost more than running it.
_KEY = select(t.device.c.key).where(t.device.c.device == bindparam("name"))
_OPEN_FINDINGS = _open_spans(t.finding_span)
_OPEN_LEVELS = _open_spans(t.level_span)
_REPLACE_ASSESSMENT = (
    update(t.assessment)
    .where(t.assessment.c.device_key == bindparam("key"))
    .values({name: bindparam(name) for name in ("at", "points", "attention", "body", "versions")})
)
_JUDGED = (
    update(t.device_state)
    .where(t.device_state.c.device_key == bindparam("key"))
    .values(
        due_at=case(
            (t.device_state.c.changed_at >= bindparam("judged_at"), t.device_state.c.changed_at),
            else_=bindparam("next_at"),
        ),
        problem="",
    )
)


def _now() -> int:
    return micros(datetime.now(UTC))


def add_token(connection: Connection, digest: str, label: str, uses: int, expires_at: datetime) -> None:
    """Stores a token by its digest."""
    connection.execute(
        insert(t.token).values(
            digest=digest, label=label, uses=uses, created_at=_now(), expires_at=micros(expires_at), used=0
        )
    )


def enrol(connection: Connection, token_digest: str, device: Device) -> None:
    """Uses up one use and adds the device; the update's row count decides, so that two cannot take the last use."""
    now = micros(device.enrolled_at)
    taken = connection.execute(
        update(t.token)
        .where(t.token.c.digest == token_digest, t.token.c.used < t.token.c.uses, t.token.c.expires_at > now)
        .values(used=t.token.c.used + 1, last_used_at=now)
    )
    if taken.rowcount != 1:
        row = connection.execute(select(t.token).where(t.token.c.digest == token_digest)).first()
        if row is None:
            raise TokenError("This enrolment token is not known here. Ask for a new one: farmwatch tokens new.")
        if row.used >= row.uses:
            raise TokenError(f"All {row.uses} uses of this enrolment token are used up. Ask for a new one.")
        raise TokenError("This enrolment token has expired. Ask for a new one.")
    key = connection.execute(
        insert(t.device)
        .values(
            device=device.device,
            name=device.name,
            platform=device.platform,
            public_key=device.public_key,
            enrolled_at=now,
            revoked=int(device.revoked),
        )
        .returning(t.device.c.key)
    ).scalar_one()
    connection.execute(
        insert(t.device_state).values(device_key=key, agent_version=device.agent_version, changed_at=now)
    )


def revoke(connection: Connection, device: str) -> None:
    """Marks a device as revoked."""
    connection.execute(update(t.device).where(t.device.c.device == device).values(revoked=1))


def setting(connection: Connection, name: str, make: bytes) -> bytes:
    """Returns the stored value, `make` when there was none: whoever came first wins."""
    found = connection.execute(select(t.setting.c.value).where(t.setting.c.name == name)).scalar()
    if found is None:
        connection.execute(insert(t.setting).values(name=name, value=make))
        return make
    return bytes(found)


def save(
    connection: Connection, result: Assessment, versions: str, due_at: datetime | None, channels: Sequence[str]
) -> None:
    """Writes spans on change, the assessment, what it means for the device's case, and the next due time unless
    something arrived meanwhile."""
    key = connection.execute(_KEY, {"name": result.device}).scalar()
    if key is None:
        return
    at = micros(result.at)
    _findings(connection, key, result, versions, at)
    _levels(connection, key, result, versions, at)
    values = {
        "at": at,
        "points": result.points,
        "attention": result.attention,
        "body": msgspec.json.encode(result),
        "versions": versions,
    }
    if connection.execute(_REPLACE_ASSESSMENT, {"key": key, **values}).rowcount == 0:
        connection.execute(insert(t.assessment).values(device_key=key, **values))
    wake_at = follow_case(connection, key, result, channels)
    next_at = min((micros(each) for each in (due_at, wake_at) if each is not None), default=None)
    connection.execute(_JUDGED, {"key": key, "judged_at": at, "next_at": next_at})


def _findings(connection: Connection, key: int, result: Assessment, versions: str, at: int) -> None:
    span = t.finding_span
    rows = connection.execute(_OPEN_FINDINGS, {"key": key})
    open_rows = {(row.detector, row.subject, row.level): row for row in rows}
    # Level is part of what a span is: one level may fade while another one of the same subject is stated.
    stated = {(one.detector, one.subject, one.level): one for one in reversed(result.findings)}
    for identity, finding in stated.items():
        body = msgspec.json.encode(finding)
        row = open_rows.pop(identity, None)
        if row is None:
            detector, subject, level = identity
            connection.execute(
                insert(span).values(
                    device_key=key,
                    detector=detector,
                    subject=subject,
                    level=level,
                    body=body,
                    versions=versions,
                    seen_from=at,
                )
            )
        elif bytes(row.body) != body:
            connection.execute(update(span).where(span.c.id == row.id).values(body=body))
    _close(connection, span, [row.id for row in open_rows.values()], at)


def _levels(connection: Connection, key: int, result: Assessment, versions: str, at: int) -> None:
    span = t.level_span
    rows = connection.execute(_OPEN_LEVELS, {"key": key})
    open_rows = {row.group: row for row in rows}
    for level in result.groups:
        body = msgspec.json.encode(level)
        row = open_rows.pop(level.group, None)
        if row is not None and (row.level, row.detector, row.versions) == (level.level, level.detector, versions):
            if bytes(row.body) != body:
                connection.execute(update(span).where(span.c.id == row.id).values(body=body))
            continue
        if row is not None:
            connection.execute(update(span).where(span.c.id == row.id).values(seen_until=at))
        connection.execute(
            insert(span).values(
                device_key=key,
                group=level.group,
                level=level.level,
                detector=level.detector,
                body=body,
                versions=versions,
                seen_from=at,
            )
        )
    _close(connection, span, [row.id for row in open_rows.values()], at)


def _close(connection: Connection, span: Table, ids: list[int], at: int) -> None:
    if ids:
        connection.execute(update(span).where(span.c.id.in_(ids)).values(seen_until=at))


def set_due(connection: Connection, devices: Sequence[str], at: datetime) -> None:
    """Brings devices forward; one that is being evaluated right now is evaluated once more."""
    state, due = t.device_state, micros(at)
    now = _now()
    for start in range(0, len(devices), 500):
        keys = select(t.device.c.key).where(t.device.c.device.in_(devices[start : start + 500]))
        chosen = state.c.device_key.in_(keys)
        connection.execute(
            update(state).where(chosen, or_(state.c.due_at.is_(None), state.c.due_at > due)).values(due_at=due)
        )
        if due <= now:
            connection.execute(update(state).where(chosen, state.c.changed_at < now).values(changed_at=now))


def failed(connection: Connection, device: str, problem: str, due_at: datetime) -> None:
    """Records why an evaluation failed and puts the device off."""
    key = select(t.device.c.key).where(t.device.c.device == device).scalar_subquery()
    connection.execute(
        update(t.device_state)
        .where(t.device_state.c.device_key == key)
        .values(problem=problem[:500], due_at=micros(due_at))
    )


def set_roster(connection: Connection, entries: dict[str, RosterEntry]) -> None:
    """Replaces the roster; who is in it no more has left."""
    people.replace_roster(connection, entries, _now())


def note(connection: Connection, at: datetime, actor: str, action: str, subject: str, before: str, after: str) -> None:
    """Appends to the audit log."""
    connection.execute(
        insert(t.audit).values(at=micros(at), actor=actor, action=action, subject=subject, before=before, after=after)
    )


def purge(connection: Connection, now: datetime) -> dict[str, int]:
    """Deletes what is past its retention, as each table's `info` says."""
    deleted: dict[str, int] = {}
    for table in reversed(t.metadata.sorted_tables):
        if "with" in table.info:
            # Before its head, which comes after all that points to it in this order.
            head = t.metadata.tables[table.info["with"]]
            past = head.c[head.info["ends"]] < micros(now) - int(head.info["days"]) * _DAY
            heads = select(head.c.id).where(past)
            if head is t_farms.farm:
                heads = heads.where(~_named_by_case())
            by = table.c[table.info.get("by", "case_id")]
            deleted[table.name] = connection.execute(delete(table).where(by.in_(heads))).rowcount
            continue
        if "days" not in table.info:
            continue
        before = micros(now) - int(table.info["days"]) * _DAY
        if table is t.section_content:
            span = t.section_span
            named = exists().where(
                and_(
                    span.c.device_key == table.c.device_key,
                    span.c.kind == table.c.kind,
                    span.c.digest == table.c.digest,
                )
            )
            statement = delete(table).where(table.c.received_at < before, ~named)
        elif table is t_farms.farm:
            statement = delete(table).where(table.c.ended_at < before, ~_named_by_case())
        else:
            statement = delete(table).where(table.c[table.info["ends"]] < before)
        deleted[table.name] = connection.execute(statement).rowcount
    return deleted


def _named_by_case() -> Exists:
    return exists().where(t.case_head.c.farm_id == t_farms.farm.c.id)
