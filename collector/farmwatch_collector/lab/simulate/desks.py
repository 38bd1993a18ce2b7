"""What stands on desks: keyboards, docks, monitors, sticks; some of it alike on many desks."""

import random
from collections.abc import Mapping
from functools import lru_cache

import msgspec

from farmwatch_schema.observables.input_source import InputShare

from .. import equipment, monitors
from ..scenarios import ordinary
from ..scenarios.stream import as_told
from .dice import dice
from .ground import Line
from .person import Person, Shares, Spot
from .sites import Site
from .stock import Items, Stock

#: A cheap dongle whose every unit bears the same serial, a published constant (schema's PUBLISHED_CONSTANTS).
CONSTANT = "0123456789ABCDEF"
#: Without a serial, with one for all units, and a switch for keyboard and screen that shows an EDID of its own.
BULK = monitors.built("PHL", 0xC20F, "PHL 243V5", "", 52, 29, 2019)
CONSTANT_MONITOR = monitors.built("AOC", 0x2401, "24B1W1", "000000000000", 52, 29, 2020)
SWITCH = monitors.built("ATN", 0x1040, "ATEN CS1942", "", 53, 30, 2020)
_KEYBOARDS = (("k120", equipment.office_keyboard("1-1")), ("receiver", equipment.unifying_receiver("1-2")))


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """What stands on a desk; `part`: per cent of the input that comes from its keyboard and mouse."""

    usb: Items = ()
    displays: Items = ()
    inputs: Items = ()
    part: int = 0
    traps: tuple[str, ...] = ()


class Desks:
    """Furnishes desks."""

    def __init__(self, seed: int, stock: Stock) -> None:
        self._seed = seed
        self._stock = stock
        self._shares: dict[tuple[str, int, bool], Shares] = {}
        self.hot = lru_cache(maxsize=16_384)(self._hot)

    def keyboard(self, platform: str, number: int) -> tuple[Items, Items]:
        """Returns a keyboard or receiver, and its input devices."""
        name, device = _KEYBOARDS[number % 2]
        usb = self._stock.thing(platform, name, device)
        return usb, self._stock.external_input(usb)

    def dock(self, platform: str, serial: str) -> Items:
        """Returns a dock: a hub and a network adapter with a serial."""
        return self._stock.thing(platform, "dock", *equipment.dock("2-1", "D"), serial=serial)

    def stick(self, platform: str, serial: str) -> Items:
        """Returns a memory stick."""
        return self._stock.thing(platform, "stick", equipment.memory_stick("1-3", "S"), serial=serial)

    def dongle(self, platform: str) -> Items:
        """Returns an adapter of which every unit bears the same serial."""
        adapter = msgspec.structs.replace(equipment.memory_stick("1-7", CONSTANT), vendor_id="1f75", product_id="0917",
                                          manufacturer="Generic", product="Card Reader", scsi=())  # fmt: skip
        return self._stock.thing(platform, "dongle", adapter)

    def alike(self, platform: str, edid: bytes, connector: str = "HDMI-A-1") -> Items:
        """Returns a monitor of which every unit shows the same bytes."""
        return (self._stock.alike(platform, connector, edid),)

    def monitor(self, platform: str, chance: random.Random) -> Items:
        """Returns a monitor with a serial of its own."""
        return (self._stock.unit(platform, chance.choice(ordinary.MONITORS), f"{chance.randrange(10**8):08}"),)

    def home(self, person: Person, rate: Mapping[str, float]) -> Desk:
        """Returns the desk at somebody's home."""
        chance, platform = person.chance, person.platform
        usb: Items = ()
        displays: Items = ()
        inputs: Items = ()
        traps: list[str] = []
        part = 0
        if chance.random() < rate["external_monitor"]:
            sort = chance.random()
            if sort < rate["bulk_monitor"]:
                traps.append("bulk_monitor")
                displays = self.alike(platform, BULK)
            elif sort < rate["bulk_monitor"] + rate["constant_monitor"]:
                traps.append("constant_monitor")
                displays = self.alike(platform, CONSTANT_MONITOR)
            else:
                displays = self.monitor(platform, chance)
            usb, inputs = self.keyboard(platform, person.number)
            part = 60
        if chance.random() < rate["dock"]:
            usb += self.dock(platform, f"{chance.getrandbits(48):012X}")
        if chance.random() < rate["constant_serial"]:
            usb += self.dongle(platform)
            traps.append("constant_serial")
        if chance.random() < rate["stick"]:
            usb += self.stick(platform, f"4C53{chance.getrandbits(48):012X}")
        if chance.random() < rate["gamer_kvm"]:
            traps.append("gamer_kvm")
            displays = self.alike(platform, SWITCH)
            usb += self._stock.thing(platform, "fast", equipment.fast_gaming_keyboard("1-4", "F"),
                                     serial=f"8K{chance.randrange(10**9):09}")  # fmt: skip
            part = 80
        return Desk(usb=usb, displays=displays, inputs=inputs, part=part, traps=tuple(traps))

    def _hot(self, platform: str, office: str, seat: int) -> Desk:
        """Returns an office's desk that is anybody's: its dock, monitor and keyboard have serials of their own."""
        chance = dice(self._seed, "desk", office, seat)
        usb, inputs = self.keyboard(platform, seat)
        usb += self.dock(platform, f"{chance.getrandbits(48):012X}")
        return Desk(usb=usb, displays=self.monitor(platform, chance), inputs=inputs, part=70)

    def spot(
        self, person: Person, site: Site, desk: Desk | None = None, line: Line | None = None, tunnel: str = "",
        point: int = 0,
    ) -> Spot:  # fmt: skip
        """Returns a person's laptop at a desk; without one, as it is carried around."""
        desk = desk or Desk()
        docked = bool(desk.displays)
        power = self._stock.power(person.platform, "open", docked, 100 if docked else 70,
                                  person.number % 30 * 10)  # fmt: skip
        return Spot(
            site=site, usb=desk.usb, displays=desk.displays, inputs=desk.inputs,
            shares=self.shares(person.platform, desk.part), power=power, line=line, tunnel=tunnel,
            point=point,
        )  # fmt: skip

    def injected(self, platform: str) -> Shares:
        """Returns input that a program gives: on Linux by devices of its own making."""
        bus = "virtual" if platform == "linux" else "injected"
        return as_told(platform, tuple(InputShare(bus=bus, function=each, percent=95) for each in
                                       ("keyboard", "pointer")))  # fmt: skip

    def shares(self, platform: str, part: int, absolute: bool = False) -> Shares:
        """Returns of what a day's input is made up, as a platform tells it apart."""
        name = (platform, part, absolute)
        if name not in self._shares:
            usb = ordinary.usb_shares(part, absolute or None) if part else ()
            own = ordinary.built_in_shares(100 - part) if part < 100 else ()
            self._shares[name] = as_told(platform, (*usb, *own))
        return self._shares[name]
