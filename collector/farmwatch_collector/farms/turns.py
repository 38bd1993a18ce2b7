"""How devices' days fit each other, as sums whose chance is known. docs/farms.md, "Rhythm"."""

from collections.abc import Sequence
from datetime import date
from math import exp, sqrt

import numpy as np
from numpy.typing import NDArray

from farmwatch_schema.observables.input_source import SLOT_MINUTES

from .chance import Bools, Floats, Moments, deviations, moments, tail
from .source import Activity

SLOTS = 24 * 60 // SLOT_MINUTES
#: A day counts when so many minutes of it were watched, and so large a part of the time from its first input to its
#: last: what was not watched is unknown, and must not pass for a pause.
LEAST_WATCHED, LEAST_PART = 120, 0.75
#: Hours are alike when so much of two daily profiles is in common.
ALIKE = 0.5

Slots = NDArray[np.bool_]
Places = NDArray[np.int64]


class Days:
    """Some devices' last days as arrays.

    active, starts, stops  [device, day, quarter of an hour]
    known                  [device, day]: watched for long enough, and with input
    events                 [device, day]: starts and stops
    """

    def __init__(self, activities: Sequence[Activity], days: Sequence[date]) -> None:
        self.count = len(activities)
        self.days = days
        shape = (self.count, len(days))
        slots = b"".join(
            (each.slots.get(day, 0) & ((1 << SLOTS) - 1)).to_bytes(SLOTS // 8, "little")
            for each in activities
            for day in days
        )
        bits = np.unpackbits(np.frombuffer(slots, dtype=np.uint8), bitorder="little")
        self.active: Slots = bits.astype(np.bool_).reshape(*shape, SLOTS)
        told = np.array([[day in each.slots for day in days] for each in activities], dtype=np.bool_).reshape(shape)
        watched = np.array([[each.watched.get(day, 0) for day in days] for each in activities]).reshape(shape)
        first = self.active.argmax(axis=2)
        span = (SLOTS - self.active[:, :, ::-1].argmax(axis=2) - first) * SLOT_MINUTES
        self.known: Bools = self.active.any(axis=2) & (watched >= LEAST_WATCHED) & (watched >= LEAST_PART * span)
        # At midnight the day beside tells what was; where that is not known, nothing begins or ends there.
        before = np.ones_like(self.active)
        before[:, :, 1:] = self.active[:, :, :-1]
        before[:, 1:, 0] = self.active[:, :-1, -1] | ~told[:, :-1]
        after = np.ones_like(self.active)
        after[:, :, :-1] = self.active[:, :, 1:]
        after[:, :-1, -1] = self.active[:, 1:, 0] | ~told[:, 1:]
        self.starts: Slots = self.active & ~before
        self.stops: Slots = self.active & ~after
        self.events = self.starts.sum(axis=2) + self.stops.sum(axis=2)

    def alike(self, other: "Days") -> Bools:
        """Returns which device of `other` keeps hours like which of these, [device, other]."""
        mine, theirs = self.profiles(), other.profiles()
        common: Floats = np.minimum(mine[:, None, :], theirs[None, :, :]).sum(axis=2, dtype=np.float64)
        return np.greater_equal(common, ALIKE)

    def profiles(self) -> Floats:
        """Returns the part of each device's input that fell into each quarter of an hour of the day."""
        counts: Floats = (self.active & self.known[:, :, None]).sum(axis=1).astype(np.float64)
        counts /= np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
        return counts

    def blocks(self) -> list[Places]:
        """Returns the days that are shuffled among themselves: working days of one week, weekend days of one week.

        The clocks change, holidays fall and journeys begin between weeks more than within one.
        """
        found: dict[tuple[int, int, bool], list[int]] = {}
        for place, day in enumerate(self.days):
            year, week, weekday = day.isocalendar()
            found.setdefault((year, week, weekday > 5), []).append(place)
        return [np.array(each, dtype=np.int64) for each in found.values()]


class Turns:
    """Sums over days that tell whether devices take turns, or go together.

    switches  one stops in the quarter of an hour in which the other starts, or in the one before
    overlap   quarters of an hour in which both had input, those of a switch left out
    apart     switches less overlap: what one pair of hands makes large
    matched   starts in the same quarter of an hour, and stops
    days      on which both are known
    events    starts and stops of both on those days
    """

    def __init__(self, *shape: int) -> None:
        none = Moments(*(np.zeros(shape) for _ in Moments._fields))
        self.switches, self.overlap, self.apart, self.matched = none, none, none, none
        self.days, self.events = np.zeros(shape), np.zeros(shape)

    def add(self, switches: Floats, overlap: Floats, matched: Floats, common: Bools) -> None:
        """Takes in a block of days: each but the last [..., day, day], which is [..., day]."""
        self.switches = self.switches.with_block(moments(switches, common))
        self.overlap = self.overlap.with_block(moments(overlap, common))
        self.apart = self.apart.with_block(moments(switches - overlap, common))
        self.matched = self.matched.with_block(moments(matched, common))
        self.days = self.days + common.sum(axis=-1)

    def sums(self, kind: str) -> Moments:
        """Returns what is improbable in a rhythm of this kind."""
        return self.apart if kind == "alternates" else self.matched

    def excess(self, kind: str) -> Floats:
        """Returns by how many standard deviations of shuffled days each sum exceeds its mean."""
        return deviations(self.sums(kind))

    def skewness(self, kind: str, *at: int) -> float:
        """Returns the skewness of the shuffled sums of one device or pair."""
        sums = self.sums(kind)
        spread = sqrt(max(float(sums.variance[at]), 1e-12))
        return float(sums.third[at]) / (spread * spread * spread)

    def chance(self, kind: str, *at: int) -> float:
        """Returns the share of shuffled days that fit as well; never less than one of all their orders."""
        fitted = tail(float(self.excess(kind)[at]), self.skewness(kind, *at))
        return max(fitted, exp(-float(self.sums(kind).ways[at])))


def compared(mine: Days, theirs: Days) -> tuple[Turns, Turns, Turns]:
    """Returns the turns of each pair [mine, theirs], of each of `mine` with all of `theirs` at once, and of each of
    `theirs` with all of `mine`.

    A device is not compared with itself where both are the same.
    """
    pairs, ones, others = Turns(mine.count, theirs.count), Turns(mine.count), Turns(theirs.count)
    itself = np.eye(mine.count, dtype=np.bool_) if mine is theirs else np.zeros((mine.count, theirs.count), np.bool_)
    for block in mine.blocks():
        known, other_known = mine.known[:, block], theirs.known[:, block]
        sums = _day_by_day(mine, theirs, block)
        common = known[:, None, :] & other_known[None, :, :] & ~itself[:, :, None]
        pairs.add(*sums, common)
        events = mine.events[:, None, block] + theirs.events[None, :, block]
        pairs.events = pairs.events + (common * events).sum(axis=2)
        # A day of the one fits the others' day as a whole: what of it is not known adds nothing.
        kept = known[:, None, :, None] & other_known[None, :, None, :] & ~itself[:, :, None, None]
        by_one = [(each * kept).sum(axis=1) for each in sums]
        by_other = [(each * kept).sum(axis=0).swapaxes(-1, -2) for each in sums]
        ones.add(by_one[0], by_one[1], by_one[2], np.logical_or.reduce(common, axis=1))
        others.add(by_other[0], by_other[1], by_other[2], np.logical_or.reduce(common, axis=0))
    return pairs, ones, others


def _day_by_day(mine: Days, theirs: Days, block: Places) -> tuple[Floats, Floats, Floats]:
    """Returns switches, overlap and matched events of each day of the one with each of the other, within a block.

    Each is [device, other, day, day].
    """
    starts, stops, active = mine.starts[:, block], mine.stops[:, block], mine.active[:, block]
    other_starts, other_stops = theirs.starts[:, block], theirs.stops[:, block]
    # Two lone quarters of an hour at once are no switch.
    alone = _product(starts & stops, other_starts & other_stops)
    at_once = _product(stops, other_starts) + _product(starts, other_stops) - 2 * alone
    next_one = _product(stops[..., :-1], other_starts[..., 1:]) + _product(starts[..., 1:], other_stops[..., :-1])
    overlap = _product(active, theirs.active[:, block]) - at_once
    return at_once + next_one, overlap, _product(starts, other_starts) + _product(stops, other_stops)


def _product(one: Slots, other: Slots) -> Floats:
    """Returns in how many quarters of an hour both hold, for each day of each with each day of each other."""
    (devices, days, slots), (others, other_days, _) = one.shape, other.shape
    flat = one.reshape(-1, slots).astype(np.float32) @ other.reshape(-1, slots).astype(np.float32).T
    counts: Floats = flat.reshape(devices, days, others, other_days).transpose(0, 2, 1, 3).astype(np.float64)
    return counts
