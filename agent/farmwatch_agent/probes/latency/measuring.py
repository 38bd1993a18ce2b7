"""One round of measuring: every target of a plan, one after another, through the host. The sender runs it.

The laptop decides: its list of landmarks, its battery and its kind of network come first, and no plan can ask for more
than the limits here.
"""

import importlib
import sys
import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Protocol, cast

import msgspec

from farmwatch_schema.plan import MAX_TARGETS, Plan, Target

from ...health import stamp
from ...host import Host, HostError, NotPermitted, NotSupported
from ...host.left_rounds import Access, LeftRound, LeftTrips, Problem
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
#: No landmark takes a quarter of it. The laptop slept meanwhile, and may have woken up in another place.
ASLEEP_SECONDS = 120.0
#: A connect to this machine itself that takes longer says that the machine was busy.
CONTROL_MICROS = 1_000
PINGS = 3
#: Bytes on the wire of one connect with its end: seven segments, with the headers of each family; of an echo; of a
#: TLS answer's beginning, of which most is never read.
_CONNECT_BYTES = {"ipv4": 392, "ipv6": 532}
_ECHO_BYTES, _SIGNED_BYTES, _HELLO_BYTES = 88, 248, 4_400

Clock = Callable[[], float]


def with_sleep() -> float:
    """Returns seconds of a clock that goes on while the laptop sleeps, and that nobody sets.

    Python's own monotonic clock stands still meanwhile on Linux (CLOCK_MONOTONIC) and macOS (mach_absolute_time).
    """
    if sys.platform == "linux":
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    if sys.platform == "darwin":
        return time.clock_gettime(time.CLOCK_MONOTONIC)
    return time.monotonic()


class _Platform(Protocol):
    def surroundings(self, host: Host) -> Surroundings: ...


class _Sums(msgspec.Struct):
    """What a round adds up."""

    left: int
    access_of: Callable[[str], Access]
    connects: int = 0
    bytes: int = 0
    dropped: int = 0
    path_mtu: int = 0
    interface: str = ""
    pings: bool = True
    controls: list[int] = []
    kinds: dict[str, Access] = {}


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
    clock: Clock = with_sleep,
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
    sums = _Sums(left=most_connects, access_of=around.access_of)
    trips: list[LeftTrips] = []
    gateway_ms = _gateway(host, around.gateway, sums)
    for target in plan.targets[:MAX_TARGETS]:
        begun = clock()
        if begun - started > ROUND_SECONDS or sums.left <= 0:
            break
        measured = _target(host, target, allowed, min(plan.connects, MOST_CONNECTS), sums)
        if clock() - begun > ASLEEP_SECONDS:
            break  # what was measured before is of one place
        for found in measured:
            trips.append(found)
            if told is not None:
                told(found)
    return LeftRound(
        plan=plan.plan,
        began_at=began_at,
        seconds=min(int(clock() - started), 1_000),
        access=sums.kinds.get(sums.interface, ""),
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
        # Where the system does not tell how echoes leave, they went as the connects to the same address did.
        echoes = _icmp(host, target, family, address, sums, found[-1].access)
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
    access = _left_by(sums, [it.interface for it in made])
    first_byte = None
    if tls and made and sums.left > 0:
        first_byte = _first_byte(host, target, family, address, sums)
    return _trips(
        target.landmark, "tcp", family, address, good,
        lost=len(rows) - len(made),
        first_byte_ms=first_byte,
        mss=max((it.mss for it in made), default=0),
        access=access,
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


def _icmp(host: Host, target: Target, family: str, address: str, sums: _Sums, access: Access) -> LeftTrips | None:
    """Returns echoes as a second opinion; None where none may be sent, or none is answered: many hosts never do."""
    if not sums.pings:
        return None
    pinged = _pinged(host, address, sums)
    if not pinged.micros:
        return None
    return _trips(
        target.landmark, "icmp", family, address, pinged.micros,
        lost=PINGS - len(pinged.micros),
        ttl=min(pinged.hops, default=None),
        access=_left_by(sums, pinged.interfaces) if any(pinged.interfaces) else access,
    )  # fmt: skip


class _Pinged(msgspec.Struct):
    """Times that count, microseconds, hops left in the answers, and the interfaces by which the echoes left."""

    micros: list[int] = []
    hops: list[int] = []
    interfaces: list[str] = []


def _pinged(host: Host, address: str, sums: _Sums) -> _Pinged:
    try:
        if host.platform == "windows":
            echoes = [it for _ in range(PINGS) for it in host.rows(Echo, address)]
            sums.bytes += len(echoes) * _ECHO_BYTES
            # Windows cuts to whole milliseconds, and a time told too short would put the laptop too near.
            times = [(it.milliseconds + 1) * 1_000 for it in echoes if it.milliseconds is not None]
            return _Pinged(times, [it.ttl for it in echoes if it.ttl is not None])
        pings = host.rows(Ping, f"{address} 1 {PINGS}")
    except (NotPermitted, NotSupported):
        sums.pings = False
        return _Pinged()
    except HostError:
        return _Pinged()
    sums.bytes += len(pings) * _ECHO_BYTES
    return _Pinged(
        [it.micros for it in pings if it.micros is not None],
        [it.ttl for it in pings if it.ttl is not None],
        [it.interface for it in pings],
    )


def _gateway(host: Host, address: str, sums: _Sums) -> float | None:
    """Returns the least time to the default gateway by ICMP; nothing of it is ever connected to."""
    if not address:
        return None
    pinged = _pinged(host, address, sums)
    return _ms(min(pinged.micros)) if pinged.micros else None


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
        access=_left_by(sums, [it.interface for it in rows if it.data]),
        problem="forged" if forged else "" if good else _worst([it.problem for it in rows]),
    )  # fmt: skip


def _left_by(sums: _Sums, interfaces: Sequence[str]) -> Access:
    """Returns the kind of interface where it is another than the round's, which is that of its first connection.

    One of several in a tunnel is enough: a client that begins to tunnel in the middle must not be mixed in.
    """
    used = [name for name in dict.fromkeys(interfaces) if name]
    if not used:
        return ""
    sums.interface = sums.interface or used[0]
    for name in (sums.interface, *used):
        if name not in sums.kinds:
            sums.kinds[name] = sums.access_of(name)
    kinds = [sums.kinds[name] for name in used]
    kind = "tunnel" if "tunnel" in kinds else kinds[0]
    return "" if kind == sums.kinds[sums.interface] else kind


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
