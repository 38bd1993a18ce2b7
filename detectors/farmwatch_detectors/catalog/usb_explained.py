"""What an entry of usb_explained.yaml holds: USB devices with an ordinary reason to type or point without a hand."""

from functools import cache
from typing import Literal

from farmwatch_schema.observables.usb import UsbDevice

from . import Entry, load

Kind = Literal["kvm_switch", "virtual_machine"]
"""kvm_switch: lets computers on one desk share a keyboard, and an IP-KVM can sit behind it; virtual_machine: the
keyboard or pointer of a virtual machine."""


class ExplainedEntry(Entry, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A family of devices: vendor:product ids, and strings as manufacturer or product (whole, case set aside)."""

    name: str
    kind: Kind
    names: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()


@cache
def entries() -> tuple[ExplainedEntry, ...]:
    """Returns the catalogue."""
    return load("usb_explained", ExplainedEntry).entries


def explained(device: UsbDevice) -> ExplainedEntry | None:
    """Returns what a USB device is known as, or None. Whoever builds a KVM can bear these ids too."""
    texts = {(text or "").strip().casefold() for text in (device.manufacturer, device.product)}
    for entry in entries():
        if device.ids in entry.ids or any(name.casefold() in texts for name in entry.names):
            return entry
    return None
