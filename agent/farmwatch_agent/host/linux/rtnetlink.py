"""rtnetlink: IPv6 neighbours, policy rules, and the far-reaching routes of every table, which /proc does not show.

Sources: include/uapi/linux/rtnetlink.h, neighbour.h, fib_rules.h; rtnetlink(7), ip-rule(8). Dumps need no rights.
"""

import struct
from typing import ClassVar

from ..row import Row
from .netlink import Line, address, attributes, interface_name, nested, number

NETLINK_ROUTE = 0
RTM_NEWROUTE, RTM_GETROUTE, RTM_NEWNEIGH, RTM_GETNEIGH, RTM_NEWRULE, RTM_GETRULE = 24, 26, 28, 30, 32, 34
AF_INET, AF_INET6 = 2, 10
_FAMILIES = {"ipv4": AF_INET, "ipv6": AF_INET6}
_BITS = {AF_INET: 32, AF_INET6: 128}

_NDMSG = struct.Struct("=BxxxiHBB")
_NDA_DST, _NDA_LLADDR = 1, 2
#: NUD_REACHABLE, STALE, DELAY, PROBE, PERMANENT: an answer was seen, or somebody set it.
_NUD_KNOWN = 0x02 | 0x04 | 0x08 | 0x10 | 0x80

#: struct rtmsg and struct fib_rule_hdr have one size and begin alike.
_RTMSG = struct.Struct("=BBBBBBBBI")
_RTNEXTHOP = struct.Struct("=HBBi")
_RTA_OIF, _RTA_GATEWAY, _RTA_PRIORITY, _RTA_MULTIPATH, _RTA_TABLE, _RTA_DST, _RTA_VIA = 4, 5, 6, 9, 15, 1, 18
_TYPES = {1: "unicast", 6: "blackhole", 7: "unreachable", 8: "prohibit", 9: "throw"}
_RTM_F_CLONED = 0x200
LOCAL_TABLE = 255
#: A default route has prefix length 0; those that together stand for one have 1 to 3.
_FAR_REACHING = 3

_ACTIONS = {1: "table", 2: "goto", 3: "nothing", 6: "blackhole", 7: "unreachable", 8: "prohibit"}
_FIB_RULE_INVERT = 0x2
_FRA_GOTO, _FRA_PRIORITY, _FRA_FWMARK, _FRA_SUPPRESS_GROUP, _FRA_SUPPRESS, _FRA_TABLE, _FRA_FWMASK = (
    4,
    6,
    10,
    13,
    14,
    15,
    16,
)
#: What else a rule may ask of a packet: interfaces, tunnel id, l3mdev, user, protocol, ports.
_SELECTORS = {3: "iif", 17: "oif", 12: "tunnel", 19: "l3mdev", 20: "user", 22: "protocol", 23: "port", 24: "port"}
_NO_LIMIT = 0xFFFFFFFF


class NeighbourEntry(Row, frozen=True, kw_only=True, omit_defaults=True):
    """An entry of the neighbour table with a known hardware address. `of` is "ipv4" or "ipv6"."""

    table: ClassVar[str] = "linux_neighbour"
    platforms: ClassVar[tuple[str, ...]] = ("linux",)

    address: str
    mac: str
    interface: str

    @classmethod
    def live(cls, of: str) -> "list[NeighbourEntry]":
        with Line(NETLINK_ROUTE, "neighbours") as line:
            answer = line.ask(RTM_GETNEIGH, _NDMSG.pack(_FAMILIES[of], 0, 0, 0, 0))
        rows = (parse_neighbour(body) for kind, body in answer if kind == RTM_NEWNEIGH)
        return [row for row in rows if row is not None]


class PolicyRule(Row, frozen=True, kw_only=True, omit_defaults=True):
    """A rule that chooses the routing table. `of` is "ipv4" or "ipv6".

    priority  the lowest comes first
    action    `table`, `goto`, `nothing`, `blackhole`, `unreachable`, `prohibit`, or "" for any other
    lookup    the table's number; 254 is main, 253 default, 255 local
    goto      priority of the rule to go on with
    mark, mask  of the packets it is for; a mask of 0 means all of them
    inverted  it is for all packets but those described
    selects   what else it asks of a packet: `from`, `to`, `tos`, `iif`, `oif`, `user`, `protocol`, `port` ...
    shortest  routes of this prefix length and shorter are passed over; -1 for none
    """

    table: ClassVar[str] = "linux_policy_rule"
    platforms: ClassVar[tuple[str, ...]] = ("linux",)

    priority: int = 0
    action: str = ""
    lookup: int = 0
    goto: int = 0
    mark: int = 0
    mask: int = 0
    inverted: bool = False
    selects: tuple[str, ...] = ()
    shortest: int = -1

    @classmethod
    def live(cls, of: str) -> "list[PolicyRule]":
        with Line(NETLINK_ROUTE, "policy rules") as line:
            answer = line.ask(RTM_GETRULE, _RTMSG.pack(_FAMILIES[of], *bytes(8)))
        rows = (parse_rule(body) for kind, body in answer if kind == RTM_NEWRULE)
        return [row for row in rows if row is not None]


class FarRoute(Row, frozen=True, kw_only=True, omit_defaults=True):
    """A route of prefix length 0 to 3, of any table but the local one. `of` is "ipv4" or "ipv6".

    lookup   the table's number
    length   of the prefix, bits
    kind     `unicast`, `blackhole`, `unreachable`, `prohibit`, `throw`, or "" for any other
    """

    table: ClassVar[str] = "linux_far_route"
    platforms: ClassVar[tuple[str, ...]] = ("linux",)

    lookup: int
    destination: str
    length: int = 0
    kind: str = ""
    interface: str = ""
    gateway: str = ""
    metric: int = 0

    @classmethod
    def live(cls, of: str) -> "list[FarRoute]":
        with Line(NETLINK_ROUTE, "routes") as line:
            answer = line.ask(RTM_GETROUTE, _RTMSG.pack(_FAMILIES[of], *bytes(8)))
        return [row for kind, body in answer if kind == RTM_NEWROUTE for row in parse_route(body)]


def parse_neighbour(body: bytes) -> NeighbourEntry | None:
    """Returns an entry with a six-byte hardware address; None for others and for what makes no sense."""
    if len(body) < _NDMSG.size:
        return None
    _, index, state, _, _ = _NDMSG.unpack_from(body)
    told = attributes(body, _NDMSG.size)
    mac, place = told.get(_NDA_LLADDR, b""), address(told.get(_NDA_DST, b""))
    if not state & _NUD_KNOWN or len(mac) != 6 or not any(mac) or not place:
        return None
    return NeighbourEntry(address=place, mac=mac.hex(":"), interface=interface_name(index))


def parse_rule(body: bytes) -> PolicyRule | None:
    """Returns a rule; None for what makes no sense."""
    if len(body) < _RTMSG.size:
        return None
    _, to_length, from_length, tos, table, _, _, action, flags = _RTMSG.unpack_from(body)
    told = attributes(body, _RTMSG.size)
    mark = number(told.get(_FRA_FWMARK)) or 0
    limit = number(told.get(_FRA_SUPPRESS))
    selects = {name for kind, name in _SELECTORS.items() if kind in told}
    selects |= {name for name, asked in (("to", to_length), ("from", from_length), ("tos", tos)) if asked}
    if number(
        told.get(_FRA_SUPPRESS_GROUP),
    ) not in (None, _NO_LIMIT):
        selects.add("group")
    return PolicyRule(
        priority=number(told.get(_FRA_PRIORITY)) or 0,
        action=_ACTIONS.get(action, ""),
        lookup=number(told.get(_FRA_TABLE)) or table,
        goto=number(told.get(_FRA_GOTO)) or 0,
        mark=mark,
        mask=number(told.get(_FRA_FWMASK)) or (_NO_LIMIT if mark else 0),
        inverted=bool(flags & _FIB_RULE_INVERT),
        selects=tuple(sorted(selects)),
        shortest=-1 if limit is None or limit == _NO_LIMIT else limit,
    )


def parse_route(body: bytes) -> list[FarRoute]:
    """Returns a far-reaching route, once for each of its next hops; nothing for all others."""
    if len(body) < _RTMSG.size:
        return []
    family, length, _, _, table, _, _, kind, flags = _RTMSG.unpack_from(body)
    told = attributes(body, _RTMSG.size) if length <= _FAR_REACHING and not flags & _RTM_F_CLONED else {}
    lookup = number(told.get(_RTA_TABLE)) or table
    if not told or lookup == LOCAL_TABLE or family not in _BITS:
        return []
    size = _BITS[family] // 8
    place = address(told.get(_RTA_DST, b"").ljust(size, b"\0")[:size])
    hops = _hops(told)
    return [
        FarRoute(
            lookup=lookup,
            destination=f"{place}/{length}",
            length=length,
            kind=_TYPES.get(kind, ""),
            interface=interface_name(index),
            gateway=gateway,
            metric=number(told.get(_RTA_PRIORITY)) or 0,
        )
        for index, gateway in hops
    ]


def _hops(told: dict[int, bytes]) -> list[tuple[int, str]]:
    """Returns interface number and gateway of each next hop."""
    several = told.get(_RTA_MULTIPATH)
    if several is None:
        return [(number(told.get(_RTA_OIF)) or 0, _gateway(told))]
    found: list[tuple[int, str]] = []
    at = 0
    while at + _RTNEXTHOP.size <= len(several) and len(found) < 64:
        length, _, _, index = _RTNEXTHOP.unpack_from(several, at)
        if length < _RTNEXTHOP.size or at + length > len(several):
            break
        found.append((index, _gateway(dict(nested(several[: at + length], at + _RTNEXTHOP.size)))))
        at += (length + 3) & ~3
    return found


def _gateway(told: dict[int, bytes]) -> str:
    # RTA_VIA holds a family of two bytes before the address: an IPv4 route through an IPv6 router.
    return address(told.get(_RTA_GATEWAY, b"")) or address(told.get(_RTA_VIA, b"")[2:])
