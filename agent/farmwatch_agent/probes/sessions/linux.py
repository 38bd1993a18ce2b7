"""Sessions on Linux.

Sources: utmp(5) with the layouts of glibc's bits/utmp.h (384 bytes where times are 32-bit, 400 on arm64);
systemd-logind's /run/systemd/sessions (sd-login(3)); remote-desktop servers' own manual pages.
"""

import time
from collections.abc import Iterator

import msgspec

from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables import Gap, Observable
from farmwatch_schema.observables.sessions import Session

from ...host import Host, HostError, Missing, NotPermitted
from .. import linux_pass
from ..linux_net import ESTABLISHED, LISTEN, address_text
from ..linux_pass import Pass
from .utmp import DEAD_PROCESS, USER_PROCESS, Login, parse_utmp

UTMP = ("/run/utmp", "/var/run/utmp")
WTMP = "/var/log/wtmp"
WTMP_LIMIT = 1 << 22
LOGIND = "/run/systemd/sessions"
ENDED_DAYS = 7
MAX_ENDED = 50

#: Programs that serve a desktop, and what they speak.
SERVERS = {
    "x11vnc": "vnc", "Xtigervnc": "vnc", "Xvnc": "vnc", "Xtightvnc": "vnc", "x0tigervncserver": "vnc",
    "x0vncserver": "vnc", "wayvnc": "vnc", "krfb": "vnc", "vino-server": "vnc", "Xrealvnc": "vnc",
    "vncserver-x11-core": "vnc", "xrdp": "rdp", "gnome-remote-desktop-daemon": "rdp", "krdpserver": "rdp",
    "nxserver.bin": "nx", "websockify": "vnc",
}  # fmt: skip
#: PAM services, by how their names begin.
_SERVICES = (("sshd", "ssh"), ("dropbear", "ssh"), ("xrdp", "rdp"), ("gnome-remote-desktop", "rdp"), ("vnc", "vnc"),
             ("tigervnc", "vnc"), ("remote", "telnet"))  # fmt: skip
_TYPES = ("x11", "wayland", "tty", "mir")


class LogindSession(msgspec.Struct, frozen=True, gc=False):
    """A session file of systemd-logind; `display` and `tty` say which utmp record is the same login."""

    user: str
    remote: bool
    host: str
    kind: str
    service: str
    tty: str
    display: str
    since: int


def collect(host: Host) -> Iterator[Observable]:
    """Yields logins now, remote ones that ended lately, and connections to remote-desktop servers."""
    sessions, told = logind_sessions(host)
    logins, known = _utmp(host)
    places = {place for session in sessions for place in (session.tty, session.display) if place}
    yield from (of_logind(session) for session in sessions)
    yield from (session for login in logins if login.line not in places and (session := of_login(login)) is not None)
    if not told and not known:
        yield Gap(what="logins: neither logind nor utmp is there", outcome="not_supported")
    yield from _ended(host)
    try:
        yield from viewers(linux_pass.look(host))
    except HostError:
        yield Gap(what="connections to remote-desktop servers", outcome="not_supported")


def logind_sessions(host: Host) -> tuple[list[LogindSession], bool]:
    """Returns the sessions of systemd-logind and whether it is there to tell of them."""
    try:
        names = [name for name in host.names(LOGIND) if not name.endswith(".ref")]
    except HostError:
        return [], False
    found: list[LogindSession] = []
    for name in names:
        try:
            session = parse_session(host.text(f"{LOGIND}/{name}", 1 << 14))
        except HostError:
            continue
        if session is not None:
            found.append(session)
    # An empty folder is left behind where logind is installed and does not run.
    return found, bool(names) or _runs(host)


def _runs(host: Host) -> bool:
    try:
        return bool(host.names("/run/systemd/seats"))
    except HostError:
        return False


def parse_session(text: str) -> LogindSession | None:
    """Returns a session of a person; None for a manager's, a greeter's or an ended one, and for nonsense."""
    fields = dict(line.split("=", 1) for line in text.split("\n") if "=" in line)
    if fields.get("CLASS", "user") not in ("user", "user-early") or fields.get("STATE") == "closing":
        return None
    if not fields.get("USER"):
        return None
    since = fields.get("REALTIME", "")
    return LogindSession(
        user=fields["USER"],
        remote=fields.get("REMOTE") == "1",
        host=fields.get("REMOTE_HOST", ""),
        kind=fields.get("TYPE", ""),
        service=fields.get("SERVICE", ""),
        tty=fields.get("TTY", ""),
        display=fields.get("DISPLAY", ""),
        since=int(since) // 1_000_000 if since.isdecimal() and len(since) < 18 else 0,
    )


def of_logind(session: LogindSession) -> Session:
    """Returns what a session of logind is; one of a remote-desktop service is remote even when PAM was not told."""
    served = next((word for mark, word in _SERVICES if session.service.startswith(mark)), "")
    remote = session.remote or served != ""
    protocol = served if served and remote else session.kind if session.kind in _TYPES else ""
    return Session(
        origin="remote" if remote else "console",
        protocol=protocol,
        user=unkeyed("user", session.user),
        client=unkeyed("address", session.host) if session.host else None,
        since=minute(session.since),
    )


def of_login(login: Login) -> Session | None:
    """Returns what a utmp record is; None for a terminal multiplexer's window, which is nobody's login."""
    client = client_of(login.host)
    if client is None:
        return None
    remote = client != ""
    protocol = "x11" if login.line.startswith(":") else "tty"
    if remote:
        protocol = "mosh" if " via mosh" in login.host else "ssh" if login.line.startswith("pts/") else ""
    return Session(
        origin="remote" if remote else "console",
        protocol=protocol,
        user=unkeyed("user", login.user) if login.user else None,
        client=unkeyed("address", client) if client else None,
        since=minute(login.at),
    )


def client_of(host: str) -> str | None:
    """Returns where a login comes from, "" for the console; None for a window of tmux or screen."""
    if host.startswith(("tmux(", "screen")) or ":S." in host:
        return None
    if host.startswith(":") or host in ("localhost", "tty", "login screen"):
        return ""
    return host.partition(" ")[0]


def ended_logins(records: list[Login], since: float) -> list[tuple[Login, int]]:
    """Returns remote logins of wtmp that ended after `since`, with the time of the end, newest first."""
    open_at: dict[str, Login] = {}
    found: list[tuple[Login, int]] = []
    for record in records:
        if record.kind == USER_PROCESS:
            open_at[record.line] = record
        elif record.kind == DEAD_PROCESS:
            login = open_at.pop(record.line, None)
            if login is not None and record.at >= since and client_of(login.host):
                found.append((login, record.at))
    found.reverse()
    return found[:MAX_ENDED]


def viewers(seen: Pass) -> Iterator[Observable]:
    """Yields a session per peer that is connected to a remote-desktop server of `SERVERS`."""
    held = linux_pass.owners(seen)
    ports = {row.local_port for row in seen.sockets if row.state == LISTEN}
    peers: set[tuple[str, str]] = set()
    for row in seen.sockets:
        if row.state != ESTABLISHED or row.protocol != "tcp" or row.local_port not in ports:
            continue
        owner = held.get(row.inode)
        if owner is None:
            continue
        name = (owner.executable or owner.name).removesuffix(" (deleted)").rpartition("/")[2]
        protocol = SERVERS.get(name) or SERVERS.get(owner.name)
        if protocol is not None:
            try:
                peers.add((protocol, address_text(row.remote)))
            except ValueError:
                continue
    for protocol, address in sorted(peers):
        yield Session(origin="remote", protocol=protocol, client=unkeyed("address", address))


def minute(seconds: int) -> str:
    """Returns seconds since 1970 as UTC to the minute; "" for none."""
    return time.strftime("%Y-%m-%dT%H:%MZ", time.gmtime(seconds)) if 0 < seconds < 1 << 33 else ""


def _utmp(host: Host) -> tuple[list[Login], bool]:
    for path in UTMP:
        try:
            return [login for login in parse_utmp(host.read(path)) if login.kind == USER_PROCESS], True
        except HostError:
            continue
    return [], False


def _ended(host: Host) -> Iterator[Observable]:
    try:
        data = host.read(WTMP, WTMP_LIMIT)
    except Missing:
        return
    except HostError as error:
        outcome = "not_permitted" if isinstance(error, NotPermitted) else "broken"
        yield Gap(what="logins that ended", outcome=outcome)  # type: ignore[arg-type]
        return
    if len(data) >= WTMP_LIMIT:
        yield Gap(what="logins that ended: the record is too long to be read", outcome="broken")
        return
    for login, _ in ended_logins(parse_utmp(data), host.now() - ENDED_DAYS * 86400):
        session = of_login(login)
        if session is not None:
            yield Session(
                origin=session.origin,
                protocol=session.protocol,
                user=session.user,
                client=session.client,
                since=session.since,
                ended=True,
            )
