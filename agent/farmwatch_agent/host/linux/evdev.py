"""Watches /dev/input: which devices gave input in a second, and where wanted the gaps between their events.

Of each struct input_event (linux/input.h: time, type, code, value; 24 bytes where a machine word has 8, else 16) only
the type, and for gaps the time, is unpacked. Code and value, which would say what key or how far, are stepped over in
the buffer (`x` in the formats below) and thrown away with it; what is needless is kept away in the kernel already
(EVIOCSMASK). No device is grabbed, and nothing is written to one.

The kernel keeps 64 events or more a device (drivers/input/evdev.c) and drops what is not read in time. For seconds
that does no harm, and so an 8 kHz mouse is read once a second and costs no more than another. An empty report is
never handed on, so one end of report right after another tells of a loss, without a look at its code.

Sources: drivers/input/evdev.c, include/uapi/linux/input.h, Documentation/input/event-codes.rst.
"""

import os
import select
import struct
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from ..files import READ_FLAGS
from ..input_counts import InputSource
from ..input_watch import InputCounter
from ..protocol import NotSupported

_WORD = struct.calcsize("@l")
#: Time, then the type; two and four bytes stepped over.
TIMED = struct.Struct("@llH6x")
#: The type alone.
TYPED = struct.Struct(f"@{2 * _WORD}xH6x")
EVENT_BYTES = TIMED.size
_POLLIN = 1
EV_SYN, EV_KEY, EV_REL, EV_ABS = range(4)
_INPUT = frozenset({EV_KEY, EV_REL, EV_ABS})
#: _IOW('E', 0x93, struct input_mask) of 16 bytes and _IOW('E', 0xa0, int).
_SET_MASK, _SET_CLOCK = 0x40104593, 0x400445A0
_CLOCK_MONOTONIC = 1
_CHUNK = EVENT_BYTES * 512
#: The kernel's own buffer is emptied after so many reads, or what comes is newer than the wake-up.
_MOST_READS = 8
IDLE_SECONDS, DEVICES_SECONDS = 60.0, 60.0
#: Gaps are measured for two seconds in each thirty, and of one device no more than this many in them.
WINDOW_TICKS, WINDOW_EVERY_SECONDS, MOST_GAPS = 2, 30.0, 256
_BREATH_SECONDS = 0.001


class Chain:
    """Gaps between reports of one device: those of one report bear one time."""

    def __init__(self) -> None:
        self._at: int | None = None
        self._ended = True

    def gaps(self, data: bytes) -> list[float]:
        """Returns the gaps, milliseconds, that these events end; none across a loss."""
        found: list[float] = []
        for seconds, micros, kind in TIMED.iter_unpack(data):
            if kind in _INPUT:
                at = seconds * 1_000_000 + micros
                if self._at is not None and at > self._at:
                    found.append((at - self._at) / 1000)
                self._at = at
                self._ended = False
            elif kind == EV_SYN:
                if self._ended:
                    self._at = None
                self._ended = True
        return found

    def cut(self) -> None:
        """Says that events may be missing from here on."""
        self._at, self._ended = None, True


def is_input(data: bytes) -> bool:
    """Whether these events are input: a key, a move; or nothing but ends of reports, which an overflow leaves."""
    kinds = {kind for (kind,) in TYPED.iter_unpack(data)}
    return bool(kinds & _INPUT) or kinds == {EV_SYN}


def span(data: bytes) -> tuple[float, float] | None:
    """Returns when the first and the last input among these events was, seconds of the monotonic clock."""
    times = [seconds + micros / 1e6 for seconds, micros, kind in TIMED.iter_unpack(data) if kind in _INPUT]
    return (times[0], max(times)) if times else None


class EvdevWatcher:
    """Watches every device that `listed` names.

    listed  returns device node ("/dev/input/event3") -> its source, and is asked again each minute
    opened  returns a descriptor for a node, non-blocking; raises OSError
    """

    def __init__(
        self,
        counter: InputCounter,
        listed: Callable[[], dict[str, InputSource]],
        *,
        timing: bool = False,
        opened: Callable[[str], int] | None = None,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.counter = counter
        self._listed = listed
        self._timing = timing
        self._opened = opened or open_device
        self._wall, self._monotonic, self._sleep = wall, monotonic, sleep
        self._sources: dict[int, InputSource] = {}
        self._nodes: dict[str, int] = {}
        self._chains: dict[int, Chain] = {}
        self._look_at = self._window_at = 0.0
        self._stopped = False
        self._poll = _poll()
        self._waker = os.pipe()
        self._poll.register(self._waker[0], _POLLIN)

    def run(self) -> None:
        """Watches until `stop`."""
        try:
            while not self._stopped:
                self.step()
        finally:
            self.close()

    def refresh(self) -> None:
        self._look_at = 0.0
        self._wake()

    def stop(self) -> None:
        self._stopped = True
        self._wake()

    def step(self, idle: float = IDLE_SECONDS) -> None:
        """Waits for input, at most `idle` seconds, then gathers a second of it (or a window of `WINDOW_TICKS`)."""
        if self._monotonic() >= self._look_at:
            self._look()
        if not self._ready(idle):
            if self._sources:
                self.counter.tick(self._wall(), self._monotonic())
            else:
                self.counter.skip(self._wall(), self._monotonic())
            return
        now = self._monotonic()
        if self._timing and now >= self._window_at:
            self._window_at = now + WINDOW_EVERY_SECONDS
            self._window()
            return
        self._sleep(1.0)
        # Sources first: a device may be let go while it is read, and has given input all the same.
        ready = [(device, self._sources[device]) for device in self._ready(0)]
        active = [source for device, source in ready if self._gave(device)]
        self.counter.tick(self._wall(), self._monotonic(), active)

    def close(self) -> None:
        """Lets go of every device."""
        for device in list(self._sources):
            self._drop(device)
        if self._waker[0] >= 0:
            os.close(self._waker[0])
            os.close(self._waker[1])
            self._waker = (-1, -1)

    def _look(self) -> None:
        """Opens what is new and closes what is gone."""
        self._look_at = self._monotonic() + DEVICES_SECONDS
        wanted = self._listed()
        for node, device in list(self._nodes.items()):
            if node not in wanted or wanted[node] != self._sources[device]:
                self._drop(device)
        for node, source in wanted.items():
            if node in self._nodes:
                continue
            try:
                device = self._opened(node)
            except OSError:
                continue  # it went away, or is tried again in a minute
            self._nodes[node] = device
            self._sources[device] = source
            self._chains[device] = Chain()
            self._poll.register(device, _POLLIN)

    def _ready(self, seconds: float) -> list[int]:
        """Returns the devices that have something to say within some seconds; none when it was woken by us."""
        try:
            ready = self._poll.poll(seconds * 1000)
        except InterruptedError:
            return []
        found = []
        for device, what in ready:
            if device == self._waker[0]:
                os.read(device, 64)
            elif what & _POLLIN:
                found.append(device)
            else:
                self._drop(device)  # POLLHUP: unplugged
        return found

    def _read(self, device: int) -> bytes:
        parts: list[bytes] = []
        try:
            for _ in range(_MOST_READS):
                part = os.read(device, _CHUNK)
                if not part:
                    self._drop(device)
                    break
                parts.append(part)
                if len(part) < _CHUNK:
                    break
        except BlockingIOError:
            pass
        except OSError:
            self._drop(device)  # ENODEV: unplugged while it was read
        data = b"".join(parts)
        return data[: len(data) - len(data) % EVENT_BYTES]

    def _gave(self, device: int) -> bool:
        """Whether a device gave input; what it gave is read and forgotten."""
        source = self._sources[device]
        data = self._read(device)
        if self._timing:
            self._heard(source, data)
            if device in self._chains:
                self._chains[device].cut()
        return bool(data) and is_input(data)

    def _window(self) -> None:
        """Measures gaps for a while: each report is read soon after it came."""
        counted: dict[int, int] = {}
        for chain in self._chains.values():
            chain.cut()
        full: list[int] = []
        for _ in range(WINDOW_TICKS):
            active: set[InputSource] = set()
            end = self._monotonic() + 1.0
            while (left := end - self._monotonic()) > 0:
                for device in self._ready(left):
                    source = self._sources[device]
                    gaps = self._gaps(device)
                    if gaps is None:
                        continue
                    active.add(source)
                    room = MOST_GAPS - counted.get(device, 0)
                    counted[device] = counted.get(device, 0) + len(gaps)
                    self.counter.gaps(self._wall(), source, gaps[:room])
                    if len(gaps) >= room and device in self._sources:
                        # Enough of this one: it may fill its buffer until the window is over.
                        self._poll.unregister(device)
                        full.append(device)
                self._sleep(_BREATH_SECONDS)
            active.update(self._sources[device] for device in full if device in self._sources)
            self.counter.tick(self._wall(), self._monotonic(), active)
        for device in full:
            if device in self._sources:
                self._poll.register(device, _POLLIN)
                self._read(device)

    def _gaps(self, device: int) -> list[float] | None:
        source, chain = self._sources[device], self._chains[device]
        data = self._read(device)
        if not data or not is_input(data):
            return None
        self._heard(source, data)
        return chain.gaps(data)

    def _heard(self, source: InputSource, data: bytes) -> None:
        moment = span(data)
        if moment is not None:
            self.counter.heard(self._wall(), source, *moment)

    def _drop(self, device: int) -> None:
        if self._sources.pop(device, None) is None:
            return
        del self._chains[device]
        self._nodes = {node: known for node, known in self._nodes.items() if known != device}
        with suppress(KeyError):  # a device that gave enough in this window is not waited for
            self._poll.unregister(device)
        os.close(device)

    def _wake(self) -> None:
        if self._waker[1] >= 0:
            with suppress(OSError):  # it ended by itself meanwhile
                os.write(self._waker[1], b"\0")


def open_device(node: str) -> int:
    """Returns a descriptor that hands on keys and moves only, with times of the monotonic clock; raises OSError."""
    device = os.open(node, READ_FLAGS)
    if sys.platform == "linux":
        import fcntl  # noqa: PLC0415 (the parsers above import everywhere)
        from array import array  # noqa: PLC0415

        # struct input_mask: of type 0, the set of types; how many bytes; where they are. Whole machine words only.
        kept = array("L", [sum(1 << kind for kind in (EV_SYN, EV_KEY, EV_REL, EV_ABS))])
        mask = struct.pack("@IIQ", EV_SYN, kept.itemsize, kept.buffer_info()[0])
        for request, argument in ((_SET_CLOCK, struct.pack("@i", _CLOCK_MONOTONIC)), (_SET_MASK, mask)):
            try:
                fcntl.ioctl(device, request, argument)
            except OSError:
                # Kernels before 4.4 have no masks; lights of a keyboard then count as nothing, as their type says.
                continue
    return device


def may_watch(nodes: Iterable[str]) -> bool:
    """Whether any of the nodes can be opened with the agent's rights."""
    for node in nodes:
        try:
            os.close(os.open(node, READ_FLAGS))
        except OSError:
            continue
        return True
    return False


def _poll() -> Any:
    if sys.platform == "win32":
        raise NotSupported("there is no /dev/input on Windows")
    return select.poll()
