"""Small fleets for tests: laptops at gateways, whose sharing is worth what a test says or what a fleet measures."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from farmwatch_collector.farms.source import Activity, MemberScore
from farmwatch_collector.fleet import Fleet
from farmwatch_collector.ties.types import Node, Seen, Worth
from farmwatch_detectors.policy import RosterEntry

AT = datetime(2026, 3, 31, 12, tzinfo=UTC)
_SOURCES = {
    "gateway_mac": "network",
    "bssid": "wifi",
    "egress": "egress",
    "egress_block": "egress",
    "egress_network": "egress",
    "usb_serial": "usb",
    "edid_serial": "displays",
}


def value(name: str) -> bytes:
    return name.encode().ljust(16, b".")[:16]


class EvenFleet(Fleet):
    """A fleet in which a value is worth what `bits` says of it or of its kind, however many share it; else 9."""

    bits: Mapping[str, float] = {}

    def worth(self, node: Node, size: int | None = None, today: date | None = None) -> Worth:
        devices = self.unrelated(node.holders, AT.date()) if size is None else size
        bits = self.bits.get(node.seen.value.rstrip(b".").decode(), self.bits.get(node.seen.kind, 9.0))
        return Worth(bits=bits, m=0.2, u=0.2 / 2**bits, size=devices, measured=10_000)


class Known:
    """A source that knows what it is given, and counts how often it is asked."""

    def __init__(self, scores: Mapping[str, MemberScore] | None = None) -> None:
        self.known = dict(scores or {})
        self.asked = 0

    def scores(self, devices: Collection[str]) -> Mapping[str, MemberScore]:
        self.asked += 1
        return {each: self.known[each] for each in devices if each in self.known}

    def activity(self, devices: Collection[str], since: date) -> Mapping[str, Activity]:
        return {}


def stand(
    fleet: Fleet,
    devices: Sequence[str],
    where: str,
    kind: str = "gateway_mac",
    *,
    days: int = 10,
    ago: int = 0,
    stratum: str = "",
) -> set[str]:
    """Lets devices show a value on each of some days, the last of them so many days ago; returns whom it touches."""
    touched: set[str] = set()
    last = AT - timedelta(days=ago)
    first = last - timedelta(days=days - 1)
    told = [(first + timedelta(days=each)).date() for each in range(days)]
    for device in devices:
        touched |= fleet.take(device, {_SOURCES[kind]: (Seen(kind, value(where), stratum),)}, first, last, told)
    return touched


def staff(count: int, stem: str = "laptop") -> tuple[str, ...]:
    return tuple(f"{stem}-{number:03}" for number in range(count))


def records(devices: Sequence[str]) -> dict[str, RosterEntry]:
    return {each: RosterEntry(person=f"person of {each}") for each in devices}
