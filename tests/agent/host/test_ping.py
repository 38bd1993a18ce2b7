"""Echo requests and replies as bytes, and live where this account may send any."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent.host import NotPermitted, NotSupported, SourceBroken, ping
from farmwatch_agent.host.ping import Ping, checksum, parse_reply, request

PAYLOAD = bytes(range(16))


def reply(kind: int, sequence: int = 1, payload: bytes = PAYLOAD) -> bytes:
    return struct.pack("!BBHHH", kind, 0, 0, 4711, sequence) + payload


def test_a_request_is_an_echo_with_a_right_checksum() -> None:
    data = request(3, PAYLOAD, four=True)
    assert (data[0], data[1], data[6:8], data[8:]) == (8, 0, b"\0\3", PAYLOAD)
    # RFC 1071: the sum over all of it, checksum included, is all ones, whose complement is 0.
    assert checksum(data) == 0
    assert request(3, PAYLOAD, four=False)[0] == 128


def test_a_reply_is_ours_by_sequence_and_payload() -> None:
    assert parse_reply(reply(0), 1, PAYLOAD, four=True) == (True, None)
    assert parse_reply(reply(129), 1, PAYLOAD, four=False) == (True, None)
    assert parse_reply(reply(0, 2), 1, PAYLOAD, four=True) == (False, None)
    assert parse_reply(reply(0, payload=bytes(16)), 1, PAYLOAD, four=True) == (False, None)
    assert parse_reply(reply(8), 1, PAYLOAD, four=True) == (False, None), "our own request is no reply"


def test_macos_begins_with_the_ip_header_which_tells_the_hops() -> None:
    header = bytes((0x45, 0, 0, 44, 0, 0, 0, 0, 57, 1)) + bytes(10)
    assert parse_reply(header + reply(0), 1, PAYLOAD, four=True) == (True, 57)
    longer = bytes((0x46, 0, 0, 48, 0, 0, 0, 0, 60, 1)) + bytes(14)
    assert parse_reply(longer + reply(0), 1, PAYLOAD, four=True) == (True, 60)


@given(st.binary(max_size=120), st.booleans())
def test_any_datagram_is_judged(data: bytes, four: bool) -> None:
    ours, hops = parse_reply(data, 1, PAYLOAD, four=four)
    assert not ours or PAYLOAD in data
    assert hops is None or 0 <= hops <= 255


def test_a_live_echo_comes_back_or_is_not_permitted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ping, "BETWEEN_SECONDS", (0.0, 0.01))
    try:
        found = Ping.live("127.0.0.1 1 2")
    except (NotPermitted, NotSupported):
        return
    assert all(it.micros is not None and it.ttl == 64 for it in found)


@pytest.mark.parametrize("of", ["", "127.0.0.1", "example.com 1 3", "127.0.0.1 1 6", "127.0.0.1 1 0"])
def test_only_an_address_is_asked(of: str) -> None:
    with pytest.raises(SourceBroken):
        Ping.live(of)
