"""Expected values: USB 2.0 specification section 9.6 by hand, and real devices as other people's tools printed them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_schema.formats import FormatError
from farmwatch_schema.formats.usb_descriptors import parse
from farmwatch_schema.observables.usb import UsbEndpoint

from ...cases import machines
from ...cases.builders import Device

#: PiKVM as a descriptor tool printed it: rasteri/HIDman issue 79.
PIKVM_DEVICE = bytes.fromhex("12010002000000406B1D04010001 01020301")
PIKVM_KEYBOARD = bytes.fromhex("090400000103010104 092101010001224100 0705810308000A")


def configuration(body: bytes, interfaces: int = 1, total: int | None = None, head: str = "010080 32") -> bytes:
    length = 9 + len(body) if total is None else total
    return bytes((9, 2)) + length.to_bytes(2, "little") + bytes((interfaces,)) + bytes.fromhex(head) + body


def test_a_real_gadget_is_read_as_its_finder_printed_it() -> None:
    facts = parse(PIKVM_DEVICE + configuration(PIKVM_KEYBOARD))
    assert (facts.vendor_id, facts.product_id, facts.bcd_device, facts.bcd_usb) == ("1d6b", "0104", "0100", "0200")
    assert (facts.device_class, facts.max_packet_size0) == ("00/00/00", 64)
    assert (facts.manufacturer_index, facts.product_index, facts.serial_index) == (1, 2, 3)
    (interface,) = facts.configurations[0].interfaces
    assert (interface.number, interface.class_triple, interface.name_index) == (0, "03/01/01", 4)
    assert (interface.bcd_hid, interface.report_length) == ("0101", 65)
    assert interface.endpoints == (UsbEndpoint(address=0x81, transfer="interrupt", max_packet_size=8, interval=10),)
    assert facts.fault == ""


def test_a_genuine_receiver_is_read_as_lsusb_prints_it() -> None:
    # fwupd issue 6430: wTotalLength 0x54, 3 interfaces, iConfiguration 4, bmAttributes a0, 98 mA; HID 1.11.
    facts = parse(machines.UNIFYING.descriptors())
    (only,) = facts.configurations
    assert (only.value, only.name_index, only.attributes, only.max_power * 2) == (1, 4, 0xA0, 98)
    assert [interface.class_triple for interface in only.interfaces] == ["03/01/01", "03/01/02", "03/00/00"]
    assert {interface.bcd_hid for interface in only.interfaces} == {"0111"}
    assert len(machines.UNIFYING.descriptors()) - 18 == 0x54
    assert facts.fault == ""


@pytest.mark.parametrize("device", [value for value in vars(machines).values() if isinstance(value, Device)])
def test_every_device_of_the_cases_is_sound(device: Device) -> None:
    facts = parse(device.descriptors())
    assert facts.fault == ""
    assert f"{facts.vendor_id}:{facts.product_id}" == device.ids
    assert len(facts.configurations[0].interfaces) == len(device.interfaces)


def test_associations_and_alternate_settings_are_kept() -> None:
    body = bytes.fromhex(
        "080b 00 02 0e0300 05"  # association of interfaces 0 and 1: video
        "0904 00 00 00 0e0100 05"
        "0904 01 00 00 0e0200 00"
        "0904 01 01 01 0e0200 00 0705 81 05 0014 01"  # isochronous, 0x1400: 2 more transactions of 1024
    )
    facts = parse(PIKVM_DEVICE + configuration(body, interfaces=2))
    (only,) = facts.configurations
    assert (only.associations[0].first, only.associations[0].count, only.associations[0].name_index) == (0, 2, 5)
    assert [(item.number, item.alternate) for item in only.interfaces] == [(0, 0), (1, 0), (1, 1)]
    (endpoint,) = only.interfaces[2].endpoints
    assert (endpoint.transfer, endpoint.max_packet_size) == ("isochronous", 1024)
    assert facts.fault == ""


def test_a_class_descriptor_with_hid_number_in_another_class_is_left_aside() -> None:
    dfu = bytes.fromhex("0904 00 00 00 fe0102 00 0921 0d ff00 0010 1a01".replace(" ", ""))
    (interface,) = parse(PIKVM_DEVICE + configuration(dfu)).configurations[0].interfaces
    assert interface.bcd_hid == ""


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (PIKVM_DEVICE, "configurations"),
        (PIKVM_DEVICE + configuration(PIKVM_KEYBOARD, total=200), "200 bytes"),
        (PIKVM_DEVICE + configuration(PIKVM_KEYBOARD, total=3), "3 bytes"),
        (PIKVM_DEVICE + configuration(PIKVM_KEYBOARD, interfaces=3), "3 interfaces"),
        (PIKVM_DEVICE + configuration(PIKVM_KEYBOARD[:9]), "1 endpoints"),
        (PIKVM_DEVICE + configuration(PIKVM_KEYBOARD + b"\x00\x05"), "0 bytes"),
        (PIKVM_DEVICE + configuration(PIKVM_KEYBOARD + b"\x40\x05"), "64 bytes"),
        (PIKVM_DEVICE + configuration(PIKVM_KEYBOARD[:18] + b"\x03\x05\x81"), "cut to 3"),
        (PIKVM_DEVICE + configuration(PIKVM_KEYBOARD) + b"\x09\x04", "configuration descriptor is due"),
    ],
)
def test_a_lie_about_lengths_is_a_fault_and_never_an_error(data: bytes, fault: str) -> None:
    facts = parse(data)
    assert fault in facts.fault
    assert facts.vendor_id == "1d6b"


def test_what_stands_before_a_lie_is_kept() -> None:
    facts = parse(PIKVM_DEVICE + configuration(PIKVM_KEYBOARD + b"\x00\x05"))
    assert facts.configurations[0].interfaces[0].bcd_hid == "0101"


@pytest.mark.parametrize("data", [b"", PIKVM_DEVICE[:17], b"\x09" + PIKVM_DEVICE[1:], b"\x12\x02" + PIKVM_DEVICE[2:]])
def test_without_a_device_descriptor_there_is_nothing_to_learn(data: bytes) -> None:
    with pytest.raises(FormatError):
        parse(data)


@given(st.binary(max_size=400))
def test_any_bytes_after_a_device_descriptor_are_survived(tail: bytes) -> None:
    assert parse(PIKVM_DEVICE + tail).product_id == "0104"


@given(st.binary(max_size=64))
def test_any_bytes_raise_nothing_but_format_error(data: bytes) -> None:
    try:
        parse(data)
    except FormatError:
        return
    assert data[1] == 1


@given(st.integers(18, len(machines.NANOKVM.descriptors()) - 1), st.integers(0, 255))
def test_a_changed_byte_in_a_real_device_is_survived(position: int, value: int) -> None:
    data = bytearray(machines.NANOKVM.descriptors())
    data[position] = value
    assert parse(bytes(data)).vendor_id == "3346"


@given(st.integers(18, len(machines.NANOKVM.descriptors())))
def test_a_real_device_cut_anywhere_is_survived(length: int) -> None:
    whole = machines.NANOKVM.descriptors()
    facts = parse(whole[:length])
    assert (facts.fault == "") == (length == len(whole))
