"""Round-trip times on macOS: what the sender left; and before it measures, power and network from the system.

Sources: pmset(1): `lowpowermode 1`, which newer Macs print as `powermode 1` (2 is high power); what draws power from
where in `pmset -g batt`. xnu bsd/sys/sockio_private.h for what marks an interface as expensive or constrained.
"""

from collections.abc import Iterator

from farmwatch_schema.observables import Observable

from ...host import Host, HostError
from ...host.left_rounds import Access
from ...host.macos.network_marks import NetworkMarks
from ..network.macos import RouteRow, kind_of, parse_hardware_ports, parse_routes
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
    ports = parse_hardware_ports(_printed(host, "hardware_ports"))

    def access_of(name: str) -> Access:
        return _ACCESS.get(kind_of(name, ports), "other")

    if parse_power(_printed(host, "power_settings"), _printed(host, "power_source")):
        return Surroundings(skip="battery_saver", access_of=access_of)
    route = default_route(parse_routes(_printed(host, "routes")))
    interface, gateway = (route.interface, route.gateway) if route else ("", "")
    metered = is_phone(gateway) or _is_marked(host, interface) or (bool(interface) and access_of(interface) == "mobile")
    return Surroundings(skip="metered" if metered else "", gateway=gateway, access_of=access_of)


def parse_power(settings: str, source: str) -> bool:
    """Whether a Mac runs on its battery in Low Power Mode, by what `pmset -g` and `pmset -g batt` print."""
    words = [line.split() for line in settings.split("\n")]
    saves = any(line[:2] in (["lowpowermode", "1"], ["powermode", "1"]) for line in words)
    return saves and "'Battery Power'" in source.partition("\n")[0]


def default_route(routes: list[RouteRow]) -> RouteRow | None:
    """Returns the default route of IPv4 that unbound sockets take; None when there is none."""
    return next((it for it in routes if it.destination == "0.0.0.0/0" and not it.scoped), None)


def _is_marked(host: Host, interface: str) -> bool:
    """Whether the system calls an interface expensive (a phone's) or constrained (Low Data Mode)."""
    if not interface:
        return False
    try:
        return any(it.expensive or it.constrained for it in host.rows(NetworkMarks, interface))
    except HostError:
        return False


def _printed(host: Host, name: str) -> str:
    try:
        return host.command(name).decode("utf-8", "replace")
    except HostError:
        return ""
