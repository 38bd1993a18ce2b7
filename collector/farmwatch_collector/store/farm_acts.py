"""What closing and reopening a farm's case does: a word on what ties its members, and the end of it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import get_args

from sqlalchemy import Connection, select, update

from ..cases import LONGEST_NAME, Case, CaseError, Closing
from ..farms.following import members_now, values_of_place
from ..farms.types import Farm, Label, LabelKind, Shared
from . import tables as t
from . import tables_farms as tf
from .farm_following import keys_of
from .farm_reading import farm_from
from .farm_writing import MOST_DEVICES, add_label, end_labels_of
from .times import micros

#: What place a close means that names none: what the company allows is its own, what is harmless is a home.
USUAL: dict[str, LabelKind] = {"sanctioned": "office", "benign": "household"}

MOST_VALUES = 8
"""Values that one close says something of."""

#: How long an act may wait for the writer.
WRITTEN_WITHIN = timedelta(seconds=5)


def place_of(place: str, closed_as: str) -> LabelKind:
    """Returns what place a close names; raises CaseError."""
    found = next((each for each in get_args(LabelKind) if each == place), None)
    if place and found is None:
        raise CaseError(f"A place is one of {', '.join(get_args(LabelKind))}, not {place[:40]!r}.")
    return found or USUAL.get(closed_as, "household")


def explain(connection: Connection, case: Case, at: datetime, actor: str, how: Closing, place: str) -> None:
    """Leaves the word on what ties the farm's members that a sanctioned or benign close means.

    A household speaks of the members of now only: a stranger who comes to live with them brings the farm back. Any
    other place is known by its gateway, and as well by the access points and exits that its members alone have.
    """
    assert how.until is not None
    farm = farm_of(connection, case)
    if farm is None:
        return
    kind = place_of(place, how.closed_as)
    for shared in _explained(farm, kind):
        seen = shared.node.seen
        label = Label(
            kind=seen.kind,
            value=seen.value.hex(),
            place=kind,
            name=f"case {case.id}",
            owner=(case.owner or actor)[:LONGEST_NAME],
            reason=how.reason,
            # The close ends with that day: its `until` is the midnight after it.
            until=(how.until.astimezone(UTC) - timedelta(days=1)).date(),
            devices=members_now(farm)[:MOST_DEVICES] if kind == "household" else (),
            actor=actor,
            farm=farm.id,
        )
        add_label(connection, label, at, case.id)


def _explained(farm: Farm, kind: LabelKind) -> Sequence[Shared]:
    """Returns the heaviest value that members share; of a place, the others that tell it and nobody else has, too."""
    if kind == "household":
        return farm.facts.shared[:1]
    return values_of_place(farm)[:MOST_VALUES]


def take_back(connection: Connection, case: Case, at: datetime, actor: str, reason: str) -> None:
    """Ends the word that a case's close left."""
    end_labels_of(connection, case.id, at, actor, reason)


def farm_of(connection: Connection, case: Case) -> Farm | None:
    """Returns the farm that a case is about."""
    row = connection.execute(select(tf.farm).where(tf.farm.c.id == case.farm)).first()
    return None if row is None else farm_from(row)


def member_keys(connection: Connection, case: Case) -> Sequence[int]:
    """Returns the devices whose judgement an act on a farm's case may change: its members, and the farm's of now."""
    farm = farm_of(connection, case)
    return sorted(keys_of(connection, sorted({*case.members, *(members_now(farm) if farm else ())})).values())


def judge_again(connection: Connection, keys: Sequence[int], at: datetime) -> None:
    """Makes devices due, also those that are being judged right now.

    An act is written a moment after `at`: a judgement that began in between still saw what was before, and is repeated.
    """
    state = t.device_state
    values = {"due_at": micros(at), "changed_at": micros(at + WRITTEN_WITHIN)}
    for start in range(0, len(keys), 500):
        chosen = state.c.device_key.in_(keys[start : start + 500])
        connection.execute(update(state).where(chosen).values(values))
