"""What is written of ties, farms and words on values, inside the writer's transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import get_args

import msgspec
from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.dialects import sqlite

from ..cases import LONGEST_NAME, LONGEST_TEXT, MOST_DAYS, CaseError, written
from ..farms.following import members_now, standing_of
from ..farms.source import FarmChange
from ..farms.types import Farm, Label, LabelKind
from . import tables as t
from . import tables_farms as tf
from .farm_following import follow, follow_waiting, hand_on, keys_of
from .farm_reading import day_micros, label_from
from .times import micros

MOST_DEVICES = 256
"""Devices that a household may name: more is no household."""

# Written with many judgements: made once.
_KEY = select(t.device.c.key).where(t.device.c.device == bindparam("name"))
_TIES = sqlite.insert(tf.device_ties).values(
    device_key=bindparam("key"), body=bindparam("blob"), changed_at=bindparam("at")
)
_SAVE_TIES = _TIES.on_conflict_do_update(
    index_elements=["device_key"], set_={"body": _TIES.excluded.body, "changed_at": _TIES.excluded.changed_at}
)


def save_ties(connection: Connection, device: str, body: bytes, at: datetime) -> None:
    """Puts what a device holds in place of what was kept; nothing for an unknown device."""
    key = connection.execute(_KEY, {"name": device}).scalar()
    if key is not None:
        connection.execute(_SAVE_TIES, {"key": key, "blob": body, "at": micros(at)})


def save_farms(
    connection: Connection, changes: Sequence[FarmChange], at: datetime, channels: Sequence[str]
) -> dict[int, int]:
    """Keeps farms as they are now, and what that means for their cases; returns the numbers of new ones."""
    numbers: dict[int, int] = {}
    for change in changes:
        if change.farm.id <= 0:
            numbers[change.farm.id] = _same(connection, change.farm) or _made(connection, change.farm)
    kept = [_numbered(change.farm, numbers) for change in changes]
    for farm, change in zip(kept, changes, strict=True):
        _keep(connection, farm)
        rows = [
            {"farm_id": farm.id, "at": micros(e.at), "actor": e.actor, "action": e.action, "words": e.words}
            for e in change.events
        ]
        if rows:
            connection.execute(insert(tf.farm_event), rows)
    for farm in kept:
        if farm.state == "ended":
            hand_on(connection, farm, at)
    # Those that ended first: what they hand on is there when the farm that they went into is followed.
    for farm in sorted(kept, key=lambda each: (each.state != "ended", each.id)):
        follow(connection, farm, at, channels)
    follow_waiting(connection, at, channels, [farm.id for farm in kept])
    return numbers


def _same(connection: Connection, farm: Farm) -> int | None:
    """Returns the farm with these very members that is kept already: another collector, or this one before it was
    stopped, was given its number."""
    keys = set(keys_of(connection, members_now(farm)).values())
    if not keys:
        return None
    member = tf.farm_member
    of_one = (
        select(member.c.farm_id)
        .join(tf.farm, tf.farm.c.id == member.c.farm_id)
        .where(member.c.device_key == min(keys), member.c.left_at.is_(None), tf.farm.c.state != "ended")
        .order_by(member.c.farm_id)
    )
    for number in connection.execute(of_one).scalars().all():
        query = select(member.c.device_key).where(member.c.farm_id == number, member.c.left_at.is_(None))
        if set(connection.execute(query).scalars()) == keys:
            return int(number)
    return None


def _made(connection: Connection, farm: Farm) -> int:
    values = {"state": farm.state, "points": 0, "level": "none", "body": b"", "found_at": micros(farm.found_at)}
    made = insert(tf.farm).values(**values, changed_at=micros(farm.changed_at)).returning(tf.farm.c.id)
    return int(connection.execute(made).scalar_one())


def _numbered(farm: Farm, numbers: Mapping[int, int]) -> Farm:
    """Returns a farm with the numbers that it and those it names were given just now."""
    return msgspec.structs.replace(
        farm,
        id=numbers.get(farm.id, farm.id),
        into=None if farm.into is None else numbers.get(farm.into, farm.into),
        previous=tuple(numbers.get(each, each) for each in farm.previous),
    )


def _keep(connection: Connection, farm: Farm) -> None:
    table = tf.farm
    points, level = standing_of(farm)
    values = {
        "state": farm.state,
        "points": points,
        "level": level,
        "body": msgspec.msgpack.encode(farm),
        "found_at": micros(farm.found_at),
        "changed_at": micros(farm.changed_at),
        "ended_at": micros(farm.changed_at) if farm.state == "ended" else None,
        "into": farm.into,
    }
    if connection.execute(update(table).where(table.c.id == farm.id).values(**values)).rowcount == 0:
        connection.execute(insert(table).values(id=farm.id, **values))
    _members(connection, farm)


def _members(connection: Connection, farm: Farm) -> None:
    """Brings the rows to what the farm says; a device that joined again has one row."""
    member = tf.farm_member
    wanted: dict[str, tuple[int, int | None]] = {}
    for each in farm.members:
        left = None if each.left_at is None else micros(each.left_at)
        before = wanted.get(each.member.device)
        if before is None or left is None or (before[1] is not None and before[1] < left):
            wanted[each.member.device] = (micros(each.added_at), left)
    keys = keys_of(connection, sorted(wanted))
    rows = connection.execute(select(member).where(member.c.farm_id == farm.id)).all()
    known = {row.device_key: row for row in rows}
    for device, key in keys.items():
        added, left = wanted[device]
        row = known.pop(key, None)
        if row is None:
            connection.execute(insert(member).values(farm_id=farm.id, device_key=key, added_at=added, left_at=left))
        elif (row.added_at, row.left_at) != (added, left):
            connection.execute(update(member).where(member.c.id == row.id).values(added_at=added, left_at=left))
    for row in known.values():  # a farm that its finder tells anew without them: they have left
        if row.left_at is None:
            change = update(member).where(member.c.id == row.id)
            connection.execute(change.values(left_at=micros(farm.changed_at)))


def add_label(connection: Connection, label: Label, at: datetime, case: int | None = None) -> Label:
    """Keeps a word on a value, with an audit line.

    case  whose close made it
    """
    label = _checked(label, at)
    table = tf.value_label
    number = connection.execute(
        insert(table)
        .values(
            kind=label.kind,
            value=label.value,
            body=msgspec.msgpack.encode(label),
            until=day_micros(label.until),
            made_at=micros(at),
            farm_id=label.farm,
            case_id=case,
        )
        .returning(table.c.id)
    ).scalar_one()
    _note(connection, at, label.actor, "label made", number, "", _words(label))
    _told(connection, label, at, "labelled", _words(label), label.actor)
    return msgspec.structs.replace(label, id=number)


def end_label(connection: Connection, number: int, at: datetime, actor: str, reason: str) -> None:
    """Ends a word today, with an audit line."""
    reason = written(reason, "A reason", LONGEST_TEXT)
    if not reason:
        raise CaseError("A reason is needed to end a label; nothing was changed.")
    table = tf.value_label
    row = connection.execute(select(table).where(table.c.id == number)).first()
    if row is None:
        raise CaseError(f"There is no label {number}.")
    if row.ended_at is not None or row.until < day_micros(at.date()):
        raise CaseError(f"Label {number} has ended already; nothing was changed.")
    # The column alone: what was said, and until when it was meant, stays in the body.
    connection.execute(update(table).where(table.c.id == number).values(ended_at=micros(at)))
    if row.case_id is not None:  # what its close rested on holds no more
        head = t.case_head
        mine = update(head).where(head.c.id == row.case_id, head.c.until > micros(at))
        connection.execute(mine.values(until=micros(at)))
    label = label_from(row)
    _note(connection, at, actor, "label ended", number, _words(label), reason)
    _told(connection, label, at, "label ended", f"{label.name}: {reason}", actor)


def end_labels_of(connection: Connection, case: int, at: datetime, actor: str, reason: str) -> None:
    """Ends what a case's close said of a value, as far as it holds."""
    table = tf.value_label
    query = select(table.c.id).where(
        table.c.case_id == case, table.c.ended_at.is_(None), table.c.until >= day_micros(at.date())
    )
    for number in connection.execute(query).scalars().all():
        end_label(connection, number, at, actor, reason)


def _checked(label: Label, at: datetime) -> Label:
    if label.place not in get_args(LabelKind):
        raise CaseError(f"A place is one of {', '.join(get_args(LabelKind))}, not {label.place[:40]!r}.")
    name = written(label.name, "A name", LONGEST_NAME, line=True)
    owner = written(label.owner, "An owner", LONGEST_NAME, line=True)
    reason = written(label.reason, "A reason", LONGEST_TEXT)
    for text, what in ((name, "A name"), (owner, "An owner"), (reason, "A reason")):
        if not text:
            raise CaseError(f"{what} is needed for a label: whoever reads it later must understand it.")
    today = at.date()
    latest = today + timedelta(days=MOST_DAYS)
    if not today <= label.until <= latest:
        raise CaseError(f"The end date lies from {today} to {latest}: nothing is explained for longer unseen.")
    try:
        value = bytes.fromhex(label.value).hex()
    except ValueError:
        value = ""
    if not value or not label.kind:
        raise CaseError("A label is about a value that devices share: name its kind and its digest in hex.")
    if len(label.devices) > MOST_DEVICES:
        raise CaseError(f"A household names at most {MOST_DEVICES} devices; this one has {len(label.devices)}.")
    return msgspec.structs.replace(label, name=name, owner=owner, reason=reason, value=value, made_at=at)


def _words(label: Label) -> str:
    return f"{label.place} {label.name}, until {label.until.isoformat()}: {label.reason}"


def _note(connection: Connection, at: datetime, actor: str, action: str, number: int, before: str, after: str) -> None:
    values = {"actor": actor, "action": action, "subject": f"label {number}", "before": before, "after": after}
    connection.execute(insert(t.audit).values(at=micros(at), **values))


def _told(connection: Connection, label: Label, at: datetime, action: str, words: str, actor: str) -> None:
    known = (
        label.farm is not None and connection.execute(select(tf.farm.c.id).where(tf.farm.c.id == label.farm)).first()
    )
    if known:
        values = {"farm_id": label.farm, "actor": actor, "action": action, "words": words}
        connection.execute(insert(tf.farm_event).values(at=micros(at), **values))
