"""Ordinary people: who they are, where they live and work. What happens to them is events.py's."""

from collections.abc import Mapping
from datetime import timedelta

from ..cities import City
from ..scenarios.ordinary import PLATFORMS, pick
from .daybook import Calendar
from .desks import Desks
from .dice import dice, identity
from .events import Events
from .ground import Ground
from .homes import Home, Homes
from .layout import Group
from .person import Person, Spot
from .places import Office, Places
from .rates import RATES
from .settings import Settings
from .stock import Stock

ROLLOUT_DAYS = 4
#: Desks of an office at which one person is to be found. Assumed.
FAVOURITES = 4
#: Shares of days away from home. Assumed: of those with an office one day in ten at home, of branches one in four.
HYBRID, OFFICE, BRANCH, ROOM = 0.5, 0.9, 0.75, 0.5


class OrdinaryLife:
    """Makes the people of homes and offices."""

    def __init__(self, settings: Settings, stock: Stock, ground: Ground, places: Places, desks: Desks) -> None:
        self._settings = settings
        self._stock = stock
        self._ground = ground
        self._places = places
        self._desks = desks
        self.rate: Mapping[str, float] = {name: settings.rate(name) for name in RATES}
        self.homes = Homes(settings, stock, ground, desks)
        self.events = Events(settings, ground, places, desks, self.homes, self.rate)

    def person(self, number: int, group: Group) -> Person:
        """Returns a laptop of a home with all its days."""
        branch = group.kind == "branch"
        home = self.homes.of(group)
        if branch:
            home = self.homes.named(f"{group.name} {number}", home.city)
        person = self.bare(number, home.city, "office" if branch else group.kind, group.name if group.size > 1 else "")
        if group.size > 1:
            person.traps.add("unregistered_office" if branch else group.kind)
        told = group.kind in ("couple", "flat") and dice(self._settings.seed, "told", group.name).random()
        if told is not False and told < self.rate["household_told"]:
            person.roster["household"] = group.name
        calendar = self._works(person, self.at_home(person, home, group, number - group.first), group)
        self.events.happen(person, calendar, together=(group.kind == "student_house" and group.name) or "")
        calendar.live(person)
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

    def at_home(self, person: Person, home: Home, group: Group, place: int) -> list[Spot]:
        """Returns where somebody sits at home: each day one of these in turn."""
        chance, rate = person.chance, self.rate
        person.traps.update(home.traps)
        where = home.second if home.second is not None and chance.random() < 0.5 else home.site
        point = chance.randrange(3)
        desk = self._desks.home(person, rate)
        person.traps.update(desk.traps)
        usual = self._desks.spot(person, where, desk, point=point)
        spots = [usual]
        if home.shared_desk:
            person.traps.add("shared_monitor")
            shared = self._desks.spot(person, where, self.homes.desk(group, person.platform), point=point)
            # In turn: each day one of them has it.
            spots = [shared if each == place else usual for each in range(group.size)]
        if chance.random() < rate["family_vpn"]:
            person.traps.add("family_vpn")
            line = self._ground.vpn(chance, f"vpn {chance.randrange(64)}")
            spots = [spot for each in spots for spot in (each, self.events.through(each, line))]
        return spots

    def _works(self, person: Person, home: list[Spot], group: Group) -> Calendar:
        """Returns a calendar of usual working days, by how somebody works."""
        chance, rate, places = person.chance, self.rate, self._places
        way = chance.random()
        office: Office | None = None
        out = 0.0
        elsewhere: list[Spot] = []
        night = False
        if group.kind == "branch":
            elsewhere = [self._desks.spot(person, self.homes.of(group).site)]
            out = 1.0 if chance.random() < rate["stays_over_night"] else BRANCH
        elif way < rate["remote"]:
            person.cohort = "remote"
            if chance.random() < rate["co_working"]:
                person.traps.add("co_working")
                elsewhere, out = [self._desks.spot(person, places.room(person.city, chance))], ROOM
                person.dwelling, person.place = "co_working", elsewhere[0].site.name
        elif way < rate["remote"] + rate["hybrid"]:
            out = HYBRID
            if chance.random() < rate["campus"]:
                person.traps.add("campus")
                elsewhere = [self._desks.spot(person, places.campus(chance))]
            else:
                office = places.office_of(person.city, chance)
        elif chance.random() < rate["call_centre"]:
            office, out, night = places.call_centre(chance), 1.0, True
            person.city = office.city
            person.traps.add("call_centre")
            person.begins, person.ends = chance.choice(((6.0, 14.0), (10.0, 18.0), (14.0, 22.0)))
        else:
            office, out = places.office_of(person.city, chance), OFFICE
        if office is not None:
            person.roster["site"] = office.name
            elsewhere = self.office_desks(person, office)
            if night:
                person.dwelling, person.place = "office", office.name
        return Calendar.usual(self._settings, person, home, elsewhere, out, night=night)

    def office_desks(self, person: Person, office: Office) -> list[Spot]:
        """Returns where somebody sits at an office: a desk of their own, or one of a few that are anybody's."""
        where = office.sites[person.number % len(office.sites)]
        if not office.hot_desks:
            return [self._desks.spot(person, where)]
        person.traps.add("hot_desk")
        seats = sorted({person.chance.randrange(office.hot_desks) for _ in range(FAVOURITES)})
        return [self._desks.spot(person, where, self._desks.hot(person.platform, office.name, seat)) for seat in seats]
