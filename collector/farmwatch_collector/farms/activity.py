"""When devices had input, and which of them one pair of hands would explain. docs/farms.md, "Rhythm".

No probe reports when a screen was locked: where input is not told, only logins that began and ended within a day say
something, and they say less.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cached_property

import msgspec
import numpy as np

from farmwatch_detectors.view import Rhythm, Span
from farmwatch_schema.observables.input_source import SLOT_MINUTES, InputDay
from farmwatch_schema.observables.sessions import Session

from .chance import Bools, Floats, tail
from .source import Activity
from .turns import SLOTS, Days, Turns, compared

#: Looked at: so many days before the day that is not over.
DAYS = 30
#: A pair with fewer days on which both were watched, and both had input, is not judged.
LEAST_DAYS = 5
#: A login that lasts longer is somebody who did not log out.
LONGEST_LOGIN = timedelta(hours=14)
#: The chance that anything innocent is told of a candidate, over all that is looked for in it (Bonferroni).
BAR = 0.01
#: With fewer strangers of like hours nobody can say what everybody's breaks explain.
LEAST_STRANGERS = 8
#: As many strangers are enough; more only take time.
STRANGERS = 64
#: What one operator does, beside being unlikely by chance. `alternates`, of a pair: switches a day, and as a multiple
#: of those by chance; of the overlap by chance, what is left at most. Two people of like hours keep nine tenths of it.
SWITCHES, TIMES, OVERLAP = 1.0, 1.25, 0.6
#: `together`: part of all starts and stops that is matched. A couple's errands are fewer.
MATCHED = 0.6
#: Of devices that take turns with the rest, those pairs are told that fit by so many standard deviations.
PARTNERS = 1.5


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

    `p` holds for all that was looked for in the candidate together. Nothing is drawn: the same days give the same
    answer, in whatever order they come.
    """
    devices = sorted(activities)
    if len(devices) < 2:
        return ()
    days = [at.astimezone(UTC).date() - timedelta(days=back) for back in range(DAYS, 0, -1)]
    search = _Search([activities[each] for each in devices], strangers[:STRANGERS], days)
    found: list[Rhythm] = []
    for (one, other, kind), p in search.told().items():
        counts = search.pairs.switches if kind == "alternates" else search.pairs.matched
        sources = {activities[devices[one]].source, activities[devices[other]].source}
        rhythm = Rhythm(
            device=devices[one],
            other=devices[other],
            kind=kind,
            p=p,
            days=int(search.pairs.days[one, other]),
            switches=round(float(counts.seen[one, other])),
            expected=round(float(counts.mean[one, other]), 1),
            source="input_source" if sources == {"input_source"} else "sessions",
        )
        found += [rhythm, msgspec.structs.replace(rhythm, device=rhythm.other, other=rhythm.device)]
    return tuple(sorted(found, key=lambda each: (each.device, each.other)))


class _Search:
    """Looks for rhythms in a candidate, in two ways that share the bar: pair by pair, and each device with all others.

    One pair of hands on many laptops goes seldom from a given one to a given other: there the second finds what the
    first does not.
    """

    def __init__(self, activities: Sequence[Activity], strangers: Sequence[Activity], days: Sequence[date]) -> None:
        self.count = len(activities)
        self._members = Days(activities, days)
        self._strangers = strangers
        self.pairs, self.ones, _ = compared(self._members, self._members)

    @cached_property
    def _outside(self) -> tuple[Bools, Turns, Turns]:
        """Who of the strangers keeps hours like whose, their turns with each, and with all; seldom asked for."""
        strangers = Days(self._strangers, self._members.days)
        pairs, _, ones = compared(self._members, strangers)
        return self._members.alike(strangers), pairs, ones

    def told(self) -> dict[tuple[int, int, str], float]:
        """Returns pairs with their kind, the smaller place first, and p; one kind a pair."""
        found: dict[tuple[int, int, str], float] = {}
        for one, other, kind, p in (*self._by_pair(), *self._by_device()):
            kinds = [each for each in ("alternates", "together") if (one, other, each) in found]
            if not kinds or kinds == [kind]:
                found[one, other, kind] = min(p, found.get((one, other, kind), 1.0))
        return found

    def _by_pair(self) -> Iterator[tuple[int, int, str, float]]:
        ways = 1 if self.count == 2 else 2
        looks = 2 * ways * (self.count * (self.count - 1) // 2)  # two kinds
        for kind in ("alternates", "together"):
            excess = self.pairs.excess(kind)
            for one, other in np.argwhere(np.triu(self._fits(kind), 1)).tolist():
                p = looks * self.pairs.chance(kind, one, other)
                if p > BAR:
                    continue
                alike, strange, _ = self._outside
                outside, known = strange.excess(kind), strange.days >= LEAST_DAYS
                habits = np.concatenate(
                    [outside[one, alike[other] & known[one]], outside[other, alike[one] & known[other]]]
                )
                if len(habits) < LEAST_STRANGERS and kind == "together":
                    continue  # breaks that everybody has make people stop and start together, never by turns
                skewness = self.pairs.skewness(kind, one, other)
                p = max(p, looks * _of_strangers(habits, float(excess[one, other]), skewness))
                if p <= BAR:
                    yield one, other, kind, p

    def _by_device(self) -> Iterator[tuple[int, int, str, float]]:
        if self.count < 3:
            return
        looks = 2 * self.count
        excess = self.ones.excess("alternates")
        p_of: dict[int, float] = {}
        for one in np.flatnonzero(self._few_overlaps(self.ones) & (self.ones.days >= LEAST_DAYS)).tolist():
            p = looks * self.ones.chance("alternates", one)
            if p <= BAR:
                alike, _, strange = self._outside
                habits = strange.excess("alternates")[alike[one] & (strange.days >= LEAST_DAYS)]
                skewness = self.ones.skewness("alternates", one)
                p_of[one] = max(p, looks * _of_strangers(habits, float(excess[one]), skewness))
        able = [one for one, p in p_of.items() if p <= BAR]
        near = self._few_overlaps(self.pairs) & (self.pairs.days >= LEAST_DAYS)
        near &= self.pairs.excess("alternates") >= PARTNERS
        for place, one in enumerate(able):
            for other in able[place + 1 :]:
                if near[one, other]:
                    yield one, other, "alternates", max(p_of[one], p_of[other])

    def _fits(self, kind: str) -> Bools:
        """Returns which pairs look as that kind does, likely or not."""
        pairs = self.pairs
        enough = pairs.days >= LEAST_DAYS
        if kind == "together":
            return np.logical_and(enough, 2 * pairs.matched.seen >= MATCHED * np.maximum(pairs.events, 1.0))
        often = (pairs.switches.seen >= SWITCHES * pairs.days) & (pairs.switches.seen >= TIMES * pairs.switches.mean)
        return np.logical_and(enough & often, self._few_overlaps(pairs))

    def _few_overlaps(self, turns: Turns) -> Bools:
        return np.less_equal(turns.overlap.seen, OVERLAP * turns.overlap.mean)


def _of_strangers(habits: Floats, excess: float, skewness: float) -> float:
    """Returns the share of strangers that fit as well; where none does, the curve laid through theirs says how few.

    0 where too few are known.
    """
    if len(habits) < LEAST_STRANGERS:
        return 0.0
    better = int((habits >= excess).sum())
    if better:
        return (1 + better) / (1 + len(habits))
    habit, spread = max(0.0, float(habits.mean())), max(1.0, float(habits.std()))
    return tail((excess - habit) / spread, skewness)


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
