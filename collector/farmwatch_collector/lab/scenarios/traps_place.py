"""Traps of places and networks: who shares a router, where somebody is, and through what they reach the world."""

from datetime import timedelta

import msgspec

from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.displays import Display
from farmwatch_schema.observables.network import Gateway, NetworkInterface, Radio
from farmwatch_schema.observables.wifi import WifiConnection

from .. import cities, equipment, lines, monitors, programs
from ..cities import City
from ..fleet import HOME_ROUTERS
from ..lines import Line
from ..ways_out import Way
from . import hours, ordinary, routers, tunnels, whereabouts
from .device import Change, Device, Facts
from .drafting import Draft
from .farms import behind
from .life import Habits
from .trap_table import trap

#: IANA's virtual router (RFC 9568), Cisco Meraki and Ruckus (IEEE registry): gateways of hotels and shared offices.
_VENUES = ("00:00:5e:00:01:0a", "00:18:0a", "94:f6:65")


def wifi(name: str, mac: str) -> Change:
    """Returns a move to another Wi-Fi network; a Mac tells neither name nor address."""

    def change(facts: Facts) -> None:
        facts.items["wifi"] = tuple(
            msgspec.structs.replace(item, ssid=unkeyed("ssid", name), bssid=unkeyed("bssid", mac))
            if isinstance(item, WifiConnection) and item.ssid is not None
            else item
            for item in facts.items["wifi"]
        )

    return change


def stay(
    device: Device, first: int, days: int, mac: str, name: str, city: City | None = None, line: Line | None = None
) -> None:
    """Lets a laptop be elsewhere for some days of the sample, in another city or in its own, and come home again."""
    home = next(item.mac for item in device.facts.items["network"] if isinstance(item, Gateway))
    begin = device.enrolled + first * hours.DAY - 3600
    device.later(begin, behind(mac))
    device.later(begin, wifi(name, mac))
    whereabouts.be_at(device, city or device.home, begin, begin + days * hours.DAY, line)

    def back(facts: Facts) -> None:
        facts.items["network"] = tuple(
            msgspec.structs.replace(item, mac=home) if isinstance(item, Gateway) else item
            for item in facts.items["network"]
        )

    device.later(begin + days * hours.DAY, back)
    device.later(begin + days * hours.DAY, wifi(f"home-{device.number}", f"3c:a6:2f:{device.number % 256:02x}:20:01"))


@trap(1, 0.02, size=2)
def household(work: Draft, devices: list[Device]) -> None:
    """Couple or flatmates with the same employer, behind one router; the records know of every second household."""
    chance = work.chance
    mac = ordinary.mac(chance, chance.choice(HOME_ROUTERS))
    known = chance.random() < 0.5
    shared = f"h-{chance.getrandbits(32):08x}"
    if not known and chance.random() < 0.5:
        account = f"XX00EXAMPLE{chance.getrandbits(32):08X}"
        for device in devices:
            device.records["bank_account"] = account
            device.vary("one account")
    line = lines.home("US", chance)
    for device in devices:
        device.later(device.enrolled, behind(mac))
        whereabouts.settle(device, devices[0].home)
        device.lines = [(device.enrolled, line)]
        device.household = shared if known else ""
        device.facets["known"] = "yes" if known else "no"


@trap(2, 0.015, size=4)
def shared_network(work: Draft, devices: list[Device]) -> None:
    """Co-working space, hotel, dormitory: four colleagues behind one router for some days, unknown to the records."""
    chance = work.chance
    venue = chance.choice(_VENUES)
    mac = venue if len(venue) > 8 else ordinary.mac(chance, venue)
    first = chance.randrange(0, max(1, work.scenario.days - 3))
    # Half of the venues are where a team meets, far from most people's homes.
    city = chance.choice(cities.HOMES) if chance.random() < 0.5 else None
    line = lines.home("US", chance)
    for device in devices:
        stay(device, first, chance.randrange(2, 6), mac, "venue-guest", city, line)


@trap(3, 0.02, size=6, alone=True)
def staging_bench(work: Draft, devices: list[Device]) -> None:
    """IT sets six new laptops up on one bench, through a keyboard and screen switch and with the company's own RMM,
    and ships them; the bench is registered."""
    chance = work.chance
    mac = ordinary.mac(chance, "00:1b:17")
    city, line = chance.choice(cities.HOMES), lines.company(chance)
    work.place("staging bench", "staging_bench", mac)
    work.sanction("tool", "teamviewer", "the help desk's tool")
    shown = monitors.display("HDMI-A-1", monitors.built("ATN", 0x1040, "ATEN CS1942", "", 53, 30, 2020))
    keyboard = equipment.office_keyboard("1-1")
    for device in devices:
        home = ordinary.mac(chance, chance.choice(HOME_ROUTERS))
        device.later(device.enrolled, behind(mac))
        device.facts.add("usb", keyboard)
        device.facts.add("displays", shown)
        device.facts.add("processes", *programs.team_viewer(device.platform))
        device.cohort = "remote_new_hire"
        device.start_on = work.first + timedelta(days=3)
        home_at = device.enrolled + 2 * hours.DAY
        device.facts.here = city
        device.later(home_at, whereabouts.stands(device.home), wakes=False)
        device.lines = [(device.enrolled, line), (home_at, whereabouts.own_line(device))]
        device.later(home_at, behind(home))
        device.later(home_at, _off_the_bench)


def _off_the_bench(facts: Facts) -> None:
    """The bench's keyboard and switch stay there, and with them what a Mac could not read of the switch."""
    facts.drop("usb", lambda item: getattr(item, "product_id", "") == "c31c")
    facts.drop("displays", lambda item: isinstance(item, Gap) or getattr(item, "name", "") == "ATEN CS1942")


@trap(
    4, 0.1, "assumed; external keyboard and closed lid are called very common in threat-signals 2.5",
    unlike=("traveller", "shared_network"), stage=0,
)  # fmt: skip
def clamshell_desk(_work: Draft, devices: list[Device]) -> Habits:
    """Lid closed, mains, dock, external keyboard and monitors only."""
    (device,) = devices
    ordinary.at_desk(device, screens=2, part=100)
    device.facts.add("usb", *equipment.dock("2-1", f"00{device.number:08X}"))
    name = {"windows": "Ethernet 3", "macos": "en7"}.get(device.platform, "enx00e04c680001")
    device.facts.add(
        "network", NetworkInterface(name=name, kind="ethernet", driver="r8152", mtu=1500, bus="usb", up=True)
    )
    ordinary.power(device, lid="closed", on_ac=True)
    if device.platform != "linux":
        device.facts.drop("displays", lambda item: isinstance(item, Display) and item.internal)
    return Habits(mains=None, meetings=0.3)


@trap(13, 0.04, unlike=("shared_network",))
def traveller(work: Draft, devices: list[Device]) -> Habits:
    """A trip, parental leave, a night shift, or a move to another time zone."""
    (device,) = devices
    chance = work.chance
    kind = chance.choice(("trip", "leave", "night_shift", "moved"))
    device.vary(kind)
    days = work.scenario.days
    if kind == "trip":
        city = chance.choice(cities.ABROAD) if chance.random() < 0.3 else chance.choice(cities.HOMES)
        device.vary("abroad" if city.country != "US" else "in the country")
        stay(device, days // 3, max(1, days // 4), ordinary.mac(chance, "94:f6:65"), "hotel", city)
        return Habits(mains=0.4)
    if kind == "leave":
        return Habits(away=(days // 3, days))
    if kind == "night_shift":
        return Habits(begins=21.0, ends=29.0)
    at = device.enrolled + days // 2 * hours.DAY
    day = hours.day_of(at)

    def moved(facts: Facts) -> None:
        zone = "Europe/Berlin"
        facts.items["host"] = tuple(
            msgspec.structs.replace(item, time_zone=zone, utc_offset_minutes=hours.offset_minutes(zone, day))
            for item in facts.items["host"]
        )

    device.later(at, moved, wakes=False)
    whereabouts.be_at(device, cities.ABROAD[0], at)
    return Habits()


@trap(14, 0.03, "assumed; PPPoE and mobile links are ordinary in homes")
def odd_link(work: Draft, devices: list[Device]) -> None:
    """Satellite, mobile or PPPoE: a smaller MTU, a modem of its own."""
    (device,) = devices
    kind = work.chance.choice(("pppoe", "lte", "satellite"))
    device.vary(kind)
    out = whereabouts.carriers_exit(device)
    ways = {"pppoe": Way(mtu=1492), "lte": Way(mtu=1428, added_ms=35.0, spread_ms=12.0),
            "satellite": Way(mtu=1460, added_ms=38.0, spread_ms=14.0, out=out)}  # fmt: skip
    if kind == "satellite":
        whereabouts.hang_on(device, lines.satellite(device.chance))
    elif kind == "lte":
        whereabouts.hide(device, lines.mobile("US", device.chance), device.enrolled)
    device.later(device.enrolled, routers.through(ways[kind]))
    if kind == "lte":
        modem = NetworkInterface(name="wwan0", kind="mobile", driver="cdc_mbim", mtu=1428, bus="usb", up=True)
        device.facts.add("network", modem, Radio(kind="mobile", state="on"))


@trap(16, 0.03, "assumed; consumer VPNs are used by a few per cent at work")
def private_person(work: Draft, devices: list[Device]) -> None:
    """A privacy-minded person: a consumer VPN, the location switched off."""
    (device,) = devices
    product = work.chance.choice(tunnels.CONSUMER)
    device.vary(product)
    tunnels.set_up(device, product, device.enrolled + work.chance.randrange(0, 5) * hours.DAY)
    device.facts.add("network", Radio(kind="location", state="off"))


@trap(20, 0.01, alone=True)
def reissued(work: Draft, devices: list[Device]) -> Habits:
    """A laptop that had another user until a week into the sample: their AnyDesk, their lab's PiKVM
    (registered for their time), their hours."""
    (device,) = devices
    handed = max(4, work.scenario.days // 3)
    at = device.enrolled + handed * hours.DAY
    device.start_on = hours.day_of(at)
    device.cohort = "remote_new_hire"
    own = {item.name for item in programs.any_desk(device.platform)}
    device.facts.add("processes", *programs.any_desk(device.platform))
    before = at - 2 * hours.DAY  # it goes back to IT first
    serial = f"LAB-{work.chance.getrandbits(32):08X}"
    work.sanction("asset_serial", serial, "test bench of the firmware lab", hours.day_of(at) + timedelta(days=1),
                  asset_product="pikvm", devices=[device.id])  # fmt: skip
    device.facts.add("usb", equipment.pikvm("1-4", serial))
    device.later(before, lambda facts: facts.drop("processes", lambda item: getattr(item, "name", "") in own))
    device.later(before, lambda facts: facts.drop("usb", lambda item: getattr(item, "manufacturer", "") == "PiKVM"))
    return Habits(away=(handed - 2, handed - 1))
