"""The sender against a real server on loopback that behaves, misbehaves, or is not a collector at all."""

import json
import random
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from farmwatch_agent import transport
from farmwatch_agent.identity import State
from farmwatch_agent.numbering import Numbering
from farmwatch_agent.sender import Sender, delay_after, pack
from farmwatch_agent.spool import Spool
from farmwatch_agent.transport import HttpTransport
from farmwatch_schema import codec
from farmwatch_schema.report import MEDIA_TYPE, Agent, Report
from farmwatch_schema.signature import public_key_of

from .collector_double import Collector, Exchange, running

SEED = bytes(range(32))
DEVICE = "d-0123456789abcdef"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with running(Collector(public_key=public_key_of(SEED))) as double:
        yield double


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    made = Spool(str(tmp_path / "spool.db"), DEVICE, time.time, mends=True)
    yield made
    made.close()


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(str(tmp_path))


def report(numbering: Numbering, device: str = DEVICE) -> bytes:
    return codec.encode(
        Report(
            device=device,
            epoch=numbering.epoch,
            sequence=numbering.sequence,
            boot="",
            created_at="2026-11-22T08:00:00Z",
            uptime_seconds=1,
            agent=Agent(version="0.1.0", platform="linux"),
            sections=[],
            previous=numbering.previous,
        )
    )


def fill(spool: Spool, count: int) -> None:
    for _ in range(count):
        spool.append(report, {"usb": "0" * 64})


def sender(spool: Spool, state: State, url: str, **more: Any) -> Sender:
    return Sender(spool, state, HttpTransport(url), SEED, dice=random.Random(1), **more)


def left(spool: Spool) -> list[int]:
    return [it.sequence for it in spool.waiting(limit=1000)]


def test_reports_go_signed_and_packed_and_are_let_go_when_accepted(
    collector: Collector, spool: Spool, state: State
) -> None:
    fill(spool, 3)
    sent = sender(spool, state, collector.url).send()
    assert (sent.code, sent.status, sent.acknowledged) == (0, "accepted", 3)
    assert left(spool) == []
    (exchange,) = collector.seen
    assert exchange.path == "/v1/reports"
    assert exchange.headers["content-type"] == MEDIA_TYPE
    assert exchange.headers["farmwatch-device"] == DEVICE
    assert "content-encoding" not in exchange.headers
    assert collector.taken == [(spool.epoch, number) for number in (1, 2, 3)]
    assert sender(spool, state, collector.url).send().status == "nothing"


def test_the_same_reports_pack_into_the_same_bytes() -> None:
    # RFC 1952 section 2.3.1: bytes 4 to 7 of the header are MTIME, zero for none.
    packed = pack([b'{"a":1}', b'{"b":2}'])
    assert packed == pack([b'{"a":1}', b'{"b":2}'])
    assert packed[4:8] == bytes(4)
    assert json.loads(zlib.decompress(packed, 31)) == {"reports": [{"a": 1}, {"b": 2}]}


def test_no_request_packs_like_a_bomb() -> None:
    plain = json.dumps([{"type": "x"}] * 20_000).encode()
    assert len(plain) <= 20 * len(pack([plain]))


def test_a_lost_answer_leads_to_a_duplicate_and_no_loss(collector: Collector, spool: Spool, state: State) -> None:
    fill(spool, 2)

    def lose(double: Collector, exchange: Exchange) -> tuple[int, bytes]:
        double.accept(exchange)
        return 502, b"bad gateway"

    collector.react = lose
    assert sender(spool, state, collector.url).send().status == "not_a_collector"
    assert left(spool) == [1, 2]
    collector.react = Collector.accept
    assert sender(spool, state, collector.url).send().status == "accepted"
    assert left(spool) == []
    assert len(collector.taken) == 2


PORTAL = b"<html><body>Welcome to the hotel. Please sign in.</body></html>"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, PORTAL),
        (200, b""),
        (204, b""),
        (200, b"null"),
        (200, b'{"status":"ok"}'),
        (200, b"[" * 100_000),
        (500, b'{"error":"oops"}'),
        (404, b"not here"),
    ],
)
def test_what_is_no_collector_acknowledges_nothing(
    collector: Collector, spool: Spool, state: State, status: int, body: bytes
) -> None:
    fill(spool, 2)
    collector.react = lambda *_: (status, body)
    sent = sender(spool, state, collector.url).send()
    assert (sent.code, sent.status) == (4, "not_a_collector")
    assert "sign-in page" in sent.message
    assert left(spool) == [1, 2]


@pytest.mark.parametrize("change", [{"device": "d-other"}, {"epoch": "f" * 32}, {"sequence": 99}])
def test_an_answer_that_echoes_something_else_is_no_acknowledgement(
    collector: Collector, spool: Spool, state: State, change: dict[str, Any]
) -> None:
    fill(spool, 1)
    collector.react = lambda double, exchange: (
        200,
        double.response([{**double.answer(it, "accepted"), **change} for it in double.reports(exchange)]),
    )
    assert sender(spool, state, collector.url).send().code == 4
    assert left(spool) == [1]


def test_a_replayed_answer_of_an_earlier_request_acknowledges_nothing_new(
    collector: Collector, spool: Spool, state: State
) -> None:
    fill(spool, 1)
    kept: list[bytes] = []

    def keep(double: Collector, exchange: Exchange) -> tuple[int, bytes]:
        status, body = double.accept(exchange)
        kept.append(body)
        return status, body

    collector.react = keep
    sender(spool, state, collector.url).send()
    fill(spool, 1)
    collector.react = lambda *_: (200, kept[0])
    assert sender(spool, state, collector.url).send().code == 4
    assert left(spool) == [2]


def test_a_clock_off_by_a_day_is_learnt_and_the_request_signed_anew(
    collector: Collector, spool: Spool, state: State
) -> None:
    fill(spool, 2)
    sent = sender(spool, state, collector.url, clock=lambda: time.time() - 86_400).send()
    assert (sent.status, sent.acknowledged) == ("accepted", 2)
    assert len(collector.seen) == 2
    assert abs(float(spool.note("clock_offset")) - 86_400) < 30


def test_a_clock_that_stays_wrong_is_asked_about_hourly_and_not_in_a_loop(
    collector: Collector, spool: Spool, state: State
) -> None:
    fill(spool, 1)
    collector.react = lambda double, _: (401, double.response([], status="clock_skew", message="Signed 9 s ahead."))
    sent = sender(spool, state, collector.url).send()
    assert (sent.code, sent.status) == (6, "clock_skew")
    assert len(collector.seen) == 2, "once with the offset learnt, and then no more"
    assert 2_800 <= sent.wait_seconds <= 4_400
    assert left(spool) == [1]


@pytest.mark.parametrize("status", ["unknown_device", "revoked", "bad_signature", "forked"])
def test_a_refusal_keeps_identity_and_reports_and_is_asked_about_hourly(
    collector: Collector, spool: Spool, state: State, status: str
) -> None:
    Path(state.identity).write_text("kept")
    fill(spool, 2)
    collector.react = collector.each(status, message="Ask the one who runs farmwatch.")
    mine = sender(spool, state, collector.url)
    sent = mine.send()
    assert sent.status == status
    assert sent.code in (1, 5)
    assert "Ask the one who runs farmwatch." in sent.message
    assert "the identity" in sent.message
    assert 2_800 <= sent.wait_seconds <= 4_400
    assert not mine.due()
    assert left(spool) == [1, 2]
    assert Path(state.identity).read_text() == "kept"


def test_a_refusal_of_the_whole_request_is_told_with_its_message(
    collector: Collector, spool: Spool, state: State
) -> None:
    fill(spool, 1)
    collector.react = lambda double, _: (
        404,
        double.response([], status="unknown_device", message="Not enrolled here."),
    )
    sent = sender(spool, state, collector.url).send()
    assert (sent.code, sent.status) == (5, "unknown_device")
    assert "Not enrolled here." in sent.message
    assert left(spool) == [1]


def test_what_the_collector_lacks_is_sent_in_full_next_time(collector: Collector, spool: Spool, state: State) -> None:
    fill(spool, 1)
    collector.react = collector.each("accepted", need=[{"kind": "usb", "digest": "0" * 64}])
    sender(spool, state, collector.url).send()
    known: list[dict[str, str]] = []

    def build(numbering: Numbering) -> bytes:
        known.append(numbering.digests)
        return report(numbering)

    spool.append(build, {})
    assert known == [{}]


def test_a_throttled_sender_waits_at_least_as_long_as_it_was_told(
    collector: Collector, spool: Spool, state: State
) -> None:
    fill(spool, 1)
    collector.react = lambda double, _: (429, double.response([], status="throttled", retry_after_seconds=600))
    mine = sender(spool, state, collector.url)
    sent = mine.send()
    assert 600 <= sent.wait_seconds <= 1_200
    assert not mine.due()
    collector.react = lambda double, _: (429, double.response([], status="throttled", retry_after_seconds=10**9))
    assert sender(spool, state, collector.url).send().wait_seconds <= 2 * 6 * 3600


def test_what_stands_before_a_collector_may_ask_for_time_too(collector: Collector, spool: Spool, state: State) -> None:
    fill(spool, 1)
    collector.headers = {"retry-after": "5000"}
    collector.react = lambda *_: (503, b"<html>busy</html>")
    assert 5_000 <= sender(spool, state, collector.url).send().wait_seconds <= 10_000
    assert spool.load().count == 1


def test_a_message_from_the_network_cannot_steer_a_terminal(collector: Collector, spool: Spool, state: State) -> None:
    fill(spool, 1)
    collector.react = lambda double, _: (403, double.response([], status="revoked", message="\x1b[2J" + "x" * 9_999))
    message = sender(spool, state, collector.url).send().message
    assert message.isprintable()
    assert len(message) < 500
    assert "\x1b" not in Path(state.sent).read_text()
    assert "\\u001b" not in Path(state.sent).read_text()


def test_a_request_that_is_too_large_is_halved_until_it_fits(collector: Collector, spool: Spool, state: State) -> None:
    fill(spool, 9)

    def small_only(double: Collector, exchange: Exchange) -> tuple[int, bytes]:
        if len(double.reports(exchange)) > 2:
            return 413, double.response([], status="too_large", message="Send fewer.")
        return double.accept(exchange)

    collector.react = small_only
    naps: list[float] = []
    sent = sender(spool, state, collector.url).drain(naps.append)
    assert sent.code == 0
    assert left(spool) == []
    assert len(collector.taken) == 9
    assert set(naps) == {10.0}


def test_one_report_that_is_too_large_is_given_up_and_told(collector: Collector, spool: Spool, state: State) -> None:
    fill(spool, 1)
    collector.react = lambda double, _: (413, double.response([], status="too_large"))
    sender(spool, state, collector.url).drain(lambda _: None)
    assert left(spool) == []
    assert [(it.first_lost, it.last_lost) for it in spool.take_resets()] == [(1, 1)]


def test_a_refused_report_that_the_collector_went_past_is_given_up_and_told(
    collector: Collector, spool: Spool, state: State
) -> None:
    fill(spool, 3)
    collector.react = lambda double, exchange: (
        200,
        double.response(
            [double.answer(it, "invalid" if it.sequence == 2 else "accepted") for it in double.reports(exchange)]
        ),
    )
    sent = sender(spool, state, collector.url).send()
    assert sent.status == "accepted"
    assert "1 cannot be delivered" in sent.message
    assert left(spool) == []
    assert [(it.first_lost, it.last_lost) for it in spool.take_resets()] == [(2, 2)]


def test_a_refused_report_that_nothing_went_past_is_kept(collector: Collector, spool: Spool, state: State) -> None:
    fill(spool, 3)
    collector.react = lambda double, exchange: (
        200,
        double.response(
            [double.answer(it, "accepted" if it.sequence == 1 else "invalid") for it in double.reports(exchange)]
        ),
    )
    assert sender(spool, state, collector.url).send().status == "invalid"
    assert left(spool) == [2, 3]


def test_a_backlog_goes_64_at_once_and_one_request_in_ten_seconds(
    collector: Collector, spool: Spool, state: State
) -> None:
    fill(spool, 150)
    naps: list[float] = []
    sent = sender(spool, state, collector.url).drain(naps.append)
    assert sent.acknowledged == 150
    assert [len(collector.reports(it)) for it in collector.seen] == [64, 64, 22]
    assert naps == [10.0, 10.0]


def test_a_failure_ends_the_draining_and_the_wait_is_kept_for_the_next_process(
    collector: Collector, spool: Spool, state: State
) -> None:
    fill(spool, 100)
    collector.react = lambda *_: (503, b"")
    naps: list[float] = []
    sent = sender(spool, state, collector.url).drain(naps.append)
    assert sent.code == 4
    assert naps == []
    assert not sender(spool, state, collector.url).due()
    later = sender(spool, state, collector.url, clock=lambda: time.time() + 31 * 60)
    assert later.due()


def test_a_clock_set_back_does_not_stretch_a_wait(collector: Collector, spool: Spool, state: State) -> None:
    fill(spool, 1)
    collector.react = lambda *_: (503, b"")
    sender(spool, state, collector.url).send()
    assert sender(spool, state, collector.url, clock=lambda: time.time() - 10 * 86_400).due()


def test_a_collector_that_is_down_is_unreachable_and_all_is_kept(spool: Spool, state: State) -> None:
    fill(spool, 1)
    sent = sender(spool, state, "http://127.0.0.1:9").send()
    assert (sent.code, sent.status) == (4, "unreachable")
    assert "cannot be reached" in sent.message
    assert left(spool) == [1]


def test_redirects_are_refused(collector: Collector, spool: Spool, state: State) -> None:
    fill(spool, 1)
    collector.react = lambda *_: (302, b"")
    collector.headers = {"location": "https://portal.example.com/login?secret=1"}
    sent = sender(spool, state, collector.url).send()
    assert (sent.code, sent.status) == (7, "redirect")
    assert "portal.example.com" in sent.message
    assert "secret" not in sent.message
    assert len(collector.seen) == 1
    assert left(spool) == [1]


def test_an_answer_over_256_kib_is_not_read_to_its_end(collector: Collector, spool: Spool, state: State) -> None:
    fill(spool, 1)
    collector.react = lambda *_: (200, b" " * (300 << 10))
    sent = sender(spool, state, collector.url).send()
    assert sent.status == "too_large"
    assert left(spool) == [1]


def test_a_packed_answer_is_not_unpacked(collector: Collector, spool: Spool, state: State) -> None:
    fill(spool, 1)
    collector.headers = {"content-encoding": "gzip"}
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = packer.compress(b" " * (64 << 20)) + packer.flush()
    collector.react = lambda *_: (200, bomb)
    assert sender(spool, state, collector.url).send().code == 4
    assert left(spool) == [1]


def test_a_server_that_drips_holds_nobody(
    collector: Collector, spool: Spool, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "ANSWER_SECONDS", 0.3)
    fill(spool, 1)
    collector.drip_seconds = 0.05
    collector.react = lambda *_: (200, b" " * 1000)
    began = time.monotonic()
    sent = sender(spool, state, collector.url).send()
    assert sent.status == "slow"
    assert time.monotonic() - began < 12, "the whole drip takes 20 s and more"
    assert left(spool) == [1]


def test_a_server_that_drips_its_headers_holds_nobody(
    collector: Collector, spool: Spool, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "EXCHANGE_SECONDS", 0.3)
    fill(spool, 1)
    collector.drip_seconds, collector.drips_headers = 0.02, True
    began = time.monotonic()
    assert sender(spool, state, collector.url).send().status == "slow"
    assert time.monotonic() - began < 12, "the whole drip takes 20 s and more"
    assert left(spool) == [1]


def test_a_server_that_says_nothing_holds_nobody(
    collector: Collector, spool: Spool, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "READ_SECONDS", 0.2)
    fill(spool, 1)

    def sleep(*_: Any) -> tuple[int, bytes]:
        time.sleep(0.6)
        return 200, b""

    collector.react = sleep
    assert sender(spool, state, collector.url).send().status == "unreachable"
    assert left(spool) == [1]


def test_what_was_sent_is_kept_for_explain(collector: Collector, spool: Spool, state: State) -> None:
    fill(spool, 1)
    body = spool.waiting()[0].body
    sender(spool, state, collector.url).send()
    kept = json.loads(Path(state.sent).read_bytes())
    assert kept["reports"] == [json.loads(body)]
    assert kept["status"] == "accepted"
    assert "signature" not in kept["headers"]


def test_the_wait_doubles_from_30_seconds_to_15_minutes() -> None:
    class Least(random.Random):
        def uniform(self, a: float, b: float) -> float:
            return a

    assert [delay_after(n, Least()) for n in range(1, 9)] == [30, 60, 120, 240, 480, 900, 900, 900]
    assert delay_after(10_000, Least()) == 900


def test_a_thousand_agents_at_the_cap_spread_over_ten_minutes_or_more() -> None:
    delays = sorted(delay_after(12, random.Random(seed)) for seed in range(1_000))
    assert delays[0] >= 900
    assert delays[-1] <= 1_800
    assert delays[-1] - delays[0] >= 600
    # And evenly: no ten seconds see more than three times the mean.
    busiest = max(sum(start <= it < start + 10 for it in delays) for start in range(900, 1_800, 10))
    assert busiest <= 3 * 1_000 / 90


def test_a_thousand_agents_after_the_first_failure_spread_over_two_minutes() -> None:
    delays = sorted(delay_after(1, random.Random(seed)) for seed in range(1_000))
    assert delays[-1] - delays[0] >= 110
