"""Traps of lines and switches: narrow lines, security clients, own routers, silent desks, and people abroad."""

import msgspec

from farmwatch_schema.observables.bluetooth import BluetoothAdapter
from farmwatch_schema.observables.network import Gateway, NetworkInterface, Radio

from .. import cities, lines, programs, systems
from ..ways_out import Way
from . import hours, ordinary, remote, routers, tunnels, whereabouts
from .device import Change, Device, Facts
from .drafting import Draft
from .life import Habits
from .trap_table import trap
from .traps_place import stay

#: Lines that leave less than 1500 bytes, their size, delay and its spread, and of 100 such how many.
LINES = (
    ("pppoe", 1492, 9.0, 2.0, 40),
    ("ds_lite", 1460, 9.0, 2.0, 15),
    ("ds_lite_pppoe", 1452, 9.0, 2.0, 4),
    ("flets", 1454, 6.0, 1.0, 3),
    ("6rd", 1480, 12.0, 2.0, 3),
    ("mobile_att", 1430, 35.0, 12.0, 8),
    ("mobile_verizon", 1428, 35.0, 12.0, 12),
    ("mobile_tmobile", 1420, 35.0, 12.0, 15),
)


@trap(14, 0.15, "assumed; PPPoE, DS-Lite and home routers on mobile networks are ordinary", unlike=("odd_link",))
def narrow_line(_work: Draft, devices: list[Device]) -> None:
    """A line whose envelope leaves less than 1500 bytes: PPPoE, DS-Lite, 6rd, a home router on a mobile network."""
    (device,) = devices
    name, mtu, added, spread, _ = device.chance.choices(LINES, [line[-1] for line in LINES])[0]
    device.vary(name)
    out = None
    if name.startswith("mobile"):
        whereabouts.hang_on(device, lines.mobile("US", device.chance))
        out = whereabouts.carriers_exit(device)
    device.later(device.enrolled, routers.through(Way(mtu=mtu, out=out, added_ms=added, spread_ms=spread)))


@trap(
    14, 0.06, "assumed; security clients that take all traffic stand on many companies' laptops", unlike=("developer",)
)
def security_client(_work: Draft, devices: list[Device]) -> None:
    """The company's security client takes all traffic, into a tunnel or without any interface."""
    (device,) = devices
    dice = whereabouts.dice(device, "client")
    if device.platform != "windows":
        device.vary("globalprotect")
        # The company's own gateway, or the same client as a service that stands in a cloud.
        whereabouts.hide(
            device, lines.company(dice) if dice.random() < 0.7 else lines.cloud("US", dice), device.enrolled
        )
        inner = tunnels.free(device.facts, systems.tunnel(device.platform, "globalprotect"))
        device.facts.add("network", msgspec.structs.replace(inner, mtu=1400))
        device.facts.add("processes", *programs.global_protect(device.platform))
        tunnels.take_all(device.facts, inner.name)
        return
    device.vary("zscaler")
    folder = r"C:\Program Files\Zscaler"
    for name, run_by in (("ZSATunnel.exe", "system"), ("ZSATrayManager.exe", "user"), ("ZSAService.exe", "system")):
        path = rf"{folder}\{name.removesuffix('.exe')}\{name}"
        running = remote.process("windows", name, path, signer="Zscaler, Inc.", run_by=run_by, count="1")
        device.facts.add("processes", running)
    # One in five comes out in another country: connects are answered there, and what servers say comes later.
    far = dice.choice(cities.ABROAD[:5]) if dice.random() < 0.2 else None
    if far:
        device.vary("another country's exit")
    whereabouts.hide(device, lines.security_client(far.country if far else "US", dice), device.enrolled)
    way = Way(mtu=1400, out=far, added_ms=14.0, spread_ms=4.0, answered=True, carried=True)
    device.later(device.enrolled, routers.through(way))


@trap(16, 0.012, "assumed; GL.iNet's routers stand in some homes, and some routers run a VPN")
def own_router(_work: Draft, devices: list[Device]) -> None:
    """A GL.iNet router at home, most of them plain; some on a mobile network, some with a VPN for the household."""
    (device,) = devices
    kind, mtu = device.chance.choices((("plain", 1500), ("mobile", 1420), ("vpn", 1420)), (75, 10, 15))[0]
    device.vary(kind)
    device.later(device.enrolled, tunnels.another_gateway(ordinary.mac(device.chance, routers.GL_INET)))
    out = None
    if kind == "vpn":
        out = device.chance.choice(cities.HOMES)
        whereabouts.hang_on(device, lines.vpn("US", device.chance))
    elif kind == "mobile":
        out = whereabouts.carriers_exit(device)
        whereabouts.hang_on(device, lines.mobile("US", device.chance))
    added = 12.0 if kind == "plain" else 35.0
    device.later(device.enrolled, routers.through(Way(mtu=mtu, out=out, added_ms=added)))


@trap(16, 0.01, "assumed; desks with a cable whose people switch Wi-Fi and location off")
def silent_desk(_work: Draft, devices: list[Device]) -> None:
    """A desk with a cable: Wi-Fi and location switched off, on one of ten Bluetooth too."""
    (device,) = devices
    off = device.chance.random() < 0.1
    if off:
        device.vary("bluetooth too")
    cabled(device, bluetooth_off=off)


def cabled(device: Device, *, bluetooth_off: bool) -> None:
    """Puts a laptop on a cable, with Wi-Fi and location switched off."""
    name = {"windows": "Ethernet", "macos": "en8"}.get(device.platform, "enp0s31f6")

    def change(facts: Facts) -> None:
        facts.drop("network", lambda item: isinstance(item, Radio) and item.kind in ("wifi", "location"))
        facts.items["network"] = tuple(
            msgspec.structs.replace(item, interface=name) if isinstance(item, Gateway) else item
            for item in facts.items["network"]
        )
        facts.add(
            "network", NetworkInterface(name=name, kind="ethernet", driver="e1000e", mtu=1500, bus="pci", up=True)
        )
        facts.add("network", Radio(kind="wifi", state="off"), Radio(kind="location", state="off"))
        facts.put("wifi")

    device.later(device.enrolled, change)
    if bluetooth_off:
        device.later(device.enrolled, _without_bluetooth)


def _without_bluetooth(facts: Facts) -> None:
    facts.items["bluetooth"] = tuple(
        msgspec.structs.replace(item, powered=False) if isinstance(item, BluetoothAdapter) else item
        for item in facts.items["bluetooth"]
    )


@trap(13, 0.015, "assumed; weeks abroad, with the laptop's zone as it was at home or as it is there",
      unlike=("shared_network", "traveller"))  # fmt: skip
def abroad(work: Draft, devices: list[Device]) -> Habits:
    """A third of the sample abroad, through the host's line; the laptop keeps the home's zone, or takes the place's."""
    (device,) = devices
    days = max(1, work.scenario.days // 3)
    first = device.enrolled + (days - 1) * hours.DAY
    stay(device, days, days, ordinary.mac(device.chance, "3c:a6:2f"), "guests", cities.ABROAD[0])
    if device.chance.random() < 0.5:
        device.vary("keeps the zone")
        return Habits(mains=0.5)
    device.vary("takes the zone")
    device.later(first + hours.DAY, _zone("Europe/Berlin", first), wakes=False)
    device.later(first + (days + 1) * hours.DAY, _zone(device.time_zone, first + days * hours.DAY), wakes=False)
    return Habits(mains=0.5)


def _zone(zone: str, at: int) -> Change:
    def change(facts: Facts) -> None:
        offset = hours.offset_minutes(zone, hours.day_of(at))
        facts.items["host"] = tuple(
            msgspec.structs.replace(item, time_zone=zone, utc_offset_minutes=offset) for item in facts.items["host"]
        )

    return change
