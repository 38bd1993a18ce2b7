"""What an entry of usb_gadget.yaml holds."""

from functools import cache

from . import Entry, load


class GadgetEntry(Entry, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Interface strings of a gadget function, or the SHA-256 of an absolute pointer's report descriptor."""

    strings: tuple[str, ...] = ()
    absolute_pointer: str = ""


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
