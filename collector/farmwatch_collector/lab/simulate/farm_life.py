"""Laptops of a farm: on a shelf behind one line, driven from far away. Care says what is done against being found."""

from datetime import timedelta
from functools import lru_cache

import msgspec

from ..cities import HOMES, City
from ..scenarios import disguises, remote
from ..scenarios.hardware import device_of
from . import daytime
from .desks import Desk, Desks
from .dice import dice
from .ground import Ground
from .ordinary_life import OrdinaryLife
from .person import Person, Spot
from .settings import EVASIONS, FarmSpec, Settings
from .sites import Site, site
from .stock import Stock

#: Brands that farms were found to buy. Assumed.
BRANDS = ("pikvm", "tinypilot", "jetkvm", "nanokvm", "comet")
#: Weeks over which laptops come to a farm, by care.
WEEKS = {"careless": 4, "average": 10, "careful": 26}
LATEST_JOIN = 0.7


class Shelf(msgspec.Struct, frozen=True, kw_only=True):
    """What a farm's laptops have in common.

    city      where it stands
    sites     networks that they hang on, by place; one for all where nothing is done against it
    brand     of KVM; mixed where that is an evasion
    tool      remote tool of those without a KVM
    operators from when to when in local hours each works
    """

    city: City
    sites: tuple[Site, ...]
    brand: str
    tool: str
    evasions: tuple[str, ...]
    begins: float


class FarmLife:
    """Makes the laptops of farms."""

    def __init__(
        self, settings: Settings, stock: Stock, ground: Ground, desks: Desks, life: OrdinaryLife
    ) -> None:  # fmt: skip
        self._settings = settings
        self._stock = stock
        self._ground = ground
        self._desks = desks
        self._life = life
        self._shelf = lru_cache(maxsize=16)(self._made_shelf)

    def evasions(self, farm: FarmSpec) -> tuple[str, ...]:
        """Returns what a farm does against being found."""
        return self._shelf(farm.name).evasions

    def person(self, number: int, farm: FarmSpec, place: int) -> Person:
        """Returns the `place`th laptop of a farm with all its days."""
        shelf = self._shelf(farm.name)
        claimed = HOMES[dice(self._settings.seed, "claimed", number).randrange(len(HOMES))]
        person = self._life.bare(number, shelf.city, "farm", farm.name)
        chance = person.chance
        person.farm, person.care, person.evasions = farm.name, farm.care, shelf.evasions
        person.cohort = "remote_new_hire"
        weeks = WEEKS[farm.care]
        joined = self._settings.first_day + timedelta(
            days=chance.randrange(-7 * weeks, max(1, int(self._settings.days * LATEST_JOIN)))
        )
        person.start_on = joined - timedelta(days=chance.randrange(0, 5))
        person.first = max(person.first, joined)
        person.roster["place"] = claimed.place
        person.roster["time_zone"] = claimed.zone
        where = shelf.sites[place % len(shelf.sites)]
        spot = self._spot(person, farm, shelf, where)
        person.begins = shelf.begins + chance.gauss(0, 0.3)
        person.ends = person.begins + chance.uniform(8, 10)
        for day in daytime.days(person.first, person.last):
            daytime.work(person, day, spot, night=True, idle=day.weekday() >= 5 and chance.random() < 0.7)
        return person

    def _spot(self, person: Person, farm: FarmSpec, shelf: Shelf, where: Site) -> Spot:
        if farm.clean:
            return self._desks.spot(person, where)
        built = disguises.set_up(shelf.brand, "default", person.chance)
        usb = self._stock.thing(person.platform, f"kvm {shelf.brand}", device_of(built.built, "1-4"))
        shown = self._stock.monitor(person.platform, "HDMI-A-2", built.edid, kept=True)
        desk = Desk(usb=usb, displays=(shown,), inputs=self._stock.external_input(usb), part=100)
        spot = self._desks.spot(person, where, desk)
        power = self._stock.power(person.platform, "closed", True, 100, person.number % 30 * 10)
        return msgspec.structs.replace(spot, power=power, shares=self._desks.shares(person.platform, 100, True))

    def _made_shelf(self, name: str) -> Shelf:
        farm = next(each for each in self._settings.farms if each.name == name)
        chance = dice(self._settings.seed, "shelf", name)
        city = HOMES[chance.randrange(len(HOMES))]
        line = self._ground.home(city, chance, name)
        house = site(self._stock, chance, name, line, near=chance.randrange(3, 9))
        drawn = chance.sample(EVASIONS, chance.randrange(2, 5)) if farm.care == "careful" else []
        evasions = tuple(sorted(drawn if farm.evasions is None else farm.evasions))
        return Shelf(city=city, sites=(house,), brand=chance.choice(BRANDS), tool=chance.choice(remote.KNOWN),
                     evasions=evasions, begins=chance.choice((9.0, 9.0, 17.0, 19.0)))  # fmt: skip
