"""Netlink rows: messages built after the kernel's headers, hostile bytes, and this machine's own kernel."""

import errno
import json
import os
import shutil
import socket
import struct
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent.host import HostError, NotPermitted, NotSupported, SourceBroken
from farmwatch_agent.host.linux import netlink, nl80211, rtnetlink, sock_diag
from farmwatch_agent.host.linux.nl80211 import WifiLink
from farmwatch_agent.host.linux.rtnetlink import FarRoute, NeighbourEntry, PolicyRule
from farmwatch_agent.host.linux.sock_diag import TcpRoundTrip

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="asks a Linux kernel")
V6 = bytes.fromhex("fe80000000000000021b21fffeaabb01")


def attribute(kind: int, value: bytes) -> bytes:
    """Returns struct nlattr with its value and padding, as netlink.h aligns it."""
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def u32(value: int) -> bytes:
    return struct.pack("=I", value)


def test_an_ipv6_neighbour_is_told_once_an_answer_was_seen() -> None:
    def entry(state: int, mac: bytes) -> bytes:
        # struct ndmsg: family 10, interface 0 (gone), state, NTF_ROUTER, type
        return struct.pack("=BxxxiHBB", 10, 0, state, 0x80, 1) + attribute(1, V6) + attribute(2, mac)

    mac = bytes.fromhex("001b21aabb01")
    stale = rtnetlink.parse_neighbour(entry(0x04, mac))
    assert stale == NeighbourEntry(address="fe80::21b:21ff:feaa:bb01", mac="00:1b:21:aa:bb:01", interface="")
    assert rtnetlink.parse_neighbour(entry(0x20, mac)) is None  # NUD_FAILED
    assert rtnetlink.parse_neighbour(entry(0x40, mac)) is None  # NUD_NOARP: multicast
    assert rtnetlink.parse_neighbour(entry(0x04, b"")) is None
    assert rtnetlink.parse_neighbour(b"\x0a") is None


def rule_message(action: int = 1, flags: int = 0, source: int = 0, table: int = 0) -> bytes:
    """struct fib_rule_hdr: family, dst_len, src_len, tos, table, two reserved, action, flags."""
    return struct.pack("=BBBBBBBBI", 2, 0, source, 0, table, 0, 0, action, flags)


def test_wg_quicks_two_rules_are_read_as_they_were_set() -> None:
    # wg-quick(8): `not fwmark 51820 table 51820`, and `table main suppress_prefixlength 0` before it.
    own = rule_message(flags=2) + attribute(6, u32(32765)) + attribute(10, u32(51820))
    own += attribute(16, u32(0xFFFFFFFF)) + attribute(15, u32(51820)) + attribute(14, u32(0xFFFFFFFF))
    assert rtnetlink.parse_rule(own) == PolicyRule(
        priority=32765, action="table", lookup=51820, mark=51820, mask=0xFFFFFFFF, inverted=True
    )
    before = rule_message(table=254) + attribute(6, u32(32764)) + attribute(15, u32(254)) + attribute(14, u32(0))
    assert rtnetlink.parse_rule(before) == PolicyRule(priority=32764, action="table", lookup=254, shortest=0)


def test_what_else_a_rule_asks_for_is_named() -> None:
    users = rule_message(source=24) + attribute(20, struct.pack("=II", 1000, 1000)) + attribute(17, b"eth0\0")
    found = rtnetlink.parse_rule(users)
    assert found is not None
    assert found.selects == ("from", "oif", "user")


def route_message(length: int, table: int, kind: int = 1, family: int = 2) -> bytes:
    """struct rtmsg: family, dst_len, src_len, tos, table, protocol, scope, type, flags."""
    return struct.pack("=BBBBBBBBI", family, length, 0, 0, table, 3, 0, kind, 0)


def test_far_reaching_routes_of_every_table_are_kept_and_no_other() -> None:
    default = route_message(0, 0) + attribute(15, u32(51820)) + attribute(4, u32(0)) + attribute(6, u32(5))
    assert rtnetlink.parse_route(default) == [
        FarRoute(lookup=51820, destination="0.0.0.0/0", length=0, kind="unicast", metric=5)
    ]
    half = route_message(1, 52) + attribute(1, bytes((128, 0, 0, 0)))
    assert [row.destination for row in rtnetlink.parse_route(half)] == ["128.0.0.0/1"]
    global_v6 = route_message(3, 52, family=10) + attribute(1, bytes((0x20, *bytes(15))))
    assert [row.destination for row in rtnetlink.parse_route(global_v6)] == ["2000::/3"]
    assert rtnetlink.parse_route(route_message(24, 254) + attribute(1, bytes((192, 0, 2, 0)))) == []
    assert rtnetlink.parse_route(route_message(0, 255) + attribute(15, u32(255))) == []


def test_a_route_over_two_hops_is_told_for_each() -> None:
    hops = b""
    for gateway in ((192, 0, 2, 1), (198, 51, 100, 1)):
        way = attribute(5, bytes(gateway))
        hops += struct.pack("=HBBi", 8 + len(way), 0, 0, 0) + way
    found = rtnetlink.parse_route(route_message(0, 254) + attribute(9, hops))
    assert [row.gateway for row in found] == ["192.0.2.1", "198.51.100.1"]


def test_the_round_trip_time_lies_where_tcp_h_has_it() -> None:
    identity = struct.pack("!HH", 22, 50_000) + bytes((192, 0, 2, 2)).ljust(16, b"\0")
    identity += bytes((198, 51, 100, 7)).ljust(16, b"\0") + bytes(12)
    info = bytearray(104)
    struct.pack_into("=I", info, 8 + 15 * 4, 83_000)
    message = bytes((2, 1, 0, 0)) + identity + bytes(20)
    old = sock_diag.parse(message + attribute(2, bytes(info)))
    assert old == TcpRoundTrip(local_port=22, remote="198.51.100.7", rtt_us=83_000)
    # After eight bytes and 24 numbers of four come four of eight and three of four.
    info += bytes(8 * 4 + 4 * 3)
    info += struct.pack("=I", 79_000)
    new = sock_diag.parse(message + attribute(2, bytes(info)))
    assert new is not None
    assert (new.rtt_us, new.min_rtt_us) == (83_000, 79_000)
    struct.pack_into("=I", info, len(info) - 4, 0xFFFFFFFF)
    unmeasured = sock_diag.parse(message + attribute(2, bytes(info)))
    assert unmeasured == old
    assert sock_diag.parse(message[:70]) is None


def test_the_network_in_use_is_put_together_from_interface_and_access_point() -> None:
    genl = bytes(4)
    interface = genl + attribute(3, u32(3)) + attribute(4, b"wlp3s0\0") + attribute(5, u32(2))
    assert nl80211.parse_interface(interface) == (3, WifiLink(interface="wlp3s0"))
    found = nl80211.parse_interface(interface + attribute(38, u32(5180)) + attribute(52, b"Example Net"))
    assert found == (3, WifiLink(interface="wlp3s0", ssid="Example Net", connected=True, frequency=5180))
    rate = attribute(8, attribute(5, u32(866)) + attribute(6, b"\x09"))  # NL80211_RATE_INFO_VHT_MCS
    station = genl + attribute(6, bytes.fromhex("9483c4001122"))
    station += attribute(
        21 | 0x8000, attribute(7, struct.pack("=b", -71)) + attribute(13, struct.pack("=b", -58)) + rate
    )
    assert nl80211.with_station(found[1], station) == WifiLink(
        interface="wlp3s0", ssid="Example Net", bssid="94:83:c4:00:11:22", connected=True, frequency=5180,
        signal=-58, standard="802.11ac",
    )  # fmt: skip


def test_of_the_networks_in_reach_only_the_one_in_use_is_read() -> None:
    def network(name: bytes, status: bytes) -> bytes:
        bss = (
            attribute(1, bytes.fromhex("9483c4001122"))
            + attribute(2, u32(2437))
            + attribute(7, struct.pack("=i", -6400))
        )
        return bytes(4) + attribute(47, bss + attribute(6, bytes((0, len(name))) + name) + status)

    link = WifiLink(interface="wlan0", connected=True)
    assert nl80211.with_network(link, network(b"Neighbours", b"")) == link
    assert nl80211.with_network(link, network(b"Neighbours", attribute(9, u32(0)))) == link
    assert nl80211.with_network(link, network(b"Own", attribute(9, u32(1)))) == WifiLink(
        interface="wlan0", connected=True, ssid="Own", bssid="94:83:c4:00:11:22", frequency=2437, signal=-64
    )


def test_an_access_point_made_by_the_laptop_is_no_connection() -> None:
    made = bytes(4) + attribute(3, u32(4)) + attribute(4, b"ap0\0") + attribute(5, u32(3)) + attribute(52, b"Hotspot")
    assert nl80211.parse_interface(made) is None


def test_a_network_name_is_told_to_the_pseudonymiser() -> None:
    assert list(WifiLink(interface="wlan0", ssid="Annas WLAN").identifying()) == ["Annas WLAN"]
    assert nl80211.ssid_text(b"\xff\xfe caf\xc3\xa9") == "\\xff\\xfe café"
    assert nl80211.ssid_text(bytes(8)) == ""


@given(st.binary(max_size=400))
def test_hostile_bytes_make_no_error(data: bytes) -> None:
    list(netlink.messages(data))
    netlink.attributes(data)
    rtnetlink.parse_neighbour(data)
    rtnetlink.parse_rule(data)
    rtnetlink.parse_route(data)
    sock_diag.parse(data)
    nl80211.parse_interface(data)
    link = nl80211.with_station(WifiLink(interface="wlan0"), data)
    nl80211.with_network(link, data)


@given(st.integers(0, 400), st.lists(st.tuples(st.integers(0, 400), st.binary(max_size=60)), max_size=12))
def test_hostile_attributes_make_no_error(kind: int, parts: list[tuple[int, bytes]]) -> None:
    body = b"".join(attribute(number, value) for number, value in parts)
    for data in (body, bytes(4) + attribute(kind, body), route_message(0, 52) + body, rule_message() + body):
        rtnetlink.parse_rule(data)
        rtnetlink.parse_route(data)
        nl80211.parse_interface(data)
        nl80211.with_network(nl80211.with_station(WifiLink(interface="wlan0"), data), data)


@pytest.mark.parametrize(
    ("code", "kind"), [(1, NotPermitted), (95, NotSupported), (2, NotSupported), (22, SourceBroken)]
)
@linux_only
def test_a_refusal_is_the_outcome_that_it_means(code: int, kind: type[HostError]) -> None:
    assert type(netlink.refusal(code, "rules")) is kind


@linux_only
def test_a_service_that_may_not_use_netlink_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(*_: object) -> object:
        raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")

    monkeypatch.setattr("_socket.socket", closed)
    with pytest.raises(NotPermitted, match="closed to this service"):
        PolicyRule.live("ipv4")


@linux_only
def test_this_kernel_tells_its_own_rules_and_nothing_of_a_family_that_is_none() -> None:
    rules = PolicyRule.live("ipv4")
    assert {rule.lookup for rule in rules} >= {254, 255}
    with netlink.Line(rtnetlink.NETLINK_ROUTE, "nonsense") as line, pytest.raises(NotSupported):
        line.ask(rtnetlink.RTM_GETRULE, struct.pack("=BBBBBBBBI", 77, *bytes(8)))


@linux_only
@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_a_connection_over_loopback_has_a_round_trip_time(family: int, address: str) -> None:
    try:
        server = socket.create_server((address, 0), family=family)
    except OSError:
        pytest.skip(f"this machine has no {address}")
    with server, socket.create_connection(server.getsockname()[:2]) as client:
        accepted, peer = server.accept()
        with accepted:
            client.sendall(b"x" * 100)
            accepted.recv(100)
            accepted.sendall(b"y")
            client.recv(1)
            port = server.getsockname()[1]
            rows = TcpRoundTrip.live(f"1,{port}")
    assert [(row.local_port, row.remote) for row in rows] == [(port, peer[0])]
    assert 0 < rows[0].min_rtt_us <= rows[0].rtt_us < 5_000_000


@linux_only
@pytest.mark.skipif(os.geteuid() != 0 if hasattr(os, "geteuid") else True, reason="a network namespace needs root")
def test_what_wg_quick_sets_is_seen_in_a_live_namespace() -> None:
    if not (shutil.which("ip") and shutil.which("unshare") and os.path.exists("/dev/net/tun")):
        pytest.skip("needs ip, unshare and /dev/net/tun")
    # The commands that wg-quick(8) prints, on a plain tunnel.
    setup = """ip tuntap add dev tun9 mode tun && ip addr add 192.0.2.9/32 dev tun9 && ip link set tun9 up &&
    ip -4 route add 0.0.0.0/0 dev tun9 table 51820 && ip -4 rule add not fwmark 51820 table 51820 &&
    ip -4 rule add table main suppress_prefixlength 0"""
    ask = """import json, msgspec
from farmwatch_agent.host.linux import LinuxHost
from farmwatch_agent.probes.network import rules
print(json.dumps(msgspec.to_builtins(list(rules.collect(LinuxHost(), {"tun9"})))))"""
    done = subprocess.run(
        ["unshare", "-n", "sh", "-c", f'{setup} && exec "$0" -c "$1"', sys.executable, ask],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode and "ermitted" in done.stderr:
        pytest.skip("this container may not make a tunnel")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [{"type": "route", "destination": "default", "interface": "tun9"}]
