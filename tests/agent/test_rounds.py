"""Measuring in the sender: plans, moments, limits, two at once, and a kill in the middle of a round."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent import rounds
from farmwatch_agent.files import locked
from farmwatch_agent.host import Host, left_rounds
from farmwatch_agent.host.left_rounds import LeftRound, LeftTrips
from farmwatch_agent.identity import State
from farmwatch_agent.probes.latency import measuring as latency
from farmwatch_agent.rounds import Kept, Measuring, load
from farmwatch_agent.transport import Reply, TransportError
from farmwatch_schema.plan import Plan, Target

DEVICE = "d-0123456789abcdef"
#: 2026-11-22 00:00 UTC, the first second of a day.
DAY = 1_795_305_600.0
TARGETS = tuple(Target(landmark=name, host=f"{name}.example.com") for name in ("a", "b"))


def plan_until(ends: float, rounds_per_day: int = 2) -> Plan:
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ends))
    return Plan(plan="p", valid_until=until, targets=TARGETS, rounds_per_day=rounds_per_day)


class World:
    """A collector that answers, a clock that is set, and rounds that are what a test says."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.now = DAY
        self.asked: list[str] = []
        self.looks: list[float] = []
        self.lines: list[str] = []
        self.measured: list[int] = []
        self.answer: Callable[[], Reply] = self.plan
        self.skipped = ""
        self.connects = 12
        self.device = DEVICE
        self.skew = 0.0
        self.dice = random.Random(3)

    def plan(self, **more: Any) -> Reply:
        answer = {"server_time": "x", "device": DEVICE, "plan": plan_until(self.now + 86_400), **more}
        return Reply(status=200, body=msgspec.json.encode(answer))

    def ask(self, path: str, body: bytes) -> Reply:
        assert body == b"{}"
        self.asked.append(path)
        return self.answer()

    def offset(self) -> float:
        return self.skew

    def leave_look_at(self, at: float) -> None:
        self.looks.append(at)

    def measure(self, host: Host, plan: Plan, allowed: Any, *, most_connects: int) -> LeftRound:
        self.measured.append(most_connects)
        kept = load(self.state)
        assert kept.done, "that it began is kept before it begins"
        assert kept.connects > 0, "and what it may cost"
        if self.skipped:
            return LeftRound(plan=plan.plan, began_at="2026-11-22T00:00:00Z", skipped=cast("Any", self.skipped))
        trips = LeftTrips(landmark="a", method="tcp", family="ipv4", count=1, min_ms=float(len(self.measured)))
        return LeftRound(plan=plan.plan, began_at="2026-11-22T00:00:00Z", connects=self.connects, trips=(trips,))

    def step(self, **more: Any) -> LeftRound | None:
        measuring = Measuring(
            self, self.state, (), lambda: cast("Host", None),
            clock=lambda: self.now, dice=self.dice, log=self.lines.append,
        )  # fmt: skip
        return measuring.step(**{"reached": True, **more})

    def left(self) -> list[LeftRound]:
        return rounds.left_rounds(self.state)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    made = World(State(str(tmp_path)))
    monkeypatch.setattr(latency, "measure", made.measure)
    return made


def test_a_plan_is_fetched_once_and_again_when_half_of_its_life_is_over(world: World) -> None:
    world.step()
    assert world.asked == ["/v1/plan"]
    world.now += 11 * 3600
    world.step()
    assert len(world.asked) == 1
    world.now += 2 * 3600
    world.step()
    assert len(world.asked) == 2


def test_each_part_of_a_day_has_one_round_at_a_moment_that_nobody_foresees(world: World) -> None:
    moments = []
    for minute in range(0, 2 * 1440, 5):
        world.now = DAY + minute * 60
        if world.step() is not None:
            moments.append(minute)
    assert [minute // 720 for minute in moments] == [0, 1, 2, 3], "one in each half of both days"
    assert len({minute % 720 for minute in moments}) > 1
    assert all(minute % 720 <= 720 * 0.8 + 5 for minute in moments)
    assert len(world.left()) == 4


def test_moments_are_drawn_for_each_laptop_anew() -> None:
    drawn = set()
    for seed in range(20):
        kept = Kept(plan=plan_until(DAY + 86_400))
        kept.turn(DAY, random.Random(seed))
        assert DAY <= kept.next_at <= DAY + 0.8 * 43_200
        drawn.add(kept.next_at)
    assert len(drawn) == 20


def test_a_plain_sender_is_told_when_there_is_next_anything_to_do(world: World) -> None:
    world.step()
    kept = load(world.state)
    assert world.looks[-1] == kept.next_at
    world.now = kept.next_at
    assert world.step() is not None
    assert world.looks[-1] == DAY + 43_200, "the next half of the day begins"


def test_no_day_has_more_connects_than_four_hundred(world: World) -> None:
    world.connects = 300
    for minute in range(0, 1440, 5):
        world.now = DAY + minute * 60
        world.step()
    assert world.measured == [400, 100]
    world.now += 60
    world.step(at_once=True)
    assert len(world.measured) == 2, "nothing is left of the day, whoever asks"


def test_no_plan_gives_more_than_four_rounds_a_day(world: World) -> None:
    kept = Kept(device=DEVICE, plan=msgspec.structs.replace(plan_until(DAY + 86_400), rounds_per_day=50))
    kept.turn(DAY, random.Random(1))
    assert kept.parts == 4


def test_a_plan_that_ended_measures_nothing(world: World) -> None:
    world.step()
    world.answer = lambda: Reply(status=500, body=b"oops")
    world.now = DAY + 90_000
    assert world.step(at_once=True) is None
    assert world.measured == []


def test_no_plan_lives_longer_than_a_week(world: World) -> None:
    world.answer = lambda: world.plan(plan=plan_until(DAY + 3650 * 86_400))
    world.step()
    assert load(world.state).ends_at == DAY + 7 * 86_400


def test_a_plans_end_is_by_the_collectors_clock(world: World) -> None:
    world.skew = 7_200.0
    world.step()
    assert load(world.state).ends_at == DAY + 86_400 - 7_200


@pytest.mark.parametrize(
    ("answer", "wait"),
    [
        (lambda world: Reply(status=404, body=b"not found"), 86_400),
        (lambda world: Reply(status=200, body=b"<html>sign in</html>"), 3_600),
        (lambda world: Reply(status=200, body=b"[" * 100_000), 3_600),
        (lambda world: world.plan(device="d-another"), 3_600),
        (lambda world: world.plan(device=""), 3_600),
        (lambda world: world.plan(status="revoked", plan=None), 3_600),
        (lambda world: world.plan(status="throttled", plan=None, retry_after_seconds=20_000), 20_000),
    ],
)
def test_what_is_no_answer_is_no_plan_and_asked_again_later(
    world: World, answer: Callable[[World], Reply], wait: float
) -> None:
    world.answer = lambda: answer(world)
    assert world.step(at_once=True) is None
    assert load(world.state).plan is None
    world.now += wait - 10
    world.step()
    assert len(world.asked) == 1
    world.now += wait + 7_200
    world.step()
    assert len(world.asked) == 2


def test_an_answer_that_fails_keeps_the_plan_and_an_empty_one_ends_it(world: World) -> None:
    world.step()
    world.now += 50_000
    world.answer = lambda: world.plan(device="d-another")
    world.step()
    assert load(world.state).plan is not None
    world.now += 10_000
    world.answer = lambda: world.plan(plan=None, message="The policy asks for none.")
    world.step()
    assert load(world.state).plan is None
    assert "The policy asks for none." in world.lines[-1]


def test_a_network_that_fails_is_told_once_its_part_is_over(world: World) -> None:
    def fails() -> Reply:
        raise TransportError("unreachable", "no")

    world.step()
    world.now = load(world.state).next_at
    for _ in range(3):
        assert world.step(reached=False, why="captive") is None
        world.now += 900
    assert world.left() == []
    world.now = DAY + 43_200
    world.step()
    (told,) = world.left()
    assert (told.skipped, told.trips) == ("captive", ())
    world.answer = fails
    world.step(reached=False, why="no_network")
    assert len(world.left()) == 1


def test_what_stood_in_the_way_and_went_is_no_news(world: World) -> None:
    world.step()
    world.now = load(world.state).next_at
    world.step(reached=False, why="no_network")
    world.now += 900
    assert world.step() is not None
    world.now = DAY + 43_200
    world.step()
    assert [it.skipped for it in world.left()] == [""]


def test_a_battery_that_is_saved_is_looked_at_again_and_told_at_the_end(world: World) -> None:
    world.step()
    world.now = load(world.state).next_at
    world.skipped = "battery_saver"
    world.step()
    world.now += 300
    world.step()
    assert len(world.measured) == 1, "not before ten minutes are over"
    assert load(world.state).connects == 0
    world.now += 600
    world.step()
    assert len(world.measured) == 2
    world.now = DAY + 43_200
    world.step()
    assert [it.skipped for it in world.left()] == ["battery_saver"]


def test_where_nothing_was_sent_the_collector_is_asked_before_anything_is_measured(world: World) -> None:
    world.step()
    world.now = load(world.state).next_at
    world.answer = lambda: Reply(status=200, body=b"<html>sign in</html>")
    assert world.step(reached=False) is None
    assert world.measured == []
    world.answer = world.plan
    assert world.step(reached=False) is not None
    assert len(world.asked) == 3


def test_the_newest_rounds_are_kept_and_the_file_stays_small(world: World) -> None:
    world.connects = 1
    for _ in range(20):
        world.step(at_once=True)
    assert [it.trips[0].min_ms for it in world.left()] == [13.0, 14.0, 15.0, 16.0, 17.0, 18.0, 19.0, 20.0]
    assert os.path.getsize(world.state.of_sender("rounds.json")) < left_rounds.MAX_BYTES


def test_a_clock_set_back_repeats_no_more_than_a_part(world: World) -> None:
    world.step(at_once=True)
    world.now -= 100_000
    world.step()
    assert len(world.measured) == 1
    assert load(world.state).next_at >= world.now


def test_two_senders_never_measure_at_once(world: World) -> None:
    with locked(world.state.of_sender(rounds.LOCK)) as ours:
        assert ours
        assert world.step(at_once=True) is None
    assert "another sender" in world.lines[-1]
    assert world.asked == []
    assert world.step(at_once=True) is not None


def test_a_folder_that_cannot_be_written_ends_nothing(world: World) -> None:
    world.state = State(str(Path(world.state.folder) / "gone"))
    assert world.step(at_once=True) is None
    assert world.lines


def test_what_is_kept_for_another_laptop_is_left_aside(world: World) -> None:
    world.step(at_once=True)
    assert load(world.state, "d-another") == Kept()
    assert rounds.left_rounds(world.state, "d-another") == []


@given(st.binary(max_size=300) | st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=9),
       lambda it: st.lists(it, max_size=3) | st.dictionaries(st.sampled_from(["device", "plan", "rounds", "next_at",
       "part", "parts", "connects", "ends_at", "began_at", "trips"]), it, max_size=5), max_leaves=9).map(
       lambda it: json.dumps(it).encode()))  # fmt: skip
def test_no_file_left_behind_breaks_a_sender(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.mktemp("state", numbered=True)
    for name in (rounds.KEPT, "rounds.json"):
        (folder / name).write_bytes(data)
    state = State(str(folder))
    kept = load(state)
    kept.wants_plan(DAY)
    rounds.left_rounds(state)
    assert isinstance(rounds.told(state, DAY), str)


KILLED = """
import sys, time, random
from farmwatch_agent.identity import State
from farmwatch_agent.probes.latency import measuring
from farmwatch_agent.rounds import Measuring
from tests.agent.test_rounds import World, DAY
world = World(State(sys.argv[1]))
world.now = time.time()
def slow(*_, **__):
    print("began", flush=True)
    time.sleep(60)
measuring.measure = slow
world.step(at_once=True)
"""


@pytest.fixture
def killed(tmp_path: Path) -> State:
    """Returns the state folder of a sender that was killed in the middle of a round."""
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"began\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    return State(str(tmp_path))


@pytest.mark.integration
def test_a_sender_that_is_killed_leaves_no_round_no_lock_and_its_cost(
    killed: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert rounds.left_rounds(killed) == []
    assert sorted(os.listdir(killed.folder)) == ["measuring.json", "measuring.lock"]
    kept = load(killed)
    assert kept.done
    # Two landmarks, two families, five connects and a hello each.
    assert kept.connects == 2 * 2 * 6
    world = World(killed)
    world.now = time.time()
    monkeypatch.setattr(latency, "measure", world.measure)
    assert world.step() is None, "the round of this part is lost"
    assert world.step(at_once=True) is not None, "and nobody holds the lock"
    assert world.measured == [400 - 24]
