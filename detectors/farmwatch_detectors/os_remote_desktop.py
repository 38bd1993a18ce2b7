"""States that the system's own remote desktop is open to the network, or that somebody is connected to it.

Detects
    Built-in remote desktop (GNOME Remote Desktop, krfb, vino, xrdp, Windows Remote Desktop, macOS Screen
    Sharing) that listens on more than loopback, or on loopback beside a program that forwards ports from
    outside: level 1. A live session from elsewhere: level 2; from a public address: level 3. Listening for the
    laptop itself only is shown and not counted; being installed is no finding.
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

import msgspec

from farmwatch_schema.finding import Evidence, Finding
from farmwatch_schema.observables.sessions import Session
from farmwatch_schema.observables.sockets import InboundConnection, Listener

from .detector import Detector
from .hardware import quoted, words_of
from .matching import tool_index
from .products import RemoteTool
from .programs import Recognised, evidence_of, forwarder_of, recognised
from .view import DeviceView

#: Runs most of Windows's own services, each with ports of its own.
_SHARED_HOST = "svchost.exe"
_PROTOCOLS = {"tcp/3389": "rdp", "tcp/5900": "vnc"}


class _Desktop(msgspec.Struct, frozen=True, kw_only=True):
    """A remote desktop and how it is reached: open and inner ports, peers from elsewhere, logins, forwarder."""

    tool: RemoteTool | None
    open_ports: tuple[int, ...] = ()
    inner_ports: tuple[int, ...] = ()
    connections: tuple[InboundConnection, ...] = ()
    logins: tuple[Session, ...] = ()
    forwarder: str = ""
    evidence: tuple[Evidence, ...] = ()

    @property
    def name(self) -> str:
        return self.tool.name if self.tool else f"Remote desktop ({self.logins[0].protocol.upper()})"

    @property
    def public(self) -> bool:
        peers = [c.peer for c in self.connections] + [s.client for s in self.logins if s.client is not None]
        return any(peer.scope == "public" for peer in peers)


def detect(device: DeviceView) -> Iterator[Finding]:
    """Yields one finding per built-in remote desktop that listens, and one for logins that none explains."""
    logins = [s for s in device.of("sessions", Session) if s.origin == "remote" and not s.ended]
    logins = [s for s in logins if s.protocol in _PROTOCOLS.values()]
    explained: set[str] = set()
    for found in recognised(device, tool_index()):
        if found.product.category == "os-builtin" and found.product.role == "host" and found.active:
            desktop = _desktop(device, found, logins)
            explained |= {login.protocol for login in desktop.logins}
            if desktop.open_ports or desktop.inner_ports or desktop.logins:
                yield _finding(device, desktop)
    for protocol in sorted({login.protocol for login in logins} - explained):
        yield _finding(device, _Desktop(tool=None, logins=tuple(s for s in logins if s.protocol == protocol)))


def _desktop(device: DeviceView, found: Recognised[RemoteTool], logins: list[Session]) -> _Desktop:
    usual = set(found.product.ports)
    helpers = set(found.product.hints.ports)
    listeners = [
        item
        for item in device.of("sockets", Listener)
        if item.protocol == "tcp" and f"tcp/{item.port}" not in helpers and _is_its(item, found, usual)
    ]
    reached = {item.port for item in listeners if item.scope == "network"}
    peers = [c for c in device.of("sockets", InboundConnection) if c.port in reached and c.peer.scope != "loopback"]
    protocols = {_PROTOCOLS[port] for port in usual if port in _PROTOCOLS}
    return _Desktop(
        tool=found.product,
        open_ports=tuple(sorted(reached)),
        inner_ports=tuple(sorted({item.port for item in listeners} - reached)),
        connections=tuple(peers),
        logins=tuple(login for login in logins if login.protocol in protocols),
        forwarder=forwarder_of(device),
        evidence=evidence_of(found),
    )


def _is_its(item: Listener, found: Recognised[RemoteTool], usual: set[str]) -> bool:
    """Whether a listener is the product's: by its owner, by its service's program, which starts when somebody comes
    (macOS), or by a usual port whose owner hides or is Windows.
    """
    shared = item.owner.casefold() == _SHARED_HOST
    path = (item.path or "").casefold()
    waiting = bool(path) and any(service.path.casefold() == path and service.enabled for service, _ in found.services)
    if shared or not item.owner:
        return f"tcp/{item.port}" in usual
    return item in found.listeners or waiting


def _level(desktop: _Desktop) -> tuple[int, str]:
    if desktop.connections or desktop.logins:
        place = "a public address" if desktop.public else "another machine"
        return 3 if desktop.public else 2, f"has somebody connected from {place}"
    if desktop.open_ports:
        return 1, f"is switched on and open to the network on {_words(desktop.open_ports)}"
    if desktop.forwarder:
        ports = _words(desktop.inner_ports)
        return 1, f"listens on {ports} while {quoted(desktop.forwarder)} forwards ports of this laptop to the outside"
    return 0, f"listens on {_words(desktop.inner_ports)}, for the laptop itself only"


def _finding(device: DeviceView, desktop: _Desktop) -> Finding:
    tool = desktop.tool
    level, what = _level(desktop)
    sanction = device.policy.sanction_for(device.device, device.now.date(), tool=tool.id) if tool else None
    if sanction is not None:
        level, sentence = 0, f"{desktop.name} {what}. Policy allows it here: {words_of(sanction)}."
    elif level == 0:
        sentence = f"{desktop.name} {what}: nobody outside can reach it without a tunnel. Check: is it needed?"
    else:
        sentence = (
            f"{desktop.name} {what}. It comes with the system, and most laptops keep it off. "
            f"Could be help desk or working from another room. Check: tickets, then ask who connects."
        )
    return Finding(
        detector=DETECTOR.id,
        group=DETECTOR.group,
        level=level,
        sentence=sentence,
        evidence=desktop.evidence + tuple(_quotes(desktop)),
        subject=tool.id if tool else desktop.logins[0].protocol,
        sanctioned=words_of(sanction) if sanction else "",
    )


def _quotes(desktop: _Desktop) -> Iterator[Evidence]:
    for ports, whom in ((desktop.open_ports, "the network"), (desktop.inner_ports, "the laptop itself only")):
        if ports:
            yield Evidence(kind="sockets", subject=desktop.name, fact=f"Listens on {_words(ports)} for {whom}.")
    for connection in desktop.connections:
        fact = f"Somebody is connected on port {connection.port} from a {connection.peer.scope} address."
        yield Evidence(kind="sockets", subject=desktop.name, fact=fact)
    for login in desktop.logins:
        fact = f"Remote {login.protocol} login since {login.since or 'an unknown time'}."
        yield Evidence(kind="sessions", subject=desktop.name, fact=fact)


def _words(ports: tuple[int, ...]) -> str:
    return ", ".join(f"tcp/{port}" for port in ports)


DETECTOR = Detector(
    id="os_remote_desktop",
    group="R",
    title="Built-in remote desktop open or in use",
    attack=("T1021.001", "T1021.005"),
    consumes=("processes", "services", "software", "sockets", "sessions"),
    detect=detect,
)
