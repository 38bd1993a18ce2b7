"""Signed questions against landmarks on loopback: what came is kept as it came, forged or not."""

import socket

import pytest

from farmwatch_agent.host import SourceBroken, signed_trips
from farmwatch_agent.host.signed_trips import SignedTrip, hops_in
from farmwatch_schema import landmark

from ..landmark_doubles import KEY, closed_port, echo_over_tcp, says_nothing, signs, tcp, udp


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signed_trips, "BETWEEN_SECONDS", (0.0, 0.01))
    monkeypatch.setattr(signed_trips, "ANSWER_SECONDS", 0.3)
    monkeypatch.setattr(signed_trips, "CONNECT_SECONDS", 0.3)


def test_an_answer_comes_with_its_time_and_its_hops() -> None:
    with udp(signs()) as port:
        found = SignedTrip.live(f"127.0.0.1 {port} 3 udp")
    assert len({it.nonce for it in found}) == 3, "no nonce is used twice"
    for it in found:
        echo = landmark.echo_of(it.data, it.nonce, bytes(KEY.verify_key))
        assert echo is not None
        assert echo.ttl == 57
        assert it.micros is not None
        assert it.micros < 300_000
        assert (it.strange, it.problem) == (0, "")
        # ip(7): the default TTL of a datagram on Linux is 64.
        assert it.ttl in (64, None)


def test_ipv6_tells_its_hops_too() -> None:
    try:
        with udp(signs(), "::1") as port:
            (found,) = SignedTrip.live(f"::1 {port} 1 udp")
    except OSError:
        pytest.skip("this machine has no ::1")
    assert found.data
    assert found.ttl in (64, None)


def test_over_tcp_it_is_the_same() -> None:
    with tcp(echo_over_tcp) as port:
        found = SignedTrip.live(f"127.0.0.1 {port} 2 tcp")
    assert [landmark.echo_of(it.data, it.nonce, bytes(KEY.verify_key)) is not None for it in found] == [True, True]


def test_what_bears_another_nonce_is_counted_and_the_answer_still_taken() -> None:
    def answers(data: bytes) -> list[bytes]:
        return [landmark.answer(bytes(16), KEY, 1, 57), b"noise", *signs()(data)]

    with udp(answers) as port:
        (found,) = SignedTrip.live(f"127.0.0.1 {port} 1 udp")
    assert found.strange == 2
    assert landmark.echo_of(found.data, found.nonce, bytes(KEY.verify_key)) is not None


def test_when_nothing_else_comes_the_wrong_answer_is_kept() -> None:
    with udp(lambda _: [landmark.answer(bytes(16), KEY, 1, 57)]) as port:
        (found,) = SignedTrip.live(f"127.0.0.1 {port} 1 udp")
    assert found.data
    assert landmark.echo_of(found.data, found.nonce, bytes(KEY.verify_key)) is None


def test_silence_and_refusal_are_told_apart() -> None:
    with udp(lambda _: []) as port:
        assert [it.problem for it in SignedTrip.live(f"127.0.0.1 {port} 5 udp")] == ["timeout"] * 2
    assert [it.problem for it in SignedTrip.live(f"127.0.0.1 {closed_port()} 5 udp")] == ["refused"] * 2
    assert [it.problem for it in SignedTrip.live(f"127.0.0.1 {closed_port()} 5 tcp")] == ["refused"] * 2
    with tcp(says_nothing) as port:
        assert [it.problem for it in SignedTrip.live(f"127.0.0.1 {port} 5 tcp")] == ["timeout"] * 2


def test_a_flood_of_datagrams_ends() -> None:
    with udp(lambda _: [b"x"] * 50) as port:
        (found,) = SignedTrip.live(f"127.0.0.1 {port} 1 udp")
    assert (found.data, found.strange) == (b"x", 9)


@pytest.mark.parametrize("of", ["", "127.0.0.1 443 5", "127.0.0.1 443 5 icmp", "example.com 443 5 udp",
                                "127.0.0.1 443 11 udp"])  # fmt: skip
def test_only_an_address_is_asked(of: str) -> None:
    with pytest.raises(SourceBroken):
        SignedTrip.live(of)


def test_hops_are_read_as_each_system_writes_them() -> None:
    # Linux: ip(7), IP_TTL (2) as an int; macOS: IP_RECVTTL (24) as one byte; ipv6(7), IPV6_HOPLIMIT 52; RFC 3542, 47.
    assert hops_in([(socket.IPPROTO_IP, 2, (57).to_bytes(4, "little"))]) == 57
    assert hops_in([(socket.IPPROTO_IP, 24, b"\x39")]) == 57
    assert hops_in([(socket.IPPROTO_IPV6, 52, (61).to_bytes(4, "little"))]) == 61
    assert hops_in([(socket.IPPROTO_IPV6, 47, (61).to_bytes(4, "little"))]) == 61
    assert hops_in([(socket.SOL_SOCKET, 2, b"\x39"), (socket.IPPROTO_IP, 2, b"")]) is None
