"""ip_kvm_shape: what survives renaming, and what ordinary devices share with it."""

from typing import Any

import msgspec
import pytest

from farmwatch_detectors.ip_kvm_shape import detect
from farmwatch_detectors.policy import Policy, Sanction
from farmwatch_schema.formats.hid import features_of
from farmwatch_schema.observables.host import HostFacts
from farmwatch_schema.observables.usb import RememberedUsb, UsbDevice, UsbInterface

from .kvm_cases import (
    JETKVM_ABSOLUTE,
    JETKVM_KEYBOARD,
    JETKVM_RELATIVE,
    PIKVM_ABSOLUTE,
    PIKVM_KEYBOARD,
    PIKVM_RELATIVE,
    endpoint,
    gadget,
    hid,
    huntsman,
    jetkvm,
    jetkvm_renamed,
    k120,
    pikvm,
    storage,
)
from .views import serial, view

LAPTOP = HostFacts(chassis="laptop", hypervisor="")

#: JetKVM's absolute pointer with two buttons instead of three, as another firmware may have it.
OTHER_ABSOLUTE = JETKVM_ABSOLUTE.replace("29031500250175019503", "29021500250175019502")

#: A pen's collection, as drawing tablets have it.
PEN = "050d0902a1018502050d0920a10009421500250175019501810205010930093126ff7f751095028102c0c0"

#: A collection of a maker's own page, as settings programs use it.
VENDOR = "060aff0901a1018509090275089509150026ff008102c0"


def level_of(device: UsbDevice, host: HostFacts = LAPTOP) -> int:
    return max((finding.level for finding in detect(view(usb=[device], host=[host]))), default=0)


def changed(device: UsbDevice, **fields: Any) -> UsbDevice:
    """The device with these fields changed in each of its HID interfaces."""
    return msgspec.structs.replace(
        device,
        interfaces=tuple(
            msgspec.structs.replace(item, **fields) if item.class_triple[:2] == "03" else item
            for item in device.interfaces
        ),
    )


def test_hit_a_renamed_kvm_is_known_by_its_build_and_says_by_which_facts() -> None:
    (finding,) = detect(view(usb=[k120(), jetkvm_renamed()], host=[LAPTOP]))
    assert (finding.level, finding.floor) == (3, True)
    facts = " ".join(item.fact for item in finding.evidence)
    for words in ('"HID Interface"', "absolute positions", "byte for byte", "HID version 1.01", "steps of two"):
        assert words in facts
    assert "Logitech USB Input Device" in finding.sentence
    assert "?" in finding.sentence


@pytest.mark.parametrize("device", [pikvm(), jetkvm()], ids=["PiKVM", "JetKVM"])
def test_hit_a_kvm_as_shipped_has_the_shape_too(device: UsbDevice) -> None:
    assert level_of(device) == 3


@pytest.mark.parametrize(
    "device",
    [
        changed(jetkvm_renamed(), name=None),  # interface names not read, or served from user space
        changed(jetkvm_renamed(), bcd_hid=""),
        changed(jetkvm_renamed(), report_descriptor=None),
        changed(jetkvm_renamed(), name_index=None),
        changed(jetkvm_renamed(), endpoints=()),
        jetkvm_renamed(speed_mbps=12.0),  # configfs max_speed
        jetkvm_renamed(speed_mbps=None),
        jetkvm_renamed(max_packet_size0=None),
        # another firmware: the descriptor is known by its features, not by its hash
        changed(jetkvm_renamed(), report_descriptor=OTHER_ABSOLUTE),
    ],
    ids=["names", "bcdHID", "descriptors", "indexes", "endpoints", "full speed", "speed", "packet size", "other bytes"],
)
def test_hit_any_one_fact_may_be_missing(device: UsbDevice) -> None:
    assert level_of(device) == 3


def test_hit_where_the_system_hides_the_bytes_the_features_do() -> None:
    found = [features_of(bytes.fromhex(text)) for text in (JETKVM_KEYBOARD, JETKVM_ABSOLUTE, JETKVM_RELATIVE)]
    interfaces = tuple(
        msgspec.structs.replace(item, report_descriptor=None, features=features)
        for item, features in zip(jetkvm_renamed().interfaces, found, strict=True)
    )
    assert level_of(jetkvm_renamed(interfaces=interfaces)) == 3


def test_hit_a_kvm_that_moves_relatively_without_storage_is_confirmed_by_its_functions() -> None:
    keyboard, _, relative = jetkvm_renamed().interfaces
    assert level_of(jetkvm_renamed(interfaces=(keyboard, relative))) == 3


def test_hit_hid_from_user_space_leaves_keyboard_and_absolute_mouse_at_high_speed() -> None:
    """A FunctionFS gadget drops the driver's names, HID 1.01, its indexes and sizes; Windows hides the bytes too."""
    interfaces = tuple(
        msgspec.structs.replace(
            item, name="", name_index=0, bcd_hid="0111", endpoints=(endpoint(8),), report_descriptor=None,
            features=features_of(bytes.fromhex(item.report_descriptor or "")),
        )
        for item in jetkvm_renamed().interfaces
    )  # fmt: skip
    served = jetkvm_renamed(interfaces=interfaces)
    assert level_of(served) == 3
    assert level_of(msgspec.structs.replace(served, speed_mbps=12.0)) == 2


def test_hit_relative_at_full_speed_from_user_space_the_firmware_s_own_bytes_are_left() -> None:
    plain: dict[str, Any] = {"name": "", "name_index": 0, "bcd_hid": "0111", "endpoints": (endpoint(8),)}
    device = gadget(
        vendor_id="046d", product_id="c31c", speed_mbps=12.0,
        interfaces=(hid(0, "01/01", 8, PIKVM_KEYBOARD, **plain), hid(1, "01/02", 8, PIKVM_RELATIVE, **plain)),
    )  # fmt: skip
    (finding,) = detect(view(usb=[device], host=[LAPTOP]))
    assert finding.level == 1, "a board may have copied them"
    assert "byte for byte" in finding.evidence[0].fact
    fast = msgspec.structs.replace(device, speed_mbps=480.0, interfaces=tuple(
        msgspec.structs.replace(item, bcd_hid="0101") for item in device.interfaces))  # fmt: skip
    assert level_of(fast) == 3


def test_miss_relative_at_full_speed_from_user_space_with_another_keyboard_s_descriptor() -> None:
    """What the head calls a blind spot: nothing of the gadget, nothing of the firmware, no use of the bus is left."""
    plain: dict[str, Any] = {"name": "", "name_index": 0, "bcd_hid": "0111", "endpoints": (endpoint(8),)}
    common = [interface.report_descriptor for interface in k120().interfaces]
    device = gadget(
        vendor_id="046d", product_id="c31c", speed_mbps=12.0, max_packet_size0=8,
        interfaces=tuple(hid(place, "01/01", 8, each, **plain) for place, each in enumerate(common)),
    )  # fmt: skip
    assert list(detect(view(usb=[device], host=[LAPTOP]))) == []


@pytest.mark.parametrize("hidden", [False, True], ids=["bytes", "features"])
@pytest.mark.parametrize(
    "mouse",
    [
        # One description with relative and absolute reports (PaulStoffregen/cores:teensy4/usb_desc.c @7f107ee0)
        JETKVM_RELATIVE.replace("a1010901", "a10185010901") + PIKVM_ABSOLUTE.replace("a1010901", "a10185020901"),
        # A keyboard's and an absolute mouse's, as boards with one HID interface have them
        PIKVM_KEYBOARD.replace("a101", "a1018501", 1) + PIKVM_ABSOLUTE.replace("a101", "a1018502", 1),
        # 0 to 4095, the range in which a CH9329 is told where to point (its serial protocol, command 4)
        PIKVM_ABSOLUTE.replace("26ff7f", "26ff0f"),
    ],
    ids=["both moves", "keys and moves", "4,096 places"],
)
def test_hit_a_cable_or_board_that_points_absolutely_in_a_description_of_its_own(mouse: str, hidden: bool) -> None:
    plain: dict[str, Any] = {"name": "", "name_index": 0, "bcd_hid": "0111"}
    parts: tuple[UsbInterface, ...] = (
        hid(0, "01/01", 8, PIKVM_KEYBOARD, **plain),
        hid(1, "01/02", 8, mouse, **plain),
    )
    if hidden:
        parts = tuple(
            msgspec.structs.replace(
                part, report_descriptor=None, features=features_of(bytes.fromhex(part.report_descriptor or ""))
            )
            for part in parts
        )
    # 480 Mbit/s adds nothing here: boards of hobbyists are as fast.
    for speed in (12.0, 480.0):
        cable = gadget(vendor_id="3f81", product_id="9a02", speed_mbps=speed, interfaces=parts)
        assert level_of(cable) == 2
    # XP-Pen's tablets have such a mouse beside their pen (linuxwacom/wacom-hid-descriptors, 28bd:095b).
    pen = hid(2, "00/00", 10, PEN, **plain)
    assert level_of(gadget(vendor_id="28bd", product_id="095b", speed_mbps=12.0, interfaces=(*parts, pen))) == 0
    unread = msgspec.structs.replace(pen, report_descriptor=None)
    assert level_of(gadget(vendor_id="28bd", product_id="095b", speed_mbps=12.0, interfaces=(*parts, unread))) == 0
    # where a system tells nothing of the pen at all, the maker's ids are left
    assert level_of(gadget(vendor_id="28bd", product_id="095b", speed_mbps=12.0, interfaces=parts)) == 0


def test_hit_what_windows_remembers_is_told_and_counts_at_most_level_2() -> None:
    memory = RememberedUsb(
        vendor_id="046d", product_id="c52b", class_triples=("03/01/01", "08/06/50"), serial=serial("7&3f21c0a&0&1"),
        last_removal="2026-11-16",
    )  # fmt: skip
    (finding,) = detect(view(usb=[memory], host=[LAPTOP]))
    assert finding.level <= 2
    assert finding.seen_until.startswith("2026-11-16")
    undated = msgspec.structs.replace(memory, last_removal="")
    assert list(detect(view(usb=[undated], host=[LAPTOP]))) == []


def test_one_strong_fact_alone_confirms_nothing() -> None:
    keyboard = jetkvm_renamed().interfaces[0]
    assert level_of(jetkvm_renamed(interfaces=(keyboard,))) == 2
    # neither names, indexes nor descriptors read: both marks of the bus are left, and one lesser fact
    assert level_of(changed(jetkvm_renamed(), name=None, name_index=None, report_descriptor=None)) == 2
    # CH9329 in absolute mode: full speed, no gadget marks (catalog/ip_kvm.yaml)
    cable = gadget(
        vendor_id="1a86", product_id="e129", speed_mbps=12.0, max_packet_size0=8,
        interfaces=(
            hid(0, "01/01", 8, PIKVM_KEYBOARD, name="", name_index=0, bcd_hid="0110"),
            hid(1, "00/00", 8, OTHER_ABSOLUTE, name="", name_index=0, bcd_hid="0110"),
        ),
    )  # fmt: skip
    assert level_of(cable) == 2
    # its two custom-HID functions do not hide it (catalog/ip_kvm.yaml, ch9329)
    custom = hid(2, "00/00", 64, VENDOR, name="", name_index=0, bcd_hid="0110")
    assert level_of(msgspec.structs.replace(cable, interfaces=(*cable.interfaces, custom))) == 2


# An absolute mouse as QEMU's USB tablet has it: hw/usb/dev-hid.c, qemu_tablet_hid_report_descriptor
# NanoKVM's firmware has copied it.
VM_TABLET = (
    "05010902a1010901a10005091901290315002501950375018102950175058101050109300931150026ff7f350046ff7f7510950281020501"
    "09381581257f350045007508950181 06c0c0".replace(" ", "")
)


def pen_tablet(**changes: Any) -> UsbDevice:
    """A Veikk S640 in outline: mouse, pen and vendor collections, full speed (wacom-hid-descriptors@3dd4a3d4)."""
    pen = "050d0902a1018502050d0920a10009421500250175019501810205010930093126ff7f751095028102c0c0"
    mouse = OTHER_ABSOLUTE
    plain: dict[str, Any] = {"name": "", "name_index": 0, "bcd_hid": "0110"}
    interfaces = (
        hid(0, "01/02", 8, mouse, **plain),
        hid(1, "01/01", 8, pen, **plain),
        hid(2, "00/00", 10, VENDOR, **plain),
    )
    fields: dict[str, Any] = {"vendor_id": "2feb", "product_id": "0001", "speed_mbps": 12.0, "interfaces": interfaces}
    return gadget(**(fields | changes))


def teensy() -> UsbDevice:
    """Teensy 4 as keyboard and mouse at high speed: PaulStoffregen/cores:teensy4/usb_desc.c @7f107ee0."""
    mouse = (
        "05010902a10185010509190129081500250195087501810205010930093109381581257f750895038106050c0a38021581257f75089501"
        "8106c005010902a1018502050109300931150026ff7f751095028102c0"
    )
    plain: dict[str, Any] = {"name": "", "name_index": 0, "bcd_hid": "0111"}
    return gadget(
        vendor_id="16c0", product_id="0487", manufacturer="Teensyduino",
        interfaces=(
            UsbInterface(number=0, class_triple="02/02/01"),
            hid(2, "01/01", 8, PIKVM_KEYBOARD, **plain),
            hid(3, "00/00", 9, mouse, **plain),
        ),
    )  # fmt: skip


def phone() -> UsbDevice:
    """A phone that plays keyboard and mouse, or a KVM with the functions of a phone: one and the same build."""
    return gadget(
        vendor_id="18d1", product_id="4ee7", manufacturer="Example", product="Phone",
        interfaces=(
            UsbInterface(number=0, class_triple="06/01/01", name="MTP"),
            UsbInterface(number=1, class_triple="ff/42/01", name="ADB Interface"),
            hid(2, "01/01", 8, PIKVM_KEYBOARD),
            hid(3, "01/02", 4, JETKVM_RELATIVE),
        ),
    )  # fmt: skip


# Hook switch and mute of a telephone: HID Usage Tables 1.5, page 0x0B.
TELEPHONE = "050b0905a10185010920092f15002501750195028102750695018101c0"
TOUCH = "050d0904a10185010922a10009421500250175019501810295078103050109300931150026ff7f751095028102c0c0"


def conference_bar() -> UsbDevice:
    """A camera and loudspeaker that runs Linux: its buttons come through the same gadget driver."""
    return gadget(
        vendor_id="1234", product_id="0002", product="Meeting Bar",
        interfaces=(
            UsbInterface(number=0, class_triple="0e/01/00"),
            UsbInterface(number=2, class_triple="01/01/00", name="Topology Control"),
            hid(4, "00/00", 4, TELEPHONE),
        ),
    )  # fmt: skip


def whiteboard() -> UsbDevice:
    """A meeting room's panel that runs Linux or Android: touch, keyboard and mouse through the gadget driver."""
    interfaces = (hid(0, "01/01", 8, PIKVM_KEYBOARD), hid(1, "01/02", 4, JETKVM_RELATIVE), hid(2, "00/00", 8, TOUCH))
    return gadget(vendor_id="1234", product_id="0003", product="Board", interfaces=interfaces)


def touch_panel() -> UsbDevice:
    """A panel that poses as an absolute mouse, with its maker's settings beside."""
    plain: dict[str, Any] = {"name": "", "name_index": 0, "bcd_hid": "0110"}
    return gadget(
        vendor_id="1234", product_id="0001", speed_mbps=12.0,
        interfaces=(hid(0, "00/00", 8, OTHER_ABSOLUTE, **plain), hid(1, "00/00", 64, VENDOR, **plain)),
    )  # fmt: skip


def stm32() -> UsbDevice:
    """A keyboard made with STM32Cube, which names its interfaces as Linux does (usbd_desc.c); HID 1.11, full speed."""
    cube = {"name": "HID Interface", "name_index": 5, "bcd_hid": "0111"}
    return gadget(
        vendor_id="0483", product_id="572b", speed_mbps=12.0,
        interfaces=(hid(0, "01/01", 8, PIKVM_KEYBOARD, **cube), hid(1, "01/02", 4, JETKVM_RELATIVE, **cube)),
    )  # fmt: skip


def stick() -> UsbDevice:
    """A DVB-T stick with remote control: high speed, HID 1.01, 64 bytes (15a4:9016)."""
    return gadget(
        vendor_id="15a4", product_id="9016",
        interfaces=(
            UsbInterface(number=0, class_triple="ff/00/00"),
            hid(1, "01/01", 64, PIKVM_KEYBOARD, name="", name_index=0),
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("device", "most"),
    [
        (k120(), 0),
        (huntsman(), 0),
        (pen_tablet(), 0),
        (pen_tablet(speed_mbps=480.0), 0),
        (touch_panel(), 0),
        (conference_bar(), 0),
        (whiteboard(), 2),
        (teensy(), 0),
        (stick(), 1),
        (stm32(), 0),
        # Datalogic Gryphon: byte for byte PiKVM's keyboard (felis/USB_Host_Shield_2.0 issue 669)
        (gadget(vendor_id="05f9", speed_mbps=12.0,
                interfaces=(hid(0, "01/01", 8, PIKVM_KEYBOARD, name="", name_index=0, bcd_hid="0110"),)), 0),
        # a board that is network card and drive, and does not type
        (gadget(interfaces=(storage(0), UsbInterface(number=1, class_triple="02/0d/00", name="CDC NCM"))), 0),
        # a keyboard that carries its driver on a drive
        (huntsman(interfaces=(*huntsman().interfaces, storage(4, ""))), 0),
    ],
    ids=["K120", "8 kHz keyboard", "pen tablet", "fast pen tablet", "touch panel", "conference bar",
         "whiteboard", "Teensy", "DVB stick", "STM32Cube", "scanner", "board", "driver drive"],
)  # fmt: skip
def test_honest_twin_ordinary_devices_are_never_confirmed(device: UsbDevice, most: int) -> None:
    assert level_of(device) <= most


def test_a_phone_that_plays_keyboard_and_mouse_is_asked_about_because_a_kvm_can_look_like_it() -> None:
    (finding,) = detect(view(usb=[phone()], host=[LAPTOP]))
    assert finding.level == 3
    assert "phone of the owner" in finding.sentence
    without = phone().interfaces[:3]
    assert level_of(msgspec.structs.replace(phone(), interfaces=without)) == 2, "it types only"


def test_honest_twin_a_guests_pointer_is_its_hypervisors() -> None:
    tablet = gadget(
        vendor_id="0627", product_id="0001", product="QEMU USB Tablet",
        interfaces=(hid(0, "00/00", 8, VM_TABLET, name="", name_index=0, bcd_hid="0001"),),
    )  # fmt: skip
    assert level_of(tablet, HostFacts(hypervisor="kvm")) == 0
    assert level_of(tablet, HostFacts()) == 0
    assert level_of(tablet, LAPTOP) == 1, "on bare metal there is no hypervisor that could have brought it"


def test_honest_twin_a_servers_controller_is_not_confirmed_but_its_ids_hide_nothing_on_a_laptop() -> None:
    controller = pikvm(vendor_id="046b", product_id="ff10", manufacturer="Example", product="Virtual Keyboard")
    assert level_of(controller, HostFacts(chassis="server", hypervisor="")) == 1
    assert level_of(controller, HostFacts(chassis="desktop", hypervisor="")) == 1
    assert level_of(controller, LAPTOP) == 3
    assert level_of(controller, HostFacts(hypervisor="")) == 3, "the ids can be chosen; an unknown case clears nothing"


def test_honest_twin_a_registered_kvm_under_any_name_is_not_counted() -> None:
    entry = Sanction(owner="lab", reason="imaging", asset_serial="8f3c21d07a5e4b19", asset_product="jetkvm")
    assets = {serial("8f3c21d07a5e4b19").digest: 0}
    (finding,) = detect(view(usb=[jetkvm_renamed()], policy=Policy(sanctions=(entry,)), assets=assets))
    assert (finding.level, finding.sanctioned, finding.floor) == (0, "lab: imaging", False)


def test_could_not_look_says_nothing() -> None:
    assert list(detect(view(usb=[pikvm()], outcome="not_permitted"))) == []


def test_hostile_descriptors_are_no_error() -> None:
    for text in ("", "zz", "05", "ff" * 4000):
        assert level_of(gadget(interfaces=(hid(0, "01/01", 8, text, name="\x00" * 9, endpoints=(endpoint(0),)),))) <= 1
