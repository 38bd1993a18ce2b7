"""What a USB hub of Windows answers, from bytes that real hubs gave and from a hub played by the test."""

import ctypes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent.host import HostError, NotPermitted, SourceBroken
from farmwatch_agent.host.windows import usb_hubs
from farmwatch_agent.host.windows.devices import guid_bytes, texts_of, value_of
from farmwatch_agent.host.windows.usb_hubs import UsbPort, connection_of, port_of, string_indexes, string_of

from ...cases import machines
from ...cases.builders import Device

#: tmk/tmk_keyboard issue 697: "Connection Information" of a Ducky One 2 Mini, as USB Device Tree Viewer dumps it.
DUCKY = bytes.fromhex(
    "01 00 00 00 12 01 10 01 00 00 00 08 33 32 01 63 00 00 01 02 03 01 01 01 00 03 00 04 00 00 00 01"
    "00 00 00 07 05 81 03 08 00 01 00 00 00 00 07 05"
)
#: seerge/g-helper issue 2810: "Connection Information V2" of a mouse.
KERIS_V2 = bytes.fromhex("09 00 00 00 10 00 00 00 03 00 00 00 00 00 00 00")


class Hub:
    """A hub that answers control codes about one device in port 1."""

    def __init__(self, device: Device, **refused: HostError) -> None:
        self.data = device.descriptors()
        self.device = device
        self.refused = refused
        maker, product, serial = device.indexes()
        self.strings = {maker: device.manufacturer, product: device.product, serial: device.serial}
        self.strings |= {it.name_index: it.name for it in device.interfaces}

    def __call__(self, code: int, given: ctypes.Structure, room: int) -> bytes:
        if code == usb_hubs.GET_NODE_INFORMATION:
            return (bytes(4) + bytes((9, 0x29, 4)) + bytes(68))[:room]
        if code == usb_hubs.GET_CONNECTION_INFORMATION_EX:
            if "connection" in self.refused:
                raise self.refused["connection"]
            if given.ConnectionIndex != 1:
                return bytes((given.ConnectionIndex, 0, 0, 0)) + bytes(31)
            return b"\1\0\0\0" + self.data[:18] + bytes((1, 2, 0, 7, 0, 5, 0, 0, 0, 1, 0, 0, 0))
        if code == usb_hubs.GET_CONNECTION_INFORMATION_EX_V2:
            assert given.Length == 16
            return KERIS_V2
        assert code == usb_hubs.GET_DESCRIPTOR_FROM_NODE_CONNECTION
        kind, index = given.wValue >> 8, given.wValue & 255
        head = bytes(given)
        if kind == 2:
            if "configuration" in self.refused:
                raise self.refused["configuration"]
            return (head + self.data[18:])[:room]
        if index == 0:
            return head + b"\x04\x03\x09\x04"
        if "strings" in self.refused or self.strings.get(index) is None:
            raise self.refused.get("strings", SourceBroken("the device does not answer"))
        assert given.wIndex == 0x0409
        text = (self.strings[index] or "").encode("utf-16-le")
        return head + bytes((2 + len(text), 3)) + text


def test_a_real_hubs_bytes_give_speed_and_descriptor() -> None:
    found = connection_of(DUCKY)
    # The thread states: full speed, configuration 1, no hub, connected, ids 3233:6301, bMaxPacketSize0 8.
    assert (found.speed, found.configuration_value, found.is_hub, found.status) == (1, 1, False, 1)
    assert found.device[7:12] == bytes.fromhex("0833320163")


def test_each_port_is_asked_for_all_that_its_descriptors_name() -> None:
    port = port_of(Hub(machines.PIKVM), 1)
    assert port is not None
    assert port.device + port.configuration == machines.PIKVM.descriptors()
    assert (port.speed, port.super, port.super_plus, port.refused) == (2, False, False, "")
    assert port.strings == {1: "PiKVM", 2: "PiKVM Composite Device", 3: "CAFEBABE", 4: "HID Interface",
                            6: "HID Interface", 8: "HID Interface", 10: "Mass Storage"}  # fmt: skip
    assert port_of(Hub(machines.PIKVM), 2) is None
    assert usb_hubs.ports_of(Hub(machines.PIKVM)) == 4


def test_a_string_that_the_device_does_not_answer_is_null_and_no_error() -> None:
    port = port_of(Hub(machines.JETKVM_AS_LOGITECH), 1)
    assert port is not None
    assert port.strings[3] is None
    assert port.strings[5] == "HID Interface"


@pytest.mark.parametrize(
    ("error", "word"),
    [(NotPermitted("no"), "not_permitted"), (SourceBroken("31"), "broken")],
    ids=["refused", "broken"],
)
def test_what_is_refused_is_told_and_the_rest_stays(error: HostError, word: str) -> None:
    port = port_of(Hub(machines.PIKVM, configuration=error), 1)
    assert port is not None
    assert (port.refused, port.configuration, port.speed) == (word, b"", 2)
    assert port.strings == {1: "PiKVM", 2: "PiKVM Composite Device", 3: "CAFEBABE"}
    assert port_of(Hub(machines.PIKVM, connection=error), 1) == UsbPort(port=1, refused=word)


@given(st.binary(max_size=400))
def test_no_bytes_of_a_hub_break_it(data: bytes) -> None:
    for read in (connection_of, string_of):
        try:
            read(data)
        except SourceBroken:
            continue
    assert len(string_indexes(data[:18], data[18:])) <= 48


@given(st.integers(0, 0x3000), st.binary(max_size=64))
def test_no_property_breaks_the_device_list(kind: int, data: bytes) -> None:
    value_of(kind, data)
    assert all("\0" not in text for text in texts_of(data))


def test_properties_are_read_by_their_type() -> None:
    assert value_of(0x12, "USBHUB3\0".encode("utf-16-le")) == "USBHUB3"
    assert value_of(0x2012, "USB\\A\0USB\\B\0\0".encode("utf-16-le")) == ("USB\\A", "USB\\B")
    assert value_of(0x07, b"\x0a\0\0\0") == 10
    assert value_of(0x11, b"\xff") is True
    assert value_of(0x0D, guid_bytes("3b54c3f5-6fd3-59f8-ad0a-666d2448ff98")) == "3b54c3f5-6fd3-59f8-ad0a-666d2448ff98"
    # learn.microsoft.com, FILETIME: 100 ns since 1601; this is 2026-11-22 00:00 UTC.
    assert value_of(0x10, (134397792000000000).to_bytes(8, "little")) == 1795305600.0
    assert value_of(0x07, b"\x0a") is None
