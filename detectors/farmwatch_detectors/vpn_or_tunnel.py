"""States that traffic goes, or could go, through a VPN or mesh that the company does not run.

Detects
    Tunnel interfaces, routes that take all traffic into one, and programs of catalog/vpn_tunnel.yaml. Level 1:
    an unknown tunnel, a mesh VPN, or a consumer VPN that is down. Level 2: a consumer VPN whose tunnel is up, or a
    mesh that takes all traffic. Level 3: a VPN that is named in reports on farms, running. Tunnels that let somebody
    in are `reverse_tunnel`'s.
Why
    A farm's operator hides where he is, or reaches the house through a private network.
Innocent explanations
    Privacy at home or in a café; a developer's private network; the company's own VPN, which is level 0 when the
    catalogue knows it as one that companies install, or the policy names it, its interface or its adapter. A call over
    a line (PPPoE, a modem) is no tunnel, nor what brings IPv6 alone.
Blind spots
    A VPN on the router is `travel_router`'s, one on the KVM's side nobody's. Policy routing hides what a tunnel
    carries; IPsec without an interface shows none; name servers are told without theirs. An interface can bear any
    name. On a Mac all tunnels are named alike: beside a company's VPN that runs too, a consumer VPN's is unexplained.
    A local proxy (tor, obfs4proxy under another name) makes no interface.
Triage
    Ask what the tunnel is for; compare with the policy and with the address it is seen from.
References
    T1572 Protocol Tunneling, T1090 Proxy; catalog/vpn_tunnel.yaml names sources per entry.
"""

from farmwatch_schema.finding import Finding

from .detector import Detector, Findings
from .matching import tunnel_index
from .products import Tunnel
from .programs import Recognised, evidence_of, first_seen, recognised, source_of, surely
from .tunnel_lines import CONSUMER, Line, allowed_as, lines_of, owners_of, quote_of
from .view import DeviceView

#: Kinds of product that this detector leaves to `reverse_tunnel`.
_REVERSE = "reverse-tunnel"

_INNOCENT = {
    "commercial-vpn": "privacy at home or in a café",
    "circumvention": "somebody on a network that blocks sites",
    "mesh": "a developer's or family's private network",
    "protocol": "the company's own VPN without a policy entry",
}


def detect(device: DeviceView) -> Findings:
    """Yields one finding per VPN or tunnel program, and one per tunnel that nothing explains."""
    found = {each.product.id: each for each in recognised(device, tunnel_index())}
    lines = lines_of(device)
    owners = owners_of(lines, found)
    for product in tunnel_index().products:
        program, mine = found.get(product.id), [line for line in lines if owners[line.name] == product.id]
        if (program or mine) and product.category != _REVERSE:
            yield from _named(device, product, program, mine)
    for line in lines:
        if not owners[line.name]:
            yield _unknown(device, line)


def _level(product: Tunnel, program: Recognised[Tunnel] | None, lines: list[Line]) -> tuple[int, str]:
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
        # A mesh that takes all traffic to one of its members hides the place as any VPN does.
        hides = product.category == "mesh" and any(line.carries_all for line in lines)
        return (2 if product.category in CONSUMER or hides else 1), up
    told = program is not None and any(f.kind == "flag" for _, match in program.programs for f in match.facts)
    if running and (sure or told or product.category in CONSUMER):
        # Those of circumvention are proxies for the most part: no interface of theirs is missing.
        return 1, "runs, its tunnel is not up" if product.category == "commercial-vpn" else "runs"
    return (1, "is installed") if sure and product.category in CONSUMER else (0, "")


def _named(device: DeviceView, product: Tunnel, program: Recognised[Tunnel] | None, lines: list[Line]) -> Findings:
    level, what = _level(product, program, lines)
    if not what:
        return
    sanction = allowed_as(device, product.id, lines)
    named = ", named in reports on laptop farms," if "farm-reported" in product.tags else ""
    if sanction is not None:
        level, sentence = 0, f"{product.name} {what}. Policy allows it here: {sanction.words}."
    elif product.alarm == "allow":
        sentence = f"{product.name} {what}. Companies install it themselves. Check: is it your own?"
    else:
        sentence = (
            f"{product.name}{named} {what}: it can hide where the laptop is or who reaches it. No policy allows it "
            f"here. Could it be {_INNOCENT.get(product.category, 'a developer at work')}? Check: ask what it is for."
        )
    quotes = (*(quote_of(line, source_of(product)) for line in lines), *(evidence_of(program) if program else ()))
    since = first_seen(device, program) if program else ""
    yield DETECTOR.finding(level, sentence, quotes, product.id, since=since, sanction=sanction)


def _unknown(device: DeviceView, line: Line) -> Finding:
    sanction = allowed_as(device, "", [line])
    all_traffic = " and takes all traffic" if line.carries_all else ""
    if sanction is not None:
        sentence = f"Tunnel {line.name} is up{all_traffic}. Policy allows it here: {sanction.words}."
    else:
        sentence = (
            f"Tunnel {line.name} is up{all_traffic}, and no known VPN explains it. Could it be the company's own "
            f"without a policy entry, or a developer's? Check: ask where it leads."
        )
    quotes = (quote_of(line, ""),)
    return DETECTOR.finding(0 if sanction else 1, sentence, quotes, line.name, sanction=sanction)


DETECTOR = Detector(
    id="vpn_or_tunnel",
    group="N",
    title="VPN or tunnel that is not the company's",
    attack=("T1572", "T1090"),
    consumes=("network", "processes", "services", "software", "sockets", "host"),
    detect=detect,
)
