"""Power manager and battery driver as bytes: layouts of winnt.h and poclass.h."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent.host import NotSupported
from farmwatch_agent.host.windows import power
from farmwatch_agent.host.windows.power import Battery, PowerStatus


def battery(capabilities: int, cycles: int) -> bytes:
    """A BATTERY_INFORMATION, members as in poclass.h."""
    return struct.pack("<IB3x4sIIIIII", capabilities, 1, b"LION", 50_000, 42_000, 2_000, 500, 0, cycles)


def test_a_battery_tells_its_cycles() -> None:
    assert power.parse_battery(battery(0x80000000, 143)) == Battery(capabilities=0x80000000, cycles=143)


@pytest.mark.parametrize("cycles", [0, 0xFFFFFFFF])
def test_a_battery_that_does_not_count_has_no_cycles(cycles: int) -> None:
    assert power.parse_battery(battery(0x80000000, cycles)).cycles == 0


def test_a_cut_answer_is_broken() -> None:
    assert power.parse_battery(battery(0x80000000, 143)[:-1]) == Battery(problem="broken")


@pytest.mark.parametrize(("value", "wanted"), [(0, "closed"), (1, "open"), (2, "")])
def test_the_lid_is_read_from_its_setting(value: int, wanted: str) -> None:
    assert power.parse_lid(power.LID_SWITCH + struct.pack("<II", 4, value)) == wanted


def test_another_setting_or_length_says_nothing_of_the_lid() -> None:
    assert power.parse_lid(bytes(16) + struct.pack("<II", 4, 1)) == ""
    assert power.parse_lid(power.LID_SWITCH + struct.pack("<II", 1, 1)) == ""
    assert power.parse_lid(power.LID_SWITCH) == ""


def test_control_codes_are_those_of_the_header() -> None:
    # CTL_CODE(device, function, method, access) of winioctl.h: device << 16 | access << 14 | function << 2 | method
    file_device_battery, read_access, buffered = 0x29, 1, 0
    codes = [file_device_battery << 16 | read_access << 14 | number << 2 | buffered for number in (0x10, 0x11)]
    assert codes == [power.QUERY_TAG, power.QUERY_INFORMATION]


@given(st.binary(max_size=100))
def test_any_bytes_are_read_without_an_error(data: bytes) -> None:
    power.parse_battery(data)
    assert power.parse_lid(data) in ("", "open", "closed")


@pytest.mark.parametrize("kind", [PowerStatus, Battery])
def test_elsewhere_nothing_is_asked(kind: type[PowerStatus]) -> None:
    with pytest.raises(NotSupported):
        kind.live("")
