"""Measuring in the sender: what the collector asks for, when a round is due, and the finished rounds for the reader.

The sender sends first, and measures only where the collector answered just now: behind a hotel's sign-in page, and
without a network, nothing would be worth anything. One sender at a time measures, under a lock that dies with its
process. What a round may cost is written down before it begins, so that a sender killed in the middle never measures
more than a day may have; its round is lost. A finished round is one file more or it is not there.
"""

import random
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Protocol

import msgspec

from farmwatch_schema.plan import PLAN_PATH, Plan, PlanResponse

from .files import locked, write_whole
from .health import seconds_of, stamp
from .host import Host, HostError
from .host.left_rounds import MAX_BYTES, MOST_ROUNDS, LeftRound, LeftRounds, Skipped
from .identity import ROUNDS, State
from .options import readable
from .spool import SpoolError

if TYPE_CHECKING:
    from .transport import Reply

KEPT, LOCK = "measuring.json", "measuring.lock"
DAY_SECONDS = 86_400.0
MOST_ROUNDS_A_DAY, MOST_CONNECTS_A_DAY = 4, 400
#: A plan is believed for so long, whatever it says itself.
MOST_PLAN_SECONDS = 7 * DAY_SECONDS
#: A plan that is no answer is asked for again after this; a collector that knows no plans, the next day.
AGAIN_SECONDS, OLDER_SECONDS = 3_600.0, DAY_SECONDS
#: What stood against a round (a battery, a network) is looked at again after this.
SKIPPED_SECONDS = 600.0
#: A round is drawn from the first part of its part of the day, so that time is left for another try.
_DRAWN_FROM = 0.8


_Seconds = Annotated[float, msgspec.Meta(ge=-1e12, le=1e12)]
_Count = Annotated[int, msgspec.Meta(ge=-1, le=1 << 30)]


class Asker(Protocol):
    """What measuring needs of a sender."""

    @property
    def device(self) -> str:
        """Returns this laptop's id."""
        ...

    def ask(self, path: str, body: bytes) -> "Reply":
        """Returns the collector's answer to a signed question; raises TransportError."""
        ...

    def offset(self) -> float:
        """Returns the collector's time minus this laptop's, seconds."""
        ...

    def leave_look_at(self, at: float) -> None:
        """Keeps when there is next anything to do here, so that a sender before that loads nothing of it."""
        ...


class Kept(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What a sender keeps of measuring. Times are seconds since 1970 by this laptop's clock.

    device      whose plan it is
    plan        the collector's last one
    fetched_at  when; `ends_at` when it is over; `ask_at` the earliest next question
    part        number of the part of a day, counted from 1970 in parts of 1/`parts` day, that the next four are about
    next_at     when its round is due
    done        it was measured, or begun
    why         why it was not measured when it was due, `tried_at`
    day         days since 1970 that `connects` counts
    connects    TCP connects of that day
    """

    device: str = ""
    plan: Plan | None = None
    fetched_at: _Seconds = 0.0
    ends_at: _Seconds = 0.0
    ask_at: _Seconds = 0.0
    part: _Count = -1
    parts: Annotated[int, msgspec.Meta(ge=0, le=MOST_ROUNDS_A_DAY)] = 0
    next_at: _Seconds = 0.0
    done: bool = False
    why: Skipped = ""
    tried_at: _Seconds = 0.0
    day: _Count = -1
    connects: Annotated[int, msgspec.Meta(ge=0, le=1 << 20)] = 0

    def wants_plan(self, now: float) -> bool:
        """Whether the collector is to be asked: there is no plan, or half of its life is over."""
        half = self.fetched_at + (self.ends_at - self.fetched_at) / 2
        return now >= self.ask_at and (self.plan is None or not self.fetched_at <= now < half)

    def turn(self, now: float, dice: random.Random) -> LeftRound | None:
        """Draws the moment of the present part's round; returns why the part before had none, when that was tried."""
        if self.plan is None:
            return None
        parts = min(self.plan.rounds_per_day, MOST_ROUNDS_A_DAY)
        length = DAY_SECONDS / parts
        part = int(now // length)
        if self.day != int(now // DAY_SECONDS):
            self.day, self.connects = int(now // DAY_SECONDS), 0
        if (part, parts) == (self.part, self.parts):
            return None
        missed = None
        if self.why and not self.done:
            missed = LeftRound(plan=self.plan.plan, began_at=stamp(self.tried_at), skipped=self.why)
        self.part, self.parts, self.done, self.why, self.tried_at = part, parts, False, "", 0.0
        last = (part + _DRAWN_FROM) * length
        self.next_at = dice.uniform(now, last) if now < last else now
        return missed

    def look_at(self, now: float) -> float:
        """Returns when there is next anything to do."""
        if self.plan is None:
            return self.ask_at
        half = max(self.ask_at, self.fetched_at + (self.ends_at - self.fetched_at) / 2)
        if now >= self.ends_at:
            return half
        end = (self.part + 1) * DAY_SECONDS / max(self.parts, 1)
        return min(half, end if self.done else self.next_at)


class Measuring:
    """Measures for one laptop.

    allowed    the setting `landmarks`
    open_host  returns the host to measure through; asked only when something is measured
    log        takes a line for people
    """

    def __init__(
        self,
        asker: Asker,
        state: State,
        allowed: Sequence[str],
        open_host: Callable[[], Host],
        *,
        clock: Callable[[], float] = time.time,
        dice: random.Random | None = None,
        log: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._asker = asker
        self._state = state
        self._allowed = allowed
        self._open_host = open_host
        self._clock = clock
        self._dice = dice or random.Random()  # noqa: S311 (spreads load, guards nothing)
        self._log = log

    def step(self, *, reached: bool, why: Skipped = "", at_once: bool = False) -> LeftRound | None:
        """Does what is due, and returns the round that was measured.

        reached  the collector answered just now; else `why` says what stood in the way, if that is known
        at_once  a round is due now, whatever was drawn
        """
        try:
            with locked(self._state.of_sender(LOCK)) as ours:
                if not ours:
                    self._log("another sender measures just now")
                    return None
                return self._step(reached=reached, why=why, at_once=at_once)
        except (OSError, SpoolError) as error:
            self._log(f"measuring: {error}")
            return None

    def _step(self, *, reached: bool, why: Skipped, at_once: bool) -> LeftRound | None:
        kept = load(self._state, self._asker.device)
        now = self._clock()
        if (reached or not why) and (kept.wants_plan(now) or (at_once and kept.plan is None)):
            reached = self._fetch(kept, now) or reached
        missed = kept.turn(now, self._dice)
        if missed is not None:
            self._leave(missed)
        due = kept.plan is not None and now < kept.ends_at and (at_once or (not kept.done and now >= kept.next_at))
        if due and not reached and not why:
            # Nothing had to be sent, so nobody knows yet whether the collector can be reached.
            reached = self._fetch(kept, now)
        found = None
        if due and reached and kept.plan is not None and kept.connects < MOST_CONNECTS_A_DAY:
            found = self._measure(kept, kept.plan)
        elif due and not reached and why:
            kept.why, kept.tried_at = why, now
        self._save(kept, self._clock())
        return found

    def _measure(self, kept: Kept, plan: Plan) -> LeftRound | None:
        from .probes.latency.allowed import AllowList  # noqa: PLC0415 (what a sender without a due round never loads)
        from .probes.latency.measuring import measure  # noqa: PLC0415

        left = MOST_CONNECTS_A_DAY - kept.connects
        before = kept.connects
        # What it may come to, until it is known what it came to.
        kept.done, kept.connects = True, before + min(left, len(plan.targets) * 2 * (plan.connects + 1))
        self._save(kept, self._clock())
        self._log(f"measures {len(plan.targets)} landmarks")
        try:
            found = measure(self._open_host(), plan, AllowList(self._allowed), most_connects=left)
        except HostError as error:
            kept.connects = before
            self._log(f"measuring: {error}")
            return None
        kept.connects = before + found.connects
        if found.skipped:
            kept.done, kept.why, kept.tried_at = False, found.skipped, self._clock()
            kept.next_at = kept.tried_at + SKIPPED_SECONDS
            self._log(f"nothing is measured now: {found.skipped}")
            return found
        self._leave(found)
        self._log(f"measured in {found.seconds} s with {found.connects} connects")
        return found

    def _fetch(self, kept: Kept, now: float) -> bool:
        """Asks for a plan; returns whether a collector answered."""
        from .transport import TransportError  # noqa: PLC0415 (`status` reads this file's state and loads no network)

        again = self._dice.uniform(AGAIN_SECONDS, 2 * AGAIN_SECONDS)
        try:
            reply = self._asker.ask(PLAN_PATH, b"{}")
        except TransportError as error:
            self._log(f"no plan: {error}")
            kept.ask_at = now + again
            return False
        response = _understood(reply)
        if response is None or (response.device and response.device != self._asker.device):
            # A collector without plans says 404 in its own words or none; a portal's page is no answer either.
            older = reply.status == 404
            kept.ask_at = now + (OLDER_SECONDS + again if older else again)
            self._log(
                "no plan: the collector has none (HTTP 404); it is older than this agent, and is asked again tomorrow"
                if older
                else f"no plan: the answer (HTTP {reply.status}) is none"
            )
            return False
        kept.ask_at = now + max(again, min(float(max(response.retry_after_seconds, 0)), OLDER_SECONDS))
        if response.status != "accepted" or not response.device:
            if reply.status == 404:
                kept.ask_at = now + OLDER_SECONDS + again
            self._log(f"no plan: {readable(response.message) or response.status}")
            return False
        plan = response.plan
        ends = seconds_of(plan.valid_until) if plan is not None else None
        if plan is None or ends is None:
            # The collector asks for nothing, and so the plan before holds no longer.
            kept.plan = None
            self._log(f"no plan: {readable(response.message) or 'the collector asks for no measurements.'}")
            return True
        kept.plan, kept.fetched_at = plan, now
        kept.ends_at = min(ends - self._asker.offset(), now + MOST_PLAN_SECONDS)
        return True

    def _leave(self, found: LeftRound) -> None:
        """Adds a round to the file for the reader, and lets the oldest go."""
        rounds = [*left_rounds(self._state, self._asker.device), found][-MOST_ROUNDS:]
        data = msgspec.json.encode(LeftRounds(device=self._asker.device, rounds=rounds))
        while len(data) > MAX_BYTES and rounds:
            del rounds[0]
            data = msgspec.json.encode(LeftRounds(device=self._asker.device, rounds=rounds))
        write_whole(self._state.of_sender(ROUNDS), data, mode=0o644, durable=False)

    def _save(self, kept: Kept, now: float) -> None:
        kept.device = self._asker.device
        write_whole(self._state.of_sender(KEPT), msgspec.json.encode(kept), mode=0o644, durable=False)
        self._asker.leave_look_at(kept.look_at(now))


def load(state: State, device: str = "") -> Kept:
    """Returns what is kept of measuring; a blank one when there is none, it is damaged, or another device's."""
    try:
        kept = msgspec.json.decode(state.left_by_sender(KEPT, MAX_BYTES), type=Kept)
    except (OSError, msgspec.MsgspecError, RecursionError):
        return Kept()
    return kept if not device or kept.device == device else Kept()


def told(state: State, now: float) -> str:
    """Returns in one line for people when was measured last, when it is next, and what stood in the way."""
    kept, rounds = load(state), left_rounds(state)
    if kept.plan is None:
        return "nothing is measured: the sender has no plan from the collector"
    measured = [it for it in rounds if not it.skipped]
    last = f"last at {measured[-1].began_at}, {_answered(measured[-1])}" if measured else "nothing measured yet"
    if kept.why:
        last += f"; not at {stamp(kept.tried_at)}: {kept.why.replace('_', ' ')}"
    if now >= kept.ends_at:
        return f"{last}; the plan ended at {stamp(kept.ends_at)}"
    end = (kept.part + 1) * DAY_SECONDS / max(kept.parts, 1)
    return f"{last}; next after {stamp(end if kept.done else kept.next_at)}"


def _answered(found: LeftRound) -> str:
    answered = sum(it.min_ms is not None for it in found.trips)
    return f"{answered} of {len(found.trips)} measurements answered"


def left_rounds(state: State, device: str = "") -> list[LeftRound]:
    """Returns the finished rounds that are still kept, the oldest first."""
    try:
        left = msgspec.json.decode(state.left_by_sender(ROUNDS, MAX_BYTES), type=LeftRounds)
    except (OSError, msgspec.MsgspecError, RecursionError):
        return []
    return left.rounds if not device or left.device == device else []


def _understood(reply: "Reply") -> PlanResponse | None:
    try:
        return msgspec.json.decode(reply.body, type=PlanResponse)
    except (msgspec.MsgspecError, RecursionError):
        return None
