"""Where farms' members are told from: a store, reports on the command line, or a bench."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Protocol

import msgspec

from ..assessment import AttentionLevel
from .types import Farm, FarmEvent


class MemberScore(msgspec.Struct, frozen=True, kw_only=True):
    """What a device's latest judgement says of it.

    bits         log-odds of its own evidence: what its groups weigh together, F, base rate and cohort left out
    probability  with its base rate, F left out
    seen_at      last report
    """

    device: str
    bits: float
    probability: float
    points: int
    attention: AttentionLevel
    name: str = ""
    seen_at: datetime | None = None


class Activity(msgspec.Struct, frozen=True, kw_only=True):
    """When a device had input, of the last days.

    slots    by UTC day: bit i is set when the i-th quarter of an hour had input
    watched  by UTC day: minutes in which was looked; a day that is missing here is not known at all
    source   `input_source`, or `sessions` where input is not told
    """

    slots: dict[date, int]
    watched: dict[date, int]
    source: str = "input_source"


class Source(Protocol):
    """What farms are judged by beside the ties. A device that is not known is left out of an answer."""

    def scores(self, devices: Collection[str]) -> Mapping[str, MemberScore]:
        """Returns what the latest judgement says of each device."""
        ...

    def activity(self, devices: Collection[str], since: date) -> Mapping[str, Activity]:
        """Returns when each device had input on the days from `since`."""
        ...


class FarmChange(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a farm: as it is now, and the lines that its history gains.

    farm     its `id` is negative while no store has given it one; members who left are among its members
    before   of those whose level or members changed, the points before; None for a new one
    touched  devices whose own judgement this may change
    """

    farm: Farm
    events: tuple[FarmEvent, ...]
    before: int | None = None
    touched: tuple[str, ...] = ()
