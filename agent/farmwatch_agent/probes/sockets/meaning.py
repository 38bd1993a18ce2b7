"""What sockets mean, where a system lists them with their process: macOS and Windows."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from farmwatch_schema.identifiers import address_scope, unkeyed
from farmwatch_schema.observables import Gap, Observable, bucket
from farmwatch_schema.observables.sockets import InboundConnection, Listener, OutboundCount

#: Name and path of a program; "" and None when they are not known.
Owner = tuple[str, str | None]


class Socket(NamedTuple):
    """A socket. `listens` takes connections, or datagrams on a service's port; `loopback` on the laptop itself only."""

    protocol: str
    port: int
    remote: str
    listens: bool
    established: bool
    loopback: bool
    owner: Owner


def judge(sockets: Iterable[Socket]) -> Iterator[Observable]:
    """Yields listeners, inbound connections by peer, outbound counts, and how many owners were not seen."""
    sockets = list(sockets)
    ports = {(it.protocol, it.port) for it in sockets if it.listens}
    listeners: set[tuple[str, int, str, Owner]] = set()
    inbound: Counter[tuple[int, str, Owner]] = Counter()
    outbound: Counter[Owner] = Counter()
    unseen = 0
    for it in sockets:
        if it.listens:
            listeners.add((it.protocol, it.port, "loopback" if it.loopback else "network", it.owner))
        elif not it.established:
            continue
        elif (it.protocol, it.port) in ports:
            inbound[it.port, it.remote, it.owner] += 1
        elif address_scope(it.remote) == "public":
            outbound[it.owner] += 1
        else:
            continue
        unseen += not it.owner[0]
    # Those open to the network come first, so that a crowd of others hides none of them.
    for protocol, port, scope, (name, path) in sorted(listeners, key=lambda entry: (entry[2] != "network", str(entry))):
        yield Listener(protocol=protocol, port=port, scope=scope, owner=name, path=path)
    for (port, address, (name, path)), count in sorted(inbound.items(), key=str):
        yield InboundConnection(port=port, peer=unkeyed("address", address), owner=name, path=path, count=bucket(count))
    for (name, path), count in sorted(outbound.items(), key=str):
        yield OutboundCount(owner=name, path=path, count=bucket(count))
    if unseen:
        yield Gap(what="owners of sockets", outcome="not_permitted", count=bucket(unseen))
