"""What the parts of `place` hand each other."""

from datetime import date, datetime
from typing import Literal

import msgspec


class Landmark(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A server whose place is known, and which answers from that one place only.

    landmark        id: "aws:eu-west-1"
    provider        whose network it stands in; two landmarks of one provider are one witness
    place           name for people: "Dublin, IE"
    uncertainty_km  how far from the coordinates it may truly be
    host, port      where it answers a TCP connect
    method          `tcp`, or `signed` for a company's own (schema/landmark.py)
    public_key      `signed` only: Ed25519, 64 hex digits
    own             named by the company, not shipped
    """

    landmark: str
    provider: str
    place: str
    country: str
    latitude: float
    longitude: float
    uncertainty_km: float
    host: str
    port: int = 443
    method: str = "tcp"
    public_key: str = ""
    own: bool = False


class Observation(msgspec.Struct, frozen=True):
    """The least round-trip time to one landmark on one day, milliseconds, after everything that does not count left."""

    landmark: Landmark
    rtt_ms: float


class Witness(msgspec.Struct, frozen=True, kw_only=True):
    """A trusted device whose times say that a landmark does not stand where it is said to.

    against  other landmarks, of two providers or more, whose times from the same device contradict it
    km       by how much, at least: the lesser of the two strongest contradictions
    part     of the world that the device is in, by those times
    ties     what the device shares with others or might: gateways, public addresses, household, person; keyed or ids
    """

    landmark: str
    device: str
    day: date
    rtt_ms: float
    against: tuple[str, ...]
    km: float
    part: str
    ties: tuple[str, ...] = ()


class LandmarkState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the fleet's own times, or a person, say of a landmark. Nothing is kept of one that nobody doubts.

    state      `suspected` (in use; one witness, or more than may act by themselves), `quarantined` (in no plan and no
               verdict), `lifted` (in use again: a person said so)
    reason     one sentence
    changed_at when it came into this state
    actor      `farmwatch`, or who did it
    witnesses  of the last two weeks, newest last, at most 8; none after a person's word
    """

    landmark: str
    state: Literal["suspected", "quarantined", "lifted"]
    reason: str
    changed_at: datetime
    actor: str = "farmwatch"
    witnesses: tuple[Witness, ...] = ()
