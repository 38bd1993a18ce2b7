"""Values for tests, and what of a fleet can be seen from outside."""

from datetime import UTC, datetime, timedelta

from farmwatch_collector.fleet import Fleet
from farmwatch_collector.ties.types import Seen

START = datetime(2026, 11, 2, 12, tzinfo=UTC)
TODAY = START.date()

#: The source that shows each kind.
SOURCE = {
    "gateway_mac": "network",
    "gateway_maker": "network",
    "bssid": "wifi",
    "usb_serial": "usb",
    "edid_serial": "displays",
    "remote_peer": "peers",
    "kvm_model": "kvm",
    "egress": "egress",
    "egress_block": "egress",
    "egress_network": "egress",
}


def seen(kind: str, name: str, stratum: str = "", *, soft: bool = False) -> Seen:
    """A value by a short name."""
    return Seen(kind, name.encode().ljust(16, b".")[:16], stratum, "", soft)


def show(fleet: Fleet, device: str, *values: Seen, at: datetime = START, days: float = 0) -> set[str]:
    """Lets a device show just these values of their sources at a time, and for some days on."""
    of: dict[str, list[Seen]] = {}
    for each in values:
        of.setdefault(SOURCE[each.kind], []).append(each)
    every = [(at + timedelta(days=each)).date() for each in range(int(days) + 1)]
    return fleet.take(device, of, at, at + timedelta(days=days), every)


def outside(fleet: Fleet, today: datetime) -> dict[str, object]:
    """All that can be seen of a fleet, numbers of devices and nodes left out."""
    day, devices = today.date(), sorted(fleet.known())
    nodes = sorted(fleet.shared_nodes(day), key=lambda node: (node.seen.kind, node.seen.value))
    return {
        "devices": devices,
        "sizes": fleet.sizes,
        "held": [fleet.held(device) for device in devices],
        "memory": [fleet.memory(device) for device in devices],
        "ties": [fleet.ties(device, day) for device in devices],
        "nodes": [fleet.nodes(device, day) for device in devices],
        "shared": nodes,
        "worth": [fleet.worth(node, today=day) for node in nodes],
        "rarity": fleet.counts,
    }
