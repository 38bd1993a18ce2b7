"""How long ago a Mac was used: the idle clock of its HID system, and those of the user's own session.

Nothing here says what was done: a clock is asked once a minute how long ago it was reset. The reader asks the clock
of the HID system (IOHIDSystem's HIDIdleTime, in nanoseconds; Apple's Technical Q&A QA1340 on idle time; `ioreg -c
IOHIDSystem` shows it), which all input resets. The helper in the session asks two clocks of CoreGraphics
(CGEventSourceSecondsSinceLastEventType): that of the hardware's state and that of the session's, which events made by
programs reset, too. Where only the second was reset, a program gave the input.

Unproven on a Mac: that an event posted at kCGHIDEventTap leaves the hardware's clock alone; where it does not, it
passes for hardware's.
"""

import ctypes
import threading
import time
from collections.abc import Callable
from ctypes.util import find_library
from functools import cache
from typing import Any

from ..input_counts import InputDayCounts, InputSource
from ..input_watch import InputCounter
from ..protocol import HostError, NotSupported

EVERY_SECONDS = 60.0
#: CGEventSourceStateID: kCGEventSourceStateCombinedSessionState, kCGEventSourceStateHIDSystemState.
_SESSION, _HARDWARE = 0, 1
#: CGEventType: keys down and modifiers changed; moves, presses, drags of either button and of others, scrolling.
EVENT_TYPES: dict[str, tuple[int, ...]] = {"keyboard": (10, 12), "pointer": (1, 3, 5, 6, 7, 22, 25, 27)}
_UTF8, _SINT64 = 0x08000100, 4

Clock = Callable[[], "dict[InputSource, float]"]


class IdleWatcher:
    """Asks clocks once a minute, and counts a minute for each that was reset in it.

    clock  returns source -> seconds since its last input; raises HostError
    """

    def __init__(
        self,
        counter: InputCounter,
        clock: Clock,
        *,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.counter = counter
        self._clock = clock
        self._wall, self._monotonic = wall, monotonic
        self._looked_at = monotonic()
        self._woken = threading.Event()
        self._stopped = False

    def run(self) -> None:
        """Watches until `stop`."""
        while not self._stopped:
            self._woken.wait(EVERY_SECONDS)
            if not self._stopped:
                self.step()

    def refresh(self) -> None:
        return

    def stop(self) -> None:
        self._stopped = True
        self._woken.set()

    def step(self) -> None:
        """Looks once. A clock that does not answer leaves the minute unwatched."""
        now = self._monotonic()
        since, self._looked_at = now - self._looked_at, now
        try:
            idle = self._clock()
        except HostError:
            # The next tick's time then begins here, and this one's counts as nothing.
            self.counter.skip(self._wall(), now)
            return
        used = [source for source, seconds in idle.items() if 0 <= seconds < since]
        self.counter.tick(self._wall(), now, told_apart(used), within=EVERY_SECONDS)


def told_apart(used: list[InputSource]) -> list[InputSource]:
    """Returns the sources that were used, those that programs may have given left out where hardware was used, too.

    The session's clock is reset by hardware as well, so it tells something only where the hardware's was not.
    """
    hardware = {source.function for source in used if source.bus != "injected"}
    return [source for source in used if source.bus != "injected" or source.function not in hardware]


def watcher(kept: list[InputDayCounts]) -> IdleWatcher | None:
    """Returns what watches for the reader: time of use alone; None where the clock cannot be asked."""
    try:
        hid_idle_seconds()
    except HostError:
        return None
    counter = InputCounter("idle_time", time.time(), time.monotonic(), kept)
    return IdleWatcher(counter, lambda: {InputSource(bus="other"): hid_idle_seconds()})


def session_watcher(kept: list[InputDayCounts]) -> IdleWatcher:
    """Returns what watches in a user's session; raises NotSupported where there are no such clocks."""
    session_clocks()
    return IdleWatcher(InputCounter("idle_time", time.time(), time.monotonic(), kept), session_clocks)


def session_clocks() -> dict[InputSource, float]:
    """Returns seconds since the last input of hardware and of the session, keyboard and pointer apart."""
    ask = _framework("ApplicationServices").CGEventSourceSecondsSinceLastEventType
    ask.restype = ctypes.c_double
    ask.argtypes = [ctypes.c_int32, ctypes.c_uint32]
    found: dict[InputSource, float] = {}
    for state, bus in ((_HARDWARE, "other"), (_SESSION, "injected")):
        for function, kinds in EVENT_TYPES.items():
            found[InputSource(bus=bus, function=function)] = min(ask(state, kind) for kind in kinds)
    return found


def hid_idle_seconds() -> float:
    """Returns seconds since any input, by the HID system's own clock; raises NotSupported where there is none."""
    kit, foundation = _framework("IOKit"), _framework("CoreFoundation")
    matching = _typed(kit.IOServiceMatching, ctypes.c_void_p, ctypes.c_char_p)(b"IOHIDSystem")
    find = _typed(kit.IOServiceGetMatchingService, ctypes.c_uint32, ctypes.c_uint32, ctypes.c_void_p)
    service = find(0, matching)  # it takes over `matching`
    if not service:
        raise NotSupported("this Mac has no IOHIDSystem")
    release = _typed(foundation.CFRelease, None, ctypes.c_void_p)
    name = number = None
    try:
        name = _typed(foundation.CFStringCreateWithCString, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p,
                      ctypes.c_uint32)(None, b"HIDIdleTime", _UTF8)  # fmt: skip
        number = _typed(kit.IORegistryEntryCreateCFProperty, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_void_p,
                        ctypes.c_void_p, ctypes.c_uint32)(service, name, None, 0)  # fmt: skip
        value = ctypes.c_int64()
        get = _typed(foundation.CFNumberGetValue, ctypes.c_ubyte, ctypes.c_void_p, ctypes.c_long, ctypes.c_void_p)
        is_number = (
            bool(number)
            and _typed(foundation.CFGetTypeID, ctypes.c_ulong, ctypes.c_void_p)(number)
            == _typed(foundation.CFNumberGetTypeID, ctypes.c_ulong)()
        )
        if not is_number or not get(number, _SINT64, ctypes.byref(value)):
            raise NotSupported("this Mac's IOHIDSystem does not tell how long it is idle")
        return value.value / 1e9
    finally:
        for thing in (name, number):
            if thing:
                release(thing)
        _typed(kit.IOObjectRelease, ctypes.c_int32, ctypes.c_uint32)(service)


def _typed(function: Any, result: Any, *arguments: Any) -> Any:
    function.restype = result
    function.argtypes = list(arguments)
    return function


@cache
def _framework(name: str) -> Any:
    path = find_library(name)
    if path is None:
        raise NotSupported(f"{name} is a framework of macOS")
    try:
        return ctypes.CDLL(path)
    except OSError:
        raise NotSupported(f"this system has no {name}") from None
