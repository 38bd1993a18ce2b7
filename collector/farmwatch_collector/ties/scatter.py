"""Whether a value is one thing: what its holders show beside it on the same days tells.

A gateway's address whose holders leave by different lines on one day stands in different places: cheap routers bear
one address. So does a monitor or USB device. Exits that a carrier shares out, and those of security clients,
companies, VPNs and hosters, tell no place. A gateway whose holders show no others stands in different places where
each of several is at an access point of his own: people of one house meet at one of its few. A thing whose holders
show no others is in several places where their gateways are of different makers. Different gateways of one make are
what a farm has that gives each laptop a router or network of its own, and speak for neither.
"""

from collections import Counter
from collections.abc import Sequence

from . import memory
from .holdings import Holdings
from .index import CODES
from .memory import DAY, HEAD, MARK, WIDTH

#: Days looked at, the latest on which two or more have the value first.
_DAYS = 7
#: Of more holders than this, the first ones speak for all.
ASKED = 32
#: With more than this share of its holders in one place a value is one thing there, and the others are elsewhere
#: themselves: on a VPN that nobody knows, or under way.
_TOGETHER = 0.6
#: One line of a house has an address of either family, and these are of two blocks.
_FAMILIES = 2

_BLOCK = CODES["egress_block"]
_EXITS = frozenset({CODES["egress"], _BLOCK})
_GATEWAYS = frozenset({CODES["gateway_mac"]})
_POINTS = frozenset({CODES["bssid"]})
#: So many at so many access points are no house: its few would bring two together.
_POINTS_LEAST = 5

_Shown = list[tuple[bytes, int, str]]
"""Kind and value, days as bits before the day looked back from, stratum."""


def scattered(holdings: Holdings, node: int, holders: Sequence[int]) -> bool:
    """Returns whether holders of a place or thing show that it is in several places at once; False where they do not
    tell."""
    index = holdings.index
    hardware = index.key(node)[0] in ("usb_serial", "edid_serial")
    asked = holders[:ASKED]
    spots = [(number, memory.find(holdings.record(number), node)) for number in asked]
    spots = [(number, at) for number, at in spots if at >= 0]
    if len(spots) < 2:
        return False
    # The latest day of any two: one clock that is far ahead must not take the others' days out of sight.
    day = sorted(holdings.record(number)[at + 3] for number, at in spots)[-2] // DAY
    there = [(memory.on_days(holdings.record(number), at, day), number) for number, at in spots]
    lines = _days_of([(days, _exits(holdings, number, day)) for days, number in there])
    if not lines and hardware:
        makers = _days_of([(days, _shown(holdings, number, _GATEWAYS, day)) for days, number in there])
        return sum(map(_makers_apart, makers)) * 2 > len(makers)
    if not lines and index.key(node)[0] == "gateway_mac":
        points = _days_of([(days, _shown(holdings, number, _POINTS, day)) for days, number in there])
        return bool(points) and sum(map(_points_apart, points)) * 2 > len(points)
    return sum(map(_lines_apart, lines)) * 2 > len(lines)


def _days_of(holders: list[tuple[int, _Shown]]) -> list[list[_Shown]]:
    """Returns for each of the latest days on which two or more tell, what they show; who shows nothing is left out."""
    known: list[tuple[int, _Shown]] = []
    once = twice = 0
    for days, shown in holders:
        told = 0
        for each in shown:
            told |= each[1] & days
        if told:
            known.append((days, shown))
            once, twice = once | told, twice | (once & told)
    found: list[list[_Shown]] = []
    while twice and len(found) < _DAYS:
        bit = twice & -twice
        twice ^= bit
        each_shows = [[each for each in shown if each[1] & bit] for days, shown in known if days & bit]
        found.append([shown for shown in each_shows if shown])
    return found


def _shown(holdings: Holdings, number: int, kinds: frozenset[int], day: int) -> _Shown:
    record, index = holdings.record(number), holdings.index
    keys, marks = index.keys, index.marks
    found: _Shown = []
    for node, mark, last, days in zip(
        record[HEAD::WIDTH],
        record[HEAD + 1 :: WIDTH],
        record[HEAD + 3 :: WIDTH],
        record[HEAD + 4 :: WIDTH],
        strict=True,
    ):
        key = keys[node]
        if key[0] in kinds:
            stratum, _, soft = marks[mark & MARK]
            if not soft:
                shift = day - last // DAY
                found.append((key, days << shift if shift >= 0 else days >> -shift, stratum))
    return found


def _exits(holdings: Holdings, number: int, day: int) -> _Shown:
    shown = _shown(holdings, number, _EXITS, day)
    return [each for each in shown if each[0][0] == _BLOCK] or shown


def _makers_apart(there: list[_Shown]) -> bool:
    """Whether gateways of no one make have most of the holders."""
    counts = Counter(maker for shown in there for maker in {each[2] for each in shown})
    return max(counts.values()) <= _TOGETHER * len(there)


def _points_apart(there: list[_Shown]) -> bool:
    """Whether each of several is at an access point where nobody else is."""
    counts = Counter(point for shown in there for point in {each[0] for each in shown})
    return len(there) >= _POINTS_LEAST and max(counts.values()) == 1


def _lines_apart(there: list[_Shown]) -> bool:
    """Whether no one provider has most of the holders, or those that it has are spread over its blocks."""
    networks = Counter(name for shown in there for name in {each[2] or each[0].hex() for each in shown})
    name, most = max(networks.items(), key=lambda each: (each[1], each[0]))
    if most <= _TOGETHER * len(there):
        return True
    with_it = [[each for each in shown if (each[2] or each[0].hex()) == name] for shown in there]
    blocks = Counter(node for shown in with_it for node in {each[0] for each in shown})
    two = {node for node, _ in sorted(blocks.items(), key=lambda each: (-each[1], each[0]))[:_FAMILIES]}
    in_two = sum(any(each[0] in two for each in shown) for shown in with_it)
    return in_two <= _TOGETHER * most
