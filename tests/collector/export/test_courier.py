"""From a judgement to the receiver: once per case, through failures and restarts, and never in anybody's way."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from farmwatch_collector.app import create_app
from farmwatch_collector.export import Courier, channels_of
from farmwatch_collector.export.courier import GIVE_UP, LONGEST_WAIT, wait_after
from farmwatch_collector.export.syslog import CefChannel, Target
from farmwatch_collector.export.webhook import WebhookChannel, WebhookError
from farmwatch_collector.serving import Serving
from farmwatch_collector.settings import Settings
from farmwatch_collector.store import Store, open_store

from ..store.contract import StoreContract, assessment
from .receivers import hook, udp

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SECRET = b"a secret of thirty-two octets !!"


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path}/farmwatch.db")
    StoreContract().enrolled(opened, "laptop-1")
    yield opened
    opened.close()


def flag(store: Store, at: datetime = START, points: int = 60, channels: tuple[str, ...] = ("webhook",)) -> None:
    store.save(assessment("laptop-1", at, points, attention="review"), "v1", None, channels)


def test_a_case_is_told_once_however_often_its_device_is_judged(store: Store, clock: Clock) -> None:
    with hook() as receiver:
        courier = Courier(store, {"webhook": WebhookChannel(receiver.url, SECRET)}, lambda: "https://f.example/", clock)
        for number in range(3):
            flag(store, START + number * MINUTE)
            while courier.once("webhook"):
                pass
        (body,) = receiver.bodies
    assert json.loads(body)["data"]["link"] == "https://f.example/cases/1"
    assert store.notices_waiting() == []


def test_a_failure_is_tried_again_later_under_the_same_name(store: Store, clock: Clock) -> None:
    with hook() as receiver:
        receiver.answers = [503, 500, 204]
        courier = Courier(store, {"webhook": WebhookChannel(receiver.url, SECRET)}, clock=clock)
        flag(store)
        assert courier.once("webhook")
        assert "answered 503" in store.notices_waiting()[0].problem
        assert not courier.once("webhook")
        clock.now += timedelta(seconds=37)  # 30 seconds, up to a fifth more
        assert courier.once("webhook")
        clock.now += timedelta(seconds=37)
        assert not courier.once("webhook")
        clock.now += timedelta(seconds=40)
        assert courier.once("webhook")
    assert len({headers["webhook-id"] for headers in receiver.headers}) == 1
    assert len(receiver.bodies) == 3
    assert store.notices_waiting() == []


def test_waits_double_up_to_an_hour_and_end_after_a_week(store: Store, clock: Clock) -> None:
    waits = [wait_after(attempts).total_seconds() for attempts in range(1, 9)]
    assert waits == [30, 60, 120, 240, 480, 960, 1920, 3600]
    assert wait_after(10_000) == LONGEST_WAIT
    flag(store)
    with hook() as receiver:
        receiver.answers = [500]
        courier = Courier(store, {"webhook": WebhookChannel(receiver.url, SECRET)}, clock=clock)
        clock.now = START + GIVE_UP + MINUTE
        assert courier.once("webhook")
    (notice,) = store.notices_waiting()
    assert notice.given_up


def test_a_collector_that_died_while_telling_tells_again(store: Store, clock: Clock) -> None:
    flag(store)
    claimed = store.claim_notice(START, ["webhook"])
    assert claimed is not None
    clock.now += 3 * MINUTE
    with hook() as receiver:
        assert Courier(store, {"webhook": WebhookChannel(receiver.url, SECRET)}, clock=clock).once("webhook")
    assert receiver.headers[0]["webhook-id"] == claimed.name


def test_two_couriers_do_not_tell_twice(store: Store, clock: Clock, tmp_path: Path) -> None:
    other = open_store(f"sqlite:///{tmp_path}/farmwatch.db")
    with hook() as receiver:
        couriers = [
            Courier(each, {"webhook": WebhookChannel(receiver.url, SECRET)}, clock=clock) for each in (store, other)
        ]
        flag(store)
        assert [courier.once("webhook") for courier in couriers] == [True, False]
    other.close()
    assert len(receiver.bodies) == 1


def test_a_slow_receiver_holds_up_neither_judging_nor_the_other_channel(store: Store) -> None:
    with udp() as receiver:
        stuck = _Stuck()
        lines = CefChannel(Target(scheme="udp", host="127.0.0.1", port=receiver.getsockname()[1]))
        courier = Courier(store, {"webhook": stuck, "cef": lines})
        courier.start()
        began = time.monotonic()
        now = datetime.now(UTC)
        flag(store, now, channels=("webhook", "cef"))
        assert time.monotonic() - began < 5
        assert b"CEF:0" in receiver.recv(65_536)
        stuck.freed = True
        courier.stop()


class _Stuck:
    def __init__(self) -> None:
        self.freed = False

    def deliver(self, telling: object) -> None:
        while not self.freed:
            time.sleep(0.01)


def test_settings_name_the_channels_and_a_webhook_is_always_signed(tmp_path: Path) -> None:
    secret, address = tmp_path / "secret", tmp_path / "address"
    secret.write_bytes(SECRET)
    secret.chmod(0o600)
    address.write_text("https://hooks.example.com/T000/B000\n")
    assert channels_of(Settings()) == {}
    both = Settings(webhook_file=str(address), webhook_secret_file=str(secret), cef=str(tmp_path / "cef"))
    assert list(channels_of(both)) == ["webhook", "cef"]
    with pytest.raises(WebhookError, match="--webhook-secret-file FILE"):
        channels_of(Settings(webhook="https://hooks.example.com/x"))
    with pytest.raises(WebhookError, match="signs nothing"):
        channels_of(Settings(webhook_secret_file=str(secret)))
    with pytest.raises(WebhookError, match="--webhook-file"):
        channels_of(Settings(webhook_file=str(tmp_path / "nowhere"), webhook_secret_file=str(secret)))


@pytest.mark.integration
def test_a_running_collector_tells_of_what_it_judges(store: Store, tmp_path: Path) -> None:
    secret, lines = tmp_path / "secret", tmp_path / "cases.cef"
    secret.write_bytes(SECRET)
    secret.chmod(0o600)
    now = datetime.now(UTC)
    with hook() as receiver:
        settings = Settings(port=0, webhook=receiver.url, webhook_secret_file=str(secret), cef=str(lines))
        flag(store, now, channels=("webhook", "cef"))
        app = create_app(settings, store)
        app.console_url = "https://farmwatch.example"
        serving = Serving(app, Settings(port=0))
        serving.start()
        try:
            ends = time.monotonic() + 30
            while store.notices_waiting():
                assert time.monotonic() < ends
                time.sleep(0.05)
        finally:
            serving.stop()
    assert json.loads(receiver.bodies[0])["data"]["link"] == "https://farmwatch.example/cases/1"
    assert len(lines.read_text().splitlines()) == 1
