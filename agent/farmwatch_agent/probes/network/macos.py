"""Network on macOS, from the system's own commands; none of them sends anything.

Sources: ifconfig(8), netstat(1) and route(8) of macOS; net/route.h for the letters of flags (I: for sockets bound to
that interface only); scutil(8); arp(8); ndp(8); networksetup(8). Every Mac has several utun interfaces of its own, for
iCloud and calls to devices nearby: with a link-local address only, and with a default route for IPv6 that is scoped.
"""

import re
from collections.abc import Iterator

import msgspec

from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables import Gap, Observable
from farmwatch_schema.observables.network import Gateway, NameServer, NetworkInterface, Radio, Route

from ...host import Host, HostError, Missing, SourceBroken
from ..asking import outcome_of
from ..bounds import at_most
from ..gateways import Hop, merged, observables, second_opinion
from ..macos_homes import parse_dictionary
from .linux import Neighbour, count_makers

BLUETOOTH = "/Library/Preferences/com.apple.Bluetooth.plist"
LOCATION = "/private/var/db/locationd/Library/Preferences/ByHost"
MAX_ITEMS = 500
#: Names that people gave may be of any length; no sane line is longer.
MAX_LINE = 1_000
#: Names of drivers' interfaces, by how they begin; en is told by its hardware port.
_KINDS = (("lo", "loopback"), ("utun", "tunnel"), ("ipsec", "tunnel"), ("ppp", "tunnel"), ("tun", "tunnel"),
          ("tap", "tunnel"), ("wg", "tunnel"), ("gif", "tunnel"), ("stf", "tunnel"), ("bridge", "bridge"),
          ("pdp_ip", "mobile"), ("en", "ethernet"), ("vlan", "virtual"), ("bond", "virtual"), ("feth", "virtual"),
          ("vmenet", "virtual"), ("vmnet", "virtual"), ("vnic", "virtual"), ("awdl", "virtual"), ("llw", "virtual"),
          ("ap", "virtual"), ("p2p", "virtual"), ("anpi", "virtual"))  # fmt: skip
#: Its own, on every Mac, which say nothing when nothing goes through them.
_OWN_TUNNELS = ("utun", "gif", "stf")
#: What the Wi-Fi adapter is called: today, before 10.7, and in German. Other languages keep the English name.
_WIFI = ("Wi-Fi", "AirPort", "WLAN")
_MAC = re.compile(r"[0-9a-f]{1,2}(?::[0-9a-f]{1,2}){5}", re.IGNORECASE)
_ARP = re.compile(r"\S+ \((?P<address>[0-9.]+)\) at (?P<mac>[0-9a-fA-F:]+) on (?P<interface>\S+)")
_VPN = re.compile(r"^\*?\s*\((?P<state>[A-Za-z]+)\).*\[(?P<kind>[^\[\]]+)\]\s*$")
_SPLIT = frozenset({"0.0.0.0/1", "128.0.0.0/1", "::/1", "8000::/1", "2000::/3"})
_DEFAULTS = ("0.0.0.0/0", "::/0")


class Interface(msgspec.Struct, kw_only=True):
    """A block of ifconfig's output; `addressed`: it has an address beside the link-local one."""

    name: str
    up: bool = False
    mtu: int = 0
    mac: str = ""
    status: str = ""
    addressed: bool = False


class RouteRow(msgspec.Struct, frozen=True, gc=False):
    """A usable route; `scoped`: only for sockets bound to its interface."""

    family: str
    destination: str
    interface: str
    gateway: str
    scoped: bool


def collect(host: Host) -> Iterator[Observable]:
    """Yields interfaces, default routes, routes that take all traffic, name servers, neighbours' makers and radios."""
    gaps: list[Gap] = []
    interfaces = parse_ifconfig(_asked(host, "interfaces", "network interfaces", gaps))
    ports = parse_hardware_ports(_asked(host, "hardware_ports", "kinds of network adapters", gaps))
    routes = parse_routes(_asked(host, "routes", "routes", gaps))
    neighbours = parse_arp(_asked(host, "neighbours", "IPv4 neighbours", gaps))
    neighbours += parse_ndp(_asked(host, "neighbours_ipv6", "IPv6 neighbours", gaps))
    clients = parse_vpn_services(_asked(host, "vpn_services", "VPN connections of the system", gaps))
    busy = {route.interface for route in routes if _is_far(route)}
    told = [it for it in interfaces if it.addressed or it.name in busy or not it.name.startswith(_OWN_TUNNELS)]
    tunnels = [it.name for it in told if kind_of(it.name, ports) == "tunnel"]
    drivers = {tunnels[0]: clients[0]} if len(tunnels) == len(clients) == 1 else {}
    if not interfaces and not routes:
        # Every Mac has a loopback interface, so this is no evidence of nothing.
        raise SourceBroken("neither interfaces nor routes can be listed")
    yield from at_most((_observable(it, ports, drivers) for it in told), MAX_ITEMS, "interfaces")
    yield from at_most(gateways(routes, neighbours, second_opinion(host)), MAX_ITEMS, "gateways")
    split = {(it.destination, it.interface) for it in routes if it.destination in _SPLIT and not it.scoped}
    yield from (Route(destination=destination, interface=interface) for destination, interface in sorted(split))
    servers = parse_dns(_asked(host, "name_servers", "name servers", gaps))
    yield from (NameServer(address=unkeyed("address", server)) for server in servers)
    yield from at_most(count_makers(neighbours), MAX_ITEMS, "neighbours")
    yield from _radios(host, ports, gaps)
    yield from gaps


def parse_ifconfig(text: str) -> list[Interface]:
    """Returns the interfaces of `ifconfig -a`."""
    found: list[Interface] = []
    for line in text.split("\n"):
        if line[:1].strip() and ": flags=" in line:
            name, _, rest = line.partition(": flags=")
            words = rest.split()
            mtu = words[words.index("mtu") + 1] if "mtu" in words[:-1] else ""
            flags = rest.partition("<")[2].partition(">")[0].split(",")
            found.append(Interface(name=name, up="UP" in flags, mtu=int(mtu) if mtu.isdecimal() else 0))
            continue
        words = line.split()
        if not found or len(words) < 2:
            continue
        last = found[-1]
        if words[0] == "ether":
            last.mac = padded(words[1])
        elif words[0] == "status:":
            last.status = words[1]
        elif words[0] == "inet" or (words[0] == "inet6" and not words[1].startswith("fe80:")):
            last.addressed = True
    return found


def parse_hardware_ports(text: str) -> dict[str, str]:
    """Returns the name of the hardware port of each device: "Wi-Fi", "USB 10/100/1000 LAN", "Thunderbolt Bridge"."""
    found: dict[str, str] = {}
    port = ""
    for line in text.split("\n"):
        key, _, value = line.partition(": ")
        if key == "Hardware Port":
            port = value.strip()
        elif key == "Device" and port:
            found[value.strip()] = port[:64]
            port = ""
    return found


def wifi_devices(ports: dict[str, str]) -> list[str]:
    """Returns the names of Wi-Fi adapters."""
    return [device for device, port in ports.items() if port in _WIFI]


def kind_of(name: str, ports: dict[str, str]) -> str:
    """Returns an interface's kind, by its hardware port where it has one."""
    if ports.get(name, "") in _WIFI:
        return "wifi"
    return next((kind for start, kind in _KINDS if name.startswith(start)), "other")


def parse_routes(text: str) -> list[RouteRow]:
    """Returns the usable routes of `netstat -rn` with or without -l; lines that make no sense are left out."""
    found: list[RouteRow] = []
    family, columns = "", []
    for line in text.split("\n"):
        words = line.split()
        if line.startswith("Internet"):
            family = "ipv6" if line.startswith("Internet6") else "ipv4"
        elif words[:2] == ["Destination", "Gateway"]:
            columns = words
        elif family and "Netif" in columns and "Flags" in columns and len(words) > columns.index("Netif"):
            flags, interface = words[columns.index("Flags")], words[columns.index("Netif")]
            destination = destination_of(words[0], family)
            if destination and "U" in flags and not {"R", "B"} & set(flags):
                gateway = words[1].partition("%")[0] if "G" in flags and not words[1].startswith("link#") else ""
                gateway = gateway if "." in gateway or ":" in gateway else ""
                found.append(RouteRow(family, destination, interface, gateway, "I" in flags))
    return found


def destination_of(text: str, family: str) -> str:
    """Returns a destination in full: "default" is 0.0.0.0/0, "128.0/1" is 128.0.0.0/1; "" for nonsense.

    Networks are written without their last zeros, and without a length where it follows from the class (netstat(1)).
    """
    if text == "default":
        return _DEFAULTS[family == "ipv6"]
    address, slash, length = text.partition("/")
    address = address.partition("%")[0]
    if slash and not length.isdecimal():
        return ""
    if family == "ipv6":
        return f"{address}/{length or 128}" if ":" in address else ""
    parts = address.split(".")
    if not all(part.isdecimal() and len(part) < 4 for part in parts) or len(parts) > 4:
        return ""
    return f"{'.'.join((*parts, '0', '0', '0')[:4])}/{length or 8 * len(parts)}"


def parse_arp(text: str) -> list[Neighbour]:
    """Returns the complete entries of `arp -an`, without broadcast and multicast."""
    found: list[Neighbour] = []
    for line in text.split("\n"):
        match = _ARP.match(line[:MAX_LINE])
        mac = padded(match["mac"]) if match else ""
        if match and mac and not int(mac[1], 16) & 1:
            found.append(Neighbour(match["address"], mac, match["interface"]))
    return found


def parse_ndp(text: str) -> list[Neighbour]:
    """Returns the complete entries of `ndp -an`, without the laptop's own."""
    found: list[Neighbour] = []
    for line in text.split("\n")[1:]:
        words = line.split()
        if len(words) < 4 or words[3] == "permanent":
            continue
        mac = padded(words[1])
        if mac and not int(mac[1], 16) & 1:
            found.append(Neighbour(words[0].partition("%")[0], mac, words[2]))
    return found


def padded(text: str) -> str:
    """Returns a MAC with two digits a byte: macOS writes "10:7c:61:43:1:f8"; "" for what is none."""
    return ":".join(part.zfill(2) for part in text.lower().split(":")) if _MAC.fullmatch(text) else ""


def parse_dns(text: str) -> list[str]:
    """Returns the name servers that programs use by themselves: the first part of `scutil --dns`, each once."""
    first = text.partition("DNS configuration (for scoped queries)")[0]
    lines = (line.strip() for line in first.split("\n"))
    found = [line.partition(" : ")[2].strip().partition("%")[0] for line in lines if line.startswith("nameserver[")]
    return [server for server in dict.fromkeys(found) if "." in server or ":" in server][:32]


def parse_vpn_services(text: str) -> list[str]:
    """Returns of each connected VPN of `scutil --nc list` what makes it: "com.wireguard.macos", "L2TP", "IPSec"."""
    found: list[str] = []
    for line in text.split("\n"):
        match = _VPN.match(line[:MAX_LINE])
        if match and match["state"] == "Connected":
            found.append(match["kind"].partition(":")[2][:64] or match["kind"][:64])
    return found


def gateways(routes: list[RouteRow], neighbours: list[Neighbour], second: list[Hop] | None = None) -> Iterator[Gateway]:
    """Yields the next hop of each default route; a scoped one, which is for bound sockets, comes after all others.

    second  what netifaces tells, without the system's own utun interfaces, which lead nowhere
    """
    macs = {(entry.interface, entry.address): entry.mac for entry in neighbours}
    hops = [
        Hop(it.family, it.interface, it.gateway, int(it.scoped))
        for it in routes
        if it.destination in _DEFAULTS and _is_far(it)
    ]
    if second is not None:
        second = [it for it in second if not (it.interface.startswith(_OWN_TUNNELS) and it.address in ("", "fe80::"))]
    yield from observables(merged(hops, second), macs)


def _is_far(route: RouteRow) -> bool:
    """Whether a route takes traffic to elsewhere; scoped ones of the system's own, for its utun interfaces and the
    bridges of virtual machines, lead nowhere.
    """
    far = route.destination in _DEFAULTS or route.destination in _SPLIT
    return far and not (route.scoped and (route.interface.startswith(_OWN_TUNNELS) or not route.gateway))


def _observable(it: Interface, ports: dict[str, str], drivers: dict[str, str]) -> NetworkInterface:
    port = ports.get(it.name, "")
    return NetworkInterface(
        name=it.name[:32],
        kind=kind_of(it.name, ports),
        driver=drivers.get(it.name, port),
        mtu=it.mtu,
        bus="usb" if "USB" in port else "" if port else "virtual",
        up=it.up and it.status in ("", "active"),
        address=unkeyed("mac", it.mac) if it.mac.strip("0:") else None,
    )


def _radios(host: Host, ports: dict[str, str], gaps: list[Gap]) -> Iterator[Radio]:
    for device in wifi_devices(ports)[:1]:
        said = _asked(host, "wifi_power", "the Wi-Fi radio's switch", gaps, device).rstrip().lower()
        if said.endswith((": on", ": off")):
            yield Radio(kind="wifi", state=said.rpartition(" ")[2])
    power = _setting(host, BLUETOOTH, "ControllerPowerState", "the Bluetooth radio's switch", gaps)
    if power is not None:
        yield Radio(kind="bluetooth", state="on" if power else "off")
    try:
        names = [name for name in host.names(LOCATION) if name.startswith("com.apple.locationd.")]
    except Missing:
        return
    except HostError as error:
        gaps.append(Gap(what="the location service's switch", outcome=outcome_of(error)))
        return
    for name in names[:1]:
        on = _setting(host, f"{LOCATION}/{name}", "LocationServicesEnabled", "the location service's switch", gaps)
        if on is not None:
            yield Radio(kind="location", state="on" if on else "off")


def _setting(host: Host, path: str, key: str, what: str, gaps: list[Gap]) -> bool | None:
    """Returns a switch in a property list; None when it is not there or, with a gap, cannot be read."""
    try:
        value = parse_dictionary(host.read(path)).get(key)
    except Missing:
        return None
    except HostError as error:
        gaps.append(Gap(what=what, outcome=outcome_of(error)))
        return None
    except ValueError:
        gaps.append(Gap(what=what, outcome="broken"))
        return None
    return bool(value) if isinstance(value, (bool, int)) else None


def _asked(host: Host, name: str, what: str, gaps: list[Gap], of: str = "") -> str:
    """Returns what a command printed; "" with a gap where it could not be asked."""
    try:
        return host.command(name, of).decode("utf-8", "replace")
    except HostError as error:
        if not isinstance(error, Missing):
            gaps.append(Gap(what=what, outcome=outcome_of(error)))
        return ""
