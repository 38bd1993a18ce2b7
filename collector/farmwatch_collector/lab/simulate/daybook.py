"""Where a laptop is on each day of the fleet, before it is known when it is awake."""

from collections.abc import Sequence
from datetime import timedelta

from . import daytime
from .person import Person, Spot
from .settings import Settings

SATURDAY = 5
#: Weekend days on which somebody works at home too. Assumed, as in docs/scenarios.md.
WEEKENDS = 0.05


class Calendar:
    """A spot for each day, from the fleet's first on; None where the laptop is switched off.

    idle   days on which nobody uses it; awake: days and nights through which it is awake
    homes  the spots at home, of which one day takes the next
    """

    def __init__(self, settings: Settings, homes: Sequence[Spot]) -> None:
        self.first_day = settings.first_day
        self.spots: list[Spot | None] = [None] * settings.days
        self.idle: set[int] = set()
        self.awake: set[int] = set()
        self.homes = list(homes)

    @classmethod
    def usual(
        cls, settings: Settings, person: Person, homes: Sequence[Spot], elsewhere: Sequence[Spot], out: float,
        *, night: bool,
    ) -> "Calendar":  # fmt: skip
        """Returns usual weeks: `out` of the days elsewhere; with `night`, it stays there in shifts and is awake."""
        chance, book = person.chance, cls(settings, homes)
        monday = settings.first_day.weekday()
        for place in range(settings.days):
            weekday = (monday + place) % 7
            if night:
                book.spots[place] = elsewhere[0]
                book.awake.add(place)
                if chance.random() < 2 / 7:
                    book.idle.add(place)
            elif weekday >= SATURDAY:
                if chance.random() < WEEKENDS:
                    book.spots[place] = book.home(place)
            elif elsewhere and chance.random() < out:
                book.spots[place] = elsewhere[int(chance.random() * len(elsewhere))]
            else:
                book.spots[place] = book.home(place)
        return book

    def home(self, place: int) -> Spot:
        """Returns where somebody sits at home on a day."""
        return self.homes[place % len(self.homes)]

    def put(self, first: int, count: int, spot: Spot | None, *, idle: bool = False) -> None:
        """Puts the laptop somewhere for some days, whatever was planned; days beyond the fleet's are left out."""
        for place in range(max(0, first), min(len(self.spots), first + count)):
            self.spots[place] = spot
            self.awake.discard(place)
            (self.idle.add if idle else self.idle.discard)(place)

    def live(self, person: Person) -> None:
        """Lets the days happen. A laptop that is off all the time reports once, on its last day at home."""
        first = (person.first - self.first_day).days
        last = (person.last - self.first_day).days
        for place in range(max(0, first), last + 1):
            spot = self.spots[place]
            if spot is not None:
                day = self.first_day + timedelta(days=place)
                daytime.work(person, day, spot, night=place in self.awake, idle=place in self.idle)
        if not person.stays:
            daytime.work(person, person.last, self.home(last), idle=person.last < person.start_on)
