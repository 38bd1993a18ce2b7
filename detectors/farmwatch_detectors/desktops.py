"""The system's own remote desktops of a device: how each is reached, and who is connected to it."""

from collections.abc import Iterator

import msgspec

from farmwatch_schema.finding import Evidence
from farmwatch_schema.observables.sessions import Session
from farmwatch_schema.observables.sockets import InboundConnection, Listener

from .machine import is_virtual
from .matching import tool_index
from .products import RemoteTool
from .programs import Recognised, evidence_of, forwarder_of, recognised
from .view import DeviceView

#: Runs most of Windows's own services, each with ports of its own.
_SHARED_HOST = "svchost.exe"
PROTOCOLS = {"tcp/3389": "rdp", "tcp/5900": "vnc"}


class Desktop(msgspec.Struct, frozen=True, kw_only=True):
    """A remote desktop and how it is reached: open and inner ports, peers from elsewhere, logins, forwarder.

    virtual  on a virtual machine, by its own word: a session is the desk itself there (Windows 365, Azure's desktops)
    program  what is quoted of the product itself
    """

    tool: RemoteTool | None
    open_ports: tuple[int, ...] = ()
    inner_ports: tuple[int, ...] = ()
    connections: tuple[InboundConnection, ...] = ()
    logins: tuple[Session, ...] = ()
    forwarder: str = ""
    virtual: bool = False
    program: tuple[Evidence, ...] = ()

    @property
    def name(self) -> str:
        """The product's, or that of the protocol of logins that no product explains."""
        return self.tool.name if self.tool else f"Remote desktop ({self.logins[0].protocol.upper()})"

    @property
    def public(self) -> bool:
        """Somebody is connected from a public address."""
        logins = () if self.virtual else self.logins
        peers = [c.peer for c in self.connections] + [s.client for s in logins if s.client is not None]
        return any(peer.scope == "public" for peer in peers)

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """What a finding quotes: its program, listeners, connections and logins."""
        return (*self.program, *_quotes_of(self))


def desktops_of(device: DeviceView) -> Iterator[Desktop]:
    """Yields each built-in remote desktop that listens or is in use, then logins that none of them explains."""
    logins = [s for s in device.of("sessions", Session) if s.origin == "remote" and not s.ended]
    logins = [s for s in logins if s.protocol in PROTOCOLS.values()]
    explained: set[str] = set()
    for found in recognised(device, tool_index()):
        if found.product.category == "os-builtin" and found.product.role == "host" and found.active:
            desktop = _desktop(device, found, logins)
            explained |= {login.protocol for login in desktop.logins}
            if desktop.open_ports or desktop.inner_ports or desktop.logins:
                yield desktop
    for protocol in sorted({login.protocol for login in logins} - explained):
        mine = tuple(s for s in logins if s.protocol == protocol)
        yield Desktop(tool=None, logins=mine, virtual=is_virtual(device))


def _desktop(device: DeviceView, found: Recognised[RemoteTool], logins: list[Session]) -> Desktop:
    usual = set(found.product.ports)
    helpers = set(found.product.hints.ports)
    listeners = [
        item
        for item in device.of("sockets", Listener)
        if item.protocol == "tcp" and f"tcp/{item.port}" not in helpers and _is_its(item, found, usual)
    ]
    reached = {item.port for item in listeners if item.scope == "network"}
    peers = [c for c in device.of("sockets", InboundConnection) if c.port in reached and c.peer.scope != "loopback"]
    protocols = {PROTOCOLS[port] for port in usual if port in PROTOCOLS}
    return Desktop(
        tool=found.product,
        open_ports=tuple(sorted(reached)),
        inner_ports=tuple(sorted({item.port for item in listeners} - reached)),
        connections=tuple(peers),
        logins=tuple(login for login in logins if login.protocol in protocols),
        forwarder=forwarder_of(device),
        virtual=is_virtual(device),
        program=evidence_of(found),
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


def _quotes_of(desktop: Desktop) -> Iterator[Evidence]:
    for ports, whom in ((desktop.open_ports, "the network"), (desktop.inner_ports, "the laptop itself only")):
        if ports:
            yield Evidence(kind="sockets", subject=desktop.name, fact=f"Listens on {words_of_ports(ports)} for {whom}.")
    for connection in desktop.connections:
        fact = f"Somebody is connected on port {connection.port} from a {connection.peer.scope} address."
        yield Evidence(kind="sockets", subject=desktop.name, fact=fact)
    for login in desktop.logins:
        fact = f"Remote {login.protocol} login since {login.since or 'an unknown time'}."
        yield Evidence(kind="sessions", subject=desktop.name, fact=fact)


def words_of_ports(ports: tuple[int, ...]) -> str:
    """Returns "tcp/3389, tcp/3390"."""
    return ", ".join(f"tcp/{port}" for port in ports)
