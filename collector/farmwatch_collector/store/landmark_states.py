"""What is kept of doubted landmarks, and what a plan is made from, in SQLAlchemy Core."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection, bindparam, delete, insert, select

from farmwatch_detectors.placing import Spot
from farmwatch_detectors.policy import Claim, RosterEntry

from ..place import quarantine
from ..place.samples import KeptDay
from ..place.types import LandmarkState, Witness
from . import tables as t
from .people import same_laptop
from .times import micros
from .writing import note

_states = msgspec.json.Decoder(LandmarkState)
_entries = msgspec.json.Decoder(RosterEntry)
_days = msgspec.json.Decoder(KeptDay)
#: Days that are looked through for the last estimate.
ESTIMATE_DAYS = 8
# Built once: every laptop asks once a day.
_DEVICE = t.device.c.device == bindparam("device")
_CLAIM = select(t.roster.c.body).select_from(t.device).join(t.roster, same_laptop()).where(_DEVICE)
_ESTIMATES = (
    select(t.place_day.c.body)
    .join(t.device, t.device.c.key == t.place_day.c.device_key)
    .where(_DEVICE)
    .order_by(t.place_day.c.day.desc())
    .limit(ESTIMATE_DAYS)
)


def states(connection: Connection) -> dict[str, LandmarkState]:
    """Returns every landmark that anybody doubts or doubted."""
    rows = connection.execute(select(t.landmark_state.c.body).order_by(t.landmark_state.c.landmark)).scalars()
    return {state.landmark: state for state in (_states.decode(body) for body in rows)}


def witnessed(connection: Connection, found: Sequence[Witness], landmarks: int, now: datetime) -> list[LandmarkState]:
    """Applies what devices witnessed, and returns what changed; each quarantine leaves an audit line."""
    before = states(connection)
    changed = quarantine.observe(before, found, landmarks, now)
    for state in changed:
        _keep(connection, state)
        if state.state == "quarantined":
            _audit(connection, state, before.get(state.landmark), "landmark_quarantined")
    return changed


def decide(connection: Connection, state: LandmarkState) -> None:
    """Keeps what a person decided, with an audit line."""
    before = states(connection).get(state.landmark)
    _keep(connection, state)
    _audit(connection, state, before, f"landmark_{state.state}")


def _keep(connection: Connection, state: LandmarkState) -> None:
    connection.execute(delete(t.landmark_state).where(t.landmark_state.c.landmark == state.landmark))
    connection.execute(
        insert(t.landmark_state).values(
            landmark=state.landmark, body=msgspec.json.encode(state), changed_at=micros(state.changed_at)
        )
    )


def _audit(connection: Connection, state: LandmarkState, before: LandmarkState | None, action: str) -> None:
    was = "" if before is None else f"{before.state}: {before.reason}"
    note(connection, state.changed_at, state.actor, action, state.landmark, was, state.reason)


def plan_facts(connection: Connection, device: str) -> tuple[Claim | None, Spot | None]:
    """Returns the claim of a device's person and the estimate of its last measured day: two indexed reads."""
    body = connection.execute(_CLAIM, {"device": device}).scalar()
    claim = None if body is None else _entries.decode(body).claim
    rows = connection.execute(_ESTIMATES, {"device": device}).scalars()
    spots = (_days.decode(row).verdict.estimate for row in rows)
    return claim, next((spot for spot in spots if spot is not None), None)
