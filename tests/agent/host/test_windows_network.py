"""IP Helper's answers as bytes: layouts of netioapi.h and iptypes.h, with counts and pointers that lie."""

import ctypes
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent.host import NotSupported
from farmwatch_agent.host.row import live_rows
from farmwatch_agent.host.windows import network
from farmwatch_agent.host.windows.network import IpNeighbour, IpRoute, NetworkAdapter

BASE = 0x7FF6_0000


def ipv4(text: str) -> bytes:
    return struct.pack("<HH", 2, 0) + bytes(map(int, text.split("."))) + bytes(20)


def ipv6(first: str, scope: int = 0) -> bytes:
    return struct.pack("<HHI", 23, 0, 0) + bytes.fromhex(first).ljust(16, b"\0") + struct.pack("<I", scope)


def route(index: int, prefix: bytes, length: int, hop: bytes, metric: int) -> bytes:
    """A MIB_IPFORWARD_ROW2, offsets as the members stand in netioapi.h."""
    row = bytearray(104)
    row[8:12] = struct.pack("<I", index)
    row[12:40], row[40] = prefix, length
    row[44:72] = hop
    row[84:88] = struct.pack("<I", metric)
    return bytes(row)


def neighbour(index: int, address: bytes, mac: str, state: int, length: int = 6) -> bytes:
    """A MIB_IPNET_ROW2."""
    row = bytearray(88)
    row[:28] = address
    row[28:32] = struct.pack("<I", index)
    row[40:46] = bytes.fromhex(mac.replace(":", ""))
    row[72:80] = struct.pack("<II", length, state)
    return bytes(row)


def table(*rows: bytes, count: int | None = None) -> bytes:
    return struct.pack("<II", len(rows) if count is None else count, 0) + b"".join(rows)


def test_routes_of_both_families_are_read() -> None:
    data = table(
        route(12, ipv4("0.0.0.0"), 0, ipv4("192.168.1.1"), 0),
        route(12, ipv4("192.168.1.0"), 24, ipv4("0.0.0.0"), 256),
        route(31, ipv4("128.0.0.0"), 1, ipv4("10.8.0.1"), 3),
        route(12, ipv6("00"), 0, ipv6("fe80000000000000020000fffe000001", 12), 0),
    )
    assert list(network.parse_routes(data)) == [
        IpRoute(index=12, family="ipv4", destination="0.0.0.0/0", gateway="192.168.1.1"),
        IpRoute(index=12, family="ipv4", destination="192.168.1.0/24", metric=256),
        IpRoute(index=31, family="ipv4", destination="128.0.0.0/1", gateway="10.8.0.1", metric=3),
        IpRoute(index=12, family="ipv6", destination="::/0", gateway="fe80::200:ff:fe00:1"),
    ]


def test_what_stands_behind_an_unspecified_hop_is_no_hop() -> None:
    # sin_zero of a SOCKADDR_IN need not be zero: Wine leaves what was there.
    hop = ipv4("0.0.0.0")[:8] + b"\xff" * 20
    (found,) = network.parse_routes(table(route(4, ipv4("192.0.2.0"), 24, hop, 0)))
    assert found.gateway == ""


def test_a_table_with_more_rows_than_it_has_ends_where_it_ends() -> None:
    one = route(1, ipv4("0.0.0.0"), 0, ipv4("10.0.0.1"), 0)
    assert len(list(network.parse_routes(table(one, count=0xFFFFFFFF)))) == 1
    assert len(list(network.parse_routes(table(one, one[:50])))) == 1
    assert list(network.parse_routes(b"")) == []


def test_a_prefix_longer_than_its_address_and_a_foreign_family_are_left_out() -> None:
    strange = bytearray(route(1, ipv4("10.0.0.0"), 33, ipv4("10.0.0.1"), 0))
    foreign = bytearray(route(1, ipv4("10.0.0.0"), 8, ipv4("10.0.0.1"), 0))
    foreign[12:14] = struct.pack("<H", 17)
    assert list(network.parse_routes(table(bytes(strange), bytes(foreign)))) == []


def test_only_resolved_neighbours_with_a_mac_are_told() -> None:
    data = table(
        neighbour(12, ipv4("192.168.1.1"), "00:00:5e:00:53:01", 5),
        neighbour(12, ipv4("192.168.1.9"), "00:00:00:00:00:00", 1),
        neighbour(12, ipv4("192.168.1.7"), "00:00:5e:00:53:07", 4, length=8),
        neighbour(12, ipv6("fe80000000000000020000fffe000001"), "00:00:5e:00:53:01", 4),
    )
    assert list(network.parse_neighbours(data)) == [
        IpNeighbour(index=12, address="192.168.1.1", mac="00:00:5e:00:53:01", state=5),
        IpNeighbour(index=12, address="fe80::200:ff:fe00:1", mac="00:00:5e:00:53:01", state=4),
    ]


class Buffer:
    """Builds what GetAdaptersAddresses fills in, pointers and all."""

    def __init__(self) -> None:
        self.data = bytearray()

    def put(self, raw: bytes) -> int:
        self.data += bytes(-len(self.data) % 8)
        at = len(self.data)
        self.data += raw
        return BASE + at

    def adapter(self, following: int = 0, dns: int = 0, **fields: Any) -> int:
        row = network.AdapterAddresses(
            index=fields.get("index", 12), index6=fields.get("index", 12), next=following or None
        )
        start = self.put(bytes(ctypes.sizeof(row)))
        row.name = self.put(b"{11111111-2222-3333-4444-555555555555}\0")
        row.friendly = fields.get("friendly") or self.put("WLAN\0".encode("utf-16-le"))
        row.description = self.put("Example Wi-Fi 6 AX200\0".encode("utf-16-le"))
        row.physical[:6], row.physical_length = (0, 0, 0x5E, 0, 0x53, 2), fields.get("length", 6)
        row.mtu, row.type, row.oper, row.metric4, row.metric6, row.luid = 1500, 71, 1, 35, 45, 77
        row.dns = dns or None
        self.data[start - BASE : start - BASE + ctypes.sizeof(row)] = bytes(row)
        return start


def test_an_adapter_is_read_with_its_name_servers() -> None:
    buffer = Buffer()
    address = bytes(ipv4("192.168.1.1")[:16])
    first = buffer.adapter()
    sockaddr = buffer.put(address)
    server = network.DnsServerAddress(next=None)
    server.address.address, server.address.length = sockaddr, 16
    dns = buffer.put(bytes(server))
    row = network.AdapterAddresses.from_buffer(buffer.data, first - BASE)
    row.dns = dns
    del row
    ((adapter, luid),) = network.parse_adapters(bytes(buffer.data), BASE)
    assert luid == 77
    assert adapter == NetworkAdapter(
        index=12,
        index6=12,
        guid="{11111111-2222-3333-4444-555555555555}",
        name="WLAN",
        description="Example Wi-Fi 6 AX200",
        mac="00:00:5e:00:53:02",
        mtu=1500,
        type=71,
        up=True,
        metric4=35,
        metric6=45,
        servers=("192.168.1.1",),
    )


def test_pointers_that_lead_out_of_the_buffer_or_in_a_circle_end_the_walk() -> None:
    for wild in (BASE, BASE - 8, 8, BASE + 1_000_000, 2**64 - 1):
        buffer = Buffer()
        buffer.adapter(following=wild, dns=wild, friendly=wild + 2**40 if wild < 2**60 else wild)
        ((adapter, _),) = network.parse_adapters(bytes(buffer.data), BASE)
        assert adapter.name == ""
        assert len(adapter.servers) <= 64
    circle = Buffer()
    circle.adapter()
    server = network.DnsServerAddress()
    at = circle.put(bytes(ctypes.sizeof(server)))
    server.next = at
    circle.data[at - BASE :] = bytes(server)
    row = network.AdapterAddresses.from_buffer(circle.data, 0)
    row.dns = at
    del row
    assert len(list(network.parse_adapters(bytes(circle.data), BASE))) == 1


@given(st.binary(max_size=2_000), st.integers(0, 2**64 - 1))
def test_any_bytes_are_read_without_an_error(data: bytes, base: int) -> None:
    list(network.parse_routes(data))
    list(network.parse_neighbours(data))
    for adapter, _ in network.parse_adapters(data, base):
        assert len(adapter.name) <= 257
    network.address_of(data)


def test_flags_are_the_first_and_the_third_bit() -> None:
    assert [network.flags_of(flags) for flags in (0b000, 0b001, 0b100, 0b101, 0b010)] == [
        (False, False), (True, False), (False, True), (True, True), (False, False)
    ]  # fmt: skip


def test_mapped_addresses_are_told_as_ipv4() -> None:
    mapped = bytes.fromhex("00" * 10 + "ffff") + bytes((192, 0, 2, 9))
    assert network.address_of(struct.pack("<HHI", 23, 0, 0) + mapped + bytes(4)) == "192.0.2.9"
    assert network.address_of(b"\x02\0\0\0\x0a\0") == ""


def test_a_connection_that_somebody_named_is_replaced_in_captures() -> None:
    assert list(NetworkAdapter(name="Ann's office", description="Ann's office", type=23).identifying()) == [
        "Ann's office", "Ann's office"
    ]  # fmt: skip
    assert list(NetworkAdapter(name="Ethernet", description="Example GbE", type=6).identifying()) == []


@pytest.mark.parametrize("kind", [NetworkAdapter, IpRoute, IpNeighbour])
def test_elsewhere_than_on_windows_nothing_is_asked(kind: Any) -> None:
    with pytest.raises(NotSupported):
        live_rows(kind, "", "linux")
    with pytest.raises(NotSupported):
        kind.live("")
