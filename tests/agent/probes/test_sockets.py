"""The socket probe on Linux."""

from pathlib import Path
from typing import Any

import pytest

from farmwatch_agent.host import Host, NotPermitted
from farmwatch_agent.host.linux.sock_diag import TcpRoundTrip
from farmwatch_agent.host.root import RootHost
from farmwatch_agent.probes.sockets import linux as sockets
from farmwatch_schema.observables import Gap, Observable
from farmwatch_schema.observables.sockets import InboundConnection, Listener, OutboundCount

from ..linux_tree import NOW, Tree, keyed, look, section, socket_line

# 192.0.2.9 and 203.0.113.7 as a little-endian kernel prints them.
PEER, PUBLIC, NONE = "090200C0", "077100CB", "00000000:0000"
HERE = "050200C0"


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    tree = Tree(tmp_path)
    tree.process(1, "systemd", "/usr/lib/systemd/systemd")
    tree.process(10, "x11vnc", "/usr/bin/x11vnc", uid=1000, open_files=tuple(f"socket:[{n}]" for n in range(500, 520)))
    for table in ("tcp", "tcp6", "udp", "udp6"):
        tree.sockets(table)
    return tree


def seen(tree: Tree, euid: int = 0) -> list[Observable]:
    return look(tree.host(euid), "sockets")


def look_at(host: Host) -> list[Observable]:
    return look(host, "sockets")


def test_a_listener_and_who_is_connected_to_it_are_told_with_their_owner(tree: Tree) -> None:
    tree.sockets(
        "tcp",
        socket_line("00000000:170C", NONE, "0A", 500),
        socket_line(f"{HERE}:170C", f"{PEER}:C001", "01", 501),
        socket_line(f"{HERE}:170C", f"{PEER}:C002", "01", 502),
    )
    assert sorted(seen(tree), key=str) == sorted(
        [
            Listener(protocol="tcp", port=5900, scope="network", owner="x11vnc", path="/usr/bin/x11vnc"),
            InboundConnection(
                port=5900, peer=keyed("address", "192.0.2.9"), owner="x11vnc", path="/usr/bin/x11vnc", count="2-4"
            ),
        ],
        key=str,
    )


def test_loopback_listeners_are_told_from_others(tree: Tree) -> None:
    tree.sockets("tcp6", socket_line("00000000000000000000000001000000:170C", f"{'0' * 32}:0000", "0A", 500))
    (listener,) = seen(tree)
    assert isinstance(listener, Listener)
    assert (listener.port, listener.scope) == (5900, "loopback")


def test_outbound_connections_are_counted_and_their_peers_left_out(tree: Tree) -> None:
    tree.sockets("tcp", *(socket_line(f"{HERE}:D{n:03d}", f"{PUBLIC}:01BB", "01", 500 + n) for n in range(3)))
    assert seen(tree) == [OutboundCount(owner="x11vnc", path="/usr/bin/x11vnc", count="2-4")]


def test_connections_inside_the_home_network_are_not_counted(tree: Tree) -> None:
    tree.sockets("tcp", socket_line(f"{HERE}:D001", "0100A8C0:01BB", "01", 500))
    assert section(tree.host(), "sockets").outcome == "none"


def test_udp_ports_lent_to_clients_are_no_listeners_and_services_above_them_are(tree: Tree) -> None:
    tree.sockets(
        "udp",
        socket_line("00000000:14E9", NONE, "07", 500),  # 5353
        socket_line("00000000:C350", NONE, "07", 501),  # 50000
        socket_line("00000000:CA6C", NONE, "07", 0),  # 51820, WireGuard in the kernel
        socket_line(f"{HERE}:C351", f"{PUBLIC}:01BB", "01", 502),
    )
    found = {(item.protocol, item.port, item.owner) for item in seen(tree) if isinstance(item, Listener)}
    assert found == {("udp", 5353, "x11vnc"), ("udp", 51820, "")}
    assert not any(isinstance(item, Gap) for item in seen(tree))


def test_owners_that_may_not_be_read_are_a_gap_and_the_port_is_seen(tree: Tree) -> None:
    tree.sockets("tcp", socket_line("00000000:170C", NONE, "0A", 500))
    tree.folder("/proc/10/fd", 0o700)
    assert seen(tree, euid=1001) == [
        Gap(what="owners of other users' sockets", outcome="not_permitted", count="1"),
        Listener(protocol="tcp", port=5900, scope="network"),
    ]


def test_no_socket_at_all_is_none(tree: Tree) -> None:
    assert section(tree.host(), "sockets").outcome == "none"


def test_a_kernel_without_ipv6_is_whole(tree: Tree) -> None:
    for table in ("tcp6", "udp6"):
        (tree.root / "proc/net" / table).unlink()
    assert section(tree.host(), "sockets").outcome == "none"


def test_without_tables_nothing_is_claimed(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.process(1, "systemd", "/usr/lib/systemd/systemd")
    assert section(tree.host(), "sockets").outcome == "not_supported"


def test_closed_tables_are_not_permitted(tree: Tree) -> None:
    for table in ("tcp", "tcp6", "udp", "udp6"):
        (tree.root / "proc/net" / table).chmod(0o600)
    assert section(tree.host(euid=1000), "sockets").outcome == "not_permitted"


@pytest.mark.parametrize(
    ("microseconds", "told"),
    [(0, ""), (180, "0-4"), (5_000, "5-19"), (59_999, "20-59"), (60_000, "60-149"), (420_000, "150+")],
)
def test_a_round_trip_time_travels_as_a_bucket(microseconds: int, told: str) -> None:
    assert sockets.rtt_bucket(microseconds) == told


def test_the_quickest_connection_of_a_peer_says_how_far_it_is(tree: Tree) -> None:
    asked: list[str] = []

    class Measuring(RootHost):
        def rows(self, kind: type[Any], of: str = "") -> list[Any]:
            asked.append(of)
            return [TcpRoundTrip(local_port=5900, remote="192.0.2.9", rtt_us=rtt) for rtt in (0, 210_000, 94_000)]

    tree.sockets("tcp", socket_line("00000000:170C", NONE, "0A", 500), socket_line("00000000:0016", NONE, "0A", 503))
    list(look_at(Measuring(str(tree.root), now=NOW)))
    assert asked == []  # nobody is connected, so nothing is asked
    tree.sockets(
        "tcp",
        socket_line("00000000:170C", NONE, "0A", 500),
        socket_line(f"{HERE}:170C", f"{PEER}:C001", "01", 501),
    )
    inbound = [item for item in look_at(Measuring(str(tree.root), now=NOW)) if isinstance(item, InboundConnection)]
    assert asked == ["5900"]
    assert [item.rtt for item in inbound] == ["60-149"]


def test_refused_round_trip_times_are_a_gap(tree: Tree) -> None:
    class Refusing(RootHost):
        def rows(self, kind: type[Any], of: str = "") -> list[Any]:
            raise NotPermitted("sock_diag")

    tree.sockets(
        "tcp", socket_line("00000000:170C", NONE, "0A", 500), socket_line(f"{HERE}:170C", f"{PEER}:C001", "01", 501)
    )
    found = look_at(Refusing(str(tree.root), now=NOW))
    assert Gap(what="round-trip times of inbound connections", outcome="not_permitted") in found
