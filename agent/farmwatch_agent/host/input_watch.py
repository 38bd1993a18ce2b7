"""Counts input while it happens: seconds by source, quarters of an hour, and where wanted gaps and rhythms.

Something that watches (host/linux/evdev.py, a helper in the session) calls `InputCounter.tick` about once a second or
less, and says which sources gave input since the last call. The counter keeps a day's sums and nothing else: no
event, no order of events.

What cannot have been watched is unknown and never idle: where the wall clock and the monotonic one disagree (suspend,
a clock that was set), the time between two ticks counts neither as watched nor as active.
"""

import atexit
import threading
import time
from bisect import bisect_left
from collections.abc import Iterable
from typing import Protocol

from farmwatch_schema.observables.input_source import SLOT_MINUTES
from farmwatch_schema.observables.input_timing import GAP_EDGES_MS

from .input_counts import (
    BUCKETS,
    DAY_SECONDS,
    MAX_DAYS,
    MAX_PERIOD_SECONDS,
    MAX_SOURCES,
    REST,
    SLOTS,
    InputDayCounts,
    InputSource,
    SourceCount,
    in_order,
    load,
    save,
)
from .protocol import Host

#: Between two ticks; more means that the watcher itself stood still, or that the laptop slept.
LONGEST_TICK_SECONDS = 90.0
#: How far the two clocks may drift apart between two ticks.
CLOCKS_AGREE_SECONDS = 1.5
#: A burst begins after this much silence. Shorter pauses are inside one move of a hand or a program.
QUIET_SECONDS = 2.0
#: A rhythm: so many gaps between bursts in a row, each within this part of their mean.
EVEN_GAPS, EVEN_WITHIN = 10, 0.05
#: A burst that fills more of the time until the next is somebody at work, however evenly they pause.
SHORT_BURST = 0.25
SAVE_SECONDS = 300.0


class Rhythm:
    """Finds bursts of one source that follow each other evenly. Memory: five numbers."""

    def __init__(self) -> None:
        self.period: float | None = None
        self._began: float | None = None
        self._ended = 0.0
        self._mean = 0.0
        self._run = 0

    def heard(self, first: float, last: float) -> None:
        """Takes first and last moment of some events, monotonic seconds, in rising order from call to call."""
        if self._began is None or first - self._ended >= QUIET_SECONDS:
            self._burst(first)
        self._ended = max(self._ended, last)

    def interrupted(self) -> None:
        """Forgets where it was, because nobody listened for a while."""
        self._began, self._run = None, 0

    def _burst(self, at: float) -> None:
        if self._began is not None:
            gap = at - self._began
            if self._ended - self._began > SHORT_BURST * gap:
                self._run = 0
            elif self._run and abs(gap - self._mean) <= EVEN_WITHIN * self._mean:
                self._run += 1
                self._mean += (gap - self._mean) / self._run
            else:
                self._run, self._mean = 1, gap
            if self._run >= EVEN_GAPS and round(self._mean) <= MAX_PERIOD_SECONDS:
                self.period = self._mean
        self._began = at


class _Day:
    """One day's sums."""

    def __init__(self) -> None:
        self.watched = 0.0
        self.active = 0.0
        self.slots = 0
        self.seconds: dict[InputSource, float] = {}
        self.gaps: dict[InputSource, list[int]] = {}
        self.periods: dict[InputSource, int] = {}

    def known(self, source: InputSource) -> InputSource:
        """Returns the source, or the rest when there are too many already."""
        if source in self.seconds or len(self.seconds) < MAX_SOURCES - 1:
            return source
        return REST


class InputCounter:
    """Sums of the last few days, however the clock moves. Every method may be called from any thread.

    method    what stands in `InputDay.method`
    wall, monotonic  the two clocks at the start, seconds
    """

    def __init__(self, method: str, wall: float, monotonic: float, kept: Iterable[InputDayCounts] = ()) -> None:
        self.method = method
        self._lock = threading.Lock()
        self._days: dict[str, _Day] = {}
        self._rhythms: dict[InputSource, Rhythm] = {}
        self._wall, self._monotonic = wall, monotonic
        for row in kept:
            if row.method == method:
                self._days[row.day] = _day_of(row)

    def tick(self, wall: float, monotonic: float, sources: Iterable[InputSource] = (), within: float = 1.0) -> None:
        """Says that was watched since the last tick, and which sources gave input in its last `within` seconds."""
        with self._lock:
            elapsed, moved = monotonic - self._monotonic, wall - self._wall
            begin = self._wall
            self._wall, self._monotonic = wall, monotonic
            if not 0 <= elapsed <= LONGEST_TICK_SECONDS or abs(moved - elapsed) > CLOCKS_AGREE_SECONDS:
                for rhythm in self._rhythms.values():
                    rhythm.interrupted()
                return
            self._spread(begin, wall)
            active = tuple(dict.fromkeys(sources))
            if active:
                self._active(active, wall, min(elapsed, within))

    def skip(self, wall: float, monotonic: float) -> None:
        """Says that could not be looked since the last tick: that time is unknown."""
        with self._lock:
            self._wall, self._monotonic = wall, monotonic
            for rhythm in self._rhythms.values():
                rhythm.interrupted()

    def gaps(self, wall: float, source: InputSource, gaps: Iterable[float]) -> None:
        """Adds gaps between two events of one device, milliseconds."""
        with self._lock:
            day = self._of(wall)
            buckets = day.gaps.setdefault(day.known(source), [0] * BUCKETS)
            for gap in gaps:
                buckets[bisect_left(GAP_EDGES_MS, gap)] += 1

    def heard(self, wall: float, source: InputSource, first: float, last: float) -> None:
        """Says when events of a source began and ended, monotonic seconds, for its rhythm."""
        with self._lock:
            if source not in self._rhythms and len(self._rhythms) >= MAX_SOURCES:
                return
            rhythm = self._rhythms.setdefault(source, Rhythm())
            rhythm.heard(first, last)
            if rhythm.period is not None:
                day = self._of(wall)
                day.periods[day.known(source)] = max(1, round(rhythm.period))

    def rows(self) -> list[InputDayCounts]:
        """Returns what was counted so far, by day."""
        with self._lock:
            return [self._row(name, day) for name, day in sorted(self._days.items())]

    def _row(self, name: str, day: _Day) -> InputDayCounts:
        sources = {*day.seconds, *day.gaps, *day.periods}
        counts = (
            SourceCount(
                source=source,
                seconds=_whole(day.seconds.get(source, 0.0)),
                gaps=tuple(day.gaps.get(source, ())),
                period_seconds=day.periods.get(source),
            )
            for source in sources
        )
        return InputDayCounts(
            day=name,
            method=self.method,
            watched=_whole(day.watched),
            active=_whole(day.active),
            slots=f"{day.slots:0{SLOTS // 4}x}",
            sources=in_order(counts),
        )

    def _of(self, wall: float) -> _Day:
        name = day_name(wall)
        day = self._days.pop(name, None) or _Day()
        # The day that was touched last stands last; a clock that jumps about costs the oldest, not today.
        self._days[name] = day
        while len(self._days) > MAX_DAYS:
            del self._days[next(iter(self._days))]
        return day

    def _spread(self, begin: float, end: float) -> None:
        midnight = end - end % DAY_SECONDS
        if begin < midnight:
            self._of(begin).watched += midnight - begin
            begin = midnight
        self._of(end).watched += end - begin

    def _active(self, sources: Iterable[InputSource], wall: float, seconds: float) -> None:
        # A second that straddles midnight belongs to the day in which it ends; a long interval (counters are polled)
        # marks every quarter of an hour that it touches.
        day = self._of(wall)
        day.active += seconds
        for source in {day.known(source) for source in sources}:
            day.seconds[source] = day.seconds.get(source, 0.0) + seconds
        first = max(wall - seconds, wall - wall % DAY_SECONDS)
        for slot in range(_slot(first), _slot(wall) + 1):
            day.slots |= 1 << (SLOTS - 1 - slot)


class Watcher(Protocol):
    """What watches input on one platform, in a thread of its own."""

    counter: InputCounter

    def run(self) -> None:
        """Watches until `stop`."""
        ...

    def refresh(self) -> None:
        """Looks for devices that came or went, soon."""
        ...

    def stop(self) -> None:
        """Makes `run` return, soon."""
        ...


class Watch:
    """A watcher at work, and the file in which its counts outlast the reader.

    path    "" for none
    timing  gaps and rhythms are counted, too
    """

    def __init__(self, watcher: Watcher, path: str, *, timing: bool = False) -> None:
        self.timing = timing
        self._watcher = watcher
        self._path = path
        self._ended = threading.Event()
        self._threads = [
            threading.Thread(target=work, name=f"input {work.__name__}", daemon=True)
            for work in (watcher.run, self._keep)
        ]

    def begin(self) -> None:
        """Starts watching."""
        for thread in self._threads:
            thread.start()
        atexit.register(self.stop)

    def rows(self) -> list[InputDayCounts]:
        """Returns what was counted so far, by day."""
        return self._watcher.counter.rows()

    def refresh(self) -> None:
        """Tells the watcher that a device may have come or gone."""
        self._watcher.refresh()

    def stop(self) -> None:
        """Ends watching and keeps what was counted."""
        atexit.unregister(self.stop)
        self._ended.set()
        self._watcher.stop()
        for thread in self._threads:
            thread.join(2.0)
        self._save()

    def _keep(self) -> None:
        while not self._ended.wait(SAVE_SECONDS):
            self._save()

    def _save(self) -> None:
        if self._path:
            save(self.rows(), self._path)


_current: Watch | None = None


def start(host: Host, timing: bool = False, path: str = "") -> Watch | None:
    """Begins to watch this machine's input for the reader, and returns the watch; None where the reader cannot.

    timing  gaps and rhythms, too: only where the company's settings name `input_timing`
    path    the file in which counts outlast a restart; "" for none

    A second call while one watches changes nothing, unless timing is turned on or off by it.
    """
    global _current  # noqa: PLW0603 (one machine, one watch: probes are given nothing but the host)
    if _current is not None and _current.timing != timing:
        stop()
    if _current is None:
        watcher = _watcher(host, timing, load(path) if path else [])
        if watcher is not None:
            _current = Watch(watcher, path, timing=timing)
            _current.begin()
    return _current


def current() -> Watch | None:
    """Returns the watch that `start` began; None when none is at work in this process."""
    return _current


def stop() -> None:
    """Ends the watch, if there is one, and keeps what it counted."""
    global _current
    watch, _current = _current, None
    if watch is not None:
        watch.stop()


def day_name(wall: float) -> str:
    """Returns the day of a time in UTC, "2026-11-22"."""
    try:
        return time.strftime("%Y-%m-%d", time.gmtime(wall))
    except (ValueError, OverflowError, OSError):
        return "1970-01-01"


def _watcher(host: Host, timing: bool, kept: list[InputDayCounts]) -> Watcher | None:
    if host.origin != "live":
        return None
    if host.platform == "linux":
        from .linux import input as linux  # noqa: PLC0415 (each platform's own)

        return linux.watcher(host, timing, kept)
    if host.platform == "macos":
        from .macos import idle_time  # noqa: PLC0415

        return idle_time.watcher(kept)
    # Session 0, where services live, gets no input: Windows's helper in the user's session counts.
    return None


def _day_of(row: InputDayCounts) -> _Day:
    day = _Day()
    day.watched, day.active, day.slots = float(row.watched), float(row.active), int(row.slots, 16)
    for count in row.sources:
        day.seconds[count.source] = float(count.seconds)
        if count.gaps:
            day.gaps[count.source] = list(count.gaps)
        if count.period_seconds is not None:
            day.periods[count.source] = count.period_seconds
    return day


def _slot(wall: float) -> int:
    return int(wall % DAY_SECONDS // (SLOT_MINUTES * 60))


def _whole(seconds: float) -> int:
    return min(DAY_SECONDS, round(seconds))
