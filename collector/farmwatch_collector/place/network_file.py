"""The packed form of the network data: sorted range starts with their network and country, and the networks' names.

    FWNET1\\n | length of the head, 4 bytes | head, JSON | bodies, each xz

The head says for each body what it holds, how many values, and how many packed bytes. Starts are stored as differences,
because they pack to a third of what they weigh otherwise. A range ends where the next one begins; what belongs to
nobody is a range of its own with the value 0. IPv6 starts are the first 64 bits, as nobody announces less.

A file comes from people, too: every size is checked before anything is unpacked; what does not fit is an InputError.
"""

import lzma
import sys
from array import array
from collections.abc import Iterable, Sequence
from itertools import accumulate

import msgspec

from ..input_error import InputError

MAGIC = b"FWNET1\n"
FILE_BYTES = 64 << 20
"""Largest file that is taken; the shipped one has about 5 MiB."""

MAX_VALUES = 4_000_000
"""Most ranges of one table: the whole routing table has a quarter of that."""

MAX_NAMES_BYTES = 16 << 20
_HEAD_BYTES = 64 * 1024
_WIDTHS = {"H": 2, "I": 4, "Q": 8}


class Ranges(msgspec.Struct, frozen=True):
    """Sorted starts, and the value that holds from each until the next."""

    starts: "array[int]"
    values: "array[int]"


class NetworkTable(msgspec.Struct, frozen=True, kw_only=True):
    """What a packed file holds.

    made_on    day of the data, ISO 8601
    sources    whose data it is, one sentence each, to be shown where results are
    asn4, asn6          number of the network by address
    country4, country6  place in `countries` by address; 0 is none
    numbers, names      sorted network numbers with their names
    """

    made_on: str
    sources: tuple[str, ...]
    asn4: Ranges
    asn6: Ranges
    country4: Ranges
    country6: Ranges
    countries: tuple[str, ...]
    numbers: "array[int]"
    names: tuple[str, ...]


class _Body(msgspec.Struct, frozen=True):
    name: str
    code: str
    count: int
    packed: int


class _Head(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    made_on: str
    sources: tuple[str, ...]
    countries: tuple[str, ...]
    bodies: tuple[_Body, ...]


_TABLES = (("asn4", "I", "I"), ("asn6", "Q", "I"), ("country4", "I", "H"), ("country6", "Q", "H"))
_ORDER = (
    *(
        (f"{name}.{part}", code)
        for name, start, value in _TABLES
        for part, code in (("starts", start), ("values", value))
    ),
    ("numbers", "I"),
    ("names", "B"),
)


def pack(table: NetworkTable) -> bytes:
    """Returns a file's bytes; equal tables give equal bytes."""
    bodies: list[_Body] = []
    parts: list[bytes] = []
    for name, code in _ORDER:
        if name == "names":
            raw = "".join(f"{each}\n" for each in table.names).encode()
            count = len(raw)
        else:
            table_name, _, part = name.partition(".")
            held = getattr(table, table_name)
            values: array[int] = getattr(held, part) if part else held
            count = len(values)
            raw = _bytes(array(code, _differences(values)) if code != "H" and part != "values" else values)
        packed = lzma.compress(raw, preset=6)
        bodies.append(_Body(name, code, count, len(packed)))
        parts.append(packed)
    head = msgspec.json.encode(
        _Head(made_on=table.made_on, sources=table.sources, countries=table.countries, bodies=tuple(bodies))
    )
    return b"".join((MAGIC, len(head).to_bytes(4, "little"), head, *parts))


def unpack(data: bytes, file: str) -> NetworkTable:
    """Returns what a file holds; raises InputError, which names `file`, when it is none of ours or damaged."""
    try:
        return _unpacked(data)
    except (ValueError, lzma.LZMAError, EOFError, msgspec.DecodeError) as error:
        problem = f"is no network data of farmwatch, or damaged: {error}."
        raise InputError(file, 0, "", problem, "Make it again: farmwatch networks build, or make assets.") from error


def _unpacked(data: bytes) -> NetworkTable:
    if not data.startswith(MAGIC):
        raise ValueError("it begins with other bytes")
    start = len(MAGIC) + 4
    size = int.from_bytes(data[len(MAGIC) : start], "little")
    if size > _HEAD_BYTES:
        raise ValueError("its head is too large")
    head = msgspec.json.decode(data[start : start + size], type=_Head)
    if tuple((body.name, body.code) for body in head.bodies) != _ORDER:
        raise ValueError("its parts are others")
    at = start + size
    raws: dict[str, bytes] = {}
    for body in head.bodies:
        most = MAX_NAMES_BYTES if body.code == "B" else MAX_VALUES
        if not 0 <= body.count <= most or not 0 <= body.packed <= FILE_BYTES:
            raise ValueError(f"{body.name} is too large")
        wanted = body.count * _WIDTHS.get(body.code, 1)
        unpacker = lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=256 << 20)
        raw = unpacker.decompress(data[at : at + body.packed], max_length=wanted + 1)
        if len(raw) != wanted:
            raise ValueError(f"{body.name} has another length than it says")
        raws[body.name] = raw
        at += body.packed
    tables = {
        name: Ranges(_sums(start_code, raws[f"{name}.starts"]), _values(value_code, raws[f"{name}.values"]))
        for name, start_code, value_code in _TABLES
    }
    for name, ranges in tables.items():
        if len(ranges.starts) != len(ranges.values):
            raise ValueError(f"{name} has starts without values")
        if name.startswith("country") and ranges.values and max(ranges.values) > len(head.countries):
            raise ValueError(f"{name} names countries that it does not hold")
    numbers = _sums("I", raws["numbers"])
    names = tuple(raws["names"].decode().split("\n")[:-1])
    if len(names) != len(numbers):
        raise ValueError("there are numbers without names")
    return NetworkTable(
        made_on=head.made_on, sources=head.sources, countries=head.countries, numbers=numbers, names=names, **tables
    )


def _differences(values: Sequence[int]) -> Iterable[int]:
    last = 0
    for value in values:
        yield value - last
        last = value


def _bytes(values: "array[int]") -> bytes:
    if sys.byteorder == "big":
        values = values[:]
        values.byteswap()
    return values.tobytes()


def _values(code: str, raw: bytes) -> "array[int]":
    values = array(code)
    if values.itemsize != _WIDTHS[code]:  # no system that Python runs on today
        raise ValueError("this system counts in other sizes")
    values.frombytes(raw)
    if sys.byteorder == "big":
        values.byteswap()
    return values


def _sums(code: str, raw: bytes) -> "array[int]":
    """Returns sorted values from their differences; raises ValueError when they do not fit."""
    try:
        return array(code, accumulate(_values(code, raw)))
    except OverflowError as error:
        raise ValueError("a start is too large") from error
