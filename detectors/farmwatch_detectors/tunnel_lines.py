"""Tunnel interfaces of a device, what they carry, and whose program made them."""

import msgspec

from farmwatch_schema.finding import Evidence
from farmwatch_schema.observables.network import Gateway, Neighbours, NetworkInterface, Route

from .matching import tunnel_index
from .policy import Sanction
from .products import Tunnel
from .programs import Recognised
from .view import DeviceView

#: Tunnels that containers, virtual machines and the kernel make on their own. Sources: vpn_tunnel.yaml's sources
#: (lxc, libvirt, Kubernetes) and the fallback devices of the kernel's tunnel modules. Their bridges and cable
#: ends (docker0, veth, virbr) are of other kinds: a tunnel of such a name is none of theirs.
_USUAL = (
    "vnet", "lxc", "cni", "flannel", "cali", "cilium", "vmnet", "vboxnet", "vxlan.calico", "wireguard.cali",
    "tunl0", "sit0", "ip6tnl0", "gre0", "gretap0", "erspan0", "ip_vti0", "ip6_vti0", "ip6gre0", "awdl", "llw",
    "gif0", "stf0", "anpi", "ap1", "bridge",
    # IPv6 where a line has none (6in4, 6rd, 6to4, Teredo): it takes no IPv4 along.
    "sit", "6in4", "6rd", "6to4", "tun6to4", "he-ipv6", "teredo",
)  # fmt: skip

#: A call over a line: PPPoE and modems as much as VPNs. Windows names the carrier and no connection.
_CALLS, _CALLER = "ppp", "WAN Miniport"

#: macOS has several of its own for Handoff and Private Relay; only one that takes all traffic says something.
_MACOS_OWN = "utun"

#: Kinds of product that are reached through an interface of their own.
CONSUMER = ("commercial-vpn", "circumvention")
_MAKES_TUNNELS = (*CONSUMER, "corporate", "mesh", "protocol")


class Line(msgspec.Struct, frozen=True):
    """A tunnel interface, and whether all or nearly all traffic is routed into it."""

    name: str
    description: str
    carries_all: bool


def lines_of(device: DeviceView) -> list[Line]:
    """Returns the tunnels that are up, those that containers and the system itself make left out.

    None of theirs takes all of the laptop's traffic: one that does bears such a name for another reason.
    """
    takes_all = _take_all(device)
    known = {interface.name: interface for interface in device.of("network", NetworkInterface)}
    names = {name for name, interface in known.items() if interface.kind == "tunnel" and interface.up is not False}
    # A route straight into an interface that was not listed: nothing but a tunnel takes all traffic so.
    names |= {route.interface for route in device.of("network", Route) if route.interface not in known}
    lines = [
        Line(name, known[name].driver if name in known else "", name in takes_all)
        for name in sorted(names)
        if name in takes_all or not name.startswith(_USUAL)
    ]
    own = [line for line in lines if line.carries_all or not line.name.startswith(_MACOS_OWN)]
    return [line for line in own if not _is_a_call(device, line)]


def _take_all(device: DeviceView) -> set[str]:
    """Returns interfaces that take all traffic, or all but IPv6's; one that takes IPv6 alone beside IPv4 is none."""
    gateways = device.of("network", Gateway)
    ipv4 = [gateway for gateway in gateways if gateway.family == "ipv4"]
    best = min((gateway.metric for gateway in ipv4 or gateways), default=0)
    found = {gateway.interface for gateway in ipv4 or gateways if gateway.metric == best}
    found |= {it.interface for it in device.of("network", Route) if not ipv4 or ":" not in it.destination}
    return found


def _is_a_call(device: DeviceView, line: Line) -> bool:
    """Whether a PPP interface is the line itself: nothing else leads out, so nothing could carry a tunnel.

    What Windows connects by itself is the company's when it takes only some traffic: it needs an administrator.
    """
    if not (line.name.startswith(_CALLS) or line.description.startswith(_CALLER)):
        return False
    carriers = [it for it in device.of("network", Gateway) if it.interface != line.name and it.address is not None]
    listed = any(it.name == line.name for it in device.of("network", NetworkInterface))
    near = any(it.interface != line.name for it in device.of("network", Neighbours))  # it left its gateway's route out
    return (listed and not carriers and not near) or (line.description.startswith(_CALLER) and not line.carries_all)


def owners_of(lines: list[Line], found: dict[str, Recognised[Tunnel]]) -> dict[str, str]:
    """Returns whose each tunnel is, by interface: by its name or driver, else the only program that could own it.

    Such a program explains one nameless tunnel and no more, and a company's program none that bears another
    protocol's name: whatever else is up stays unexplained.
    """
    owners = {line.name: _named_owner(line, found) for line in lines}
    able = [each.product for each in found.values() if each.programs and each.product.category in _MAKES_TUNNELS]
    nameless = [line for line in lines if not owners[line.name]]
    if len(able) > 1 and len(nameless) == 1 and not nameless[0].name.startswith(_MACOS_OWN):
        # A company's agent runs all day. Where its tunnel would bear its own name, this one is the consumer VPN's.
        able = [each for each in able if each.category in CONSUMER or not _names(each)]
    if len(able) == 1 and able[0].id not in owners.values() and len(nameless) == 1:
        [line] = nameless
        if able[0].category != "corporate" or not _protocol(line):
            owners[line.name] = able[0].id
    return {line.name: owners[line.name] or _protocol(line) or _driven_by(line) for line in lines}


def _named_owner(line: Line, found: dict[str, Recognised[Tunnel]]) -> str:
    for product in tunnel_index().products:
        if product.category == "protocol":
            continue
        sourced = any(_bears(line, name) for name in (*product.interfaces, *product.adapters))
        hinted = any(_bears(line, name) for name in (*product.hints.interfaces, *product.hints.adapters))
        # Names that could clear, or that nobody confirmed, count only beside the program.
        if (sourced and product.alarm != "allow") or ((sourced or hinted) and product.id in found):
            return product.id
    return ""


def _names(product: Tunnel) -> tuple[str, ...]:
    return (*product.interfaces, *product.adapters, *product.hints.interfaces, *product.hints.adapters)


def _protocol(line: Line) -> str:
    for product in tunnel_index().products:
        if product.category == "protocol" and any(_bears(line, name) for name in product.interfaces):
            return product.id
    return ""


def _driven_by(line: Line) -> str:
    """Returns the protocol whose driver it is; a company's client may use it too, so other names go first."""
    for product in tunnel_index().products:
        if product.category == "protocol" and any(_bears(line, name) for name in product.adapters):
            return product.id
    return ""


def allowed_as(device: DeviceView, product: str, lines: list[Line]) -> Sanction | None:
    """Returns the policy entry for a product, or for each of its tunnels by interface or adapter; None without."""
    named = device.allowed(vpn=product) if product else None
    entries = [
        device.allowed(vpn=line.name) or (device.allowed(vpn=line.description) if line.description else None)
        for line in lines
    ]
    return named or (entries[0] if entries and all(entries) else None)


def _bears(line: Line, name: str) -> bool:
    if name.endswith("*"):
        return line.name.startswith(name[:-1])
    return name == line.name or (bool(line.description) and name.casefold() == line.description.casefold())


def quote_of(line: Line, source: str) -> Evidence:
    """Returns what a finding quotes of a tunnel interface."""
    state = "up, and takes all traffic" if line.carries_all else "up"
    return Evidence(kind="network", subject=f"interface {line.name}", fact=f"Is a tunnel, {state}.", source=source)
