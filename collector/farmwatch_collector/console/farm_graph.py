"""The graph of a farm as JSON: devices and the values they share, with fixed positions.

Positions are computed here, from one seed: the same farm looks the same at every visit and to everybody. n devices on
a gateway are n lines. Where there are many devices, those with the same values are drawn as one node.
"""

import math
from typing import Any

import msgspec
import rustworkx as rx

from ..farms.types import Farm
from .farm_view import current, mark_key, names_of, shared_names
from .words import plain

#: More devices than this are drawn together by what they share.
MOST_DEVICES = 200
#: The heaviest values; the others stand in the page's tables.
MOST_VALUES = 60
SEED = 6
#: Half of the drawing's height, in units of Cytoscape, how much wider it is, and how far values of the same devices
#: stand from each other.
_SCALE = 220
_WIDER = 1.9
_APART = 55
_ROUNDS = 120


class GraphNode(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A device, several devices, or a value. `href` is the device's page; `key` that of its level's colour."""

    id: str
    kind: str
    words: str
    title: str
    at: tuple[int, int]
    count: int = 1
    key: str = ""
    href: str = ""


class GraphLine(msgspec.Struct, frozen=True, kw_only=True):
    """A device has a value, which is worth so many bits."""

    device: str
    value: str
    bits: float


class Graph(msgspec.Struct, frozen=True, kw_only=True):
    """What graph.js draws, and how many devices and values it leaves out."""

    nodes: tuple[GraphNode, ...]
    lines: tuple[GraphLine, ...]
    more_devices: int = 0
    more_values: int = 0


def graph(farm: Farm) -> Graph:
    """Returns a farm's graph: of the members it has now."""
    members = {each.member.device: each.member for each in current(farm)}
    names, shared = names_of(farm), farm.facts.shared[:MOST_VALUES]
    held: dict[str, list[int]] = {device: [] for device in members}
    for place, each in enumerate(shared):
        for device in each.members:
            if device in held:
                held[device].append(place)
    together = len(members) > MOST_DEVICES
    groups: dict[Any, list[str]] = {}
    for device in sorted(members):
        groups.setdefault(tuple(held[device]) if together else device, []).append(device)
    order = sorted(groups.values(), key=lambda group: (-len(group), group[0]))
    shown = order[:MOST_DEVICES]
    pairs = [(place, value) for place, group in enumerate(shown) for value in held[group[0]]]
    spots = _positions(len(shown), len(shared), pairs)
    nodes: list[GraphNode] = []
    for place, group in enumerate(shown):
        member = members[group[0]]
        if len(group) == 1:
            points = f"{member.points} points" if member.points is not None else "not judged yet"
            nodes.append(
                GraphNode(
                    id=f"d{place}",
                    kind="device",
                    words=plain(names[member.device], 40),
                    title=plain(f"{names[member.device]}: {points}", 120),
                    at=spots[place],
                    key=member.attention if member.attention != "none" else "dim",
                    href=f"/devices/{member.device}",
                )
            )
        else:
            title = f"{len(group):,} devices that have the same values"
            nodes.append(
                GraphNode(
                    id=f"d{place}",
                    kind="devices",
                    words=f"{len(group):,} devices",
                    title=title,
                    at=spots[place],
                    count=len(group),
                    key="dim",
                )
            )
    for place, (each, words) in enumerate(zip(shared, shared_names(farm), strict=False)):
        title = f"{words}: {len(each.members):,} members, {each.worth.bits:+.1f} bits"
        nodes.append(
            GraphNode(
                id=f"v{place}",
                kind="value",
                words=plain(words, 40),
                title=plain(title, 160),
                at=spots[len(shown) + place],
                count=len(each.members),
                key=mark_key(farm),
            )
        )
    return Graph(
        nodes=tuple(nodes),
        lines=tuple(
            GraphLine(device=f"d{place}", value=f"v{value}", bits=round(max(0.0, shared[value].worth.bits), 1))
            for place, value in pairs
        ),
        more_devices=sum(len(group) for group in order[MOST_DEVICES:]),
        more_values=len(farm.facts.shared) - len(shared),
    )


def _positions(devices: int, values: int, pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Returns where each stands, devices first: nodes push each other away, and lines pull."""
    drawn: rx.PyGraph[int, None] = rx.PyGraph()
    drawn.add_nodes_from(range(devices + values))
    drawn.add_edges_from_no_data([(place, devices + value) for place, value in pairs])
    found = rx.spring_layout(drawn, scale=_SCALE, num_iter=_ROUNDS, seed=SEED)
    spots = [(found[place][0] * _WIDER, found[place][1]) for place in range(devices + values)]
    holders: dict[int, list[int]] = {}
    for place, value in pairs:
        holders.setdefault(value, []).append(place)
    alike: dict[tuple[int, ...], list[int]] = {}
    for value, held in holders.items():
        alike.setdefault(tuple(held), []).append(devices + value)
    for group in alike.values():
        # The layout puts what has the same lines into the same place.
        middle = [sum(spots[place][axis] for place in group) / len(group) for axis in (0, 1)]
        for turn, place in enumerate(group if len(group) > 1 else ()):
            angle = 2 * math.pi * turn / len(group)
            spots[place] = (middle[0] + _APART * math.sin(angle), middle[1] - _APART * math.cos(angle))
    return [(round(x), round(y)) for x, y in spots]
