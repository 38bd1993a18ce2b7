"""Sockets on Windows, from the tables of IP Helper (GetExtendedTcpTable, GetExtendedUdpTable), for every user whole.

Round-trip times stay untold: GetPerTcpConnectionEStats has them only after an administrator switched their collection
on for a connection (SetPerTcpConnectionEStats), and the agent changes nothing.
"""

from collections.abc import Iterator

from farmwatch_schema.observables import Gap, Observable

from ...host import Host
from ...host.process_list import Connection, RunningProcess
from ...paths import tilde, windows_name
from .. import windows_pass
from ..asking import outcome_of
from ..bounds import at_most, short
from . import meaning

#: System Idle Process and System (learn.microsoft.com, GetProcessImageFileName): they have no program.
IDLE, SYSTEM = 0, 4
#: First port that Windows lends to clients (learn.microsoft.com, "Default dynamic port range").
EPHEMERAL_FROM = 49152
#: Services whose usual UDP port lies above it: WireGuard (wg(8)).
HIGH_UDP_SERVICES = frozenset({51820})
MAX_ITEMS = 2_000


def collect(host: Host) -> Iterator[Observable]:
    """Yields listeners, inbound connections by peer, outbound counts by executable, and unseen owners as gaps."""
    seen = windows_pass.look(host)
    if seen.socket_problem is not None:
        raise seen.socket_problem
    yield from at_most(judge(seen.sockets, owners(seen.processes)), MAX_ITEMS, "sockets")
    if seen.process_problem is not None:
        yield Gap(what="owners of sockets", outcome=outcome_of(seen.process_problem))


def owners(processes: list[RunningProcess]) -> dict[int, meaning.Owner]:
    """Returns name and path of each process's program by number; the system's name where the path is hidden."""
    found: dict[int, meaning.Owner] = {SYSTEM: ("System", None)}
    for process in processes:
        if process.executable:
            found[process.pid] = windows_name(process.executable)[:255], short(tilde(process.executable))
        elif process.name and process.pid not in (IDLE, SYSTEM):
            found[process.pid] = process.name[:255], None
    return found


def judge(rows: list[Connection], held: dict[int, meaning.Owner]) -> Iterator[Observable]:
    """Yields what sockets and their owners, by process, mean."""
    return meaning.judge(
        meaning.Socket(
            protocol=row.protocol,
            port=row.local_port,
            remote=plain(row.remote),
            listens=is_listener(row),
            established=row.state == "established",
            loopback=is_loopback(row.local),
            owner=held.get(row.pid, ("", None)),
        )
        for row in rows
    )


def is_listener(row: Connection) -> bool:
    """Whether a socket takes connections, or datagrams on a service's port."""
    if row.protocol == "tcp":
        return row.state == "listen"
    return row.state == "bound" and (row.local_port < EPHEMERAL_FROM or row.local_port in HIGH_UDP_SERVICES)


def is_loopback(address: str) -> bool:
    """Whether an address is the laptop itself's."""
    return plain(address).startswith("127.") or address == "::1"


def plain(address: str) -> str:
    """Returns an address without a scope, and an IPv4 one that is mapped into IPv6 as IPv4."""
    bare = address.partition("%")[0]
    return bare[7:] if bare.startswith("::ffff:") and "." in bare else bare
