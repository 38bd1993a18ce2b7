"""Which KVM a USB device or a monitor is, as far as its make tells: a farm buys several of one model."""

import msgspec

from farmwatch_detectors.catalog.edid import matches as edid_matches
from farmwatch_detectors.catalog.ip_kvm import products
from farmwatch_detectors.usb_shape import controls, descriptor_digest, facts, level_of
from farmwatch_schema.observables.displays import Display, RememberedDisplay
from farmwatch_schema.observables.usb import UsbDevice

#: From this level of `ip_kvm_shape` on two independent facts of a build agree.
_SURE = 3


class Model(msgspec.Struct, frozen=True):
    """A KVM by catalogue or build. version: of its firmware, "" when not told."""

    id: str
    version: str
    words: str


def usb_model(device: UsbDevice) -> Model | None:
    """Returns the KVM that a USB device is by its published identity, else by its build; None for anything else."""
    found = sorted(products(device)) if device.interfaces and controls(device) else []
    version = device.bcd_device
    told = f", firmware {version}" if version else ""
    if found:
        name = " or ".join(found)
        return Model(f"catalogue:{name}", version, f"{name}{told}")
    if level_of(facts(device, virtual=None)) < _SURE:
        return None
    build = ",".join(sorted({descriptor_digest(each) for each in controls(device)}))
    return Model(f"build:{device.ids}:{build}", version, f"a device built like a KVM{told}")


def display_model(display: Display) -> Model | None:
    """Returns the KVM whose picture input a monitor is, by catalogue; None for anything else."""
    if display.internal:
        return None
    for match in edid_matches(display):
        if match.entry.kind in ("ip_kvm", "kvm_board", "residue", "donor"):
            return Model(f"input:{match.entry.id}", "", f"picture input of a {match.entry.name}")
    return None


def as_published(display: Display | RememberedDisplay) -> bool:
    """Whether an EDID is one that a product's firmware or a preset gives to every unit, so that its serial is nobody's.

    One whose names and serials somebody wrote anew is that somebody's own, and ties what it was given to.
    """
    known = Display(
        connector="",
        base_digest=display.base_digest,
        edid=display.edid,
        manufacturer=display.manufacturer,
        product=display.product,
        name=display.name,
        serial=display.serial,
    )
    return any(match.how != "body" for match in edid_matches(known))
