"""hid_emulator: cables, boards and payload tools that type or point. Facts: catalog/hid_emulators.yaml."""

from typing import Any

import msgspec
import pytest

from farmwatch_collector.lab import monitors
from farmwatch_collector.lab.corpus import display_of
from farmwatch_collector.lab.scenarios import pictures
from farmwatch_detectors.hid_emulator import detect
from farmwatch_detectors.policy import Policy, Sanction
from farmwatch_detectors.view import SectionView
from farmwatch_schema.observables.bluetooth import BluetoothDevice
from farmwatch_schema.observables.host import HostFacts
from farmwatch_schema.observables.usb import RememberedUsb, UsbDevice, UsbInterface

from .kvm_cases import PIKVM_ABSOLUTE, PIKVM_KEYBOARD, gadget, hid, huntsman, k120
from .views import NOW, serial, view

#: PaulStoffregen/cores:teensy4/usb_desc.c @7f107ee0: one description with relative and absolute moves. No dump of a
#: CH9329's own was found; it has both reports as well (kvm-serial issue 13 sends absolute ones).
TWO_REPORTS = (
    "05010902a10185010509190129081500250195087501810205010930093109381581257f750895038106050c0a38021581257f750895018106c0"
    "05010902a1018502050109300931150026ff7f751095028102c0"
)
PLAIN: dict[str, Any] = {"name": "", "name_index": 0, "bcd_hid": "0111"}


def board(ids: str, *interfaces: UsbInterface, **changes: Any) -> UsbDevice:
    vendor, product = ids.split(":")
    keyboard = (hid(0, "01/01", 8, PIKVM_KEYBOARD, **PLAIN),)
    fields: dict[str, Any] = {"manufacturer": None, "product": None, "speed_mbps": 12.0}
    return gadget(vendor_id=vendor, product_id=product, interfaces=interfaces or keyboard, **(fields | changes))


def level_of(device: UsbDevice) -> int:
    return max((finding.level for finding in detect(view(usb=[device]))), default=0)


@pytest.mark.parametrize(
    ("device", "level"),
    [
        # mofeng-git/One-KVM:src/config/schema/hid.rs @6ec4361f
        (board("1a86:e129", manufacturer="WWW.WCH.CN", product="WCH UART TO KB-MS_V1.7"), 2),
        (board("1234:0001", product="WCH UART TO KB-MS_V1.6"), 2),  # ids rewritten, string forgotten
        (board("16c0:0487", manufacturer="Teensyduino"), 1),
        (board("2e8a:0005"), 1),
        (board("2341:8036", product="Arduino Leonardo"), 1),
        (board("03eb:2422"), 2),
        # flipperzero-firmware:targets/f7/furi_hal/furi_hal_usb_hid.c: another's ids, and no strings at all
        (board("046d:c529", manufacturer="", product=""), 2),
    ],
    ids=["CH9329", "CH9329 by its string", "Teensy", "Pico", "Leonardo", "Rubber Ducky", "Flipper"],
)
def test_hit_each_kind_of_part_at_its_level(device: UsbDevice, level: int) -> None:
    assert level_of(device) == level


def test_hit_a_board_that_is_keyboard_and_absolute_mouse_is_more_than_a_macro_pad() -> None:
    both = (hid(0, "01/01", 8, PIKVM_KEYBOARD, **PLAIN), hid(1, "00/00", 16, PIKVM_ABSOLUTE, **PLAIN))
    (finding,) = detect(view(usb=[board("2e8a:0005", *both)]))
    assert finding.level == 2
    assert "?" in finding.sentence


def test_hit_with_a_capture_stick_it_is_both_ends_of_a_kvm() -> None:
    """Openterface, NanoKVM-USB: a CH9329 and a capture chip; the stick names no size."""
    stick = display_of(monitors.built("DEL", 0xA0E7, "DELL U2720Q", "F8TK2X3", 0, 0, 2020))
    (finding,) = detect(view(usb=[board("1a86:e129")], displays=[stick]))
    assert finding.level == 3
    assert {evidence.kind for evidence in finding.evidence} == {"usb", "displays"}
    office = display_of(monitors.built("DEL", 0xA0E7, "DELL P2419H", "7XK2M03", 53, 30, 2019))
    (alone,) = detect(view(usb=[board("1a86:e129")], displays=[office]))
    assert alone.level == 2


def rewritten(*interfaces: UsbInterface, **changes: Any) -> UsbDevice:
    """A CH9329's keyboard and its mouse with relative and absolute reports, under ids and names of nobody's."""
    mouse = hid(1, "01/02", 8, TWO_REPORTS, **PLAIN)
    parts = interfaces or (hid(0, "01/01", 8, PIKVM_KEYBOARD, **PLAIN), mouse)
    return board("3f81:9a02", *parts, manufacturer="Apexline", product="AL-200 Keyboard", **changes)


def test_hit_under_rewritten_names_both_ends_are_seen_by_their_build() -> None:
    """Serial commands rewrite ids and strings of a CH9329 for good (Openterface_QT:serial/ch9329.h @4df2e5fe)."""
    stick = display_of(monitors.built("DEL", 0xA0E7, "DELL U2720Q", "F8TK2X3", 0, 0, 2020))
    (finding,) = detect(view(usb=[rewritten()], displays=[stick]))
    assert finding.level == 3
    assert "AL-200 Keyboard" in finding.sentence
    assert {evidence.kind for evidence in finding.evidence} == {"usb", "displays"}


def test_honest_twin_by_its_build_alone_it_is_the_shape_s_to_say_and_a_guest_is_left_out() -> None:
    stick = display_of(monitors.built("DEL", 0xA0E7, "DELL U2720Q", "F8TK2X3", 0, 0, 2020))
    office = display_of(monitors.built("DEL", 0xA0E7, "DELL P2419H", "7XK2M03", 53, 30, 2019))
    assert list(detect(view(usb=[rewritten()]))) == []
    assert list(detect(view(usb=[rewritten()], displays=[office]))) == []
    # Keyboards as fast as a gaming one, or slow as an office's, beside a television.
    assert list(detect(view(usb=[huntsman(), k120()], displays=[stick]))) == []
    guest = HostFacts(chassis="virtual", hypervisor="kvm")
    assert list(detect(view(usb=[rewritten()], displays=[stick], host=[guest]))) == []


#: Panasonic's televisions name no size: 52 of the 64 in the sample of linuxhw/EDID.
TELEVISION = display_of(monitors.built("MEI", 0xA2E0, "Panasonic-TV", "", 0, 0, 2019))


@pytest.mark.parametrize(
    ("device", "level"),
    [(board("2341:8036", product="Arduino Leonardo"), 1), (board("2e8a:0005"), 1), (board("1a86:e129"), 2)],
    ids=["macro pad on a Leonardo", "macro pad on a Pico", "a scanner with a CH9329"],
)
def test_honest_twin_a_macro_pad_at_a_television_stays_a_macro_pad(device: UsbDevice, level: int) -> None:
    (finding,) = detect(view(usb=[device], displays=[TELEVISION]))
    assert finding.level == level
    assert {evidence.kind for evidence in finding.evidence} == {"usb"}


def test_honest_twin_a_streamers_capture_box_stands_beside_a_monitor() -> None:
    """A macro pad, a box that takes the picture for the stream, and the monitor that is looked at."""
    box = display_of(pictures.CAPTURE_STICKS[0])
    office = display_of(monitors.built("DEL", 0xA0E7, "DELL P2419H", "7XK2M03", 53, 30, 2019))
    pad = board("2341:8036", product="Arduino Leonardo")
    assert [finding.level for finding in detect(view(usb=[pad], displays=[box, office]))] == [1]
    assert [finding.level for finding in detect(view(usb=[pad], displays=[box]))] == [3]
    bare = msgspec.structs.replace(office, edid="", edid_digest="", base_digest="")  # as many Macs tell it
    assert [finding.level for finding in detect(view(usb=[pad], displays=[box, bare]))] == [1]


def test_honest_twin_a_registered_board_explains_both_ends() -> None:
    stick = display_of(monitors.built("DEL", 0xA0E7, "DELL U2720Q", "F8TK2X3", 0, 0, 2020))
    known = rewritten(serial=serial("LAB-7"), has_serial=True)
    entry = Sanction(owner="lab", reason="test rack", asset_serial="LAB-7")
    policy = Policy(sanctions=(entry,))
    (finding,) = detect(view(usb=[known], displays=[stick], policy=policy, assets={serial("LAB-7").digest: 0}))
    assert (finding.level, bool(finding.sanctioned)) == (0, True)
    # What allows something else on this laptop allows no board.
    other = Policy(sanctions=(Sanction(owner="help desk", reason="support", tool="anydesk", devices=("laptop-1",)),))
    (finding,) = detect(view(usb=[rewritten()], displays=[stick], policy=other))
    assert finding.level == 3


def test_could_not_look_at_displays_says_nothing_of_a_second_end() -> None:
    seen = view(usb=[rewritten()], displays=[])
    hidden = msgspec.structs.replace(
        seen,
        sections={**seen.sections, "displays": SectionView(kind="displays", outcome="not_permitted", observed_at=NOW)},
    )
    assert list(detect(hidden)) == []


@pytest.mark.parametrize(
    "device",
    [
        BluetoothDevice(kind="keyboard", name="ESP32 BLE Keyboard", hid=True, connected=True),
        BluetoothDevice(kind="keyboard_mouse", name="PiKVM HID", hid=True),
        BluetoothDevice(kind="keyboard", name="Keyboard", vendor_id="e502", product_id="a111", hid=True),
    ],
    ids=["T-vK/ESP32-BLE-Keyboard", "kvmd over Bluetooth", "its made-up ids"],
)
def test_hit_over_bluetooth_too(device: BluetoothDevice) -> None:
    (finding,) = detect(view(bluetooth=[device]))
    assert (finding.level, finding.evidence[0].kind) == (2, "bluetooth")


def test_hit_a_cable_that_windows_remembers() -> None:
    memory = RememberedUsb(vendor_id="1a86", product_id="e129", class_triples=("03/01/01",), last_arrival="2026-11-12")
    (finding,) = detect(view(usb=[memory]))
    assert finding.level == 2
    assert finding.seen_until.startswith("2026-11-12")


@pytest.mark.parametrize(
    "device",
    [
        huntsman(),
        k120(),
        board("046d:c529", manufacturer="Logitech", product="USB Receiver"),  # the real one says who it is
        board("046d:c529"),  # its strings were not read
        # a board as a serial port only
        board("2e8a:0005", UsbInterface(number=0, class_triple="02/02/00")),
    ],
    ids=["8 kHz keyboard", "K120", "Logitech c529", "strings unread", "serial port"],
)
def test_miss_ordinary_devices(device: UsbDevice) -> None:
    assert list(detect(view(usb=[device]))) == []


def test_miss_other_bluetooth_keyboards() -> None:
    apple = BluetoothDevice(kind="keyboard", name="Magic Keyboard", vendor_id="05ac", product_id="820a", hid=True)
    assert list(detect(view(bluetooth=[apple]))) == []


def test_honest_twin_a_meter_s_cable_has_the_chip_and_no_keyboard() -> None:
    """UNI-T UT161D: 1a86:e429, two custom HID functions."""
    meter = board("1a86:e429", hid(0, "00/00", 64, None, **PLAIN), product="WCH UART TO KB-MS_V1.6")
    assert list(detect(view(usb=[meter]))) == []


def test_honest_twin_a_registered_board_is_nothing() -> None:
    mine = Policy(sanctions=(Sanction(owner="lab@example.com", reason="macro pad", asset_serial="E6614C"),))
    device = board("2e8a:0005", serial=serial("E6614C"))
    found = serial("E6614C")
    (finding,) = detect(view(usb=[device], policy=mine, assets={found.digest: 0}))
    assert (finding.level, bool(finding.sanctioned)) == (0, True)


def test_could_not_look_says_nothing() -> None:
    blind = view(usb=[board("1a86:e129")], bluetooth=[BluetoothDevice(name="PiKVM HID")], outcome="not_permitted")
    assert list(detect(blind)) == []
