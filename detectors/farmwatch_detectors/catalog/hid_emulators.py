"""What an entry of hid_emulators.yaml holds, and which entries a USB or Bluetooth device matches."""

from collections.abc import Iterator
from functools import cache
from typing import Literal

import msgspec

from farmwatch_schema.observables.bluetooth import BluetoothDevice
from farmwatch_schema.observables.usb import UsbDevice

from . import Catalogue, Entry, load

Category = Literal["keyboard_cable", "maker_board", "payload_tool", "bluetooth_board", "jiggler"]
"""keyboard_cable: a chip that types for a serial line; maker_board: a board that its owner programs; payload_tool:
made to type what nobody types; bluetooth_board: the same over Bluetooth; jiggler: moves the pointer for nobody."""


class EmulatorEntry(Entry, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hardware that plays keyboard or mouse for a program or for somebody else.

    names            as manufacturer or product, or as name over Bluetooth; whole, case set aside
    words            one of them inside the product's name, case set aside
    ids              vendor:product ids
    vendors          vendor ids of makers whose devices are boards
    unnamed_ids      ids that count where manufacturer and product were read and are absent: another's ids
    bluetooth_ids    vendor:product of its Device ID record
    """

    name: str
    category: Category
    names: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    vendors: tuple[str, ...] = ()
    unnamed_ids: tuple[str, ...] = ()
    bluetooth_ids: tuple[str, ...] = ()


class Match(msgspec.Struct, frozen=True):
    """One thing by which a device matched an entry, and the value seen."""

    entry: EmulatorEntry
    seen: str


def catalogue() -> Catalogue[EmulatorEntry]:
    """Returns the catalogue of keyboard and mouse emulators."""
    return load("hid_emulators", EmulatorEntry)


def usb_matches(device: UsbDevice, *categories: Category) -> Iterator[Match]:
    """Yields the entries of these categories that a USB device matches, once each."""
    texts = [text.strip() for text in (device.product, device.manufacturer) if text and text.strip()]
    unnamed = device.manufacturer == "" and device.product == ""
    product = (device.product or "").casefold()
    for entry, names in _entries(*categories):
        named = next((text for text in texts if text.casefold() in names), "")
        worded = next((word for word in entry.words if word in product), "")
        if named or worded:
            yield Match(entry, named or (device.product or "").strip())
        elif (
            device.ids in entry.ids
            or (unnamed and device.ids in entry.unnamed_ids)
            or device.vendor_id in entry.vendors
        ):
            yield Match(entry, device.ids)


def bluetooth_matches(device: BluetoothDevice) -> Iterator[Match]:
    """Yields the entries that a Bluetooth device matches, once each."""
    name = device.name.strip()
    ids = f"{device.vendor_id}:{device.product_id}"
    for entry, names in _entries():
        if name.casefold() in names:
            yield Match(entry, name)
        elif ids in entry.bluetooth_ids:
            yield Match(entry, ids)


@cache
def _entries(*categories: Category) -> tuple[tuple[EmulatorEntry, frozenset[str]], ...]:
    """Returns the entries of these categories, of all when none is named, with their names as compared."""
    return tuple(
        (entry, frozenset(name.casefold() for name in entry.names))
        for entry in catalogue().entries
        if not categories or entry.category in categories
    )
