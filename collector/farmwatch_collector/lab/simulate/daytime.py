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
    # Plain fractions: `randrange` costs as much as all the rest of a day.
    fraction, normal = person.chance.random, person.chance.gauss
    midnight = local_midnight(person.city.zone, day)
    begin = midnight + int((person.begins + normal(0, 0.4)) * HOUR)
    end = max(begin + 5 * HOUR, midnight + int((person.ends + normal(0, 0.5)) * HOUR))
    if night:
        person.stays.append(Stay(midnight, midnight + DAY - 1, spot))
    else:
        person.stays.append(Stay(begin - 60 - int(840 * fraction()), end + int(1800 * fraction()), spot))
    if idle:
        return
    pause = begin + int((3 + fraction()) * HOUR)
    mask = holes(person.chance)
    note(person.slots, begin, pause, mask)
    after = pause + 1800 + int(2700 * fraction())
    if after < end:
        note(person.slots, after, end, mask)


def shift(
    person: Person, day: date, spot: Spot, operator: random.Random, zone: str, times: tuple[float, float] | None,
    turn: int, hands: int,
) -> None:  # fmt: skip
    """Lets an operator drive a laptop, awake day and night, in turn with the others that he has.

    operator  dice of the operator and day, the same for each of his laptops
    times     local hours in `zone`, where the laptops stand; None on a day off
    turn      which of his laptops this is, from 0; hands: how many he has
    """
    midnight = local_midnight(zone, day)
    person.stays.append(Stay(midnight, midnight + DAY - 1, spot))
    if times is None:
        return
    begin = midnight + int((times[0] + operator.gauss(0, 0.3)) * HOUR)
    end = midnight + int((times[1] + operator.gauss(0, 0.4)) * HOUR)
    pause = begin + int(operator.uniform(3, 5) * HOUR)
    at, place = begin, operator.randrange(hands)
    while at < end:
        until = at + operator.randrange(2, 7) * SLOT if hands > 1 else at + HOUR
        if place % hands == turn and not pause <= at < pause + HOUR:
            note(person.slots, at, min(until, end), -1 if hands > 1 else holes(person.chance))
        at, place = until, place + 1
