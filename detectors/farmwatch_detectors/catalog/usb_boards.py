"""What an entry of usb_boards.yaml holds: USB devices that type or point without a hand, and are no IP-KVM.

Programmable boards, keystroke injectors, jigglers, local KVM switches, the pointers of virtual machines. Each of
them has ordinary uses; `ip_kvm.yaml` holds what is built to drive a computer from afar.
"""

from collections.abc import Iterator
from functools import cache
from typing import Literal

import msgspec

from farmwatch_schema.observables.usb import UsbDevice

from . import Catalogue, Entry, load

Kind = Literal["maker_board", "injector", "jiggler", "kvm_switch", "virtual_machine"]
"""maker_board: types what its owner programmed; injector: sold to type by itself; jiggler: sold to move the pointer;
kvm_switch: lets two computers share a keyboard on one desk; virtual_machine: the pointer of a virtual machine."""

How = Literal["name", "ids", "shared_ids", "vendor"]


class BoardEntry(Entry, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A board, or a family of boards, by what it says on the USB. All of it can be changed in its firmware.

    names       strings that name it, as manufacturer or as product, whole and case set aside
    ids         vendor:product ids that ordinary keyboards and mice do not bear
    shared_ids  ids that ordinary keyboards, mice or receivers bear too: they say nothing alone
    vendors     vendor ids of makers of boards only, "2e8a"; a keyboard under them is a programmed board
    """

    name: str
    kind: Kind
    names: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    shared_ids: tuple[str, ...] = ()
    vendors: tuple[str, ...] = ()


class Match(msgspec.Struct, frozen=True):
    """One thing by which a device matched an entry, and the value seen."""

    entry: BoardEntry
    how: How
    seen: str


def catalogue() -> Catalogue[BoardEntry]:
    """Returns the catalogue of boards and switches."""
    return load("usb_boards", BoardEntry)


def matches(device: UsbDevice) -> Iterator[Match]:
    """Yields every way in which a USB device equals an entry: names first, then ids, shared ids and vendor."""
    index = _index()
    for text in dict.fromkeys((device.manufacturer, device.product)):
        name = (text or "").strip()
        for entry in index.get(("name", name.casefold()), ()):
            yield Match(entry, "name", name)
    ids: tuple[tuple[How, str], ...] = (
        ("ids", device.ids), ("shared_ids", device.ids), ("vendor", device.ids.partition(":")[0]),
    )  # fmt: skip
    for how, seen in ids:
        for entry in index.get((how, seen), ()):
            yield Match(entry, how, seen)


@cache
def _index() -> dict[tuple[How, str], list[BoardEntry]]:
    index: dict[tuple[How, str], list[BoardEntry]] = {}
    for entry in catalogue().entries:
        values: dict[How, tuple[str, ...]] = {
            "name": tuple(name.casefold() for name in entry.names),
            "ids": entry.ids,
            "shared_ids": entry.shared_ids,
            "vendor": entry.vendors,
        }
        for how, texts in values.items():
            for text in texts:
                index.setdefault((how, text), []).append(entry)
    return index
