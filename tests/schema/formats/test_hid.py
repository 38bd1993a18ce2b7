"""Expected values: HID 1.11 appendices B and E, and what firmware sources say of their own descriptors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_schema.formats import FormatError
from farmwatch_schema.formats.hid import MAX_BYTES, features_of, parse
from farmwatch_schema.observables.usb import HidFeatures

from ...cases import machines


def test_the_boot_keyboard_of_the_specification_is_one_keyboard() -> None:
    assert parse(machines.BOOT_KEYBOARD).features == HidFeatures(applications=("1:6",))


def test_the_boot_mouse_of_the_specification_is_relative() -> None:
    features = features_of(machines.BOOT_MOUSE)
    assert features == HidFeatures(applications=("1:2",), x_logical=(-127, 127), x_bits=8)


@pytest.mark.parametrize(
    ("report", "ids"),
    [(machines.PIKVM_ABSOLUTE, ()), (machines.NANOKVM_ABSOLUTE, ()), (machines.JETKVM_ABSOLUTE, (1, 2))],
)
def test_an_absolute_mouse_of_a_kvm_shows_its_range(report: bytes, ids: tuple[int, ...]) -> None:
    parsed = parse(report)
    assert parsed.features == HidFeatures(
        applications=("1:2",), absolute_xy=True, x_logical=(0, 32767), x_bits=16, report_ids=ids
    )
    assert parsed.fault == ""


def test_a_relative_mouse_of_a_kvm_is_not_absolute() -> None:
    assert features_of(machines.PIKVM_RELATIVE).absolute_xy is False


def test_digitizer_and_vendor_collections_are_seen() -> None:
    assert features_of(machines.PEN).digitizer
    assert not features_of(machines.ABSOLUTE_MOUSE).digitizer
    assert features_of(machines.HIDPP).vendor
    assert not features_of(machines.PIKVM_ABSOLUTE).vendor


def test_x_and_y_in_items_of_their_own_are_one_position() -> None:
    # As Wacom's pens do: X and Y each in an input item with its own logical maximum.
    report = bytes.fromhex(
        "05010902a1010901a100 1500 7510 9501 26ff7f 0930 8102 26ff3f 0931 8102 c0c0".replace(" ", "")
    )
    features = features_of(report)
    assert features.absolute_xy
    assert features.x_logical == (0, 32767)


def test_x_and_y_of_different_devices_in_one_descriptor_are_no_position() -> None:
    report = bytes.fromhex("05010902a101 1500 26ff7f 7510 9501 0930 8102 c0 0902a101 0931 8102 c0".replace(" ", ""))
    assert not features_of(report).absolute_xy


def test_padding_and_selectors_measure_nothing() -> None:
    head = "05010902a101 1500 26ff7f 7510 9502 0930 0931 "
    assert not features_of(bytes.fromhex((head + "8103 c0").replace(" ", ""))).absolute_xy  # constant
    assert not features_of(bytes.fromhex((head + "8100 c0").replace(" ", ""))).absolute_xy  # array
    assert features_of(bytes.fromhex((head + "8102 c0").replace(" ", ""))).absolute_xy


def test_push_and_pop_bring_global_items_back() -> None:
    # Pushed: page 1, 0..32767, 16 bits; changed; popped before X and Y are declared.
    report = "05010902a101 1500 26ff7f 7510 9502 a4 0509 25ff 7501 b4 0930 0931 8102 c0"
    features = features_of(bytes.fromhex(report.replace(" ", "")))
    assert (features.x_logical, features.x_bits) == ((0, 32767), 16)


def test_usage_ranges_and_four_byte_usages_are_understood() -> None:
    ranged = "05010902a101 1500 26ff7f 7510 9502 1930 2931 8102 c0"
    paged = "05090b02000100a101 1500 26ff7f 7510 9502 0b30000100 0b31000100 8102 c0"
    for report in (ranged, paged):
        features = features_of(bytes.fromhex(report.replace(" ", "")))
        assert features.absolute_xy
        assert features.applications == ("1:2",)


def test_long_items_are_stepped_over() -> None:
    assert features_of(b"\xfe\x02\x10\xaa\xbb" + machines.BOOT_MOUSE) == features_of(machines.BOOT_MOUSE)


def test_a_negative_maximum_is_a_large_one_when_the_minimum_is_not_negative() -> None:
    # NanoKVM's keyboard writes 25 E7 for 231: drivers/hid/hid-core.c reads it unsigned.
    report = "05010902a101 1500 25e7 7508 9502 0930 0931 8102 c0"
    assert features_of(bytes.fromhex(report.replace(" ", ""))).x_logical == (0, 231)


@pytest.mark.parametrize(
    ("report", "fault"),
    [
        ("05010906a101", "never ends"),
        ("c0", "never began"),
        ("b4", "popped"),
        ("05010906a101c026ff", "cut off"),
        ("fe20", "cut off"),
        ("0501190529020906a101c0", "usage range"),
        ("a4" * 65, "pushed too often"),
    ],
)
def test_damage_is_a_fault_beside_the_features(report: str, fault: str) -> None:
    assert fault in parse(bytes.fromhex(report)).fault


@pytest.mark.parametrize("data", [b"", bytes(MAX_BYTES + 1)])
def test_nothing_and_too_much_are_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        parse(data)
    assert features_of(data) == HidFeatures()


@given(st.binary(min_size=1, max_size=300))
def test_any_bytes_are_survived(data: bytes) -> None:
    assert len(parse(data).features.applications) <= len(data)


@given(st.integers(0, len(machines.PIKVM_ABSOLUTE) - 1), st.integers(0, 255))
def test_a_changed_byte_is_survived(position: int, value: int) -> None:
    data = bytearray(machines.PIKVM_ABSOLUTE)
    data[position] = value
    parse(bytes(data))
