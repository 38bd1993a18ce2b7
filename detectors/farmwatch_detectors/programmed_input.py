"""What hardware that was programmed to type or point is: known parts by name or ids, unknown ones by their build."""

from collections.abc import Iterator

import msgspec

from farmwatch_schema.observables.usb import UsbDevice

from .catalog.hid_emulators import Match, usb_matches
from .hardware import cited, hid_interfaces
from .usb_shape import controls, facts, is_server_controller, level_of

_NOBODYS = "keyboard or pointer built like a KVM's"


class Part(msgspec.Struct, frozen=True):
    """What a device was recognised as: level, its words, the value seen, its source, its entry's id, and the fact."""

    level: int
    name: str
    seen: str
    source: str = ""
    known: str = ""
    fact: str = ""


def part_of(item: UsbDevice, *, other_end: bool, virtual: bool | None) -> Part | None:
    """Returns what a USB device is of these, the surest reading; None for ordinary ones.

    other_end  something that is no panel shows the picture: then a build under nobody's name is the second end of a
               KVM. By itself it is what `ip_kvm_shape` states; a confirmed shape needs no second end
    virtual    the laptop is a virtual machine, whose pointer is a program's by nature
    """
    part = max(_known(item), key=lambda each: each.level, default=None)
    if part is not None or not other_end or is_server_controller(item):
        return part
    found = facts(item, virtual=virtual)
    if level_of(found) != 2:
        return None
    return Part(2, _NOBODYS, item.product or item.ids, found[0].source, fact=" ".join(fact.text for fact in found))


def named(level: int, match: Match) -> Part:
    """Returns the part that a catalogue's entry names."""
    seen = f'It says "{match.seen[:40]}" of itself.'
    return Part(level, match.entry.name, match.seen, cited("hid_emulators.yaml", match.entry), match.entry.id, seen)


def _known(item: UsbDevice) -> Iterator[Part]:
    if not controls(item):
        return
    typing = any(interface.class_triple == "03/01/01" for interface in hid_interfaces(item))
    for match in usb_matches(item, "keyboard_cable", "maker_board", "payload_tool"):
        if match.entry.category != "maker_board":
            # A cable's custom-HID mode, as in multimeter cables, has no keyboard.
            level = 2 if typing else 0
        else:
            absolute = any(fact.family == "pointer" and fact.rank == 3 for fact in facts(item, virtual=False))
            level = 2 if absolute else 1
        if level:
            yield named(min(level, 1) if match.entry.confidence == "unverified" else level, match)
