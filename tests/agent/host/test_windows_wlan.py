"""wlanapi's answers as bytes: layouts of wlanapi.h, with lengths that lie."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent.host import HostError, NotSupported, SourceBroken
from farmwatch_agent.host.windows import wlan
from farmwatch_agent.host.windows.wlan import WlanInterface

GUID = bytes.fromhex("39bb8023e5c1bc428d035e4e562ba42d")


def listed(*names: str, count: int | None = None, state: int = 1) -> bytes:
    """A WLAN_INTERFACE_INFO_LIST."""
    rows = b"".join(GUID + name.encode("utf-16-le").ljust(512, b"\0") + struct.pack("<I", state) for name in names)
    return struct.pack("<II", len(names) if count is None else count, 0) + rows


def connection(ssid: bytes, length: int, quality: int = 85, phy: int = 7) -> bytes:
    """A WLAN_CONNECTION_ATTRIBUTES, offsets as the members stand in wlanapi.h."""
    data = bytearray(604)
    data[8:520] = "a profile\0".encode("utf-16-le").ljust(512, b"\0")
    data[520:524], data[524:556] = struct.pack("<I", length), ssid.ljust(32, b"\0")
    data[560:566] = bytes.fromhex("00005e0053fe")
    data[568:572], data[576:580] = struct.pack("<I", phy), struct.pack("<I", quality)
    return bytes(data)


def test_interfaces_are_listed_with_their_guid() -> None:
    ((interface, raw),) = wlan.parse_interfaces(listed("Example Wi-Fi"))
    assert interface == WlanInterface(
        guid="{2380BB39-C1E5-42BC-8D03-5E4E562BA42D}", description="Example Wi-Fi", connected=True
    )
    assert raw == GUID


def test_a_count_that_lies_ends_where_the_bytes_end() -> None:
    assert len(wlan.parse_interfaces(listed("a", "b", count=2**32 - 1))) == 2
    assert wlan.parse_interfaces(b"\x05") == []


def test_a_connection_is_read_without_its_profile() -> None:
    found = wlan.parse_connection(WlanInterface(guid="{}", connected=True), connection(b"HomeNet", 7))
    assert (found.ssid, found.bssid, found.phy, found.quality) == ("HomeNet", "00:00:5e:00:53:fe", 7, 85)
    assert "profile" not in str(found)
    assert list(found.identifying()) == ["HomeNet"]


def test_a_name_longer_than_its_field_and_a_quality_above_all_are_cut() -> None:
    found = wlan.parse_connection(WlanInterface(), connection(b"\xff" * 32, 2**31, quality=2**32 - 1))
    assert (len(found.ssid), found.quality) == (32, 100)


def test_a_short_answer_is_broken() -> None:
    with pytest.raises(SourceBroken, match="too short"):
        wlan.parse_connection(WlanInterface(), connection(b"x", 1)[:603])


@pytest.mark.parametrize(
    ("states", "wanted"),
    [([(1, 1)], "on"), ([(2, 1)], "off"), ([(1, 2)], "blocked"), ([(2, 2), (1, 1)], "on"), ([(0, 0)], ""), ([], "")],
)
def test_a_radio_is_on_when_both_switches_of_one_of_its_parts_are(states: list[tuple[int, int]], wanted: str) -> None:
    data = struct.pack("<I", len(states)) + b"".join(struct.pack("<III", 0, *state) for state in states)
    assert wlan.parse_radio(data) == wanted


@given(st.binary(max_size=1300))
def test_any_bytes_are_read_or_broken(data: bytes) -> None:
    wlan.parse_interfaces(data)
    wlan.parse_radio(data)
    try:
        wlan.parse_connection(WlanInterface(), data)
    except HostError:
        assert len(data) < 604


def test_elsewhere_there_is_no_wlanapi() -> None:
    with pytest.raises(NotSupported):
        WlanInterface.live("")
