"""Who is connected to a device now: through a remote tool, in a text shell, or in a session that no tool explains."""

from collections.abc import Iterator

import msgspec

from farmwatch_schema.finding import Evidence
from farmwatch_schema.observables.processes import Process
from farmwatch_schema.observables.sessions import Session
from farmwatch_schema.observables.sockets import InboundConnection, Listener

from .desktops import PROTOCOLS
from .machine import is_virtual
from .matching import tool_index
from .products import RemoteTool
from .programs import Recognised, forwarder_of, recognised, surely
from .view import DeviceView

#: Flag of a window that a tool shows only while somebody is connected; docs/flags.md names its source.
_WINDOW = "remote_session_window"

#: Programs of Windows that a tool starts for a session and ends with it, by the tool's id.
#: TeamViewer: SigmaHQ/sigma:rules/windows/process_creation/
#: proc_creation_win_remote_access_tools_teamviewer_incoming_connection.yml@02bc901f.
_SESSION_PROGRAMS = {"teamviewer": frozenset({"teamviewer_desktop.exe"})}

#: Protocols of a session without a picture.
_TEXT = frozenset({"ssh", "tty", "telnet"})


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody is connected.

    subject   the tool's id, or the session's protocol
    name      of the tool or kind of session, in words
    tool      None for a session that is no tool's
    how       `drives` (sees and drives), `shell` (a text login) or `desktop` (Citrix: the company's own kind)
    public    from a public address
    virtual   the device is a virtual machine, by its own word
    tunnelled comes from the laptop itself, while a program lets somebody outside in
    """

    subject: str
    name: str
    how: str
    tool: RemoteTool | None = None
    public: bool = False
    virtual: bool = False
    tunnelled: bool = False
    evidence: tuple[Evidence, ...] = ()

    @property
    def place(self) -> str:
        """Where somebody is, in words."""
        return "a public address" if self.public else "outside, through a tunnel" if self.tunnelled else "elsewhere"


def visits_of(device: DeviceView) -> Iterator[Visit]:
    """Yields who is connected now. Built-in remote desktops are left to `desktops`."""
    forwarder = bool(forwarder_of(device))
    for found in recognised(device, tool_index()):
        tool = found.product
        if tool.role == "host" and tool.category != "os-builtin" and tool.alarm in ("warn", "high") and surely(found):
            visit = _through(device, found, forwarder)
            if visit is not None:
                yield visit
    yield from _logins(device, forwarder)


def _through(device: DeviceView, found: Recognised[RemoteTool], forwarder: bool) -> Visit | None:
    name = found.product.name
    windows = [process.name for process, _ in found.programs if _is_session(process, found.product.id)]
    quotes = [
        Evidence(kind="processes", subject=f"program {each}", fact=f"{name} runs it only while somebody is connected.")
        for each in windows
    ]
    came = [each for each in device.of("sockets", InboundConnection) if _is_to(each, found.listeners, forwarder)]
    quotes += [Evidence(kind="sockets", subject=name, fact=_words_of(each)) for each in came]
    if not quotes:
        return None
    return Visit(
        subject=found.product.id,
        name=name,
        how="drives",
        tool=found.product,
        public=any(each.peer.scope == "public" for each in came),
        tunnelled=not windows and all(each.peer.scope == "loopback" for each in came),
        evidence=tuple(quotes),
    )


def _is_session(process: Process, tool: str) -> bool:
    return _WINDOW in process.flags or process.name.casefold() in _SESSION_PROGRAMS.get(tool, ())


def _is_to(connection: InboundConnection, listeners: tuple[Listener, ...], forwarder: bool) -> bool:
    """Whether somebody came to one of these listeners from elsewhere, or through a tunnel that ends here."""
    if connection.peer.scope == "loopback" and not forwarder:
        return False
    return any(
        item.protocol == "tcp"
        and item.port == connection.port
        and (not connection.owner or connection.owner == item.owner or connection.path == item.path)
        for item in listeners
    )


def _words_of(connection: InboundConnection) -> str:
    near = f", {connection.rtt} ms away" if connection.rtt else ""
    return f"Somebody is connected on port {connection.port} from a {connection.peer.scope or 'hidden'} address{near}."


def _logins(device: DeviceView, forwarder: bool) -> Iterator[Visit]:
    virtual = is_virtual(device)
    by_protocol: dict[str, list[Session]] = {}
    for session in device.of("sessions", Session):
        if session.origin == "remote" and not session.ended and session.protocol not in PROTOCOLS.values():
            by_protocol.setdefault(session.protocol, []).append(session)
    for protocol, sessions in sorted(by_protocol.items()):
        how = "desktop" if protocol == "ica" else "shell" if protocol in _TEXT or not protocol else "drives"
        here = [each for each in sessions if each.client is not None and each.client.scope == "loopback"]
        if len(here) == len(sessions) and not forwarder:
            continue
        yield Visit(
            subject=protocol or "login",
            name={"ica": "A Citrix session", "": "A login"}.get(protocol, f"A session by {protocol}"),
            how=how,
            public=any(each.client is not None and each.client.scope == "public" for each in sessions),
            virtual=virtual,
            tunnelled=len(here) == len(sessions),
            evidence=tuple(_quote(each, protocol) for each in sessions),
        )


def _quote(session: Session, protocol: str) -> Evidence:
    place = f"a {session.client.scope or 'hidden'} address" if session.client is not None else "an address not told"
    fact = f"Remote {protocol or 'unnamed'} session from {place}, since {session.since or 'an unknown time'}."
    return Evidence(kind="sessions", subject="session", fact=fact)
