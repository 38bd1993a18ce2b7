"""A laptop of the fleet while it is put together: its person, where it is each day, and what stands there."""

import random
from datetime import date

import msgspec

from farmwatch_schema.observables.input_source import InputShare

from ..cities import City
from .ground import Line
from .sites import Site
from .stock import Items

Shares = tuple[InputShare, ...]


class Spot(msgspec.Struct, frozen=True, kw_only=True):
    """A place where a laptop is used: its network, and what is plugged in there.

    usb, displays  beside the laptop's own
    inputs         input devices beside its own
    shares         of input, as a platform tells them
    power          lid, mains and battery there
    line           its way out, where it is not the site's; point: the access point
    tunnel         `company`, `family` or ""
    """

    site: Site
    usb: Items = ()
    displays: Items = ()
    inputs: Items = ()
    shares: Shares = ()
    power: Items = ()
    line: Line | None = None
    tunnel: str = ""
    point: int = 0


class Stay(msgspec.Struct, frozen=True):
    """A laptop is awake at a spot from when to when, in seconds since 1970: reports are made then."""

    start: int
    end: int
    spot: Spot


class Person(msgspec.Struct, kw_only=True):
    """A laptop and who has it.

    sase      its traffic leaves through the company's security client
    told      it tells the access point
    begins, ends  local hours of a usual day
    first     first day on which it may report; last: the last one
    stays     where it is when, in order
    slots     by UTC day since 1970: bit 95 is the first quarter of an hour, set where it had input
    facts     further sections that stay the same, by kind
    roster    further cells of the records
    """

    number: int
    device: str
    chance: random.Random
    platform: str
    model: int
    serial: str
    city: City
    sase: bool
    told: bool
    begins: float
    ends: float
    first: date
    last: date
    start_on: date
    cohort: str
    dwelling: str
    place: str = ""
    farm: str = ""
    care: str = ""
    evasions: tuple[str, ...] = ()
    traps: set[str]
    stays: list[Stay]
    slots: dict[int, int]
    facts: dict[str, Items]
    roster: dict[str, str]
