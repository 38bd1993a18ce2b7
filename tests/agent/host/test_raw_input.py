r"""What Raw Input's messages tell: names of devices, devices that are none, a mouse's flags.

Names: public listings (libusb/hidapi issue 249 for USB; learn.microsoft.com for the forms of the others).
"""

import ctypes
import struct

import pytest

from farmwatch_agent.host.input_counts import InputSource
from farmwatch_agent.host.windows import input_session, raw_input
from farmwatch_agent.host.windows.raw_input import HID, KEYBOARD, MOUSE, Heard, RawInputDevice, bus_of, ids_of

GUID = "{378de44c-56ef-11d1-bc8c-00a0c91405dd}"
TOUCHPAD = InputSource(bus="builtin", function="pointer", absolute=False)
MOUSE_SOURCE = InputSource(bus="usb", function="pointer", vendor_id="046d", product_id="c534")


@pytest.mark.parametrize(
    ("name", "bus", "ids"),
    [
        (r"\\?\HID#VID_046D&PID_C534&MI_01&Col02#7&1ebb799e&0&0001#" + GUID, "usb", ("046d", "c534")),
        (r"\\?\HID#VID_413C&PID_B06F#d&3624b04c&0&0000#" + GUID, "usb", ("413c", "b06f")),
        (r"\\?\ACPI#PNP0303#4&1d401fb5&0#" + GUID, "builtin", ("", "")),
        (r"\\?\HID#SYNA2393&Col01#5&2a6ff2d9&0&0000#" + GUID, "builtin", ("", "")),
        (r"\\?\HID#{00001812-0000-1000-8000-00805f9b34fb}_Dev_VID&02046d_PID&b023_REV&0014_c0ffee000001&Col01#9&0#"
         + GUID, "bluetooth", ("046d", "b023")),
        (r"\\?\HID#{00001124-0000-1000-8000-00805f9b34fb}_VID&0002046d_PID&b342&Col01#8&0#" + GUID,
         "bluetooth", ("046d", "b342")),
        (r"\\?\Root#RDP_MOU#0000#" + GUID, "remote", ("", "")),
        (r"\\?\TERMINPUT_BUS#UMB#2&22e42fa&0&SESSION1MOUSE0#" + GUID, "remote", ("", "")),
        (r"\\?\ROOT#HIDCLASS#0000#" + GUID, "virtual", ("", "")),
        (r"\\?\HID#HID_DEVICE_SYSTEM_VHF#1&0#" + GUID, "virtual", ("", "")),
        ("", "other", ("", "")),
        ("##", "other", ("", "")),
    ],
)  # fmt: skip
def test_a_devices_name_tells_bus_and_ids(name: str, bus: str, ids: tuple[str, str]) -> None:
    assert (bus_of(name), ids_of(name)) == (bus, ids)


def test_a_message_without_a_device_was_made_by_a_program() -> None:
    heard = Heard()
    heard.add(KEYBOARD, None)
    heard.add(MOUSE, None, absolute=True)
    assert heard.sources() == {
        InputSource(bus="injected", function="keyboard"),
        InputSource(bus="injected", function="pointer"),
    }


def test_honest_twin_a_precision_touchpads_pointer_has_no_device_either() -> None:
    heard = Heard()
    heard.add(MOUSE, None, absolute=False)
    heard.add(HID, TOUCHPAD)
    assert heard.sources() == {TOUCHPAD}


def test_where_a_touchpad_cannot_be_heard_nothing_is_called_injected() -> None:
    heard = Heard(deaf=True)
    heard.add(MOUSE, None, absolute=False)
    assert heard.sources() == {InputSource(bus="other", function="pointer")}


def test_absolute_and_relative_are_told_apart_by_the_message() -> None:
    heard = Heard()
    heard.add(MOUSE, MOUSE_SOURCE, absolute=True)
    heard.add(MOUSE, MOUSE_SOURCE, absolute=False)
    assert {source.absolute for source in heard.sources()} == {True, False}


def test_one_second_does_not_leak_into_the_next() -> None:
    Heard().add(KEYBOARD, None)
    assert Heard().sources() == set()


def test_a_touchpad_is_the_laptops_own_unless_its_name_says_otherwise() -> None:
    own = RawInputDevice(name=r"\\?\HID#CustomPad&Col02#5&0#" + GUID, kind="hid", usage_page=13, usage=5)
    wired = RawInputDevice(name=r"\\?\HID#VID_05AC&PID_0265#5&0#" + GUID, kind="hid", usage_page=13, usage=5)
    assert raw_input.source_of(own) == TOUCHPAD
    assert raw_input.source_of(wired).bus == "usb"


@pytest.mark.skipif(ctypes.sizeof(ctypes.c_void_p) != 8, reason="layouts are checked for 64 bits")
def test_layouts_are_windows_own() -> None:
    """winuser.h on 64 bits: RAWINPUTHEADER 24, RAWINPUTDEVICE 16, RAWINPUTDEVICELIST 16, RID_DEVICE_INFO 32, MSG 48."""
    sizes = {
        raw_input.RAWINPUTHEADER: 24,
        raw_input.RAWINPUTDEVICE: 16,
        raw_input.RAWINPUTDEVICELIST: 16,
        raw_input.RID_DEVICE_INFO: 32,
        raw_input.LASTINPUTINFO: 8,
        input_session.MSG: 48,
    }
    assert {structure: ctypes.sizeof(structure) for structure in sizes} == sizes


def mouse_message(flags: int, x: int, y: int, buttons: int) -> bytes:
    """RAWINPUTHEADER, then RAWMOUSE: flags, buttons, raw buttons, x, y, extra information (winuser.h)."""
    return struct.pack("<IIQQ", 0, 48, 0x10045, 1) + struct.pack("<HHIIiiI", flags, 0, buttons, 0, x, y, 0)


def test_of_a_mouse_the_flags_are_looked_at_and_nothing_else() -> None:
    assert input_session.mouse_is_absolute(mouse_message(0x01, 32_000, 17, 0))
    assert input_session.mouse_is_absolute(mouse_message(0x03, 5, 5, 1))
    assert not input_session.mouse_is_absolute(mouse_message(0x00, -1, 2, 0xFFFF))
    assert not input_session.mouse_is_absolute(b"")


def test_honest_twin_a_touch_screens_pointer_has_no_device_either(monkeypatch: pytest.MonkeyPatch) -> None:
    """libsdl-org/SDL issue 3325: Windows makes WM_INPUT mouse messages of touch."""
    screen = RawInputDevice(name=r"\\?\HID#MSHW0485&Col05#3&0#" + GUID, kind="hid", usage_page=0x0D, usage=0x04)
    monkeypatch.setattr(raw_input, "listed", lambda: [(1, HID), (2, KEYBOARD)])
    monkeypatch.setattr(raw_input, "described", lambda handle, _: screen if handle == 1 else None)
    assert raw_input.has_touch()
    monkeypatch.setattr(raw_input, "described", lambda *_: None)
    assert not raw_input.has_touch()


@pytest.mark.parametrize(
    ("name", "above", "bus"),
    [
        # VID and PID of a real keyboard on a device that a driver made up (vhf or a root-enumerated HID minidriver).
        (r"\\?\HID#VID_046D&PID_C232#2&11fb8f0d&0&0000#" + GUID, r"ROOT\SYSTEM\0001", "virtual"),
        (r"\\?\HID#VID_046D&PID_C31C&MI_00#7&1&0&0000#" + GUID, r"USB\VID_046D&PID_C31C&MI_00\6&1&0&0000", "usb"),
        (r"\\?\HID#VID_046D&PID_C31C&MI_00#7&1&0&0000#" + GUID, "", "usb"),
        # Surface's own, as in linux-surface/surface-aggregator-module issue 42.
        (r"\\?\HID#Target_KIP&Category_HID&Col03#4&1bdc739&0&0002#" + GUID, "", "builtin"),
    ],
)
def test_what_a_device_hangs_on_tells_software_from_a_keyboard(name: str, above: str, bus: str) -> None:
    assert bus_of(name, above) == bus
