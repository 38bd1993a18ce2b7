"""What wakes a reader between its intervals: a device that comes or goes, a session that begins or ends.

A waker says *that* something of a kind happened, in words of Linux's subsystems ("usb", "drm", "input", "hid",
"bluetooth", "net", "power_supply") and "session"; what it was the probes see. Events come in bursts and storms: they
are gathered until it is quiet, and a reader is woken at most every 10 seconds.
"""

import sys
import time
from collections.abc import Callable
from typing import Protocol

from .protocol import HostError

#: A burst is over when nothing came for so long; a plugged dock goes on for seconds.
QUIET_SECONDS = 1.5
#: A storm is not waited out, and wakes no oftener than this.
EVERY_SECONDS = 10.0
#: How often what has no event of its own is looked at.
POLL_SECONDS = 5.0

#: Every word that a waker says.
WORDS = frozenset({"usb", "drm", "input", "hid", "bluetooth", "net", "power_supply", "session"})


class Waker(Protocol):
    """Waits for what happens."""

    def wait(self, seconds: float) -> frozenset[str]:
        """Returns what happened, at the latest after `seconds`: empty when nothing did."""
        ...


class Intervals:
    """Wakes for nothing: intervals alone."""

    def wait(self, seconds: float) -> frozenset[str]:
        time.sleep(seconds)
        return frozenset()


class Gatherer:
    """Makes few wakes of many events. `poll(seconds)` waits for events and returns their words, at once if any came."""

    def __init__(self, poll: Callable[[float], frozenset[str]]) -> None:
        self._poll = poll
        self._woke_at = -EVERY_SECONDS
        self._held: frozenset[str] = frozenset()

    def wait(self, seconds: float) -> frozenset[str]:
        end = time.monotonic() + seconds
        while not self._held:
            left = end - time.monotonic()
            if left <= 0:
                return frozenset()
            self._held = self._poll(min(left, POLL_SECONDS))
        first = time.monotonic()
        while True:
            # Slept through rather than answered one by one, so that ten thousand events cost a few wake-ups.
            time.sleep(QUIET_SECONDS)
            came = self._poll(0.0)
            self._held |= came
            if not came or time.monotonic() - first >= EVERY_SECONDS:
                break
        early = self._woke_at + EVERY_SECONDS - time.monotonic()
        if early > 0:
            left = end - time.monotonic()
            if left < early:
                # Kept for the next wait: what is due by then must not wait for what happened.
                time.sleep(max(0.0, left))
                return frozenset()
            time.sleep(early)
            self._held |= self._poll(0.0)
        self._woke_at = time.monotonic()
        words, self._held = self._held, frozenset()
        return words


def open_waker(log: Callable[[str], None]) -> Waker:
    """Returns this system's waker; where it cannot be had, says so once and returns one that keeps to intervals."""
    try:
        if sys.platform == "linux":
            from .linux.wake import open_events  # noqa: PLC0415

            return Gatherer(open_events(log))
        if sys.platform == "darwin":
            from .macos.wake import open_events  # noqa: PLC0415

            return Gatherer(open_events())
        if sys.platform == "win32":
            from .windows.wake import open_events  # noqa: PLC0415

            return Gatherer(open_events())
        return Intervals()
    except HostError as error:
        log(f"{error}; what is plugged in is seen at the next interval")
        return Intervals()
