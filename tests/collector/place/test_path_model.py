"""What is learned of networks: curves, a field that knows detours of a region, and scores that part true from false."""

import numpy as np
import pytest

from farmwatch_collector.place.evidence import INPUTS, read
from farmwatch_collector.place.fitting import Taught, learn_paths, learn_weights
from farmwatch_collector.place.gazetteer import gazetteer
from farmwatch_collector.place.geometry import km_between
from farmwatch_collector.place.path_model import GRID_KM, GRID_PEOPLE, PathModel, apart, fit, grid_of, units

from .worlds import LANDMARKS, cities, made, times

LIMA, QUITO, BERLIN, SEATTLE = (-12.05, -77.05), (-0.18, -78.47), (52.52, 13.41), (47.61, -122.33)


def test_distances_are_those_of_great_circles() -> None:
    found = apart(units([LIMA[0]], [LIMA[1]]), units([BERLIN[0], SEATTLE[0]], [BERLIN[1], SEATTLE[1]]))
    assert found[0] == pytest.approx([float(km_between(*LIMA, *BERLIN)), float(km_between(*LIMA, *SEATTLE))])


def test_the_grid_has_large_cities_only_and_none_beside_another() -> None:
    chosen = grid_of(gazetteer())
    points = units(gazetteer().latitude[chosen], gazetteer().longitude[chosen])
    between = apart(points, points) + np.eye(len(points)) * 1e6
    assert float(between.min()) >= GRID_KM - 1e-6
    assert float(gazetteer().population[chosen].min()) >= GRID_PEOPLE


def _expected_ms(model: PathModel, place: tuple[float, float]) -> np.ndarray:
    tables = model.at(units([place[0]], [place[1]]), LANDMARKS)
    return np.asarray(np.exp(tables.offset[0] / tables.scale[0]))


def test_a_region_that_goes_everywhere_by_a_detour_is_expected_to() -> None:
    world = cities(80, seed=3)
    slow = [abs(one.latitude) < 35 and -90 < one.longitude < -60 for one in world]
    assert sum(slow) >= 2
    hosts = [
        Taught(one.latitude, one.longitude, times(one.latitude, one.longitude, detour=3.2 if late else 1.6))
        for one, late in zip(world, slow, strict=True)
    ]
    model = PathModel(learn_paths(hosts), gazetteer())
    ratio = {
        place: np.median(_expected_ms(model, place) / [each.rtt_ms for each in times(*place, detour=1.6)])
        for place in (QUITO, BERLIN)
    }
    assert ratio[BERLIN] == pytest.approx(1.0, abs=0.15)
    assert ratio[QUITO] > 1.15  # towards the 2.0 that the neighbours have, pulled back by the rest of the world


def test_a_place_fits_alike_wherever_it_stands_in_the_list() -> None:
    model = PathModel(made().paths, gazetteer())
    seen = times(*BERLIN)
    rtt = np.array([each.rtt_ms for each in seen])
    places = [SEATTLE, BERLIN, (0.0, -150.0), LIMA, (70.0, 100.0)]
    points = units([lat for lat, _ in places], [lon for _, lon in places])
    straight, back = (
        fit(model.at(points, LANDMARKS), LANDMARKS, rtt),
        fit(model.at(points[::-1], LANDMARKS), LANDMARKS, rtt),
    )
    assert straight.likelihood == pytest.approx(back.likelihood[::-1])
    assert int(np.argmax(straight.likelihood)) == 1


def test_delay_on_all_of_it_is_taken_for_the_laptop_s_own_access() -> None:
    model = PathModel(made().paths, gazetteer())
    for delay in (2.0, 27.0):
        rtt = np.array([each.rtt_ms for each in times(*BERLIN, delay=delay)])
        found = fit(model.at(units([BERLIN[0]], [BERLIN[1]]), LANDMARKS), LANDMARKS, rtt)
        assert float(found.delay_ms[0]) == pytest.approx(delay, abs=6)


def test_the_inputs_of_a_reading_are_as_many_as_their_names_and_finite() -> None:
    model = PathModel(made().paths, gazetteer())
    found = read(model, times(*BERLIN), units([BERLIN[0], LIMA[0]], [BERLIN[1], LIMA[1]]), 25.0)
    assert found.inputs.shape == (2, len(INPUTS))
    assert bool(np.isfinite(found.inputs).all())
    assert float(found.ratio[0]) < float(found.ratio[1])
    assert float(found.weights.sum()) == pytest.approx(1.0)


def test_a_score_parts_what_differs_and_ignores_what_never_does() -> None:
    dice = np.random.default_rng(1)
    true = np.c_[dice.normal(0, 1, 100), np.full(100, 3.0)]
    false = np.c_[dice.normal(3, 1, 500), np.full(500, 3.0)]
    learned = learn_weights(true, false)
    assert float(learned.score(np.array([[0.0, 3.0]]))[0]) < 0 < float(learned.score(np.array([[3.0, 3.0]]))[0])
    assert learned.scale[1] == 1.0
    assert bool(np.isfinite(learned.score(np.array([[1.0, 8.0]]))).all())
