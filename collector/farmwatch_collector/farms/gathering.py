"""Which devices are tied to each other at all: groups of a fleet, gathered around some devices or from all of it.

A value links its holders when it is strong: one place, one thing or one exit that two or more unrelated devices have
now, that nothing explains, and that is worth something in this fleet. A group is what such links hold together.

A group larger than `LARGEST` is cut at its weakest links: only links of a whole bit more hold, until each part fits;
where the heaviest level still holds more together, each device goes with the heaviest value that it has. So which
group a device is in follows from its neighbourhood alone: around a device it is found with `LARGEST` looks a level,
whatever a hostile fleet makes up, and it is the same that a search through the whole fleet finds.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date

import msgspec
import rustworkx

from ..fleet import Fleet
from ..ties.types import Node

#: Devices that one group holds at most.
LARGEST = 1000
#: Holders from which a value is a crowd and ties nobody.
CROWD = 256
#: Links count in levels of one bit, the first for all below two; heavier ones than the last are cut by each device's
#: heaviest alone.
HIGHEST_LEVEL = 9

#: Bits from which a kind links. One gateway is one house or office, also where many farms, or offices, make so many
#: behind one a common thing: what that is worth is the odds' business. Neighbours in one block of addresses, exits' or
#: routers', are no house: only rare blocks link. A first network links nobody: those whom one bench set up stand in a
#: hundred homes now.
LINKS: dict[str, float] = {
    "gateway_mac": -2.0,
    "bssid": 1.0,
    "egress": 1.0,
    "egress_block": 6.0,
    "router_block": 4.0,
    "usb_serial": 1.0,
    "edid_serial": 1.0,
}

#: An address that is worth less may be one of a carrier, which translates for many subscribers (RFC 6598): there it
#: links only those whose gateways are one, or mostly of one make, as several travel routers of one house are.
OF_A_CARRIER = 4.0
_MOSTLY = 0.6

NodeKey = tuple[str, bytes]


class Group(msgspec.Struct, frozen=True):
    """Devices that links hold together.

    devices  sorted
    level    of the weakest links that were allowed to hold it
    """

    devices: tuple[str, ...]
    level: int


class Link(msgspec.Struct, frozen=True):
    """A value that ties its holders; () where it ties nobody. `level` runs from 1 to `HIGHEST_LEVEL`."""

    bits: float = 0.0
    holders: tuple[str, ...] = ()

    @property
    def level(self) -> int:
        return max(1, min(HIGHEST_LEVEL, int(self.bits)))


class Links:
    """The links of a fleet on one day, each worked out once. It lives as long as one search."""

    def __init__(self, fleet: Fleet, today: date) -> None:
        self.fleet = fleet
        self.today = today
        self._known: dict[NodeKey, Link] = {}
        self._of: dict[str, tuple[NodeKey, ...]] = {}
        self._grouped: dict[str, Group | None] = {}
        self._too_large: dict[int, set[str]] = {}

    def strength(self, node: Node) -> float | None:
        """Returns the bits by which a value links its holders; None where it links nobody."""
        least = LINKS.get(node.seen.kind)
        if least is None or not 2 <= len(node.holders) <= CROWD:
            return None
        if node.seen.soft or node.scattered or node.place:
            return None
        worth = self.fleet.worth(node, today=self.today)
        if worth.size < 2 or worth.bits < least or self.fleet.unrelated(node.holders, self.today) < 2:
            return None
        if node.seen.kind == "egress" and worth.bits < OF_A_CARRIER and self._of_many_homes(node.holders):
            return None
        return worth.bits

    def _of_many_homes(self, devices: Sequence[str]) -> bool:
        """Whether devices stand behind several gateways, hardly two of one make."""
        gateways = {
            held.seen.value: held.seen.stratum
            for device in devices
            for held in self.fleet.held(device)
            if held.now and held.seen.kind == "gateway_mac"
        }
        makers = Counter(gateways.values())
        return len(gateways) > 1 and max(makers.values()) <= _MOSTLY * len(gateways)

    def groups(self) -> list[Group]:
        """Returns every group of two or more in the fleet, by their devices."""
        nodes = [node for node in self.fleet.shared_nodes(self.today) if self._linked(node).holders]
        found = [
            Group(part, level)
            for part, level in _parts(
                [(self._linked(node).level, node.holders) for node in nodes], 1, self._heaviest_parts
            )
        ]
        return sorted(found, key=lambda each: each.devices)

    def group_of(self, device: str) -> Group | None:
        """Returns the group that a device is in; None when nothing links it."""
        if device not in self._grouped:
            for level in range(1, HIGHEST_LEVEL + 1):
                found = self._around(device, level)
                if found is not None:
                    group = Group(found, level) if len(found) > 1 else None
                    self._grouped.update(dict.fromkeys(found, group))
                    break
            else:
                found = self._with_heaviest(device)
                group = Group(found, HIGHEST_LEVEL + 1) if len(found) > 1 else None
                self._grouped.update(dict.fromkeys(found, group))
        return self._grouped[device]

    def parts(self, group: Group, level: int) -> list[Group]:
        """Returns what links of a level and more still hold together of a group, without single devices."""
        inside = set(group.devices)
        links: list[tuple[int, tuple[str, ...]]] = []
        for key in sorted({key for device in group.devices for key in self._links_of(device)}):
            link = self._known[key]
            held = tuple(each for each in link.holders if each in inside)
            if link.level >= level and len(held) > 1:
                links.append((link.level, held))
        return [Group(part, each) for part, each in _parts(links, level, None)]

    def reaches_out(self, devices: Sequence[str], group: Group) -> bool:
        """Whether half of some devices of a group have a value that others of the group have, too."""
        inside, others = set(devices), set(group.devices) - set(devices)
        for key in {key for device in devices for key in self._links_of(device)}:
            holders = self._known[key].holders
            if 2 * len(inside.intersection(holders)) >= len(inside) and not others.isdisjoint(holders):
                return True
        return False

    def hangs_on_one(self, parts: Sequence[Group], group: Group) -> bool:
        """Whether one device is in all that ties parts of a group to each other: it may have made that up."""
        of = {device: place for place, part in enumerate(parts) for device in part.devices}
        always: set[str] | None = None
        for key in {key for device in group.devices for key in self._links_of(device)}:
            sides: dict[int, list[str]] = {}
            for each in self._known[key].holders:
                if each in of:
                    sides.setdefault(of[each], []).append(each)
            if len(sides) > 1:
                alone = {side[0] for side in sides.values() if len(side) == 1} if len(sides) == 2 else set[str]()
                always = alone if always is None else always & alone
                if not always:
                    return False
        return bool(always)

    def _linked(self, node: Node) -> Link:
        key = (node.seen.kind, node.seen.value)
        if key not in self._known:
            bits = self.strength(node)
            self._known[key] = Link() if bits is None else Link(bits, node.holders)
        return self._known[key]

    def _links_of(self, device: str) -> tuple[NodeKey, ...]:
        """The values that link a device to others."""
        if device not in self._of:
            found: list[NodeKey] = []
            for held in self.fleet.held(device):
                key = (held.seen.kind, held.seen.value)
                if not held.now or held.seen.kind not in LINKS:
                    continue
                if key not in self._known:
                    node = self.fleet.node(*key, self.today)
                    self._known[key] = self._linked(node) if node is not None else Link()
                if self._known[key].holders:
                    found.append(key)
            self._of[device] = tuple(sorted(found))
        return self._of[device]

    def _around(self, device: str, level: int) -> tuple[str, ...] | None:
        """All devices that links of a level and more lead to; None when they are more than `LARGEST`."""
        too_large = self._too_large.setdefault(level, set())
        seen, waiting, gone = {device}, [device], set[NodeKey]()
        while waiting:
            each = waiting.pop()
            if each in too_large or len(seen) > LARGEST:
                too_large |= seen
                return None
            for key in self._links_of(each):
                link = self._known[key]
                if key not in gone and link.level >= level:
                    gone.add(key)
                    waiting += [other for other in link.holders if other not in seen]
                    seen.update(link.holders)
        if len(seen) > LARGEST:
            too_large |= seen
            return None
        return tuple(sorted(seen))

    def _with_heaviest(self, device: str) -> tuple[str, ...]:
        key = self._heaviest(device)
        if key is None:
            return (device,)
        return tuple(each for each in self._known[key].holders if self._heaviest(each) == key)

    def _heaviest(self, device: str) -> NodeKey | None:
        keys = self._links_of(device)
        return min(keys, key=lambda key: (-self._known[key].bits, key), default=None)

    def _heaviest_parts(self, devices: Iterable[str]) -> list[tuple[str, ...]]:
        found = {self._with_heaviest(device) for device in devices}
        return sorted(each for each in found if len(each) > 1)


def _parts(
    links: Sequence[tuple[int, tuple[str, ...]]],
    level: int,
    rest: Callable[[Iterable[str]], list[tuple[str, ...]]] | None,
) -> list[tuple[tuple[str, ...], int]]:
    """Returns what links hold together, with the level that holds each part, parts of more than `LARGEST` cut.

    links  level and holders of each value
    rest   what cuts a part that the heaviest level holds together; None where no part can be so large
    """
    numbers: dict[str, int] = {}
    graph: rustworkx.PyGraph[str, None] = rustworkx.PyGraph(multigraph=False)
    edges: list[tuple[int, int]] = []
    for _, holders in links:
        for device in holders:
            if device not in numbers:
                numbers[device] = graph.add_node(device)
    first = len(numbers)
    for _, holders in links:
        value = graph.add_node("")
        edges += [(value, numbers[device]) for device in holders]
    graph.add_edges_from_no_data(edges)
    found: list[tuple[tuple[str, ...], int]] = []
    for component in rustworkx.connected_components(graph):
        devices = tuple(sorted(graph[index] for index in component if index < first))
        if len(devices) <= LARGEST:
            found.append((devices, level))
        elif level < HIGHEST_LEVEL:
            heavier = [links[index - first] for index in sorted(component) if index >= first]
            found += _parts([each for each in heavier if each[0] > level], level + 1, rest)
        elif rest is not None:
            found += [(part, HIGHEST_LEVEL + 1) for part in rest(devices)]
    return [each for each in found if len(each[0]) > 1]
