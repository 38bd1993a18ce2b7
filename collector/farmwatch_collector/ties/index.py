"""One node per value, and who holds it: compact, because a million devices hold ten million values.

Devices, values and what values are called go by numbers here; only what is asked for becomes words again.
"""

import heapq
import zlib
from array import array
from bisect import insort
from collections.abc import Iterator

from .kinds import KINDS
from .types import Seen

#: Above so many holders nobody is named and nothing is gathered: more than any house holds.
CROWD = 256

#: Of a crowd so many devices, always the same ones, stand for all of it.
SAMPLE = 64

Mark = tuple[str, str, bool]
"""stratum, words, soft: what a device calls a value."""

CODES: dict[str, int] = {kind: code for code, kind in enumerate(KINDS)}
NAMES: tuple[str, ...] = tuple(KINDS)
_PREFIX: dict[str, bytes] = {kind: bytes([code]) for kind, code in CODES.items()}

_Holders = int | set[int] | None


class Index:
    """Values by number, and devices by number.

    dirty  nodes whose holders changed since whoever counts them last looked
    """

    def __init__(self) -> None:
        self.names: list[str] = []
        self.numbers: dict[str, int] = {}
        self.dirty: set[int] = set()
        self._free_devices: list[int] = []
        self._nodes: dict[bytes, int] = {}
        self.keys: list[bytes] = []
        self._now: list[_Holders] = []
        self._gone: list[_Holders] = []
        self._free_nodes: list[int] = []
        self.marks: list[Mark] = []
        self._mark_numbers: dict[Mark, int] = {}
        self._mark_uses = array("I")
        self._free_marks: list[int] = []
        self._samples: dict[int, list[tuple[int, str, int]]] = {}

    def add_device(self, device: str) -> int:
        """Gives a device a number."""
        if self._free_devices:
            number = self._free_devices.pop()
            self.names[number] = device
        else:
            number = len(self.names)
            self.names.append(device)
        self.numbers[device] = number
        return number

    def drop_device(self, device: str) -> None:
        """Takes a device's number back, which holds nothing any more."""
        number = self.numbers.pop(device)
        self.names[number] = ""
        self._free_devices.append(number)

    def find(self, kind: str, value: bytes) -> int:
        """Returns a value's number; -1 for one that nobody has or had."""
        return self._nodes.get(_PREFIX[kind] + value, -1)

    def add(self, kind: str, value: bytes) -> int:
        """Returns a value's number, a new one where it has none."""
        key = _PREFIX[kind] + value
        node = self._nodes.get(key)
        if node is not None:
            return node
        if self._free_nodes:
            node = self._free_nodes.pop()
            self.keys[node] = key
        else:
            node = len(self.keys)
            self.keys.append(key)
            self._now.append(None)
            self._gone.append(None)
        self._nodes[key] = node
        return node

    def code(self, node: int) -> int:
        """Returns the number of a node's kind."""
        return self.keys[node][0]

    def key(self, node: int) -> tuple[str, bytes]:
        """Returns kind and value."""
        key = self.keys[node]
        return NAMES[key[0]], key[1:]

    def exists(self, node: int) -> bool:
        return bool(self.keys[node])

    def mark(self, seen: Seen) -> int:
        """Returns the number of what a value is called, and counts one use of it."""
        mark = (seen.stratum, seen.words, seen.soft)
        number = self._mark_numbers.get(mark)
        if number is None:
            if self._free_marks:
                number = self._free_marks.pop()
                self.marks[number] = mark
            else:
                number = len(self.marks)
                self.marks.append(mark)
                self._mark_uses.append(0)
            self._mark_numbers[mark] = number
        self._mark_uses[number] += 1
        return number

    def unmark(self, number: int) -> None:
        """Counts one use less."""
        self._mark_uses[number] -= 1
        if not self._mark_uses[number]:
            del self._mark_numbers[self.marks[number]]
            self._free_marks.append(number)

    def seen(self, node: int, mark: int) -> Seen:
        """Returns a value as one device calls it."""
        kind, value = self.key(node)
        return Seen(kind, value, *self.marks[mark])

    def came(self, node: int, number: int) -> None:
        """Takes in that a device is known to have had a value."""
        self._gone[node] = _with(self._gone[node], number)

    def held(self, node: int, number: int) -> None:
        """Takes in that a device has a value now, which it had."""
        self._gone[node] = _without(self._gone[node], number)
        self._now[node] = _with(self._now[node], number)
        self.dirty.add(node)
        sample = self._samples.get(node)
        if sample is not None:
            entry = self._rank(number)
            if entry < sample[-1]:
                insort(sample, entry)
                sample.pop()

    def left(self, node: int, number: int) -> None:
        """Takes in that a device has a value no more."""
        self._now[node] = _without(self._now[node], number)
        self._gone[node] = _with(self._gone[node], number)
        self.dirty.add(node)
        sample = self._samples.get(node)
        if sample is not None:
            entry = self._rank(number)
            if entry in sample:
                sample.remove(entry)
                if len(sample) < SAMPLE:
                    del self._samples[node]

    def forgotten(self, node: int, number: int) -> bool:
        """Takes in that nobody remembers any more that a device had a value; returns whether the node is gone."""
        self._gone[node] = _without(self._gone[node], number)
        if self._gone[node] is not None or self._now[node] is not None:
            return False
        del self._nodes[self.keys[node]]
        self.keys[node] = b""
        self._samples.pop(node, None)
        self._free_nodes.append(node)
        return True

    def count(self, node: int) -> int:
        """Returns how many have it now."""
        return _count(self._now[node])

    def gone_count(self, node: int) -> int:
        """Returns how many are known to have had it."""
        return _count(self._gone[node])

    def now(self, node: int) -> Iterator[int]:
        """Yields who has it now, in no order."""
        return each_of(self._now[node])

    def gone(self, node: int) -> Iterator[int]:
        """Yields who is known to have had it, in no order."""
        return each_of(self._gone[node])

    def holds(self, node: int, number: int) -> bool:
        holders = self._now[node]
        return number in holders if isinstance(holders, set) else holders == number

    def shared(self) -> Iterator[int]:
        """Yields nodes that two or more devices have or had."""
        for node in range(len(self.keys)):
            if self.count(node) + self.gone_count(node) > 1:
                yield node

    def sample(self, node: int) -> list[int]:
        """Returns those who stand for a crowd: the same ones, whatever order its members came in.

        Twice as many are kept as are needed: finding them anew takes a look at all, and comes about seldom.
        """
        known = self._samples.get(node)
        if known is None:
            known = heapq.nsmallest(2 * SAMPLE, (self._rank(number) for number in self.now(node)))
            if len(known) == 2 * SAMPLE:
                self._samples[node] = known
        return [number for _, _, number in known[:SAMPLE]]

    def _rank(self, number: int) -> tuple[int, str, int]:
        name = self.names[number]
        return zlib.crc32(name.encode("utf-8", "surrogatepass")), name, number


def _with(holders: _Holders, number: int) -> _Holders:
    if holders is None:
        return number
    if isinstance(holders, set):
        holders.add(number)
        return holders
    return holders if holders == number else {holders, number}


def _without(holders: _Holders, number: int) -> _Holders:
    if isinstance(holders, set):
        holders.discard(number)
        return holders if len(holders) > 1 else next(iter(holders))
    return None if holders == number else holders


def _count(holders: _Holders) -> int:
    return len(holders) if isinstance(holders, set) else int(holders is not None)


def each_of(holders: _Holders) -> Iterator[int]:
    """Yields holders one by one: the only way to look at them."""
    if isinstance(holders, set):
        yield from holders
    elif holders is not None:
        yield holders
