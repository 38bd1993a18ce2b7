"""Events of /dev/input through pipes and sockets: what they count, and what of them is looked at."""

import ctypes
import os
import random
import select
import socket
import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from farmwatch_agent.host.input_counts import InputDayCounts, InputSource
from farmwatch_agent.host.input_watch import InputCounter
from farmwatch_agent.host.linux import evdev
from farmwatch_agent.host.linux.evdev import EVENT_BYTES, Chain, EvdevWatcher, is_input, span

pytestmark = pytest.mark.skipif(not hasattr(select, "poll"), reason="Windows has no poll and no /dev/input")

NOON = 1_795_348_800.0
#: include/uapi/linux/input.h: struct timeval, then type, code (both u16) and value (s32).
EVENT = struct.Struct("@llHHi")
SYN, KEY, REL, ABS, MSC, LED = 0, 1, 2, 3, 4, 0x11
SYN_DROPPED = 3

MOUSE = InputSource(bus="usb", function="pointer", absolute=False, vendor_id="1532", product_id="00b7")
KEYBOARD = InputSource(bus="builtin", function="keyboard", absolute=False, vendor_id="0001", product_id="0001")


def event(at: float, kind: int, code: int = 0, value: int = 0) -> bytes:
    return EVENT.pack(int(at), round((at - int(at)) * 1e6) % 1_000_000, kind, code, value)


def move(at: float, x: int = 3, y: int = -1) -> bytes:
    return event(at, REL, 0, x) + event(at, REL, 1, y) + event(at, SYN)


def press(at: float, code: int = 30, value: int = 1) -> bytes:
    return event(at, MSC, 4, code) + event(at, KEY, code, value) + event(at, SYN)


def point(at: float, x: int = 100) -> bytes:
    return event(at, ABS, 0, x) + event(at, ABS, 1, 7) + event(at, SYN)


class Waits:
    """The kernel's poll on a desk's own time: nobody waits, time passes."""

    def __init__(self, desk: "Desk", inner: Any) -> None:
        self.desk, self.register, self.unregister, self.inner = desk, inner.register, inner.unregister, inner

    def poll(self, milliseconds: float) -> list[tuple[int, int]]:
        ready: list[tuple[int, int]] = self.inner.poll(0)
        if not ready and milliseconds:
            # In small steps, because who sends does so meanwhile.
            end = self.desk.now + milliseconds / 1000
            while self.desk.now < end and not ready:
                self.desk.sleep(min(0.005, max(end - self.desk.now, 1e-6)))
                ready = self.inner.poll(0)
        return ready


class Desk:
    """A watcher over devices that are sockets, with clocks of its own: time passes when it sleeps or waits."""

    def __init__(self, *, timing: bool = False) -> None:
        self.now = 1000.0
        self.slept: list[Callable[[], None]] = []
        self.sources: dict[str, InputSource] = {}
        self.ends: dict[str, socket.socket] = {}
        self.counter = InputCounter("evdev", NOON, self.now)
        self.watcher = EvdevWatcher(
            self.counter,
            lambda: dict(self.sources),
            timing=timing,
            opened=self.open,
            wall=lambda: NOON + self.now - 1000.0,
            monotonic=self.clock,
            sleep=self.sleep,
        )
        self.watcher._poll = Waits(self, self.watcher._poll)
        self.held: dict[str, socket.socket] = {}

    def clock(self) -> float:
        self.now += 1e-4
        return self.now

    def plug(self, node: str, source: InputSource) -> socket.socket:
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        self.sources[node], self.ends[node], self.held[node] = source, ours, theirs
        self.watcher.refresh()
        self.step()
        return ours

    def open(self, node: str) -> int:
        if node not in self.held:
            raise OSError(19, "No such device")
        return os.dup(self.held[node].fileno())

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        for work in self.slept:
            work()

    def step(self) -> None:
        self.now += 0.5
        self.watcher.step(idle=0.01)

    def day(self) -> InputDayCounts:
        (row,) = self.counter.rows()
        return row

    def seconds(self) -> dict[InputSource, int]:
        return {count.source: count.seconds for count in self.day().sources}


@pytest.fixture
def desk() -> Iterator[Desk]:
    made = Desk()
    yield made
    made.watcher.close()


def test_a_struct_input_event_is_read_as_the_kernel_writes_it() -> None:
    assert EVENT_BYTES == EVENT.size == evdev.TYPED.size
    assert list(evdev.TIMED.iter_unpack(event(12.000125, ABS, 0x35, -7))) == [(12, 125, ABS)]


def test_seconds_with_an_event_are_counted_by_device(desk: Desk) -> None:
    mouse = desk.plug("/dev/input/event3", MOUSE)
    keyboard = desk.plug("/dev/input/event5", KEYBOARD)
    for turn in range(5):
        mouse.send(move(desk.now) * 20)
        if turn < 2:
            keyboard.send(press(desk.now))
        desk.step()
    desk.step()
    assert desk.seconds() == {MOUSE: 5, KEYBOARD: 2}
    assert desk.day().active == 5


@pytest.mark.parametrize("timing", [False, True])
def test_recordings_that_differ_in_code_and_value_alone_count_the_same(timing: bool) -> None:
    """No key, button or position can be in the counts, because nothing that tells them is unpacked."""
    dice = random.Random(3)
    counted = []
    for form in range(3):
        desk = Desk(timing=timing)
        keyboard, mouse = desk.plug("/dev/input/event0", KEYBOARD), desk.plug("/dev/input/event1", MOUSE)
        at = 1000.0
        for turn in range(400):
            at += 0.05 + 0.4 * (turn % 7 == 0)
            code, value = (30, 1) if form == 0 else (dice.randrange(1 << 16), dice.randrange(-(1 << 31), 1 << 31))
            keyboard.send(event(at, KEY, code, value) + event(at, SYN, code if form == 2 else 0))
            mouse.send(move(at, dice.randrange(-99, 99), dice.randrange(-99, 99)))
            if turn % 10 == 0:
                desk.step()
        counted.append(desk.counter.rows())
        desk.watcher.close()
    assert counted[0] == counted[1] == counted[2]
    assert counted[0][0].active > 10


def test_lights_and_sounds_that_programs_switch_are_no_input() -> None:
    assert not is_input(event(1.0, LED, 1, 1) + event(1.0, SYN))
    assert not is_input(b"")
    assert is_input(press(1.0))


def test_what_an_overflow_leaves_is_input() -> None:
    """The kernel drops all but a mark and the newest event, which may be an end of report (evdev.c, __pass_event)."""
    assert is_input(event(1.0, SYN, SYN_DROPPED) + event(1.0, SYN))


def test_no_gap_is_told_across_an_overflow() -> None:
    chain = Chain()
    assert chain.gaps(move(1.0) + move(1.008)) == [pytest.approx(8.0)]
    assert chain.gaps(event(3.0, SYN, SYN_DROPPED) + event(3.0, REL) + event(3.0, SYN) + move(3.001)) == [
        pytest.approx(1.0)
    ]


def test_events_of_one_report_bear_one_time_and_make_no_gap() -> None:
    assert Chain().gaps(point(5.0) + point(5.01) + point(5.02)) == [pytest.approx(10.0), pytest.approx(10.0)]


def test_a_clock_that_goes_back_makes_no_gap() -> None:
    assert Chain().gaps(move(5.0) + move(4.0)) == []


def test_first_and_last_input_are_found_beside_ends_of_reports() -> None:
    assert span(event(1.0, SYN) + move(2.0) + move(4.5) + event(9.0, LED)) == (2.0, 4.5)
    assert span(event(1.0, SYN)) is None


def test_a_device_that_goes_while_it_is_read_is_let_go(desk: Desk) -> None:
    mouse = desk.plug("/dev/input/event3", MOUSE)
    keyboard = desk.plug("/dev/input/event5", KEYBOARD)
    mouse.send(move(desk.now))
    keyboard.send(press(desk.now))
    desk.slept.append(mouse.close)
    del desk.sources["/dev/input/event3"]
    desk.held.pop("/dev/input/event3").close()
    desk.step()
    desk.slept.clear()
    keyboard.send(press(desk.now))
    desk.step()
    assert desk.seconds()[KEYBOARD] == 2


def test_a_read_that_fails_lets_the_device_go_and_nothing_else(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    mouse, keyboard = desk.plug("/dev/input/event3", MOUSE), desk.plug("/dev/input/event5", KEYBOARD)
    gone = desk.watcher._nodes["/dev/input/event3"]
    read = os.read

    def refused(descriptor: int, size: int) -> bytes:
        if descriptor == gone:
            raise OSError(19, "No such device")
        return read(descriptor, size)

    monkeypatch.setattr(os, "read", refused)
    mouse.send(move(desk.now))
    keyboard.send(press(desk.now))
    desk.step()
    assert desk.seconds() == {KEYBOARD: 1}
    assert "/dev/input/event3" not in desk.watcher._nodes


def test_a_device_that_comes_is_watched_and_one_renumbered_is_not_confused(desk: Desk) -> None:
    desk.plug("/dev/input/event3", MOUSE)
    del desk.sources["/dev/input/event3"]
    keyboard = desk.plug("/dev/input/event3", KEYBOARD)
    keyboard.send(press(desk.now))
    desk.step()
    assert desk.seconds() == {KEYBOARD: 1}


def test_a_device_that_cannot_be_opened_is_tried_again_and_harms_none(desk: Desk) -> None:
    desk.sources["/dev/input/event9"] = KEYBOARD
    mouse = desk.plug("/dev/input/event3", MOUSE)
    mouse.send(move(desk.now))
    desk.step()
    assert desk.seconds() == {MOUSE: 1}


def test_two_hundred_devices_are_watched(desk: Desk) -> None:
    ends = []
    for number in range(200):
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        node = f"/dev/input/event{number}"
        desk.sources[node], desk.held[node] = MOUSE if number % 2 else KEYBOARD, theirs
        ends.append(ours)
    desk.watcher.refresh()
    desk.step()
    for ours in ends:
        ours.send(move(desk.now))
    desk.step()
    assert desk.seconds() == {MOUSE: 1, KEYBOARD: 1}


def test_half_an_event_is_no_event(desk: Desk) -> None:
    mouse = desk.plug("/dev/input/event3", MOUSE)
    mouse.send(move(desk.now)[:10])
    desk.step()
    assert desk.day().active == 0


def cadence(gap: float, form: Callable[[float], bytes], source: InputSource) -> tuple[int, ...]:
    """Returns the share of gaps in each bucket, in per cent, of a device that reports every `gap` seconds."""
    desk = Desk(timing=True)
    end = desk.plug("/dev/input/event3", source)
    end.setblocking(False)
    at = desk.now
    told = 0

    def report() -> None:
        nonlocal at, told
        while at < desk.now and told < 4000:
            at += gap
            told += 1
            try:
                end.send(form(at))
            except BlockingIOError:
                return

    desk.slept.append(report)
    end.send(form(at))
    for _ in range(6):
        desk.now += 30.0
        at = desk.now
        end.send(form(at))
        desk.step()
    desk.watcher.close()
    (count,) = desk.day().sources
    return tuple(round(100 * gap / sum(count.gaps)) for gap in count.gaps)


def test_each_cadence_falls_into_a_bucket_of_its_own() -> None:
    eight_khz = cadence(0.000125, move, MOUSE)
    one_khz = cadence(0.001, move, MOUSE)
    usual = cadence(0.008, move, MOUSE)
    kvm = cadence(0.010, point, MOUSE)
    far_tinypilot = cadence(0.090, point, MOUSE)
    tops = [shares.index(max(shares)) for shares in (eight_khz, one_khz, usual, kvm, far_tinypilot)]
    assert tops == [0, 1, 3, 4, 8]
    assert all(max(shares) > 90 for shares in (one_khz, usual, kvm, far_tinypilot))


def test_a_burst_every_twenty_seconds_is_a_rhythm_and_its_few_gaps_are_counted() -> None:
    """JetKVM's jiggler: every 20 s the pointer jumps to (1, 1) and then to (0, 0)."""
    desk = Desk(timing=True)
    end = desk.plug("/dev/input/event3", MOUSE)
    beat = desk.now
    for _ in range(14):
        beat += 20.0
        desk.now = beat
        end.send(point(beat, 1) + point(beat + 0.01, 0))
        desk.step()
        while desk.now < beat + 15:
            desk.step()
    desk.watcher.close()
    (count,) = desk.day().sources
    assert count.period_seconds == 20
    assert 0 < sum(count.gaps) < 20


def test_without_timing_no_gap_and_no_rhythm_is_kept(desk: Desk) -> None:
    mouse = desk.plug("/dev/input/event3", MOUSE)
    for _ in range(30):
        mouse.send(move(desk.now))
        desk.step()
    (count,) = desk.day().sources
    assert (count.gaps, count.period_seconds) == ((), None)


def gap_shares(form: Callable[[float], bytes], times: list[float], source: InputSource) -> InputDayCounts:
    """Returns what a day with these moments of input counts, a window for each thirty seconds."""
    desk = Desk(timing=True)
    end = desk.plug("/dev/input/event3", source)
    end.setblocking(False)
    waiting = [desk.now + 1 + at for at in times]

    def give() -> None:
        while waiting and waiting[0] <= desk.now:
            end.send(form(waiting.pop(0)))

    desk.slept.append(give)
    while waiting:
        desk.watcher.step(idle=5.0)
    desk.watcher.close()
    return desk.day()


def test_honest_twin_a_barcode_scanner_types_faster_than_hands_and_has_no_rhythm() -> None:
    """Thirteen digits, 5 ms apart, whenever a parcel comes."""
    pauses, times, at = (4.0, 11.0, 6.5, 31.0, 8.0, 19.0, 5.0), [], 0.0
    for parcel in range(60):
        at += pauses[parcel % 7] * (1 + parcel % 5 / 3)
        times += [at + 0.005 * digit for digit in range(13)]
    (count,) = gap_shares(press, times, KEYBOARD).sources
    assert count.period_seconds is None
    assert count.gaps[2] > 0.9 * sum(count.gaps)


def test_honest_twin_a_presenters_clicker_is_few_presses_without_a_rhythm() -> None:
    times = [30.0 * slide + 17.0 * (slide * 7 % 11) / 11 for slide in range(25)]
    day = gap_shares(press, times, KEYBOARD)
    (count,) = day.sources
    assert count.period_seconds is None
    assert 20 <= count.seconds <= 50
    assert sum(count.gaps) < 50


def test_honest_twin_a_touchpad_is_watched_like_a_mouse_and_is_not_absolute() -> None:
    """Contacts bring many events a report (multi-touch protocol B), 7 ms apart."""

    def contact(at: float) -> bytes:
        return b"".join(event(at, ABS, code, 5) for code in (0x2F, 0x35, 0x36, 0x3A, 0, 1)) + event(at, SYN)

    pad = InputSource(bus="builtin", function="pointer", absolute=False, vendor_id="06cb", product_id="76af")
    times = [stroke * 3.1 + 0.007 * step for stroke in range(20) for step in range(60)]
    (count,) = gap_shares(contact, times, pad).sources
    assert count.source == pad
    assert count.gaps[3] > 0.8 * sum(count.gaps)


def test_honest_twin_a_typing_hand_falls_where_hands_do() -> None:
    times = [0.0]
    for turn in range(1500):
        times.append(times[-1] + 0.09 + 0.12 * ((turn * 7919) % 101) / 101 + (2.5 if turn % 40 == 39 else 0))
    (count,) = gap_shares(press, times, KEYBOARD).sources
    assert count.period_seconds is None
    assert sum(count.gaps[8:10]) > 0.8 * sum(count.gaps)


def test_what_a_device_gave_before_it_went_counts(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    mouse = desk.plug("/dev/input/event3", MOUSE)
    watched = desk.watcher._nodes["/dev/input/event3"]
    read = os.read
    given = [move(1.0) * (evdev._CHUNK // (3 * EVENT_BYTES))]

    def last(descriptor: int, size: int) -> bytes:
        if descriptor != watched:
            return read(descriptor, size)
        if not given:
            raise OSError(19, "No such device")
        return given.pop().ljust(evdev._CHUNK, b"\0")

    monkeypatch.setattr(os, "read", last)
    mouse.send(move(1.0))
    desk.step()
    assert desk.seconds() == {MOUSE: 1}
    assert desk.watcher._nodes == {}


@pytest.mark.skipif(sys.platform != "linux", reason="ioctl(2) of Linux")
def test_the_kernel_is_asked_for_keys_and_moves_on_the_monotonic_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """EVIOCSCLOCKID is _IOW('E', 0xa0, int), EVIOCSMASK _IOW('E', 0x93, struct input_mask) (linux/input.h)."""
    import fcntl

    asked: dict[int, bytes] = {}

    def ioctl(_descriptor: int, request: int, argument: bytes) -> int:
        asked[request] = argument
        if request == 1 << 30 | 16 << 16 | ord("E") << 8 | 0x93:
            kind, size, pointer = struct.unpack("@IIQ", argument)
            asked[-1] = ctypes.string_at(pointer, size)
            assert (kind, size) == (0, struct.calcsize("@L"))
            raise OSError(22, "a kernel without masks")
        return 0

    monkeypatch.setattr(fcntl, "ioctl", ioctl)
    node = tmp_path / "event3"
    node.touch()
    os.close(evdev.open_device(str(node)))
    assert asked[1 << 30 | 4 << 16 | ord("E") << 8 | 0xA0] == struct.pack("@i", 1)
    assert int.from_bytes(asked[-1], sys.byteorder) == 0b1111
