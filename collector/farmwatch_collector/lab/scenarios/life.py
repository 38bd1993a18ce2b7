"""How somebody lives with a laptop: hours, mains and battery, sleep, meetings, what comes and goes on the desk.

Rates of habits are assumed; docs/scenarios.md lists them beside those of the traps.
"""

from collections.abc import Sequence
from datetime import date, timedelta

import msgspec

from farmwatch_schema.observables import Observable
from farmwatch_schema.observables.base import bucket
from farmwatch_schema.observables.browsers import BrowserExtension
from farmwatch_schema.observables.media import MediaUse
from farmwatch_schema.observables.power import PowerFacts
from farmwatch_schema.observables.software import Package

from .. import equipment
from . import hours
from .device import Change, Device, Facts

_CAMERA_PATH = r"C:\Program Files\Zoom\bin\Zoom.exe"


class Habits(msgspec.Struct, kw_only=True, frozen=True):
    """How somebody works.

    begins, ends  local hours of a usual day
    weekends      share of weekend days on which they work too
    days_off      share of working days on which they do not
    night_awake   the laptop does not sleep at night: mains and a setting
    mains         share of days on mains; None for a laptop whose mains nobody touches
    meetings      share of days with the camera on
    away          first and last day, counted from the sample's first, without any use: leave, illness
    """

    begins: float = 9.0
    ends: float = 17.5
    weekends: float = 0.05
    days_off: float = 0.04
    night_awake: bool = False
    mains: float | None = 0.7
    meetings: float = 0.6
    away: tuple[int, int] | None = None


def together(habits: Sequence[Habits]) -> Habits:
    """Returns the habits of one person: what differs from the usual holds, the last of it where several do."""
    usual = Habits()
    fields: dict[str, object] = {}
    for each in habits:
        fields |= {name: value for name, value in msgspec.structs.asdict(each).items() if value != getattr(usual, name)}
    return msgspec.structs.replace(usual, **fields)


def live(device: Device, first: date, habits: Habits) -> None:
    """Lets somebody work with the laptop: awake and used on working days, asleep at night and mostly at weekends.

    first  local day of the first report
    """
    chance, zone = device.chance, device.time_zone
    worked: list[date] = []
    for number in range(device.use.days):
        day = first + timedelta(days=number)
        midnight = hours.local_midnight(zone, day)
        if habits.away and habits.away[0] <= number <= habits.away[1]:
            continue
        if habits.night_awake:
            device.use.wake(midnight, midnight + hours.DAY)
        free = habits.weekends <= chance.random() if day.weekday() >= 5 else chance.random() < habits.days_off
        if free and number:
            continue
        worked.append(day)
        _day(device, midnight, habits, first_day=number == 0)
    device.use.boots += [span.start for span in device.use.awake[1:] if chance.random() < 0.2]
    if habits.mains is not None:
        _power(device, habits.mains)
    if device.platform == "windows" and habits.meetings:
        for day in worked:
            if chance.random() < habits.meetings:
                at = hours.local_midnight(zone, day) + chance.randrange(10 * 3600, 16 * 3600)
                device.later(at, _meeting(day), wakes=False)


def _day(device: Device, midnight: int, habits: Habits, *, first_day: bool) -> None:
    """One day's hours: a morning, a pause, an afternoon, sometimes an evening."""
    chance = device.chance
    begin = midnight + int((habits.begins + chance.gauss(0, 0.5)) * 3600)
    end = midnight + int((habits.ends + chance.gauss(0, 0.6)) * 3600)
    pause = begin + int(chance.gauss(3.5, 0.4) * 3600)
    device.use.wake(device.enrolled if first_day else begin - chance.randrange(0, 900), end + chance.randrange(0, 1800))
    device.use.work(begin, pause)
    device.use.work(pause + chance.randrange(1800, 4500), end)
    if chance.random() < 0.15:
        evening = end + chance.randrange(3600, 3 * 3600)
        device.use.wake(evening, evening + 5400)
        device.use.work(evening, evening + chance.randrange(900, 5400))


def _power(device: Device, mains: float) -> None:
    """Mains or battery each time it wakes, cycles and sleeps as they add up."""
    chance = device.chance
    used = float(chance.randrange(0, 300))
    sleeps = 0
    boots = set(device.use.boots)
    for span in device.use.awake[1:]:
        sleeps = 0 if span.start in boots else sleeps + 1
        plugged = chance.random() < mains
        used += 0.2 if plugged else 0.8
        charge = 100 if plugged else chance.randrange(4, 10) * 10
        device.later(span.start, power_change(on_ac=plugged, charge=charge, cycles=int(used) // 10 * 10,
                                              suspends=bucket(sleeps)), wakes=False)  # fmt: skip
        if chance.random() < 0.2 and span.end - span.start > 4 * 3600:
            at = chance.randrange(span.start + 3600, span.end - 3600)
            device.later(at, power_change(on_ac=not plugged, charge=80))


def power_change(**fields: object) -> Change:
    """Returns a change of the power facts named."""

    def change(facts: Facts) -> None:
        facts.items["power"] = tuple(
            msgspec.structs.replace(item, **fields) if isinstance(item, PowerFacts) else item
            for item in facts.items["power"]
        )

    return change


def _meeting(day: date) -> Change:
    def change(facts: Facts) -> None:
        facts.drop("media", lambda item: isinstance(item, MediaUse))
        used = [
            MediaUse(what=what, app="Zoom.exe", path=_CAMERA_PATH, last_used=day.isoformat())
            for what in ("camera", "microphone")
        ]
        facts.add("media", *used)

    return change


def churn(device: Device) -> None:
    """Lets ordinary things come and go: updates, a stick, a dock carried home, an unplugged keyboard, extensions."""
    chance = device.chance
    spans = device.use.awake
    if len(spans) < 3:
        return

    def some_time() -> int:
        span = chance.choice(spans[1:])
        return chance.randrange(span.start, max(span.start + 1, span.end))

    if chance.random() < 0.5:
        version = f"6.6.{chance.randrange(5, 40)}"
        device.later(some_time(), _updated(version), wakes=False)
    if chance.random() < 0.2:
        at = some_time()
        stick = equipment.memory_stick("1-3", f"4C53{chance.getrandbits(48):012X}")
        device.later(at, lambda facts: facts.add("usb", stick))
        device.later(at + chance.randrange(300, 7200), _unplugged(stick.vendor_id))
    if chance.random() < 0.1:
        extension = BrowserExtension(browser="chrome", id="cjpalhdlnbpafiamejdnhcphjbkeiagm")  # uBlock Origin
        device.later(some_time(), lambda facts: facts.add("browsers", extension), wakes=False)
    if chance.random() < 0.15 and any(
        getattr(item, "vendor_id", "") == "046d" for item in device.facts.items.get("usb", ())
    ):
        at = some_time()
        keyboard = [item for item in device.facts.items.get("usb", ()) if getattr(item, "vendor_id", "") == "046d"]
        device.later(at, _unplugged("046d"))
        device.later(at + chance.randrange(600, 86_400), _back(keyboard))


def _updated(version: str) -> Change:
    def change(facts: Facts) -> None:
        facts.items["software"] = tuple(
            msgspec.structs.replace(item, version=version) if isinstance(item, Package) and "oom" in item.name else item
            for item in facts.items["software"]
        )

    return change


def _unplugged(vendor: str) -> Change:
    return lambda facts: facts.drop("usb", lambda item: getattr(item, "vendor_id", "") == vendor)


def _back(items: list[Observable]) -> Change:
    def change(facts: Facts) -> None:
        facts.items["usb"] = facts.items.get("usb", ()) + tuple(items)  # told already

    return change
