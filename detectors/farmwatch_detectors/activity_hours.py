"""States that the hours of use do not fit one person who lives where the records say.

Detects
    Of 15 active days or more in four weeks, quarters of an hour with input in local time. Level 1: two rhythms: two
    blocks of two hours or more with five idle hours between on two thirds of the days, or nights on some days and
    days on others. Level 2: half of the input or more between 22 and 6 o'clock on two thirds of the days; or 16 hours
    and more on five days.
Why
    Somebody on the other side of the world works by day there, or two people share one account.
Innocent explanations
    Night shift and on-call; parents who work after bedtime; religious hours; teams in other time zones; a program
    that keeps the laptop awake. Travel and moves show in the laptop's own zone, and then nothing is said.
Blind spots
    Most work the company's hours. Without the roster's time zone the first kind is not looked for; the time between
    changes of a rhythm that is younger than three weeks is not seen.
Triage
    Ask the manager for the agreed hours. Hours by themselves are nobody's fault, and never a reason alone.
References
    US State Department and Treasury advisory of 16 May 2022 (long hours, logins at odd hours); T1078 Valid Accounts.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from itertools import pairwise

from farmwatch_schema.finding import Evidence, Finding

from .detector import Detector
from .input_days import input_days
from .view import DeviceView
from .zones import offset_minutes, told_offset

WEEKS, ENOUGH = 28, 15
SLOTS, HOUR = 96, 4
NIGHT = frozenset((*range(22 * HOUR, SLOTS), *range(6 * HOUR)))
NIGHTLY, OFTEN = 0.5, 2 / 3
LONG_SLOTS, LONG_DAYS = 16 * HOUR, 5
_HEX = re.compile(r"[0-9a-f]{24}")
BLOCK, REST, EACH = 2 * HOUR, 5 * HOUR, 5


def detect(device: DeviceView) -> Iterator[Finding]:
    """Yields the strongest of the three things that hours can say."""
    roster_zone = device.roster.time_zone if device.roster else ""
    own = told_offset(device)
    claimed = offset_minutes(roster_zone, device.now.date())
    days = _local_days(device, roster_zone if claimed is not None else "", own or 0)
    if len(days) < ENOUGH or (claimed is None and own is None):
        return
    nightly = [day for day, slots in days.items() if len(NIGHT.intersection(slots)) >= NIGHTLY * len(slots)]
    long = [day for day, slots in days.items() if len(slots) >= LONG_SLOTS]
    split = [day for day, slots in days.items() if _split(slots)]
    at_home = claimed is not None and own is not None and abs(claimed - own) <= 60
    if at_home and len(nightly) >= OFTEN * len(days):
        often = f"On {len(nightly)} of {len(days)} days"
        what = f"{often} half the input or more came between 22 and 6 o'clock in {roster_zone}"
        yield _finding(2, what, "few people work so", "night shift or a team elsewhere", days)
    elif len(long) >= LONG_DAYS:
        what = f"On {len(long)} of {len(days)} days there was input in 16 hours or more"
        yield _finding(2, what, "hardly anybody works so", "on-call or a program that keeps it awake", days)
    elif len(split) >= OFTEN * len(days) or EACH <= len(nightly) <= len(days) - EACH:
        what = f"The hours of {len(days)} active days follow two rhythms"
        yield _finding(
            1, what, "most people's follow one", "work after the children's bedtime or changing shifts", days
        )


def _local_days(device: DeviceView, zone: str, own: int) -> dict[date, list[int]]:
    """Returns day -> its quarters of an hour with input by the local clock, in order, of days with an hour or more.

    A day ends where the device mostly rests, so that a night's work is one day's and not two halves.
    """
    ticks: list[int] = []
    for day in input_days(device, WEEKS):
        if _HEX.fullmatch(day.slots) is None:
            continue
        began, bits = date.fromisoformat(day.day), f"{int(day.slots, 16):0{SLOTS}b}"
        offset = (offset_minutes(zone, began) if zone else own) or 0
        start = began.toordinal() * SLOTS + offset * HOUR // 60
        ticks += [start + slot for slot, bit in enumerate(bits) if bit == "1"]
    ends = _quietest(ticks)
    found: dict[int, list[int]] = {}
    for tick in sorted(set(ticks)):  # the hour that autumn gives twice is one
        found.setdefault((tick - ends) // SLOTS, []).append(tick % SLOTS)
    return {date.fromordinal(day): slots for day, slots in found.items() if len(slots) >= HOUR}


def _quietest(ticks: list[int]) -> int:
    """Returns the quarter of an hour, by the local clock, around which four hours are the quietest."""
    counts = Counter(tick % SLOTS for tick in ticks)
    near = [sum(counts[slot % SLOTS] for slot in range(-2 * HOUR, 2 * HOUR))]
    for slot in range(1, SLOTS):
        near.append(near[-1] + counts[(slot + 2 * HOUR - 1) % SLOTS] - counts[(slot - 2 * HOUR - 1) % SLOTS])
    return near.index(min(near))


def _split(slots: list[int]) -> bool:
    """Whether a day has two blocks of `BLOCK` quarters or more with `REST` idle ones between."""
    gaps = [(later - earlier) % SLOTS for earlier, later in pairwise(slots)]
    return any(gap > REST and min(place, len(slots) - place) >= BLOCK for place, gap in enumerate(gaps, start=1))


def _finding(level: int, what: str, compared: str, innocent: str, days: Mapping[date, list[int]]) -> Finding:
    counts = Counter(slot // HOUR for slots in days.values() for slot in slots)
    busiest = sorted(hour for hour, _ in counts.most_common(8))
    return Finding(
        detector=DETECTOR.id,
        group=DETECTOR.group,
        level=level,
        sentence=f"{what}; {compared}. Could it be {innocent}? Check: the hours agreed with the manager.",
        evidence=(
            Evidence(
                kind="input_source",
                subject=f"hours of {len(days)} days",
                fact=f"Busiest hours, local time: {', '.join(map(str, busiest))} o'clock.",
            ),
        ),
        subject="hours",
        seen_from=f"{min(days)}T00:00:00+00:00",
    )


DETECTOR = Detector(
    id="activity_hours",
    group="P",
    title="Hours of use that fit no one person",
    attack=("T1078",),
    consumes=("input_source", "host"),
    detect=detect,
)
