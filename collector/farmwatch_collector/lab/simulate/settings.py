"""What fleet is wanted."""

import random
from collections.abc import Mapping
from datetime import date, timedelta

import msgspec

from farmwatch_schema.errors import FarmwatchError
from farmwatch_schema.identifiers import Keyer

from .rates import RATES

CARES = ("careless", "average", "careful")
#: What a farm may do against being found; farms.py says what each does.
EVASIONS = ("late_shipping", "lte", "mixed_kvms", "staggered", "travel_routers", "vlans", "vpn_exits")
MOST_DEVICES = 4_000_000
MOST_MEMBERS = 1_000
#: Of everybody but real companies: with it nothing made here ever equals a real laptop's.
KEY = b"farmwatch simulated fleet"


class SettingsError(FarmwatchError):
    """A fleet that cannot be made; str() says why."""


class FarmSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A farm that is wanted.

    size      laptops
    evasions  of `EVASIONS`; None draws them as its care says
    clean     its laptops are driven without anything that shows: no KVM, no remote tool, ordinary input
    """

    name: str
    size: int
    care: str
    evasions: tuple[str, ...] | None = None
    clean: bool = False


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """A fleet.

    first_day  of the reports, UTC: that on which the agent is rolled out
    sase       share of laptops whose traffic leaves through the company's security client: 0 to 0.7
    bssids     share of laptops that tell the access point, macOS aside: it never does
    rates      of `rates.RATES`, where they are to differ
    key        the company's identifier key, 16 to 64 bytes
    """

    devices: int
    days: int = 30
    first_day: date = date(2026, 10, 5)
    seed: int = 1
    sase: float = 0.0
    bssids: float = 0.8
    farms: tuple[FarmSpec, ...] = ()
    rates: Mapping[str, float] = {}
    key: bytes = KEY

    def checked(self) -> "Settings":
        """Returns the same; raises SettingsError where they make no fleet."""
        members = sum(each.size for each in self.farms)
        if not 1 <= self.devices <= MOST_DEVICES:
            raise SettingsError(f"{self.devices} devices: 1 to {MOST_DEVICES:,} can be made.")
        if not 1 <= self.days <= 366:
            raise SettingsError(f"{self.days} days: 1 to 366 can be made.")
        if not 0 <= self.sase <= 0.7:
            raise SettingsError(f"a share of {self.sase} behind the security client: 0 to 0.7 is taken.")
        if not 0 <= self.bssids <= 1:
            raise SettingsError(f"a share of {self.bssids} that tell the access point: 0 to 1 is taken.")
        if members > self.devices:
            raise SettingsError(f"{members} laptops stand in farms, and the fleet has {self.devices} in all.")
        if len({each.name for each in self.farms}) < len(self.farms):
            raise SettingsError("two farms bear one name.")
        for farm in self.farms:
            if farm.care not in CARES:
                raise SettingsError(f"farm {farm.name}: care is {farm.care!r}, one of {', '.join(CARES)} is taken.")
            if not 2 <= farm.size <= MOST_MEMBERS:
                raise SettingsError(f"farm {farm.name}: {farm.size} laptops, 2 to {MOST_MEMBERS} are taken.")
            unknown = sorted(set(farm.evasions or ()) - set(EVASIONS))
            if unknown:
                raise SettingsError(
                    f"farm {farm.name}: no evasion is called {unknown[0]!r}; {', '.join(EVASIONS)} are."
                )
        for name, rate in self.rates.items():
            if name not in RATES:
                raise SettingsError(f"no rate is called {name!r}; docs/simulate.md lists them.")
            if not 0 <= rate <= 1:
                raise SettingsError(f"the rate {name} is {rate}: 0 to 1 is taken.")
        return self

    def rate(self, name: str) -> float:
        """Returns a rate: as set, else the usual one."""
        return self.rates[name] if name in self.rates else RATES[name].rate

    def keyer(self) -> Keyer:
        """Returns the company's keyer."""
        return Keyer.from_key(self.key)

    @property
    def last_day(self) -> date:
        """The last day with reports."""
        return self.first_day + timedelta(days=self.days - 1)


def farms(count: int, least: int = 2, most: int = 60, seed: int = 1) -> tuple[FarmSpec, ...]:
    """Returns farms of sizes from `least` to `most`, in turn of each care; small ones are as frequent as large ones."""
    dice = random.Random(f"farms {seed}")  # noqa: S311 - a fleet that can be made again, nothing secret
    found: list[FarmSpec] = []
    for number in range(count):
        care = CARES[number % len(CARES)]
        size = round(least * (most / least) ** dice.random())
        found.append(FarmSpec(name=f"farm-{number + 1:03}", size=max(least, min(most, size)), care=care))
    return tuple(found)
