"""Where the times put a laptop: within light's reach, near its fastest landmarks, and with an honest radius."""

from functools import cache

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farmwatch_collector.place import calibration
from farmwatch_collector.place.claim_test import ClaimTest
from farmwatch_collector.place.estimate import LEANS, beside, guess
from farmwatch_collector.place.evidence import Reading, read
from farmwatch_collector.place.gazetteer import gazetteer
from farmwatch_collector.place.path_model import PathModel, units
from farmwatch_collector.place.types import Observation
from farmwatch_detectors.placing import Spot

from .worlds import CITIES, DAY, LANDMARKS, away, cities, landmark, made, times

MANCHESTER, SUVA, SEATTLE = (53.48, -2.24), (-18.14, 178.44), (47.61, -122.33)


@cache
def claim_test(shipped: bool = False) -> ClaimTest:
    return ClaimTest(calibration.shipped() if shipped else made(), gazetteer())


def judged(seen: tuple[Observation, ...], claim: tuple[float, float], *, shipped: bool) -> Spot | None:
    return claim_test(shipped).judge(seen, *claim, 25.0, "Seattle", "wired", DAY).estimate


def spot_of(seen: tuple[Observation, ...], claim: tuple[float, float] = SEATTLE, *, shipped: bool = False) -> Spot:
    found = judged(seen, claim, shipped=shipped)
    assert found is not None
    return found


def beyond_light_km(spot: Spot, seen: tuple[Observation, ...]) -> float:
    return max(
        away(spot.latitude, spot.longitude, each.landmark) - 100.0 * each.rtt_ms - each.landmark.uncertainty_km
        for each in seen
    )


@settings(deadline=None, max_examples=40)
@given(
    st.sampled_from(cities(60, seed=11)), st.floats(1.0, 4.0), st.booleans(),
    st.lists(st.floats(0.0, 200.0), min_size=14, max_size=14),
)  # fmt: skip
def test_no_estimate_lies_beyond_what_light_allows(
    city: object, detour: float, shipped: bool, late: list[float]
) -> None:
    place = (city.latitude, city.longitude)  # type: ignore[attr-defined]
    honest = times(*place, detour=detour, delay=0.1)
    seen = tuple(Observation(each.landmark, each.rtt_ms + more) for each, more in zip(honest, late, strict=True))
    spot = judged(seen, place, shipped=shipped)
    # Times too long to say anything have no estimate. 0.1 km: rounding of coordinates on the globe.
    assert spot is None or beyond_light_km(spot, seen) <= 0.1


@pytest.mark.parametrize("seed", range(8))
def test_a_laptop_beside_its_fastest_landmarks_is_not_put_on_another_continent_by_slow_far_ones(seed: int) -> None:
    # The shortest time reaches 1,200 km; the far ones are of the kind that suits some other place by chance.
    dice = np.random.default_rng(seed)
    seen = tuple(
        Observation(each.landmark, each.rtt_ms * float(1 + 2 * dice.random()) + 6.0) for each in times(*MANCHESTER)
    )
    spot = spot_of(seen, MANCHESTER, shipped=True)
    least = min(each.rtt_ms for each in seen)
    assert away(spot.latitude, spot.longitude, landmark("Dublin")) <= 100.0 * least + 25.0
    assert away(*MANCHESTER, msgspec.structs.replace(landmark("Dublin"), latitude=spot.latitude,
                                                     longitude=spot.longitude)) <= spot.radius_km  # fmt: skip


def test_the_radius_is_never_more_than_light_leaves_open() -> None:
    seen = times(*CITIES["Dublin"], delay=3)
    spot = spot_of(seen)
    assert spot.radius_km <= away(spot.latitude, spot.longitude, landmark("Dublin")) + 100.0 * 3 + 25.0 + 1.0


def reading(seen: tuple[Observation, ...]) -> tuple[PathModel, Reading]:
    model = claim_test().model
    return model, read(model, seen, units([SEATTLE[0]], [SEATTLE[1]]), 25.0)


def test_who_leans_more_comes_nearer_to_the_fastest_landmark() -> None:
    seen = times(45.76, 4.84, delay=30)
    model, found = reading(seen)
    outward = [found.outward[one.number] for lean in LEANS if (one := guess(model, found, lean))]
    assert len(outward) == len(LEANS)
    assert outward[-1] <= outward[0]


def test_of_two_cities_that_fit_alike_the_middle_of_the_others_is_guessed() -> None:
    model, found = reading(times(*SEATTLE))
    # Likelihoods by hand: Lyon's neighbours all fit, a lone city fits a little better.
    near = np.argsort(-(model.points @ units([45.76], [4.84])[0]))[:9]
    lone = int(np.argmax(model.points @ units([-36.85], [174.76])[0]))
    behind = np.full(len(model.points), 90.0)
    behind[near], behind[lone] = 1.0, 0.0
    made_up = msgspec.structs.replace(found, behind=behind, reached=np.full(len(behind), True))
    chosen = guess(model, made_up, 0.0)
    assert chosen is not None
    assert chosen.number in near


def test_where_light_leaves_no_city_of_the_grid_there_is_no_guess_and_a_smaller_city_or_the_landmark_stands_in() -> (
    None
):
    model, found = reading(times(*SEATTLE))
    assert guess(model, msgspec.structs.replace(found, reached=np.full(len(found.reached), False)), 2.0) is None
    number = beside([Observation(landmark("Dublin"), 0.1)], gazetteer())
    assert number is not None
    assert gazetteer().cities[number].name == "Dublin"
    nowhere = msgspec.structs.replace(landmark("Dublin"), latitude=-48.0, longitude=-120.0)  # the South Pacific
    assert beside([Observation(nowhere, 1.0)], gazetteer()) is None


def test_an_estimate_far_from_any_city_is_the_fastest_landmark_s_own_place() -> None:
    island = msgspec.structs.replace(landmark("Dublin"), landmark="test:island", place="An island", latitude=-48.0,
                                     longitude=-120.0)  # fmt: skip
    others = times(-48.0, -120.0, LANDMARKS[1:], detour=1.5)
    spot = spot_of((Observation(island, 1.0), *others))
    assert (spot.place, spot.latitude, spot.longitude, spot.radius_km) == ("An island", -48.0, -120.0, 125.0)


def test_a_sentence_names_the_estimate_only_where_it_fits_far_better_than_the_claim() -> None:
    model, found = reading(times(*SEATTLE))
    seen = times(*SEATTLE)
    chosen = guess(model, found, 0.0)
    assert chosen is not None
    cell = calibration.Cell(access="wired", size="usual", claims=60)
    for ratio, expected in ((found.behind[chosen.number] + 1.9, False), (found.behind[chosen.number] + 2.1, True)):
        changed = msgspec.structs.replace(found, ratio=np.array([ratio]))
        assert claim_test()._estimate(seen, changed, cell)[1] is expected
