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

from collections.abc import Iterator

from farmwatch_schema.finding import Evidence, Finding
from farmwatch_schema.observables.services import Service

from .detector import Detector
from .hardware import quoted, words_of
from .matching import is_interpreter, tool_index, tunnel_index
from .products import Tunnel
from .programs import FORWARDS, Recognised, evidence_of, first_seen, recognised, surely
from .view import DeviceView


def detect(device: DeviceView) -> Iterator[Finding]:
    """Yields one finding per program that lets somebody in."""
    for found in recognised(device, tunnel_index()):
        if not found.programs or not _lets_in(found):
            continue
        level, what, more = _level(device, found)
        product = found.product
        today = device.now.date()
        sanction = device.policy.sanction_for(device.device, today, vpn=product.id, tool=product.id)
        if sanction is not None and not found.disguised:
            level, sentence = 0, f"{product.name} {what}. Policy allows it here: {words_of(sanction)}."
        else:
            sentence = (
                f"{product.name} {what}: somebody outside can reach into this laptop. No policy allows it here. "
                "Could be a developer at work, as many do. Check: ask what it is for and who uses it."
            )
        yield Finding(
            detector=DETECTOR.id,
            group=DETECTOR.group,
            level=level,
            sentence=sentence,
            evidence=evidence_of(found) + more,
            subject=product.id,
            seen_from=first_seen(device, found),
            sanctioned=words_of(sanction) if sanction and not level else "",
        )


def _lets_in(found: Recognised[Tunnel]) -> bool:
    """Whether it is a program for this, or another one that was told to do it (`tailscale funnel`)."""
    if FORWARDS & found.flags:
        return True
    return found.product.category == "reverse-tunnel" and surely(found)


def _level(device: DeviceView, found: Recognised[Tunnel]) -> tuple[int, str, tuple[Evidence, ...]]:
    """Returns level, what it does in words, and what else is quoted."""
    for waiting in recognised(device, tool_index()):
        driven = waiting.product.category == "os-builtin" or waiting.product.alarm in ("warn", "high")
        ports = [port for port in waiting.inner_ports if port not in waiting.product.hints.ports]
        if driven and waiting.product.role == "host" and ports and surely(waiting):
            fact = f"waits on {', '.join(ports)} for the laptop itself"
            quote = Evidence(kind="sockets", subject=waiting.product.name, fact=f"{fact[0].upper()}{fact[1:]}.")
            return 3, f"runs while {waiting.product.name} {fact}", (quote,)
    if found.disguised:
        return 2, f"runs under another name, {quoted(found.disguised[0].name)}", ()
    starts = [service for service in device.of("services", Service) if service.enabled and _is_of(service, found)]
    if starts:
        quote = Evidence(kind="services", subject=f"service {starts[0].name}", fact="Starts it with the system.")
        return 2, "runs and starts with the system", (quote,)
    return 1, "runs", ()


def _is_of(service: Service, found: Recognised[Tunnel]) -> bool:
    if any(service == its for its, match in found.services if match.confidence != "none"):
        return True
    paths = {process.path for process, _ in found.programs if process.path and not is_interpreter(process.name)}
    return bool(service.path) and service.path in paths


DETECTOR = Detector(
    id="reverse_tunnel",
    group="R",
    title="Tunnel that lets somebody in from outside",
    attack=("T1572", "T1090"),
    consumes=("processes", "services", "software", "sockets", "host"),
    detect=detect,
)
