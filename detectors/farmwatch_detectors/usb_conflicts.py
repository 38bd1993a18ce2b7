"""What a USB device that claims to be a known product has, and the real one has not."""

from collections.abc import Iterator
from typing import Literal

import msgspec

from farmwatch_schema.observables.usb import UsbDevice, UsbInterface

from .catalog.usb_truth import TruthEntry
from .usb_shape import MOUSE, features

Kind = Literal[
    "disguise", "speed", "functions", "serial_look", "pointer", "maker",
    "manufacturer", "serial", "packets", "interfaces",
]  # fmt: skip
#: What no revision of a product changes by itself: its class of speed, a drive, network card or pointer in a keyboard,
#: the function that its maker's programs speak to, strings that KVM settings invented. The rest differs between honest
#: revisions and copies too.
HARD: frozenset[Kind] = frozenset({"disguise", "speed", "functions", "serial_look", "pointer", "maker"})
_HIGH, _FULL = 480.0, 12.0
#: Low speed allows no other size of control packets (USB 2.0, 5.5.3).
_LOW_SPEED_PACKETS = (8,)
#: HID, the maker's own, and device firmware update: what keyboards and receivers have.
_OWN_CLASSES = ("03", "ff", "fe")


class Conflict(msgspec.Struct, frozen=True):
    """One thing in which a device differs from the product that it claims to be; one sentence."""

    kind: Kind
    text: str

    @property
    def hard(self) -> bool:
        """No honest revision explains it."""
        return self.kind in HARD


def conflicts(device: UsbDevice, truth: TruthEntry) -> tuple[Conflict, ...]:
    """Returns what contradicts the claim. What was not read, or no dump tells, contradicts nothing."""
    return tuple(_strings(device, truth)) + tuple(_build(device, truth))


def _strings(device: UsbDevice, truth: TruthEntry) -> Iterator[Conflict]:
    said = ((device.manufacturer or "").strip(), (device.product or "").strip())
    known = {name.casefold() for name in truth.manufacturers}
    if said in truth.disguises:
        yield Conflict("disguise", f"It calls itself {said[0]} {said[1]}, as a KVM's settings offer and it does not.")
    elif said[0] and known and said[0].casefold() not in known:
        yield Conflict(
            "manufacturer", f"Its manufacturer reads {said[0][:40]}, the real one's {truth.manufacturers[0]}."
        )
    shape = device.serial.shape if device.serial is not None else ""
    # One digit, "&", seven hex digits, "&0&1", by the shape that a report tells.
    if shape.startswith("13:other:9&") and shape.endswith("&9&9"):
        yield Conflict("serial_look", "Its serial looks like the id that Windows gives to devices without one.")
    elif truth.has_serial is False and (device.has_serial or device.serial is not None):
        yield Conflict("serial", "It has a serial number, the real one has none.")


def _build(device: UsbDevice, truth: TruthEntry) -> Iterator[Conflict]:
    slow = bool(truth.speeds) and max(truth.speeds) < _FULL
    sizes0 = truth.packet_sizes0 or (_LOW_SPEED_PACKETS if slow else ())
    if device.speed_mbps is not None and device.speed_mbps >= _HIGH and truth.speeds and max(truth.speeds) < _HIGH:
        yield Conflict("speed", f"It runs at {device.speed_mbps:g} Mbit/s, the real one at {max(truth.speeds):g}.")
    elif sizes0 and device.max_packet_size0 and device.max_packet_size0 not in sizes0:
        sizes = " or ".join(str(size) for size in sizes0)
        text = f"Its control packets have {device.max_packet_size0} bytes, the real one's {sizes}."
        yield Conflict("packets", text)
    foreign = sorted({i.class_triple for i in device.interfaces if i.class_triple[:2] not in _OWN_CLASSES})
    if foreign:
        yield Conflict("functions", f"It has functions of class {', '.join(foreign)}, which the real one has not.")
    if not truth.points and any(_points(i) for i in device.interfaces):
        yield Conflict("pointer", "One of its functions moves a pointer, and the real one only types.")
        return
    told = [features(i) for i in device.interfaces]
    if truth.maker and told and all(found is not None and not found.vendor for found in told):
        yield Conflict("maker", "It lacks the function that its maker's programs speak to, which every real one has.")
    extra = sorted({i.class_triple for i in device.interfaces} - set(truth.triples) - set(foreign))
    if truth.triples and extra:
        yield Conflict("interfaces", f"It has functions {', '.join(extra)}, which the real one has not.")
    elif truth.interfaces and len(device.interfaces) > truth.interfaces:
        text = f"It has {len(device.interfaces)} functions, the real one {truth.interfaces} at most."
        yield Conflict("interfaces", text)


def _points(interface: UsbInterface) -> bool:
    found = features(interface)
    return interface.class_triple.endswith("/02") or (found is not None and MOUSE in found.applications)
