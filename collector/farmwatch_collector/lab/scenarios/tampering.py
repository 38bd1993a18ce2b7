"""Agents that are kept from seeing or telling, on laptops that are driven: what their reports show.

    cloned     the agent's key and spool were copied to a clean laptop; both go on reporting under one identity
    silenced   the agent is stopped for some hours of most days, amid usual hours
    clock_set  the laptop's clock is set back for some hours of most days, and right again after
    frozen     the report of the onset is made anew again and again: number and time move, nothing else does
    revoked    a permission is taken from the agent at the onset

How each is done is judged: no labelled case is public.
"""

from datetime import timedelta

import msgspec

from farmwatch_schema.observables.agent import AgentHealth

from . import hours, life, ordinary, permissions
from .device import Change, Device, Facts
from .life import Habits

TAMPERS = ("none", "cloned", "silenced", "clock_set", "frozen", "revoked")

#: What is revoked: what would show how the laptop is driven, where a platform has such a permission.
_REVOKED = {"linux": "processes", "macos": "usb", "windows": "input"}
#: Seconds that the clock is set back by: no whole quarter hours, which are how time zones differ.
_SET_BACK = (2820, 4300, 13_340)


def tamper(device: Device, how: str) -> None:
    """Lets somebody tamper with the agent of a driven laptop from its onset on."""
    if how == "none":
        return
    _HOW[how](device)
    device.kind = "tampered"
    device.facets["tamper"] = how


def _working_days(device: Device) -> list[int]:
    """Returns when each working day from the onset on begins to be worked, in seconds since 1970; most of them."""
    chance = device.chance
    first = hours.day_of(device.since)
    days = hours.working_days(first + timedelta(days=1), device.use.days)
    begins = [hours.local_midnight(device.time_zone, day) + 10 * 3600 for day in days]
    return [begin + chance.randrange(0, 2 * 3600) for begin in begins if chance.random() < 0.8]


def _silenced(device: Device) -> None:
    for begin in _working_days(device):
        device.use.silence(begin, begin + device.chance.randrange(4 * 3600, 9 * 3600))


def _clock_set(device: Device) -> None:
    back = device.chance.choice(_SET_BACK)
    for begin in _working_days(device):
        device.later(begin, clock_off(back))
        device.later(begin + device.chance.randrange(3 * 3600, 7 * 3600), clock_off(0))


def clock_off(seconds: int) -> Change:
    """Returns the change by which the collector's time minus the laptop's becomes so many seconds.

    Reports keep the true time: the collector receives them when they are made.
    """

    def change(facts: Facts) -> None:
        facts.items["agent"] = tuple(
            msgspec.structs.replace(item, clock_offset=round(seconds, -1)) if isinstance(item, AgentHealth) else item
            for item in facts.items["agent"]
        )

    return change


def _frozen(device: Device) -> None:
    device.frozen_at = device.since


def _revoked(device: Device) -> None:
    name = _REVOKED[device.platform]
    device.facets["revoked"] = name
    permissions.take_away(device, name, device.since)


def _cloned(device: Device) -> None:
    """A clean laptop in its person's home bears the same identity from the onset on; hardware and boots are its own."""
    copy = ordinary.laptop(
        device.chance, device.platform, hours.day_of(device.since), device.use.days, device.time_zone
    )
    copy.id, copy.enrolled, copy.copied_after = device.id, device.since, device.since - device.enrolled
    copy.use = hours.Use(device.since, max(1, device.use.days - (device.since - device.enrolled) // hours.DAY))
    copy.use.usual = ordinary.built_in_shares(100)
    life.live(copy, hours.day_of(device.since), Habits())
    device.copy = copy


_HOW = {"cloned": _cloned, "silenced": _silenced, "clock_set": _clock_set, "frozen": _frozen, "revoked": _revoked}
