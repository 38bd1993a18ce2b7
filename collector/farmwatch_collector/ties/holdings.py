"""Records of devices and nodes of values kept in step: what a report changes, and nothing that grows with the fleet."""

from array import array
from collections.abc import Mapping, Sequence

from . import memory
from .index import CODES, Index
from .kinds import KINDS, REMEMBERED_SOURCES
from .memory import DAY, FIRST, HEAD, MARK, NOW, PENDING, PRINTS, SHOWN, SLOTS, SOURCES, WIDTH, Kept
from .types import Held, Seen

#: Of so many values one device is remembered to have been seen with them. Of a device that makes them up, those it
#: came to last are forgotten.
REMEMBERED = 1024

_FIRST_CODE = CODES["first_network"]
_GATEWAY = "gateway_mac"
#: Sections that are read for one source; every other one has the name of a source that it alone is read for.
_PEERS = {"sockets": "peers", "sessions": "peers"}
#: By kind: its source's slot, -1 for a kind made from memory, and the slack.
_SLOT = tuple(SLOTS.get(kind.source, -1) for kind in KINDS.values())
_SLACK = tuple(kind.slack for kind in KINDS.values())
Flips = list[tuple[int, bool]]
"""Nodes that a device came to hold (True) or holds no more (False)."""


class Holdings:
    """What every device holds and held.

    index   the nodes
    sizes   devices that hold any value of a kind now, by the kind's code
    silent  a device that no source looked at since this second holds nothing
    unread  values that say nothing, whoever shows them
    """

    def __init__(self) -> None:
        self.index = Index()
        self.sizes = [0] * len(KINDS)
        self.silent = 0
        self.unread: frozenset[bytes] = frozenset()
        self._records: list[array[int]] = []
        self._versions = array("L")
        self.changed: set[int] = set()

    def record(self, number: int) -> "array[int]":
        """Returns a device's record, up to date."""
        record = self._records[number]
        if record[PENDING]:
            self._write(record)
        return record

    def version(self, number: int) -> int:
        """Returns a number that rises with every change of a device's record, the hour within a day left out."""
        return self._versions[number]

    def looked(self, number: int, section: str) -> int:
        """Returns the second of a section's latest look; 0 when it has none, or ties are not read from it."""
        slot = SLOTS.get(_PEERS.get(section, section))
        return 0 if slot is None else self._records[number][slot]

    def _write(self, record: "array[int]") -> None:
        """Gives the values of the latest looks the second of it."""
        record[PENDING] = 0
        code = self.index.code
        for place in range(HEAD, len(record), WIDTH):
            if record[place + 1] & SHOWN:
                # What the system remembers may tell of it later than the latest look.
                record[place + 3] = max(record[place + 3], record[_SLOT[code(record[place])]])

    def open(self, device: str) -> int:
        """Returns a device's number, a new one where it has none."""
        number = self.index.numbers.get(device)
        if number is None:
            number = self.index.add_device(device)
            if number == len(self._records):
                self._records.append(memory.new())
                self._versions.append(0)
            else:
                self._records[number] = memory.new()
        return number

    def take(self, number: int, seen: Mapping[str, Sequence[Seen]], first: int, last: int, days: int) -> Flips:
        """Takes in values that sources showed from `first` to `last`, on `days` before the latter.

        A look that shows what the one before it showed on the same day is neither read again nor counts as a change.
        """
        record = self._records[number]
        news: list[tuple[int, int, Sequence[Seen]]] = []
        for source, values in seen.items():
            slot = SLOTS.get(source, -1)
            if slot < 0 and source not in REMEMBERED_SOURCES:
                raise ValueError(f"nothing shows values as {source!r}")
            shown = hash(tuple(values)) & 0xFFFF_FFFF or 1
            if slot >= 0 and shown == record[PRINTS + slot] and days == 1:
                at = record[slot]
                if at <= first and at // DAY == last // DAY:
                    record[slot] = last
                    record[PENDING] = 1
                    continue
            news.append((slot, shown, values))
        return self._read(number, news, first, last, days) if news else []

    def _read(
        self, number: int, news: list[tuple[int, int, Sequence[Seen]]], first: int, last: int, days: int
    ) -> Flips:
        record = self.record(number)
        self.changed.add(number)
        self._versions[number] += 1
        newest = 0
        for slot, shown, values in news:
            if slot >= 0:
                if last >= record[slot]:
                    newest |= 1 << slot
                    record[PRINTS + slot] = shown if last > record[slot] else 0
                memory.look(record, slot, last, days)
            for value in values:
                if value.value not in self.unread:
                    self._hold(number, record, value, first, last, days)
        return self.settle(number, newest)

    def _hold(self, number: int, record: "array[int]", seen: Seen, first: int, last: int, days: int) -> None:
        """Takes in one value."""
        index = self.index
        node = index.find(seen.kind, seen.value)
        place = memory.find(record, node) if node >= 0 else -1
        if seen.kind == _GATEWAY and first <= record[FIRST]:
            self._begin(number, record, seen, first)
            place = memory.find(record, node) if node >= 0 else -1
        if place < 0:
            node = index.add(seen.kind, seen.value)
            memory.put(record, node, index.mark(seen), first, last, days)
            index.came(node, number)
            if len(record) > HEAD + WIDTH * REMEMBERED:
                self._bound(number)
            return
        mark = record[place + 1]
        stratum, words, soft = index.marks[mark & MARK]
        known_last = record[place + 3]
        if last >= known_last and (stratum != seen.stratum or words != seen.words or soft != seen.soft):
            called = (seen.stratum, seen.words, seen.soft)
            if last > known_last or called > (stratum, words, soft):
                index.unmark(mark & MARK)
                record[place + 1] = index.mark(seen) | (mark & ~MARK)
                index.dirty.add(node)
        if first < record[place + 2]:
            record[place + 2] = first
        if last // DAY == known_last // DAY:
            if last > known_last:
                record[place + 3] = last
            record[place + 4] |= days
        else:
            record[place + 3], record[place + 4] = memory.joined(known_last, record[place + 4], last, days)

    def _begin(self, number: int, record: "array[int]", gateway: Seen, first: int) -> None:
        """Takes in a gateway that may be the device's first network: the earliest, and of equal ones the lowest."""
        index = self.index
        for place in memory.places(record):
            if index.code(record[place]) == _FIRST_CODE:
                if (record[FIRST], index.key(record[place])[1]) <= (first, gateway.value):
                    return
                self._lose(number, place)
                break
        record[FIRST] = first
        node = index.add("first_network", gateway.value)
        seen = Seen("first_network", gateway.value, gateway.stratum, gateway.words, gateway.soft)
        memory.put(record, node, index.mark(seen), first, first, 1)
        index.came(node, number)

    def _lose(self, number: int, place: int) -> None:
        """Takes a value out of a record and of its node."""
        record, index = self.record(number), self.index
        self._versions[number] += 1
        node, mark = record[place], record[place + 1]
        if mark & NOW:
            index.left(node, number)
            self._count_kinds(record, without=place)
        index.unmark(mark & MARK)
        memory.drop(record, place)
        index.forgotten(node, number)

    def _count_kinds(self, record: "array[int]", without: int) -> None:
        """Keeps `sizes` right when one value that counts as held is taken out."""
        index = self.index
        code = index.code(record[without])
        others = (place for place in memory.places(record) if place != without and record[place + 1] & NOW)
        if not any(index.code(record[place]) == code for place in others):
            self.sizes[code] -= 1

    def _bound(self, number: int) -> None:
        record, index = self.record(number), self.index
        latest = [record[slot] for slot in range(SOURCES)]
        spare: list[tuple[int, int]] = []
        for place in memory.places(record):
            code = index.code(record[place])
            slot = _SLOT[code]
            if slot >= 0 and record[place + 3] < latest[slot] - _SLACK[code]:
                spare.append((record[place + 2], record[place]))
        for _, node in sorted(spare)[REMEMBERED // 2 :]:
            self._lose(number, memory.find(record, node))

    def settle(self, number: int, newest: int = 0) -> Flips:
        """Brings what counts as held in line with what is remembered.

        newest  bits of the slots whose latest look was taken in just now
        """
        record, index = self.record(number), self.index
        alive = memory.latest(record) >= self.silent
        flips: Flips = []
        before = after = 0
        for place in range(HEAD, len(record), WIDTH):
            node, mark = record[place], record[place + 1]
            code = index.code(node)
            slot = _SLOT[code]
            now = alive and (slot < 0 or record[place + 3] >= record[slot] - _SLACK[code] > 0)
            before |= (mark >> 31) << code
            after |= now << code
            if slot >= 0 and newest >> slot & 1:
                mark = mark | SHOWN if now and record[place + 3] == record[slot] else mark & ~SHOWN
                record[place + 1] = mark
            if slot >= 0 and now != bool(mark & SHOWN):  # it lasts by its kind's slack, or ends: the next look is read
                record[PRINTS + slot] = 0
            if now == bool(mark & NOW):
                continue
            if now:
                record[place + 1] = mark | NOW
                index.held(node, number)
            else:
                record[place + 1] = mark & ~(NOW | SHOWN)
                index.left(node, number)
            flips.append((node, now))
        changed = before ^ after
        while changed:
            code = changed.bit_length() - 1
            self.sizes[code] += 1 if after >> code & 1 else -1
            changed ^= 1 << code
        return flips

    def forget(self, number: int) -> None:
        """Takes out all that is known of a device."""
        record, index = self.record(number), self.index
        codes = {index.code(record[place]) for place in memory.places(record) if record[place + 1] & NOW}
        for code in codes:
            self.sizes[code] -= 1
        for place in memory.places(record):
            node, mark = record[place], record[place + 1]
            if mark & NOW:
                index.left(node, number)
            index.unmark(mark & MARK)
            index.forgotten(node, number)
        self._records[number] = memory.new()
        self._versions[number] += 1
        self.changed.discard(number)
        index.drop_device(index.names[number])

    def expire(self, number: int, before: int) -> None:
        """Lets go of what a device holds no more and had last before a second; its first network stays."""
        record, index = self.record(number), self.index
        old = [
            record[place]
            for place in memory.places(record)
            if record[place + 3] < before and not record[place + 1] & NOW and index.code(record[place]) != _FIRST_CODE
        ]
        for node in old:
            self._lose(number, memory.find(record, node))
        if old:
            self.changed.add(number)

    def kept(self, number: int) -> Kept:
        """Returns what is remembered of a device, by kind and value."""
        record, index = self.record(number), self.index
        held = [
            (index.seen(record[at], record[at + 1] & MARK), record[at + 2], record[at + 3], record[at + 4])
            for at in memory.places(record)
        ]
        looks = {source: (record[slot], record[SOURCES + slot]) for source, slot in SLOTS.items() if record[slot]}
        return Kept(looks, sorted(held, key=lambda each: (each[0].kind, each[0].value)))

    def recall(self, number: int, kept: Kept) -> Flips:
        """Takes in what `kept` once gave, beside what is known."""
        record = self.record(number)
        self._versions[number] += 1
        newest = 0
        for source, (at, days) in kept.looks.items():
            slot = SLOTS.get(source, -1)
            if slot >= 0:
                newest |= (at >= record[slot]) << slot
                record[PRINTS + slot] = 0
                memory.look(record, slot, at, days)
        for seen, first, last, days in kept.held:
            if seen.kind == "first_network":
                if first <= record[FIRST]:
                    self._begin(number, record, seen, first)
            elif seen.kind in CODES:
                self._hold(number, record, seen, first, last, days)
        return self.settle(number, newest)

    def held(self, number: int) -> tuple[Held, ...]:
        """Returns what a device holds and held, by kind and value."""
        record, index = self.record(number), self.index
        found = [
            Held(
                index.seen(record[at], record[at + 1] & MARK),
                record[at + 2],
                record[at + 3],
                record[at + 4],
                bool(record[at + 1] & NOW),
            )
            for at in memory.places(record)
        ]
        return tuple(sorted(found, key=lambda each: (each.seen.kind, each.seen.value)))

    def values(self, number: int) -> list[tuple[int, int]]:
        """Returns a device's nodes with where each stands in its record, by kind in `KINDS`' order and value."""
        record, index = self.record(number), self.index
        return [
            (node, place)
            for _, node, place in sorted((index.keys[record[at]], record[at], at) for at in memory.places(record))
        ]

    def seen_by(self, node: int, number: int) -> Seen:
        """Returns a value as one of those who have or had it calls it."""
        record = self.record(number)
        return self.index.seen(node, record[memory.find(record, node) + 1] & MARK)
