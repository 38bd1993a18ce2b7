"""Input devices of a Mac from the registry's IOHIDDevice entries, and the days that were counted.

Keys: IOKit's hid/IOHIDKeys.h (Product, Transport, VendorID, ProductID, PrimaryUsagePage, PrimaryUsage,
DeviceUsagePairs, Built-In); usages: USB-IF, HID Usage Tables 1.5. Who made a device: IOHIDUserDevice.cpp and
IOHIDResourceUserClient.cpp of IOHIDFamily (Privileged, which no program can set, from macOS 13.5); a mouse over
Bluetooth Low Energy as chromium's HID docs and AprilNEA/OpenLogi issue 35 show it.
"""

from collections.abc import Iterator
from typing import Any

from farmwatch_schema.observables import Gap, Observable
from farmwatch_schema.observables.input_source import InputDevice

from ...host import Host, HostError, SourceBroken
from ...host.input_counts import plain_name
from ...host.macos import property_list
from .. import input_days
from ..asking import outcome_of
from ..bounds import at_most
from ..macos_registry import without_lists

MAX_TOLD = 64
_DEPTH = 40
#: Usage page and usage of an application collection -> function. (1, 1) is a pointer that says no more.
_USAGES = {
    (1, 1): "pointer",
    (1, 2): "pointer",
    (1, 4): "gamepad",
    (1, 5): "gamepad",
    (1, 6): "keyboard",
    (1, 7): "keyboard",
    (13, 1): "tablet",
    (13, 2): "tablet",
    (13, 4): "touch",
    (13, 5): "pointer",
}
_BUSES = {
    "USB": "usb",
    "Bluetooth": "bluetooth",
    "BluetoothLowEnergy": "bluetooth",
    "Bluetooth Low Energy": "bluetooth",
    "SPI": "builtin",
    "SPU": "builtin",
    "FIFO": "builtin",
    "I2C": "builtin",
    "Virtual": "virtual",
}
#: What any driver outside the kernel is inside it (IOHIDFamily, AppleUserHIDDevice.h); `IOUserClass` names the driver.
_DRIVER = "AppleUserHIDDevice"


def collect(host: Host) -> Iterator[Observable]:
    """Yields an InputDevice for each device that can give input, an InputDay for each day, and gaps."""
    try:
        found = parse_devices(host.command("registry_hid"))
    except HostError as error:
        yield Gap(what="input devices", outcome=outcome_of(error))
    else:
        yield from at_most(found, MAX_TOLD, "input devices")
    yield from input_days.days(host)


def parse_devices(data: bytes) -> list[InputDevice]:
    """Returns the distinct devices of `ioreg -a -r -c IOHIDDevice`; raises SourceBroken for what is no such list."""
    if not data.strip():
        return []
    entries = property_list.parse(without_lists(data), "the registry's input devices")
    if not isinstance(entries, list):
        raise SourceBroken("the registry's input devices are no list")
    found: dict[InputDevice, None] = {}
    for entry in _entries(entries):
        device = device_of(entry)
        if device is not None:
            found[device] = None
    return list(found)


def device_of(entry: dict[str, Any]) -> InputDevice | None:
    """Returns what one registry entry tells of a device; None for none, or one that gives no input of a person."""
    functions = _functions(entry)
    if not functions:
        return None
    vendor, product = _number(entry, "VendorID"), _number(entry, "ProductID")
    known = bool(vendor or product)
    return InputDevice(
        name=plain_name(_text(entry, "Product")),
        bus=_bus(entry),
        functions=functions,
        absolute=None if "pointer" in functions else False,
        vendor_id=f"{vendor & 0xFFFF:04x}" if known else "",
        product_id=f"{product & 0xFFFF:04x}" if known else "",
        driver=_text(entry, "IOObjectClass")[:64],
    )


def _bus(entry: dict[str, Any]) -> str:
    """Returns how a device is attached; what a program made may name any transport, so its class decides first."""
    kind, transport = _text(entry, "IOObjectClass"), _text(entry, "Transport")
    said = _BUSES.get(transport, "other")
    if "IOHIDUserDevice" in kind or "IOHIDResource" in kind:
        # The system's own daemon makes those over Bluetooth Low Energy, with a right of Apple's.
        if entry.get("Privileged") is True and transport:
            return said
        return "other" if "Privileged" not in entry and said == "bluetooth" else "virtual"
    if kind == _DRIVER and _text(entry, "IOUserClass") and not _text(entry, "IOUserClass").startswith("AppleUser"):
        # Somebody's driver: of a device without one, as Karabiner's, or of real hardware.
        return "virtual" if transport in ("", "Virtual") else "other"
    if entry.get("Built-In") is True or entry.get("Built-In") == 1:
        return "builtin"
    return said


def _functions(entry: dict[str, Any]) -> tuple[str, ...]:
    pairs = [(_number(entry, "PrimaryUsagePage"), _number(entry, "PrimaryUsage"))]
    listed = entry.get("DeviceUsagePairs")
    if isinstance(listed, list):
        pairs += [
            (_number(pair, "DeviceUsagePage"), _number(pair, "DeviceUsage"))
            for pair in listed[:64]
            if isinstance(pair, dict)
        ]
    return tuple(sorted({_USAGES[pair] for pair in pairs if pair in _USAGES}))


def _entries(entries: list[Any], depth: int = 0) -> Iterator[dict[str, Any]]:
    for entry in entries:
        if not isinstance(entry, dict):
            continue
        if "PrimaryUsage" in entry or "DeviceUsagePairs" in entry:
            yield entry
        below = entry.get("IORegistryEntryChildren")
        if isinstance(below, list) and depth < _DEPTH:
            yield from _entries(below, depth + 1)


def _text(entry: dict[str, Any], key: str) -> str:
    value = entry.get(key)
    return value if isinstance(value, str) else ""


def _number(entry: dict[str, Any], key: str) -> int:
    value = entry.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
