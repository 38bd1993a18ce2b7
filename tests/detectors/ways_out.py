"""Rounds of measuring for detector tests: what a laptop sees of the way out through its router."""

from farmwatch_schema.identifiers import Identifier
from farmwatch_schema.observables import Observable
from farmwatch_schema.observables.host import HostFacts
from farmwatch_schema.observables.latency import MeasuringRound, RoundTrips
from farmwatch_schema.observables.network import Gateway, NetworkInterface

from .views import KEYER

#: GL Technologies and TP-Link in the registry of the IEEE.
GL_INET, TP_LINK, MIKROTIK = "94:83:c4:00:00:01", "98:da:c4:00:00:01", "48:8f:5a:00:00:01"
WINDOWS = HostFacts(os="Windows 11 Enterprise", hypervisor="")
DEBIAN = HostFacts(os="Debian GNU/Linux", hypervisor="")


def mac(text: str) -> Identifier:
    """Returns an address as a report holds it."""
    return KEYER.key("mac", text)


def behind(text: str, kind: str = "wifi") -> list[Observable]:
    """Returns the network of a laptop behind one router."""
    interface = NetworkInterface(name="wlan0", kind=kind, mtu=1500, up=True)
    return [interface, Gateway(family="ipv4", interface="wlan0", mac=mac(text), metric=600)]


def measured(
    mtu: int,
    *,
    timestamps: bool = False,
    family: str = "ipv4",
    access: str = "wifi",
    ttl_seen: int | None = None,
    nearest_ms: float = 20.0,
    gateway_ms: float | None = 2.0,
) -> list[Observable]:
    """Returns a round in which every packet may have `mtu` bytes; two of its servers ask for less by themselves."""
    mss = mtu - (40 if family == "ipv4" else 60) - (12 if timestamps else 0)
    trips = [
        RoundTrips(
            landmark=f"lm{n}", method="tcp", family=family, count=5, min_ms=nearest_ms + 9 * n, mss=min(mss, asked)
        )
        for n, asked in enumerate((mss, mss, mss, mss, 1400, 1210))
    ]
    if ttl_seen is not None:
        trips.append(
            RoundTrips(landmark="own", method="signed", family="ipv4", count=5, min_ms=nearest_ms, ttl_seen=ttl_seen)
        )
    return [MeasuringRound(plan="p", began_at="2026-11-20T09:00:00Z", access=access, gateway_ms=gateway_ms), *trips]
