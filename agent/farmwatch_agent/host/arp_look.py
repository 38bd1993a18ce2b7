"""Starts the ARP helper and takes what it found; see `arp_helper.py`, which is never loaded here.

A single pass (`collect`) waits for it. A reader cannot: `beside()` makes each pass take what the look before it found
and start the next one, so that a device that is plugged in meanwhile is seen at once.
"""

import os
import subprocess
import sys
import threading
import time
from typing import ClassVar

import msgspec

from .arp_frames import ArpSender
from .command import stop
from .protocol import NotSupported, SourceBroken
from .row import Row

NO_SCAPY = 3
#: What the helper gets beyond its look: it starts in half a second on a laptop, slower on a busy one.
SPARE_SECONDS = 15.0
MAX_OUTPUT = 1 << 20
MAX_SECONDS, MAX_INTERFACES = 60, 8
UNDER_WAY = "the first look at ARP is under way; the next pass tells of it"
_HELPER = "farmwatch_agent.host.arp_helper"
#: The helper gets nothing of the agent's environment but what Windows cannot open a socket without.
_KEPT = ("SYSTEMROOT", "PATH")
_NOWHERE = os.path.join(os.path.abspath(os.sep), "nonexistent", "nowhere")


class ArpLook(Row, frozen=True, kw_only=True, omit_defaults=True):
    """A look at one interface. `of`: seconds, then interfaces, with "/" between them (no interface's name has one).

    seconds  how long was looked
    frames   ARP frames that came or went
    problem  why it could not be looked at: `not_permitted`, `not_supported`, `missing` or `broken`; "" when it could
    """

    table: ClassVar[str] = "arp_look"
    platforms: ClassVar[tuple[str, ...]] = ("linux", "macos", "windows")

    interface: str
    seconds: float = 0.0
    frames: int = 0
    problem: str = ""
    senders: tuple[ArpSender, ...] = ()

    @classmethod
    def live(cls, of: str) -> "list[ArpLook]":
        global _last, _running  # noqa: PLW0603 (one helper at a time in one process)
        if not _beside:
            return _Look(of).taken()
        if _running is None or _running.is_over():
            _last, _running = _running, None
            _running = _Look(of)
        if _last is None:
            raise NotSupported(UNDER_WAY)
        return _last.taken()


class _Look:
    """A helper that was started, and the thread that reads what it prints."""

    def __init__(self, of: str) -> None:
        words = of.split("/")
        seconds = int(words[0]) if words[0].isdecimal() else 0
        names = words[1:]
        usable = 0 < seconds <= MAX_SECONDS and 0 < len(names) <= MAX_INTERFACES
        if not usable or any(not name or name.startswith("-") or "\0" in name for name in names):
            raise SourceBroken("the ARP helper cannot be asked about this")
        if getattr(sys, "frozen", False):
            raise NotSupported("the ARP helper is not part of this build")
        self._end = time.monotonic() + seconds + SPARE_SECONDS
        self._data = b""
        self._problem: Exception | None = None
        self._found: list[ArpLook] | None = None
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-m", _HELPER, str(seconds), *names],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=os.path.abspath(os.sep),
                # scapy would keep a memory in a home folder, and unpickle it.
                env={
                    **{name: os.environ[name] for name in _KEPT if name in os.environ},
                    **dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"), _NOWHERE),
                },
                start_new_session=True,
            )
        except OSError as error:
            raise SourceBroken(f"the ARP helper cannot be started: {error.strerror}") from None
        self._thread = threading.Thread(target=self._read, name="arp", daemon=True)
        self._thread.start()

    def is_over(self) -> bool:
        """Whether it has answered, or has had its time."""
        return not self._thread.is_alive() or time.monotonic() > self._end

    def taken(self) -> "list[ArpLook]":
        """Returns what it found, waiting for it; raises HostError's children."""
        if self._found is None:
            try:
                self._thread.join(max(0.0, self._end - time.monotonic()))
                late = self._thread.is_alive()
            finally:
                stop(self._process)
            self._found = self._judged(late=late)
        return self._found

    def _read(self) -> None:
        assert self._process.stdout is not None
        try:
            self._data = self._process.stdout.read(MAX_OUTPUT + 1)
            if len(self._data) <= MAX_OUTPUT:
                self._process.wait()
        except (OSError, ValueError):
            self._data = b""

    def _judged(self, *, late: bool) -> "list[ArpLook]":
        if late:
            raise SourceBroken("the ARP helper did not answer in its time and was stopped")
        if len(self._data) > MAX_OUTPUT:
            raise SourceBroken(f"the ARP helper printed more than {MAX_OUTPUT} bytes and was stopped")
        if self._process.returncode == NO_SCAPY:
            raise NotSupported("the ARP helper needs scapy: install farmwatch[net]")
        if self._process.returncode:
            raise SourceBroken(f"the ARP helper ended with {self._process.returncode}")
        try:
            return msgspec.json.decode(self._data, type=list[ArpLook])
        except (msgspec.MsgspecError, RecursionError):
            raise SourceBroken("the ARP helper's answer makes no sense") from None


_beside = False
_running: _Look | None = None
_last: _Look | None = None


def beside() -> None:
    """Makes looks of this process run beside it from now on."""
    global _beside  # noqa: PLW0603
    _beside = True
