"""What entries of travel_routers.yaml hold: makers of routers that people carry, packet sizes of lines and tunnels."""

from functools import cache
from typing import Literal

from . import Entry, load

Width = Literal["plain", "either", "tunnel"]
"""plain: what lines have without any tunnel; tunnel: what only tunnels have; either: both, or nobody knows."""

#: Above this an unlisted size is a line's oddity: no tunnel of full-sized packets leaves so much room.
_ROOM = 1440


class RouterEntry(Entry, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A maker, or the packet sizes that a sort of line or tunnel leaves.

    kind    `maker`, `line` or `tunnel`
    shared  `maker` only: the prefix stands for ordinary home and office routers too, and says nothing alone
    ouis    `maker` only: first three bytes of its addresses, small hex digits
    mtus    `line` and `tunnel` only: largest IP packet, bytes
    """

    name: str
    kind: Literal["maker", "line", "tunnel"]
    shared: bool = False
    ouis: tuple[str, ...] = ()
    mtus: tuple[int, ...] = ()


@cache
def _entries() -> tuple[RouterEntry, ...]:
    return load("travel_routers", RouterEntry).entries


@cache
def makers() -> dict[str, RouterEntry]:
    """Returns makers by prefix."""
    return {oui: entry for entry in _entries() for oui in entry.ouis}


@cache
def sizes(kind: str) -> dict[int, RouterEntry]:
    """Returns entries of one kind by packet size."""
    return {mtu: entry for entry in _entries() if entry.kind == kind for mtu in entry.mtus}


def width_of(possible: frozenset[int]) -> Width:
    """Returns what a largest packet size says; several where it is not known to the byte. Doubt is for the line."""
    lines, tunnels = sizes("line").keys(), sizes("tunnel").keys()
    if possible & (lines - tunnels) or min(possible) > _ROOM:
        return "plain"
    return "tunnel" if possible & tunnels and not possible & lines else "either"
