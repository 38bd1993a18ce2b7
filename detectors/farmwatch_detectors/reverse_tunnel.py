"""States that a program lets somebody outside reach ports of this laptop.

Detects
    Programs that open a tunnel from within: ssh with a remote forward, chisel, frp, cloudflared, ngrok, VS Code's
    tunnel and others of catalog/vpn_tunnel.yaml, by name or by what their arguments say. Level 1: one runs. Level 2:
    it starts with the system, or its file bears another name. Level 3: a remote desktop or remote tool waits on the
    laptop's own loopback beside it.
Why
    Such a tunnel needs no open port and no remote tool's relay: the operator reaches ssh, VNC or RDP through it.
Innocent explanations
    Developers who show a page to a colleague or test a webhook; VS Code's remote work; a home server's tunnel.
Blind spots
    Forwards that stand in ssh's settings file, and programs that hide their arguments, set no flag. What the tunnel
    leads to is not told. A tunnel on the router or on another machine shows nothing here.
Triage
    Ask what it is for and who uses the other end. Look at what listens on the laptop's loopback.
References
    T1572 Protocol Tunneling, T1090 Proxy; docs/flags.md names the source of each flag.
"""

from farmwatch_schema.finding import Evidence

from .detector import Detector, Findings, quote
from .hardware import quoted
from .matching import tunnel_index
from .products import Tunnel
from .programs import Recognised, evidence_of, first_seen, recognised
from .tunnel_ends import lets_in, starter_of, waiting_at
from .view import DeviceView


def detect(device: DeviceView) -> Findings:
    """Yields one finding per program that lets somebody in."""
    for found in recognised(device, tunnel_index()):
        if not found.programs or not lets_in(found):
            continue
        product = found.product
        level, what, more = _level(device, found)
        sanction = device.allowed(vpn=product.id, tool=product.id)
        if sanction is not None and not found.disguised:
            level, sentence = 0, f"{product.name} {what}. Policy allows it here: {sanction.words}."
        else:
            sentence = (
                f"{product.name} {what}: somebody outside can reach into this laptop. No policy allows it here. "
                "Could it be a developer at work, as many are? Check: ask what it is for and who uses it."
            )
        quotes, since = evidence_of(found) + more, first_seen(device, found)
        allowed = None if level else sanction
        yield DETECTOR.finding(level, sentence, quotes, product.id, since=since, sanction=allowed)


def _level(device: DeviceView, found: Recognised[Tunnel]) -> tuple[int, str, tuple[Evidence, ...]]:
    """Returns level, what it does in words, and what else is quoted."""
    waiting = waiting_at(device)
    if waiting is not None:
        tool, ports = waiting
        fact = f"aits on {', '.join(ports)} for the laptop itself"
        return 3, f"runs while {tool.name} w{fact}", (quote("sockets", tool.name, f"W{fact}."),)
    if found.disguised:
        return 2, f"runs under another name, {quoted(found.disguised[0].name)}", ()
    starter = starter_of(device, found)
    if starter is not None:
        starts = quote("services", f"service {starter.name}", "Starts it with the system.")
        return 2, "runs and starts with the system", (starts,)
    return 1, "runs", ()


DETECTOR = Detector(
    id="reverse_tunnel",
    group="R",
    title="Tunnel that lets somebody in from outside",
    attack=("T1572", "T1090"),
    consumes=("processes", "services", "software", "sockets", "host"),
    detect=detect,
)
