"""What an entry of usb_gadget.yaml holds."""

from functools import cache

from . import Entry, load


class GadgetEntry(Entry, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What gadgets and KVM firmware write below the names.

    strings           interface strings of a gadget function
    absolute_pointer  SHA-256 of an absolute pointer's report descriptor
    keyboards         SHA-256 of a firmware's keyboard descriptors; others share some of them
    pointers          SHA-256 of its relative pointers' descriptors; boards copy some of them
    """

    strings: tuple[str, ...] = ()
    absolute_pointer: str = ""
    keyboards: tuple[str, ...] = ()
    pointers: tuple[str, ...] = ()


@cache
def gadget_strings(entry_id: str) -> frozenset[str]:
    """Returns the interface strings of one entry; empty when there is no such entry."""
    entry = load("usb_gadget", GadgetEntry).get(entry_id)
    return frozenset(entry.strings) if entry else frozenset()


@cache
def absolute_pointers() -> dict[str, GadgetEntry]:
    """Returns the entries of known absolute pointers by the SHA-256 of their descriptor."""
    return {
        entry.absolute_pointer: entry for entry in load("usb_gadget", GadgetEntry).entries if entry.absolute_pointer
    }


@cache
def firmware_pairs() -> dict[tuple[str, str], GadgetEntry]:
    """Returns the entries by each pair of a keyboard's and a relative pointer's descriptor of one firmware."""
    return {
        (keyboard, pointer): entry
        for entry in load("usb_gadget", GadgetEntry).entries
        for keyboard in entry.keyboards
        for pointer in entry.pointers
    }
