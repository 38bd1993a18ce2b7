import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from farmwatch_collector import evaluate
from farmwatch_collector import loop as loop_module
from farmwatch_collector.loop import PUT_OFF, DueLoop
from farmwatch_collector.store import Store, open_store
from farmwatch_collector.store.protocol import Device, Incoming
from farmwatch_detectors.policy import Policy, RosterEntry
from farmwatch_detectors.view import Tie
from farmwatch_schema.codec import decode_report, digest_of, encode
from farmwatch_schema.identifiers import Keyer
from farmwatch_schema.observables.network import Gateway

from .laptops import Laptop, section

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
KEYER = Keyer(b"k" * 32, "test")


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path}/farmwatch.db")
    yield opened
    opened.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def enrolled(store: Store, name: str) -> Laptop:
    laptop = Laptop(name)
    store.add_token(name, "", 1, START + timedelta(days=1))
    store.enrol(
        name,
        Device(device=name, name=name, platform="linux", public_key=laptop.public_key, enrolled_at=START),
    )
    return laptop


def arrive(store: Store, laptop: Laptop, at: datetime, *sections: dict[str, Any]) -> None:
    data = laptop.report(*sections)
    (answer,) = store.commit([Incoming(decode_report(data), digest_of(data), at)])
    assert answer.status == "accepted"


def behind(mac: str, at: datetime) -> dict[str, Any]:
    """A network section behind the gateway with this address."""
    gateway = Gateway(
        family="ipv4", interface="wlan0", address=KEYER.key("address", "192.0.2.1"), mac=KEYER.key("mac", mac)
    )
    return section("network", encode([gateway]).decode(), at=at.timestamp())


def gateways(due: DueLoop, clock: Clock) -> list[Tie]:
    """What the first laptop shares as a gateway."""
    return [each for each in due.fleet.ties("laptop-1", clock.now.date()) if each.kind == "gateway_mac"]


def attention(store: Store, device: str) -> tuple[datetime, str] | None:
    row = store.device(device)
    return None if row is None or row.assessment is None else (row.assessment.at, row.assessment.attention)


def test_a_device_is_judged_when_it_has_reported_and_not_before(store: Store, clock: Clock) -> None:
    laptop = enrolled(store, "laptop-1")
    due = DueLoop(store, KEYER, clock=clock)
    due.prepare()
    assert due.once() == 0
    arrive(store, laptop, START)
    assert due.once() == 1
    assert attention(store, "laptop-1") == (START, "none")


def test_it_comes_back_by_itself_when_its_score_can_change(store: Store, clock: Clock) -> None:
    laptop = enrolled(store, "laptop-1")
    due = DueLoop(store, KEYER, clock=clock)
    due.prepare()
    arrive(store, laptop, START)
    clock.now = START + timedelta(seconds=1)
    due.once()
    row = store.device("laptop-1")
    assert row is not None
    assert row.assessment is not None
    assert due.once() == 0
    if row.assessment.next_change is not None:
        clock.now = row.assessment.next_change
        assert due.once() == 1


def test_a_failing_evaluation_is_visible_put_off_and_holds_up_nobody(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def judge(view: Any, **options: Any) -> Any:
        if view.device == "laptop-1":
            raise ZeroDivisionError("by no detector")
        return evaluate.judge(view, **options)

    monkeypatch.setattr(loop_module, "judge", judge)
    laptops = [enrolled(store, f"laptop-{number}") for number in (1, 2)]
    due = DueLoop(store, KEYER, clock=clock)
    due.prepare()
    for laptop in laptops:
        arrive(store, laptop, START)
    clock.now += timedelta(seconds=1)
    assert due.once() == 2
    row = store.device("laptop-1")
    assert row is not None
    assert "ZeroDivisionError: by no detector" in row.problem
    assert attention(store, "laptop-2") is not None
    assert due.once() == 0
    monkeypatch.setattr(loop_module, "judge", evaluate.judge)
    clock.now += PUT_OFF
    assert due.once() >= 1
    row = store.device("laptop-1")
    assert row is not None
    assert (row.problem, row.assessment is not None) == ("", True)


def test_a_shared_gateway_makes_the_other_holders_due(store: Store, clock: Clock) -> None:
    laptops = [enrolled(store, f"laptop-{number}") for number in (1, 2)]
    due = DueLoop(store, KEYER, clock=clock)
    due.prepare()
    arrive(store, laptops[0], START, behind("02:00:5e:10:00:01", START))
    clock.now += timedelta(seconds=1)
    due.once()
    before = attention(store, "laptop-1")
    arrive(store, laptops[1], clock.now, behind("02:00:5e:10:00:01", clock.now))
    clock.now += timedelta(seconds=1)
    due.once()
    clock.now += timedelta(seconds=1)
    due.once()
    after = attention(store, "laptop-1")
    assert before is not None
    assert after is not None
    assert after[0] > before[0]
    (tie,) = gateways(due, clock)
    assert tie.holders == ("laptop-1", "laptop-2")


def test_ties_are_there_again_after_a_restart_with_their_first_day(store: Store, clock: Clock) -> None:
    for number in (1, 2):
        laptop = enrolled(store, f"laptop-{number}")
        arrive(store, laptop, START, behind("02:00:5e:10:00:01", START))
        later = START + timedelta(days=3)
        arrive(store, laptop, later, behind("02:00:5e:10:00:01", later))
    clock.now = START + timedelta(days=4)
    due = DueLoop(store, KEYER, clock=clock)
    due.prepare()
    (tie,) = gateways(due, clock)
    assert (tie.holders, tie.since) == (("laptop-1", "laptop-2"), START)


def test_another_policy_and_another_roster_judge_again(store: Store, clock: Clock) -> None:
    laptop = enrolled(store, "laptop-1")
    arrive(store, laptop, START)
    clock.now += timedelta(seconds=1)
    first = DueLoop(store, KEYER, clock=clock)
    first.prepare()
    first.once()
    clock.now += timedelta(seconds=1)
    second = DueLoop(store, KEYER, Policy(prior=0.001), clock=clock)
    second.prepare()
    assert second.versions != first.versions
    assert second.once() == 1
    store.set_roster({"laptop-1": RosterEntry(person="p-1", cohort="remote_new_hire", start_on=START.date())})
    clock.now += timedelta(seconds=1)
    arrive(store, enrolled(store, "laptop-2"), clock.now)
    clock.now += timedelta(seconds=1)
    second.once()
    clock.now += timedelta(seconds=1)
    second.once()
    row = store.device("laptop-1")
    assert row is not None
    assert row.assessment is not None
    assert any(bar.kind == "cohort" for bar in row.assessment.bars)


def test_a_store_that_is_away_for_a_while_stops_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    laptop = enrolled(store, "laptop-1")
    failures = iter([OSError("away")])
    healthy = store.due
    judged = threading.Event()
    saved = store.save

    def due_once(now: datetime, limit: int) -> list[str]:
        for failure in failures:
            raise failure
        return healthy(now, limit)

    def save(*values: Any) -> None:
        saved(*values)
        judged.set()

    monkeypatch.setattr(store, "due", due_once)
    monkeypatch.setattr(store, "save", save)
    monkeypatch.setattr(loop_module, "RETRY_SECONDS", 0.05)
    arrive(store, laptop, datetime.now(UTC))
    running = DueLoop(store, KEYER)
    running.start()
    try:
        assert judged.wait(20)
        assert running.alive
    finally:
        running.stop()
    assert not running.alive
