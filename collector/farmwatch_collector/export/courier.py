"""Delivers waiting notices, each channel in a thread of its own, so that nobody waits for a receiver.

A notice is claimed in the store, delivered, and marked as taken: at least once under one name, by whichever collector
comes first. What is not taken is tried again after 30 seconds, doubling to an hour, for a week.
"""

import logging
import random
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec

from ..store.protocol import Store
from ..store.protocol_cases import Notice, NoticeBody
from .telling import Channel, DeliveryError, Telling

FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)
GIVE_UP = timedelta(days=7)
POLL_SECONDS = 1.0
RETRY_SECONDS = 5.0

_log = logging.getLogger("farmwatch.courier")


def wait_after(attempts: int) -> timedelta:
    """Returns how long to wait after so many attempts, before jitter."""
    doubled: int = 2 ** min(attempts - 1, 12)
    return min(FIRST_WAIT * doubled, LONGEST_WAIT)


class Courier:
    """One thread per channel.

    channels  by the name under which the store keeps their notices
    console   returns the console's address for links; "" when nobody set one
    clock     the present, replaced in tests
    """

    def __init__(
        self,
        store: Store,
        channels: dict[str, Channel],
        console: Callable[[], str] = lambda: "",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._channels = channels
        self._console = console
        self._clock = clock
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begins to deliver."""
        for name in self._channels:
            thread = threading.Thread(target=self._run, args=(name,), name=f"farmwatch-{name}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Ends after the deliveries under way; what waits is delivered after the next start."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, channel: str) -> None:
        while not self._stop.is_set():
            try:
                busy = self.once(channel)
            except Exception:  # the store is away: notices wait in it
                _log.exception("a notice for %s could not be handled; it stays", channel)
                self._stop.wait(RETRY_SECONDS)
                continue
            if not busy:
                self._stop.wait(POLL_SECONDS)

    def once(self, channel: str) -> bool:
        """Delivers one notice that is due; returns whether there was one."""
        now = self._clock()
        notice = self._store.claim_notice(now, [channel])
        if notice is None:
            return False
        try:
            body = msgspec.json.decode(notice.body, type=NoticeBody)
            console = self._console().rstrip("/")
            link = f"{console}/cases/{notice.case}" if console else ""
            self._channels[channel].deliver(Telling(name=notice.name, body=body, link=link, at=now))
        except Exception as error:
            if not isinstance(error, DeliveryError):
                _log.exception("channel %s failed", channel)
            self._put_off(notice, str(error) or type(error).__name__)
            return True
        self._store.notice_sent(notice.name, self._clock())
        return True

    def _put_off(self, notice: Notice, problem: str) -> None:
        now = self._clock()
        jitter = random.uniform(0.8, 1.2)  # noqa: S311  # spreads attempts, decides nothing
        due_at = None if now - notice.made_at > GIVE_UP else now + wait_after(notice.attempts) * jitter
        what = "was not taken" if due_at else "is given up"
        _log.warning(
            "the notice of case %d for %s %s at attempt %d: %s",
            notice.case,
            notice.channel,
            what,
            notice.attempts,
            problem,
        )
        self._store.notice_failed(notice.name, problem, due_at)
