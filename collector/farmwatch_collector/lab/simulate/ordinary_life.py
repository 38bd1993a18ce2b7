"""Ordinary people: homes, offices, journeys, moves, first days and last ones, at the rates of rates.py."""

from datetime import timedelta
from functools import lru_cache

from ..cities import HOMES, City
from ..scenarios.ordinary import PLATFORMS, pick
from . import daytime
from .desks import Desks
from .dice import dice, identity
from .ground import Ground
from .layout import Group
from .person import Person, Spot
from .places import Office, Places
from .rates import RATES
from .settings import Settings
from .sites import Site, site
from .stock import Stock

ROLLOUT_DAYS = 4
#: Desks of an office at which one person is to be found. Assumed.
FAVOURITES = 4


class OrdinaryLife:
    """Makes the people of homes and offices."""

    def __init__(self, settings: Settings, stock: Stock, ground: Ground, places: Places, desks: Desks) -> None:
        self._settings = settings
        self._stock = stock
        self._ground = ground
        self._places = places
        self._desks = desks
        self._rate = {name: settings.rate(name) for name in RATES}
        self._home = lru_cache(maxsize=64)(self._made_home)

    def person(self, number: int, group: Group) -> Person:
        """Returns a laptop of a home with all its days."""
        city, home = self._home(group)
        person = self.bare(number, city, group.kind, group.name if group.size > 1 else "")
        chance = person.chance
        spot = self._desks.spot(person, home, self._desks.home(person, self._rate))
        way = chance.random()
        if way < self._rate["remote"]:
            days_out, office = 0.0, None
        elif way < self._rate["remote"] + self._rate["hybrid"]:
            days_out, office = 0.5, self._places.office_of(city, chance)
        else:
            days_out, office = 1.0, self._places.office_of(city, chance)
        if office is not None:
            person.roster["site"] = office.name
        self._live(person, spot, office, days_out)
        return person

    def bare(self, number: int, city: City, dwelling: str, place: str) -> Person:
        """Returns a laptop out of its box, and somebody who has had it for long."""
        settings = self._settings
        device = identity(settings.seed, number)
        chance = dice(settings.seed, "person", number)
        first = settings.first_day + timedelta(days=chance.randrange(min(ROLLOUT_DAYS, settings.days)))
        serial = f"FW{chance.getrandbits(40):010X}"
        platform = pick(chance, PLATFORMS)
        return Person(
            number=number, device=device, chance=chance, platform=platform, model=chance.randrange(6), serial=serial,
            city=city, sase=chance.random() < settings.sase, told=chance.random() < settings.bssids,
            begins=chance.gauss(9.0, 0.8), ends=chance.gauss(17.5, 0.9), first=first, last=settings.last_day,
            start_on=settings.first_day - timedelta(days=chance.randrange(60, 2000)), cohort="employee",
            dwelling=dwelling, place=place, traps=set(), stays=[], slots={},
            facts={"sessions": self._stock.session(platform, f"user {device}")}, roster={},
        )  # fmt: skip

    def _live(self, person: Person, home: Spot, office: Office | None, days_out: float) -> None:
        chance = person.chance
        desks = self._office_desks(person, office) if office is not None else [home]
        for day in daytime.days(person.first, person.last):
            if day.weekday() < 5:
                out = office is not None and chance.random() < days_out
                daytime.work(person, day, desks[chance.randrange(len(desks))] if out else home)
        if not person.stays:
            daytime.work(person, person.last, home)

    def _office_desks(self, person: Person, office: Office) -> list[Spot]:
        """Returns where somebody sits at an office: a desk of their own, or one of a few that are anybody's."""
        where = office.sites[person.number % len(office.sites)]
        if not office.hot_desks:
            return [self._desks.spot(person, where)]
        person.traps.add("hot_desk")
        seats = sorted({person.chance.randrange(office.hot_desks) for _ in range(FAVOURITES)})
        return [self._desks.spot(person, where, self._desks.hot(person.platform, office.name, seat)) for seat in seats]

    def _made_home(self, group: Group) -> tuple[City, Site]:
        chance = dice(self._settings.seed, "home", group.name)
        city = HOMES[chance.randrange(len(HOMES))]
        line = self._ground.home(city, chance, group.name)
        return city, site(self._stock, chance, group.name, line, near=chance.randrange(2, 10))
