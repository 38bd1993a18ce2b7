"""One round of measuring: every target of a plan, one after another, through the host. The sender runs it.

The laptop decides: its list of landmarks, its battery and its kind of network come first, and no plan can ask for more
than the limits here.
"""

import importlib
import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Protocol, cast

import msgspec

from farmwatch_schema.plan import MAX_TARGETS, Plan, Target

from ...health import stamp
from ...host import Host, HostError, NotPermitted, NotSupported
from ...host.left_rounds import LeftRound, LeftTrips, Problem
from ...host.ping import Ping
from ...host.resolving import NameAddress
from ...host.signed_trips import SignedTrip
from ...host.tcp_trips import Connect, FirstByte
from ...host.windows.icmp import Echo
from .allowed import AllowList, address_of
from .surroundings import Surroundings

MOST_CONNECTS = 10
#: No landmark is begun after nine minutes, so that the last one ends within ten.
ROUND_SECONDS = 540.0
#: A connect to this machine itself that takes longer says that the machine was busy.
CONTROL_MICROS = 1_000
PINGS = 3
#: Bytes on the wire of one connect with its end: seven segments, with the headers of each family; of an echo; of a
#: TLS answer's beginning, of which most is never read.
_CONNECT_BYTES = {"ipv4": 392, "ipv6": 532}
_ECHO_BYTES, _SIGNED_BYTES, _HELLO_BYTES = 88, 248, 4_400

Clock = Callable[[], float]


class _Platform(Protocol):
    def surroundings(self, host: Host) -> Surroundings: ...


class _Sums(msgspec.Struct):
    """What a round adds up."""

    left: int
    connects: int = 0
    bytes: int = 0
    dropped: int = 0
    path_mtu: int = 0
    interface: str = ""
    pings: bool = True
    controls: list[int] = []


def surroundings_of(host: Host) -> Surroundings:
    """Returns the surroundings as the host's platform tells them."""
    module = importlib.import_module(f"{__package__}.{host.platform}")
    return cast("_Platform", module).surroundings(host)


def measure(
    host: Host,
    plan: Plan,
    allowed: AllowList,
    *,
    most_connects: int,
    clock: Clock = time.monotonic,
    told: Callable[[LeftTrips], None] | None = None,
) -> LeftRound:
    """Returns a round by a plan, or why there was none.

    most_connects  how many TCP connects are left for today
    told           is called with each landmark's result
    """
    began_at = stamp(host.now())
    around = surroundings_of(host)
    if around.skip:
        return LeftRound(plan=plan.plan, began_at=began_at, skipped=around.skip)
    started = clock()
    sums = _Sums(left=most_connects)
    trips: list[LeftTrips] = []
    gateway_ms = _gateway(host, around.gateway, sums)
    for target in plan.targets[:MAX_TARGETS]:
        if clock() - started > ROUND_SECONDS or sums.left <= 0:
            break
        for found in _target(host, target, allowed, min(plan.connects, MOST_CONNECTS), sums):
            trips.append(found)
            if told is not None:
                told(found)
    return LeftRound(
        plan=plan.plan,
        began_at=began_at,
        seconds=min(int(clock() - started), 1_000),
        access=around.access_of(sums.interface) if sums.interface else "",
        gateway_ms=gateway_ms,
        control_ms=_ms(median(sums.controls)) if sums.controls else None,
        dropped=sums.dropped,
        connects=sums.connects,
        bytes=sums.bytes,
        path_mtu=sums.path_mtu,
        trips=tuple(trips),
    )


def _target(host: Host, target: Target, allowed: AllowList, connects: int, sums: _Sums) -> list[LeftTrips]:
    method = target.method
    if not allowed.allows_target(target):
        return [LeftTrips(landmark=target.landmark, method=method, family="ipv4", problem="not_allowed")]
    try:
        addresses = host.rows(NameAddress, target.host)
    except HostError:
        return [LeftTrips(landmark=target.landmark, method=method, family="ipv4", problem="no_name")]
    found: list[LeftTrips] = []
    if {it.family for it in addresses} >= {"ipv4", "ipv6"}:
        connects = (connects + 1) // 2  # both together cost about what one does elsewhere
    for family in ("ipv4", "ipv6"):
        # The first of a family, as a program would take it.
        address = next((it.address for it in addresses if it.family == family), "")
        if not address or sums.left <= 0:
            continue
        if not allowed.allows_address(target.host, address):
            found.append(
                LeftTrips(
                    landmark=target.landmark, method=method, family=family, address=address, problem="not_allowed"
                )
            )
            continue
        if method == "signed":
            found.append(_signed(host, target, family, address, connects, sums))
            continue
        asked_tls = any(it.first_byte_ms is not None for it in found)
        found.append(_tcp(host, target, family, address, connects, sums, tls=not asked_tls))
        echoes = _icmp(host, target, family, address, sums)
        if echoes is not None:
            found.append(echoes)
    return found or [LeftTrips(landmark=target.landmark, method=method, family="ipv4", problem="no_name")]


def _tcp(host: Host, target: Target, family: str, address: str, connects: int, sums: _Sums, *, tls: bool) -> LeftTrips:
    count = min(connects, sums.left)
    try:
        rows = host.rows(Connect, f"{address} {target.port} {count}")
    except HostError:
        rows = []
    sums.connects += len(rows)
    sums.left -= len(rows)
    sums.bytes += len(rows) * _CONNECT_BYTES[family]
    sums.controls += [it.control_micros for it in rows if it.control_micros is not None]
    made = [it for it in rows if it.micros is not None]
    good = [it.micros for it in made if it.micros is not None and _was_idle(it.control_micros)]
    sums.dropped += len(made) - len(good)
    for it in made:
        sums.path_mtu = min(it.mtu, sums.path_mtu or it.mtu) if it.mtu else sums.path_mtu
        sums.interface = sums.interface or it.interface
    first_byte = None
    if tls and made and sums.left > 0:
        first_byte = _first_byte(host, target, family, address, sums)
    return _trips(
        target.landmark, "tcp", family, address, good,
        lost=len(rows) - len(made),
        first_byte_ms=first_byte,
        mss=max((it.mss for it in made), default=0),
        problem="" if made else _worst([it.problem for it in rows]),
    )  # fmt: skip


def _first_byte(host: Host, target: Target, family: str, address: str, sums: _Sums) -> float | None:
    name = "-" if address_of(target.host) is not None else target.host.rstrip(".")
    sums.connects += 1
    sums.left -= 1
    try:
        rows = host.rows(FirstByte, f"{address} {target.port} {name}")
    except HostError:
        return None
    sums.bytes += _CONNECT_BYTES[family] + sum(max(it.bytes, _HELLO_BYTES if it.micros else 0) for it in rows)
    return next((_ms(it.micros) for it in rows if it.micros is not None), None)


def _icmp(host: Host, target: Target, family: str, address: str, sums: _Sums) -> LeftTrips | None:
    """Returns echoes as a second opinion; None where none may be sent, or none is answered: many hosts never do."""
    if not sums.pings:
        return None
    micros, hops = _pinged(host, address, sums)
    if not micros:
        return None
    return _trips(
        target.landmark, "icmp", family, address, micros, lost=PINGS - len(micros), ttl=min(hops, default=None)
    )


def _pinged(host: Host, address: str, sums: _Sums) -> tuple[list[int], list[int]]:
    """Returns the times that count, microseconds, and the hops left in the answers."""
    try:
        if host.platform == "windows":
            echoes = [it for _ in range(PINGS) for it in host.rows(Echo, address)]
            sums.bytes += len(echoes) * _ECHO_BYTES
            # Windows cuts to whole milliseconds, and a time told too short would put the laptop too near.
            times = [(it.milliseconds + 1) * 1_000 for it in echoes if it.milliseconds is not None]
            return times, [it.ttl for it in echoes if it.ttl is not None]
        pings = host.rows(Ping, f"{address} 1 {PINGS}")
    except (NotPermitted, NotSupported):
        sums.pings = False
        return [], []
    except HostError:
        return [], []
    sums.bytes += len(pings) * _ECHO_BYTES
    return [it.micros for it in pings if it.micros is not None], [it.ttl for it in pings if it.ttl is not None]


def _gateway(host: Host, address: str, sums: _Sums) -> float | None:
    """Returns the least time to the default gateway by ICMP; nothing of it is ever connected to."""
    if not address:
        return None
    micros, _ = _pinged(host, address, sums)
    return _ms(min(micros)) if micros else None


def _signed(host: Host, target: Target, family: str, address: str, connects: int, sums: _Sums) -> LeftTrips:
    from farmwatch_schema.landmark import echo_of  # noqa: PLC0415 (the reader never loads the signature's library)

    key = _key_of(target.public_key)
    rows: list[SignedTrip] = []
    for transport in ("udp", "tcp"):
        count = min(connects, sums.left)
        try:
            rows = host.rows(SignedTrip, f"{address} {target.port} {count} {transport}")
        except HostError:
            rows = []
        sums.bytes += len(rows) * (_SIGNED_BYTES + (_CONNECT_BYTES[family] if transport == "tcp" else 0))
        if transport == "tcp":
            sums.connects += len(rows)
            sums.left -= len(rows)
        if any(it.data for it in rows) or sums.left <= 0:
            break
    echoes = [(it, echo_of(it.data, it.nonce, key) if it.data else None) for it in rows]
    good = [(it, echo) for it, echo in echoes if echo is not None and it.micros is not None]
    forged = any(it.strange or (it.data and echo is None) for it, echo in echoes)
    hops = [it.ttl for it, _ in good if it.ttl is not None]
    seen = [echo.ttl for _, echo in good if echo.ttl is not None]
    return _trips(
        target.landmark, "signed", family, address, [it.micros for it, _ in good if it.micros is not None],
        lost=len(rows) - len(good),
        ttl=min(hops, default=None),
        ttl_seen=min(seen, default=None),
        problem="forged" if forged else "" if good else _worst([it.problem for it in rows]),
    )  # fmt: skip


def _key_of(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


def _trips(landmark: str, method: str, family: str, address: str, micros: Sequence[int], **more: object) -> LeftTrips:
    fields: dict[str, object] = {
        "landmark": landmark, "method": method, "family": family, "address": address.lower(),
        "count": len(micros), **more,
    }  # fmt: skip
    if micros:
        fields |= {"min_ms": _ms(min(micros)), "median_ms": _ms(median(micros)), "max_ms": _ms(max(micros))}
    return LeftTrips(**fields)  # type: ignore[arg-type]


def _was_idle(control_micros: int | None) -> bool:
    return control_micros is not None and control_micros <= CONTROL_MICROS


def _worst(problems: Sequence[str]) -> Problem:
    """Returns what stands for several failed tries; a time that ran out is `unreachable`, too."""
    return "refused" if "refused" in problems else "unreachable"


def _ms(micros: float) -> float:
    return round(micros / 1_000, 1)
