"""Adapters, routes and neighbours of IP Helper.

Source: learn.microsoft.com, GetAdaptersAddresses, GetIfEntry2, GetIpForwardTable2, GetIpNetTable2 and the structures
that they name. All of them answer every user.

What the system filled in is copied to bytes first, and pure functions read those: a count or a pointer that leads out
of them is cut or left out, never followed.
"""

import ctypes
import ipaddress
from collections.abc import Iterable, Iterator
from ctypes import c_char, c_uint8, c_uint16, c_uint32, c_uint64, c_void_p
from typing import ClassVar

from msgspec.structs import replace

from ..protocol import SourceBroken
from ..row import Row
from .library import error_of, library
from .wide import wide_text

AF_UNSPEC, AF_INET, AF_INET6 = 0, 2, 23
#: Unicast, anycast and multicast addresses are not asked for: GAA_FLAG_SKIP_UNICAST, _ANYCAST, _MULTICAST.
_FLAGS = 0x1 | 0x2 | 0x4
_IF_UP = 1
_OVERFLOW = 111
_NO_DATA = 232
_MAX_ADAPTERS = 512
_MAX_SERVERS = 64
_MAX_ROWS = 20_000
_MAX_BUFFER = 1 << 22
#: IF_MAX_PHYS_ADDRESS_LENGTH and IF_MAX_STRING_SIZE of ifdef.h.
_MAC_BYTES, _STRING = 32, 257


class SockaddrInet(ctypes.Structure):
    """SOCKADDR_INET (ws2ipdef.h). The union of both families, as the larger one."""

    _fields_ = (
        ("family", c_uint16),
        ("port", c_uint16),
        ("ipv4_or_flow", c_uint32),
        ("ipv6", c_uint8 * 16),
        ("scope", c_uint32),
    )


class IpAddressPrefix(ctypes.Structure):
    """IP_ADDRESS_PREFIX (netioapi.h)."""

    _fields_ = (("prefix", SockaddrInet), ("length", c_uint8))


class IpForwardRow2(ctypes.Structure):
    """MIB_IPFORWARD_ROW2 (netioapi.h)."""

    _fields_ = (
        ("luid", c_uint64),
        ("index", c_uint32),
        ("destination", IpAddressPrefix),
        ("next_hop", SockaddrInet),
        ("site_prefix_length", c_uint8),
        ("valid_lifetime", c_uint32),
        ("preferred_lifetime", c_uint32),
        ("metric", c_uint32),
        ("protocol", c_uint32),
        ("loopback", c_uint8),
        ("autoconfigure", c_uint8),
        ("publish", c_uint8),
        ("immortal", c_uint8),
        ("age", c_uint32),
        ("origin", c_uint32),
    )


class IpNetRow2(ctypes.Structure):
    """MIB_IPNET_ROW2 (netioapi.h)."""

    _fields_ = (
        ("address", SockaddrInet),
        ("index", c_uint32),
        ("luid", c_uint64),
        ("physical", c_uint8 * _MAC_BYTES),
        ("physical_length", c_uint32),
        ("state", c_uint32),
        ("flags", c_uint8),
        ("reachability", c_uint32),
    )


class IfRow2(ctypes.Structure):
    """MIB_IF_ROW2 (netioapi.h). The counters at its end are one field here."""

    _fields_ = (
        ("luid", c_uint64),
        ("index", c_uint32),
        ("guid", c_uint8 * 16),
        ("alias", c_uint16 * _STRING),
        ("description", c_uint16 * _STRING),
        ("physical_length", c_uint32),
        ("physical", c_uint8 * _MAC_BYTES),
        ("permanent", c_uint8 * _MAC_BYTES),
        ("mtu", c_uint32),
        ("type", c_uint32),
        ("tunnel", c_uint32),
        ("media", c_uint32),
        ("medium", c_uint32),
        ("access", c_uint32),
        ("direction", c_uint32),
        ("flags", c_uint8),
        ("oper", c_uint32),
        ("admin", c_uint32),
        ("connected", c_uint32),
        ("network", c_uint8 * 16),
        ("connection", c_uint32),
        ("counters", c_uint64 * 20),
    )


class SocketAddress(ctypes.Structure):
    """SOCKET_ADDRESS (ws2def.h)."""

    _fields_ = (("address", c_void_p), ("length", c_uint32))


class DnsServerAddress(ctypes.Structure):
    """IP_ADAPTER_DNS_SERVER_ADDRESS_XP (iptypes.h)."""

    _fields_ = (("alignment", c_uint64), ("next", c_void_p), ("address", SocketAddress))


class AdapterAddresses(ctypes.Structure):
    """IP_ADAPTER_ADDRESSES_LH (iptypes.h)."""

    _fields_ = (
        ("length", c_uint32),
        ("index", c_uint32),
        ("next", c_void_p),
        ("name", c_void_p),
        ("unicast", c_void_p),
        ("anycast", c_void_p),
        ("multicast", c_void_p),
        ("dns", c_void_p),
        ("suffix", c_void_p),
        ("description", c_void_p),
        ("friendly", c_void_p),
        ("physical", c_uint8 * 8),
        ("physical_length", c_uint32),
        ("flags", c_uint32),
        ("mtu", c_uint32),
        ("type", c_uint32),
        ("oper", c_uint32),
        ("index6", c_uint32),
        ("zones", c_uint32 * 16),
        ("prefix", c_void_p),
        ("transmit_speed", c_uint64),
        ("receive_speed", c_uint64),
        ("wins", c_void_p),
        ("gateway", c_void_p),
        ("metric4", c_uint32),
        ("metric6", c_uint32),
        ("luid", c_uint64),
        ("dhcp4", SocketAddress),
        ("compartment", c_uint32),
        ("network", c_uint8 * 16),
        ("connection", c_uint32),
        ("tunnel", c_uint32),
        ("dhcp6", SocketAddress),
        ("duid", c_uint8 * 130),
        ("duid_length", c_uint32),
        ("iaid", c_uint32),
        ("suffixes", c_void_p),
    )


class NetworkAdapter(Row, frozen=True, kw_only=True, omit_defaults=True):
    """An adapter that IP is bound to.

    index        of its IPv4 interface; `index6` of its IPv6 one (0: that family is not bound)
    guid         "{...}", as NetCfgInstanceId in the registry
    name         the name that people see and may change; `description` the driver's
    type         IF_TYPE of ipifcons.h; `tunnel` TUNNEL_TYPE of ifdef.h
    up           IfOperStatusUp
    hardware     False for one that software makes; null when not told, as `connector` (there is a plug or antenna)
    metric4      what the system adds to the metric of routes over it, `metric6` for IPv6
    servers      name servers
    """

    table: ClassVar[str] = "windows_network_adapter"
    platforms: ClassVar[tuple[str, ...]] = ("windows",)

    index: int = 0
    index6: int = 0
    guid: str = ""
    name: str = ""
    description: str = ""
    mac: str = ""
    mtu: int = 0
    type: int = 0
    tunnel: int = 0
    up: bool = False
    hardware: bool | None = None
    connector: bool | None = None
    metric4: int = 0
    metric6: int = 0
    servers: tuple[str, ...] = ()

    @classmethod
    def live(cls, of: str) -> "list[NetworkAdapter]":
        ask = library("iphlpapi").GetAdaptersAddresses
        ask.argtypes = (c_uint32, c_uint32, c_void_p, c_void_p, c_void_p)
        ask.restype = c_uint32
        size = c_uint32(1 << 15)
        for _ in range(4):  # An adapter that appears between two calls makes the answer longer.
            if size.value > _MAX_BUFFER:
                break
            buffer = (c_char * size.value)()
            code = ask(AF_UNSPEC, _FLAGS, None, ctypes.addressof(buffer), ctypes.byref(size))
            if code != _OVERFLOW:
                break
        if code == _NO_DATA:
            return []
        if code:
            raise error_of(code, "network adapters")
        found = parse_adapters(bytes(buffer), ctypes.addressof(buffer))
        return [_with_hardware(adapter, luid) for adapter, luid in found]

    def identifying(self) -> Iterable[str]:
        if self.type == 23:  # A dial-up or VPN connection bears the name that somebody gave it.
            yield self.name
            yield self.description


class IpRoute(Row, frozen=True, kw_only=True, omit_defaults=True):
    """A route. `gateway` is "" when the destination is on the link; `metric` is without the interface's own."""

    table: ClassVar[str] = "windows_ip_route"
    platforms: ClassVar[tuple[str, ...]] = ("windows",)

    index: int = 0
    family: str = ""
    destination: str = ""
    gateway: str = ""
    metric: int = 0

    @classmethod
    def live(cls, of: str) -> "list[IpRoute]":
        return list(parse_routes(_table("GetIpForwardTable2", IpForwardRow2)))


class IpNeighbour(Row, frozen=True, kw_only=True, omit_defaults=True):
    """A resolved neighbour. `state` is NL_NEIGHBOR_STATE of nldef.h, 2 (probe) to 6 (permanent)."""

    table: ClassVar[str] = "windows_ip_neighbour"
    platforms: ClassVar[tuple[str, ...]] = ("windows",)

    index: int = 0
    address: str = ""
    mac: str = ""
    state: int = 0

    @classmethod
    def live(cls, of: str) -> "list[IpNeighbour]":
        return list(parse_neighbours(_table("GetIpNetTable2", IpNetRow2)))


def _table(name: str, layout: type[ctypes.Structure]) -> bytes:
    """Returns a copy of the table that a function of both families allocates, its rows counted and bounded."""
    iphlpapi = library("iphlpapi")
    ask, free = getattr(iphlpapi, name), iphlpapi.FreeMibTable
    ask.argtypes, ask.restype = (c_uint16, c_void_p), c_uint32
    free.argtypes, free.restype = (c_void_p,), None
    found = c_void_p()
    code = ask(AF_UNSPEC, ctypes.byref(found))
    if code:
        raise error_of(code, name)
    if not found.value:
        raise SourceBroken(f"{name}: gave no table")
    try:
        rows = min(c_uint32.from_address(found.value).value, _MAX_ROWS)
        return ctypes.string_at(found.value, 8 + rows * ctypes.sizeof(layout))
    finally:
        free(found)


def _rows(data: bytes, layout: type[ctypes.Structure]) -> Iterator[ctypes.Structure]:
    """Yields the rows of a table: a count of 4 bytes, 4 of padding, and as many whole rows as there are."""
    size = ctypes.sizeof(layout)
    count = min(int.from_bytes(data[:4], "little"), max(0, len(data) - 8) // size)
    for number in range(count):
        yield layout.from_buffer_copy(data, 8 + number * size)


def parse_routes(data: bytes) -> Iterator[IpRoute]:
    """Yields the routes of a MIB_IPFORWARD_TABLE2; rows of another family are left out."""
    for row in _rows(data, IpForwardRow2):
        assert isinstance(row, IpForwardRow2)
        prefix = address_of(bytes(row.destination.prefix))
        if not prefix or row.destination.length > (128 if ":" in prefix else 32):
            continue
        hop = address_of(bytes(row.next_hop))
        yield IpRoute(
            index=row.index,
            family="ipv6" if ":" in prefix else "ipv4",
            destination=f"{prefix}/{row.destination.length}",
            gateway="" if not hop or ipaddress.ip_address(hop).is_unspecified else hop,
            metric=row.metric,
        )


def parse_neighbours(data: bytes) -> Iterator[IpNeighbour]:
    """Yields the resolved neighbours of a MIB_IPNET_TABLE2 that have a MAC of six bytes."""
    for row in _rows(data, IpNetRow2):
        assert isinstance(row, IpNetRow2)
        address = address_of(bytes(row.address))
        if address and row.physical_length == 6 and 2 <= row.state <= 6:
            yield IpNeighbour(index=row.index, address=address, mac=_mac(bytes(row.physical), 6), state=row.state)


def parse_adapters(data: bytes, base: int) -> Iterator[tuple[NetworkAdapter, int]]:
    """Yields each adapter of GetAdaptersAddresses' buffer with its LUID.

    base  address that the buffer had: every pointer in it is resolved against that, and must lead into it
    """
    size = ctypes.sizeof(AdapterAddresses)
    at = 0
    for _ in range(_MAX_ADAPTERS):
        if not 0 <= at <= len(data) - size:
            return
        row = AdapterAddresses.from_buffer_copy(data, at)
        yield (
            NetworkAdapter(
                index=row.index,
                index6=row.index6,
                guid=_ascii(data, row.name, base),
                name=_wide(data, row.friendly, base),
                description=_wide(data, row.description, base),
                mac=_mac(bytes(row.physical), row.physical_length),
                mtu=0 if row.mtu == 0xFFFFFFFF else row.mtu,
                type=row.type,
                tunnel=row.tunnel,
                up=row.oper == _IF_UP,
                metric4=row.metric4,
                metric6=row.metric6,
                servers=tuple(_servers(data, row.dns, base)),
            ),
            row.luid,
        )
        if not row.next or row.next <= base + at:
            return  # The list goes forward in its buffer; one that does not would have no end.
        at = row.next - base


def _servers(data: bytes, pointer: int | None, base: int) -> Iterator[str]:
    size = ctypes.sizeof(DnsServerAddress)
    for _ in range(_MAX_SERVERS):
        at = (pointer or 0) - base
        if not 0 <= at <= len(data) - size:
            return
        server = DnsServerAddress.from_buffer_copy(data, at)
        start = (server.address.address or 0) - base
        if 0 <= start < len(data):
            address = address_of(data[start : start + min(server.address.length, 28)])
            if address:
                yield address
        pointer = server.next


def address_of(raw: bytes) -> str:
    """Returns the address in a SOCKADDR_IN or SOCKADDR_IN6 as text, without a scope; "" for anything else."""
    family = int.from_bytes(raw[:2], "little")
    if family == AF_INET and len(raw) >= 8:
        return ".".join(map(str, raw[4:8]))
    if family == AF_INET6 and len(raw) >= 24:
        address = ipaddress.IPv6Address(raw[8:24])
        mapped = address.ipv4_mapped
        return address.compressed if mapped is None else str(mapped)
    return ""


def _mac(raw: bytes, length: int) -> str:
    return ":".join(f"{byte:02x}" for byte in raw[:6]) if length == 6 and any(raw[:6]) else ""


def _ascii(data: bytes, pointer: int | None, base: int) -> str:
    at = (pointer or 0) - base
    if not 0 <= at < len(data):
        return ""
    return data[at : at + 64].split(b"\0", 1)[0].decode("ascii", "replace")


def _wide(data: bytes, pointer: int | None, base: int) -> str:
    at = (pointer or 0) - base
    if not 0 <= at < len(data):
        return ""
    return wide_text(data[at : at + 2 * _STRING])


def _with_hardware(adapter: NetworkAdapter, luid: int) -> NetworkAdapter:
    """Returns the adapter with what GetIfEntry2 adds; as it was when that is refused or the adapter has gone."""
    ask = library("iphlpapi").GetIfEntry2
    ask.argtypes, ask.restype = (c_void_p,), c_uint32
    row = IfRow2()
    row.luid = luid
    if ask(ctypes.byref(row)):
        return adapter
    hardware, connector = flags_of(row.flags)
    return replace(adapter, hardware=hardware, connector=connector)


def flags_of(flags: int) -> tuple[bool, bool]:
    """Returns HardwareInterface and ConnectorPresent of InterfaceAndOperStatusFlags, its first and third bit."""
    return bool(flags & 0x1), bool(flags & 0x4)
