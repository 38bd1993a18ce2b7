"""When devices had input, and which pairs of them one pair of hands would explain. docs/farms.md, "Rhythm".

No probe reports when a screen was locked: where input is not told, only logins that began and ended within a day say
something, and they say less.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from math import exp

import numpy as np
from numpy.typing import NDArray

from farmwatch_detectors.view import Rhythm, Span
from farmwatch_schema.observables.input_source import SLOT_MINUTES, InputDay
from farmwatch_schema.observables.sessions import Session

from .chance import Bools, Floats, Moments, deviations, moments, tail
from .source import Activity

SLOTS = 24 * 60 // SLOT_MINUTES
#: Looked at: so many days before the day that is not over.
DAYS = 30
#: A pair with fewer days on which both were watched, and both had input, is not judged.
LEAST_DAYS = 5
#: A day counts when so many minutes of it were watched, and so large a part of the time from its first input to its
#: last: what was not watched is unknown, and must not pass for a pause.
LEAST_WATCHED, LEAST_PART = 120, 0.75
#: A login that lasts longer is somebody who did not log out.
LONGEST_LOGIN = timedelta(hours=14)
#: Over all pairs of one candidate, the chance that any innocent one is told: Bonferroni.
BAR = 0.01
#: Hours are alike when so much of two daily profiles is in common; with fewer such strangers nobody can say what
#: everybody's breaks explain.
ALIKE, LEAST_STRANGERS = 0.5, 8
#: As many strangers are enough; more only take time.
STRANGERS = 64
#: What one operator does, beside being unlikely by chance. `alternates`: switches a day, switches as a multiple of
#: those by chance, and of the overlap by chance what is left at most. `together`: part of all starts and stops.
SWITCHES, TIMES, OVERLAP, MATCHED = 1.0, 1.5, 0.4, 0.6

Slots = NDArray[np.bool_]


def activity_of(
    days: Iterable[InputDay], sessions: Iterable[Span] = (), *, since: date, at: datetime
) -> Activity | None:
    """Returns when a device had input on the days from `since`, in any order of what is given; None when nobody knows.

    days      of all its `input_source` sections; several of one day are one
    sessions  spans of its `sessions`, read only where no day of input is told
    at        the moment; a login that lasts goes on until then
    """
    slots: dict[date, int] = {}
    watched: dict[date, int] = {}
    for each in days:
        day = _day_of(each.day)
        if day is None or day < since or len(each.slots) != SLOTS // 4 or not _is_hex(each.slots):
            continue
        slots[day] = slots.get(day, 0) | _first_lowest(each.slots)
        watched[day] = max(watched.get(day, 0), min(each.watched, 24 * 60))
    if slots:
        return Activity(slots=slots, watched=watched)
    return _of_sessions(sessions, since, at)


def _of_sessions(spans: Iterable[Span], since: date, at: datetime) -> Activity | None:
    """Days of logins that began and ended: their quarters of an hour, and those days wholly watched."""
    begun: dict[tuple[str, str, str, str], datetime] = {}
    ended: dict[tuple[str, str, str, str], datetime] = {}
    for span in spans:
        if not isinstance(span.item, Session):
            continue
        each = span.item
        began = _time_of(each.since)
        if began is None:
            continue
        key = (each.since, each.origin, each.protocol, each.user.digest if each.user else "")
        begun[key] = began
        # What is told as ended had ended when it was first told so, and was there when it was last told as lasting.
        end = (None if span.from_start else span.seen_from) if each.ended else (span.seen_until or at)
        if end is not None:
            ended[key] = min(end, ended.get(key, end))
    slots: dict[date, int] = {}
    for key, began in begun.items():
        end = ended.get(key)
        if end is None or not began <= end or end - began > LONGEST_LOGIN:
            continue
        first, last = _slot_of(began), _slot_of(end)
        for slot in range(first, last + 1):
            day = date.fromordinal(slot // SLOTS)
            if since <= day:
                slots[day] = slots.get(day, 0) | 1 << slot % SLOTS
    return Activity(slots=slots, watched=dict.fromkeys(slots, 24 * 60), source="sessions") if slots else None


def rhythms(activities: Mapping[str, Activity], strangers: Sequence[Activity], at: datetime) -> tuple[Rhythm, ...]:
    """Returns pairs whose activity alternates or goes together, each told of both devices, by device and other.

    activities  by device: those of one candidate
    strangers   of this fleet and not of the candidate; the first `STRANGERS` are taken
    at          the moment: the `DAYS` days before its UTC day are looked at

    `p` holds for all pairs of the candidate together. Nothing is drawn: the same days give the same answer, in
    whatever order they come.
    """
    devices = sorted(activities)
    if len(devices) < 2:
        return ()
    days = [at.astimezone(UTC).date() - timedelta(days=back) for back in range(DAYS, 0, -1)]
    members = _Days([activities[each] for each in devices], days)
    others = _Days(list(strangers)[:STRANGERS], days)
    pairs = len(devices) * (len(devices) - 1) // 2
    inside, outside = _Fit(members, members), _Fit(members, others)
    found: list[Rhythm] = []
    for one, other, kind, p in _told(inside, outside, members.alike(others), pairs):
        counts = inside.of(kind)
        sources = {activities[devices[one]].source, activities[devices[other]].source}
        rhythm = Rhythm(
            device=devices[one],
            other=devices[other],
            kind=kind,
            p=p,
            days=int(inside.days[one, other]),
            switches=round(float(counts.seen[one, other])),
            expected=round(float(counts.mean[one, other]), 1),
            source="input_source" if sources == {"input_source"} else "sessions",
        )
        found += [rhythm, _turned(rhythm)]
    return tuple(sorted(found, key=lambda each: (each.device, each.other, each.kind)))


class _Days:
    """Some devices' last days as arrays.

    active, starts, stops  [device, day, quarter of an hour]
    known                  [device, day]: watched for long enough, and with input
    events                 [device, day]: starts and stops
    """

    def __init__(self, activities: Sequence[Activity], days: Sequence[date]) -> None:
        self.count = len(activities)
        self.days = days
        self.active = np.array(
            [[_bits(each.slots.get(day, 0)) for day in days] for each in activities], dtype=np.bool_
        ).reshape(self.count, len(days), SLOTS)
        told = np.array([[day in each.slots for day in days] for each in activities], dtype=np.bool_)
        watched = np.array([[each.watched.get(day, 0) for day in days] for each in activities])
        told, watched = told.reshape(self.count, len(days)), watched.reshape(self.count, len(days))
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

    def alike(self, other: "_Days") -> Bools:
        """Returns which device of `other` keeps hours like which of these: half of its profile or more in common."""
        mine, theirs = self.profiles(), other.profiles()
        common: Bools = np.minimum(mine[:, None, :], theirs[None, :, :]).sum(axis=2) >= ALIKE
        return common

    def profiles(self) -> Floats:
        """Returns the part of each device's input that fell into each quarter of an hour of the day."""
        counts = (self.active & self.known[:, :, None]).sum(axis=1).astype(np.float64)
        return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0)


class _Fit:
    """How some devices' days fit some others', in moments over shuffled days, each [device, other].

    switches  one stops in the quarter of an hour in which the other starts, or in the one before
    overlap   quarters of an hour in which both had input, those of a switch left out
    apart     switches less overlap: what one pair of hands makes large
    matched   starts in the same quarter of an hour, and stops
    days      on which both are known
    part      of all their starts and stops, those that are matched
    """

    def __init__(self, mine: _Days, theirs: _Days) -> None:
        shape = (mine.count, theirs.count)
        none = Moments(*(np.zeros(shape) for _ in Moments._fields))
        self.switches, self.overlap, self.apart, self.matched = none, none, none, none
        self.days, events = np.zeros(shape), np.zeros(shape)
        for block in _blocks(mine.days):
            common = mine.known[:, None, block] & theirs.known[None, :, block]
            switches, overlap, matched = _together(mine, theirs, block)
            self.switches = self.switches.with_block(moments(switches, common))
            self.overlap = self.overlap.with_block(moments(overlap, common))
            self.apart = self.apart.with_block(moments(switches - overlap, common))
            self.matched = self.matched.with_block(moments(matched, common))
            self.days += common.sum(axis=2)
            events += (common * (mine.events[:, None, block] + theirs.events[None, :, block])).sum(axis=2)
        self.part = 2 * self.matched.seen / np.maximum(events, 1.0)
        self.excess = {"alternates": deviations(self.apart), "together": deviations(self.matched)}

    def of(self, kind: str) -> Moments:
        """Returns what a rhythm's kind counts."""
        return self.switches if kind == "alternates" else self.matched

    def fits(self, kind: str) -> Bools:
        """Returns which pairs look as that kind does, likely or not."""
        enough = self.days >= LEAST_DAYS
        if kind == "together":
            return enough & (self.part >= MATCHED)
        often = (self.switches.seen >= SWITCHES * self.days) & (self.switches.seen >= TIMES * self.switches.mean)
        return enough & often & (self.overlap.seen <= OVERLAP * self.overlap.mean)

    def chance(self, kind: str, one: int, other: int) -> float:
        """Returns the share of shuffled days that fit as well; never less than one of all their orders."""
        sums = self.apart if kind == "alternates" else self.matched
        return max(
            tail(float(self.excess[kind][one, other]), self.skewness(kind, one, other)),
            exp(-float(sums.ways[one, other])),
        )

    def skewness(self, kind: str, one: int, other: int) -> float:
        """Returns the skewness of the shuffled sums."""
        sums = self.apart if kind == "alternates" else self.matched
        variance = max(float(sums.variance[one, other]), 1e-12)
        return float(sums.third[one, other]) / variance**1.5


def _told(inside: _Fit, outside: _Fit, alike: Bools, pairs: int) -> Iterable[tuple[int, int, str, float]]:
    """Yields the pairs that chance, habit and what everybody does at once do not explain, with kind and p."""
    for kind in ("alternates", "together"):
        for one, other in np.argwhere(np.triu(inside.fits(kind), 1)).tolist():
            p = inside.chance(kind, one, other)
            if p * 2 * pairs > BAR:
                continue
            strangers = np.concatenate(
                [
                    outside.excess[kind][mine, alike[theirs] & (outside.days[mine] >= LEAST_DAYS)]
                    for mine, theirs in ((one, other), (other, one))
                ]
            )
            if len(strangers) >= LEAST_STRANGERS:
                excess, skewness = float(inside.excess[kind][one, other]), inside.skewness(kind, one, other)
                p = max(p, _of_strangers(strangers, excess, skewness))
            elif kind == "together":
                continue  # breaks that everybody has make people stop and start together, never by turns
            p *= 2 * pairs  # both kinds were looked for
            if p <= BAR:
                yield one, other, kind, p


def _of_strangers(strangers: Floats, excess: float, skewness: float) -> float:
    """Returns the share of strangers that fit as well; where none does, the curve laid through theirs says how few."""
    better = int((strangers >= excess).sum())
    if better:
        return (1 + better) / (1 + len(strangers))
    habit, spread = max(0.0, float(strangers.mean())), max(1.0, float(strangers.std()))
    return tail((excess - habit) / spread, skewness)


def _together(mine: _Days, theirs: _Days, block: NDArray[np.int64]) -> tuple[Floats, Floats, Floats]:
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


def _blocks(days: Sequence[date]) -> list[NDArray[np.int64]]:
    """Returns the days that are shuffled among themselves: working days of one week, weekend days of one week.

    The clocks change, holidays fall and journeys begin between weeks more than within one.
    """
    found: dict[tuple[int, int, bool], list[int]] = {}
    for place, day in enumerate(days):
        year, week, weekday = day.isocalendar()
        found.setdefault((year, week, weekday > 5), []).append(place)
    return [np.array(each, dtype=np.int64) for each in found.values()]


def _turned(rhythm: Rhythm) -> Rhythm:
    return Rhythm(
        device=rhythm.other,
        other=rhythm.device,
        kind=rhythm.kind,
        p=rhythm.p,
        days=rhythm.days,
        switches=rhythm.switches,
        expected=rhythm.expected,
        source=rhythm.source,
    )


def _bits(slots: int) -> list[bool]:
    return [char == "1" for char in f"{slots & ((1 << SLOTS) - 1):0{SLOTS}b}"[::-1]]


def _first_lowest(told: str) -> int:
    """Returns the slots with the first as the lowest bit; reports have it as the highest."""
    return int(f"{int(told, 16):0{SLOTS}b}"[::-1], 2)


def _is_hex(told: str) -> bool:
    return all(char in "0123456789abcdef" for char in told)


def _day_of(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _time_of(text: str) -> datetime | None:
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def _slot_of(at: datetime) -> int:
    """Returns the number of a moment's quarter of an hour, from the first day of the calendar."""
    at = at.astimezone(UTC)
    return at.date().toordinal() * SLOTS + (at.hour * 60 + at.minute) // SLOT_MINUTES
