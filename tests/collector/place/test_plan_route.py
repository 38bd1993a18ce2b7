"""`POST /v1/plan` of a collector that is really served: who gets a plan, and who does not."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from farmwatch_collector.app import create_app
from farmwatch_collector.ingest import token_digest
from farmwatch_collector.place.landmarks import shipped
from farmwatch_collector.place.plans import Plans
from farmwatch_collector.place.types import LandmarkState
from farmwatch_collector.serving import Serving
from farmwatch_collector.settings import Limits, Settings
from farmwatch_collector.store import Store, open_store
from farmwatch_detectors.placing import Spot
from farmwatch_detectors.policy import Claim, Policy, RosterEntry
from farmwatch_schema.codec import decode
from farmwatch_schema.plan import PLAN_PATH, Plan, PlanResponse

from ..laptops import Laptop, post
from ..served import TOKEN, Collector

SEATTLE = Claim(place="Seattle, WA, US", latitude=47.606, longitude=-122.332, country="US")
NEAR_SEATTLE = {"vultr:wa-us", "linode:us-sea"}


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    served = Collector(tmp_path_factory.mktemp("plans"), Limits(plan_burst=3))
    yield served
    served.close()


@pytest.fixture
def laptop(collector: Collector) -> Laptop:
    return collector.laptop()


def ask(port: int, laptop: Laptop, body: bytes = b"{}", **signing: Any) -> tuple[int, PlanResponse]:
    signed = laptop.signed(body, path=signing.pop("path", PLAN_PATH), **signing)
    status, answer = post(port, PLAN_PATH, body, signed)
    return status, decode(answer, PlanResponse, "plan")


@pytest.mark.integration
class TestRoute:
    def test_a_signed_request_gets_the_plan_of_its_device(self, collector: Collector, laptop: Laptop) -> None:
        collector.store.set_roster({laptop.device: RosterEntry(person="p-1", claim=SEATTLE)})
        status, answer = ask(collector.port, laptop)
        assert (status, answer.status, answer.device) == (200, "accepted", laptop.device)
        assert answer.plan is not None
        assert 12 <= len(answer.plan.targets) <= 16
        names = {target.landmark for target in answer.plan.targets}
        assert names >= NEAR_SEATTLE
        assert answer.plan.valid_until > datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        assert ask(collector.port, laptop)[1].plan == answer.plan

    def test_another_laptop_gets_another_plan(self, collector: Collector, laptop: Laptop) -> None:
        other = collector.laptop()
        mine, theirs = ask(collector.port, laptop)[1].plan, ask(collector.port, other)[1].plan
        assert mine is not None
        assert theirs is not None
        assert {one.landmark for one in mine.targets} != {one.landmark for one in theirs.targets}

    def test_a_forged_signature_is_refused(self, collector: Collector, laptop: Laptop) -> None:
        thief = Laptop(laptop.device)
        status, answer = ask(collector.port, thief)
        assert (status, answer.status, answer.plan) == (401, "bad_signature", None)

    def test_a_signature_for_reports_is_none_for_plans(self, collector: Collector, laptop: Laptop) -> None:
        status, answer = ask(collector.port, laptop, path="/v1/reports")
        assert (status, answer.status) == (401, "bad_signature")

    def test_a_clock_that_is_wrong_is_named(self, collector: Collector, laptop: Laptop) -> None:
        status, answer = ask(collector.port, laptop, at=time.time() - 3_600)
        assert (status, answer.status) == (401, "clock_skew")
        assert "behind the clock here" in answer.message

    def test_an_unknown_device_is_told_to_enrol(self, collector: Collector) -> None:
        status, answer = ask(collector.port, Laptop("0123456789abcdef"))
        assert (status, answer.status) == (404, "unknown_device")

    def test_a_revoked_device_gets_nothing(self, collector: Collector, laptop: Laptop) -> None:
        collector.store.revoke(laptop.device)
        collector.app.ingest._keys[laptop.device] = next(
            device for device in collector.store.devices() if device.device == laptop.device
        )
        status, answer = ask(collector.port, laptop)
        assert (status, answer.status, answer.plan) == (403, "revoked", None)

    @pytest.mark.parametrize(
        ("body", "status", "word"), [(b"{}{}", 400, "invalid"), (b"", 400, "invalid"), (b"x" * 300, 413, "too_large")]
    )
    def test_another_body_is_refused(
        self, collector: Collector, laptop: Laptop, body: bytes, status: int, word: str
    ) -> None:
        found, answer = ask(collector.port, laptop, body)
        assert (found, answer.status) == (status, word)

    def test_who_asks_all_the_time_is_put_off(self, collector: Collector, laptop: Laptop) -> None:
        found = [ask(collector.port, laptop)[0] for _ in range(4)]
        assert found == [200, 200, 200, 429]
        status, answer = ask(collector.port, laptop)
        assert (status, answer.status) == (429, "throttled")
        assert 0 < answer.retry_after_seconds <= 31

    def test_it_takes_post_only(self, collector: Collector) -> None:
        import http.client

        connection = http.client.HTTPConnection("127.0.0.1", collector.port, timeout=10)
        connection.request("GET", PLAN_PATH)
        answer = connection.getresponse()
        assert answer.status == 405
        assert decode(answer.read(), PlanResponse, "plan").plan is None
        connection.close()

    def test_policy_turns_plans_off(self, tmp_path: Path) -> None:
        store = open_store(f"sqlite:///{tmp_path}/farmwatch.db")
        store.add_token(token_digest(TOKEN), "tests", 10, datetime.now(UTC) + timedelta(days=1))
        app = create_app(Settings(port=0, judging=False), store, Policy(measure=False))
        serving = Serving(app, Settings(port=0))
        serving.start()
        try:
            laptop = Laptop()
            laptop.enrol(serving.port, TOKEN)
            status, answer = ask(serving.port, laptop)
            assert (status, answer.status, answer.device, answer.plan) == (200, "accepted", laptop.device, None)
            assert "policy" in answer.message
        finally:
            serving.stop()
            store.close()


class Facts:
    """A store as far as plans need one."""

    def __init__(self, **states: str) -> None:
        self.key: bytes | None = None
        self.states = states
        self.asked = 0

    def setting(self, name: str, make: bytes | None = None) -> bytes | None:
        assert name == "plan_key"
        self.key = self.key or make
        return self.key

    def plan_facts(self, device: str) -> tuple[Claim | None, Spot | None]:
        return (SEATTLE, None)

    def landmark_states(self) -> dict[str, LandmarkState]:
        self.asked += 1
        now = datetime.now(UTC)
        return {
            name: LandmarkState(landmark=name, state=state, reason="r", changed_at=now)  # type: ignore[arg-type]
            for name, state in self.states.items()
        }


NOW = datetime(2026, 11, 22, 23, 50, tzinfo=UTC)


def names(plan: Plan | None) -> set[str]:
    assert plan is not None
    return {target.landmark for target in plan.targets}


def test_the_key_of_plans_is_made_once_and_is_not_what_laptops_have() -> None:
    facts = Facts()
    one, other = Plans(facts), Plans(facts)
    assert names(one.plan("laptop-1", NOW)[0]) == names(other.plan("laptop-1", NOW)[0])
    assert facts.key is not None
    assert len(facts.key) == 32
    assert names(Plans(Facts()).plan("laptop-1", NOW)[0]) != names(one.plan("laptop-1", NOW)[0])


def test_quarantined_landmarks_are_in_no_plan_and_suspected_ones_are() -> None:
    facts = Facts(**{"vultr:wa-us": "quarantined", "linode:us-sea": "suspected"})
    plans = Plans(facts)
    found = names(plans.plan("laptop-1", NOW)[0])
    assert "vultr:wa-us" not in found
    assert "linode:us-sea" in found
    plans.plan("laptop-2", NOW)
    assert facts.asked == 1  # not once per laptop


def test_policy_leaves_out_single_devices() -> None:
    plans = Plans(Facts(), policy=Policy(unmeasured=("laptop-1",)))
    plan, why = plans.plan("laptop-1", NOW)
    assert plan is None
    assert "policy" in why
    assert plans.plan("laptop-2", NOW)[0] is not None


def test_without_landmarks_there_is_no_plan() -> None:
    plan, why = Plans(Facts(), {}).plan("laptop-1", NOW)
    assert plan is None
    assert "no landmark" in why
    few = {name: shipped()[name] for name in NEAR_SEATTLE}
    assert names(Plans(Facts(), few).plan("laptop-1", NOW)[0]) == NEAR_SEATTLE


def test_an_open_store_is_enough(tmp_path: Path) -> None:
    store: Store = open_store(f"sqlite:///{tmp_path}/farmwatch.db")
    try:
        assert names(Plans(store).plan("nobody", NOW)[0])
    finally:
        store.close()
