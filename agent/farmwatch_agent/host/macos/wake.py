"""macOS's events: USB devices, HID devices, displays, network interfaces and batteries that come or go, and sessions.

Sources: IOKit's IOKitLib.h (IOServiceAddMatchingNotification arms itself anew only when its iterator is emptied) and
CoreFoundation's CFRunLoop.h; utmpx(5): logins change /var/run/utmpx. Classes as `ioreg` shows them; of a display that
is plugged in, IODisplayConnect on Intel and DCPAVServiceProxy on Apple silicon.

Unproven on a Mac: all of it, until it has run on one.
"""

import ctypes
import os
import sys
import time
from collections.abc import Callable
from ctypes import c_char_p, c_double, c_int32, c_uint8, c_uint32, c_void_p
from typing import Any

from ..protocol import NotSupported, SourceBroken
from ..wake import POLL_SECONDS

_CORE = "/System/Library/Frameworks/CoreFoundation.framework/CoreFoundation"
_IOKIT = "/System/Library/Frameworks/IOKit.framework/IOKit"
#: kIOFirstMatchNotification, kIOTerminatedNotification (IOKitKeys.h).
_NOTICES = (b"IOServiceFirstMatch", b"IOServiceTerminate")
#: kCFRunLoopRunFinished: no source is left to wait for (CFRunLoop.h).
_FINISHED = 1
#: More matches than this in one go is no laptop.
_MOST = 4096

CLASSES: dict[str, str] = {
    "IOUSBHostDevice": "usb",
    "IOHIDDevice": "hid",
    "IODisplayConnect": "drm",
    "DCPAVServiceProxy": "drm",
    "IONetworkInterface": "net",
    "IOPMPowerSource": "power_supply",
}
SESSION_PATHS = ("/var/run/utmpx",)


class Events:
    """What came since the last look.

    run    waits so many seconds in the run loop, and returns what CFRunLoopRunInMode does
    paths  files whose change tells of a session
    """

    def __init__(self, run: Callable[[float], int], paths: tuple[str, ...] = SESSION_PATHS) -> None:
        self._run = run
        self._paths = paths
        self._words: set[str] = set()
        self._times = self._look()
        self._looked_at = time.monotonic()

    def heard(self, word: str) -> None:
        """Takes one notice; the run loop calls it inside `poll`."""
        self._words.add(word)

    def poll(self, seconds: float) -> frozenset[str]:
        """Waits at most so long for a notice and returns the words of all that came."""
        if self._run(seconds) == _FINISHED:
            time.sleep(seconds)
        words, self._words = self._words, set()
        if not seconds or time.monotonic() - self._looked_at >= POLL_SECONDS / 2:
            self._looked_at = time.monotonic()
            times = self._look()
            if times != self._times:
                self._times = times
                words.add("session")
        return frozenset(words)

    def _look(self) -> tuple[int, ...]:
        times = []
        for path in self._paths:
            try:
                times.append(os.stat(path).st_mtime_ns)
            except OSError:
                times.append(0)
        return tuple(times)


#: What the system calls and was given; kept for as long as the process lives.
_kept: list[Any] = []


def open_events() -> Callable[[float], frozenset[str]]:
    """Returns the waiting function, for the thread that calls this; raises HostError where notices cannot be had."""
    if sys.platform != "darwin":
        raise NotSupported("only macOS has these notices")
    try:
        core, kit = ctypes.CDLL(_CORE), ctypes.CDLL(_IOKIT)
    except OSError:
        raise NotSupported("this macOS has no IOKit to ask") from None
    _declare(core, kit)
    mode = c_void_p.in_dll(core, "kCFRunLoopDefaultMode")
    events = Events(lambda seconds: int(core.CFRunLoopRunInMode(mode, seconds, 1)))
    port = kit.IONotificationPortCreate(0)
    source = kit.IONotificationPortGetRunLoopSource(port) if port else None
    if not source:
        raise SourceBroken("notices of devices: IOKit gave no port")
    core.CFRunLoopAddSource(core.CFRunLoopGetCurrent(), source, mode)
    kind = ctypes.CFUNCTYPE(None, c_void_p, c_uint32)
    for name, word in CLASSES.items():

        def called(_context: int, iterator: int, word: str = word) -> None:
            _emptied(kit, iterator)
            events.heard(word)

        callback = kind(called)
        _kept.append(callback)
        for notice in _NOTICES:
            iterator = c_uint32()
            # The call consumes one reference to the matching dictionary, whether it succeeds or not.
            wanted = kit.IOServiceMatching(name.encode())
            if not kit.IOServiceAddMatchingNotification(
                port, notice, wanted, ctypes.cast(callback, c_void_p), None, ctypes.byref(iterator)
            ):
                _emptied(kit, iterator.value)
    return events.poll


def _emptied(kit: Any, iterator: int) -> None:
    """Takes all that an iterator has, which arms its notification."""
    for _ in range(_MOST):
        found = kit.IOIteratorNext(iterator)
        if not found:
            return
        kit.IOObjectRelease(found)


def _declare(core: Any, kit: Any) -> None:
    core.CFRunLoopGetCurrent.argtypes, core.CFRunLoopGetCurrent.restype = (), c_void_p
    core.CFRunLoopAddSource.argtypes, core.CFRunLoopAddSource.restype = (c_void_p, c_void_p, c_void_p), None
    core.CFRunLoopRunInMode.argtypes, core.CFRunLoopRunInMode.restype = (c_void_p, c_double, c_uint8), c_int32
    kit.IONotificationPortCreate.argtypes, kit.IONotificationPortCreate.restype = (c_uint32,), c_void_p
    kit.IONotificationPortGetRunLoopSource.argtypes = (c_void_p,)
    kit.IONotificationPortGetRunLoopSource.restype = c_void_p
    kit.IOServiceMatching.argtypes, kit.IOServiceMatching.restype = (c_char_p,), c_void_p
    kit.IOServiceAddMatchingNotification.argtypes = (c_void_p, c_char_p, c_void_p, c_void_p, c_void_p, c_void_p)
    kit.IOServiceAddMatchingNotification.restype = c_int32
    kit.IOIteratorNext.argtypes, kit.IOIteratorNext.restype = (c_uint32,), c_uint32
    kit.IOObjectRelease.argtypes, kit.IOObjectRelease.restype = (c_uint32,), c_int32
