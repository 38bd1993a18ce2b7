"""Laptops of a farm: on a shelf behind one line, driven from far away. Care says what is done against being found."""

from datetime import timedelta
from functools import lru_cache

import msgspec

from ..cities import HOMES
from ..scenarios import disguises, pictures, remote
from ..scenarios.hardware import device_of
from ..scenarios.ordinary import mac
from . import daytime
from .daybook import SATURDAY, Calendar
from .desks import Desk, Desks
from .dice import dice
from .events import RECENT
from .ground import Ground
from .homes import Home
from .layout import Group
from .ordinary_life import OrdinaryLife
from .person import Person, Spot
from .settings import EVASIONS, FarmSpec, Settings
from .sites import Site, site
from .stock import Stock

#: Brands that a farm may buy. Assumed; all are the lab's (scenarios/hardware.py).
BRANDS = ("pikvm", "tinypilot", "jetkvm", "nanokvm", "comet")
#: Weeks over which laptops come to a farm, until the fleet's last third. Assumed, as all that follows.
WEEKS = {"careless": 4, "average": 10, "careful": 26}
UNTIL = 0.7
#: Share with an IP-KVM, and with a remote tool; the others are driven by something that shows nothing here.
DRIVEN = {"careless": (0.6, 0.4), "average": (0.5, 0.5), "careful": (0.4, 0.4)}
#: Share set up with one stick that goes from laptop to laptop.
STICK = {"careless": 1.0, "average": 0.5, "careful": 0.0}
#: Laptops that one operator drives in turn.
HANDS = {"careless": 3, "average": 2, "careful": 2}
WEEKENDS = 0.3
#: Makers' prefixes: GL.iNet's travel routers, Huawei's LTE sticks (IEEE registry).
TRAVEL_ROUTER, LTE_STICK = "94:83:c4", "00:e0:fc"


class Shelf(msgspec.Struct, frozen=True, kw_only=True):
    """What a farm's laptops have in common.

    home   the house that it stands in
    brand  of KVM, where they are not mixed; disguise: as in scenarios/disguises.py, "" for one each
    tool   remote tool of those without a KVM
    plug   EDID of the plugs that stand for a monitor
    begins, ends  local hours of its operators
    """

    home: Home
    brand: str
    tool: str
    plug: bytes
    evasions: tuple[str, ...]
    begins: float
    ends: float


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
        self._shelf = lru_cache(maxsize=64)(self._made_shelf)

    def evasions(self, farm: FarmSpec) -> tuple[str, ...]:
        """Returns what a farm does against being found."""
        return self._shelf(farm).evasions

    def person(self, number: int, farm: FarmSpec, place: int) -> Person:
        """Returns the `place`th laptop of a farm with all its days; records say that it is somewhere else."""
        settings, shelf = self._settings, self._shelf(farm)
        claimed = HOMES[dice(settings.seed, "claimed", number).randrange(len(HOMES))]
        person = self._life.bare(number, claimed, "farm", farm.name)
        chance = person.chance
        person.farm, person.care, person.evasions = farm.name, farm.care, shelf.evasions
        person.traps.update(shelf.home.traps)
        joined = chance.randrange(-7 * WEEKS[farm.care], max(1, int(settings.days * UNTIL)))
        person.start_on = settings.first_day + timedelta(days=joined - chance.randrange(0, 4))
        recent = (settings.first_day - person.start_on).days < RECENT
        person.cohort = "remote_new_hire" if recent else "remote"
        where = self._site(farm, shelf, person, place)
        spot = self._spot(person, farm, shelf, where)
        book = Calendar(settings, [spot])
        book.put(joined, settings.days - joined, spot)
        if joined > 0:
            self._arrives(person, farm, book, joined, spot)
        self._live(person, farm, shelf, book, place)
        return person

    def _arrives(self, person: Person, farm: FarmSpec, book: Calendar, joined: int, spot: Spot) -> None:
        """A laptop comes within the fleet's days: set up as any new one, then put on the shelf."""
        chance = person.chance
        if "late_shipping" in person.evasions:
            # It is first switched on at somebody's home, where the records say, and sent on after a week or so.
            before = self._life.homes.named(f"{person.device} before", person.city)
            book.put(joined - chance.randrange(5, 13), 5, self._desks.spot(person, before.site), idle=True)
            person.first = max(self._settings.first_day, person.start_on - timedelta(days=14))
        else:
            self._life.events.set_up(person, book, joined)
        if not farm.clean and chance.random() < STICK[farm.care]:
            stick = self._desks.stick(person.platform, f"SETUP {farm.name}")
            book.put(joined, 1, msgspec.structs.replace(spot, usb=spot.usb + stick))
        else:
            book.put(joined, 1, spot)

    def _site(self, farm: FarmSpec, shelf: Shelf, person: Person, place: int) -> Site:
        """Returns the network that a laptop hangs on: the house's, or one of its own before the house's line."""
        house, chance = shelf.home.site, person.chance
        line = house.line
        if "lte" in shelf.evasions:
            line = self._ground.mobile(house.city, chance, f"{farm.name} stick {place}")
        elif "vpn_exits" in shelf.evasions:
            line = self._ground.vpn(chance, f"{farm.name} exit {place}")
        if "lte" in shelf.evasions:
            gateway = mac(chance, LTE_STICK)
        elif "travel_routers" in shelf.evasions:
            gateway = mac(chance, TRAVEL_ROUTER)
        elif "vlans" in shelf.evasions:
            # A router's further networks bear addresses of its own making: the bit for local ones is set.
            gateway = f"{int(house.gateway[:2], 16) | 2:02x}{house.gateway[2:15]}{place % 256:02x}"
        elif line is house.line:
            return house
        else:
            return msgspec.structs.replace(house, line=line)
        near = 0 if gateway[:8] in (LTE_STICK, TRAVEL_ROUTER) else 3
        return site(self._stock, chance, f"{farm.name} {place}", house.city, line, gateway=gateway, near=near)

    def _spot(self, person: Person, farm: FarmSpec, shelf: Shelf, where: Site) -> Spot:
        """Returns a laptop on the shelf, with what it is driven by."""
        if farm.clean:
            return self._desks.spot(person, where)
        chance, platform = person.chance, person.platform
        kvm, tool = DRIVEN[farm.care]
        driven = chance.random()
        desk = Desk()
        shares = self._desks.shares(platform, 0)
        if driven < kvm:
            brand = chance.choice(BRANDS) if "mixed_kvms" in shelf.evasions else shelf.brand
            disguise = self._disguise(person, farm, brand)
            # One order of KVMs is set up by one hand: the same disguise, where it leaves a choice, has the same.
            setup = disguises.set_up(brand, disguise, dice(self._settings.seed, farm.name, brand, disguise))
            usb = self._stock.thing(platform, f"kvm {farm.name} {brand} {disguise}", device_of(setup.built, "1-4"))
            desk = Desk(usb=usb, displays=self._desks.alike(platform, setup.edid, "HDMI-A-2"),
                        inputs=self._stock.external_input(usb), part=100)  # fmt: skip
            shares = self._desks.shares(platform, 100, setup.absolute)
        elif driven < kvm + tool:
            self._install(person, farm, shelf)
            shares = self._desks.injected(platform)
            if farm.care != "careful":
                desk = Desk(displays=self._desks.alike(platform, shelf.plug, "HDMI-A-2"),
                            usb=self._desks.dongle(platform) if farm.care == "careless" else ())  # fmt: skip
        spot = self._desks.spot(person, where, desk)
        power = self._stock.power(platform, "closed", True, 100, person.number % 30 * 10)
        return msgspec.structs.replace(spot, power=power, shares=shares)

    def _disguise(self, person: Person, farm: FarmSpec, brand: str) -> str:
        if farm.care == "careless":
            return "default"
        if farm.care == "careful":
            return "all"
        names = [each for each in disguises.possible(brand) if each in ("preset", "donor", "edid")]
        return person.chance.choice(names or ["default"])

    def _install(self, person: Person, farm: FarmSpec, shelf: Shelf) -> None:
        tool = shelf.tool if farm.care != "careful" else person.chance.choice(remote.RENAMED)
        for kind, items in remote.found(tool, person.platform).items():
            own = self._stock.usual(person.platform, kind)
            person.facts[kind] = own + self._stock.told(person.platform, f"{tool} {kind}", kind, items)

    def _live(self, person: Person, farm: FarmSpec, shelf: Shelf, book: Calendar, place: int) -> None:
        """Lets the days happen: awake day and night on the shelf, driven by an operator who has others beside it."""
        first = (person.first - book.first_day).days
        for number in range(max(0, first), len(book.spots)):
            spot = book.spots[number]
            day = book.first_day + timedelta(days=number)
            if spot is None:
                continue
            if number in book.idle:
                daytime.work(person, day, spot, idle=True)
                continue
            hands = 1 if "staggered" in shelf.evasions else HANDS[farm.care]
            operator = dice(self._settings.seed, "operator", farm.name, place // hands, day)
            if "staggered" in shelf.evasions:
                begins, ends = person.begins + place % 5 * 1.5 - 3, person.ends + place % 5 * 1.5 - 3
            else:
                begins, ends = shelf.begins, shelf.ends
            rests = day.weekday() >= SATURDAY and operator.random() >= WEEKENDS
            daytime.shift(person, day, spot, operator, shelf.home.city.zone,
                          None if rests else (begins, ends), place % hands, min(hands, farm.size))  # fmt: skip
        if not person.stays:
            daytime.work(person, person.last, book.home(0), idle=True)

    def _made_shelf(self, farm: FarmSpec) -> Shelf:
        chance = dice(self._settings.seed, "shelf", farm.name)
        home = self._life.homes.of(Group("farm", farm.name, 0, 1))
        drawn = chance.sample(EVASIONS, chance.randrange(2, 5)) if farm.care == "careful" else []
        begins = chance.choice((9.0, 9.0, 17.0, 19.0)) + chance.uniform(-0.5, 0.5)
        return Shelf(
            home=home, brand=chance.choice(BRANDS), plug=pictures.capture_chip(chance),
            tool=chance.choice(remote.KNOWN if farm.care == "careless" else remote.RENAMED),
            evasions=tuple(sorted(drawn if farm.evasions is None else farm.evasions)),
            begins=begins, ends=begins + chance.uniform(8, 11),
        )  # fmt: skip
