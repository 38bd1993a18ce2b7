"""What one pass reads of a Mac's processes and sockets, shared by `processes`, `sockets` and `sessions`.

netstat tells every user the process of each socket, while psutil lists only the sockets of one's own. A socket that
launchd holds belongs to the program that it starts for a connection (launchd.plist(5), Sockets).

Sources: netstat(1) of macOS; its columns differ by release: macOS 14 has rhiwat shiwat pid epid, 15 rxbytes and txbytes
before them, 26 process:pid in place of pid and epid (github.com/sindresorhus/pid-port, pull 12 and issue 14).
"""

import re
from collections.abc import Collection, Iterable
from weakref import ReferenceType, ref

import msgspec

from ..host import Host, HostError, NotSupported
from ..host.process_list import RunningProcess

#: A section that follows within this time belongs to the same pass.
PASS_SECONDS = 5.0
LAUNCHD = 1
#: Longer lines are nobody's: the kernel cuts a process's name at 32 characters (MAXCOMLEN).
MAX_LINE = 500
#: First port that macOS lends to clients (net.inet.ip.portrange.first, sysctl(3)).
EPHEMERAL_FROM = 49152
#: Services whose usual UDP port lies above it, as on the other platforms.
HIGH_UDP_SERVICES = frozenset({51820})
#: Programs that launchd starts on a connection, by the port that it holds for them. Source: the plists in
#: /System/Library/LaunchDaemons (com.apple.screensharing: vnc-server; ssh: ssh; com.apple.smbd; com.apple.AEServer).
FOR_LAUNCHD = {
    22: "/usr/sbin/sshd",
    445: "/usr/sbin/smbd",
    3031: "/System/Library/CoreServices/AEServer",
    5900: "/System/Library/CoreServices/RemoteManagement/screensharingd.bundle/Contents/MacOS/screensharingd",
}

#: macOS 26: name of the process (cut, blanks and colons in it), its number, then the state in hexadecimal. The last
#: such place counts, because a program may call itself anything.
_NAMED = re.compile(r"\s\S.*:(?P<pid>\d{1,9})\s+[0-9a-fx]{4,8}\s+[0-9a-fx]{8,10}(?:\s|$)")
_NUMBER = re.compile(r"\d{1,9}")


class SocketRow(msgspec.Struct, frozen=True, gc=False):
    """A socket that listens, is connected, or is bound to a UDP port.

    local, remote  addresses, "" for all of them
    pid            of the process that used it last; 0 when netstat does not say
    """

    protocol: str
    local: str
    local_port: int
    remote: str
    remote_port: int
    state: str
    pid: int


class Pass(msgspec.Struct, frozen=True):
    """One look at processes and sockets.

    process_problem   why there are no processes
    problems          why a table of sockets could not be read, by protocol
    """

    at: float
    processes: list[RunningProcess]
    process_problem: HostError | None
    sockets: list[SocketRow]
    problems: dict[str, HostError]


_last: tuple["ReferenceType[Host]", Pass] | None = None


def look(host: Host) -> Pass:
    """Returns the pass made of this host less than five seconds ago, or a new one; never raises."""
    global _last  # noqa: PLW0603 (probes of one pass share it; a weak reference tells whose it is)
    now = host.now()
    if _last is not None and _last[0]() is host and 0 <= now - _last[1].at < PASS_SECONDS:
        return _last[1]
    made = _look(host, now)
    _last = (ref(host), made)
    return made


def _look(host: Host, now: float) -> Pass:
    rows: list[RunningProcess] = []
    problem: HostError | None = None
    try:
        rows = [row for row in host.rows(RunningProcess) if row.pid > 0]
        if not rows:
            problem = NotSupported("no process is listed")
    except HostError as error:
        problem = error
    sockets: list[SocketRow] = []
    problems: dict[str, HostError] = {}
    for protocol in ("tcp", "udp"):
        try:
            sockets += parse_sockets(host.command(f"{protocol}_sockets").decode("utf-8", "replace"), protocol)
        except HostError as error:
            problems[protocol] = error
    return Pass(at=now, processes=rows, process_problem=problem, sockets=sockets, problems=problems)


def parse_sockets(text: str, protocol: str) -> list[SocketRow]:
    """Returns the sockets of `netstat -anlv -p PROTOCOL`; lines that make no sense are left out."""
    found: list[SocketRow] = []
    counted = 2
    for line in text.split("\n"):
        line = line[:MAX_LINE]
        if line.startswith("Proto"):
            counted = 4 if "rxbytes" in line else 2
            continue
        words = line.split(None, 5)
        if len(words) < 5 or not words[0].startswith(protocol):
            continue
        state, rest = "", words[5] if len(words) > 5 else ""
        if protocol == "tcp":
            state, _, rest = rest.partition(" ")
        told = {"LISTEN": "listen", "ESTABLISHED": "established"}.get(state, "") if protocol == "tcp" else "bound"
        local, remote = _endpoint(words[3]), _endpoint(words[4])
        if not told or local is None or remote is None or (told != "listen" and not local[1]):
            continue
        if protocol == "udp" and remote[1]:
            told = "established"
        found.append(SocketRow(protocol, *local, *remote, told, _pid(f" {rest}", counted)))
    return found


def _endpoint(text: str) -> tuple[str, int] | None:
    """Returns address and port of "192.168.1.9.5900", "*.22", "::1.631", "*.*"; None for nonsense."""
    address, dot, port = text.rpartition(".")
    if not dot or not (port == "*" or (port.isascii() and port.isdigit() and len(port) <= 5)):
        return None
    number = 0 if port == "*" else int(port)
    return ("" if address == "*" else address.partition("%")[0], number) if number < 65536 else None


def _pid(rest: str, counted: int) -> int:
    """Returns the process of a line's end; 0 when it has none.

    counted  how many numbers the header puts before it
    """
    named = _NAMED.search(rest)
    if named is not None:
        return int(named["pid"])
    words = rest.split()
    return int(words[counted]) if len(words) > counted and _NUMBER.fullmatch(words[counted]) else 0


def is_loopback(address: str) -> bool:
    """Whether an address is the laptop itself's: 127.0.0.0/8, ::1, fe80::1 on lo0, or the first mapped into IPv6."""
    return address.startswith(("127.", "::ffff:127.")) or address in ("::1", "fe80::1", "fe80:1::1")


def is_listener(row: SocketRow) -> bool:
    """Whether a socket takes connections, or datagrams on a service's port."""
    if row.protocol == "tcp":
        return row.state == "listen" and row.local_port > 0
    return row.state == "bound" and (row.local_port < EPHEMERAL_FROM or row.local_port in HIGH_UDP_SERVICES)


def owner(row: SocketRow, processes: dict[int, RunningProcess]) -> tuple[str, str | None]:
    """Returns name and full path of the program behind a socket; "" and None when it is not known."""
    process = processes.get(row.pid)
    if row.pid == LAUNCHD and row.protocol == "tcp" and row.local_port in FOR_LAUNCHD:
        path = FOR_LAUNCHD[row.local_port]
        return path.rpartition("/")[2], path
    if process is None:
        return "", None
    if process.executable:
        return process.executable.rpartition("/")[2], process.executable
    return process.name, None


def by_pid(processes: Iterable[RunningProcess]) -> dict[int, RunningProcess]:
    """Returns processes by their number."""
    return {process.pid: process for process in processes}


def listening(sockets: Iterable[SocketRow], processes: Collection[RunningProcess]) -> frozenset[str]:
    """Returns the paths of programs that take connections on other than loopback."""
    known = by_pid(processes)
    paths = (owner(row, known)[1] for row in sockets if is_listener(row) and not is_loopback(row.local))
    return frozenset(path for path in paths if path)
