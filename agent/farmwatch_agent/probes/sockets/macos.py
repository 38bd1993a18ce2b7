"""Sockets on macOS, from the pass that `processes` reads too; see macos_pass."""

from collections import Counter
from collections.abc import Iterator

from farmwatch_schema.identifiers import address_scope, unkeyed
from farmwatch_schema.observables import Gap, Observable, bucket
from farmwatch_schema.observables.sockets import InboundConnection, Listener, OutboundCount

from ...host import Host
from ...host.process_list import RunningProcess
from ...paths import tilde
from .. import macos_pass
from ..asking import outcome_of
from ..bounds import at_most, short
from ..macos_pass import SocketRow, is_listener, is_loopback

Owner = tuple[str, str | None]
MAX_ITEMS = 2_000


def collect(host: Host) -> Iterator[Observable]:
    """Yields listeners, inbound connections by peer, outbound counts by executable, and what could not be seen."""
    seen = macos_pass.look(host)
    if len(seen.problems) == 2:
        raise seen.problems["tcp"]
    for protocol, problem in seen.problems.items():
        yield Gap(what=f"{protocol} sockets", outcome=outcome_of(problem))
    yield from at_most(judge(seen.sockets, seen.processes), MAX_ITEMS, "sockets")
    if seen.process_problem is not None:
        yield Gap(what="owners of sockets", outcome=outcome_of(seen.process_problem))


def judge(rows: list[SocketRow], processes: list[RunningProcess]) -> Iterator[Observable]:
    """Yields what sockets and their owners mean."""
    known = macos_pass.by_pid(processes)
    ports = {(row.protocol, row.local_port) for row in rows if is_listener(row)}
    listeners: set[tuple[str, int, str, Owner]] = set()
    inbound: Counter[tuple[int, str, Owner]] = Counter()
    outbound: Counter[Owner] = Counter()
    unseen = 0
    for row in rows:
        holder = _owner(row, known)
        if is_listener(row):
            listeners.add((row.protocol, row.local_port, "loopback" if is_loopback(row.local) else "network", holder))
        elif row.state != "established":
            continue
        elif (row.protocol, row.local_port) in ports:
            inbound[row.local_port, row.remote, holder] += 1
        elif address_scope(row.remote) == "public":
            outbound[holder] += 1
        else:
            continue
        unseen += not holder[0]
    # Those open to the network come first, so that a crowd of others hides none of them.
    for protocol, port, scope, (name, path) in sorted(listeners, key=lambda entry: (entry[2] != "network", str(entry))):
        yield Listener(protocol=protocol, port=port, scope=scope, owner=name, path=path)
    for (port, address, (name, path)), count in sorted(inbound.items(), key=str):
        yield InboundConnection(port=port, peer=unkeyed("address", address), owner=name, path=path, count=bucket(count))
    for (name, path), count in sorted(outbound.items(), key=str):
        yield OutboundCount(owner=name, path=path, count=bucket(count))
    if unseen:
        yield Gap(what="owners of sockets", outcome="not_permitted", count=bucket(unseen))


def _owner(row: SocketRow, known: dict[int, RunningProcess]) -> Owner:
    name, path = macos_pass.owner(row, known)
    return name[:255], None if path is None else short(tilde(path))
