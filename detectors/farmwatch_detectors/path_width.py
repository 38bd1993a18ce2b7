"""The way out: who made the router, how large packets may be, and what of that the laptop's own VPN explains.

A router that puts everything into a tunnel lowers the segment size that TCP agrees on (OpenWrt's `mtu_fix` and
OpenVPN's `mssfix` do it in both directions), and the laptop sees the lowered one in every answer. A server may ask for
less by itself: only the largest of several landmarks speaks of the way. With timestamps on, systems tell 12 bytes less.
"""

from datetime import datetime, timedelta

import msgspec

from farmwatch_schema.identifiers import Identifier
from farmwatch_schema.observables.host import HostFacts
from farmwatch_schema.observables.latency import MeasuringRound, RoundTrips
from farmwatch_schema.observables.network import Gateway, NetworkInterface
from farmwatch_schema.observables.wifi import WifiConnection

from .catalog.travel_routers import RouterEntry, Width, makers, width_of
from .matching import tunnel_index
from .programs import recognised
from .tunnel_lines import CONSUMER, lines_of
from .view import DeviceView, SectionView, once

#: Headers of IP and TCP; TCP's timestamps (RFC 7323), which Linux and macOS ask for and some servers refuse.
_HEADERS = {"ipv4": 40, "ipv6": 60}
_TIMESTAMPS = 12
#: Landmarks that must agree before the largest of them speaks of the way.
ENOUGH = 3
#: What was measured before that is of another day's network.
FRESH = timedelta(days=3)
#: Reports from an address that is older do not speak of the present router.
LATELY = timedelta(days=2)
#: Landmarks are near the claim and all over the world: lines, mobile ones too, have some within 100 ms; a satellite far
#: above the equator takes 480 ms and more by itself. A gateway that answers at once is no bad radio.
_FAR_MS, _SATELLITE_MS, _SPREAD, _AT_ONCE_MS = 100.0, 450.0, 6, 30.0
#: First TTL of each system (Windows 128; Linux, macOS 64), and more hops than any way has.
_TTL, _WINDOWS_TTL, _HOPS = 64, 128, 40
#: What leaves so says nothing of the gateway's way out.
_NOT_PLAIN = ("tunnel", "virtual", "mobile")


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """What measuring says of the way out through the gateway that is there now.

    width    of its packets; "" when not measured, or when the laptop itself explains it
    fact     in words, for a finding's evidence
    rewritten  TTL with which questions arrived, where no laptop of this system sends such; 0 when all is well
    delay_ms  least time to any landmark, where that is far more than a line takes; 0 when all is well
    """

    width: Width | str = ""
    fact: str = ""
    rewritten: int = 0
    delay_ms: float = 0.0

    @property
    def narrow(self) -> bool:
        """Packets are such as no line without a tunnel explains for sure."""
        return self.width in ("either", "tunnel")


def maker_of(device: DeviceView) -> RouterEntry | None:
    """Returns the known maker of the gateway or access point; first one that makes little but travel routers."""
    seen: list[Identifier | None] = [gateway.mac for gateway in device.of("network", Gateway)]
    seen += [it.bssid for it in device.of("wifi", WifiConnection)]
    found = [makers()[mac.oui] for mac in seen if mac and mac.oui in makers()]
    return min(found, key=lambda entry: entry.shared, default=None)


def exit_of(device: DeviceView) -> str:
    """Returns what sort of network the laptop is seen from lately, where that is nobody's home: hosting or VPN."""
    lately = [it for it in device.egress if it.seen_until >= device.now - LATELY]
    kind = max(lately, key=lambda it: it.seen_until).kind if lately else ""
    return kind if kind in ("hosting", "vpn") else ""


@once
def way_of(device: DeviceView) -> Way:
    """Returns what the newest round of measuring says; nothing where the laptop's own VPN or modem is in the way."""
    newest = None if own_tunnel(device) else _newest(device)
    if newest is None:
        return Way()
    trips = [it for it in newest.of(RoundTrips) if it.access not in _NOT_PLAIN]
    rewritten, delay = _rewritten(device, trips), _common_delay(newest, trips)
    for family, headers in _HEADERS.items():
        seen = [it.mss for it in trips if it.method == "tcp" and it.family == family and it.count and it.mss]
        if len(seen) >= ENOUGH:
            largest = max(seen) + headers
            fact = f"TCP agrees on segments of {max(seen)} bytes at most, with all of {len(seen)} landmarks ({family})."
            width = width_of(frozenset((largest, largest + _TIMESTAMPS)))
            return Way(width=width, fact=fact, rewritten=rewritten, delay_ms=delay)
    known = next((it.path_mtu for it in newest.of(MeasuringRound) if it.path_mtu), 0)
    if known:
        fact = f"The largest packet that the system knows to pass has {known} bytes."
        return Way(width=width_of(frozenset((known,))), fact=fact, rewritten=rewritten, delay_ms=delay)
    return Way(rewritten=rewritten, delay_ms=delay)


def _newest(device: DeviceView) -> SectionView | None:
    """Returns the newest round that was measured through the present gateway, if there is any."""
    latest = device.section("latency")
    kept = device.samples.get("latency", ()) or ((latest,) if latest else ())
    since = max((_since(device), device.now - FRESH))
    for section in reversed(kept):  # from the newest on: those before it need not be read
        if section.looked and section.observed_at >= since:
            rounds = [it for it in section.of(MeasuringRound) if not it.skipped]
            if rounds and not any(it.access in _NOT_PLAIN for it in rounds):
                return section
    return None


def _since(device: DeviceView) -> datetime:
    """Returns when the present gateways were first seen."""
    seen = (device.seen_from("network", gateway) for gateway in device.of("network", Gateway))
    return max((at for at in seen if at is not None), default=device.enrolled_at - FRESH)


@once
def own_tunnel(device: DeviceView) -> bool:
    """Whether the laptop itself explains a narrow way: a tunnel that takes all, a company's or bought VPN, a modem.

    Security clients of companies answer for others without any interface: it is enough that one runs.
    """
    if any(line.carries_all for line in lines_of(device)):
        return True
    ways_out = {gateway.interface for gateway in device.of("network", Gateway)}
    if any(it.kind == "mobile" and it.name in ways_out for it in device.of("network", NetworkInterface)):
        return True
    kinds = ("corporate", *CONSUMER)
    return any(it.programs and it.product.category in kinds for it in recognised(device, tunnel_index()))


def _rewritten(device: DeviceView, trips: list[RoundTrips]) -> int:
    """Returns the TTL of questions at the company's landmark, where nothing but a device on the way made it so.

    A system behind another one's address translation bears that one's TTL: only bare metal is judged. Of IPv6 nothing
    is said: routers announce the hop limit that hosts then use (RFC 4861, 4.2).
    """
    facts = device.of("host", HostFacts)
    if not facts or facts[0].hypervisor != "":
        return 0
    first = _WINDOWS_TTL if facts[0].os.startswith("Windows") else _TTL
    seen = [it.ttl_seen for it in trips if it.ttl_seen and it.family == "ipv4"]
    return 0 if not seen or any(first - _HOPS < ttl <= first for ttl in seen) else seen[0]


def _common_delay(section: SectionView, trips: list[RoundTrips]) -> float:
    """Returns the least time to any landmark where all are far off although the gateway answers at once; else 0."""
    gateways = [it.gateway_ms for it in section.of(MeasuringRound) if it.gateway_ms is not None]
    least = {it.landmark: it.min_ms for it in trips if it.min_ms is not None}
    if len(least) < _SPREAD or not gateways or min(gateways) > _AT_ONCE_MS:
        return 0.0
    nearest = min(least.values())
    return nearest if _FAR_MS <= nearest < _SATELLITE_MS else 0.0
