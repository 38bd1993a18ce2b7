"""Which landmarks a device measures on a day."""

import json
from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farmwatch_collector.place.continents import part_of
from farmwatch_collector.place.geometry import km_between
from farmwatch_collector.place.landmarks import shipped
from farmwatch_collector.place.planning import CONTROL_NEAR, CONTROLS, NEAR_CLAIM, Planner, plan_for
from farmwatch_collector.place.types import Landmark
from farmwatch_detectors.placing import Spot
from farmwatch_detectors.policy import Claim
from farmwatch_schema.codec import encode
from farmwatch_schema.plan import MAX_TARGETS, Plan

KEY = b"k" * 32
DAY = date(2026, 11, 22)
SEATTLE = Claim(place="Seattle, WA, US", latitude=47.606, longitude=-122.332, country="US")
DUBLIN = Spot(place="Dublin, IE", latitude=53.333, longitude=-6.249, radius_km=200.0)
PLANNER = Planner(shipped(), KEY)


def names(plan: Plan) -> set[str]:
    return {target.landmark for target in plan.targets}


def away(name: str, point: Claim | Spot) -> float:
    one = shipped()[name]
    return float(km_between(point.latitude, point.longitude, one.latitude, one.longitude))


def own(name: str, latitude: float, longitude: float) -> Landmark:
    return Landmark(
        landmark=name, provider="own", place="Here, US", country="US", latitude=latitude, longitude=longitude,
        uncertainty_km=1.0, host=f"{name[4:]}.example.com", port=7177, method="signed", public_key="ab" * 32, own=True,
    )  # fmt: skip


@pytest.mark.parametrize("claim", [SEATTLE, None])
@pytest.mark.parametrize("estimate", [DUBLIN, None])
def test_a_plan_has_twelve_to_sixteen_targets(claim: Claim | None, estimate: Spot | None) -> None:
    plan = plan_for("laptop-1", claim, estimate, shipped(), (), DAY, KEY)
    assert 12 <= len(plan.targets) <= 16
    assert len(names(plan)) == len(plan.targets)


def test_five_lie_near_the_claim_and_three_near_the_estimate() -> None:
    plan = PLANNER.plan("laptop-1", SEATTLE, DUBLIN, (), DAY)
    # Seattle, The Dalles, Hillsboro and Boardman are within 400 km of Seattle and have six landmarks between them.
    assert sum(away(name, SEATTLE) < 400 for name in names(plan)) >= NEAR_CLAIM
    # Dublin, Manchester, Cardiff and London: within 500 km of Dublin.
    assert sum(away(name, DUBLIN) < 500 for name in names(plan)) >= 3


def test_no_provider_is_the_only_witness_near_the_claim() -> None:
    for latitude, longitude in ((47.6, -122.3), (50.1, 8.7), (-1.3, 36.8), (35.7, 139.7), (-33.9, 151.2)):
        claim = Claim(place="Somewhere", latitude=latitude, longitude=longitude)
        for offset in range(3):
            found = PLANNER.plan("laptop-1", claim, None, (), DAY + timedelta(offset))
            near = sorted(names(found), key=lambda name: away(name, claim))[:NEAR_CLAIM]
            assert len({name.partition(":")[0] for name in near}) >= 3


def test_the_rest_is_spread_over_the_world() -> None:
    plan = PLANNER.plan("laptop-1", SEATTLE, None, (), DAY)
    parts = Counter(part_of(shipped()[name].latitude, shipped()[name].longitude) for name in names(plan))
    assert len(parts) >= 6


def test_asked_again_the_plan_is_the_same() -> None:
    again = Planner(dict(reversed(list(shipped().items()))), KEY)
    assert encode(PLANNER.plan("laptop-1", SEATTLE, DUBLIN, (), DAY)) == encode(
        again.plan("laptop-1", SEATTLE, DUBLIN, (), DAY)
    )


def test_the_core_stays_and_the_controls_change() -> None:
    days = [names(PLANNER.plan("laptop-1", SEATTLE, None, (), DAY + timedelta(n))) for n in range(30)]
    core = set.intersection(*days)
    assert len(core) == 15 - CONTROLS
    controls = [frozenset(found - core) for found in days]
    assert len(set(controls)) >= 28  # drawn from over a hundred: two days alike are rare
    assert len(frozenset().union(*controls)) >= 40
    # One of them lies where a liar has most to lose.
    around = set(sorted(shipped(), key=lambda name: away(name, SEATTLE))[: NEAR_CLAIM + CONTROL_NEAR])
    assert all(drawn & around for drawn in controls)


def test_without_the_key_nobody_knows_the_controls() -> None:
    other = Planner(shipped(), b"j" * 32)
    core = set.intersection(*[names(PLANNER.plan("laptop-1", SEATTLE, None, (), DAY + timedelta(n))) for n in range(9)])
    mine = names(PLANNER.plan("laptop-1", SEATTLE, None, (), DAY)) - core
    assert mine != names(other.plan("laptop-1", SEATTLE, None, (), DAY)) - core
    assert mine != names(PLANNER.plan("laptop-2", SEATTLE, None, (), DAY)) - core


def test_nothing_in_a_plan_tells_a_control_from_the_rest() -> None:
    places: Counter[int] = Counter()
    core = set.intersection(*[names(PLANNER.plan("laptop-1", SEATTLE, None, (), DAY + timedelta(n))) for n in range(9)])
    for n in range(200):
        plan = PLANNER.plan("laptop-1", SEATTLE, None, (), DAY + timedelta(n))
        places.update(i for i, target in enumerate(plan.targets) if target.landmark not in core)
        assert len({frozenset(one) for one in json.loads(encode(plan))["targets"]}) == 1
    # 600 controls over 15 places: 40 each, and 3.3 standard deviations (sqrt(200 * 0.2 * 0.8) = 5.7) either way.
    assert len(places) == 15
    assert all(20 < count < 60 for count in places.values())


def test_what_is_in_quarantine_is_left_out() -> None:
    before = names(PLANNER.plan("laptop-1", SEATTLE, DUBLIN, (), DAY))
    after = names(PLANNER.plan("laptop-1", SEATTLE, DUBLIN, before, DAY))
    assert not before & after
    assert len(after) == 15


def test_an_own_landmark_goes_before_nearer_ones() -> None:
    mine = own("own:portland", 45.52, -122.68)  # 233 km from Seattle, where two others stand
    plan = Planner({**shipped(), mine.landmark: mine}, KEY).plan("laptop-1", SEATTLE, None, (), DAY)
    target = next(target for target in plan.targets if target.landmark == mine.landmark)
    assert (target.method, target.port, target.public_key) == ("signed", 7177, "ab" * 32)


def test_an_own_landmark_stands_for_its_part_of_the_world() -> None:
    mine = own("own:lagos", 6.45, 3.4)
    planner = Planner({**shipped(), mine.landmark: mine}, KEY)
    assert all(mine.landmark in names(planner.plan(f"laptop-{n}", SEATTLE, None, (), DAY)) for n in range(10))


def test_a_plan_ends_on_the_next_morning() -> None:
    plan = PLANNER.plan("laptop-1", SEATTLE, None, (), DAY)
    assert plan.valid_until == "2026-11-23T06:00:00Z"
    assert plan.plan.startswith("20261122-")


def test_with_few_landmarks_all_are_asked_and_with_none_nobody() -> None:
    few = dict(list(shipped().items())[:7])
    assert names(plan_for("laptop-1", SEATTLE, DUBLIN, few, (), DAY, KEY)) == set(few)
    assert plan_for("laptop-1", SEATTLE, DUBLIN, {}, (), DAY, KEY).targets == ()


@settings(max_examples=40)
@given(
    st.text(max_size=80),
    st.none() | st.builds(
        Claim, place=st.just("x"), latitude=st.floats(-90, 90), longitude=st.floats(-180, 180)
    ),
    st.sets(st.sampled_from(sorted(shipped())), max_size=186),
    st.dates(),
)  # fmt: skip
def test_whatever_it_is_asked_it_stays_within_bounds(
    device: str, claim: Claim | None, quarantined: set[str], day: date
) -> None:
    if day == date.max:
        day -= timedelta(days=2)
    plan = PLANNER.plan(device, claim, None, quarantined, day)
    assert len(plan.targets) == min(15, 186 - len(quarantined))
    assert len(plan.targets) <= MAX_TARGETS
    assert not names(plan) & quarantined
