"""Round-trip times on Windows: what the sender left; and before it measures, power and network from the system.

Sources: learn.microsoft.com, SYSTEM_POWER_STATUS (SystemStatusFlag 1: battery saver is on), INetworkCostManager and
NLM_CONNECTION_COST; MIB_IPFORWARD_ROW2 for routes.
"""

from collections.abc import Iterator, Sequence

from farmwatch_schema.observables import Observable

from ...host import Host, HostError
from ...host.left_rounds import Access
from ...host.windows.network import IpRoute, NetworkAdapter
from ...host.windows.network_cost import METERED, NetworkCost
from ...host.windows.power import PowerStatus
from ..network.windows import drivers_of, kind_of
from . import told
from .metered import is_phone
from .surroundings import Surroundings

_ACCESS: dict[str, Access] = {"ethernet": "ethernet", "wifi": "wifi", "mobile": "mobile", "tunnel": "tunnel",
                              "virtual": "virtual"}  # fmt: skip


def collect(host: Host) -> Iterator[Observable]:
    """Yields each finished round that was not told yet."""
    yield from told.collect(host)


def surroundings(host: Host) -> Surroundings:
    """Returns what stands against measuring now, and where packets leave."""
    try:
        adapters = host.rows(NetworkAdapter)
    except HostError:
        adapters = []
    kinds = _kinds(host, adapters)

    def access_of(name: str) -> Access:
        return kinds.get(name, "")

    if _saves_battery(host):
        return Surroundings(skip="battery_saver", access_of=access_of)
    try:
        index, gateway = default_route(host.rows(IpRoute), adapters)
    except HostError:
        index, gateway = 0, ""
    name = next((it.name for it in adapters if index and it.index == index), "")
    metered = is_phone(gateway) or kinds.get(name) == "mobile" or _costs(host)
    return Surroundings(skip="metered" if metered else "", gateway=gateway, access_of=access_of)


def default_route(routes: Sequence[IpRoute], adapters: Sequence[NetworkAdapter]) -> tuple[int, str]:
    """Returns interface index and next hop of the best default route of IPv4; 0 and "" when there is none."""
    extra = {it.index: it.metric4 for it in adapters}
    defaults = [it for it in routes if it.family == "ipv4" and it.destination == "0.0.0.0/0" and it.gateway]
    best = min(defaults, key=lambda it: it.metric + extra.get(it.index, 0), default=None)
    return (best.index, best.gateway) if best else (0, "")


def _kinds(host: Host, adapters: Sequence[NetworkAdapter]) -> dict[str, Access]:
    """Returns the kind of each adapter by its name."""
    drivers = drivers_of(host, [])
    return {it.name: _ACCESS.get(kind_of(it, drivers.get(it.guid.upper())), "other") for it in adapters}


def _saves_battery(host: Host) -> bool:
    try:
        return any(it.saver == 1 and it.ac != 1 for it in host.rows(PowerStatus))
    except HostError:
        return False


def _costs(host: Host) -> bool:
    try:
        return any(it.cost & METERED for it in host.rows(NetworkCost))
    except HostError:
        return False
