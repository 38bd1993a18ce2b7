"""What is kept of a day's input: sums of what was watched, however clocks move."""

import sys
import threading
from pathlib import Path

import pytest

from farmwatch_agent.host import NotSupported, input_watch
from farmwatch_agent.host.input_counts import (
    BUCKETS,
    MAX_DAYS,
    MAX_SOURCES,
    InputDayCounts,
    InputSource,
    SourceCount,
    load,
)
from farmwatch_agent.host.input_watch import InputCounter, Rhythm, current, day_name, start
from farmwatch_agent.host.linux.live import LinuxHost
from farmwatch_schema.observables.input_timing import GAP_EDGES_MS

from ..fake_host import FakeHost

#: 22 November 2026, 12:00 UTC: slot 48 of 96.
NOON = 1_795_348_800.0
KEYBOARD = InputSource(bus="builtin", function="keyboard", absolute=False)
KVM = InputSource(bus="usb", function="pointer", absolute=True, vendor_id="1d6b", product_id="0104")


class Clocks:
    """A laptop's two clocks, and a counter that is told of them."""

    def __init__(self, wall: float = NOON) -> None:
        self.wall, self.monotonic = wall, 1000.0
        self.counter = InputCounter("evdev", wall, self.monotonic)

    def after(self, seconds: float, *sources: InputSource, asleep: float = 0.0, set_by: float = 0.0) -> None:
        """Lets time pass and tells of input in its last second; asleep and a set clock move the wall clock only."""
        self.monotonic += seconds
        self.wall += seconds + asleep + set_by
        self.counter.tick(self.wall, self.monotonic, sources)

    def day(self, name: str = "2026-11-22") -> InputDayCounts:
        return next(row for row in self.counter.rows() if row.day == name)


def seconds(row: InputDayCounts) -> dict[InputSource, int]:
    return {count.source: count.seconds for count in row.sources}


def test_seconds_are_counted_by_source_and_once_for_all() -> None:
    clocks = Clocks()
    clocks.after(30.0)
    for _ in range(10):
        clocks.after(1.0, KEYBOARD, KVM)
    clocks.after(60.0, KVM)
    row = clocks.day()
    assert (row.watched, row.active) == (100, 11)
    assert seconds(row) == {KEYBOARD: 10, KVM: 11}
    assert int(row.slots, 16) == 1 << (95 - 48)


def test_a_day_ends_at_midnight_in_the_middle_of_what_is_watched() -> None:
    clocks = Clocks(NOON + 12 * 3600 - 20)
    clocks.after(60.0, KEYBOARD)
    assert clocks.day("2026-11-22").watched == 20
    row = clocks.day("2026-11-23")
    assert (row.watched, row.active, row.slots) == (40, 1, "8" + "0" * 23)


def test_time_asleep_is_neither_watched_nor_active() -> None:
    clocks = Clocks()
    clocks.after(10.0, KEYBOARD)
    clocks.after(5.0, KEYBOARD, asleep=8 * 3600)
    clocks.after(10.0)
    row = clocks.day()
    assert (row.watched, row.active) == (20, 1)


def test_a_watcher_that_stood_still_has_watched_nothing_meanwhile() -> None:
    clocks = Clocks()
    clocks.after(3600.0, KEYBOARD)  # macOS's and Windows's clocks go on in sleep
    assert clocks.counter.rows() == []


@pytest.mark.parametrize("jump", [-7200.0, 7200.0, -400 * 86_400.0, 400 * 86_400.0])
def test_a_clock_that_jumps_and_comes_back_costs_moments_not_the_day(jump: float) -> None:
    clocks = Clocks()
    clocks.after(60.0, KEYBOARD)
    clocks.after(1.0, KEYBOARD, set_by=jump)
    clocks.after(30.0, KEYBOARD)
    clocks.after(1.0, set_by=-jump)
    clocks.after(60.0, KEYBOARD)
    row = clocks.day()
    assert row.watched in (120, 150)  # the 30 s belong to the day the clock told
    assert row.active == (3 if row.watched == 150 else 2)


def test_days_are_few_whatever_the_clock_does() -> None:
    clocks = Clocks()
    for day in range(50):
        clocks.after(1.0, set_by=day * 86_400.0)
        clocks.after(1.0, KEYBOARD)
    assert len(clocks.counter.rows()) == MAX_DAYS


def test_no_clock_is_too_absurd() -> None:
    assert day_name(-1e30) == day_name(1e30) == "1970-01-01"


def test_sources_beyond_the_bound_are_the_rest() -> None:
    clocks = Clocks()
    many = [InputSource(bus="virtual", vendor_id=f"{number:04x}", product_id="0001") for number in range(200)]
    for source in many:
        clocks.after(1.0, source)
    row = clocks.day()
    assert len(row.sources) == MAX_SOURCES
    assert sum(seconds(row).values()) == row.active == 200


def test_gaps_fall_into_the_buckets_of_the_schema() -> None:
    clocks = Clocks()
    # 8 kHz, 1 kHz, 125 Hz, a web client's 10 ms, then 15, 20, 50, 90, 200, 800 ms and a pause.
    clocks.counter.gaps(NOON, KVM, [0.125, 1.0, 8.0, 10.0, 15.0, 20.0, 50.0, 90.0, 200.0, 800.0, 1500.0, 5.0])
    (count,) = clocks.day().sources
    assert len(count.gaps) == BUCKETS == len(GAP_EDGES_MS) + 1
    assert count.gaps == (1,) * 12


@pytest.mark.parametrize("period", [5.0, 15.0, 20.0, 60.0])
def test_a_jiggler_has_a_period(period: float) -> None:
    rhythm = Rhythm()
    for turn in range(11):
        # A move of a tenth of a second, off beat by a hundredth.
        at = turn * period + 0.01 * (turn % 3)
        rhythm.heard(at, at + 0.1)
    assert rhythm.period is not None
    assert round(rhythm.period) == period


def test_ten_even_gaps_it_takes_and_no_fewer() -> None:
    rhythm = Rhythm()
    for turn in range(10):
        rhythm.heard(turn * 20.0, turn * 20.0)
    assert rhythm.period is None


def test_a_rhythm_that_varies_by_a_quarter_is_none() -> None:
    """PiKVM's jiggler: 60 s, give or take 25 %."""
    rhythm = Rhythm()
    at = 0.0
    for turn in range(200):
        at += 60.0 * (0.75 + 0.5 * ((turn * 7919) % 101) / 100)
        rhythm.heard(at, at + 1.0)
    assert rhythm.period is None


def test_honest_twin_a_typing_person_has_no_period() -> None:
    """Words, and pauses to think that are never alike: gaps as of a skewed distribution, from a fixed row."""
    rhythm = Rhythm()
    at = 0.0
    for turn in range(5000):
        pause = 0.12 + ((turn * 104_729) % 997) / 997 * 0.3
        if turn % 9 == 0:
            pause += 2 + 40 * (((turn * 7919) % 499) / 499) ** 3
        at += pause
        rhythm.heard(at, at)
    assert rhythm.period is None


def test_a_loss_of_time_breaks_a_rhythm() -> None:
    clocks = Clocks()
    for turn in range(30):
        clocks.after(20.0)
        clocks.counter.heard(clocks.wall, KVM, clocks.monotonic, clocks.monotonic)
        if turn % 8 == 7:
            clocks.after(1.0, asleep=600.0)
    assert all(count.period_seconds is None for row in clocks.counter.rows() for count in row.sources)


def test_counts_go_on_after_a_restart_within_the_day() -> None:
    clocks = Clocks()
    for _ in range(5):
        clocks.after(1.0, KVM)
    clocks.counter.gaps(clocks.wall, KVM, [8.0])
    kept = clocks.counter.rows()
    again = InputCounter("evdev", NOON + 3600, 5.0, kept)
    assert again.rows() == kept
    again.tick(NOON + 3601, 6.0, [KVM])
    (row,) = again.rows()
    assert (row.watched, row.active, seconds(row)) == (6, 6, {KVM: 6})
    assert row.sources[0].gaps[3] == 1


def test_counts_of_another_method_are_not_mixed_in() -> None:
    kept = InputDayCounts(day="2026-11-22", method="interrupts", active=60, sources=(SourceCount(source=KVM),))
    assert InputCounter("evdev", NOON, 0.0, [kept]).rows() == []


def test_nothing_is_watched_but_a_live_machine() -> None:
    host = FakeHost()
    host.origin = "replay"
    assert start(host) is None  # type: ignore[arg-type]
    assert current() is None


class Pretended:
    """A watcher that only waits until it is told to stop."""

    def __init__(self) -> None:
        self.counter = InputCounter("evdev", NOON, 1000.0)
        self.counter.tick(NOON + 5, 1005.0, [KVM])
        self.stopped = threading.Event()
        self.refreshed = 0

    def run(self) -> None:
        self.stopped.wait(10)

    def refresh(self) -> None:
        self.refreshed += 1

    def stop(self) -> None:
        self.stopped.set()


def test_a_watch_keeps_its_counts_when_it_ends_and_begins_with_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[tuple[bool, list[InputDayCounts], Pretended]] = []

    def watcher(host: object, timing: bool, kept: list[InputDayCounts]) -> Pretended:
        made.append((timing, kept, Pretended()))
        return made[-1][2]

    monkeypatch.setattr(input_watch, "_watcher", watcher)
    path = str(tmp_path / "input.json")
    host = FakeHost()
    try:
        watch = start(host, False, path)  # type: ignore[arg-type]
        assert watch is not None
        assert start(host, False, path) is watch is current()  # type: ignore[arg-type]
        assert InputDayCounts.live("") == watch.rows()
        watch.refresh()
        assert made[0][2].refreshed == 1
        again = start(host, True, path)  # type: ignore[arg-type]
        assert again is not watch
        assert made[1][:2] == (True, watch.rows())
    finally:
        input_watch.stop()
    assert current() is None
    assert made[1][2].stopped.is_set()
    assert load(path) == made[1][2].counter.rows()


def test_without_a_watch_there_are_no_counts_and_it_says_why() -> None:
    with pytest.raises(NotSupported):
        InputDayCounts.live("")


@pytest.mark.skipif(sys.platform != "linux", reason="the watcher of Linux")
def test_this_machine_can_be_watched_whatever_it_has(tmp_path: Path) -> None:
    try:
        watch = start(LinuxHost(), True, str(tmp_path / "input.json"))
        assert watch is not None
        watch.refresh()
        assert all(row.method in ("evdev", "interrupts") for row in watch.rows())
    finally:
        input_watch.stop()
