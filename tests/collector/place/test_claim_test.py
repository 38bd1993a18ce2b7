"""A day's times disprove a claim, or do not; they never prove one.

Distances are great circles between published coordinates; 100 km per ms is light in fibre, both ways.
"""

import math
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farmwatch_collector.place.claim_test import FEWEST_LANDMARKS, ClaimTest
from farmwatch_collector.place.gazetteer import gazetteer
from farmwatch_collector.place.path_model import units
from farmwatch_collector.place.types import Landmark, Observation
from farmwatch_detectors.placing import DayVerdict

from .worlds import CITIES, DAY, LANDMARKS, away, landmark, made, times

SEATTLE, LYON, OSAKA = (47.61, -122.33), (45.76, 4.84), (34.69, 135.50)
WORLD = LANDMARKS


@cache
def claim_test() -> ClaimTest:
    return ClaimTest(made(), gazetteer())


def judge(
    observations: tuple[Observation, ...], claim: tuple[float, float], place: str = "Seattle", access: str = "wired"
) -> DayVerdict:
    return claim_test().judge(observations, *claim, 25.0, place, access, DAY)


def test_hit_a_laptop_across_an_ocean_from_its_claim_is_impossible_and_the_sentence_can_be_checked_by_hand() -> None:
    seen = tuple(Observation(each, 9 + 0.016 * away(53.35, -6.26, each)) for each in WORLD)
    found = judge(seen, SEATTLE)
    assert (found.verdict, found.rules[0]) == ("impossible", "light")
    # Dublin to Seattle: 7,280 km on the great circle.
    assert found.sentence == "9 ms to Dublin: at most 900 km from there; the claim, Seattle, is 7,300 km away."
    assert found.at_least_km == pytest.approx(7280 - 900 - 25 - 25, abs=25)
    assert found.circles[0].place == "Dublin, XX"
    assert found.circles[0].breaks
    assert found.estimate is not None
    assert found.estimate.place.endswith((", IE", ", GB"))


def test_one_provider_alone_is_one_witness_and_makes_no_claim_impossible() -> None:
    one_cloud = tuple(landmark(name, provider="one cloud") for name in CITIES)
    found = judge(times(*LYON, one_cloud), SEATTLE)
    assert found.verdict == "inconsistent"
    assert found.rules[0] == "light"


def test_honest_twin_a_laptop_at_its_claim_is_not_disproved_and_never_called_present() -> None:
    found = judge(times(*SEATTLE), SEATTLE)
    assert found.verdict == "consistent"
    assert found.rules == ()
    assert found.at_least_km == 0.0
    assert "do not disprove Seattle" in found.sentence


def test_honest_twin_of_every_kind_of_access_with_forty_ms_more_is_not_disproved() -> None:
    for access in ("wired", "wifi", "mobile", "satellite", "unknown"):
        assert judge(times(*SEATTLE, delay=42), SEATTLE, access=access).verdict != "impossible"


def test_miss_a_farm_in_the_claimed_town_is_invisible() -> None:
    bellevue = (47.61, -122.20)
    assert judge(times(*bellevue), SEATTLE).verdict == "consistent"


@pytest.mark.parametrize("count", range(FEWEST_LANDMARKS))
def test_could_not_look_with_fewer_than_six_landmarks_even_where_light_would_speak(count: int) -> None:
    found = judge(times(*LYON)[:count], SEATTLE)
    assert (found.verdict, found.why_not, found.landmarks) == ("unmeasurable", "few_landmarks", count)


def test_could_not_look_where_something_near_answers_for_every_landmark() -> None:
    found = judge(tuple(Observation(each, 25.0) for each in WORLD), SEATTLE)
    assert (found.verdict, found.why_not) == ("unmeasurable", "answered_locally")


def test_could_not_look_where_the_times_are_so_long_that_they_rule_nothing_out() -> None:
    found = judge(tuple(Observation(each, 700.0 + 7 * n) for n, each in enumerate(WORLD)), SEATTLE)
    assert (found.verdict, found.why_not) == ("unmeasurable", "noisy")


def test_one_landmark_that_contradicts_all_others_is_left_out_and_accuses_nobody() -> None:
    seen = [*times(*SEATTLE)]
    seen[0] = Observation(landmark("Dublin"), 2.0)  # 7,280 km away, and 10 ms to Hillsboro: it has moved
    found = judge(tuple(seen), SEATTLE)
    assert found.verdict == "consistent"
    assert found.landmarks == len(WORLD) - 1


def test_verdicts_of_many_claims_are_those_of_each() -> None:
    seen = times(*OSAKA)
    claims = (SEATTLE, LYON, OSAKA)
    points = units([lat for lat, _ in claims], [lon for _, lon in claims])
    assert claim_test().verdicts(seen, points, 25.0, "wired") == [judge(seen, claim).verdict for claim in claims]


@settings(deadline=None, max_examples=40)
@given(st.floats(-60, 70), st.floats(-180, 180), st.lists(st.floats(0, 300), min_size=14, max_size=14), st.floats(1, 2))
def test_a_true_claim_with_only_added_delay_is_never_impossible_and_no_distance_is_proved(
    latitude: float, longitude: float, delays: list[float], detour: float
) -> None:
    seen = tuple(
        Observation(each.landmark, each.rtt_ms + delay)
        for each, delay in zip(times(latitude, longitude, WORLD, detour, 0.02), delays, strict=True)
    )
    found = judge(seen, (latitude, longitude))
    assert found.verdict != "impossible"
    assert "light" not in found.rules
    assert found.at_least_km == 0.0


@settings(deadline=None, max_examples=30)
@given(st.floats(-60, 70), st.floats(-180, 180), st.integers(6, 13), st.floats(1, 2), st.floats(0, 100))
def test_more_landmarks_never_shrink_the_least_distance(
    latitude: float, longitude: float, count: int, detour: float, delay: float
) -> None:
    seen = times(latitude, longitude, WORLD, detour, 0.02 + delay)
    few, more = judge(seen[:count], SEATTLE), judge(seen, SEATTLE)
    if few.verdict != "unmeasurable":
        assert more.at_least_km >= few.at_least_km


_NUMBER = st.one_of(st.floats(allow_nan=True, allow_infinity=True), st.sampled_from([math.nan, math.inf, -1.0, 0.0]))


@settings(deadline=None, max_examples=150)
@given(
    st.lists(st.tuples(_NUMBER, _NUMBER, _NUMBER, _NUMBER), max_size=16), _NUMBER, _NUMBER, _NUMBER,
    st.sampled_from(["wired", "satellite", "unknown", "a word of tomorrow"]),
)  # fmt: skip
def test_hostile_numbers_never_raise_and_never_leave_a_number_that_is_none(
    rows: list[tuple[float, float, float, float]], latitude: float, longitude: float, radius: float, access: str
) -> None:
    seen = tuple(
        Observation(
            Landmark(
                landmark=f"x{number}", provider=f"p{number}", place="", country="", latitude=lat, longitude=lon,
                uncertainty_km=uncertainty, host="",
            ),
            rtt,
        )
        for number, (lat, lon, uncertainty, rtt) in enumerate(rows)
    )  # fmt: skip
    found = claim_test().judge(seen, latitude, longitude, radius, "", access, DAY)
    assert all(math.isfinite(value) for value in (found.at_least_km, *found.scores.values()))


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, -5.0, 0.0, 9e9])
def test_times_that_are_none_are_left_out(bad: float) -> None:
    seen = times(*SEATTLE)
    found = judge((*seen[:-1], Observation(seen[-1].landmark, bad)), SEATTLE)
    assert found.landmarks == len(seen) - 1
    assert found.verdict == "consistent"


@pytest.mark.parametrize("bad", [(math.nan, 0.0), (0.0, math.inf), (91.0, 0.0)])
def test_a_claim_that_is_no_place_is_unmeasurable(bad: tuple[float, float]) -> None:
    assert judge(times(*SEATTLE), bad).why_not == "no_claim"
