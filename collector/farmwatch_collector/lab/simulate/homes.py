"""Homes: where people live, their router, and their line. What a couple or flat shares is made once for all of them."""

import random
from functools import lru_cache

import msgspec

from ..cities import HOMES, City
from ..fleet import HOME_ROUTERS
from ..scenarios.ordinary import mac
from .desks import Desk, Desks
from .dice import dice
from .ground import Ground, Line
from .layout import Group
from .settings import Settings
from .sites import Site, site
from .stock import Stock

#: Routers that providers rent out, by the provider's number: makers' prefixes as the IEEE's registry names them.
#: Comcast and Cox: Technicolor, Arris; Verizon: Arcadyan; AT&T: Nokia, Arris; Charter: Askey, Sagemcom; small ones:
#: Calix; T-Mobile: Arcadyan, Sagemcom; Starlink: its own. Which one has which is common knowledge, shares are assumed.
RENTED = {
    7922: ("70:03:7e", "00:cb:7a", "00:1d:cd"), 22773: ("00:cb:7a", "00:1d:cd"), 701: ("5c:dc:96", "e0:51:63"),
    7018: ("88:b3:62", "00:1d:cd"), 20115: ("d4:7b:b0", "84:a0:6e"), 64500: ("1c:8b:76",), 64501: ("1c:8b:76",),
    21928: ("5c:dc:96", "84:a0:6e"), 14593: ("00:26:12",),
}  # fmt: skip
#: Routers that people buy: AVM, Netgear, ASUSTek, TP-Link, Arris, Ubiquiti of the lab's list; eero, Google.
BOUGHT = (*HOME_ROUTERS, "6c:ae:f6", "3c:8d:20")
#: What every unit of a cheap model bears whose maker left the chip's reference address: Realtek's prefix.
DEFAULT_MACS = ("00:e0:4c:81:96:c1", "00:e0:4c:81:86:86")
#: Changes of address a day: of providers that renumber every day (Padmanabhan et al., IMC 2016, found 20 ISPs that do
#: at multiples of 24 hours), and of others, whose customers' modems restart now and then (assumed).
DAILY, SELDOM = 1.0, 0.01


class Home(msgspec.Struct, frozen=True, kw_only=True):
    """A home.

    site    its network
    second  a router of somebody's own behind it, on which some of its laptops hang; None for most
    line    its way out
    traps   what is odd about it
    desk    a desk that its people share, one at a time; None where each has their own
    """

    city: City
    site: Site
    second: Site | None
    line: Line
    traps: tuple[str, ...]
    shared_desk: bool


class Homes:
    """Makes homes, and keeps the latest."""

    def __init__(self, settings: Settings, stock: Stock, ground: Ground, desks: Desks) -> None:
        self._settings = settings
        self._stock = stock
        self._ground = ground
        self._desks = desks
        self.of = lru_cache(maxsize=256)(self._of)

    def named(self, name: str, city: City) -> Home:
        """Returns a home in a city that is nobody's of the layout: where somebody moves, or a branch's people live."""
        return self.of(Group("alone", name, 0, 1), city)

    def desk(self, group: Group, platform: str) -> Desk:
        """Returns the desk that the people of a home share: a dock and a monitor, each with a serial."""
        return self._desks.hot(platform, f"home {self._settings.seed} {group.name}", 0)

    def _of(self, group: Group, city: City | None = None) -> Home:
        rate = self._settings.rate
        chance = dice(self._settings.seed, "home", group.name)
        city = city or HOMES[chance.randrange(len(HOMES))]
        traps: list[str] = []
        line = self._line(city, chance, group, traps)
        provided = RENTED.get(line.asn, HOME_ROUTERS)
        own = chance.random() < rate("own_router")
        gateway = mac(chance, chance.choice(BOUGHT if own else provided))
        if chance.random() < rate("default_mac"):
            gateway = chance.choice(DEFAULT_MACS)
            traps.append("default_mac")
        points = chance.randrange(2, 4) if chance.random() < rate("mesh") else 1
        here = site(self._stock, chance, group.name, city, line, gateway=gateway, points=points,
                    near=chance.randrange(1, 10))  # fmt: skip
        second = None
        if chance.random() < rate("extra_router"):
            traps.append("extra_router")
            behind = mac(chance, chance.choice(BOUGHT))
            second = site(self._stock, chance, f"{group.name} second", city, line, gateway=behind,
                          near=chance.randrange(0, 4))  # fmt: skip
        shared_desk = group.kind in ("couple", "flat") and chance.random() < rate("shared_monitor")
        return Home(city=city, site=here, second=second, line=line, traps=tuple(traps), shared_desk=shared_desk)

    def _line(self, city: City, chance: random.Random, group: Group, traps: list[str]) -> Line:
        rate, way = self._settings.rate, chance.random()
        if way < rate("mobile_line"):
            traps += ["cgnat", "mobile_line"]
            return self._ground.mobile(city, chance, group.name)
        if way < rate("mobile_line") + rate("satellite_line"):
            traps += ["cgnat", "satellite_line"]
            return self._ground.satellite(city, chance, group.name)
        shared = chance.random() < rate("cgnat")
        traps += ["cgnat"] * shared
        changes = DAILY if chance.random() < rate("daily_address") else SELDOM
        traps += ["daily_address"] * (changes == DAILY)
        return self._ground.home(city, chance, group.name, shared, changes)
