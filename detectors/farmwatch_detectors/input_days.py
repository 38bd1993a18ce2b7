"""Days of input as they were told last, and how many of them passed without a hand on the laptop's own keyboard.

A day is told again whenever it changed, so a device's history holds many versions of it: the one that was watched
longest is the day. Of several methods on one day the one that tells devices apart counts.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta

from farmwatch_schema.finding import Evidence
from farmwatch_schema.observables.input_source import InputDay, InputDevice
from farmwatch_schema.observables.input_timing import InputTiming

from .catalog.input_helpers import holds_keyboard
from .machine import no_laptop
from .view import DeviceView, once

#: So many days are looked back over at most.
LONGEST = 28
#: A day on which the laptop was used: this many minutes with input.
WORKED_MINUTES = 60
#: Less than this part of a day, per cent, is what a farm's host types to wake a laptop up.
TOUCHED = 5
#: Buses of devices that a hand moves, the laptop's own aside.
HANDS = ("usb", "bluetooth", "other")
#: Counts minutes of an idle clock: hardware and programs apart at best, never one device from another.
CLOCK = "idle_time"


def input_days(device: DeviceView, days: int = 14) -> list[InputDay]:
    """Returns the last `days` days, 28 at most, on which input was watched, oldest first, today among them.

    None from before this person's time with the laptop: an earlier one's habits are nobody's now.
    """
    first = (device.now.date() - timedelta(days=days - 1)).isoformat()
    return [day for day in _read(device) if day.day >= first]


@once
def _read(device: DeviceView) -> list[InputDay]:
    today = device.now.date()
    earliest, end = today - timedelta(days=LONGEST - 1), today.isoformat()
    begun = device.handed_over
    first = max(earliest, begun.date() if begun else earliest).isoformat()
    section = device.section("input_source")
    told = [span.item for span in device.spans("input_source")]
    told += section.items if section is not None and section.looked else ()
    fullest: dict[tuple[str, str], InputDay] = {}
    for item in told:
        if isinstance(item, InputDay) and first <= item.day <= end:
            known = fullest.get((item.day, item.method))
            if known is None or (item.watched, item.active) > (known.watched, known.active):
                fullest[item.day, item.method] = item
    best: dict[str, InputDay] = {}
    for (day, _), item in sorted(fullest.items()):
        if _is_date(day) and (day not in best or _worth(item) > _worth(best[day])):
            best[day] = item
    return [best[day] for day in sorted(best)]


def working_days(days: Iterable[InputDay]) -> list[InputDay]:
    """Returns the days on which the laptop was used for an hour or more."""
    return [day for day in days if day.active >= WORKED_MINUTES]


def tells_devices(day: InputDay) -> bool:
    """Whether a day says which devices its input came from, all of it.

    `other` is input whose device is not known: on Windows with a touch screen it may be a finger's or the touchpad's.
    """
    return day.method != CLOCK and bool(day.shares) and not any(share.bus == "other" for share in day.shares)


def told_days(device: DeviceView, days: int = 14) -> list[InputDay]:
    """Returns the working days among the last `days` that say which devices their input came from."""
    return working_days(day for day in input_days(device, days) if tells_devices(day))


def share_of(day: InputDay, buses: Iterable[str], function: str = "") -> int:
    """Returns the least part of a day's active time that these buses gave together, per cent: that of the busiest."""
    wanted = set(buses)
    parts = [s.percent for s in day.shares if s.bus in wanted and (not function or s.function in (function, ""))]
    return max(parts, default=0)


def absolute_share(day: InputDay) -> int:
    """Returns how much of a day's active time absolute pointing filled, per cent; that of sessions left out."""
    return max((s.percent for s in day.shares if s.absolute and s.bus != "remote"), default=0)


def without_hands(days: Iterable[InputDay]) -> bool:
    """Whether next to nothing came from any device that a hand moves, on each of these days."""
    return all(share_of(day, HANDS) < TOUCHED for day in days)


def quarters(day: InputDay) -> int:
    """Returns in how many quarters of an hour of a day there was input; 0 when its hours are not told."""
    told = [char for char in day.slots if char in "0123456789abcdef"] if len(day.slots) == 24 else []
    return sum(f"{int(char, 16):b}".count("1") for char in told)


def quotes_of_days(days: Sequence[InputDay], words: Callable[[InputDay], str]) -> Iterator[Evidence]:
    """Yields what a finding quotes of the last five of some days."""
    for day in days[-5:]:
        yield Evidence(kind="input_source", subject=f"input of {day.day}", fact=words(day))


def midnight(day: InputDay | InputTiming) -> str:
    """Returns a day's beginning, as findings state it."""
    return f"{day.day}T00:00:00+00:00"


def has_built_in(device: DeviceView) -> bool:
    """Whether both a keyboard and a pointer of the laptop's own are told as such, and nobody holds them."""
    if no_laptop(device) or holds_keyboard(device):
        return False
    own = {
        function
        for item in device.of("input_source", InputDevice)
        if item.bus == "builtin"
        for function in item.functions
    }
    return "keyboard" in own and bool(own & {"pointer", "touch"})


def unused_built_in(device: DeviceView, days: int = 14, touched: int = 0) -> int | None:
    """Returns how many working days passed since the laptop's own keyboard or touchpad was touched.

    touched  the least share of a day, per cent, that is use: 0 takes a single key for it, 5 leaves out what a farm's
             host types to wake the laptop up

    Counted are days of the last `days` on which the laptop was used for an hour or more while its input was watched
    by device; 0 when the last of them saw the built-in ones used. None when it cannot be told: nobody watched, the
    system tells no devices apart (a Mac's does not), or its own ones are not known as such (wired by USB inside, held
    by a remapper, a virtual machine, a desktop).
    """
    if not has_built_in(device):
        return None
    told = [day for day in input_days(device, days) if tells_devices(day)]
    if not working_days(told):
        return None
    unused = 0
    for day in reversed(told):
        if any(share.bus == "builtin" and share.percent >= touched for share in day.shares):
            break
        unused += day.active >= WORKED_MINUTES
    return unused


def _worth(day: InputDay) -> tuple[bool, int, int, str]:
    return tells_devices(day), day.watched, day.active, day.method


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
