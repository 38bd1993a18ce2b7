"""A probe's limits: wall time and CPU time of this thread, checked between observables, and hard where a system can.

On POSIX, in the main thread, two interval timers end a probe that hangs or burns inside one call. The real-time
timer does not run while the laptop sleeps (setitimer(2) counts on the monotonic clock), so sleep kills nothing.
Elsewhere only the check between observables works.
"""

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import msgspec


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds that one run of one probe may take."""

    wall_seconds: float = 5.0
    cpu_seconds: float = 1.0


#: Seconds of wall time that a probe may take where they are not 5. On macOS it waits for commands, each with a limit
#: of its own; two of them that hang at once take 6 to 8 s to be ended, which must cost no more than what they print.
WALL_SECONDS = {"macos": 10.0}


def usual(platform: str) -> Limit:
    """Returns the limit of a probe on a platform."""
    return Limit(wall_seconds=WALL_SECONDS.get(platform, Limit().wall_seconds))


class LimitBroken(BaseException):
    """A probe took more than its limit. Not an Exception, so that no probe catches it by accident."""


class Watch:
    """Counts one probe's time from its making."""

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self._wall = time.monotonic()
        self._cpu = time.thread_time()

    def check(self) -> None:
        """Raises LimitBroken when the limit is passed."""
        if time.thread_time() - self._cpu > self.limit.cpu_seconds:
            raise LimitBroken(self.cpu_reason)
        if time.monotonic() - self._wall > self.limit.wall_seconds:
            raise LimitBroken(self.wall_reason)

    @property
    def cpu_reason(self) -> str:
        return f"took more than {self.limit.cpu_seconds:g} s of CPU time and was stopped"

    @property
    def wall_reason(self) -> str:
        return f"took more than {self.limit.wall_seconds:g} s and was stopped"


@contextmanager
def limited(limit: Limit) -> Iterator[Watch]:
    """Yields a watch over what runs inside; LimitBroken comes out of it when the limit is broken."""
    watch = Watch(limit)
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        yield watch
        return

    def wall(_number: int, _frame: FrameType | None) -> None:
        raise LimitBroken(watch.wall_reason)

    def cpu(_number: int, _frame: FrameType | None) -> None:
        raise LimitBroken(watch.cpu_reason)

    before = signal.signal(signal.SIGALRM, wall), signal.signal(signal.SIGPROF, cpu)
    signal.setitimer(signal.ITIMER_REAL, limit.wall_seconds)
    signal.setitimer(signal.ITIMER_PROF, limit.cpu_seconds)
    try:
        yield watch
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGALRM, before[0])
        signal.signal(signal.SIGPROF, before[1])
