"""Places that many share: offices, benches, depots, hotels, shared rooms. Each is made by dice of its own."""

import random
from collections.abc import Iterator
from functools import lru_cache

import msgspec

from ..cities import HOMES, City
from .dice import dice
from .ground import Ground
from .settings import Settings
from .sites import OFFICE_GATEWAYS, OFFICE_THINGS, Site, site
from .stock import Stock

#: People of an office for whom one gateway is enough: a floor or a building. Assumed.
PER_GATEWAY = 150
#: People of one office of a city, headquarters aside; their share of the company. Assumed.
PER_OFFICE = 300
HEADQUARTERS = 0.15
#: One of each place below for so many laptops, and one at least. Assumed.
PER_BENCH, PER_DEPOT, PER_HOTEL, PER_ROOM, PER_CAMPUS = 20_000, 30_000, 200, 600, 10_000


class Office(msgspec.Struct, frozen=True, kw_only=True):
    """An office that the company's records name.

    sites       its networks: one of a floor or building
    registered  the policy has it; else the roster's `site` alone
    hot_desks   docks and monitors that are anybody's, how many; 0 where each has a desk
    call_centre laptops stay there over night
    """

    name: str
    city: City
    sites: tuple[Site, ...]
    registered: bool
    hot_desks: int
    call_centre: bool = False


class Places:
    """Makes places, and keeps those in use."""

    def __init__(self, settings: Settings, stock: Stock, ground: Ground) -> None:
        self._settings = settings
        self._stock = stock
        self._ground = ground
        at_offices = settings.devices * (1 - settings.rate("remote"))
        self._headquarters = at_offices * HEADQUARTERS
        self._in_city = max(1, round(at_offices * (1 - HEADQUARTERS) / len(HOMES) / PER_OFFICE))
        self._size = at_offices * (1 - HEADQUARTERS) / len(HOMES) / self._in_city
        self.office = lru_cache(maxsize=8192)(self._office)
        self.shared = lru_cache(maxsize=8192)(self._shared)

    def office_of(self, city: City, chance: random.Random) -> Office:
        """Returns the office that somebody of a city goes to."""
        if chance.random() < HEADQUARTERS:
            return self.office(HOMES[0], 0)
        return self.office(city, 1 + chance.randrange(self._in_city))

    def call_centre(self, chance: random.Random) -> Office:
        """Returns an office whose laptops stay."""
        return self.office(HOMES[chance.randrange(3, len(HOMES), 6)], 0)

    def offices(self) -> Iterator[Office]:
        """Yields every office."""
        yield self.office(HOMES[0], 0)
        yield from (self.office(HOMES[place], 0) for place in range(3, len(HOMES), 6))
        for city in HOMES:
            yield from (self.office(city, 1 + number) for number in range(self._in_city))

    def _office(self, city: City, number: int) -> Office:
        chance = dice(self._settings.seed, "office", city.place, number)
        head = city == HOMES[0] and number == 0
        name = "headquarters" if head else f"{city.place[:-8].lower().replace(' ', '-')}-{number}"
        size = self._headquarters if head else self._size
        registered = head or chance.random() >= self._settings.rate("site_only")
        virtual = chance.random() < self._settings.rate("virtual_gateway")
        line = self._ground.company(name, chance) if registered else self._ground.home(city, chance, name)
        sites = tuple(
            site(self._stock, chance, name, city, line, points=6, things=OFFICE_THINGS, near=5, radio=False,
                 gateway=f"00:00:5e:00:01:{1 + each % 255:02x}" if virtual else self._gateway(chance),
                 wired=chance.random() < 0.4)
            for each in range(max(1, round(size / PER_GATEWAY)))
        )  # fmt: skip
        hot = chance.random() < self._settings.rate("hot_desk")
        return Office(name=name, city=city, sites=sites, registered=registered, hot_desks=int(size * 0.5) if hot else 0,
                      call_centre=not head and number == 0)  # fmt: skip

    def bench(self, chance: random.Random) -> Site:
        """Returns a bench at which laptops are set up before they are sent: an unregistered one."""
        return self.shared("bench", chance.randrange(1 + self._settings.devices // PER_BENCH))

    def depot(self, chance: random.Random) -> Site:
        """Returns a workshop for repairs."""
        return self.shared("depot", chance.randrange(1 + self._settings.devices // PER_DEPOT))

    def hotel(self, chance: random.Random) -> Site:
        """Returns a hotel."""
        return self.shared("hotel", chance.randrange(1 + self._settings.devices // PER_HOTEL))

    def campus(self, chance: random.Random) -> Site:
        """Returns a customer's or university's campus, where some of the company are guests."""
        return self.shared("campus", chance.randrange(1 + self._settings.devices // PER_CAMPUS))

    def onboarding(self, week: int) -> Site:
        """Returns the hotel in which the new hires of a week begin."""
        return self.shared("onboarding", week % 4)

    def room(self, city: City, chance: random.Random) -> Site:
        """Returns a co-working room."""
        rooms = 1 + self._settings.devices // PER_ROOM // len(HOMES)
        return self.shared("room", chance.randrange(rooms), city)

    def _shared(self, kind: str, number: int, city: City | None = None) -> Site:
        chance = dice(self._settings.seed, kind, number, city.place if city else "")
        where = city or chance.choice(HOMES)
        name = f"{kind}-{number}" if city is None else f"{kind}-{where.place[:-8].lower().replace(' ', '-')}-{number}"
        line = self._ground.home(where, chance, name)
        return site(self._stock, chance, name, where, line, points=6, things=OFFICE_THINGS, near=5, radio=False,
                    gateway=self._gateway(chance), wired=kind in ("bench", "depot"))  # fmt: skip

    def _gateway(self, chance: random.Random) -> str:
        return chance.choice(OFFICE_GATEWAYS) + "".join(f":{chance.randrange(256):02x}" for _ in range(3))
