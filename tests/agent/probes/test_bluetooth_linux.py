"""Bluetooth on Linux: BlueZ's folder as doc/settings-storage.txt describes it, the HID bus as the kernel lists it."""

from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent.host import Host, capture
from farmwatch_agent.host.recording import RecordingHost
from farmwatch_agent.probes.bluetooth import kinds, linux
from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.bluetooth import BluetoothAdapter, BluetoothDevice

from ..linux_tree import Tree, keyed, look, section

OWN, KEYBOARD, PHONE = "A4:C3:F0:00:11:22", "DC:2C:26:00:33:44", "5C:E9:1E:00:55:66"
#: Boot keyboard of the HID specification, appendix B.1, its first items.
REPORT = bytes.fromhex("05010906a101c0")
KEYBOARD_INFO = """[General]
Name=Anna's Magic Keyboard
Class=0x000540
SupportedTechnologies=BR/EDR;
Trusted=true
Blocked=false
Services=00001124-0000-1000-8000-00805f9b34fb;00001200-0000-1000-8000-00805f9b34fb;

[LinkKey]
Key=00112233445566778899AABBCCDDEEFF
Type=8

[DeviceID]
Source=2
Vendor=1452
Product=591
Version=80
"""
PHONE_INFO = """[General]
Name=Anna's phone
Class=0x5a020c
Services=00001105-0000-1000-8000-00805f9b34fb;

[DeviceID]
Source=1
Vendor=117
Product=256
"""


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    tree = Tree(tmp_path)
    usb = "/sys/devices/pci0/usb1/1-7/1-7:1.0"
    tree.link("/sys/class/bluetooth/hci0", f"{usb}/bluetooth/hci0")
    tree.link(f"{usb}/bluetooth/hci0/device", "../../../1-7:1.0")
    tree.link(f"{usb}/subsystem", "/sys/bus/usb")
    tree.file(f"{usb}/bluetooth/hci0/rfkill1/soft", "0\n")
    tree.file(f"{usb}/bluetooth/hci0/rfkill1/hard", "0\n")
    tree.file(f"/var/lib/bluetooth/{OWN}/settings", "[General]\nDiscoverable=false\n")
    tree.folder(f"/var/lib/bluetooth/{OWN}/cache")
    tree.file(f"/var/lib/bluetooth/{OWN}/{KEYBOARD}/info", KEYBOARD_INFO)
    tree.file(f"/var/lib/bluetooth/{OWN}/{PHONE}/info", PHONE_INFO)
    return tree


def connect(tree: Tree) -> None:
    tree.folder("/sys/class/bluetooth/hci0:256")
    folder = "/sys/bus/hid/devices/0005:05AC:024F.0003"
    tree.file(
        f"{folder}/uevent",
        f"DRIVER=apple\nHID_ID=0005:000005AC:0000024F\nHID_NAME=Anna's Magic Keyboard\nHID_PHYS={OWN.lower()}\n"
        f"HID_UNIQ={KEYBOARD.lower()}\nMODALIAS=hid:b0005g0001v000005ACp0000024F\n",
    )
    tree.file(f"{folder}/report_descriptor", REPORT)


def devices(tree: Tree) -> dict[str, BluetoothDevice]:
    return {item.kind: item for item in look(tree.host(), "bluetooth") if isinstance(item, BluetoothDevice)}


def test_paired_devices_are_told_by_kind_and_only_input_devices_by_name(tree: Tree) -> None:
    assert devices(tree) == {
        "keyboard": BluetoothDevice(
            kind="keyboard", name="Magic Keyboard", vendor_id="05ac", product_id="024f", vendor_source="usb",
            address=keyed("mac", KEYBOARD), hid=True, connected=False,
        ),
        "phone": BluetoothDevice(
            kind="phone", vendor_id="0075", product_id="0100", vendor_source="bluetooth", address=keyed("mac", PHONE),
            hid=False, connected=False,
        ),
    }  # fmt: skip
    [adapter] = [item for item in look(tree.host(), "bluetooth") if isinstance(item, BluetoothAdapter)]
    assert adapter == BluetoothAdapter(address=keyed("mac", OWN), bus="usb")
    assert b"Anna" not in bytes(section(tree.host(), "bluetooth").items or b"")


def test_a_connected_keyboard_comes_with_its_report_descriptor(tree: Tree) -> None:
    connect(tree)
    found = devices(tree)
    assert found["keyboard"].connected is True
    assert found["keyboard"].report_descriptor == REPORT.hex()
    assert found["phone"].connected is None  # something is connected, and the kernel does not say what
    assert [it.powered for it in look(tree.host(), "bluetooth") if isinstance(it, BluetoothAdapter)] == [True]


def test_without_rights_the_hid_bus_still_tells_what_gives_input(tree: Tree) -> None:
    connect(tree)
    tree.folder("/var/lib/bluetooth", 0o700)
    found = look(tree.host(euid=1000), "bluetooth")
    assert Gap(what="paired Bluetooth devices", outcome="not_permitted") in found
    assert [item for item in found if isinstance(item, BluetoothDevice)] == [
        BluetoothDevice(
            name="Magic Keyboard", vendor_id="05ac", product_id="024f", address=keyed("mac", KEYBOARD), hid=True,
            connected=True, report_descriptor=REPORT.hex(),
        )
    ]  # fmt: skip


def test_a_keyboard_that_claims_bluetooth_without_an_adapter_is_told(tmp_path: Path) -> None:
    # /dev/uhid lets a program make a device on any bus.
    tree = Tree(tmp_path)
    tree.file("/sys/bus/hid/devices/0005:046D:B342.0001/uevent", "HID_NAME=Keyboard K380\nHID_UNIQ=\n")
    assert look(tree.host(), "bluetooth") == [
        BluetoothDevice(name="Keyboard K380", vendor_id="046d", product_id="b342", hid=True, connected=True)
    ]


def test_a_radio_that_is_blocked_is_off(tree: Tree) -> None:
    tree.file("/sys/devices/pci0/usb1/1-7/1-7:1.0/bluetooth/hci0/rfkill1/soft", "1\n")
    assert [it.powered for it in look(tree.host(), "bluetooth") if isinstance(it, BluetoothAdapter)] == [False]


def test_a_laptop_without_bluetooth_says_so(tmp_path: Path) -> None:
    assert section(Tree(tmp_path).host(), "bluetooth").outcome == "not_supported"


def test_an_adapter_without_bluez_leaves_a_gap(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.folder("/sys/class/bluetooth/hci0")
    assert Gap(what="paired Bluetooth devices", outcome="not_supported") in look(tree.host(), "bluetooth")


@given(st.text(max_size=300))
def test_hostile_info_files_make_no_error(text: str) -> None:
    for form in (
        text,
        f"[General]\nName={text}\nClass={text}\nServices={text}\n[DeviceID]\nVendor={text}\nSource={text}",
    ):
        linux.device_of(KEYBOARD, linux.parse_info(form), None, connected=True)


@pytest.mark.parametrize(
    ("number", "kind"),
    # Class of device as bluetoothctl prints it: keyboards, mice, combos, a gamepad, headphones, a phone, a laptop.
    [(0x002540, "keyboard"), (0x000580, "mouse"), (0x0005C0, "keyboard_mouse"), (0x002508, "gamepad"),
     (0x240404, "audio"), (0x5A020C, "phone"), (0x2A010C, "computer"), (0x000704, "other"), (0, "")],
)  # fmt: skip
def test_the_class_of_device_says_what_it_is(number: int, kind: str) -> None:
    assert kinds.kind_of_class(number) == kind


@pytest.mark.parametrize(
    ("number", "kind"),
    [(0x03C1, "keyboard"), (0x03C2, "mouse"), (0x03C4, "gamepad"), (0x0040, "phone"), (0x0080, "computer"),
     (0x0941, "audio"), (0x00C1, "other"), (0, "")],
)  # fmt: skip
def test_the_appearance_says_what_it_is(number: int, kind: str) -> None:
    assert kinds.kind_of_appearance(number) == kind


def test_no_capture_holds_a_link_key_or_a_name_of_a_person(tree: Tree) -> None:
    connect(tree)
    for raw in (True, False):
        recording = RecordingHost(cast("Host", tree.host()))
        look(cast("Host", recording), "bluetooth")
        written = capture.pack(recording.capture(raw=raw))
        text = str(capture.unpack(written))
        assert "00112233445566778899AABBCCDDEEFF" not in text
        assert ("Anna" in text) is raw
        assert "Magic Keyboard" in text
