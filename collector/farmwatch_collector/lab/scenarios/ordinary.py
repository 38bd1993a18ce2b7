"""An ordinary laptop with an ordinary person: what every device of a made fleet begins as.

Facts are those of products and systems (lab/systems.py, programs.py, equipment.py); people, serials and addresses
are invented. Habits are assumed, as docs/scenarios.md says beside each rate.
"""

import random
from collections.abc import Sequence
from datetime import date, timedelta

import msgspec

from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables import Gap, Observable
from farmwatch_schema.observables.agent import AgentHealth
from farmwatch_schema.observables.bluetooth import BluetoothAdapter, BluetoothDevice
from farmwatch_schema.observables.browsers import BrowserExtension
from farmwatch_schema.observables.input_source import InputDevice, InputShare
from farmwatch_schema.observables.media import MediaDevice, MediaUse
from farmwatch_schema.observables.power import PowerFacts
from farmwatch_schema.observables.usb import RememberedUsb, UsbDevice
from farmwatch_schema.observables.wifi import WifiConnection

from .. import equipment, monitors, programs, surroundings, systems
from ..fleet import HOME_ROUTERS
from . import hours, real
from .device import Change, Device, Facts

#: Where people live, by time zone; weights are assumed.
ZONES = (("America/New_York", 40), ("America/Chicago", 25), ("America/Denver", 10), ("America/Los_Angeles", 25))
#: 60 % Windows, 30 % macOS, 10 % Linux, as the demo's fleet (lab/systems.py).
PLATFORMS = (("windows", 60), ("macos", 30), ("linux", 10))

#: Share of Macs whose display ports do not tell the EDID. Assumed: docs/support.md only says that there are such.
BARE_MACS = 0.5

#: Office monitors as companies buy them: EDID maker, product, name, size in cm. Codes as real EDIDs bear them.
MONITORS = (
    ("DEL", 0xA0C4, "DELL U2419H", 53, 30),
    ("GSM", 0x5B7F, "LG FULL HD", 53, 30),
    ("BNQ", 0x78D6, "BenQ GW2480", 53, 30),
    ("DEL", 0x41D9, "DELL P2422H", 53, 30),
    ("ACR", 0x0565, "B246WL", 52, 32),
)

_EXTENSIONS = surroundings._EXTENSIONS  # noqa: SLF001 - one list of real ids for the whole lab


def pick(chance: random.Random, weighted: Sequence[tuple[str, int]]) -> str:
    """Returns one of some words by weight."""
    return chance.choices([word for word, _ in weighted], [weight for _, weight in weighted])[0]


def mac(chance: random.Random, oui: str) -> str:
    """Returns an invented address of a maker."""
    return oui + "".join(f":{chance.randrange(256):02x}" for _ in range(3))


def laptop(chance: random.Random, platform: str, enrolled_on: date, days: int, zone: str = "") -> Device:
    """Returns a laptop as it comes from its box: alone, on Wi-Fi at home, used by nobody yet.

    enrolled_on  local day of its first report, at about nine
    days         how many days from then on the sample lasts
    """
    zone = zone or pick(chance, ZONES)
    enrolled = hours.local_midnight(zone, enrolled_on) + chance.randrange(8 * 3600, 10 * 3600)
    device = Device(chance, platform, enrolled_on, enrolled, days)
    device.time_zone = zone
    device.facts.identity_only = platform == "macos" and chance.random() < BARE_MACS
    number = device.number
    host = systems.machine(platform, number, f"FW{number:07X}{chance.randrange(10**5):05}")
    device.facts.add(
        "host",
        msgspec.structs.replace(host, time_zone=zone, utc_offset_minutes=hours.offset_minutes(zone, enrolled_on)),
    )
    _summer_time(device, enrolled_on, days)
    if platform != "macos":
        device.facts.add("usb", equipment.webcam("1-5"))
    device.facts.add("displays", *systems.panel(platform, number))
    device.facts.add("processes", *programs.ordinary(platform))
    device.facts.add("software", *programs.software(platform))
    device.facts.add("services", *programs.services(platform))
    device.facts.add("sockets", *programs.sockets(platform))
    device.facts.add("network", *systems.network(platform, mac(chance, chance.choice(HOME_ROUTERS))))
    device.facts.add("sessions", systems.session(platform, f"user{number}"))
    if platform == "macos":
        what = "logins that ended, beyond the last on each terminal"
        device.facts.add("sessions", Gap(what=what, outcome="not_supported"))
    power(device, lid="open", on_ac=chance.random() < 0.6, charge=chance.randrange(3, 11) * 10)
    device.facts.add("wifi", *_wifi(device))
    device.facts.add("bluetooth", *_bluetooth(device))
    device.facts.add("media", *_media(device, enrolled_on))
    device.facts.add("browsers", *(BrowserExtension(browser="chrome", id=each) for each in _EXTENSIONS[: number % 4]))
    device.facts.add("input_source", *_own_input(platform))
    device.facts.add("agent", AgentHealth(rights="root", clock_offset=0, restarts="1"))
    if platform == "windows" and chance.random() < 0.5:
        device.facts.add("usb", _remembered(chance, enrolled_on))
    device.start_on = enrolled_on - timedelta(days=chance.randrange(60, 1500))
    device.cohort = "remote"
    device.use.usual = built_in_shares(100)
    return device


def built_in_shares(percent: int) -> hours.Shares:
    """Returns input of the laptop's own keyboard and touchpad."""
    return tuple(InputShare(bus="builtin", function=each, percent=percent) for each in ("keyboard", "pointer"))


def usb_shares(percent: int, absolute: bool | None = None) -> hours.Shares:
    """Returns input of a keyboard and a pointer on the USB."""
    keyboard = InputShare(bus="usb", function="keyboard", percent=percent)
    return (keyboard, InputShare(bus="usb", function="pointer", percent=percent, absolute=absolute))


def power(device: Device, *, lid: str, on_ac: bool, charge: int = 100) -> None:
    """Sets lid, mains and battery; on Windows nobody tells who keeps a laptop awake."""
    cycles = device.chance.randrange(0, 30) * 10
    device.facts.put("power", PowerFacts(lid=lid, on_ac=on_ac, battery=True, charge=charge, cycles=cycles,
                                         suspends=device.chance.choice(("0", "1", "2-4"))))  # fmt: skip
    if device.platform == "windows":
        device.facts.add("power", Gap(what="wake locks", outcome="not_supported"))


def at_desk(device: Device, keyboard: bool = True, screens: int = 1, part: int = 60) -> None:
    """Puts keyboard, mouse and monitors on the desk, where they do not stand there already.

    Monitors are real ones where the device has a corpus.

    screens  so many monitors, if there are not as many
    part     share of input that keyboard and mouse give
    """
    chance = device.chance
    if keyboard and not device.desk:
        device.desk = True
        usb = equipment.office_keyboard("1-1") if chance.random() < 0.5 else equipment.unifying_receiver("1-2")
        device.facts.add("usb", usb)
        device.facts.add("input_source", *external_input(usb))
        shares = usb_shares(part)
        device.use.usual = shares + built_in_shares(max(5, 100 - part)) if part < 100 else shares
    while device.screens < screens:
        connector = next_connector(device)
        shown = real.monitor(device.corpus, chance, connector) if device.corpus else monitor(chance, connector)
        device.facts.add("displays", shown)


def next_connector(device: Device) -> str:
    """Returns where the next monitor is plugged in."""
    device.screens += 1
    return f"HDMI-A-{device.screens}"


def monitor(chance: random.Random, connector: str) -> Observable:
    """Returns an invented unit of a real office monitor."""
    maker, product, name, width, height = chance.choice(MONITORS)
    serial = f"{chance.randrange(10**8):08}"
    return monitors.display(connector, monitors.built(maker, product, name, serial, width, height, 2021))


def external_input(device: UsbDevice) -> list[InputDevice]:
    """Returns the input devices that the system makes of a keyboard or receiver on the USB."""
    found = []
    for function, triple in (("keyboard", "03/01/01"), ("pointer", "03/01/02")):
        if any(part.class_triple == triple for part in device.interfaces):
            name = f"{device.manufacturer} {device.product}"
            found.append(
                InputDevice(name=name, bus="usb", functions=(function,), absolute=False, vendor_id=device.vendor_id,
                            product_id=device.product_id, driver="hid-generic")
            )  # fmt: skip
    return found


def _summer_time(device: Device, first: date, days: int) -> None:
    """Tells the new offset from UTC on the day on which the clocks change."""
    zone = device.time_zone
    for number in range(1, days):
        day = first + timedelta(days=number)
        offset = hours.offset_minutes(zone, day)
        if offset != hours.offset_minutes(zone, day - timedelta(days=1)):
            device.later(hours.local_midnight(zone, day) + 3 * 3600, _offset(offset), wakes=False)


def _offset(minutes: int) -> Change:
    def change(facts: Facts) -> None:
        facts.items["host"] = tuple(
            msgspec.structs.replace(item, utc_offset_minutes=minutes) for item in facts.items["host"]
        )

    return change


def _wifi(device: Device) -> list[Observable]:
    chance = device.chance
    if device.platform == "macos":
        # macOS shows both to programs that may know the place, and a service is none.
        gap = Gap(what="name and address of the Wi-Fi network", outcome="not_permitted")
        return [WifiConnection(interface="en0", band="5"), gap]
    return [
        WifiConnection(
            interface="Wi-Fi" if device.platform == "windows" else "wlp1s0",
            bssid=unkeyed("bssid", mac(chance, chance.choice(HOME_ROUTERS))),
            ssid=unkeyed("ssid", f"home-{chance.getrandbits(32):08x}"),
            band="5",
            signal=chance.choice(("strong", "strong", "fair")),
            standard="802.11ax",
        )
    ]


def _bluetooth(device: Device) -> list[Observable]:
    chance = device.chance
    bus = "pci" if device.platform == "macos" else "usb"
    own = BluetoothAdapter(address=unkeyed("mac", mac(chance, "a4:83:e7")), powered=True, bus=bus)
    if chance.random() < 0.35:
        return [own]
    address = unkeyed("mac", mac(chance, "f0:5c:d5"))
    return [own, BluetoothDevice(kind="audio", address=address, hid=False, connected=chance.random() < 0.5)]


def _media(device: Device, today: date) -> list[Observable]:
    found = [item for item in surroundings._media(device.platform, 0, today)]  # noqa: SLF001, C416
    found = [item for item in found if isinstance(item, MediaDevice)]
    if device.platform == "windows" and device.chance.random() < 0.7:
        path = r"C:\Program Files\Zoom\bin\Zoom.exe"
        used = (today - timedelta(days=1)).isoformat()
        found += [MediaUse(what=what, app="Zoom.exe", path=path, last_used=used) for what in ("camera", "microphone")]
    return found


def _own_input(platform: str) -> list[Observable]:
    return surroundings._devices(platform, external=False)  # noqa: SLF001 - the lab's own forms


def _remembered(chance: random.Random, today: date) -> RememberedUsb:
    """Returns a memory stick that was plugged in once."""
    day = (today - timedelta(days=chance.randrange(1, 300))).isoformat()
    return RememberedUsb(vendor_id="0781", product_id="5581", product="Ultra", bcd_device="0100", has_serial=True,
                         serial=unkeyed("serial", f"4C53{chance.getrandbits(48):012X}"), class_triples=("08/06/50",),
                         installed_on=day, last_arrival=day, last_removal=day)  # fmt: skip
