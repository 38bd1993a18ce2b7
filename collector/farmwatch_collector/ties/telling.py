"""What is told of a value: as a node, for farms to be gathered from, and as a tie, for a device's detectors."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from itertools import pairwise

from farmwatch_detectors.view import Tie
from farmwatch_schema.identifiers import Identifier

from . import memory
from .counting import Counting
from .holdings import Holdings
from .index import CODES, CROWD, NAMES
from .kinds import KINDS
from .memory import DAY, MARK, NOW, SLOTS
from .relations import Relations
from .scatter import ASKED, scattered
from .types import Node, Seen, Worth

#: Days for which a value counts as had formerly.
FORMER = 30

_EPOCH = date(1970, 1, 1).toordinal()
_STANDS = frozenset({CODES["gateway_mac"], CODES["bssid"]})
_GATEWAY, _FIRST = CODES["gateway_mac"], CODES["first_network"]
_HARDWARE = frozenset({CODES["usb_serial"], CODES["edid_serial"]})
_TRAIT = frozenset(code for code, kind in enumerate(KINDS.values()) if kind.nature in ("trait", "exit"))
#: What each kind's identifier was, for detectors that look at how an address is made.
_IDENTIFIERS = {"gateway_mac": "mac", "first_network": "mac", "bssid": "bssid", "usb_serial": "serial"}
_SLOT = tuple(SLOTS.get(kind.source, SLOTS["network"]) for kind in KINDS.values())


class Telling:
    """Makes nodes and ties of what is held. key_id: of the company's key, "" without one."""

    def __init__(self, holdings: Holdings, relations: Relations, counting: Counting, key_id: str) -> None:
        self._holdings, self._relations, self._counting = holdings, relations, counting
        self._index = holdings.index
        self._key_id = key_id
        self._known: dict[int, tuple[int, bool]] = {}

    def node(self, node: int, today: date) -> Node:
        """Returns a value with who has it and who had it in the last 30 days."""
        index = self._index
        kind, value = index.key(node)
        count = index.count(node)
        crowd = count > CROWD
        holders = [] if crowd else self._named(index.now(node))
        former = self._former(node, today) if index.gone_count(node) <= CROWD else []
        gone = len(former) if index.gone_count(node) <= CROWD else index.gone_count(node)
        place = self._relations.place(kind, value, today)
        return Node(
            seen=self._seen(node),
            nature=KINDS[kind].nature,
            holders=tuple(name for name, _ in holders),
            count=count,
            former=() if crowd else tuple(name for name, _ in former),
            gone=gone,
            residents=tuple(name for name, number in holders if self._resident(node, number)),
            place=place.name if place else self._standing([number for _, number in holders], today),
            scattered=self._scattered(node, holders, former),
        )

    def _standing(self, holders: Sequence[int], today: date) -> str:
        """Returns the known place where most holders are by their gateway or access point; "" without one.

        Who registers an office by its gateway does not know its public address, nor each dock in it.
        """
        if len(holders) < 2 or not self._relations.places_known:
            return ""
        counts: Counter[str] = Counter()
        missing = 0
        for number in holders:
            record = self._holdings.record(number)
            for at in memory.places(record):
                if record[at + 1] & NOW and self._index.code(record[at]) in _STANDS:
                    known = self._relations.place(*self._index.key(record[at]), today)
                    if known is not None:
                        counts[known.name] += 1
                        break
            else:
                missing += 1
                if missing * 5 > len(holders):
                    return ""
        name, count = min(counts.items(), key=lambda each: (-each[1], each[0]))
        return name if count * 5 >= len(holders) * 4 else ""

    def _named(self, numbers: Iterable[int]) -> list[tuple[str, int]]:
        return sorted((self._index.names[number], number) for number in numbers)

    def _former(self, node: int, today: date) -> list[tuple[str, int]]:
        since = (today.toordinal() - _EPOCH - FORMER) * DAY
        return self._named(number for number in self._index.gone(node) if self._last(node, number) >= since)

    def _last(self, node: int, number: int) -> int:
        record = self._holdings.record(number)
        return record[memory.find(record, node) + 3]

    def _seen(self, node: int) -> Seen:
        index = self._index
        first = self._counting.first(node) if index.count(node) else min(index.gone(node), key=index.names.__getitem__)
        return self._holdings.seen_by(node, first)

    def _resident(self, node: int, number: int) -> bool:
        """A first network's residents are those who are on it still."""
        index, record = self._index, self._holdings.record(number)
        code = index.code(node)
        if code == _FIRST:
            node = index.find("gateway_mac", index.key(node)[1])
        at = memory.find(record, node) if node >= 0 else -1
        return at >= 0 and memory.resident(record, at, _SLOT[code])

    def _scattered(self, node: int, holders: Sequence[tuple[str, int]], former: Sequence[tuple[str, int]]) -> bool:
        index = self._index
        code = index.code(node)
        if code in _TRAIT:
            return False
        asked = [number for _, number in holders] or index.sample(node)
        if code == _FIRST:
            node = index.find("gateway_mac", index.key(node)[1])
        elif len(holders) + len(former) <= CROWD and index.count(node) <= CROWD:
            asked = [number for _, number in sorted([*holders, *former])]
        if node < 0:
            return False
        # What each holder shows is gone through again only when one of them shows something else, or on another day.
        stamp = hash(tuple((each, self._holdings.version(each)) for each in asked[:ASKED]))
        known = self._known.get(node)
        if known is None or known[0] != stamp:
            known = self._known[node] = (stamp, scattered(self._holdings, node, asked))
        return known[1]

    def worth(self, node: Node, size: int | None, today: date | None) -> Worth:
        """Returns what it is worth that so many unrelated devices share a value; without a size, all of its holders."""
        crowd = node.count > CROWD and size is None
        if size is None:
            size = node.count if crowd else self._relations.groups(node.holders, today)
        seen = node.seen
        found = self._counting.worth(seen.kind, seen.value, seen.stratum, size, crowd=crowd, soft=seen.soft)
        if not node.scattered or found.bits <= 0:
            return found
        return Worth(bits=0.0, m=found.m, u=found.u, size=found.size, stratum=found.stratum, measured=found.measured)

    def ties(self, device: str, today: date) -> tuple[Tie, ...]:
        """Returns what a device shares with at least one other, by kind and value."""
        number = self._index.numbers.get(device)
        if number is None:
            return ()
        record = self._holdings.record(number)
        found: list[Tie] = []
        for node, at in self._holdings.values(number):
            if record[at + 1] & NOW and KINDS[NAMES[self._index.code(node)]].shown:
                tie = self._tie(device, number, node, at, today)
                if tie is not None:
                    found.append(tie)
        return tuple(found)

    def _tie(self, device: str, number: int, node: int, at: int, today: date) -> Tie | None:
        index, record = self._index, self._holdings.record(number)
        code, count = index.code(node), index.count(node)
        handed = code in _HARDWARE and count == 1 and self._handed_on(node, number, today)
        if (count < 2 and not handed) or (code == _FIRST and self._gateway_says_it(node, number)):
            return None
        told = self.node(node, today)
        holders = tuple(sorted({device, *told.former})) if handed else told.holders
        seen = index.seen(node, record[at + 1] & MARK)
        strangers = () if told.place else self._relations.strangers(device, holders, today)
        worth = self.worth(told, self._relations.groups(holders, today) if handed else None, today)
        beside = index.find("first_network", seen.value) if code == _GATEWAY else -1
        crowd = not holders
        return Tie(
            kind=seen.kind,
            value=seen.value.hex(),
            holders=holders,
            fleet=self._holdings.sizes[code],
            unrelated=strangers,
            identifier=self._identifier(seen),
            place=told.place,
            since=datetime.fromtimestamp(record[at + 2], tz=UTC),
            count=len(holders) if handed else count,
            strangers=0 if told.place else self._strangers_of_crowd(node, device, today) if crowd else len(strangers),
            bits=worth.bits,
            share=worth.u,
            words=told.seen.words,
            soft=seen.soft,
            scattered=told.scattered,
            first=code == _FIRST or (beside >= 0 and memory.find(record, beside) >= 0),
            handed_over=handed,
        )

    def _strangers_of_crowd(self, node: int, device: str, today: date) -> int:
        """As many as the share of them is among those who stand for it."""
        asked = [self._index.names[number] for number in self._index.sample(node)]
        asked = [each for each in asked if each != device]
        return round(len(self._relations.strangers(device, asked, today)) / len(asked) * (self._index.count(node) - 1))

    def _gateway_says_it(self, node: int, number: int) -> bool:
        """Whether a first network's holders are all behind its gateway, this device among them: one tie is enough."""
        index = self._index
        gateway = index.find("gateway_mac", index.key(node)[1])
        if gateway < 0 or not index.holds(gateway, number):
            return False
        if index.count(node) > CROWD:
            return True
        return all(index.holds(gateway, each) for each in index.now(node))

    def _handed_on(self, node: int, number: int, today: date) -> bool:
        """Whether a thing came here from where it was before, and was never at two devices at once."""
        former = [each for _, each in self._former(node, today)]
        if not former:
            return False
        spans: list[tuple[int, int]] = []
        for each in (number, *former):
            record = self._holdings.record(each)
            at = memory.find(record, node)
            spans.append((record[at + 2], record[at + 3]))
        spans.sort()
        return all(until <= begun for (_, until), (begun, _) in pairwise(spans))

    def _identifier(self, seen: Seen) -> Identifier | None:
        """The identifier as reported, as far as it matters: its shape is not kept."""
        kind = _IDENTIFIERS.get(seen.kind)
        if kind is None:
            return None
        oui = seen.stratum if kind != "serial" else ""
        local = kind != "serial" and seen.soft and not oui
        return Identifier(kind=kind, key_id=self._key_id, digest=seen.value.hex(), oui=oui, local=local)
