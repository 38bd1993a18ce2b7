"""What an entry of ip_kvm.yaml holds, and which entries a USB device's identity matches."""

from collections.abc import Iterator
from typing import Literal

import msgspec

from farmwatch_schema.observables.usb import UsbDevice

from . import Catalogue, Entry, load

Category = Literal["ip_kvm", "kvm_cable", "kvm_over_ip_dongle", "bmc", "gadget"]
How = Literal["name", "scsi", "ids_and_serial", "serial", "magic_serial", "ids"]
"""From what names one product down to what several share."""


class KvmEntry(Entry, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A product, or a family of parts, by what it says on the USB.

    names          strings that name it by themselves, as manufacturer or as product, case set aside
    serials        serials that every unit of it has and nothing else
    magic_serials  serials that every unit has, but that others may think of too
    shared_serials serials that its units have and unrelated products too; they count beside its ids only
    ids            vendor:product ids that it uses; never enough by themselves
    scsi           vendor and product of its storage's inquiry
    """

    name: str
    category: Category
    names: tuple[str, ...] = ()
    serials: tuple[str, ...] = ()
    magic_serials: tuple[str, ...] = ()
    shared_serials: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    scsi: tuple[tuple[str, str], ...] = ()


class Match(msgspec.Struct, frozen=True):
    """One thing by which a device matched an entry, and the value seen."""

    entry: KvmEntry
    how: How
    seen: str


def catalogue() -> Catalogue[KvmEntry]:
    """Returns the catalogue of KVM identities."""
    return load("ip_kvm", KvmEntry)


def matches(device: UsbDevice) -> Iterator[Match]:
    """Yields every way in which a USB device's published identity equals a catalogue entry."""
    names = {(text or "").strip().casefold(): text or "" for text in (device.product, device.manufacturer)}
    serial = device.serial.constant if device.serial is not None else ""
    inquiries = {(unit.vendor.strip(), unit.product.strip()) for unit in device.scsi}
    for entry in catalogue().entries:
        for name in entry.names:
            if name.casefold() in names:
                yield Match(entry, "name", names[name.casefold()].strip())
        if serial and serial in entry.serials:
            yield Match(entry, "serial", serial)
        if serial and serial in entry.magic_serials:
            yield Match(entry, "magic_serial", serial)
        for vendor, product in entry.scsi:
            if (vendor, product) in inquiries:
                yield Match(entry, "scsi", f"{vendor} {product}")
        if device.ids in entry.ids and serial and serial in entry.shared_serials:
            yield Match(entry, "ids_and_serial", f"{device.ids} {serial}")
        elif device.ids in entry.ids:
            yield Match(entry, "ids", device.ids)
