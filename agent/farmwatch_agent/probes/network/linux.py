"""Network on Linux, from /sys/class/net, /proc/net, and netlink for what /proc does not show.

Sources: Documentation/ABI/testing/sysfs-class-net; include/uapi/linux/if_arp.h for types and ATF_COM;
include/uapi/linux/route.h for RTF flags; resolv.conf(5); systemd-resolved.service(8).
"""

import re
from collections.abc import Iterator

import msgspec

from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables import Gap, Observable, bucket
from farmwatch_schema.observables.network import Gateway, NameServer, Neighbours, NetworkInterface, Route

from ...host import Host, HostError, Missing, NotSupported
from ...host.linux.rtnetlink import NeighbourEntry
from ...paths import base_name
from ..asking import link_of
from ..gateways import Hop, merged, observables, second_opinion
from ..linux_net import address_text, ipv6_text
from . import radios

NET = "/sys/class/net"
#: systemd-resolved lists the real servers here; resolv.conf then names only its own 127.0.0.53.
RESOLVED = "/run/systemd/resolve/resolv.conf"
RESOLV_CONF = "/etc/resolv.conf"

#: ARPHRD numbers of if_arp.h that tell the kind by themselves.
_TYPES = {"772": "loopback", "512": "tunnel", "768": "tunnel", "769": "tunnel", "776": "tunnel", "778": "tunnel",
          "823": "tunnel", "65534": "tunnel", "519": "mobile", "801": "wifi", "802": "wifi", "803": "wifi"}  # fmt: skip
#: DEVTYPE that drivers set in uevent.
_DEVTYPES = {"wlan": "wifi", "wwan": "mobile", "bridge": "bridge", "wireguard": "tunnel", "ppp": "tunnel",
             "vlan": "virtual", "bond": "virtual", "macvlan": "virtual",
             "vxlan": "tunnel", "geneve": "tunnel"}  # fmt: skip
_ETHERNET = "1"
_IFF_UP = 0x1
_RTF_UP, _RTF_GATEWAY, _RTF_REJECT = 0x1, 0x2, 0x200
_ATF_COM = 0x2
_NO_MAC = "00:00:00:00:00:00"
#: systemd.net-naming-scheme(7): a name made of the whole hardware address.
_NAMED_BY_MAC = re.compile(r"([a-z]{2}x)([0-9a-f]{12})")
#: Destinations that together take all or nearly all traffic without being called a default route.
_SPLIT = frozenset({"0.0.0.0/1", "128.0.0.0/1", "::/1", "8000::/1", "2000::/3"})


class RouteRow(msgspec.Struct, frozen=True, gc=False):
    """A route of the main table. `gateway` is "" when the destination is on the link itself."""

    family: str
    destination: str
    interface: str
    gateway: str
    metric: int


class Neighbour(msgspec.Struct, frozen=True, gc=False):
    """A complete entry of a neighbour table."""

    address: str
    mac: str
    interface: str


def collect(host: Host) -> Iterator[Observable]:
    """Yields interfaces, default routes, routes that take all traffic, name servers and neighbours by maker."""
    try:
        names = host.names(NET)
    except Missing as error:
        # Every Linux has a loopback interface, so this is no evidence of nothing.
        raise NotSupported(f"{error}; network interfaces cannot be listed") from None
    interfaces: list[NetworkInterface] = []
    refused = 0
    for name in names:
        try:
            interfaces.append(_interface(host, name))
        except Missing:
            continue  # Gone since the folder was listed, or a file such as bonding_masters.
        except HostError:
            refused += 1
    yield from interfaces
    if refused:
        yield Gap(what="network interfaces", outcome="not_permitted", count=bucket(refused))
    routes: list[RouteRow] = []
    yield from _routes(host, routes)
    neighbours: list[Neighbour] = []
    try:
        neighbours = parse_arp(host.text("/proc/net/arp"))
    except HostError as error:
        yield gap("IPv4 neighbours", error)
    if _uses_ipv6(host):
        try:
            entries = host.rows(NeighbourEntry, "ipv6")
            neighbours += [
                Neighbour(entry.address, entry.mac, entry.interface) for entry in entries if is_mac(entry.mac)
            ]
        except HostError as error:
            yield gap("IPv6 neighbours", error)
    yield from gateways(routes, neighbours, second_opinion(host))
    yield from (
        Route(destination=route.destination, interface=told_name(route.interface))
        for route in routes
        if route.destination in _SPLIT
    )
    yield from _name_servers(host)
    yield from count_makers(neighbours)
    tunnels = {interface.name for interface in interfaces if interface.kind == "tunnel" and interface.up}
    if tunnels:
        from . import rules  # noqa: PLC0415 (most laptops have no tunnel most of the time)

        yield from rules.collect(host, tunnels)
    yield from radios.collect(host, has_radio=any(interface.kind in ("wifi", "mobile") for interface in interfaces))


def gap(what: str, error: HostError) -> Gap:
    """Returns the gap that an error of the host leaves."""
    outcomes = {"NotPermitted": "not_permitted", "NotSupported": "not_supported", "Missing": "not_supported"}
    return Gap(what=what, outcome=outcomes.get(type(error).__name__, "broken"))  # type: ignore[arg-type]


def _interface(host: Host, name: str) -> NetworkInterface:
    """Returns one interface; raises what its type, which every interface has, raises."""
    folder = f"{NET}/{name}"
    uevent = parse_uevent(_text(host, f"{folder}/uevent"))
    kind_number = host.text(f"{folder}/type", 64).strip()
    if not kind_number:
        raise Missing(f"{folder}: has no type")
    device = link_of(host, f"{folder}/device")
    driver = base_name(link_of(host, f"{folder}/device/driver")) if device else ""
    bus = base_name(link_of(host, f"{folder}/device/subsystem")) if device else ""
    state, flags = _text(host, f"{folder}/operstate"), _text(host, f"{folder}/flags")
    marks = _marks(host, folder) if kind_number == _ETHERNET and uevent.get("DEVTYPE", "") not in _DEVTYPES else ()
    mac = _text(host, f"{folder}/address")
    mtu = _text(host, f"{folder}/mtu")
    return NetworkInterface(
        name=told_name(name),
        kind=kind_of(kind_number, uevent.get("DEVTYPE", ""), marks, hardware=bool(device)),
        driver=driver,
        mtu=int(mtu) if mtu.isdecimal() else 0,
        bus="virtual" if not device or bus == "virtio" else bus if bus in ("usb", "pci") else "",
        up=is_up(state, flags),
        address=unkeyed("mac", mac) if len(mac) == 17 and mac != _NO_MAC else None,
    )


def told_name(name: str) -> str:
    """Returns an interface's name as it travels: of a hardware address in it only what names its maker."""
    named = _NAMED_BY_MAC.fullmatch(name)
    if named is None:
        return name
    return f"{named[1]}{'' if int(named[2][1], 16) & 2 else named[2][:6]}*"


def _marks(host: Host, folder: str) -> tuple[str, ...]:
    """Returns which of the files that tell a kind are in an interface's folder."""
    try:
        names = host.names(folder)
    except HostError:
        return ()
    return tuple(mark for mark in ("wireless", "phy80211", "tun_flags", "bridge", "bonding") if mark in names)


def kind_of(number: str, devtype: str, marks: tuple[str, ...], *, hardware: bool) -> str:
    """Returns an interface's kind from its ARPHRD number, DEVTYPE, marks and whether a device is behind it."""
    if devtype in _DEVTYPES:
        return _DEVTYPES[devtype]
    if "wireless" in marks or "phy80211" in marks:
        return "wifi"
    if "tun_flags" in marks:
        return "tunnel"
    if "bridge" in marks:
        return "bridge"
    if number in _TYPES:
        return _TYPES[number]
    if number == _ETHERNET:
        return "ethernet" if hardware else "virtual"
    return "other"


def is_up(state: str, flags: str) -> bool | None:
    """Returns whether an interface is up; one that knows no carrier (`unknown`: tunnels) when it is switched on."""
    if state == "up":
        return True
    if state != "unknown":
        return False if state else None
    try:
        return bool(int(flags, 16) & _IFF_UP)
    except ValueError:
        return None


def parse_uevent(text: str) -> dict[str, str]:
    """Returns the KEY=value lines of a uevent file."""
    return {key: value for line in text.split("\n") for key, mark, value in [line.partition("=")] if mark}


def _routes(host: Host, routes: list[RouteRow]) -> Iterator[Gap]:
    """Fills `routes` and yields what could not be read."""
    for family, path, parse in (
        ("IPv4", "/proc/net/route", parse_route),
        ("IPv6", "/proc/net/ipv6_route", parse_ipv6_route),
    ):
        try:
            routes += parse(host.text(path, 1 << 22))
        except Missing:
            continue  # A kernel without this family has no route of it.
        except HostError as error:
            yield gap(f"{family} routes", error)


def parse_route(text: str) -> list[RouteRow]:
    """Returns the usable routes of /proc/net/route; lines that make no sense are left out."""
    rows: list[RouteRow] = []
    for line in text.split("\n")[1:]:
        parts = line.split()
        if len(parts) < 8:
            continue
        try:
            flags, metric, mask = int(parts[3], 16), int(parts[6]), int(parts[7], 16)
            if not flags & _RTF_UP or flags & _RTF_REJECT:
                continue
            destination = f"{address_text(parts[1])}/{mask.bit_count()}"
            gateway = address_text(parts[2]) if flags & _RTF_GATEWAY else ""
        except ValueError:
            continue
        rows.append(RouteRow("ipv4", destination, parts[0], gateway, metric))
    return rows


def parse_ipv6_route(text: str) -> list[RouteRow]:
    """Returns the usable routes of /proc/net/ipv6_route; lines that make no sense are left out."""
    rows: list[RouteRow] = []
    for line in text.split("\n"):
        parts = line.split()
        if len(parts) < 10 or len(parts[0]) != 32 or len(parts[4]) != 32 or parts[9] == "lo":
            continue
        try:
            flags, metric, length = int(parts[8], 16), int(parts[5], 16), int(parts[1], 16)
            if not flags & _RTF_UP or flags & _RTF_REJECT or length > 128:
                continue
            bytes.fromhex(parts[0] + parts[4])
        except ValueError:
            continue
        gateway = ipv6_text(parts[4]) if flags & _RTF_GATEWAY else ""
        rows.append(RouteRow("ipv6", f"{ipv6_text(parts[0])}/{length}", parts[9], gateway, metric))
    return rows


def parse_arp(text: str) -> list[Neighbour]:
    """Returns the complete entries of /proc/net/arp: the others come and go by themselves."""
    found: list[Neighbour] = []
    for line in text.split("\n")[1:]:
        parts = line.split()
        if len(parts) < 6 or len(parts[3]) != 17 or parts[3] == _NO_MAC:
            continue
        try:
            if int(parts[2], 16) & _ATF_COM and is_mac(parts[3]):
                found.append(Neighbour(parts[0], parts[3].lower(), parts[5]))
        except ValueError:
            continue
    return found


def is_mac(text: str) -> bool:
    """Whether a text is a hardware address of six bytes."""
    try:
        return len(text) == 17 and len(bytes.fromhex(text.replace(":", ""))) == 6
    except ValueError:
        return False


def gateways(routes: list[RouteRow], neighbours: list[Neighbour], second: list[Hop] | None = None) -> Iterator[Gateway]:
    """Yields the next hop of each default route, with its MAC where the neighbour table has it.

    second  what netifaces tells, which knows default routes of other tables than the main one, too
    """
    macs = {(entry.interface, entry.address): entry.mac for entry in neighbours}
    hops = [
        Hop(it.family, it.interface, it.gateway, it.metric) for it in routes if it.destination in ("0.0.0.0/0", "::/0")
    ]
    yield from observables(merged(hops, second), macs, told_name)


def count_makers(neighbours: list[Neighbour]) -> Iterator[Neighbours]:
    """Yields per interface and maker how many neighbours there are; "" stands for addresses made up by software."""
    counts: dict[tuple[str, str], set[str]] = {}
    for entry in neighbours:
        local = int(entry.mac[1], 16) & 2
        oui = "" if local else entry.mac[:8].replace(":", "")
        counts.setdefault((entry.interface, oui), set()).add(entry.mac)
    for (interface, oui), macs in sorted(counts.items()):
        yield Neighbours(interface=told_name(interface), oui=oui, count=bucket(len(macs)))


def parse_resolv_conf(text: str) -> list[str]:
    """Returns the addresses of `nameserver` lines, without a scope, each once and in order."""
    found = [words[1].partition("%")[0] for line in text.split("\n") if (words := line.split())[:1] == ["nameserver"]
             and len(words) > 1]  # fmt: skip
    return list(dict.fromkeys(found))


def _name_servers(host: Host) -> Iterator[Observable]:
    for path in (RESOLVED, RESOLV_CONF):
        try:
            servers = parse_resolv_conf(host.text(path))
        except Missing:
            continue
        except HostError as error:
            yield gap("name servers", error)
            return
        if servers or path == RESOLV_CONF:
            yield from (NameServer(address=unkeyed("address", server)) for server in servers)
            return


def _uses_ipv6(host: Host) -> bool:
    text = _text(host, "/proc/net/if_inet6")
    return any(line.split()[-1:] != ["lo"] for line in text.split("\n") if line.strip())


def _text(host: Host, path: str) -> str:
    """Returns a file's text; "" when it cannot be read: drivers refuse single files with many errors."""
    try:
        return host.text(path, 4096).strip()
    except HostError:
        return ""
