"""What keeping a farm does to its case, in the same transaction: `farms.following` decides, this applies."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, exists, select, update

from ..cases import EVALUATION, Case
from ..farms.following import follow_farm, standing_of
from ..farms.types import Farm
from ..flagging import FLAGGED, LOWERED_AFTER
from . import tables as t
from . import tables_farms as tf
from .case_following import add_members, apply, case_from, tell
from .farm_reading import farm_from
from .times import micros

MOST_WAITING = 1_000
"""Cases of farms that are looked at with one saving although nothing about their farms changed."""


def latest(connection: Connection, farm: int) -> Case | None:
    """Returns a farm's open case, else the one closed last; with its members."""
    head = t.case_head
    row = connection.execute(
        select(head)
        .where(head.c.farm_id == farm)
        .order_by(head.c.closed_at.is_(None).desc(), head.c.id.desc())
        .limit(1)
    ).first()
    return None if row is None else case_from(row, None, members(connection, row.id))


def members(connection: Connection, case: int) -> tuple[str, ...]:
    """Returns the devices that a case is about, in the order in which they were added."""
    member = t.case_member
    query = (
        select(t.device.c.device)
        .join(member, member.c.device_key == t.device.c.key)
        .where(member.c.case_id == case)
        .order_by(member.c.id)
    )
    return tuple(connection.execute(query).scalars())


def follow(connection: Connection, farm: Farm, at: datetime, channels: Sequence[str]) -> None:
    """Applies what a farm as it stands means for its case."""
    last = latest(connection, farm.id)
    done = follow_farm(farm, last, at)
    if done is None:
        return
    known = () if last is None or done.opens else last.members
    new = [device for device in done.case.members if device not in known]
    keys = keys_of(connection, new)
    ordered = [keys[device] for device in new if device in keys]
    apply(connection, done, last, ordered, channels)
    if not done.opens and last is not None:
        add_members(connection, last.id, ordered, micros(at))


def follow_waiting(connection: Connection, at: datetime, channels: Sequence[str], beside: Sequence[int]) -> None:
    """Follows cases that change by time alone: those that have been low for a day, and those whose end has come.

    beside  farms that were followed just now
    """
    head, day = t.case_head, micros(at - LOWERED_AFTER)
    another = head.alias("another")
    unopened = ~exists().where(another.c.farm_id == head.c.farm_id, another.c.closed_at.is_(None))
    ended = (head.c.until <= micros(at)) & tf.farm.c.level.in_(FLAGGED) & unopened
    query = (
        select(tf.farm)
        .join(head, head.c.farm_id == tf.farm.c.id)
        .where((head.c.low_since <= day) | ended, tf.farm.c.id.not_in(beside))
        .distinct()
        .limit(MOST_WAITING)
    )
    for row in connection.execute(query).all():
        follow(connection, farm_from(row), at, channels)


def hand_on(connection: Connection, farm: Farm, at: datetime) -> None:
    """Lets an open case go on as that of the farm into which its own went, or says where it goes on."""
    if farm.into is None:
        return
    mine, theirs = latest(connection, farm.id), latest(connection, farm.into)
    if mine is None or mine.state == "closed":
        return
    if theirs is not None and theirs.state != "closed":
        words = f"farm {farm.id} went into farm {farm.into}; go on with case {theirs.id}"
        tell(connection, mine.id, at, EVALUATION, "merged", words, f"farm {farm.id}", f"farm {farm.into}")
        return
    head = t.case_head
    connection.execute(
        update(head)
        .where(head.c.id == mine.id)
        .values(farm_id=farm.into, version=mine.version + 1, changed_at=micros(at))
    )
    words = f"farm {farm.id} went into farm {farm.into}, whose case this is now"
    tell(connection, mine.id, at, EVALUATION, "merged", words, f"farm {farm.id}", f"farm {farm.into}")


def keys_of(connection: Connection, devices: Sequence[str]) -> Mapping[str, int]:
    """Returns the integer keys of devices; one that is not known is left out."""
    found: dict[str, int] = {}
    for start in range(0, len(devices), 500):
        chosen = t.device.c.device.in_(devices[start : start + 500])
        found |= {
            row.device: row.key for row in connection.execute(select(t.device.c.device, t.device.c.key).where(chosen))
        }
    return found


def points_of(connection: Connection, number: int) -> int | None:
    """Returns the points of a farm that count now; None when it is not known."""
    row = connection.execute(select(tf.farm).where(tf.farm.c.id == number)).first()
    return None if row is None else standing_of(farm_from(row))[0]
