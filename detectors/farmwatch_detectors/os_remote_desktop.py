"""States that the system's own remote desktop is open to the network, or that somebody is connected to it.

Detects
    Built-in remote desktop (GNOME Remote Desktop, krfb, vino, xrdp, Windows Remote Desktop, macOS Screen
    Sharing) that listens on more than loopback: level 1. A live session from elsewhere: level 2; from a public
    address: level 3. Being installed, or listening for the laptop itself only, is no finding.
Why
    It needs no extra program, so no list of tools shows it, and it lets the laptop be driven all day.
Innocent explanations
    Help desk; working on the office machine from home; a colleague on the same network; a test laboratory.
Blind spots
    A session through a tunnel that ends on the laptop comes from loopback. Without rights the owner of a
    listener is hidden: then a usual port counts only while its program or service is seen.
Triage
    Ask who connects and from where; compare with help-desk tickets. Switch remote desktop off by policy.
References
    T1021.001 Remote Desktop Protocol, T1021.005 VNC; catalog/remote_access.yaml, category os-builtin.
"""

from collections.abc import Iterator

from farmwatch_schema.finding import Evidence, Finding
from farmwatch_schema.observables.sessions import Session
from farmwatch_schema.observables.sockets import InboundConnection, Listener

from .detector import Detector
from .hardware import words_of
from .matching import tool_index
from .products import RemoteTool
from .programs import Recognised, evidence_of, recognised
from .view import DeviceView

_PROTOCOLS = {"tcp/3389": "rdp", "tcp/5900": "vnc"}


def detect(device: DeviceView) -> Iterator[Finding]:
    """Yields one finding per built-in remote desktop that is open, and one for sessions that none explains."""
    sessions = [s for s in device.of("sessions", Session) if s.origin == "remote" and not s.ended]
    explained: set[str] = set()
    for found in recognised(device, tool_index()):
        if found.product.category != "os-builtin" or found.product.role == "viewer":
            continue
        listeners = _open_listeners(device, found)
        ports = {listener.port for listener in listeners}
        connections = [c for c in device.of("sockets", InboundConnection) if c.port in ports]
        protocols = {_PROTOCOLS[port] for port in found.product.ports if port in _PROTOCOLS}
        mine = [session for session in sessions if session.protocol in protocols] if found.active else []
        if not listeners and not mine:
            continue
        explained |= {session.protocol for session in mine}
        yield _finding(device, found.product, listeners, connections, mine, evidence_of(found))
    for protocol in sorted({s.protocol for s in sessions if s.protocol in _PROTOCOLS.values()} - explained):
        yield _finding(device, None, [], [], [s for s in sessions if s.protocol == protocol], ())


def _open_listeners(device: DeviceView, found: Recognised[RemoteTool]) -> list[Listener]:
    """Listeners of the product's programs on its usual ports that others can reach."""
    if not found.active:
        return []
    usual = set(found.product.ports)
    return [
        item
        for item in device.of("sockets", Listener)
        if item.scope == "network"
        and f"{item.protocol}/{item.port}" in usual
        and (item in found.listeners or not item.owner or item.owner.casefold() == "svchost.exe")
    ]


def _finding(
    device: DeviceView,
    tool: RemoteTool | None,
    listeners: list[Listener],
    connections: list[InboundConnection],
    sessions: list[Session],
    evidence: tuple[Evidence, ...],
) -> Finding:
    name = tool.name if tool else f"Remote desktop ({sessions[0].protocol.upper()})"
    peers = [connection.peer for connection in connections if connection.peer.scope != "loopback"]
    peers += [session.client for session in sessions if session.client is not None]
    live = bool(sessions) or any(connection.peer.scope != "loopback" for connection in connections)
    public = any(peer.scope == "public" for peer in peers)
    level = (3 if public else 2) if live else 1
    open_ports = ", ".join(sorted({f"{item.protocol}/{item.port}" for item in listeners}))
    quotes = list(evidence)
    quotes += [
        Evidence(kind="sockets", subject=name, fact=f"Listens on {item.protocol}/{item.port} for the network.")
        for item in listeners
    ]
    quotes += [
        Evidence(kind="sockets", subject=name, fact=f"Connected on port {c.port} from a {c.peer.scope} address.")
        for c in connections
        if c.peer.scope != "loopback"
    ]
    quotes += [
        Evidence(kind="sessions", subject=name, fact=f"Remote {s.protocol} login since {s.since or 'an unknown time'}.")
        for s in sessions
    ]
    sanction = device.policy.sanction_for(device.device, device.now.date(), tool=tool.id) if tool else None
    what = (
        f"has somebody connected from {'a public address' if public else 'another machine'}"
        if live
        else f"is switched on and open to the network on {open_ports}"
    )
    if sanction is not None:
        level, sentence = 0, f"{name} {what}. Policy allows it here: {words_of(sanction)}."
    else:
        sentence = (
            f"{name} {what}. It comes with the system, and most laptops keep it off. "
            f"Could be help desk or working from another room. Check: tickets, then ask who connects."
        )
    return Finding(
        detector=DETECTOR.id,
        group=DETECTOR.group,
        level=level,
        sentence=sentence,
        evidence=tuple(quotes),
        subject=tool.id if tool else sessions[0].protocol,
        sanctioned=words_of(sanction) if sanction else "",
    )


DETECTOR = Detector(
    id="os_remote_desktop",
    group="R",
    title="Built-in remote desktop open or in use",
    attack=("T1021.001", "T1021.005"),
    consumes=("processes", "services", "software", "sockets", "sessions"),
    detect=detect,
)
