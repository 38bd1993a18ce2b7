"""What an entry of ip_kvm.yaml holds, and which entries a USB device's identity matches."""

from collections.abc import Iterator
from functools import cache
from typing import Literal, get_args

import msgspec

from farmwatch_schema.observables.usb import UsbDevice

from . import Catalogue, Entry, load

Category = Literal["ip_kvm", "kvm_over_ip_dongle", "bmc", "gadget"]
How = Literal["name", "scsi", "ids_and_serial", "serial", "magic_serial", "ids"]
"""From what names one product down to what several share."""
ORDER: tuple[How, ...] = get_args(How)


class KvmEntry(Entry, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A product, or a family of parts, by what it says on the USB.

    names          strings that name it by themselves, as manufacturer or as product, case set aside
    name_prefixes  beginnings of such strings, where a version follows; they count as names
    serials        serials that every unit of it has and nothing else
    magic_serials  serials that every unit has, but that others may think of too
    shared_serials serials that its units have and unrelated products too; they count beside its ids only
    ids            vendor:product ids that it uses; never enough by themselves
    scsi           vendor and product of its storage's inquiry
    """

    name: str
    category: Category
    names: tuple[str, ...] = ()
    name_prefixes: tuple[str, ...] = ()
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
    index = _index()
    serial = device.serial.constant if device.serial is not None else ""
    for text in dict.fromkeys((device.manufacturer, device.product)):
        name = (text or "").strip()
        for entry in index.get(("name", name.casefold()), ()):
            yield Match(entry, "name", name)
        for prefix, entry in _prefixes():
            if name.casefold().startswith(prefix):
                yield Match(entry, "name", name)
    for entry in index.get(("serial", serial), ()):
        yield Match(entry, "serial", serial)
    for entry in index.get(("magic_serial", serial), ()):
        yield Match(entry, "magic_serial", serial)
    for inquiry in dict.fromkeys(f"{unit.vendor.strip()} {unit.product.strip()}" for unit in device.scsi):
        for entry in index.get(("scsi", inquiry), ()):
            yield Match(entry, "scsi", inquiry)
    for entry in index.get(("ids", device.ids), ()):
        if serial and serial in entry.shared_serials:
            yield Match(entry, "ids_and_serial", f"{device.ids} {serial}")
        else:
            yield Match(entry, "ids", device.ids)


def products(device: UsbDevice) -> frozenset[str]:
    """Returns ids of the IP-KVMs it can be: those matched in the most telling way, two where they share a serial."""
    found = [match for match in matches(device) if match.entry.category == "ip_kvm"]
    best = min((ORDER.index(match.how) for match in found), default=0)
    return frozenset(match.entry.id for match in found if ORDER.index(match.how) == best)


@cache
def _prefixes() -> tuple[tuple[str, KvmEntry], ...]:
    return tuple((prefix.casefold(), entry) for entry in catalogue().entries for prefix in entry.name_prefixes)


@cache
def _index() -> dict[tuple[How, str], list[KvmEntry]]:
    """Entries by what they match on, because most devices match nothing."""
    index: dict[tuple[How, str], list[KvmEntry]] = {}
    for entry in catalogue().entries:
        values: dict[How, tuple[str, ...]] = {
            "name": tuple(name.casefold() for name in entry.names),
            "serial": entry.serials,
            "magic_serial": entry.magic_serials,
            "scsi": tuple(f"{vendor} {product}" for vendor, product in entry.scsi),
            "ids": entry.ids,
        }
        for how, texts in values.items():
            for text in texts:
                index.setdefault((how, text), []).append(entry)
    return index
