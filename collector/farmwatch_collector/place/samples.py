"""Measurements of the last days as they are stored, decoded only for whoever asks.

A device is judged far more often than it measures. What a day says of a claim is kept with a digest of the bytes that
it was made from, so most judgements need neither the observables nor the claim test.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import overload

import msgspec

from farmwatch_detectors.placing import DayVerdict
from farmwatch_detectors.view import SectionView
from farmwatch_schema.codec import decode_items
from farmwatch_schema.errors import CodecError

#: Kinds whose past days detectors may see.
SAMPLED = ("latency",)
#: Days that are looked at, today's included.
DAYS = 8
#: Days whose verdicts are read again: an estimate of two weeks ago tells whether the laptop moved.
KEPT_DAYS = 15
#: Of one device and kind: two rounds a day make 16 in eight days. More is a fault or a flood, and the newest count.
MOST_SAMPLES = 128
MOST_BYTES = 4 << 20
#: A laptop's clock may be ahead by ten minutes (`Limits.clock_seconds`); what claims to come later is not looked at.
AHEAD = timedelta(hours=1)


class Sample(msgspec.Struct, frozen=True, gc=False):
    """One section of a sample kind: when it was observed, and its items as they came.

    row  number under which a store keeps it for ever; 0 where nobody does
    """

    observed_at: datetime
    content: bytes
    row: int = 0


class KeptDay(msgspec.Struct, frozen=True, kw_only=True):
    """What a day says of the claim, and what it was computed from.

    basis     digest of measurements, claim, calibration and landmarks
    verdict   of that day
    measured  ids of the landmarks that were measured, whether they count or not
    left_out  those of them that stood in quarantine then
    """

    day: date
    basis: bytes
    verdict: DayVerdict
    measured: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


class _Sections(Sequence[SectionView]):
    """Samples of one kind, each decoded when it is asked for: most detectors look at the newest alone."""

    def __init__(self, kind: str, rows: Sequence[Sample]) -> None:
        self._kind = kind
        self._rows = rows
        self._decoded: dict[int, SectionView] = {}

    @overload
    def __getitem__(self, place: int) -> SectionView: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[SectionView]: ...

    def __getitem__(self, place: int | slice) -> SectionView | Sequence[SectionView]:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self._rows)))]
        place = range(len(self._rows))[place]
        if place not in self._decoded:
            self._decoded[place] = _section(self._kind, self._rows[place])
        return self._decoded[place]

    def __len__(self) -> int:
        return len(self._rows)


class Samples(Mapping[str, Sequence[SectionView]]):
    """A view's `samples`: sections of each sample kind, oldest first.

    kept  verdicts of earlier judgements, by day
    """

    def __init__(self, stored: Mapping[str, Sequence[Sample]], kept: Iterable[KeptDay] = ()) -> None:
        self._stored = {kind: _bounded(rows) for kind, rows in stored.items() if rows}
        self._sections = {kind: _Sections(kind, rows) for kind, rows in self._stored.items()}
        self.kept = {each.day: each for each in kept}

    def __getitem__(self, kind: str) -> Sequence[SectionView]:
        return self._sections[kind]

    def __iter__(self) -> Iterator[str]:
        return iter(self._stored)

    def __len__(self) -> int:
        return len(self._stored)

    def digests(self, kind: str) -> dict[date, bytes]:
        """Returns one digest for each day (UTC) over what was measured on it, oldest day first.

        A stored sample never changes, so its number stands for its bytes: hashing them cost more than all the rest.
        """
        found: dict[date, hashlib.blake2b] = {}
        for row in self._stored.get(kind, ()):
            one = found.setdefault(row.observed_at.date(), hashlib.blake2b(digest_size=16))
            one.update(b"%d %d %d " % (row.row, int(row.observed_at.timestamp()), len(row.content)))
            if not row.row:
                one.update(row.content)
        return {day: one.digest() for day, one in found.items()}


def days_since(now: datetime, days: int) -> datetime:
    """Returns midnight (UTC) with which the first of so many days begins, today's included."""
    return datetime.combine(now.astimezone(UTC).date(), time(), tzinfo=UTC) - timedelta(days=days - 1)


def _bounded(rows: Sequence[Sample]) -> tuple[Sample, ...]:
    """Returns the newest samples within what is looked at, oldest first; one that came twice counts once."""
    kept: dict[object, Sample] = {}
    size = 0
    for row in sorted(rows, key=lambda each: each.observed_at, reverse=True):
        size += len(row.content)
        if len(kept) == MOST_SAMPLES or size > MOST_BYTES:
            break
        kept[row.row or (row.observed_at, row.content)] = row
    return tuple(reversed(kept.values()))


def _section(kind: str, row: Sample) -> SectionView:
    try:
        items = tuple(decode_items(kind, row.content))
    except CodecError as error:
        return SectionView(kind=kind, outcome="broken", observed_at=row.observed_at, reason=str(error))
    return SectionView(kind=kind, outcome="found", observed_at=row.observed_at, items=items)
