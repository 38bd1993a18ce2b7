"""The reader: runs the probes that are due and writes reports to the spool. No network, nothing of the sender."""

import random
import time
from collections.abc import Callable, Collection, Sequence

import msgspec

from farmwatch_schema import codec
from farmwatch_schema.identifiers import Keyer
from farmwatch_schema.report import Section

from . import health, outbox, probes, runner
from .host import Host, HostError, left_rounds
from .identity import ROUNDS, State
from .limits import Limit
from .probe import Probe
from .probes.processes import cache as executables
from .spool import Spool, SpoolError

#: Nothing is collected this long after boot, plus up to twice as long at random: start-up belongs to the user.
SETTLE_SECONDS = 60
HEARTBEAT_SPREAD = 0.2
#: What would be due within so many seconds, and within this part of its interval, goes with what is due now: kinds
#: share what a pass reads. Twice the spread, so that kinds of one interval stay together.
TOGETHER_SECONDS = 60.0
TOGETHER = 2 * HEARTBEAT_SPREAD
FULL_SECONDS = 60.0
DAY_SECONDS = 86_400.0

#: Of a waker: a device that gives input may have come or gone.
INPUT_WORDS = frozenset({"input", "hid", "usb", "bluetooth"})

#: 2100-01-01: times beyond are no clock's.
_LAST_SECOND = 4_102_444_800.0

#: The note that names the rounds of measuring which reports hold already.
_TOLD = "rounds_told"

#: Waits so many seconds, or less when something happened, and returns what.
Wait = Callable[[float], Collection[str] | None]


class Reader:
    """Fills one spool.

    off          kinds that are not looked at
    on           opt-in kinds that are
    enrolled_at  UTC, ISO 8601: some opt-in kinds are looked at for a device's first days
    heartbeat    seconds between two reports when nothing changes
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
        on: Sequence[str] = (),
        enrolled_at: str = "",
        limit: Limit | None = None,
        dice: random.Random | None = None,
    ) -> None:
        self._host = host
        self._keyer = keyer
        self._spool = spool
        self._state = state
        self._heartbeat = heartbeat
        self._off = frozenset(off)
        self._on = frozenset(on)
        self._enrolled_at = health.seconds_of(enrolled_at)
        self._limit = limit
        self._dice = dice or random.Random()  # noqa: S311 (spreads load, guards nothing)
        self._sent: dict[str, tuple[str, str]] = {}
        self._answers = outbox.Answered(state)
        self._offered: list[str] = []
        self._due: dict[str, float] = {}
        self._beat = 0.0
        self._watches = False
        self._start()

    def once(self) -> int:
        """Returns the number of a report of every kind, now durable in the spool."""
        return self._report(self._look(probes.NAMES))

    def step(self, now: float) -> int | None:
        """Runs what is due at `now` (monotonic seconds) and returns the number of the report, if there was cause.

        Cause is a section that differs from the last one reported, or the heartbeat.
        """
        beat = now >= self._beat
        if not beat and all(now < self._due.get(name, 0.0) for name in probes.NAMES):
            return None
        due = [name for name in probes.NAMES if beat or now + self._early(name) >= self._due.get(name, 0.0)]
        self._watch_input()
        if not self._why_not("arp"):
            from .host import arp_look  # noqa: PLC0415 (only where this laptop's settings ask for it)

            arp_look.beside()
        sections = self._look(due)
        for name in due:
            self._due[name] = now + self._spread(_interval(name))
        if beat:
            self._beat = now + self._spread(self._heartbeat)
        elif all(self._is_no_cause(section) for section in sections):
            return None
        return self._report(sections)

    def _is_no_cause(self, section: Section) -> bool:
        """Whether a section says nothing new. A measurement waits for the next report: it has no hurry."""
        if section.outcome == "found" and runner.is_sample(section.kind):
            return True
        return self._sent.get(section.kind) == (section.outcome, section.digest)

    def wake(self, words: Collection[str], now: float) -> None:
        """Makes due at `now` (monotonic seconds) every kind that one of the words concerns; see `Probe.wakes`."""
        for name in probes.NAMES:
            probe = _declared(name)
            if probe is not None and not set(words).isdisjoint(probe.wakes):
                self._due[name] = min(now, self._due.get(name, now))
        if self._watches and not INPUT_WORDS.isdisjoint(words):
            from .host import input_watch  # noqa: PLC0415 (loaded already where it watches)

            watch = input_watch.current()
            if watch is not None:
                watch.refresh()

    def run(self, log: Callable[[str], None], wait: Wait = time.sleep) -> None:
        """Runs until it is interrupted. A full disk is told once and tried again at each pass."""
        self._settle(wait)
        told = problem = ""
        while True:
            try:
                number = self.step(time.monotonic())
                told = ""
                if self._answers.problem != problem:
                    problem = self._answers.problem
                    log(problem or "what the sender left is taken over again")
                if number is not None:
                    log(f"report {number} is in the spool")
            except SpoolError as error:
                # What was seen is not lost for long: a whole report is tried again in a minute.
                self._beat = time.monotonic() + FULL_SECONDS
                if str(error) != told:
                    told = str(error)
                    log(told)
            words = wait(max(1.0, min([self._beat, *self._due.values()]) - time.monotonic()))
            if words:
                self.wake(words, time.monotonic())

    def _start(self) -> None:
        kept = health.load(self._state.health)
        kept.began(runner.boot_of(self._host))
        health.remember(kept)
        health.save(health.current, self._state.health)
        executables.load(self._state.executables)

    def _look(self, names: Sequence[str]) -> list[Section]:
        self._take_over()
        why_not = {name: self._why_not(name) for name in names}
        on = [name for name in names if not why_not[name]]
        before = msgspec.json.encode(health.current)
        giver = self._give_rounds() if "latency" in on else None
        sections = {it.kind: it for it in runner.run(self._host, self._keyer, health.current, on, self._limit)}
        self._offered = giver.offered if giver is not None else []
        if msgspec.json.encode(health.current) != before:
            health.save(health.current, self._state.health)
        executables.save(self._state.executables)
        at = health.stamp(self._host.now())
        return [
            sections[name] if name in sections
            else Section(kind=name, outcome="not_supported", observed_at=at, reason=why_not[name])
            for name in names
            # Measurements that were told are no news, and "none" would say that somebody looked and found nothing.
            if not (name in sections and sections[name].outcome == "none" and runner.is_sample(name))
        ]  # fmt: skip

    def _early(self, name: str) -> float:
        """Returns by how many seconds a kind may run before its time, in company."""
        return min(TOGETHER_SECONDS, TOGETHER * _interval(name))

    def _watch_input(self) -> None:
        """Begins or ends counting input, as settings and first days have it. A single pass has no time to count."""
        timing = not self._why_not("input_timing")
        wanted = timing or not self._why_not("input_source")
        if not wanted and not self._watches:
            return
        from .host import input_watch  # noqa: PLC0415 (threads that a reader without it never pays for)

        if wanted:
            self._watches = input_watch.start(self._host, timing, self._state.input) is not None
        else:
            input_watch.stop()
            self._watches = False

    def _why_not(self, name: str) -> str:
        """Returns why a kind is not looked at now; "" when it is."""
        if name in self._off:
            return f"{name} is turned off in this laptop's settings"
        probe = _declared(name)
        if probe is None or not probe.opt_in or name in self._on:
            return ""
        if not probe.first_days:
            return f"{name} is looked at only where this laptop's settings turn it on"
        # A day of grace: clocks of a laptop and its collector differ, and a clock far behind must turn nothing on.
        age = self._host.now() - self._enrolled_at if self._enrolled_at is not None else None
        if age is not None and -DAY_SECONDS < age < probe.first_days * DAY_SECONDS:
            return ""
        return (
            f"{name} is looked at in a device's first {probe.first_days} days, and then only where this laptop's"
            " settings turn it on"
        )

    def _report(self, sections: list[Section]) -> int:
        digests = {section.kind: section.digest for section in sections if section.digest}
        number = self._spool.append(
            lambda numbering: codec.encode(runner.build(self._host, numbering, sections, health.current.clock_offset)),
            digests,
        )
        self._sent.update({section.kind: (section.outcome, section.digest) for section in sections})
        if self._offered:
            # After the report is durable: a crash in between tells a round twice, which costs nothing, and loses none.
            told = [*self._told(), *self._offered][-2 * left_rounds.MOST_ROUNDS :]
            self._spool.leave_note(_TOLD, ",".join(told))
            self._offered = []
        return number

    def _told(self) -> list[str]:
        return self._spool.note(_TOLD).split(",")

    def _give_rounds(self) -> left_rounds.Giver:
        """Makes the `latency` probe tell what the sender measured and no report holds yet."""
        try:
            told = self._told()
        except SpoolError:
            told = []
        return left_rounds.give(
            lambda: self._state.left_by_sender(ROUNDS, left_rounds.MAX_BYTES), self._spool.device, told
        )

    def _take_over(self) -> None:
        """Takes what the sender left, losses, and the clock's offset into the health that the `agent` probe tells."""
        try:
            self._answers.apply(self._spool)
            resets = self._spool.take_resets()
            offset = self._spool.number("clock_offset")
        except SpoolError:
            return
        now = self._host.now()
        for reset in resets:
            health.current.was_reset(reset, now)
        if resets:
            health.save(health.current, self._state.health)
        # What a sender learnt may be nonsense, and no time in a report may be one that no calendar has.
        if offset is not None and 0 <= now + offset < _LAST_SECOND:
            health.current.clock_offset = offset

    def _settle(self, wait: Wait) -> None:
        try:
            uptime = self._host.uptime()
        except HostError:
            return
        end = time.monotonic() + SETTLE_SECONDS + self._dice.uniform(0, 2 * SETTLE_SECONDS) - uptime
        while (left := end - time.monotonic()) > 0:
            # What happens meanwhile is seen by the first pass.
            wait(left)

    def _spread(self, seconds: float) -> float:
        """Returns `seconds` +-20 %, drawn anew each time, so that a fleet never beats in step."""
        return seconds * self._dice.uniform(1 - HEARTBEAT_SPREAD, 1 + HEARTBEAT_SPREAD)


def _declared(name: str) -> Probe | None:
    """Returns a kind's declaration; None when there is none, which the runner says in the section."""
    try:
        return probes.load(name)
    except (ModuleNotFoundError, AttributeError):
        return None


def _interval(name: str) -> float:
    probe = _declared(name)
    return DAY_SECONDS if probe is None else max(30.0, float(probe.interval_seconds))
