"""The simulated fleet of the demo: 60 laptops with the usual oddities, and one farm of five.

Same seed, same fleet. People, serials and addresses are invented; programs and hardware are real facts.
"""

import hashlib
import random
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

import msgspec

from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables import Gap, Observable
from farmwatch_schema.observables.agent import AgentHealth
from farmwatch_schema.observables.input_source import InputDay
from farmwatch_schema.observables.network import Gateway, NetworkInterface
from farmwatch_schema.observables.power import PowerFacts
from farmwatch_schema.observables.usb import UsbDevice

from . import equipment, monitors, programs, surroundings, systems
from .homes import FARM_HOMES, HOMES, Home, measured
from .laptop import Look, SimulatedLaptop

FLEET_SIZE = 60
FARM_SIZE = 5

#: So many days before today are told, from the person's first day on.
DAYS_TOLD = 14
EVENING = time(23, 30)
SATURDAY = 5

#: Gateway of the farm's house; the maker's prefix is TP-Link's (IEEE registry), the rest invented.
FARM_GATEWAY = "98:da:c4:10:20:30"
OFFICE_GATEWAY = "00:1b:17:00:01:30"


class Person(msgspec.Struct, kw_only=True):
    """A simulated laptop with the person it was issued to, before it becomes a `SimulatedLaptop`.

    oddity  what is unusual about it, in words; "" for nothing
    farm    whether it stands on the farm's shelf: known to the lab only, never sent
    days    input of the working days before today, oldest first
    home    what its records claim, and where it stands; None for most, of whom nothing is claimed
    """

    name: str
    number: int
    platform: str = "linux"
    cohort: str = "remote"
    household: str = ""
    site: str = ""
    start_on: date
    gateway: str
    oddity: str = ""
    farm: bool = False
    looks: dict[str, list[Observable]]
    outcomes: dict[str, Look] = {}
    days: list[InputDay] = []
    home: Home | None = None

    def add(self, kind: str, *observables: Observable) -> None:
        """Adds what a probe of one kind finds, as this laptop's system tells it."""
        self.looks.setdefault(kind, []).extend(systems.told(self.platform, item) for item in observables)

    def laptop(self, seed: int) -> SimulatedLaptop:
        """Returns the laptop that reports all this."""
        looks = {kind: Look(observables=tuple(items)) for kind, items in self.looks.items()}
        looks.update(self.outcomes)
        secret = hashlib.sha256(f"farmwatch lab {seed} {self.name}".encode()).digest()
        return SimulatedLaptop(self.name, self.platform, looks, secret)

    def reports(self, laptop: SimulatedLaptop, now: datetime) -> list[bytes]:
        """Returns a report of each evening before today, each with that day's input and the day's before, and today's.

        What a probe keeps for a day is told on the next one, too; everything else is as it is now.
        """
        whole = laptop.looks["input_source"]
        devices = tuple(item for item in whole.observables if not isinstance(item, InputDay))
        told: list[bytes] = []
        chance = random.Random(self.name)  # noqa: S311 - a fleet that can be made again
        for place, day in enumerate(self.days):
            at = datetime.combine(date.fromisoformat(day.day), EVENING, tzinfo=UTC)
            if self.home is not None:
                laptop.looks["latency"] = Look(observables=tuple(measured(self.home, at, chance)))
            laptop.looks["input_source"] = Look(observables=(*devices, *self.days[max(0, place - 1) : place + 1]))
            told.append(laptop.report(at))
        laptop.looks["input_source"] = whole
        laptop.looks["latency"] = Look(observables=tuple(measured(self.home, now, chance)) if self.home else ())
        return [*told, laptop.report(now - timedelta(minutes=1)), laptop.report(now)]


def people(today: date, seed: int = 1, farm: bool = True) -> list[Person]:
    """Returns the fleet's 60 people, the farm's five among them, or 60 honest ones with `farm=False`."""
    chance = random.Random(seed)  # noqa: S311 - a fleet that can be made again, nothing secret
    fleet = [_person(number, today, chance) for number in range(1, FLEET_SIZE + 1)]
    for number, dress in enumerate(ODDITIES, start=3):
        dress(fleet[number])
    for person in fleet:
        person.home = HOMES.get(person.number)
    if farm:
        for person, tool in zip(fleet[-FARM_SIZE:], FARM_TOOLS, strict=True):
            _move_to_farm(person, tool, today)
        for person, home in zip(fleet[-FARM_SIZE:], FARM_HOMES, strict=False):
            person.home = home
    for person in fleet:
        person.days = _days_before(person, today, random.Random(f"{seed} {person.number}"))  # noqa: S311 - as above
    return fleet


def _days_before(person: Person, today: date, chance: random.Random) -> list[InputDay]:
    """Returns the input of each working day of the last two weeks on which the person had the laptop."""
    first = max(person.start_on, today - timedelta(days=DAYS_TOLD))
    days = [first + timedelta(days=more) for more in range((today - first).days)]
    external = person.farm or bool(person.number % 2)
    return [
        surroundings.day(person.platform, day, external, chance, built_in=not person.farm)
        for day in days
        if day.weekday() < SATURDAY
    ]


def _person(number: int, today: date, chance: random.Random) -> Person:
    platform = systems.system_of(number)
    office = number % 6 == 1
    new = number % 4 == 0
    person = Person(
        name=f"laptop-{number:03}",
        number=number,
        platform=platform,
        cohort="office" if office else ("remote_new_hire" if new else "remote"),
        site="example-hq" if office else "",
        start_on=today - timedelta(days=chance.randrange(2, 21) if new else chance.randrange(60, 1500)),
        gateway=OFFICE_GATEWAY
        if office
        else f"{chance.choice(HOME_ROUTERS)}:{number:02x}:{chance.randrange(256):02x}:01",
        looks={},
    )
    person.add("host", systems.machine(platform, number, f"FW{number:04}X{chance.randrange(10**5):05}"))
    person.add("usb", *([] if platform == "macos" else [equipment.webcam("1-5")]))
    person.add("displays", *systems.panel(platform, number))
    if number % 2:
        brand = chance.choice(
            (("DEL", 0xA0C4, "DELL U2419H"), ("GSM", 0x5B7F, "LG FULL HD"), ("BNQ", 0x78D6, "BenQ GW2480"))
        )
        person.add(
            "displays",
            monitors.display(
                "HDMI-A-1", monitors.built(*brand, f"M{number:04}{chance.randrange(10**4)}", 53, 30, 2021)
            ),
        )
        person.add("usb", equipment.office_keyboard("1-1") if number % 4 == 1 else equipment.unifying_receiver("1-2"))
    person.add("processes", *programs.ordinary(platform))
    person.add("software", *programs.software(platform))
    person.add("services", *programs.services(platform))
    person.add("sockets", *programs.sockets(platform))
    person.add("network", *systems.network(platform, person.gateway))
    person.add("sessions", systems.session(platform, f"user{number}"))
    person.add(
        "power",
        PowerFacts(
            lid="open",
            on_ac=bool(number % 2),
            battery=True,
            charge=chance.randrange(3, 11) * 10,
            cycles=chance.randrange(0, 30) * 10,
        ),
    )
    for kind, items in surroundings.around(platform, number, today, bool(number % 2), chance).items():
        person.add(kind, *items)
    person.add("agent", AgentHealth(rights="root", clock_offset=0, restarts="1"))
    person.looks["latency"] = []  # nobody claims a place here, so nothing was measured
    return person


#: OUIs of makers of home routers (IEEE registry): AVM, Netgear, ASUSTek, TP-Link, Arris, Ubiquiti.
HOME_ROUTERS = ("3c:a6:2f", "a0:40:a0", "04:d9:f5", "50:c7:bf", "00:1d:cd", "fc:ec:da")


# Usual oddities of clean laptops -------------------------------------------------------------------


def _docked(person: Person) -> None:
    person.oddity = "docking station"
    person.add("usb", *equipment.dock("2-1", "0000DOCK01"))


def _gamer(person: Person) -> None:
    person.oddity = "8 kHz gaming keyboard, Parsec and a consumer VPN"
    person.add("usb", equipment.fast_gaming_keyboard("1-3", "8KHZ0000001"))
    person.add("processes", programs.parsec(person.platform), *programs.proton_vpn(person.platform))
    person.add("network", systems.tunnel(person.platform, "protonvpn"))


def _artist(person: Person) -> None:
    person.oddity = "pen tablet"
    person.add("usb", equipment.pen_tablet("1-3"))


def _couple(person: Person) -> None:
    person.oddity = "couple on one router, both with us"
    person.household = "household-1"
    _behind(person, "50:c7:bf:00:00:77")


def _flatmate(person: Person) -> None:
    person.oddity = "two flatmates on one router, not in the records"
    _behind(person, "a0:40:a0:00:00:42")


def _help_desk(person: Person) -> None:
    person.oddity = "help desk: sanctioned TeamViewer"
    person.cohort = "help_desk"
    person.add("processes", *programs.team_viewer(person.platform))


def _lab_engineer(person: Person) -> None:
    person.oddity = "the lab's registered PiKVM"
    person.add("usb", equipment.pikvm("1-4", LAB_PIKVM_SERIAL))
    edid = monitors.with_serial(monitors.PIKVM_V4_PLUS, LAB_PIKVM_SERIAL)
    person.add("displays", monitors.display("HDMI-A-2", edid))


def _developer(person: Person) -> None:
    person.oddity = "developer: docker bridges and a mesh VPN"
    own = ("docker0", "bridge", "bridge")
    if person.platform == "windows":
        own = ("vEthernet (WSL)", "virtual", "Hyper-V Virtual Ethernet Adapter")
    name, kind, driver = own
    person.add("network", NetworkInterface(name=name, kind=kind, driver=driver, mtu=1500, bus="virtual", up=True))
    person.add("network", systems.tunnel(person.platform, "tailscale"))
    person.add("processes", *programs.tailscale(person.platform))


def _corporate_vpn(person: Person) -> None:
    person.oddity = "the company's own VPN"
    person.add("processes", *programs.global_protect(person.platform))
    person.add("network", systems.tunnel(person.platform, "globalprotect"))


def _viewer(person: Person) -> None:
    person.oddity = "views other machines with Remmina"
    person.add("processes", programs.remmina(person.platform))


def _anydesk(person: Person) -> None:
    person.oddity = "AnyDesk that nobody sanctioned"
    person.add("processes", *programs.any_desk(person.platform))


def _without_rights(person: Person) -> None:
    person.oddity = "agent runs without rights and sees less"
    person.outcomes = {"services": Look(outcome="not_permitted", reason="Services may be read by root only.")}
    person.looks.pop("services", None)
    person.add("processes", Gap(what="executables of other users' processes", outcome="not_permitted", count="50+"))
    person.add("sockets", Gap(what="owners of sockets", outcome="not_permitted", count="10-49"))


ODDITIES: tuple[Callable[[Person], None], ...] = (
    _docked,
    _gamer,
    _artist,
    _couple,
    _couple,
    _flatmate,
    _flatmate,
    _help_desk,
    _lab_engineer,
    _developer,
    _corporate_vpn,
    _viewer,
    _anydesk,
    _without_rights,
)


# The farm -----------------------------------------------------------------------------------------


def _on_pikvm(person: Person) -> None:
    person.add("usb", equipment.pikvm("1-4"))
    person.add("displays", monitors.display("HDMI-A-2", monitors.PIKVM_V4_PLUS))


def _on_renamed_jetkvm(person: Person) -> None:
    person.add("usb", equipment.renamed_jetkvm("1-4"))
    person.add("displays", monitors.display("HDMI-A-2", monitors.JETKVM_DELL_PRESET))


def _on_renamed_rustdesk(person: Person) -> None:
    person.add("processes", programs.renamed_rust_desk(person.platform))
    person.add("sockets", *programs.rust_desk_sockets(person.platform))
    person.add("services", *programs.rust_desk_services(person.platform))


FARM_TOOLS = (_on_pikvm, _on_pikvm, _on_renamed_jetkvm, _on_renamed_jetkvm, _on_renamed_rustdesk)


def _move_to_farm(person: Person, tool: Callable[[Person], None], today: date) -> None:
    """Puts a new hire's laptop on the farm's shelf: no monitor or keyboard of its own, one gateway for all."""
    person.farm = True
    person.cohort = "remote_new_hire"
    person.start_on = today - timedelta(days=2 + person.number % FARM_SIZE)
    person.site = ""
    person.looks["usb"] = [
        item for item in person.looks.get("usb", []) if isinstance(item, UsbDevice) and item.removable == "fixed"
    ]
    person.looks["displays"] = person.looks["displays"][:2]  # its own screen, and what drives it
    person.looks["bluetooth"] = person.looks["bluetooth"][:1]
    person.looks["input_source"] = [item for item in person.looks["input_source"] if not isinstance(item, InputDay)]
    person.add(
        "input_source",
        surroundings.day(person.platform, today, external=True, chance=random.Random(person.number), built_in=False),  # noqa: S311
    )
    person.looks["power"] = [PowerFacts(lid="closed", on_ac=True, battery=True, charge=100, cycles=0)]
    tool(person)
    _behind(person, FARM_GATEWAY)


def _behind(person: Person, mac: str) -> None:
    person.gateway = mac
    person.looks["network"] = [
        msgspec.structs.replace(item, mac=unkeyed("mac", mac)) if isinstance(item, Gateway) else item
        for item in person.looks["network"]
    ]


# What the company knows of all this ---------------------------------------------------------------

LAB_PIKVM_SERIAL = "LAB-KVM-0007"

POLICY = f"""\
version: 1
sanctions:
  - tool: teamviewer
    owner: service-desk@example.com
    reason: the help desk's tool
    until: 2099-12-31
  - vpn: globalprotect
    owner: network@example.com
    reason: the company's own VPN
    until: 2099-12-31
  - asset_serial: {LAB_PIKVM_SERIAL}
    asset_product: pikvm
    owner: lab@example.com
    reason: test bench of the firmware lab
    until: 2099-12-31
places:
  - name: headquarters
    kind: office
    owner: facilities@example.com
    gateway_macs: ["{OFFICE_GATEWAY}"]
    until: 2099-12-31
"""
