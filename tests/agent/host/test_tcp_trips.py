"""Connects and first bytes against servers on loopback that answer, refuse, drop, or are no TLS servers."""

import socket
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent.host import HostError, SourceBroken, tcp_trips
from farmwatch_agent.host.tcp_trips import Connect, FirstByte, client_hello

from ..landmark_doubles import answers_in_plain, closed_port, full, says_nothing, speaks_first, tcp, tls_after

has_ipv6 = pytest.mark.skipif(not socket.has_ipv6, reason="this Python has no IPv6")


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp_trips, "BETWEEN_SECONDS", (0.0, 0.01))
    monkeypatch.setattr(tcp_trips, "CONNECT_SECONDS", 0.3)
    monkeypatch.setattr(tcp_trips, "FIRST_BYTE_SECONDS", 0.4)


def test_each_connect_has_its_time_and_one_to_this_machine_beside_it() -> None:
    taken: list[bytes] = []
    with tcp(lambda connection: taken.append(connection.recv(10))) as port:
        found = Connect.live(f"127.0.0.1 {port} 4")
    assert [it.problem for it in found] == [""] * 4
    assert all(it.micros is not None and 0 < it.micros < 300_000 for it in found)
    assert all(it.control_micros is not None for it in found)
    assert {it.interface for it in found} == {"lo"}
    assert set(taken) <= {b""}, "no byte is ever sent"


def test_the_system_tells_segment_size_and_path_mtu() -> None:
    with tcp(says_nothing) as port:
        (found,) = Connect.live(f"127.0.0.1 {port} 1")
    # Linux's loopback has an MTU of 65,536 and halves its window into segments; any system gives more than 1,000.
    assert found.mss > 1_000
    assert found.mtu == 0 or found.mtu > 60_000


def test_ipv6_is_asked_by_its_own_address() -> None:
    try:
        with tcp(says_nothing, "::1") as port:
            found = Connect.live(f"::1 {port} 2")
    except OSError:
        pytest.skip("this machine has no ::1")
    assert [it.problem for it in found] == ["", ""]


def test_who_refuses_is_asked_twice_and_no_more() -> None:
    found = Connect.live(f"127.0.0.1 {closed_port()} 5")
    assert [(it.micros, it.problem) for it in found] == [(None, "refused")] * 2


def test_a_black_hole_takes_its_time_and_is_no_answer() -> None:
    with full() as port:
        found = Connect.live(f"127.0.0.1 {port} 5")
    assert [(it.micros, it.problem) for it in found] == [(None, "timeout")] * 2


def test_an_address_without_a_route_is_unreachable() -> None:
    # 240.0.0.0/4 is reserved (RFC 1112, section 4); Linux has no route to it or refuses to send there.
    found = Connect.live("255.255.255.255 443 3")
    assert {it.problem for it in found} == {"unreachable"}


@pytest.mark.parametrize(
    "of",
    ["", "example.com 443 5", "127.0.0.1", "127.0.0.1 443", "127.0.0.1 0 5", "127.0.0.1 443 0", "127.0.0.1 443 11",
     "127.0.0.1 65536 1", "127.0.0.1 443 5 5", "127.0.0.1 443 x"],
)  # fmt: skip
def test_only_an_address_is_asked_and_never_without_end(of: str) -> None:
    with pytest.raises(SourceBroken):
        Connect.live(of)


@given(st.text(max_size=40))
def test_no_question_breaks_the_host(of: str) -> None:
    if "." in of or ":" in of:
        return  # what may be an address would be connected to
    with pytest.raises(HostError):
        Connect.live(of)


def test_the_first_byte_of_tls_is_timed_from_the_hello() -> None:
    with tcp(tls_after(0.1)) as port:
        (found,) = FirstByte.live(f"127.0.0.1 {port} landmark.example.com")
    assert found.problem == ""
    assert found.connect_micros is not None
    assert found.connect_micros < 90_000
    assert found.micros is not None
    assert 100_000 <= found.micros < 400_000


@pytest.mark.parametrize(
    ("serve", "problem"), [(speaks_first, "not_tls"), (answers_in_plain, "not_tls"), (says_nothing, "timeout"),
                           (lambda connection: connection.recv(1), "closed")],
)  # fmt: skip
def test_what_is_no_tls_server_has_no_first_byte(serve: object, problem: str) -> None:
    with tcp(serve) as port:  # type: ignore[arg-type]
        (found,) = FirstByte.live(f"127.0.0.1 {port} -")
    assert (found.micros, found.problem) == (None, problem)


def test_a_port_that_refuses_or_drops_has_none_either() -> None:
    assert FirstByte.live(f"127.0.0.1 {closed_port()} -") == [FirstByte(problem="refused")]
    with full() as port:
        assert FirstByte.live(f"127.0.0.1 {port} -") == [FirstByte(problem="timeout")]


def test_the_hello_is_one_that_tls_servers_understand() -> None:
    hello = client_hello("landmark.example.com")
    # RFC 8446, 5.1 and 4.1.2: a handshake record (22) that holds a client hello (1); RFC 6066: the name in it.
    assert hello[0] == 22
    assert hello[5] == 1
    assert b"landmark.example.com" in hello
    incoming = ssl.MemoryBIO()
    incoming.write(hello)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with pytest.raises(ssl.SSLError, match=r"NO_SHARED_CIPHER|no shared cipher|NO_SUITABLE|no suitable"):
        # It was read to its end: what is missing is the server's certificate.
        server.wrap_bio(incoming, ssl.MemoryBIO(), server_side=True).do_handshake()


def test_a_name_that_no_server_bears_is_broken() -> None:
    with pytest.raises(SourceBroken, match="hello"):
        client_hello("." * 300)


def test_elsewhere_connects_are_a_row_like_any_other() -> None:
    assert Connect.table == "tcp_connect"
    assert set(Connect.platforms) == {"linux", "macos", "windows"}
