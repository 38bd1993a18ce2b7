"""Linux's events: the kernel's own about devices, and the files in which sessions are kept.

Sources: lib/kobject_uevent.c (format, group 1), libudev's monitor (group 2 carries the same properties behind a
header), sd-login(3) (/run/systemd/sessions), utmp(5). Sessions are looked at by modification time: three stat calls
in 5 seconds cost less than keeping ctypes in memory for inotify, which Python does not offer.
"""

import os
import select
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..protocol import NotSupported
from ..wake import POLL_SECONDS, WORDS

if TYPE_CHECKING:
    import _socket

#: NETLINK_KOBJECT_UEVENT, include/uapi/linux/netlink.h.
_UEVENT = 15
#: The kernel's events, and those that udev passes on.
_KERNEL, _UDEV = 1, 2
_BUFFER_BYTES = 1 << 20
#: UEVENT_BUFFER_SIZE is 2,048; udev adds a header and its properties.
_MESSAGE_BYTES = 1 << 14
#: Read at one look; more is a storm, and the rest waits.
_MOST_MESSAGES = 20_000

SESSION_PATHS = ("/run/systemd/sessions", "/run/utmp", "/var/log/wtmp")


def subsystem_of(message: bytes) -> str:
    """Returns the subsystem that a uevent names; "" when it names none."""
    _, _, rest = message.partition(b"\0SUBSYSTEM=")
    return rest.partition(b"\0")[0].decode("ascii", "replace")


class Events:
    """Device events and session changes.

    paths  files and folders whose change tells of a session
    """

    def __init__(self, line: "_socket.socket | None", group: int, paths: tuple[str, ...] = SESSION_PATHS) -> None:
        self._line = line
        self._group = group
        self._paths = paths
        self._times = self._look()
        self._looked_at = time.monotonic()

    def poll(self, seconds: float) -> frozenset[str]:
        """Waits at most so long for an event and returns the words of all that came."""
        if self._line is None:
            time.sleep(seconds)
            words: set[str] = set()
        else:
            try:
                select.select([self._line], [], [], seconds)
            except OSError:
                time.sleep(seconds)
            words = self._read(self._line)
        # At a look that does not wait, a burst is being gathered: sessions are asked, too.
        if not seconds or time.monotonic() - self._looked_at >= POLL_SECONDS / 2:
            self._looked_at = time.monotonic()
            times = self._look()
            if times != self._times:
                self._times = times
                words.add("session")
        return frozenset(words)

    def _read(self, line: "_socket.socket") -> set[str]:
        words: set[str] = set()
        for _ in range(_MOST_MESSAGES):
            try:
                message, sender = line.recvfrom(_MESSAGE_BYTES)
            except BlockingIOError:
                break
            except OSError:
                # ENOBUFS: more came than the buffer holds, so it can have been anything.
                return set(WORDS) - {"session"}
            # Port 0 is the kernel; anybody may send to our port, and only udev, root, speaks in its group.
            if self._group == _KERNEL and sender[0] != 0:
                continue
            word = subsystem_of(message)
            if word in WORDS:
                words.add(word)
        return words

    def _look(self) -> tuple[int, ...]:
        times = []
        for path in self._paths:
            try:
                times.append(os.stat(path).st_mtime_ns)
            except OSError:
                times.append(0)
        return tuple(times)


def open_events(log: Callable[[str], None]) -> Callable[[float], frozenset[str]]:
    """Returns the waiting function; says so where only sessions can be watched."""
    if sys.platform != "linux":
        raise NotSupported("only Linux has uevents")
    line, group, problem = _open_line()
    if problem:
        log(f"device events cannot be had here ({problem}); what is plugged in is seen at the next interval")
    return Events(line, group).poll


def _open_line() -> "tuple[_socket.socket | None, int, str]":
    """Returns a socket that never blocks, its group, and why there is none."""
    if sys.platform != "linux":
        return None, 0, "not Linux"
    # The C module alone: `socket` around it loads five more modules.
    import _socket  # noqa: PLC0415

    problem = ""
    for group in (_KERNEL, _UDEV):
        try:
            line = _socket.socket(_socket.AF_NETLINK, _socket.SOCK_RAW, _UEVENT)
        except OSError as error:
            return None, 0, error.strerror or "no netlink"
        try:
            line.bind((0, group))
            line.setblocking(False)
            line.setsockopt(_socket.SOL_SOCKET, _socket.SO_RCVBUF, _BUFFER_BYTES)
        except OSError as error:
            problem = error.strerror or "not bound"
            line.close()
            continue
        return line, group, ""
    return None, 0, problem
