"""The hours of a day in which a laptop was used, by the local clock and in quarters of an hour."""

import re
from collections import Counter
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from itertools import pairwise

from .input_days import input_days
from .view import DeviceView
from .zones import offset_minutes

SLOTS, HOUR = 96, 4
WEEKS = 28
_NIGHT = frozenset((*range(22 * HOUR, SLOTS), *range(6 * HOUR)))
#: A block of work, and the rest that parts two of them.
_BLOCK, _REST = 2 * HOUR, 5 * HOUR
_HEX = re.compile(r"[0-9a-f]{24}")

#: Day -> its quarters of an hour with input, in order.
Days = Mapping[date, list[int]]


def local_days(device: DeviceView, zone: str, own: int) -> Days:
    """Returns the days of the last four weeks with an hour of input or more, in a zone, or `own` minutes off UTC.

    A day ends where the device mostly rests, so that a night's work is one day's and not two halves.
    """
    ticks: list[int] = []
    for day in input_days(device, WEEKS):
        began, slots = date.fromisoformat(day.day), _slots(day.slots)
        offset = (offset_minutes(zone, began) if zone and slots else own) or 0
        start = began.toordinal() * SLOTS + offset * HOUR // 60
        ticks += [start + slot for slot in slots]
    ends = _quietest(ticks)
    found: dict[int, list[int]] = {}
    for tick in sorted(set(ticks)):  # the hour that autumn gives twice is one
        found.setdefault((tick - ends) // SLOTS, []).append(tick % SLOTS)
    return {date.fromordinal(day): slots for day, slots in found.items() if len(slots) >= HOUR}


@lru_cache(maxsize=4096)
def _slots(told: str) -> tuple[int, ...]:
    """Returns the quarters of an hour that a day's digits name; none when they are no such digits."""
    bits = f"{int(told, 16):0{SLOTS}b}" if _HEX.fullmatch(told) else ""
    return tuple(slot for slot, bit in enumerate(bits) if bit == "1")


def _quietest(ticks: list[int]) -> int:
    """Returns the quarter of an hour, by the local clock, around which four hours are the quietest."""
    counts = Counter(tick % SLOTS for tick in ticks)
    near = [sum(counts[slot % SLOTS] for slot in range(-2 * HOUR, 2 * HOUR))]
    for slot in range(1, SLOTS):
        near.append(near[-1] + counts[(slot + 2 * HOUR - 1) % SLOTS] - counts[(slot - 2 * HOUR - 1) % SLOTS])
    return near.index(min(near))


def by_night(slots: list[int], share: float) -> bool:
    """Whether that share of a day's input or more came between 22 and 6 o'clock."""
    return len(_NIGHT.intersection(slots)) >= share * len(slots)


def in_two_blocks(slots: list[int]) -> bool:
    """Whether a day has two blocks of two hours or more with more than five idle ones between."""
    gaps = [(later - earlier) % SLOTS for earlier, later in pairwise(slots)]
    return any(gap > _REST and min(place, len(slots) - place) >= _BLOCK for place, gap in enumerate(gaps, start=1))


def busiest_hours(days: Days) -> list[int]:
    """Returns the eight hours with the most input, in their order."""
    counts = Counter(slot // HOUR for slots in days.values() for slot in slots)
    return sorted(hour for hour, _ in counts.most_common(8))
