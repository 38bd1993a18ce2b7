"""The reader's rhythm: what is due, what is worth a report, and what it does on a bad day."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from farmwatch_agent import health, probes, reader, runner
from farmwatch_agent.health import Health
from farmwatch_agent.host import Host, input_watch
from farmwatch_agent.host.linux.live import BOOT_ID
from farmwatch_agent.host.wake import WORDS
from farmwatch_agent.identity import State
from farmwatch_agent.reader import Reader
from farmwatch_agent.spool import Spool, SpoolError
from farmwatch_schema import codec
from farmwatch_schema.identifiers import Keyer
from farmwatch_schema.observables.agent import SpoolReset
from farmwatch_schema.report import Report, Section

from .fake_host import FakeHost

NOW = 1_790_000_000.0
#: Kinds whose sections stand in every whole report; measurements come when there are some.
STATES = [name for name in probes.NAMES if not runner.is_sample(name)]


class World:
    """Replaces the runner: each kind's items are what the test says."""

    def __init__(self) -> None:
        self.items: dict[str, bytes] = {}
        self.looks: list[tuple[str, ...]] = []
        self.watching: list[str] = []

    def starts_watching(self, host: Host, timing: bool = False, path: str = "") -> object:
        self.watching.append("with timing" if timing else "without timing")
        return self

    def run(self, host: Host, keyer: Keyer, health: Health, names: list[str], limit: Any = None) -> list[Section]:
        self.looks.append(tuple(names))
        return [self.section(name) for name in names]

    def section(self, name: str) -> Section:
        items = self.items.get(name)
        if items is None:
            return Section(kind=name, outcome="none", observed_at="x")
        return Section(
            kind=name, outcome="found", observed_at="x", digest=codec.digest_of(items), items=msgspec.Raw(items)
        )


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    made = World()
    monkeypatch.setattr(runner, "run", made.run)
    monkeypatch.setattr(reader, "_interval", lambda name: 60.0 if name == "usb" else 900.0)
    monkeypatch.setattr(input_watch, "start", made.starts_watching)
    monkeypatch.setattr(input_watch, "stop", lambda: made.watching.append("stopped"))
    yield made
    health.remember(Health())


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    made = Spool(str(tmp_path / "spool.db"), "d-01", lambda: NOW, mends=True)
    yield made
    made.close()


def reader_of(spool: Spool, tmp_path: Path, **more: Any) -> Reader:
    host = cast("Host", FakeHost({BOOT_ID: b"boot"}))
    return Reader(host, Keyer.from_key(b"k" * 32), spool, State(str(tmp_path)), dice=random.Random(1), **more)


def reports(spool: Spool) -> list[Report]:
    return [codec.decode_report(it.body) for it in spool.waiting(limit=1000)]


def test_the_first_pass_reports_every_kind(world: World, spool: Spool, tmp_path: Path) -> None:
    assert reader_of(spool, tmp_path).step(0.0) == 1
    assert [it.kind for it in reports(spool)[0].sections] == STATES


def test_what_did_not_change_waits_for_the_heartbeat(world: World, spool: Spool, tmp_path: Path) -> None:
    mine = reader_of(spool, tmp_path)
    mine.step(0.0)
    numbers = [mine.step(float(now)) for now in range(1, 1_100)]
    made = [now for now, number in enumerate(numbers, start=1) if number is not None]
    assert len(made) == 1
    assert 720 <= made[0] <= 1_080, "15 minutes +-20 %"
    assert ("usb",) in world.looks, "it looked in between"
    assert [it.kind for it in reports(spool)[-1].sections] == STATES


def test_a_change_is_reported_at_the_next_look_with_that_kind_alone(world: World, spool: Spool, tmp_path: Path) -> None:
    mine = reader_of(spool, tmp_path)
    mine.step(0.0)
    world.items["usb"] = b'[{"type":"usb_device","vendor_id":"1d6b","product_id":"0104"}]'
    assert mine.step(75.0) == 2
    assert [(it.kind, it.outcome) for it in reports(spool)[-1].sections] == [("usb", "found")]
    assert mine.step(76.0) is None


def test_nothing_is_looked_at_before_it_is_due(world: World, spool: Spool, tmp_path: Path) -> None:
    mine = reader_of(spool, tmp_path)
    mine.step(0.0)
    looks = len(world.looks)
    assert mine.step(40.0) is None
    assert len(world.looks) == looks


def test_what_is_due_soon_goes_with_what_is_due(
    world: World, spool: Spool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "_interval", lambda name: 120.0 if name in ("sockets", "sessions") else 86_400.0)
    mine = reader_of(spool, tmp_path, heartbeat=86_400.0)
    for now in range(1_200):
        mine.step(float(now))
    assert len(world.looks) >= 9
    assert set(world.looks[1:]) == {("sockets", "sessions")}, "one look at processes serves both"


def test_a_restart_sends_only_digests_of_what_stayed(world: World, spool: Spool, tmp_path: Path) -> None:
    world.items["usb"] = b"[]"
    reader_of(spool, tmp_path).once()
    reader_of(spool, tmp_path).once()
    first, second = (next(it for it in report.sections if it.kind == "usb") for report in reports(spool))
    assert isinstance(first.items, msgspec.Raw)
    assert second.items is msgspec.UNSET
    assert second.digest == first.digest


def test_a_loss_is_taken_over_into_the_agents_health_and_outlives_a_restart(
    world: World, spool: Spool, tmp_path: Path
) -> None:
    reader_of(spool, tmp_path).once()
    spool.give_up(spool.epoch, [1])
    reader_of(spool, tmp_path).once()
    lost = [SpoolReset(reset_at="2026-09-21T14:13:20Z", epoch=spool.epoch, first_lost=1, last_lost=1)]
    assert health.current.spool_resets() == lost
    health.remember(Health())
    reader_of(spool, tmp_path)
    assert health.current.spool_resets() == lost
    assert health.current.restarts == 3


def test_the_offset_that_the_sender_learnt_corrects_the_times(world: World, spool: Spool, tmp_path: Path) -> None:
    spool.leave_note("clock_offset", "86400")
    reader_of(spool, tmp_path).once()
    assert reports(spool)[0].created_at == "2026-09-22T14:13:20Z"
    assert health.current.clock_offset == 86_400


def reasons(spool: Spool) -> dict[str, str]:
    return {it.kind: it.reason for it in reports(spool)[-1].sections if it.outcome == "not_supported"}


ENROLLED = "2026-09-20T14:13:20Z"
NOT_ON = "{0} is looked at only where this laptop's settings turn it on"
NOT_ON_ANY_MORE = "{0} is looked at in a device's first 30 days, and then only where this laptop's settings turn it on"


@pytest.mark.parametrize(
    ("enrolled_at", "settings", "expected"),
    [
        (ENROLLED, {}, {"input_timing": NOT_ON}),
        ("2026-08-22T14:13:21Z", {}, {"input_timing": NOT_ON}),
        ("2026-08-22T14:13:20Z", {}, {"input_source": NOT_ON_ANY_MORE, "input_timing": NOT_ON}),
        ("2027-09-21T14:13:20Z", {}, {"input_source": NOT_ON_ANY_MORE, "input_timing": NOT_ON}),
        ("", {}, {"input_source": NOT_ON_ANY_MORE, "input_timing": NOT_ON}),
        ("", {"on": ("input_source", "input_timing")}, {}),
        (ENROLLED, {"off": ("usb", "input_source"), "on": ("input_source",)},
         {"usb": "{0} is turned off in this laptop's settings", "input_timing": NOT_ON,
          "input_source": "{0} is turned off in this laptop's settings"}),
    ],
)  # fmt: skip
def test_opt_in_kinds_are_on_by_name_or_for_the_first_days_and_off_wins(
    enrolled_at: str, settings: Any, expected: dict[str, str], world: World, spool: Spool, tmp_path: Path
) -> None:
    reader_of(spool, tmp_path, enrolled_at=enrolled_at, **settings).once()
    ours = {kind: reason for kind, reason in reasons(spool).items() if kind in ("usb", "input_source", "input_timing")}
    assert ours == {kind: reason.format(kind) for kind, reason in expected.items()}
    assert not set(expected) & set(world.looks[0])
    assert world.watching == [], "a single pass counts nothing"


def test_input_is_counted_while_its_kind_is_on(
    world: World, spool: Spool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = reader_of(spool, tmp_path, enrolled_at=ENROLLED)
    mine.step(0.0)
    assert world.watching == ["without timing"]
    monkeypatch.setattr(FakeHost, "now", lambda self: NOW + 40 * 86_400)
    mine.step(2_000.0)
    mine.step(4_000.0)
    assert world.watching == ["without timing", "stopped"]
    world.watching.clear()
    reader_of(spool, tmp_path, on=("input_timing",)).step(0.0)
    assert world.watching == ["with timing"]


def test_what_happens_makes_the_kinds_that_it_concerns_due_at_once(world: World, spool: Spool, tmp_path: Path) -> None:
    mine = reader_of(spool, tmp_path)
    mine.step(0.0)
    world.looks.clear()
    mine.wake({"drm", "nothing we know"}, 10.0)
    world.items["displays"] = b"[{}]"
    assert mine.step(10.0) == 2
    assert world.looks == [("displays",)]
    assert mine.step(11.0) is None


def test_the_running_reader_looks_when_it_is_woken(world: World, spool: Spool, tmp_path: Path) -> None:
    mine = reader_of(spool, tmp_path)
    waits: list[float] = []

    def wait(seconds: float) -> frozenset[str]:
        waits.append(seconds)
        if len(waits) == 3:
            raise KeyboardInterrupt
        return frozenset({"usb"}) if len(waits) == 1 else frozenset()

    with pytest.raises(KeyboardInterrupt):
        mine.run(lambda _: None, wait)
    assert "usb" in world.looks[1]
    assert "displays" not in world.looks[1]
    assert len(world.looks) == 2


def test_every_word_that_wakes_a_probe_is_one_that_a_waker_says() -> None:
    wakes = {name: probes.load(name).wakes for name in probes.NAMES}
    assert {word for words in wakes.values() for word in words} <= WORDS
    assert "usb" in wakes["usb"]
    assert "drm" in wakes["displays"]
    assert "session" in wakes["sessions"]


def test_a_full_disk_is_told_once_and_tried_again(
    world: World, spool: Spool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> int:
        raise SpoolError("the disk is full; nothing was written. Free some space.")

    mine = reader_of(spool, tmp_path)
    monkeypatch.setattr(spool, "append", full)
    monkeypatch.setattr(mine, "_spread", lambda seconds: 0.0)
    log: list[str] = []
    naps: list[float] = []

    def nap(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        mine.run(log.append, nap)
    assert log == ["the disk is full; nothing was written. Free some space."]


def test_nothing_is_looked_at_in_the_first_minute_after_boot(
    world: World, spool: Spool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeHost, "uptime", lambda self: 5.0)
    naps: list[float] = []

    def nap(seconds: float) -> None:
        naps.append(seconds)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reader_of(spool, tmp_path).run(lambda _: None, nap)
    assert 55 <= naps[0] <= 175
    assert world.looks == []


def test_the_rhythm_of_a_thousand_readers_is_not_in_step(world: World, spool: Spool, tmp_path: Path) -> None:
    mine = reader_of(spool, tmp_path)
    waits = [mine._spread(900.0) for _ in range(1_000)]
    assert min(waits) < 740
    assert max(waits) > 1_060
    assert min(waits) >= 720
    assert max(waits) <= 1_080
