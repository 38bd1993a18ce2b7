"""Default gateways from two readings: the system's route table, and netifaces where it is installed.

netifaces is asked at each pass: 1 ms for loading it once and 0.03 to 0.1 ms for each question (Linux, measured with 1
to 6 routes), less than it would cost to remember what the route table was.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import msgspec

from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables.network import Gateway

from ..host import Host, HostError
from ..host.netifaces_gateways import NetifacesGateway

ROUTES, NETIFACES = "routes", "netifaces"
#: netifaces tells no metrics, and what it alone knows may be the last to be used.
UNKNOWN_METRIC = 0xFFFFFFFF


class Hop(msgspec.Struct, frozen=True):
    """Where a default route leads; `address` is "" where it leads straight into an interface."""

    family: str
    interface: str
    address: str
    metric: int = 0
    sources: tuple[str, ...] = (ROUTES,)


def second_opinion(host: Host) -> list[Hop] | None:
    """Returns what netifaces tells; None where it cannot be asked, which leaves the route table's word alone."""
    try:
        rows = host.rows(NetifacesGateway)
    except HostError:
        return None
    return [Hop(it.family, it.interface, it.address, UNKNOWN_METRIC, (NETIFACES,)) for it in rows]


def merged(routes: Iterable[Hop], second: Sequence[Hop] | None) -> list[Hop]:
    """Returns the route table's hops in their order, then those that netifaces alone knows.

    What both tell has both as its sources. netifaces knows no route without a next hop, so that such a one has
    `routes` alone and means no disagreement.
    """
    left = {_key(hop): hop for hop in second or ()}
    known = set(left)
    found = []
    for hop in routes:
        left.pop(_key(hop), None)
        found.append(msgspec.structs.replace(hop, sources=(NETIFACES, ROUTES)) if _key(hop) in known else hop)
    return [*found, *left.values()]


def observables(
    hops: Iterable[Hop], macs: Mapping[tuple[str, str], str], told_name: Callable[[str], str] = str
) -> Iterator[Gateway]:
    """Yields each hop, with its MAC from the neighbour table.

    macs       by interface and address
    told_name  returns an interface's name as it travels
    """
    for hop in hops:
        mac = macs.get((hop.interface, hop.address), "")
        yield Gateway(
            family=hop.family,
            interface=told_name(hop.interface),
            address=unkeyed("address", hop.address) if hop.address else None,
            mac=unkeyed("mac", mac) if mac else None,
            metric=hop.metric,
            sources=hop.sources,
        )


def _key(hop: Hop) -> tuple[str, str, str]:
    return hop.family, hop.interface, hop.address.partition("%")[0].lower()
