"""States that a router on the way puts the laptop's traffic into a tunnel, or is one that people carry to do so.

Detects
    Maker of the gateway or access point (catalog/travel_routers.yaml); packets narrower than a line's while the
    laptop has no VPN itself; a TTL that its system never sends; a delay that all landmarks have in common; an exit at a
    hosting or VPN network. Level 1: such a maker, a size that only tunnels have, or such a TTL. Level 2: a narrow
    way with one of the others, or such a maker's router with that delay or exit.
Why
    Whoever works from elsewhere lets a small router send all to the claimed home; the laptop itself stays clean.
Innocent explanations
    GL.iNet sells good home routers; a VPN on the home's router; hotels and campers; a router on a mobile network has
    packets as narrow as WireGuard's, and some owners set the TTL for their carrier.
Blind spots
    A home router's prefix with full-sized packets shows nothing; OpenVPN's sizes vary. Only the company's own landmark
    tells the TTL, and Linux's is the router's. Nothing reports the resolver's country, or two routers in a row; a
    gateway's own delay is small either way.
Triage
    Ask what stands between laptop and line. Compare the round-trip times: a tunnel adds its own to every landmark.
References
    T1090 Proxy; GeoWatcher's case (a GL-MT3000 in Brazil); OpenWrt firewall `mtu_fix`; p0f, section mtu.
"""

from farmwatch_schema.observables.network import Gateway

from .detector import Detector, Findings, quote
from .path_width import exit_of, maker_of, own_tunnel, way_of
from .view import DeviceView


def detect(device: DeviceView) -> Findings:
    """Yields one finding for the router that is in use now."""
    way, maker = way_of(device), maker_of(device)
    known = maker is not None and not maker.shared
    hidden = "" if own_tunnel(device) else exit_of(device)
    behind_it = way.rewritten or way.delay_ms or hidden
    if (way.narrow and (known or behind_it)) or (known and way.delay_ms) or (maker and hidden):
        level, doing = 2, "sends all traffic into a tunnel, by what arrives"
    elif known or way.width == "tunnel" or way.rewritten or (maker and way.narrow):
        level, doing = 1, "can send all traffic elsewhere"
    else:
        return
    said: list[tuple[str, str, str]] = []
    if maker:
        said.append(("network", "who made it", f"The prefix of its address is {maker.name}'s."))
    if way.narrow:
        said.append(("latency", "packets narrower than a line's", way.fact))
    if way.rewritten:
        fact = f"Questions arrive at the company's landmark with a TTL of {way.rewritten}."
        said.append(("latency", "a lifetime of packets that is set anew", fact))
    if way.delay_ms:
        fact = f"The nearest of landmarks all over the world takes {way.delay_ms:g} ms, the gateway answers at once."
        said.append(("latency", "a delay before every landmark alike", fact))
    if hidden:
        said.append(("network", f"an exit at a {hidden} network", f"Reports come from a {hidden} network."))
    name = maker.id if maker else "router"
    sanction = device.allowed(vpn=name)
    placed = any(tie.kind == "gateway_mac" and tie.place for tie in device.ties)
    sentence = (
        f"The router between this laptop and its line {doing}: {', '.join(words for _, words, _ in said)}. Could it be "
        f"a good home router, or a VPN of the household's? Check: ask what stands between laptop and line."
    )
    quotes = [quote(kind, words, fact) for kind, words, fact in said]
    since = device.since("network", *device.of("network", Gateway))
    yield DETECTOR.finding(0 if sanction or placed else level, sentence, quotes, name, since=since, sanction=sanction)


DETECTOR = Detector(
    id="travel_router",
    group="N",
    title="Router that may hide where the laptop is",
    attack=("T1090",),
    consumes=("network", "wifi", "latency", "host", "processes", "services", "software", "sockets"),
    detect=detect,
)
