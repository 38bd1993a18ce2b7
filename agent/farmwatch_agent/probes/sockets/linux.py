"""Sockets on Linux, from the pass that `processes` reads too."""

from collections import Counter
from collections.abc import Iterator

from farmwatch_schema.identifiers import address_scope, unkeyed
from farmwatch_schema.observables import Gap, Observable, bucket
from farmwatch_schema.observables.sockets import InboundConnection, Listener, OutboundCount

from ...host import Host, HostError, Missing, NotSupported
from ...paths import base_name, tilde
from .. import linux_pass
from ..asking import outcome_of
from ..bounds import at_most, short
from ..linux_net import ESTABLISHED, LISTEN, TABLES, SocketRow, address_text, is_loopback
from ..linux_pass import ProcessRow, is_service_port

Owner = tuple[str, str | None]
#: Microseconds by the listener's port and the peer's address.
Times = dict[tuple[int, str], int]
#: The kernel holds a socket itself (WireGuard, NFS) under this number.
KERNEL = "0"
MAX_ITEMS = 2_000


def collect(host: Host) -> Iterator[Observable]:
    """Yields listeners, inbound connections by peer, outbound counts by executable, and unseen owners as gaps."""
    seen = linux_pass.look(host)
    real = [problem for problem in seen.socket_problems if not isinstance(problem, Missing)]
    if len(seen.socket_problems) == len(TABLES):
        # Without /proc/net nothing can be said; a kernel without IPv6 lacks two tables and is whole.
        raise real[0] if real else NotSupported(f"{seen.socket_problems[0]}; sockets cannot be listed")
    if real:
        yield Gap(what="some socket tables", outcome="broken", count=bucket(len(real)))
    held = linux_pass.owners(seen)
    times: Times = {}
    yield from _round_trips(host, seen.sockets, times)
    owners = {inode: owner_of(row) for inode, row in held.items()}
    yield from at_most(judge(seen.sockets, owners, times), MAX_ITEMS, "sockets")


def owner_of(row: ProcessRow) -> Owner:
    """Returns name and path of a process's executable; the kernel's name where the path is hidden."""
    if row.executable is None:
        return row.name, None
    path = row.executable.removesuffix(" (deleted)")
    return base_name(path)[:255], short(tilde(path))


def _round_trips(host: Host, rows: list[SocketRow], times: Times) -> Iterator[Gap]:
    """Fills `times`, if anybody is connected, and yields why it could not."""
    ports = {row.local_port for row in rows if row.protocol == "tcp" and row.state == LISTEN}
    wanted = {row.local_port for row in rows if row.state == ESTABLISHED and row.protocol == "tcp"} & ports
    if not wanted:
        return
    from ...host.linux.sock_diag import TcpRoundTrip  # noqa: PLC0415 (most passes find nobody connected)

    try:
        measured = host.rows(TcpRoundTrip, ",".join(map(str, sorted(wanted))))
    except NotSupported:
        return  # a file tree; "" in the connection says so
    except HostError as error:
        yield Gap(what="round-trip times of inbound connections", outcome=outcome_of(error))
        return
    for row in measured:
        key = (row.local_port, row.remote)
        shortest = row.min_rtt_us or row.rtt_us
        if shortest > 0:
            times[key] = min(shortest, times.get(key, shortest))


def judge(rows: list[SocketRow], held: dict[str, Owner], times: Times | None = None) -> Iterator[Observable]:
    """Yields what rows, the owners of their inodes, and round-trip times by port and peer mean."""
    times = times or {}
    listening = [row for row in rows if is_listener(row)]
    ports = {(row.protocol, row.local_port) for row in listening}
    listeners: set[tuple[str, int, str, Owner]] = set()
    inbound: Counter[tuple[int, str, Owner]] = Counter()
    outbound: Counter[Owner] = Counter()
    unseen = 0
    scopes: dict[str, tuple[str, str]] = {}
    for row in rows:
        owner = held.get(row.inode, ("", None))
        if is_listener(row):
            listeners.add((row.protocol, row.local_port, "loopback" if is_loopback(row.local) else "network", owner))
        elif row.state == ESTABLISHED:
            peer = scopes.get(row.remote)
            if peer is None:
                peer = scopes[row.remote] = _peer(row.remote)
            if (row.protocol, row.local_port) in ports:
                inbound[row.local_port, peer[0], owner] += 1
            elif peer[1] == "public" and (owner[0] or row.inode != KERNEL):
                outbound[owner] += 1
            else:
                continue
        else:
            continue
        unseen += not owner[0] and row.inode != KERNEL
    # Those open to the network come first, so that a crowd of others hides none of them.
    for protocol, port, scope, (name, path) in sorted(listeners, key=lambda entry: (entry[2] != "network", str(entry))):
        yield Listener(protocol=protocol, port=port, scope=scope, owner=name, path=path)
    for (port, address, (name, path)), count in sorted(inbound.items(), key=str):
        yield InboundConnection(
            port=port,
            peer=unkeyed("address", address),
            owner=name,
            path=path,
            count=bucket(count),
            rtt=rtt_bucket(times.get((port, address), 0)),
        )
    for (name, path), count in sorted(outbound.items(), key=str):
        yield OutboundCount(owner=name, path=path, count=bucket(count))
    if unseen:
        yield Gap(what="owners of other users' sockets", outcome="not_permitted", count=bucket(unseen))


def rtt_bucket(microseconds: int) -> str:
    """Returns a round-trip time as `InboundConnection.rtt` has it; "" for 0, nothing measured."""
    if microseconds <= 0:
        return ""
    for limit, name in ((5, "0-4"), (20, "5-19"), (60, "20-59"), (150, "60-149")):
        if microseconds < limit * 1000:
            return name
    return "150+"


def is_listener(row: SocketRow) -> bool:
    """Whether a socket takes connections, or datagrams on a service's port."""
    if row.protocol == "tcp":
        return row.state == LISTEN
    return row.state != ESTABLISHED and is_service_port(row.local_port)


def _peer(address: str) -> tuple[str, str]:
    try:
        text = address_text(address)
    except ValueError:
        return "", ""
    return text, address_scope(text)
