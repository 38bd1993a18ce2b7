"""What happens to laptops in the course of weeks: first days, moves, journeys, repairs, and another person."""

from collections.abc import Mapping
from datetime import date, timedelta

import msgspec

from .daybook import Calendar
from .desks import Desks
from .dice import dice
from .ground import Ground, Line
from .homes import Homes
from .person import Person, Spot
from .places import Places
from .settings import Settings

MONTH = 30
#: Laptops are set up so many days before somebody begins, at most. Assumed.
AHEAD = 10
#: New people are in a cohort of their own for so long.
RECENT = 90
#: Of new people begin on a Monday. Assumed.
MONDAYS = 0.7
#: Interns of one house begin within so many days.
SEASON = 21
#: Sticks that go round at one office.
STICKS = 3


class Events:
    """Lets things happen to a laptop, each at its rate."""

    def __init__(
        self, settings: Settings, ground: Ground, places: Places, desks: Desks, homes: Homes, rate: Mapping[str, float]
    ) -> None:
        self._settings = settings
        self._ground = ground
        self._places = places
        self._desks = desks
        self._homes = homes
        self._rate = rate
        self._share = settings.days / MONTH

    def happen(self, person: Person, book: Calendar, together: str = "") -> None:
        """Lets a laptop's weeks take their course.

        together  name of a house whose people begin within three weeks; "" for everybody else
        """
        chance, days = person.chance, self._settings.days
        if together:
            begin = dice(self._settings.seed, "season", together).randrange(-MONTH, max(1, days - SEASON))
            self.begins(person, book, begin + chance.randrange(SEASON))
            person.cohort = "intern"
        elif chance.random() < self._rate["hire"] * (days + AHEAD) / MONTH:
            self.begins(person, book, chance.randrange(days + AHEAD))
        elif chance.random() < self._rate["hire"] * RECENT / MONTH:
            self.begins(person, book, -chance.randrange(1, RECENT))
        for name, happens in (("move", self._moves), ("journey", self._travels), ("holiday", self._is_off),
                              ("repair", self._is_repaired), ("leave", self._leaves)):  # fmt: skip
            if chance.random() < self._rate[name] * self._share and days > AHEAD:
                at = chance.randrange(3, days)
                if self._day(at) > person.start_on:  # nothing happens to somebody who has not begun
                    happens(person, book, at)
        if chance.random() < self._rate["lent_stick"]:
            self._borrows(person, book)

    def begins(self, person: Person, book: Calendar, begin: int) -> None:
        """Somebody is new from a day on, counted from the fleet's first; their laptop is set up before."""
        chance, days = person.chance, self._settings.days
        if chance.random() < MONDAYS:
            begin -= self._day(begin).weekday()
        person.start_on = self._day(begin)
        person.cohort = "remote_new_hire" if person.cohort == "remote" else "new_hire"
        if begin < 0:
            return
        onboarding = chance.random() < self._rate["onboarding"]
        book.put(0, begin, None)
        if onboarding:
            person.traps.add("onboarding_centre")
            book.put(begin, 3, self._desks.spot(person, self._places.onboarding(begin // 7)))
        self.set_up(person, book, begin, sure=begin >= days)

    def set_up(self, person: Person, book: Calendar, begin: int, *, sure: bool = False) -> None:
        """A laptop's first days, before somebody has it: on a bench, or in its box.

        sure  on the bench: it would report nothing else
        """
        chance, days = person.chance, self._settings.days
        set_up = begin - chance.randrange(4, AHEAD)
        person.first = max(self._settings.first_day, min(self._day(begin), person.last))
        if chance.random() < self._rate["bench"] or sure:
            set_up = max(0, min(set_up, days - 1))
            length = min(chance.randrange(1, 4), max(1, begin - set_up))
            if set_up < begin:
                person.traps.add("staging_bench")
                bench = self._desks.spot(person, self._places.bench(chance))
                book.put(set_up, length, bench, idle=True)
                person.first = self._day(set_up)
                person.roster["shipped_to"] = person.roster.get("place", person.city.place)
                person.roster["shipped_on"] = self._day(set_up + length).isoformat()

    def through(self, spot: Spot, line: Line) -> Spot:
        """Returns the same desk behind a family's VPN."""
        return msgspec.structs.replace(spot, line=line, tunnel="family")

    def _moves(self, person: Person, book: Calendar, at: int) -> None:
        home = self._homes.named(f"{person.device} moved", person.city)
        person.traps.update({"moved", *home.traps})
        old = {id(spot) for spot in book.homes}
        book.homes = [msgspec.structs.replace(spot, site=home.site) for spot in book.homes]
        for place in range(at, len(book.spots)):
            if id(book.spots[place]) in old:
                book.spots[place] = book.home(place)

    def _travels(self, person: Person, book: Calendar, at: int) -> None:
        person.traps.add("travel")
        hotel = self._desks.spot(person, self._places.hotel(person.chance))
        for place in range(at, min(len(book.spots), at + person.chance.randrange(2, 5))):
            if book.spots[place] is not None:
                book.spots[place] = hotel

    def _is_off(self, person: Person, book: Calendar, at: int) -> None:
        person.traps.add("holiday")
        book.put(at, person.chance.choice((7, 14)), None)

    def _is_repaired(self, person: Person, book: Calendar, at: int) -> None:
        person.traps.add("repair_depot")
        book.put(at, 7, None)
        depot = self._desks.spot(person, self._places.depot(person.chance))
        book.put(at + 2, person.chance.randrange(1, 4), depot, idle=True)

    def _leaves(self, person: Person, book: Calendar, at: int) -> None:
        person.traps.add("leaver")
        days = len(book.spots)
        book.put(at, days, None)
        if person.chance.random() >= self._rate["reissue"]:
            return
        person.traps |= {"reissued", "repair_depot"}
        back = at + person.chance.randrange(2, 8)
        book.put(back, 2, self._desks.spot(person, self._places.depot(person.chance)), idle=True)
        again = back + person.chance.randrange(4, 9)
        home = self._homes.named(f"{person.device} reissued", person.city)
        spot = self._desks.spot(person, home.site)
        for place in range(again, days):
            if self._day(place).weekday() < 5:
                book.put(place, 1, spot)
        if again < days:
            person.start_on = self._day(again)
            person.cohort = "remote_new_hire" if person.cohort.startswith("remote") else "new_hire"
            person.roster.pop("household", None)

    def _borrows(self, person: Person, book: Calendar) -> None:
        """A stick goes round among the people of one office, or of one city where they work at home."""
        used = [place for place, spot in enumerate(book.spots) if spot is not None]
        if not used:
            return
        person.traps.add("lent_stick")
        place = person.chance.choice(used)
        spot = book.spots[place]
        assert spot is not None
        among = person.roster.get("site") or person.city.place
        stick = self._desks.stick(person.platform, f"LENT{among[:12]}{person.chance.randrange(STICKS)}")
        book.spots[place] = msgspec.structs.replace(spot, usb=spot.usb + stick)

    def _day(self, place: int) -> date:
        return self._settings.first_day + timedelta(days=place)
