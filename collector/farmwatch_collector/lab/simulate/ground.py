"""Public addresses: who has which, how long, and with whom.

All lie in 240.0.0.0/4, which is reserved (RFC 1112) and routed nowhere: a million /24s, as many as a large fleet's
homes need to be as far apart as real ones. Networks and their classes are lab/lines.py's.
"""

import random
from functools import lru_cache

import msgspec

from farmwatch_schema.identifiers import Identifier

from .. import lines
from ..cities import HOMES, City
from .dice import dice
from .stock import Stock

#: Each network has an area of its own: 65,536 /24s, and in it each city an equal part.
AREA = 1 << 16
_AREAS = {7922: 0, 701: 1, 7018: 2, 20115: 3, 22773: 4, 64500: 5, 64501: 6, 21928: 7, 14593: 8, 9009: 9, 212238: 10,
          22616: 11, 64504: 12, 16509: 13}  # fmt: skip
_PART = AREA // len(HOMES)
_CITY = {city: place for place, city in enumerate(HOMES)}


class Line(msgspec.Struct, frozen=True):
    """An access line: its network, class and where its addresses come from.

    base, size  /24s that it may have addresses of
    shared      one of so many addresses of that area, each with dozens of customers; 0 for an address of its own
    name        dice are thrown by it
    changes     of its address, a day
    """

    network: str
    asn: int
    kind: str
    country: str
    base: int
    size: int
    shared: int
    name: str
    changes: float = 0.0


class Address(msgspec.Struct, frozen=True):
    """A public address: text, and what the collector keeps of it."""

    text: str
    address: Identifier
    block: Identifier


class Ground:
    """Gives lines and addresses."""

    def __init__(self, seed: int, stock: Stock) -> None:
        self._seed = seed
        self._stock = stock
        self._shared = lru_cache(maxsize=65_536)(self._address)

    def home(self, city: City, chance: random.Random, name: str, shared: bool = False, changes: float = 0.0) -> Line:
        """Returns a fixed line to a home, a small office or a hotel; `shared`: behind the carrier's translation."""
        return self._line(lines.home("US", chance), city, name, SHARING if shared else 0, changes)

    def mobile(self, city: City, chance: random.Random, name: str) -> Line:
        """Returns a carrier's line: addresses are shared with dozens of others."""
        return self._line(lines.mobile("US", chance), city, name, SHARING)

    def satellite(self, city: City, chance: random.Random, name: str) -> Line:
        """Returns Starlink's."""
        return self._line(lines.satellite(chance), city, name, SHARING)

    def vpn(self, chance: random.Random, name: str) -> Line:
        """Returns an exit of a consumer VPN, of few that many use."""
        return self._line(lines.vpn("US", chance), HOMES[0], name, SHARING)

    def company(self, name: str, chance: random.Random) -> Line:
        """Returns the company's own exit."""
        return self._line(lines.company(chance), HOMES[0], name, 0)

    def security_client(self, city: City) -> Line:
        """Returns the exits of the company's security client near a city, the same for everybody there."""
        return self._line(lines.security_client("US", random.Random(0)), city, f"client {city.place}", SHARING)  # noqa: S311

    def at(self, line: Line, change: int = 0) -> Address:
        """Returns the address of a line after so many changes of it."""
        if line.shared:
            place = dice(self._seed, "shared", line.name, change).randrange(line.shared)
            return self._shared(line.base, place, 7)
        chance = dice(self._seed, "address", line.name, change)
        return self._address(line.base, chance.randrange(line.size), chance.randrange(1, 255))

    def _line(self, made: lines.Line, city: City, name: str, shared: int, changes: float = 0.0) -> Line:
        base = _AREAS.get(made.asn, 15) * AREA + _CITY.get(city, 0) * _PART
        return Line(made.network, made.asn, made.kind, made.country, base, _PART, shared, name, changes)

    def _address(self, base: int, block: int, last: int) -> Address:
        number = (240 << 24) + ((base + block) << 8)
        head = f"{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}"
        key = self._stock.key
        return Address(f"{head}.{last}", key("address", f"{head}.{last}"), key("address", f"{head}.0/24"))


#: Addresses of a carrier's translation in one city. Assumed: of a large fleet dozens of laptops are behind one.
SHARING = 4
