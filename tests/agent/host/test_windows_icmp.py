"""Echo replies as bytes: layouts of ipexport.h."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent.host import HostError, NotSupported, SourceBroken
from farmwatch_agent.host.windows import icmp
from farmwatch_agent.host.windows.icmp import Echo


def test_a_reply_of_ipv4_has_status_and_time_after_the_address() -> None:
    data = bytes((192, 0, 2, 1)) + struct.pack("<II", 0, 23) + bytes(28)
    assert icmp.parse_reply(data, 4) == Echo(status=0, milliseconds=23)


def test_a_reply_of_ipv6_has_them_after_the_padded_address() -> None:
    # IPV6_ADDRESS_EX: port 2, flow 4, address 16, scope 4 bytes; the status stands at the next multiple of four.
    data = bytes(26) + bytes(2) + struct.pack("<II", 0, 7) + bytes(20)
    assert icmp.parse_reply(data, 6) == Echo(status=0, milliseconds=7)


def test_a_refusal_has_no_time() -> None:
    data = bytes((192, 0, 2, 1)) + struct.pack("<II", 11003, 5) + bytes(28)
    assert icmp.parse_reply(data, 4) == Echo(status=11003, milliseconds=None)


def test_an_address_for_ipv6_is_a_whole_sockaddr() -> None:
    packed = bytes.fromhex("20010db8" + "00" * 11 + "01")
    assert icmp.sockaddr(packed) == struct.pack("<HHI", 23, 0, 0) + packed + bytes(4)


@given(st.binary(max_size=80), st.sampled_from([4, 6]))
def test_any_bytes_are_read_or_broken(data: bytes, version: int) -> None:
    try:
        icmp.parse_reply(data, version)
    except HostError:
        assert len(data) < 36


@pytest.mark.parametrize("of", ["", "example.com", "1.2.3", "192.0.2.1/24", "-x"])
def test_only_addresses_are_asked(of: str) -> None:
    with pytest.raises(SourceBroken, match="no address"):
        Echo.live(of)


def test_elsewhere_there_is_no_ip_helper() -> None:
    with pytest.raises(NotSupported):
        Echo.live("192.0.2.1")
