"""What is remembered of one device: when each source last looked, and since when it has had each value.

A record is one flat array of 32-bit numbers, because a fleet holds millions of values. Merging is commutative and
idempotent: whatever order reports come in, and however often, the record is the same.

    record[slot], record[SOURCES + slot]   latest look of a source, and the days of its looks
    record[PRINTS + slot]                  print of what that look showed; 0 where the next one has to be read
    record[FIRST]                          when the first network was seen; NEVER before one was
    record[PENDING]                        values of the latest looks were shown later than they say: `written` first
    record[HEAD + 5 * i ...]               number of the value, mark, first and last second, days

Days are 32 bits: bit i is the UTC day `i` before that of the second beside them. A mark is the number of what the
value was called (`index.Index`); its highest bit is set while the value counts as held now, the next one while the
latest look of its source showed it.
"""

from array import array
from collections.abc import Iterable, Iterator

import msgspec

from .kinds import KINDS
from .types import Seen

#: A source's place in a record; what is kept of a device names sources, so that the order may change.
SLOTS: dict[str, int] = {
    source: slot for slot, source in enumerate(dict.fromkeys(kind.source for kind in KINDS.values() if kind.source))
}
SOURCES = len(SLOTS)
PRINTS = 2 * SOURCES
FIRST = 3 * SOURCES
PENDING = FIRST + 1
HEAD = FIRST + 2
WIDTH = 5

NEVER = 0xFFFF_FFFF
NOW = 0x8000_0000
SHOWN = 0x4000_0000
MARK = SHOWN - 1

DAY = 86_400
_WINDOW = 0xFFFF_FFFF


class Kept(msgspec.Struct, array_like=True):
    """What `encoded` writes. looks: source to second and days; held: value, first and last second, days."""

    looks: dict[str, tuple[int, int]]
    held: list[tuple[Seen, int, int, int]]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Kept)


def new() -> "array[int]":
    """Returns the record of a device of which nothing is known."""
    return array("I", (*(0 for _ in range(FIRST)), NEVER, 0))


def second(at: int) -> int:
    """Returns a second that fits a record: a clock before 1970 or after 2106 is a fault."""
    return min(max(at, 0), NEVER - 1)


def days_of(numbers: Iterable[int], last: int) -> int:
    """Returns bits of days, given as days since 1970, up to the day of the second `last`."""
    day, bits = last // DAY, 0
    for number in numbers:
        if 0 <= day - number < 32:
            bits |= 1 << (day - number)
    return bits


def joined(last: int, days: int, other_last: int, other_days: int) -> tuple[int, int]:
    """Returns the later of two seconds with the days of both."""
    shift = other_last // DAY - last // DAY
    if shift > 0:
        days = (days << shift) & _WINDOW if shift < 32 else 0
    elif shift < 0:
        other_days = (other_days << -shift) & _WINDOW if shift > -32 else 0
    return max(last, other_last), days | other_days


def look(record: "array[int]", slot: int, at: int, days: int) -> None:
    """Takes in that a source looked."""
    latest = record[slot]
    if not latest:
        record[slot], record[SOURCES + slot] = at, days
    elif latest // DAY == at // DAY:
        record[slot] = max(latest, at)
        record[SOURCES + slot] |= days
    else:
        record[slot], record[SOURCES + slot] = joined(latest, record[SOURCES + slot], at, days)


def find(record: "array[int]", number: int) -> int:
    """Returns where a value stands in a record; -1 where it does not."""
    try:
        return HEAD + WIDTH * record[HEAD::WIDTH].index(number)
    except ValueError:
        return -1


def put(record: "array[int]", number: int, mark: int, first: int, last: int, days: int) -> None:
    """Adds a value that the record does not have."""
    record.extend((number, mark, first, last, days))


def drop(record: "array[int]", place: int) -> None:
    """Takes a value out; the last one takes its place."""
    tail = record[-WIDTH:]
    del record[-WIDTH:]
    if place < len(record):
        record[place : place + WIDTH] = tail


def places(record: "array[int]") -> Iterator[int]:
    """Yields where each value stands."""
    return iter(range(HEAD, len(record), WIDTH))


def latest(record: "array[int]") -> int:
    """Returns when any source last looked; 0 for never."""
    return max(record[:SOURCES])


def on_days(record: "array[int]", place: int, day: int) -> int:
    """Returns the days of a value as bits before another day."""
    shift = day - record[place + 3] // DAY
    days = record[place + 4]
    if shift >= 0:
        return (days << shift) & _WINDOW if shift < 32 else 0
    return days >> -shift


def resident(record: "array[int]", place: int, slot: int) -> bool:
    """Whether a value was shown on four of five of the days on which its source looked, since it first was."""
    day = record[slot] // DAY
    back = min(max(day - record[place + 2] // DAY, 0), 31)
    looked = record[SOURCES + slot] & ((2 << back) - 1)
    return (on_days(record, place, day) & looked).bit_count() * 5 >= looked.bit_count() * 4


def encoded(kept: Kept) -> bytes:
    """Returns what a store keeps of a device."""
    return _encoder.encode(kept)


def decoded(body: bytes) -> Kept:
    """Returns what was encoded. Raises msgspec.DecodeError for anything else."""
    return _decoder.decode(body)
