"""When a laptop is awake and used."""

import random
from collections.abc import Iterator
from datetime import date, timedelta

from ..scenarios.hours import DAY, SLOT, SLOTS, local_midnight
from .person import Person, Spot, Stay

HOUR = 3600


def days(first: date, last: date) -> Iterator[date]:
    """Yields each day from one to another, both with it."""
    for more in range((last - first).days + 1):
        yield first + timedelta(days=more)


def note(slots: dict[int, int], start: int, end: int, mask: int = -1) -> None:
    """Notes input from one time to another, in the slots of `mask` only."""
    for day in range(start // DAY, (end - 1) // DAY + 1):
        least = max(0, (start - day * DAY) // SLOT)
        most = min(SLOTS, -(-(end - day * DAY) // SLOT))
        bits = (1 << most - least) - 1 << SLOTS - most
        slots[day] = slots.get(day, 0) | bits & mask


def holes(chance: random.Random) -> int:
    """Returns slots of which one in eight is missing: somebody reads, talks, fetches coffee."""
    return chance.getrandbits(SLOTS) | chance.getrandbits(SLOTS) | chance.getrandbits(SLOTS)


def work(person: Person, day: date, spot: Spot, *, night: bool = False, idle: bool = False) -> None:
    """Lets somebody use a laptop on a day: a morning, a pause, an afternoon, sometimes an evening.

    night  it is awake all day and night
    idle   it is awake and nobody uses it
    """
    chance = person.chance
    midnight = local_midnight(person.city.zone, day)
    begin = midnight + int((person.begins + chance.gauss(0, 0.4)) * HOUR)
    end = max(begin + 5 * HOUR, midnight + int((person.ends + chance.gauss(0, 0.5)) * HOUR))
    if night:
        person.stays.append(Stay(midnight, midnight + DAY - 1, spot))
    else:
        person.stays.append(Stay(begin - chance.randrange(60, 900), end + chance.randrange(0, 1800), spot))
    if idle:
        return
    pause = begin + int(chance.uniform(3, 4) * HOUR)
    mask = holes(chance)
    note(person.slots, begin, pause, mask)
    after = pause + chance.randrange(1800, 4500)
    if after < end:
        note(person.slots, after, end, mask)
