r"""Network on Windows, from IP Helper, the network class in the registry, and wlanapi for the radio.

Sources: learn.microsoft.com, IP_ADAPTER_ADDRESSES, MIB_IPFORWARD_ROW2 (the metric of a route is its own plus its
interface's), MIB_IPNET_ROW2; ipifcons.h for types; "Registry Entries for a Network Adapter" for ComponentId and
NetCfgInstanceId. `Control\RadioManagement\SystemRadioState`, default value 1 while airplane mode is on, is not
documented; public programs agree on it (LenovoLegionToolkit pull request 291 among them).
"""

import re
from collections.abc import Iterator

import msgspec

from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables import Gap, Observable
from farmwatch_schema.observables.network import Gateway, NameServer, NetworkInterface, Radio, Route

from ...host import Host, HostError, Missing, NotSupported
from ...host.protocol import RowType
from ...host.windows.network import IpNeighbour, IpRoute, NetworkAdapter
from ...host.windows.registry import RegistryBranch, RegistryKey
from ...host.windows.wlan import WlanInterface
from ..asking import outcome_of
from ..bounds import at_most
from ..gateways import Hop, merged, observables, second_opinion
from .linux import Neighbour, count_makers

CLASS = r"HKLM\SYSTEM\CurrentControlSet\Control\Class\{4D36E972-E325-11CE-BFC1-08002BE10318}"
AIRPLANE = r"HKLM\SYSTEM\CurrentControlSet\Control\RadioManagement\SystemRadioState"
LOCATION = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\CapabilityAccessManager\ConsentStore\location"
LOCATION_POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\LocationAndSensors"
LOCATION_SERVICE = r"HKLM\SYSTEM\CurrentControlSet\Services\lfsvc"
MAX_ITEMS = 500

_ETHERNET, _PPP, _LOOPBACK, _PROPRIETARY, _WIFI, _TUNNEL, _BRIDGE = 6, 23, 24, 53, 71, 131, 209
#: ipifcons.h; 53 (proprietary virtual) is what layer-3 tunnels register: Wintun, WireGuardNT, OpenVPN's.
_KINDS = {_PPP: "tunnel", _LOOPBACK: "loopback", _PROPRIETARY: "tunnel", _WIFI: "wifi", _TUNNEL: "tunnel",
          _BRIDGE: "bridge", 243: "mobile", 244: "mobile"}  # fmt: skip
#: An Ethernet adapter that software makes is a tunnel's when its driver says so; others are those of virtual machines.
_TUNNEL_WORDS = re.compile(
    r"\b(?:vpn|tap|tun|tunnel|wintun|wireguard|ssl|openvpn|anyconnect|pangp|globalprotect|hamachi|zerotier|tailscale"
    r"|zscaler|netextender|fortinet|pulse|juniper|private internet access|check point|citrix|sangfor|softether)\b"
    r"|\btap-|\btap\d|^(?:root\\)?(?:tap|wintun|ovpn|wireguard)",
    re.IGNORECASE,
)
_ORDINAL = re.compile(r" #\d{1,4}$")
_DEFAULTS = ("0.0.0.0/0", "::/0")
_SPLIT = frozenset({"0.0.0.0/1", "128.0.0.0/1", "::/1", "8000::/1", "2000::/3"})
#: What Windows lists where an adapter has no IPv6 name server (site-local, RFC 3879 took them away).
_NO_SERVER = "fec0:0:0:ffff::"
_DISABLED = 4
#: TUNNEL_TYPE of ifdef.h: 6to4, ISATAP and Teredo carry IPv6 where there is none, and are no VPN.
_TRANSITION = (11, 13, 14)


class Driver(msgspec.Struct, frozen=True):
    """What the network class says of an adapter: id of its component, and the bus its device hangs on."""

    component: str
    bus: str


def collect(host: Host) -> Iterator[Observable]:
    """Yields interfaces, default routes, routes that take all traffic, name servers, neighbours' makers and radios."""
    adapters = host.rows(NetworkAdapter)
    if not adapters:
        # Every Windows has a loopback interface, so this is no evidence of nothing.
        raise NotSupported("no network adapter is listed")
    gaps: list[Gap] = []
    drivers = drivers_of(host, gaps)
    yield from at_most((observable(it, drivers.get(it.guid.upper())) for it in adapters), MAX_ITEMS, "interfaces")
    routes = _asked(host, IpRoute, "routes", gaps)
    neighbours = _asked(host, IpNeighbour, "neighbours", gaps)
    yield from at_most(gateways(routes, neighbours, adapters, second_opinion(host)), MAX_ITEMS, "gateways")
    names = names_of(adapters)
    split = {(it.destination, names.get(it.index, "")) for it in routes if it.destination in _SPLIT}
    yield from (Route(destination=destination, interface=interface) for destination, interface in sorted(split))
    servers = {server: None for it in adapters if it.up for server in it.servers if not server.startswith(_NO_SERVER)}
    yield from at_most((NameServer(address=unkeyed("address", it)) for it in servers), MAX_ITEMS, "name servers")
    near = [Neighbour(it.address, it.mac, names.get(it.index, "")) for it in neighbours if is_unit(it.mac)]
    yield from at_most(count_makers(near), MAX_ITEMS, "neighbours")
    yield from radios(host, gaps)
    yield from gaps


def observable(adapter: NetworkAdapter, driver: Driver | None) -> NetworkInterface:
    """Returns what an adapter is; its driver's description stands without the number that Windows appends."""
    description = _ORDINAL.sub("", adapter.description)[:120]
    return NetworkInterface(
        name=told_name(adapter),
        kind=kind_of(adapter, driver),
        # The description of a dial-up or VPN connection is the name that somebody gave it.
        driver="WAN Miniport" if adapter.type == _PPP else description,
        mtu=adapter.mtu,
        bus=driver.bus if driver and driver.bus else "virtual" if adapter.hardware is False else "",
        up=adapter.up,
        address=unkeyed("mac", adapter.mac) if adapter.mac else None,
    )


def told_name(adapter: NetworkAdapter) -> str:
    """Returns an interface's name as it travels; `ppp` for a connection that a person named."""
    if adapter.type == _PPP:
        return "ppp"
    return "".join(char if char.isprintable() else "?" for char in adapter.name)[:64]


def names_of(adapters: list[NetworkAdapter]) -> dict[int, str]:
    """Returns the names of interfaces by index, that of IPv4 and of IPv6."""
    return {index: told_name(it) for it in adapters for index in (it.index, it.index6) if index}


def kind_of(adapter: NetworkAdapter, driver: Driver | None) -> str:
    """Returns an adapter's kind from its type, its component's id and whether hardware is behind it."""
    if adapter.type != _ETHERNET:
        return "other" if adapter.tunnel in _TRANSITION else _KINDS.get(adapter.type, "other")
    component = driver.component if driver else ""
    if component.lower().endswith("ms_bthpan"):
        return "other"
    bus = driver.bus if driver else ""
    made = adapter.hardware is False or bus == "virtual"
    # What nobody calls hardware may be a tunnel by its words alone: flags and registry can both be refused.
    doubtful = made or not (adapter.hardware or bus)
    if doubtful and (_TUNNEL_WORDS.search(adapter.description) or _TUNNEL_WORDS.search(component)):
        return "tunnel"
    return "virtual" if made else "ethernet"


def gateways(
    routes: list[IpRoute],
    neighbours: list[IpNeighbour],
    adapters: list[NetworkAdapter],
    second: list[Hop] | None = None,
) -> Iterator[Gateway]:
    """Yields the next hop of each default route, with its MAC from the neighbour table and its whole metric.

    second  what netifaces tells, by the GUIDs of adapters
    """
    names = names_of(adapters)
    macs = {(names.get(it.index, ""), it.address): it.mac for it in neighbours if is_unit(it.mac)}
    extra = {("ipv4", it.index): it.metric4 for it in adapters} | {("ipv6", it.index6): it.metric6 for it in adapters}
    hops = [
        Hop(it.family, names.get(it.index, ""), it.gateway, it.metric + extra.get((it.family, it.index), 0))
        for it in routes
        if it.destination in _DEFAULTS
    ]
    by_guid = {it.guid.upper(): told_name(it) for it in adapters}
    if second is not None:
        second = [
            msgspec.structs.replace(it, interface=by_guid[it.interface.upper()])
            for it in second
            if it.interface.upper() in by_guid
        ]
    yield from observables(merged(hops, second), macs)


def is_unit(mac: str) -> bool:
    """Whether a MAC is one unit's, rather than a group's or none."""
    return mac[1:2] in ("0", "2", "4", "6", "8", "a", "c", "e") and mac != "00:00:00:00:00:00"


def bus_of(path: str) -> str:
    """Returns the bus of a device instance, or of an id that matched: "USB\\VID_..." and the like; "" unknown."""
    start = path.partition("\\")[0].casefold()
    if start in ("usb", "pci"):
        return start
    return "virtual" if start in ("root", "swd", "vmbus", "{5d624f94-8850-40c3-a3fa-a4fd2080baf3}") else ""


def radios(host: Host, gaps: list[Gap]) -> Iterator[Radio]:
    """Yields airplane mode, the Wi-Fi radio and the switch of the location service, where the system tells them."""
    try:
        state = host.rows(RegistryKey, AIRPLANE)[0].number("")
        yield Radio(kind="airplane_mode", state={0: "off", 1: "on"}.get(-1 if state is None else state, ""))
    except Missing:
        pass
    except HostError as error:
        gaps.append(Gap(what="airplane mode", outcome=outcome_of(error)))
    try:
        states = {it.radio for it in host.rows(WlanInterface, "radios")}
        if states:
            yield Radio(kind="wifi", state=next((it for it in ("on", "blocked", "off") if it in states), ""))
    except HostError as error:
        gaps.append(Gap(what="Wi-Fi radio", outcome=outcome_of(error)))
    state_of_location = _location(host)
    if state_of_location:
        yield Radio(kind="location", state=state_of_location)
    else:
        gaps.append(Gap(what="location service", outcome="not_supported"))


def _location(host: Host) -> str:
    """Returns whether programs may learn the place: `blocked` by policy or a disabled service; "" not known."""
    try:
        if host.rows(RegistryKey, LOCATION_POLICY)[0].number("DisableLocation"):
            return "blocked"
    except HostError:
        pass
    try:
        if host.rows(RegistryKey, LOCATION_SERVICE)[0].number("Start") == _DISABLED:
            return "blocked"
    except HostError:
        pass
    try:
        value = host.rows(RegistryKey, LOCATION)[0].text("Value")
    except HostError:
        return ""
    return {"Allow": "on", "Deny": "off"}.get(value, "")


def drivers_of(host: Host, gaps: list[Gap]) -> dict[str, Driver]:
    """Returns what the registry says of each adapter, by its GUID in capitals."""
    try:
        keys = host.rows(RegistryBranch, CLASS)
    except HostError as error:
        gaps.append(Gap(what="drivers of network adapters", outcome=outcome_of(error)))
        return {}
    found: dict[str, Driver] = {}
    for key in keys:
        if key.problem or not key.name.isdigit():
            continue  # `Properties` is the system's own.
        try:
            guid, component = key.text("NetCfgInstanceId"), key.text("ComponentId")
            bus = bus_of(key.text("DeviceInstanceID")) or bus_of(key.text("MatchingDeviceId")) or bus_of(component)
        except HostError:
            continue
        # A component without a bus in its id (tap0901, wintun) is one that an installer made up.
        found[guid.upper()] = Driver(component, bus or ("" if "\\" in component else "virtual"))
    return found


def _asked(host: Host, kind: type[RowType], what: str, gaps: list[Gap]) -> list[RowType]:
    try:
        return host.rows(kind)
    except Missing:
        return []
    except HostError as error:
        gaps.append(Gap(what=what, outcome=outcome_of(error)))
        return []
