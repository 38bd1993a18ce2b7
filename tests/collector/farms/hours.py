"""People and operators at laptops, as hours of activity, drawn from a seed. Every figure of a habit stands here."""

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from farmwatch_collector.farms.source import Activity

HOUR = 4  # quarters
AT = datetime(2026, 3, 21, 12, tzinfo=UTC)  # a Saturday
WATCHED = 24 * 60

Shift = tuple[int, int, int]  # start, end, lunch, in hours UTC
DAY: Shift = (9, 17, 12)


def workdays(count: int, at: datetime = AT) -> list[date]:
    """The last working days before a moment."""
    found: list[date] = []
    day = at.date() - timedelta(days=1)
    while len(found) < count:
        if day.weekday() < 5:
            found.append(day)
        day -= timedelta(days=1)
    return found[::-1]


def of(slots: dict[date, int], watched: int = WATCHED) -> Activity:
    return Activity(slots=slots, watched=dict.fromkeys(slots, watched))


def person(draw: random.Random, days: Sequence[date], shift: Shift = DAY) -> Activity:
    """Works a shift, begins and ends within half an hour of it, has lunch near its hour, and rests now and then."""
    slots: dict[date, int] = {}
    for day in days:
        start, end, lunch = (hour * HOUR + draw.randint(-2, 2) for hour in shift)
        busy, bits = True, 0
        for quarter in range(start, end):
            busy = draw.random() < (0.85 if busy else 0.5)
            bits |= (busy and not lunch <= quarter < lunch + 3) << quarter
        slots[day] = bits or 1 << start
    return of(slots)


def operator(
    draw: random.Random, days: Sequence[date], laptops: int, stay: tuple[int, int] = (20, 90), hours: int = 8
) -> dict[str, Activity]:
    """One pair of hands: so many minutes at one laptop, then at another, drawn from the rest."""
    slots: list[dict[date, int]] = [dict.fromkeys(days, 0) for _ in range(laptops)]
    for day in days:
        minute = (9 * HOUR + draw.randint(-2, 2)) * 15.0
        end, at = minute + hours * 60, draw.randrange(laptops)
        while minute < end:
            leaves = min(end, minute + draw.uniform(*stay))
            for quarter in range(int(minute // 15), int(leaves // 15) + 1):
                slots[at][day] |= 1 << quarter
            minute = leaves + draw.uniform(0, 4) + (45 if draw.random() < 0.1 else 0)
            at = draw.choice([each for each in range(laptops) if each != at])
    return {f"laptop-{place}": of(each) for place, each in enumerate(slots)}


def strangers(seed: int, days: Sequence[date], shift: Shift = DAY, count: int = 32) -> list[Activity]:
    draw = random.Random(f"strangers {seed}")
    return [person(draw, days, shift) for _ in range(count)]


def shared(one: Activity, pauses: dict[date, int]) -> Activity:
    """The same hours without the quarters in which somebody is out on an errand."""
    return of({day: bits & ~pauses.get(day, 0) for day, bits in one.slots.items()})


def later(one: Activity, quarters: int, since: date) -> Activity:
    """The same hours by a clock that was moved back on a day: every quarter of an hour is so much later in UTC."""
    return of({day: bits << quarters if day >= since else bits for day, bits in one.slots.items()})
