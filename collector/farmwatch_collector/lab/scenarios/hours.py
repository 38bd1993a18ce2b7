"""When a laptop is awake and when somebody works at it, in quarters of an hour of UTC days."""

import time
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

from farmwatch_schema.observables.input_source import InputShare

DAY = 86_400
SLOT = 900
SLOTS = 96

#: Shares of a day's input, told the same way every day unless a day has its own.
Shares = tuple[InputShare, ...]


def stamp(at: int) -> str:
    """Returns a time as reports write it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def day_name(day: int) -> str:
    """Returns the name of a day since 1970: "2026-11-22"."""
    return time.strftime("%Y-%m-%d", time.gmtime(day * DAY))


@lru_cache(maxsize=4096)
def local_midnight(zone: str, day: date) -> int:
    """Returns when a day begins in a zone, in seconds since 1970."""
    return int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).timestamp())


@lru_cache(maxsize=4096)
def offset_minutes(zone: str, day: date) -> int:
    """Returns a zone's offset from UTC at noon of a day."""
    offset = datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(zone)).utcoffset()
    return int((offset or timedelta()).total_seconds()) // 60


class Span(msgspec.Struct, frozen=True):
    """From when to when, in seconds since 1970."""

    start: int
    end: int


class Use:
    """How a laptop is used over days.

    start, days  of the sample, as far as this laptop is concerned
    awake        when it is awake, in order and apart from each other: reports are made then
    active       slots with input, by UTC day since 1970: bit 95 is the day's first quarter of an hour
    shares       what a day's input was made up of, by UTC day; `usual` for the others
    """

    def __init__(self, start: int, days: int) -> None:
        self.start = start
        self.days = days
        self.awake: list[Span] = []
        self.active: dict[int, int] = {}
        self.shares: dict[int, Shares] = {}
        self.usual: Shares = ()
        self.boots: list[int] = []
        self._by_day: dict[int, list[Span]] = {}

    def wake(self, start: int, end: int) -> None:
        """Is awake from `start` to `end`; spans are given in order."""
        start = max(start, self.start)
        if self.awake and start <= self.awake[-1].end:
            self.awake[-1] = Span(self.awake[-1].start, max(end, self.awake[-1].end))
        elif end > start:
            self.awake.append(Span(start, end))

    def silence(self, start: int, end: int) -> None:
        """Makes no reports from `start` to `end`, although it is awake: the agent is stopped."""
        self.awake = [
            piece
            for span in self.awake
            for piece in (Span(span.start, min(span.end, start)), Span(max(span.start, end), span.end))
            if piece.end > piece.start
        ]

    def work(self, start: int, end: int) -> None:
        """Somebody gives input from `start` to `end`."""
        for slot in range(max(start, self.start) // SLOT, -(-end // SLOT)):
            day, place = divmod(slot, SLOTS)
            self.active[day] = self.active.get(day, 0) | 1 << (SLOTS - 1 - place)

    def awake_slots(self, day: int, until: int) -> int:
        """Returns how many whole quarters of an hour of a UTC day it was awake, up to a time."""
        if not self._by_day:
            for span in self.awake:
                for each in range(span.start // DAY, span.end // DAY + 1):
                    piece = Span(max(span.start, each * DAY), min(span.end, (each + 1) * DAY))
                    self._by_day.setdefault(each, []).append(piece)
        return sum(max(0, min(span.end, until) - span.start) for span in self._by_day.get(day, ())) // SLOT

    def active_until(self, day: int, until: int) -> int:
        """Returns a UTC day's slots with input up to a time."""
        mask = self.active.get(day, 0)
        place = (until - day * DAY) // SLOT
        if place >= SLOTS:
            return mask
        behind = SLOTS - 1 - place
        return mask >> behind << behind

    def shares_of(self, day: int) -> Shares:
        """Returns what a UTC day's input was made up of."""
        return self.shares.get(day, self.usual)

    def spells(self) -> list[Span]:
        """Returns the times during which somebody gave input, in order."""
        found: list[Span] = []
        for day in sorted(self.active):
            for place in range(SLOTS):
                if self.active[day] >> (SLOTS - 1 - place) & 1:
                    start = day * DAY + place * SLOT
                    if found and found[-1].end == start:
                        found[-1] = Span(found[-1].start, start + SLOT)
                    else:
                        found.append(Span(start, start + SLOT))
        return found

    def first_awake(self, at: int) -> int:
        """Returns the first time from `at` on at which it is awake; `at` when it never is again."""
        for span in self.awake:
            if span.end > at:
                return max(span.start, at)
        return at


def working_days(first: date, days: int) -> list[date]:
    """Returns Mondays to Fridays."""
    every = (first + timedelta(days=number) for number in range(days))
    return [day for day in every if day.weekday() < 5]


def day_of(at: int) -> date:
    """Returns the UTC day of a time."""
    return datetime.fromtimestamp(at, UTC).date()
