"""Sockets on Linux, from the pass that `processes` reads too."""

from collections import Counter
from collections.abc import Iterator

from farmwatch_schema.identifiers import address_scope, unkeyed
from farmwatch_schema.observables import Gap, Observable, bucket
from farmwatch_schema.observables.sockets import InboundConnection, Listener, OutboundCount

from ...host import Host, Missing, NotSupported
from ...paths import base_name, tilde
from .. import linux_pass
from ..bounds import at_most, short
from ..linux_net import ESTABLISHED, LISTEN, TABLES, SocketRow, address_text, is_loopback
from ..linux_pass import ProcessRow, is_service_port

Owner = tuple[str, str | None]
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
    yield from at_most(judge(seen.sockets, {inode: owner_of(row) for inode, row in held.items()}), MAX_ITEMS, "sockets")


def owner_of(row: ProcessRow) -> Owner:
    """Returns name and path of a process's executable; the kernel's name where the path is hidden."""
    if row.executable is None:
        return row.name, None
    path = row.executable.removesuffix(" (deleted)")
    return base_name(path)[:255], short(tilde(path))


def judge(rows: list[SocketRow], held: dict[str, Owner]) -> Iterator[Observable]:
    """Yields what rows and the owners of their inodes mean."""
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
        yield InboundConnection(port=port, peer=unkeyed("address", address), owner=name, path=path, count=bucket(count))
    for (name, path), count in sorted(outbound.items(), key=str):
        yield OutboundCount(owner=name, path=path, count=bucket(count))
    if unseen:
        yield Gap(what="owners of other users' sockets", outcome="not_permitted", count=bucket(unseen))


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
