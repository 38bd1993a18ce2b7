"""Input devices of a Mac from `ioreg -a -r -d 1 -c IOHIDDevice`, and its idle clocks.

Values: libusb/hidapi pull request 308 (an internal keyboard and trackpad on SPI, with its usages), jackielii/skhd.zig
pull request 45 (an internal keyboard on FIFO without ids), UltimateHackingKeyboard/firmware issue 1143 (`hidutil`).
"""

import plistlib
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent.host import HostError, NotSupported, SourceBroken
from farmwatch_agent.host.input_counts import InputSource
from farmwatch_agent.host.input_watch import InputCounter
from farmwatch_agent.host.macos import idle_time
from farmwatch_agent.host.macos.idle_time import IdleWatcher, told_apart
from farmwatch_agent.probes.input_source import macos
from farmwatch_schema.observables.input_source import InputDevice

NOON = 1_795_348_800.0
INTERNAL = {
    "IOObjectClass": "AppleHSSPIHIDDriver",
    "Product": "Apple Internal Keyboard / Trackpad",
    "Transport": "SPI",
    "VendorID": 1452,
    "ProductID": 833,
    "PrimaryUsagePage": 1,
    "PrimaryUsage": 2,
    "SerialNumber": "EXAMPLE0000SERIAL",
    "DeviceUsagePairs": [
        {"DeviceUsagePage": 1, "DeviceUsage": 2},
        {"DeviceUsagePage": 1, "DeviceUsage": 1},
        {"DeviceUsagePage": 13, "DeviceUsage": 5},
        {"DeviceUsagePage": 65280, "DeviceUsage": 12},
    ],
}
FIFO_KEYBOARD = {
    "IOObjectClass": "AppleHIDTransportHIDDevice",
    "Product": "Apple Internal Keyboard / Trackpad",
    "Transport": "FIFO",
    "PrimaryUsagePage": 1,
    "PrimaryUsage": 6,
    "Built-In": True,
}
KVM = {
    "IOObjectClass": "AppleUserUSBHostHIDDevice",
    "Product": "Composite Device",
    "Transport": "USB",
    "VendorID": 0x1D6B,
    "ProductID": 0x0104,
    "PrimaryUsagePage": 1,
    "PrimaryUsage": 2,
}
SENSOR = {"IOObjectClass": "AppleSMCKeysEndpoint", "PrimaryUsagePage": 65280, "PrimaryUsage": 5, "Product": "PMU tdev8"}


def parsed(*entries: Any) -> list[InputDevice]:
    return macos.parse_devices(plistlib.dumps(list(entries)))


def test_internal_and_wired_devices_are_told_and_sensors_are_not() -> None:
    assert parsed(INTERNAL, FIFO_KEYBOARD, KVM, SENSOR) == [
        InputDevice(name="Apple Internal Keyboard / Trackpad", bus="builtin", functions=("pointer",),
                    vendor_id="05ac", product_id="0341", driver="AppleHSSPIHIDDriver"),
        InputDevice(name="Apple Internal Keyboard / Trackpad", bus="builtin", functions=("keyboard",), absolute=False,
                    driver="AppleHIDTransportHIDDevice"),
        InputDevice(name="Composite Device", bus="usb", functions=("pointer",), vendor_id="1d6b", product_id="0104",
                    driver="AppleUserUSBHostHIDDevice"),
    ]  # fmt: skip


def test_a_device_made_by_software_is_virtual_whatever_transport_it_names() -> None:
    (device,) = parsed({**KVM, "IOObjectClass": "IOHIDUserDevice"})
    assert device.bus == "virtual"


def test_an_owners_name_stays() -> None:
    (device,) = parsed(
        {**KVM, "Transport": "Bluetooth Low Energy", "Product": "Anna\N{RIGHT SINGLE QUOTATION MARK}s Mouse"}
    )
    assert (device.name, device.bus) == ("Mouse", "bluetooth")


def test_nothing_printed_is_no_device() -> None:
    assert macos.parse_devices(b"") == []


@pytest.mark.parametrize("data", [b"<plist", b"not a list", plistlib.dumps({"a": 1}), b"bplist00" + b"\xff" * 40])
def test_what_is_no_list_of_entries_is_broken(data: bytes) -> None:
    with pytest.raises(SourceBroken):
        macos.parse_devices(data)


VALUE = st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.text(max_size=20) | st.binary(max_size=8)


@given(st.dictionaries(st.sampled_from([*INTERNAL, "Built-In", "IORegistryEntryChildren"]), VALUE | st.lists(VALUE)))
def test_values_of_any_type_break_nothing(entry: dict[str, Any]) -> None:
    assert macos.device_of(entry) is None or isinstance(macos.device_of(entry), InputDevice)
    list(macos._entries([entry]))


HARDWARE = InputSource(bus="other", function="keyboard")
INJECTED = InputSource(bus="injected", function="keyboard")


class Mac:
    """Idle clocks, and a watcher that asks them each minute."""

    def __init__(self) -> None:
        self.wall, self.monotonic = NOON, 500.0
        self.idle: dict[InputSource, float] | HostError = {HARDWARE: 9999.0, INJECTED: 9999.0}
        self.watcher = IdleWatcher(
            InputCounter("idle_time", self.wall, self.monotonic),
            self.clocks,
            wall=lambda: self.wall,
            monotonic=lambda: self.monotonic,
        )

    def clocks(self) -> dict[InputSource, float]:
        if isinstance(self.idle, HostError):
            raise self.idle
        return self.idle

    def minute(self, hardware: float, session: float) -> None:
        self.idle = {HARDWARE: hardware, INJECTED: session}
        self.wall += 60
        self.monotonic += 60
        self.watcher.step()

    def seconds(self) -> dict[InputSource, int]:
        (row,) = self.watcher.counter.rows()
        return {count.source: count.seconds for count in row.sources}


def test_a_minute_in_which_a_clock_was_reset_was_in_use() -> None:
    mac = Mac()
    mac.minute(3.0, 3.0)
    mac.minute(63.0, 63.0)
    mac.minute(1000.0, 12.0)
    assert mac.seconds() == {HARDWARE: 60, INJECTED: 60}
    (row,) = mac.watcher.counter.rows()
    assert (row.watched, row.active) == (180, 120)


def test_hardware_resets_the_sessions_clock_too_and_is_not_told_twice() -> None:
    assert told_apart([HARDWARE, INJECTED]) == [HARDWARE]
    pointer = InputSource(bus="injected", function="pointer")
    assert told_apart([HARDWARE, INJECTED, pointer]) == [HARDWARE, pointer]


def test_a_clock_that_does_not_answer_leaves_the_minute_unwatched() -> None:
    mac = Mac()
    mac.minute(3.0, 3.0)
    mac.idle = NotSupported("gone")
    mac.wall += 60
    mac.monotonic += 60
    mac.watcher.step()
    mac.minute(100.0, 100.0)
    (row,) = mac.watcher.counter.rows()
    assert (row.watched, row.active) == (120, 60)


def test_elsewhere_there_are_no_such_clocks() -> None:
    if sys.platform != "darwin":
        assert idle_time.watcher([]) is None
        with pytest.raises(NotSupported):
            idle_time.session_watcher([])


#: docs of chromium's HID code quote the registry of a Mac with this mouse.
MX_MASTER_3 = {
    "IOObjectClass": "IOHIDUserDevice", "Transport": "Bluetooth Low Energy", "Manufacturer": "Logitech",
    "Product": "MX Master 3", "VendorID": 1133, "ProductID": 45091, "PrimaryUsagePage": 1, "PrimaryUsage": 6,
    "DeviceUsagePairs": [{"DeviceUsagePage": 1, "DeviceUsage": 6}, {"DeviceUsagePage": 1, "DeviceUsage": 2}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "bus"),
    [
        # AprilNEA/OpenLogi issue 35 (macOS 26.5): a mouse over Bluetooth Low Energy is Privileged.
        ({"Privileged": True}, "bluetooth"),
        ({"Privileged": False}, "virtual"),
        ({"Privileged": False, "Transport": "USB", "Built-In": True}, "virtual"),
        # Before macOS 13.5 nothing tells the system's daemon from a program that names the same transport.
        ({}, "other"),
        ({"Transport": "USB"}, "virtual"),
        ({"Privileged": True, "Transport": ""}, "virtual"),
        # karabiner's VirtualHIDKeyboard.cpp: newDeviceDescription names no transport
        ({"IOObjectClass": "AppleUserHIDDevice", "Transport": "",
          "IOUserClass": "org_pqrs_Karabiner_DriverKit_VirtualHIDKeyboard"}, "virtual"),
        ({"IOObjectClass": "AppleUserHIDDevice", "Transport": "USB", "IOUserClass": "XboxReceiverDriver"}, "other"),
        ({"IOObjectClass": "AppleUserHIDDevice", "Transport": "USB", "IOUserClass": "AppleUserUSBHostHIDDevice"},
         "usb"),
    ],
)  # fmt: skip
def test_who_made_a_device_decides_before_what_it_says(changes: dict[str, Any], bus: str) -> None:
    device = macos.device_of({**MX_MASTER_3, **changes})
    assert device is not None
    assert (device.bus, device.functions) == (bus, ("keyboard", "pointer"))


def test_a_name_with_control_characters_hides_no_other_device() -> None:
    data = plistlib.dumps([{**MX_MASTER_3, "Product": "odd?name"}, MX_MASTER_3]).replace(b"odd?name", b"odd\x01name")
    assert [device.name for device in macos.parse_devices(data)] == ["oddname", "MX Master 3"]
