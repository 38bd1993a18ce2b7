"""Quarantine as a collector does it: reports come, the due loop judges, plans change."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from farmwatch_collector.loop import DueLoop
from farmwatch_collector.place.geometry import km_between
from farmwatch_collector.place.landmarks import shipped
from farmwatch_collector.place.making import places_of
from farmwatch_collector.place.plans import Plans
from farmwatch_collector.store import Store, open_store
from farmwatch_detectors.policy import Claim, RosterEntry

from ..laptops import Laptop, section
from ..test_loop import KEYER, START, Clock, arrive, behind, enrolled

SEATTLE = Claim(place="Seattle, WA, US", latitude=47.606, longitude=-122.332, country="US")
NAMES = ("vultr:wa-us", "linode:us-sea", "gcp:us-west1", "hetzner:hil", "oracle:us-sanjose-1", "linode:eu-central",
         "oracle:ap-tokyo-1", "aws:sa-east-1", "vultr:syd-au")  # fmt: skip
#: Named as Tokyo's, and answers from an edge in Seattle.
WRONG, WRONG_MS = "oracle:ap-tokyo-1", 4.0
LATER = START + timedelta(days=20)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path}/farmwatch.db")
    yield opened
    opened.close()


def measured(at: datetime) -> dict[str, Any]:
    """A sample as an honest laptop in Seattle takes it."""
    items: list[dict[str, Any]] = [
        {"type": "measuring_round", "plan": "p", "began_at": at.strftime("%Y-%m-%dT%H:%M:%SZ"), "access": "ethernet",
         "gateway_ms": 1.0},
    ]  # fmt: skip
    for name in NAMES:
        one = shipped()[name]
        away = float(km_between(SEATTLE.latitude, SEATTLE.longitude, one.latitude, one.longitude))
        least = WRONG_MS if name == WRONG else round(5 + 1.5 * away / 100, 1)
        items.append({"type": "round_trips", "landmark": name, "method": "tcp", "family": "ipv4", "count": 5,
                      "min_ms": least, "median_ms": least + 1, "max_ms": least + 2})  # fmt: skip
    found = section("latency", json.dumps(items), at=at.timestamp())
    found["digest"] = ""
    return found


def fleet(store: Store, macs: dict[str, str], clock: Clock) -> None:
    """Laptops here for three weeks that measure now, each behind a gateway, or behind none that it tells."""
    laptops: dict[str, Laptop] = {name: enrolled(store, name) for name in macs}
    store.set_roster({name: RosterEntry(person=f"person-{name}", claim=SEATTLE) for name in macs})
    loop = DueLoop(store, KEYER, clock=clock, places=places_of())
    for at in (START, LATER):
        clock.now = at + timedelta(seconds=5)
        for name, laptop in laptops.items():
            network = behind(macs[name], at) if macs[name] else section("network", "[]", at=at.timestamp())
            arrive(store, laptop, at, network, *([measured(at)] if at == LATER else []))
        for _ in range(4):
            loop.once()


def states(store: Store) -> dict[str, str]:
    return {name: state.state for name, state in store.landmark_states().items()}


def test_two_laptops_at_two_homes_take_a_wrong_landmark_out_of_plans(store: Store) -> None:
    clock = Clock()
    before = Plans(store).plan("a", datetime.now(UTC))[0]
    assert before is not None
    fleet(store, {"a": "02:00:5e:00:00:01", "b": "02:00:5e:00:00:02"}, clock)
    assert states(store) == {WRONG: "quarantined"}
    plans = Plans(store)
    for day in range(60):
        plan, _ = plans.plan("a", LATER + timedelta(days=day))
        assert plan is not None
        assert WRONG not in {target.landmark for target in plan.targets}


def test_one_laptop_makes_a_suspect_that_is_still_measured(store: Store) -> None:
    fleet(store, {"a": "02:00:5e:00:00:01"}, Clock())
    assert states(store) == {WRONG: "suspected"}


def test_two_behind_one_gateway_are_one_witness(store: Store) -> None:
    fleet(store, {"a": "02:00:5e:00:00:01", "b": "02:00:5e:00:00:01"}, Clock())
    assert "quarantined" not in states(store).values()


def test_who_tells_no_gateway_is_nobody_s_witness(store: Store) -> None:
    fleet(store, {"a": "", "b": ""}, Clock())
    assert states(store) == {}
