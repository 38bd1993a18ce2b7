"""States that traffic goes, or could go, through a VPN, mesh or tunnel that the company does not run.

Detects
    Tunnel interfaces, routes that take all traffic into one, and programs of catalog/vpn_tunnel.yaml. Level 1:
    an unknown tunnel, a mesh VPN, a reverse tunnel (ssh -R too), or a consumer VPN that is down. Level 2: a
    consumer VPN whose tunnel is up. Level 3: a VPN that is named in reports on farms, running.
Why
    A farm's operator hides where he is, or reaches the house through a private network.
Innocent explanations
    Privacy at home or in a café; a developer's private network; the company's own VPN, which is level 0 when
    the catalogue knows it as one that companies install, or the policy names it.
Blind spots
    A VPN on the router or on the KVM's side shows nothing here. Policy routing hides what a tunnel carries.
    An interface can bear any name. Forwards that stand in ssh's settings file, and programs that hide their
    arguments, set no flag; a local proxy (tor, obfs4proxy under another name) makes no interface.
Triage
    Ask what the tunnel is for; compare with the policy and with the address it is seen from.
References
    T1572 Protocol Tunneling, T1090 Proxy; catalog/vpn_tunnel.yaml names sources per entry.
"""

from collections.abc import Iterator

import msgspec

from farmwatch_schema.finding import Evidence, Finding
from farmwatch_schema.observables.network import Gateway, NetworkInterface, Route

from .detector import Detector
from .hardware import words_of
from .matching import tunnel_index
from .products import Tunnel
from .programs import Recognised, evidence_of, first_seen, recognised, source_of, surely
from .view import DeviceView

#: Tunnels that containers, virtual machines and the kernel make on their own. Sources: vpn_tunnel.yaml's sources
#: (lxc, libvirt, Kubernetes) and the fallback devices of the kernel's tunnel modules. Their bridges and cable
#: ends (docker0, veth, virbr) are of other kinds: a tunnel of such a name is none of theirs.
_USUAL = (
    "vnet", "lxc", "cni", "flannel", "cali", "cilium", "vmnet", "vboxnet", "vxlan.calico", "wireguard.cali",
    "tunl0", "sit0", "ip6tnl0", "gre0", "gretap0", "erspan0", "ip_vti0", "ip6_vti0", "ip6gre0", "awdl", "llw",
    "gif0", "stf0", "anpi", "ap1", "bridge",
)  # fmt: skip

#: macOS has several of its own for Handoff and Private Relay; only one that takes all traffic says something.
_MACOS_OWN = "utun"

_CONSUMER = ("commercial-vpn", "circumvention")
_REVERSE = "reverse-tunnel"
_HIDES = "it can hide where the laptop is or who reaches it"
_MAKES_TUNNELS = (*_CONSUMER, "corporate", "mesh", "protocol")


class _Line(msgspec.Struct, frozen=True):
    """A tunnel interface, and whether all or nearly all traffic is routed into it."""

    name: str
    description: str
    carries_all: bool


def detect(device: DeviceView) -> Iterator[Finding]:
    """Yields one finding per VPN or tunnel program, and one per tunnel that nothing explains."""
    found = {each.product.id: each for each in recognised(device, tunnel_index())}
    lines = _lines(device)
    owners = _owners(lines, found)
    for product in tunnel_index().products:
        mine = [line for line in lines if owners[line.name] == product.id]
        program = found.get(product.id)
        level, what = _level(product, program, mine)
        if what:
            yield _finding(device, product, program, mine, level, what)
    for line in lines:
        if not owners[line.name]:
            yield _unknown(device, line)


def _lines(device: DeviceView) -> list[_Line]:
    """The tunnels that are up, those that containers and the system itself make left out.

    None of theirs takes all of the laptop's traffic: one that does bears such a name for another reason.
    """
    takes_all = {route.interface for route in device.of("network", Route)}
    gateways = device.of("network", Gateway)
    best = min((gateway.metric for gateway in gateways), default=0)
    takes_all |= {gateway.interface for gateway in gateways if gateway.metric == best}
    known = {interface.name: interface for interface in device.of("network", NetworkInterface)}
    names = {name for name, interface in known.items() if interface.kind == "tunnel" and interface.up is not False}
    # A route straight into an interface that was not listed: nothing but a tunnel takes all traffic so.
    names |= {route.interface for route in device.of("network", Route) if route.interface not in known}
    lines = [
        _Line(name, known[name].driver if name in known else "", name in takes_all)
        for name in sorted(names)
        if name in takes_all or not name.startswith(_USUAL)
    ]
    return [line for line in lines if line.carries_all or not line.name.startswith(_MACOS_OWN)]


def _owners(lines: list[_Line], found: dict[str, Recognised[Tunnel]]) -> dict[str, str]:
    """Returns whose each tunnel is, by interface: by its name or driver, else the only program that could own it.

    Such a program explains one nameless tunnel and no more, and a company's program none that bears another
    protocol's name: whatever else is up stays unexplained.
    """
    owners = {line.name: _named_owner(line, found) for line in lines}
    able = [each.product for each in found.values() if each.programs and each.product.category in _MAKES_TUNNELS]
    nameless = [line for line in lines if not owners[line.name]]
    if len(able) == 1 and able[0].id not in owners.values() and len(nameless) == 1:
        [line] = nameless
        if able[0].category != "corporate" or not _protocol(line):
            owners[line.name] = able[0].id
    return {line.name: owners[line.name] or _protocol(line) for line in lines}


def _named_owner(line: _Line, found: dict[str, Recognised[Tunnel]]) -> str:
    for product in tunnel_index().products:
        if product.category == "protocol":
            continue
        sourced = any(_bears(line, name) for name in (*product.interfaces, *product.adapters))
        hinted = any(_bears(line, name) for name in (*product.hints.interfaces, *product.hints.adapters))
        # Names that could clear, or that nobody confirmed, count only beside the program.
        if (sourced and product.alarm != "allow") or ((sourced or hinted) and product.id in found):
            return product.id
    return ""


def _protocol(line: _Line) -> str:
    for product in tunnel_index().products:
        if product.category == "protocol" and any(_bears(line, name) for name in product.interfaces):
            return product.id
    return ""


def _bears(line: _Line, name: str) -> bool:
    if name.endswith("*"):
        return line.name.startswith(name[:-1])
    return name == line.name or (bool(line.description) and name.casefold() == line.description.casefold())


def _level(product: Tunnel, program: Recognised[Tunnel] | None, lines: list[_Line]) -> tuple[int, str]:
    """Returns level and what it does, in words; "" when there is nothing to say."""
    running = program is not None and bool(program.programs)
    sure = program is not None and surely(program)
    up = "has its tunnel up" + (" and carries all traffic" if any(line.carries_all for line in lines) else "")
    if product.category == "proxy" and product.alarm != "warn":
        return 0, ""
    if product.alarm == "allow":
        return 0, up if lines else "runs" if running else ""
    if "farm-reported" in product.tags and (sure or lines):
        return (3, up if lines else "runs") if running or lines else (2, "is installed")
    if lines:
        return (2 if product.category in _CONSUMER else 1), up
    told = program is not None and any(f.kind == "flag" for _, match in program.programs for f in match.facts)
    if running and (sure or told or product.category in _CONSUMER):
        # Those of circumvention are proxies for the most part: no interface of theirs is missing.
        return 1, "runs, its tunnel is not up" if product.category == "commercial-vpn" else "runs"
    return (1, "is installed") if sure and product.category in _CONSUMER else (0, "")


def _finding(
    device: DeviceView,
    product: Tunnel,
    program: Recognised[Tunnel] | None,
    lines: list[_Line],
    level: int,
    what: str,
) -> Finding:
    sanction = device.policy.sanction_for(device.device, device.now.date(), vpn=product.id)
    named = ", named in reports on laptop farms," if "farm-reported" in product.tags else ""
    if sanction is not None:
        level, sentence = 0, f"{product.name} {what}. Policy allows it here: {words_of(sanction)}."
    elif product.alarm == "allow":
        sentence = f"{product.name} {what}. Companies install it themselves. Check: is it your own?"
    else:
        can = "somebody outside can reach into this laptop" if product.category == _REVERSE else _HIDES
        sentence = (
            f"{product.name}{named} {what}: {can}. No policy allows it "
            f"here. Could be {_INNOCENT.get(product.category, 'a developer at work')}. Check: ask what it is for."
        )
    quotes = tuple(_quote(line, source_of(product)) for line in lines) + (evidence_of(program) if program else ())
    return Finding(
        detector=DETECTOR.id,
        group=DETECTOR.group,
        level=level,
        sentence=sentence,
        evidence=quotes,
        subject=product.id,
        seen_from=first_seen(device, program) if program else "",
        sanctioned=words_of(sanction) if sanction else "",
    )


_INNOCENT = {
    "commercial-vpn": "privacy at home or in a café",
    "circumvention": "somebody on a network that blocks sites",
    "mesh": "a developer's or family's private network",
    "protocol": "the company's own VPN without a policy entry",
}


def _unknown(device: DeviceView, line: _Line) -> Finding:
    sanction = device.policy.sanction_for(device.device, device.now.date(), vpn=line.name)
    all_traffic = " and takes all traffic" if line.carries_all else ""
    if sanction is not None:
        sentence = f"Tunnel {line.name} is up{all_traffic}. Policy allows it here: {words_of(sanction)}."
    else:
        sentence = (
            f"Tunnel {line.name} is up{all_traffic}, and no known VPN explains it. Could be the company's own VPN "
            f"without a policy entry, or a developer's. Check: ask where it leads."
        )
    return Finding(
        detector=DETECTOR.id,
        group=DETECTOR.group,
        level=0 if sanction else 1,
        sentence=sentence,
        evidence=(_quote(line, ""),),
        subject=line.name,
        sanctioned=words_of(sanction) if sanction else "",
    )


def _quote(line: _Line, source: str) -> Evidence:
    state = "up, and takes all traffic" if line.carries_all else "up"
    return Evidence(kind="network", subject=f"interface {line.name}", fact=f"Is a tunnel, {state}.", source=source)


DETECTOR = Detector(
    id="vpn_or_tunnel",
    group="N",
    title="VPN or tunnel that is not the company's",
    attack=("T1572", "T1090"),
    consumes=("network", "processes", "services", "software", "sockets"),
    detect=detect,
)
