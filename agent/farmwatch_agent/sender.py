"""The sender: takes reports from the spool, signs, sends, and lets go of what the collector has committed.

An answer is an acknowledgement only when it echoes device, epoch and number: a captive portal's 200 is none.
Nothing that a collector answers makes the agent give up its identity.
"""

import random
import time
import zlib
from collections.abc import Callable

import msgspec

from farmwatch_schema import codec
from farmwatch_schema.errors import CodecError
from farmwatch_schema.report import MEDIA_TYPE, Answer, Bundle, Response
from farmwatch_schema.signature import sign

from .files import write_whole
from .health import seconds_of, stamp
from .identity import State
from .options import CLOCK, FAILED, OK, TLS, UNAUTHORISED, UNREACHABLE, readable
from .outbox import Outbox
from .spool import Spool, Waiting
from .transport import Reply, Transport, TransportError

PATH = "/v1/reports"
MAX_PACKED_BYTES = 256 << 10
#: The collector takes at most 20 to 1; a bomb packs far better than this.
MAX_RATIO = 18

BASE_SECONDS, CAP_SECONDS, FIRST_SPREAD_SECONDS = 30.0, 900.0, 120.0
HOURLY_SECONDS = 3600.0
MAX_RETRY_AFTER_SECONDS = 6 * 3600.0
BETWEEN_REQUESTS_SECONDS = 10.0

#: The note that says when there is next anything to measure, and how far away that can be: two days.
LOOK_AT, LONGEST_LOOK_SECONDS = "measure_at", 172_800.0

#: Answers that a person has to look at. The reports are kept, and asked again with hourly.
HOURLY = frozenset({"unknown_device", "revoked", "bad_signature", "forked", "invalid", "clock_skew"})
_CODES = {"clock_skew": CLOCK, "throttled": UNREACHABLE, "too_large": FAILED, "invalid": FAILED, "forked": FAILED}


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What one request came to.

    code          exit code
    status        `accepted`, `nothing` (the spool is empty), an answer's status, or a TransportError's kind
    message       one sentence for people
    acknowledged  how many reports were let go
    wait_seconds  earliest next request
    more          reports are still waiting and may go now
    """

    code: int = OK
    status: str
    message: str
    acknowledged: int = 0
    wait_seconds: float = 0.0
    more: bool = False


def delay_after(failures: int, dice: random.Random) -> float:
    """Returns seconds to wait after that many failures in a row: doubling to a cap, and then jitter as wide as it.

    The jitter comes after the cap, or all agents would meet again at the cap.
    """
    base: float = min(BASE_SECONDS * 2.0 ** min(failures - 1, 10), CAP_SECONDS)
    return base + dice.uniform(0.0, max(base, FIRST_SPREAD_SECONDS))


def pack(reports: list[bytes]) -> bytes:
    """Returns a request's body: the reports as a bundle, gzip with no time in it, never over 18 to 1."""
    plain = codec.encode(Bundle(reports=[msgspec.Raw(report) for report in reports]))
    packed = b""
    for level, strategy in ((6, zlib.Z_DEFAULT_STRATEGY), (1, zlib.Z_DEFAULT_STRATEGY), (6, zlib.Z_HUFFMAN_ONLY)):
        packer = zlib.compressobj(level, zlib.DEFLATED, 31, 9, strategy)
        packed = packer.compress(plain) + packer.flush()
        if len(plain) <= MAX_RATIO * len(packed):
            break
    return packed


class Sender:
    """Sends one spool to one collector.

    private_key  32 bytes of the Ed25519 seed
    clock        returns seconds since 1970 by this laptop
    """

    def __init__(
        self,
        spool: Spool | Outbox,
        state: State,
        transport: Transport,
        private_key: bytes,
        *,
        clock: Callable[[], float] = time.time,
        dice: random.Random | None = None,
    ) -> None:
        self._spool = spool
        self._state = state
        self._transport = transport
        self._private_key = private_key
        self._clock = clock
        self._dice = dice or random.Random()  # noqa: S311 (spreads load, guards nothing)
        self._limit = 64

    def due(self) -> bool:
        """Whether the waiting time that earlier answers asked for is over."""
        next_at = self._spool.number("next_at")
        # A wait is never longer than this; a clock set back must not stretch it.
        longest = 2 * MAX_RETRY_AFTER_SECONDS
        return next_at is None or not 0 < next_at - self._clock() <= longest

    def waits(self) -> bool:
        """Whether any report is not acknowledged yet."""
        return self._spool.load().count > 0

    @property
    def device(self) -> str:
        """Returns this laptop's id."""
        return self._spool.device

    def ask(self, path: str, body: bytes) -> Reply:
        """Returns the collector's answer to a signed question beside reports; raises TransportError."""
        created = int(self._clock() + self.offset())
        headers = sign("POST", path, self.device, body, self._private_key, created)
        return self._transport.post(path, {**headers, "content-type": "application/json"}, body)

    def may_measure(self) -> bool:
        """Whether it is time to look what is to be measured; so little that a plain send costs no more for it."""
        at = self._spool.number(LOOK_AT)
        # Never farther away than a plan can last; a clock set back must not stretch it.
        return at is None or not 0 < at - self._clock() <= LONGEST_LOOK_SECONDS

    def leave_look_at(self, at: float) -> None:
        """Keeps when there is next anything to measure, or to ask a plan for."""
        if self._spool.number(LOOK_AT) != float(f"{at:.0f}"):
            self._spool.leave_note(LOOK_AT, f"{at:.0f}")

    def request(self, waiting: list[Waiting]) -> tuple[dict[str, str], bytes]:
        """Returns headers and body of the request that carries these reports, signed now."""
        body = pack([it.body for it in waiting])
        created = int(self._clock() + self.offset())
        headers = sign("POST", PATH, self._spool.device, body, self._private_key, created)
        return {**headers, "content-type": MEDIA_TYPE}, body

    def take(self) -> list[Waiting]:
        """Returns the reports of the next request: oldest first, packed at most 256 KiB."""
        waiting = self._spool.waiting(self._limit)
        while len(waiting) > 1 and len(pack([it.body for it in waiting])) > MAX_PACKED_BYTES:
            waiting = waiting[: len(waiting) // 2]
        return waiting

    def send(self) -> Sent:
        """Sends one request of at most 64 reports and does what its answers say."""
        waiting = self.take()
        if not waiting:
            return Sent(status="nothing", message="nothing waits to be sent.")
        sent = self._exchange(waiting)
        if sent.status == "clock_skew" and sent.more:
            # The offset is learnt now, so the same reports are signed anew with it, once.
            sent = self._exchange(waiting)
        failures = 0 if sent.code == OK else int(self._spool.number("failures") or 0) + 1
        wait = sent.wait_seconds
        if failures and not wait:
            wait = delay_after(failures, self._dice)
        self._spool.leave_note("failures", str(failures))
        self._spool.leave_note("next_at", f"{self._clock() + wait:.0f}" if wait else "")
        return msgspec.structs.replace(sent, wait_seconds=wait, more=sent.more and not failures)

    def drain(self, sleep: Callable[[float], None] = time.sleep, most: int = 100) -> Sent:
        """Sends until nothing waits or something is wrong, at most one request in 10 seconds."""
        sent = self.send()
        acknowledged = sent.acknowledged
        for _ in range(most - 1):
            if not sent.more:
                break
            sleep(BETWEEN_REQUESTS_SECONDS)
            sent = self.send()
            acknowledged += sent.acknowledged
        if sent.status == "nothing" and acknowledged:
            sent = Sent(status="accepted", message=f"{_reports(acknowledged)} with the collector.")
        return msgspec.structs.replace(sent, acknowledged=acknowledged)

    def _exchange(self, waiting: list[Waiting]) -> Sent:
        headers, body = self.request(waiting)
        asked_at = self._clock()
        try:
            reply = self._transport.post(PATH, headers, body)
        except TransportError as error:
            code = TLS if error.kind in ("tls", "proxy", "redirect") else UNREACHABLE
            self._keep(waiting, asked_at, headers, error.kind, str(error), [])
            return Sent(code=code, status=error.kind, message=str(error))
        response = self._understood(reply)
        if response is None:
            message = (
                f"the answer (HTTP {reply.status}) is not a collector's; all reports are kept. A network's sign-in page"
                " or a wrong address answers so: open a browser, or check the address."
            )
            self._keep(waiting, asked_at, headers, "not_a_collector", message, [])
            # What stands before a collector may ask for time too.
            wait = self._wait_for(reply.retry_after_seconds) if reply.retry_after_seconds else 0.0
            return Sent(code=UNREACHABLE, status="not_a_collector", message=message, wait_seconds=wait)
        learnt = self._learn(response, asked_at)
        sent = self._settle(waiting, response, learnt=learnt)
        self._keep(waiting, asked_at, headers, sent.status, sent.message, response.answers)
        return sent

    def _understood(self, reply: Reply) -> Response | None:
        try:
            return codec.decode_response(reply.body)
        except CodecError:
            return None

    def _settle(self, waiting: list[Waiting], response: Response, *, learnt: bool) -> Sent:
        epoch = waiting[0].epoch
        numbers = {it.sequence for it in waiting}
        answers = [
            it for it in response.answers
            if it.device == self._spool.device and it.epoch == epoch and it.sequence in numbers
        ]  # fmt: skip
        taken = [it.sequence for it in answers if it.status in ("accepted", "duplicate")]
        acknowledged = self._spool.acknowledge(epoch, taken) if taken else 0
        self._spool.need([need.kind for it in answers for need in it.need])
        too_large = [it.sequence for it in answers if it.status == "too_large"]
        if response.status == "too_large" and len(waiting) == 1:
            too_large.append(waiting[0].sequence)
        # Behind the collector's mark a refused report can never be delivered: it would look like a clone's.
        late = [it.sequence for it in answers if taken and it.sequence < max(taken) and it.sequence not in taken]
        given_up = {*too_large, *late}
        self._spool.give_up(epoch, sorted(given_up))
        worst = next((it for it in answers if it.sequence not in taken and it.sequence not in given_up), None)
        if worst is not None:
            return self._refused(worst.status, worst.message, response, acknowledged, learnt=learnt)
        if response.status != "accepted" and not given_up:
            return self._refused(response.status, response.message, response, acknowledged, learnt=learnt)
        if not answers and not given_up:
            message = "the answer names none of our reports, so it is no acknowledgement; all reports are kept."
            return Sent(code=UNREACHABLE, status="not_a_collector", message=message)
        self._limit = 64
        told = f"; {len(given_up)} cannot be delivered and are told as lost" if given_up else ""
        return Sent(
            status="accepted",
            message=f"{_reports(acknowledged)} with the collector{told}.",
            acknowledged=acknowledged,
            more=bool(self._spool.load().count),
        )

    def _refused(self, status: str, message: str, response: Response, acknowledged: int, *, learnt: bool) -> Sent:
        if status == "too_large" and self._limit > 1:
            self._limit = max(1, self._limit // 2)
            return Sent(status=status, message=f"the request was too large; next {self._limit} at once.", more=True)
        wait = 0.0
        if status == "throttled":
            wait = self._wait_for(response.retry_after_seconds)
        elif status in HOURLY and not (status == "clock_skew" and response.status == "accepted"):
            wait = HOURLY_SECONDS * self._dice.uniform(0.8, 1.2)
        kept = "Reports that were not taken are kept, and so is the identity."
        return Sent(
            code=_CODES.get(status, UNAUTHORISED),
            status=status,
            message=f"{readable(message) or 'the collector refused.'} ({status}) {kept}",
            acknowledged=acknowledged,
            wait_seconds=wait,
            more=response.status == "clock_skew" and learnt,
        )

    def _wait_for(self, seconds: float) -> float:
        """Returns the wait that was asked for, within bounds, and jitter as wide as it."""
        wait = min(max(seconds, BASE_SECONDS), MAX_RETRY_AFTER_SECONDS)
        return wait + self._dice.uniform(0.0, max(wait, FIRST_SPREAD_SECONDS))

    def _learn(self, response: Response, asked_at: float) -> bool:
        """Returns whether the clock's offset was learnt anew from the collector's time."""
        server = seconds_of(response.server_time)
        if server is None:
            return False
        offset = server - (asked_at + self._clock()) / 2
        if abs(offset - self.offset()) < 10 and self._spool.note("clock_offset"):
            return False
        self._spool.leave_note("clock_offset", f"{offset:.0f}")
        return True

    def offset(self) -> float:
        """Returns the collector's time minus this laptop's, seconds, as it was learnt."""
        return self._spool.number("clock_offset") or 0.0

    def _keep(self, waiting: list[Waiting], at: float, headers: dict[str, str], status: str, message: str,
              answers: list[Answer]) -> None:  # fmt: skip
        """Leaves for `explain` what was sent; the signature is left out, because it is nobody's reading."""
        shown = {
            "sent_at": stamp(at),
            "status": status,
            "message": message,
            "headers": {name: headers[name] for name in ("farmwatch-device", "content-digest", "content-type")},
            "answers": answers,
            "reports": [msgspec.Raw(it.body) for it in waiting],
        }
        try:
            write_whole(self._state.sent, codec.encode(shown), mode=0o644, durable=False)
        except OSError:
            # The record for people must not keep the reports themselves from going.
            return


def _reports(count: int) -> str:
    return "1 report is" if count == 1 else f"{count} reports are"
