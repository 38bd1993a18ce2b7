"""Sessions on macOS: logins of /var/run/utmpx, and connections to what serves this Mac's screen.

Source: utmpx(5); lines are "console" for the login window and ttysNNN for terminals; sshd(8) writes where a login comes
from into the host. A terminal window of the person at the laptop is a login without a host.
"""

import time
from collections.abc import Iterator

from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables import Gap, Observable
from farmwatch_schema.observables.sessions import Session

from ...host import Host, HostError
from .. import macos_pass
from ..asking import outcome_of
from ..bounds import at_most
from ..macos_pass import is_listener, is_loopback
from .utmp import DEAD_PROCESS, USER_PROCESS, Login
from .utmpx import parse_utmpx

UTMPX = "/private/var/run/utmpx"
UTMPX_LIMIT = 1 << 22
MAX_ITEMS = 500
MAX_ENDED = 50
_DAY = 86_400
ENDED_DAYS = 7
#: Programs that serve this Mac's screen, and what they speak: Apple's, and VNC servers that are ported to macOS.
SERVERS = {
    "screensharingd": "vnc",
    "vncserver": "vnc",
    "OSXvnc-server": "vnc",
    "x11vnc": "vnc",
    "sunshine": "moonlight",
    "nxserver.bin": "nx",
}


def collect(host: Host) -> Iterator[Observable]:
    """Yields logins now, remote ones that ended lately, and who is connected to a screen server."""
    try:
        yield from at_most(sessions(parse_utmpx(host.read(UTMPX, UTMPX_LIMIT)), host.now()), MAX_ITEMS, "logins")
    except HostError as error:
        yield Gap(what="logins", outcome=outcome_of(error))
    except ValueError:
        yield Gap(what="logins", outcome="broken")
    seen = macos_pass.look(host)
    if "tcp" in seen.problems:
        yield Gap(what="connections to remote-desktop servers", outcome=outcome_of(seen.problems["tcp"]))
    else:
        yield from at_most(viewers(seen), MAX_ITEMS, "connections to remote-desktop servers")
    # What ended longer ago stands in the system's own log, which only its owner's tools read.
    yield Gap(what="logins that ended, beyond the last on each terminal", outcome="not_supported")


def sessions(records: list[Login], now: float) -> Iterator[Session]:
    """Yields a session per login: of the console one, of terminals only those from elsewhere."""
    ended = 0
    for record in records:
        remote = _client(record.host)
        if record.kind == USER_PROCESS and (remote or record.line == "console"):
            yield _session(record, remote, since=record.at, ended=False)
        elif record.kind == DEAD_PROCESS and remote and now - record.at < ENDED_DAYS * _DAY and ended < MAX_ENDED:
            # The record of an end has the end's time, so since when it lasted is not known any more.
            ended += 1
            yield _session(record, remote, since=0, ended=True)


def viewers(seen: macos_pass.Pass) -> Iterator[Session]:
    """Yields a session per peer that is connected to a screen server of `SERVERS`."""
    known = macos_pass.by_pid(seen.processes)
    ports = {row.local_port: row for row in seen.sockets if row.protocol == "tcp" and is_listener(row)}
    peers: set[tuple[str, str]] = set()
    for row in seen.sockets:
        if row.protocol != "tcp" or row.state != "established" or row.local_port not in ports:
            continue
        if is_loopback(row.remote):
            continue
        names = (macos_pass.owner(row, known)[0], macos_pass.owner(ports[row.local_port], known)[0])
        protocol = next((SERVERS[name] for name in names if name in SERVERS), None)
        if protocol is not None:
            peers.add((protocol, row.remote))
    for protocol, address in sorted(peers):
        yield Session(origin="remote", protocol=protocol, client=unkeyed("address", address))


def _session(record: Login, remote: str, *, since: int, ended: bool) -> Session:
    terminal = record.line.startswith("ttys")
    return Session(
        origin="remote" if remote else "console",
        protocol=("ssh" if terminal else "") if remote else "aqua",
        user=unkeyed("user", record.user) if record.user else None,
        client=unkeyed("address", remote) if remote else None,
        since=_minute(since),
        ended=ended,
    )


def _client(host: str) -> str:
    """Returns where a login comes from; "" for here, a window of a terminal multiplexer or X11."""
    first = host.partition(" ")[0]
    local = first in ("localhost", "127.0.0.1", "::1", "dialup") or first.startswith((":", "tmux(", "screen"))
    return "" if local or not first else first


def _minute(seconds: int) -> str:
    """Returns seconds since 1970 as UTC to the minute; "" for none."""
    return time.strftime("%Y-%m-%dT%H:%MZ", time.gmtime(seconds)) if 0 < seconds < 1 << 33 else ""
