"""The reader: runs the probes that are due and writes reports to the spool. No network, nothing of the sender."""

import random
import time
from collections.abc import Callable, Sequence

import msgspec

from farmwatch_schema import codec
from farmwatch_schema.identifiers import Keyer
from farmwatch_schema.report import Section

from . import health, probes, runner
from .host import Host, HostError
from .identity import State
from .limits import Limit
from .probes.processes import cache as executables
from .spool import Spool, SpoolError

#: Nothing is collected this long after boot, plus up to twice as long at random: start-up belongs to the user.
SETTLE_SECONDS = 60
HEARTBEAT_SPREAD = 0.2
FULL_SECONDS = 60.0


class Reader:
    """Fills one spool.

    off         kinds that are not looked at
    heartbeat   seconds between two reports when nothing changes
    """

    def __init__(
        self,
        host: Host,
        keyer: Keyer,
        spool: Spool,
        state: State,
        *,
        heartbeat: float = 900,
        off: Sequence[str] = (),
        limit: Limit | None = None,
        dice: random.Random | None = None,
    ) -> None:
        self._host = host
        self._keyer = keyer
        self._spool = spool
        self._state = state
        self._heartbeat = heartbeat
        self._off = frozenset(off)
        self._limit = limit
        self._dice = dice or random.Random()  # noqa: S311 (spreads load, guards nothing)
        self._sent: dict[str, tuple[str, str]] = {}
        self._due: dict[str, float] = {}
        self._beat = 0.0
        self._start()

    def once(self) -> int:
        """Returns the number of a report of every kind, now durable in the spool."""
        return self._report(self._look(probes.NAMES))

    def step(self, now: float) -> int | None:
        """Runs what is due at `now` (monotonic seconds) and returns the number of the report, if there was cause.

        Cause is a section that differs from the last one reported, or the heartbeat.
        """
        beat = now >= self._beat
        due = [name for name in probes.NAMES if beat or now >= self._due.get(name, 0.0)]
        if not due:
            return None
        sections = self._look(due)
        for name in due:
            self._due[name] = now + self._spread(_interval(name))
        if beat:
            self._beat = now + self._spread(self._heartbeat)
        elif all(self._sent.get(section.kind) == (section.outcome, section.digest) for section in sections):
            return None
        return self._report(sections)

    def run(self, log: Callable[[str], None], sleep: Callable[[float], None] = time.sleep) -> None:
        """Runs until it is interrupted. A full disk is told once and tried again at each pass."""
        self._settle(sleep)
        told = ""
        while True:
            try:
                number = self.step(time.monotonic())
                told = ""
                if number is not None:
                    log(f"report {number} is in the spool")
            except SpoolError as error:
                # What was seen is not lost for long: a whole report is tried again in a minute.
                self._beat = time.monotonic() + FULL_SECONDS
                if str(error) != told:
                    told = str(error)
                    log(told)
            sleep(max(1.0, min([self._beat, *self._due.values()]) - time.monotonic()))

    def _start(self) -> None:
        kept = health.load(self._state.health)
        kept.began(runner.boot_of(self._host))
        health.remember(kept)
        health.save(health.current, self._state.health)
        executables.load(self._state.executables)

    def _look(self, names: Sequence[str]) -> list[Section]:
        self._take_over()
        on = [name for name in names if name not in self._off]
        before = msgspec.json.encode(health.current)
        sections = {it.kind: it for it in runner.run(self._host, self._keyer, health.current, on, self._limit)}
        if msgspec.json.encode(health.current) != before:
            health.save(health.current, self._state.health)
        executables.save(self._state.executables)
        at = health.stamp(self._host.now())
        return [sections[name] if name in sections else _turned_off(name, at) for name in names]

    def _report(self, sections: list[Section]) -> int:
        digests = {section.kind: section.digest for section in sections if section.digest}
        number = self._spool.append(
            lambda numbering: codec.encode(runner.build(self._host, numbering, sections, health.current.clock_offset)),
            digests,
        )
        self._sent.update({section.kind: (section.outcome, section.digest) for section in sections})
        return number

    def _take_over(self) -> None:
        """Takes losses and the learnt clock offset from the spool into the health that the `agent` probe tells."""
        try:
            resets = self._spool.take_resets()
            offset = self._spool.number("clock_offset")
        except SpoolError:
            return
        now = self._host.now()
        for reset in resets:
            health.current.was_reset(reset, now)
        if resets:
            health.save(health.current, self._state.health)
        if offset is not None:
            health.current.clock_offset = offset

    def _settle(self, sleep: Callable[[float], None]) -> None:
        try:
            uptime = self._host.uptime()
        except HostError:
            return
        wait = SETTLE_SECONDS + self._dice.uniform(0, 2 * SETTLE_SECONDS) - uptime
        if wait > 0:
            sleep(wait)

    def _spread(self, seconds: float) -> float:
        """Returns `seconds` +-20 %, drawn anew each time, so that a fleet never beats in step."""
        return seconds * self._dice.uniform(1 - HEARTBEAT_SPREAD, 1 + HEARTBEAT_SPREAD)


def _interval(name: str) -> float:
    try:
        return max(30.0, float(probes.load(name).interval_seconds))
    except (ModuleNotFoundError, AttributeError):
        # The runner has said in the section that there is no such probe.
        return 86_400.0


def _turned_off(name: str, at: str) -> Section:
    reason = f"{name} is turned off in this laptop's settings"
    return Section(kind=name, outcome="not_supported", observed_at=at, reason=reason)
