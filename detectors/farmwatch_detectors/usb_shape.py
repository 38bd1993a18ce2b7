"""What a USB device is built like, below its names: the facts that `ip_kvm_shape` weighs.

Ranks and measured rates: docs/catalogues.md, "shape of an IP-KVM".
"""

import hashlib
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Literal

import msgspec

from farmwatch_schema.formats.hid import features_of
from farmwatch_schema.observables.usb import HidFeatures, UsbDevice, UsbInterface

from .catalog.hid_emulators import usb_matches
from .catalog.ip_kvm import catalogue as kvm_catalogue
from .catalog.usb_gadget import absolute_pointers, firmware_pairs, gadget_strings
from .hardware import cited, hid_interfaces
from .view import DeviceView

Family = Literal["gadget", "pointer", "firmware", "pair", "bus", "set", "support"]
"""Facts of one family have an innocent cause in common, so two of them are not two:
gadget    the Linux gadget stack: a development board or phone has it too
pointer   an absolute mouse: pen tablets, touch panels and virtual machines have it too
firmware  a descriptor or serial as a KVM's firmware makes it: tablets and panels bring their own
bus       how the bus is used: gaming keyboards at high speed come near it, and none of them points absolutely
pair      keyboard and relative mouse both as one firmware describes them: whoever copies from it has them too
set       keyboard and pointer both played by a Linux computer that is no touch screen
support   seen on ordinary devices as well; quoted, never enough by themselves"""

MOUSE, _KEYBOARD = "1:2", "1:6"
#: Applications that move a pointer or type: pointer, mouse, keyboard, keypad (HID Usage Tables 1.5, page 1).
_CONTROLS = frozenset({"1:1", MOUSE, _KEYBOARD, "1:7"})
#: What plain keyboards and mice consist of: those, media keys and power keys.
_PLAIN = _CONTROLS | {"c:1", "1:80"}
#: Screens have more columns; what counts fewer is a dial or a slider.
_NARROWEST = 1023
_F_HID = "torvalds/linux:drivers/usb/gadget/function/f_hid.c@8b87f67b"
#: Reports of the known firmware: 4 or 5 bytes relative, 6 or 7 absolute (catalog/usb_gadget.yaml).
_POINTER_BYTES = range(4, 8)
_HIGH = 480.0
#: What f_hid.c states, whatever user space asks for. Firmware made with STM32Cube names its interfaces alike, at full
#: speed and with HID 1.11 (STMicroelectronics, usbd_desc.c, USBD_INTERFACE_STRING_FS, and usbd_hid.c).
_GADGET_HID = "0101"
#: Touch screen, HID Usage Tables 1.5, page 0x0D: what meeting-room panels are, and pens are not.
_TOUCH_SCREEN = "d:4"
#: Makers of pen tablets, by usb.ids (gentoo/hwids@bb0eb0f3): Wacom, Huion, XP-Pen, UC-Logic, Veikk.
_PEN_MAKERS = frozenset({"056a", "256c", "28bd", "5543", "2feb"})
#: Pointers of virtual machines: usb.ids (gentoo/hwids@bb0eb0f3) and QEMU's and VirtualBox's own ids.
VIRTUAL_POINTERS = frozenset({"0627:0001", "0e0f:0003", "0e0f:0006", "80ee:0021"})


class Fact(msgspec.Struct, frozen=True):
    """One thing about the build: rank as in docs/catalogues.md, its family, one sentence, and its source."""

    rank: int
    family: Family
    text: str
    source: str = ""


def facts(device: UsbDevice, *, virtual: bool | None) -> tuple[Fact, ...]:
    """Returns what the device's build says for an IP-KVM, by rank; empty for devices that do not type or point.

    virtual  the laptop is a virtual machine; None when that is not known
    """
    if not controls(device):
        return ()
    found = [
        *_gadget(device),
        *_pointer(device, virtual),
        *_pair(device),
        *_bus(device, virtual),
        *_set(device),
        *_serial(device),
        *_support(device),
    ]
    return tuple(sorted(found, key=lambda fact: fact.rank))


def controls(device: UsbDevice) -> list[UsbInterface]:
    """Returns the HID interfaces that can type or point, or whose descriptor nobody could read.

    Conference bars and headsets are Linux gadgets with HID too: their buttons drive nothing.
    """
    return [
        interface
        for interface in hid_interfaces(device)
        if interface.class_triple[-2:] in ("01", "02")
        or (found := features(interface)) is None
        or not _CONTROLS.isdisjoint(found.applications)
    ]


def is_server_controller(device: UsbDevice) -> bool:
    """Returns whether the ids are a server's management controller, which is an IP-KVM by trade."""
    return any(device.ids in entry.ids for entry in kvm_catalogue().entries if entry.category == "bmc")


def features(interface: UsbInterface) -> HidFeatures | None:
    """Returns what the report descriptor says; None when it could not be read."""
    if interface.features is not None:
        return interface.features
    return _read(interface.report_descriptor)[1] if interface.report_descriptor else None


@lru_cache(maxsize=4096)
def _read(descriptor: str) -> tuple[str, HidFeatures | None]:
    """SHA-256 and features of a descriptor in hex; kept, because a fleet has few different ones."""
    try:
        data = bytes.fromhex(descriptor)
    except ValueError:
        return "", None
    return hashlib.sha256(data).hexdigest(), features_of(data)


def gadget_interfaces(device: UsbDevice) -> list[UsbInterface]:
    """Returns the interfaces that type or point and bear the marks of the Linux gadget driver."""
    fast = device.speed_mbps is None or _high(device)
    return [
        interface
        for interface in controls(device)
        if interface.name in gadget_strings("f_hid") and (fast or interface.bcd_hid in ("", _GADGET_HID))
    ]


def _gadget(device: UsbDevice) -> Iterator[Fact]:
    own = gadget_interfaces(device)
    if own:
        # The name alone is a template's as well; without speed and HID version nobody knows which of the two it is.
        known = device.speed_mbps is not None or any(interface.bcd_hid for interface in own)
        yield Fact(
            1 if known else 4,
            "gadget" if known else "support",
            'Its keyboard or pointer is named "HID Interface", as the Linux gadget driver names it.',
            _F_HID,
        )
    names = sorted({interface.name or "" for interface in device.interfaces} & gadget_strings("gadget_functions"))
    if names:
        yield Fact(
            4,
            "support",
            f"Beside keyboard or pointer it has functions named as the Linux gadget names them: {', '.join(names)}.",
            "jetkvm/rv1106-system:sysdrv/source/kernel/drivers/usb/gadget/function@dc014e97",
        )


def _pointer(device: UsbDevice, virtual: bool | None) -> Iterator[Fact]:
    # Hypervisors give guests an absolute pointer; where nobody knows, their ids decide.
    if virtual or (virtual is None and device.ids in VIRTUAL_POINTERS):
        return
    hid = hid_interfaces(device)
    typing = any(_keyboard(interface) for interface in hid)
    known = next((entry for i in hid if (entry := absolute_pointers().get(descriptor_digest(i)))), None)
    loose = False
    # A tablet or panel is a controller of its own. A Linux computer can add a pen or a maker's collection at will.
    played = any(_places(found) for i in gadget_interfaces(device) if (found := features(i)) is not None)
    if known is None and not played:
        seen = [found for interface in hid if (found := features(interface)) is not None]
        # Pens and touch give tablets away; the maker's own settings give touch panels away, which do not type.
        tablet = any(found.digitizer or (found.vendor and not typing) for found in seen)
        loose = not any(_absolute_mouse(found) for found in seen)
        if tablet or (loose and not (typing and len(seen) == len(hid) and _places_among_others(device, seen))):
            return
    text = "It is a mouse that reports absolute positions, as a remote screen needs and mice do not."
    yield Fact(2, "pointer", text)
    if known:
        text = "The description of that mouse equals a published KVM's byte for byte."
        yield Fact(2, "firmware", text, cited("usb_gadget.yaml", known))
    if typing:
        yield Fact(3, "pointer", "One device is both a keyboard and that absolute mouse.")
        if not loose and _high(device):
            text = "It does so at high speed, where tablets and panels are slow and fast keyboards point relatively."
            yield Fact(3, "bus", text)


def _pair(device: UsbDevice) -> Iterator[Fact]:
    hid = hid_interfaces(device)
    if _touches(device):
        return
    typed = {descriptor_digest(interface) for interface in hid if _keyboard(interface)} - {""}
    moved = {descriptor_digest(interface) for interface in hid if not _keyboard(interface)} - {""}
    for (keyboard, pointer), entry in firmware_pairs().items():
        if keyboard in typed and pointer in moved:
            text = "Its keyboard and its mouse are described byte for byte as one KVM's firmware describes them."
            yield Fact(2, "pair", text, cited("usb_gadget.yaml", entry))
            return


def _places(found: HidFeatures) -> bool:
    return MOUSE in found.applications and found.absolute_xy and found.x_logical == (0, 32767)


def _absolute_mouse(found: HidFeatures) -> bool:
    return found.applications == (MOUSE,) and found.absolute_xy and found.x_logical == (0, 32767) and found.x_bits == 16


def _places_among_others(device: UsbDevice, seen: list[HidFeatures]) -> bool:
    """Whether one description has relative moves or keys beside the absolute ones, or a range of its own.

    So do keyboard cables and boards. One that says openly what it is has that from its maker's template (Teensy), and
    pen tablets have such descriptions beside their pen's (XP-Pen 28bd:095b; linuxwacom/wacom-hid-descriptors@3dd4a3d4).
    """
    return (
        device.vendor_id not in _PEN_MAKERS
        and any(
            MOUSE in found.applications
            and set(found.applications) <= _PLAIN
            and found.absolute_xy
            and found.x_logical is not None
            and found.x_logical[0] == 0
            and found.x_logical[1] >= _NARROWEST
            for found in seen
        )
        and not any(usb_matches(device, "maker_board"))
    )


def _bus(device: UsbDevice, virtual: bool | None) -> Iterator[Fact]:
    # Hypervisors give their own pointer at high speed, a report a packet (QEMU, hw/usb/dev-hid.c).
    if not _high(device) or (virtual is not False and device.ids in VIRTUAL_POINTERS):
        return
    if device.max_packet_size0 == 64 and any(interface.bcd_hid == _GADGET_HID for interface in controls(device)):
        yield Fact(5, "bus", "It states HID version 1.01 at high speed, as the Linux gadget driver does.")
    if any(_pointer_like(interface) and _in_size(interface) in _POINTER_BYTES for interface in hid_interfaces(device)):
        yield Fact(6, "bus", "Its pointer's packets are exactly one report long (4 to 7 bytes) at high speed.")


def _set(device: UsbDevice) -> Iterator[Fact]:
    if plays(device) == (True, True):
        yield Fact(3, "set", "A Linux computer plays both keyboard and pointer in it, and it is no touch screen.")


def plays(device: UsbDevice) -> tuple[bool, bool]:
    """Returns whether a Linux computer plays a keyboard in it, and whether a pointer in another function."""
    if _touches(device):
        return False, False
    own = gadget_interfaces(device)
    return any(_keyboard(i) for i in own), any(_pointer_like(i) and not _keyboard(i) for i in own)


def _touches(device: UsbDevice) -> bool:
    """Interactive panels are gadgets that type and point as well, and give themselves away by touch."""
    return any(
        _TOUCH_SCREEN in found.applications for i in hid_interfaces(device) if (found := features(i)) is not None
    )


def _serial(device: UsbDevice) -> Iterator[Fact]:
    shape = device.serial.shape if device.serial is not None else ""
    # One digit, "&", seven hex digits, "&0&1", by the shape that a report tells.
    if shape.startswith("13:other:9&") and shape.endswith("&9&9"):
        text = "Its serial looks like the id Windows gives to devices without one; JetKVM's presets make such serials."
        yield Fact(9, "firmware", text, "jetkvm/kvm:ui/src/components/UsbInfoSetting.tsx@bde0a086")


def _support(device: UsbDevice) -> Iterator[Fact]:
    hid = hid_interfaces(device)
    if any(_keyboard(interface) for interface in hid) and any(i.class_triple[:2] == "08" for i in device.interfaces):
        yield Fact(4, "support", "One device is both a keyboard and a drive.")
    if any(_pointer_like(i) and not _keyboard(i) and any(e.address < 0x80 for e in i.endpoints) for i in hid):
        yield Fact(7, "support", "Its pointer takes data from the laptop too, which a mouse has no use for.")
    indexes = sorted(interface.name_index for interface in hid if interface.name_index)
    if len(indexes) > 1 and all(after - before == 2 for before, after in pairwise(indexes)):
        yield Fact(8, "support", "Its functions' names are numbered in steps of two, as the Linux gadget numbers them.")


def _keyboard(interface: UsbInterface) -> bool:
    found = features(interface)
    return interface.class_triple.endswith("/01") or (found is not None and _KEYBOARD in found.applications)


def _pointer_like(interface: UsbInterface) -> bool:
    """A pointer by protocol or descriptor; where the descriptor was not read, by the size of its report."""
    found = features(interface)
    if interface.class_triple.endswith("/02") or (found is not None and MOUSE in found.applications):
        return True
    return found is None and interface.class_triple == "03/00/00" and _in_size(interface) in _POINTER_BYTES


def _in_size(interface: UsbInterface) -> int:
    return next((e.max_packet_size for e in interface.endpoints if e.transfer == "interrupt" and e.address >= 0x80), 0)


def _high(device: UsbDevice) -> bool:
    return device.speed_mbps is not None and device.speed_mbps >= _HIGH


def descriptor_digest(interface: UsbInterface) -> str:
    """Returns the SHA-256 of its report descriptor; "" where the bytes were not read."""
    return _read(interface.report_descriptor)[0] if interface.report_descriptor else ""


def level_of(found: tuple[Fact, ...]) -> int:
    """Returns the level that facts of one device reach together.

    Confirmed (3) are: the gadget stack with an absolute mouse, or with both keyboard and pointer; an absolute mouse
    beside a keyboard, at high speed, with the gadget's use of the bus or in a KVM firmware's own bytes; keyboard and
    relative mouse in a firmware's bytes with the gadget's use of the bus; both marks of the bus, which no ordinary
    device has, with an absolute mouse or two lesser facts. Both marks by themselves are strong (2), and one cause.
    """
    families = {fact.family for fact in found}
    both = any(fact.rank == 3 and fact.family == "pointer" for fact in found)
    bus = {fact.rank for fact in found if fact.family == "bus" and fact.rank in (5, 6)}
    lesser = {fact.rank for fact in found if fact.family == "support"}
    if "gadget" in families and families & {"pointer", "set", "firmware"}:
        return 3
    if (both and families & {"bus", "firmware"}) or ("pair" in families and families & {"bus", "firmware"}):
        return 3
    if len(bus) > 1 and ("pointer" in families or len(lesser) > 1):
        return 3
    if "gadget" in families or both or len(bus) > 1:
        return 2
    return 1 if families & {"pointer", "pair", "bus"} or len({fact.rank for fact in found}) > 1 else 0


def in_parts(device: DeviceView) -> list[UsbDevice]:
    """Returns the devices in which a Linux computer plays a keyboard here and a pointer there; none otherwise."""
    played = [(item, plays(item)) for item in device.of("usb", UsbDevice)]
    one = [(item, role) for item, role in played if role in ((True, False), (False, True))]
    return [item for item, _ in one] if len({role for _, role in one}) > 1 else []
