"""Bluetooth and casting on macOS.

Sources: system_profiler(8), SPBluetoothDataType, keys as in sebhildebrandt/systeminformation issue 783 and
raycast/extensions issue 17391 (macOS 12.3 and up), and in April-June-August/alfred-airpods-connector issue 23 for the
lists of other releases (devices_list before, device_paired); SPDisplaysDataType for AirPlay and Sidecar;
com.apple.controlcenter, AirplayRecieverEnabled (sic), as the CIS benchmark for macOS reads it.
"""

import re
from collections.abc import Iterator

from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables import Gap, Observable, bucket
from farmwatch_schema.observables.bluetooth import BluetoothAdapter, BluetoothDevice, Casting

from ...host import Host, HostError, NotPermitted
from ..asking import outcome_of
from ..bounds import at_most
from ..macos_homes import homes
from ..macos_registry import Node, file_plist, inner, nodes, profile, text

MAX_DEVICES = 128
PREFERENCES = "Library/Preferences/ByHost"
RECEIVER = "AirplayRecieverEnabled"
#: What macOS calls minor device classes, in small letters; all others are `other`.
_KINDS = {
    **dict.fromkeys(("keyboard",), "keyboard"),
    **dict.fromkeys(("mouse", "trackpad", "magic trackpad"), "mouse"),
    **dict.fromkeys(("gamepad", "joystick", "game controller"), "gamepad"),
    **dict.fromkeys(("headphones", "headset", "speaker", "handsfree", "hearing aid", "microphone"), "audio"),
    **dict.fromkeys(("phone", "smartphone", "cellular", "mobile phone"), "phone"),
    **dict.fromkeys(("laptop", "desktop", "computer", "server", "handheld"), "computer"),
    **dict.fromkeys(("combo", "keyboard/mouse combo"), "keyboard_mouse"),
}
#: Lists of devices, and whether those in it are connected.
_LISTS = {
    "device_connected": True,
    "device_not_connected": False,
    "device_paired": None,
    "devices_list": None,
    "device_title": None,
}
_INPUT = frozenset({"keyboard", "mouse", "keyboard_mouse", "gamepad"})
#: "Anna's Keyboard", with either apostrophe.
_OWNER = re.compile(r"^.*['\u2019]s ", re.DOTALL)
_BUS = {"usb": "usb", "uart": "uart", "pcie": "pci", "pci": "pci"}


def collect(host: Host) -> Iterator[Observable]:
    """Yields adapters, paired devices, casting, and what could not be asked."""
    try:
        adapters, devices = parse_bluetooth(profile(host, "profile_bluetooth", "SPBluetoothDataType"))
    except HostError as error:
        yield Gap(what="Bluetooth adapter and devices", outcome=outcome_of(error))
    else:
        yield from adapters
        yield from at_most(devices, MAX_DEVICES, "Bluetooth devices")
    try:
        yield from parse_casting(profile(host, "profile_displays", "SPDisplaysDataType"))
    except HostError as error:
        yield Gap(what="AirPlay and Sidecar in use", outcome=outcome_of(error))
    yield from _receiver(host)


def parse_bluetooth(items: list[Node]) -> tuple[list[BluetoothAdapter], list[BluetoothDevice]]:
    """Returns adapters and devices; those of one name and address are told once."""
    adapters: list[BluetoothAdapter] = []
    devices: list[BluetoothDevice] = []
    for item in items:
        own = inner(item, "controller_properties") or inner(item, "local_device_title")
        address, state = (
            text(own, "controller_address", "general_address"),
            text(own, "controller_state", "general_power"),
        )
        if own:
            adapters.append(
                BluetoothAdapter(
                    address=unkeyed("mac", address) if address else None,
                    powered=None if not state else state.lower() == "attrib_on",
                    bus=_BUS.get(text(own, "controller_transport", "general_transport").lower(), ""),
                )
            )
        for key, connected in _LISTS.items():
            for entry in nodes(item.get(key)):
                devices += [_device(name, facts, connected) for name, facts in entry.items() if isinstance(facts, dict)]
    return adapters, devices


def parse_casting(cards: list[Node]) -> list[Casting]:
    """Returns where the screen goes now, from the list of displays."""
    found: set[str] = set()
    for card in cards:
        for item in nodes(card.get("spdisplays_ndrvs")):
            if text(item, "spdisplays_connection_type") == "spdisplays_airplay":
                found.add("sidecar" if "sidecar" in text(item, "_name").lower() else "airplay")
    return [Casting(protocol=protocol, role="sender", active=True) for protocol in sorted(found)]


def _device(name: str, facts: Node, connected: bool | None) -> BluetoothDevice:
    minor = text(facts, "device_minorType", "device_minorClassOfDevice_string").lower()
    kind = _KINDS.get(minor, "other" if minor else "")
    services = text(facts, "device_services").split()
    told = text(facts, "device_isconnected", "device_connected")
    vendor, source = _vendor(text(facts, "device_vendorID"))
    address = text(facts, "device_address", "device_addr")
    return BluetoothDevice(
        kind=kind,
        name=_OWNER.sub("", name)[:64] if kind in _INPUT else "",
        vendor_id=vendor,
        product_id=_id(text(facts, "device_productID")),
        vendor_source=source,
        address=unkeyed("mac", address.replace("-", ":")) if address else None,
        hid="HID" in services if services else True if kind in _INPUT else None,
        connected=told == "attrib_Yes" if told else connected,
    )


def _vendor(words: str) -> tuple[str, str]:
    """Returns id and its giver: 0x004C is Apple among Bluetooth companies, 0x05AC Apple among USB vendors.

    macOS does not say which of both it is; only Apple's own numbers tell it.
    """
    vendor = _id(words)
    return vendor, {"004c": "bluetooth", "05ac": "usb"}.get(vendor, "")


def _id(words: str) -> str:
    match = re.match(r"0x([0-9A-Fa-f]{4})(?![0-9A-Fa-f])", words)
    return match[1].lower() if match else ""


def _receiver(host: Host) -> Iterator[Observable]:
    """Yields whether this Mac shows others' screens, of the people who set it, and what may not be read."""
    folders, gaps = homes(host)
    yield from gaps
    set_to: set[bool] = set()
    closed = 0
    for home in folders:
        try:
            names = host.names(f"{home}/{PREFERENCES}")
            for name in names:
                if name.startswith("com.apple.controlcenter.") and name.endswith(".plist"):
                    value = file_plist(host, f"{home}/{PREFERENCES}/{name}").get(RECEIVER)
                    set_to.update({bool(value)} if isinstance(value, (bool, int)) else ())
        except NotPermitted:
            closed += 1
        except HostError:
            continue
    if True in set_to:
        yield Casting(protocol="airplay", role="receiver")
    elif not set_to and not closed:
        yield Gap(what="AirPlay receiver: nobody set it, so the system's own default holds", outcome="not_supported")
    if closed:
        yield Gap(what="AirPlay receiver of other users", outcome="not_permitted", count=bucket(closed))
