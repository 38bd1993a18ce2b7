"""What made laptops measure: times that light allows, segments that fit through, and rounds as the agent tells them."""

import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from farmwatch_collector.lab import scenarios
from farmwatch_collector.lab.cities import ABROAD, HOMES, OPERATORS, City, beside, km, namesakes
from farmwatch_collector.lab.sample import TUNING_SEEDS, Order
from farmwatch_collector.lab.scenarios import routers
from farmwatch_collector.lab.ways_out import WORLD, Way, asked, detours, measured
from farmwatch_collector.place.geocoding import geocoder
from farmwatch_collector.place.geometry import km_between
from farmwatch_collector.place.landmarks import shipped
from farmwatch_schema.codec import decode_items, decode_report
from farmwatch_schema.observables import Observable
from farmwatch_schema.observables.latency import MeasuringRound, RoundTrips
from farmwatch_schema.observables.network import Gateway, NetworkInterface, Route

WIFI = (NetworkInterface(name="wlan0", kind="wifi", mtu=1500), Gateway(family="ipv4", interface="wlan0", metric=600))


def _round(
    way: Way,
    platform: str = "windows",
    here: City = HOMES[0],
    claim: City = HOMES[0],
    network: Sequence[Observable] = WIFI,
    seed: int = 1,
) -> tuple[MeasuringRound, list[RoundTrips]]:
    at = "2026-10-05T12:00:00Z"
    items = measured(platform, network, here, claim, way, at, random.Random(seed), detours(str(seed)))
    (about,) = (item for item in items if isinstance(item, MeasuringRound))
    return about, [item for item in items if isinstance(item, RoundTrips)]


@pytest.mark.parametrize("city", [*HOMES, *ABROAD, *OPERATORS], ids=lambda city: city.place)
def test_cities_are_those_of_the_gazetteer(city: City) -> None:
    found = geocoder().claim(city.place)
    assert km_between(city.latitude, city.longitude, found.latitude, found.longitude) < 3
    assert found.country == city.country


def test_a_plan_has_landmarks_near_the_claim_near_the_laptop_and_all_over_the_world() -> None:
    seattle = next(city for city in HOMES if city.place.startswith("Seattle"))
    chosen = {one.landmark: one for one in asked(seattle, ABROAD[0])}
    assert set(WORLD) <= set(chosen) <= set(shipped())
    assert any(_km(seattle, one.latitude, one.longitude) < 500 for one in chosen.values())
    assert any(_km(ABROAD[0], one.latitude, one.longitude) < 500 for one in chosen.values())


def _km(city: City, latitude: float, longitude: float) -> float:
    return float(km_between(city.latitude, city.longitude, latitude, longitude))


@pytest.mark.parametrize("claim", [HOMES[0], ABROAD[0]], ids=lambda city: city.place)
@pytest.mark.parametrize("here", [HOMES[0], HOMES[12], ABROAD[8], OPERATORS[0]], ids=lambda city: city.place)
def test_no_time_is_shorter_than_light_in_fibre_takes_from_where_the_laptop_truly_is(here: City, claim: City) -> None:
    _, trips = _round(Way(added_ms=0.0), here=here, claim=claim)
    for trip, landmark in zip(trips, asked(claim, here), strict=True):
        assert trip.min_ms is not None
        assert trip.min_ms + 0.1 >= _km(here, landmark.latitude, landmark.longitude) / 100


def test_times_derive_from_the_true_place_and_not_from_the_claim() -> None:
    """The same landmark takes as long whatever is claimed: only which landmarks are asked follows from the claim."""
    least: list[dict[str, float]] = []
    for claim in (HOMES[0], ABROAD[0]):
        _, trips = _round(Way(spread_ms=0.01), here=OPERATORS[1], claim=claim)
        least.append({trip.landmark: trip.min_ms or 0.0 for trip in trips})
    both = set(least[0]) & set(least[1])
    assert len(both) >= len(WORLD)
    assert all(abs(least[0][name] - least[1][name]) < 0.3 for name in both)


def test_a_way_that_comes_out_elsewhere_takes_both_legs() -> None:
    direct = {trip.landmark: trip.min_ms or 0.0 for trip in _round(Way(added_ms=0.0), here=HOMES[0])[1]}
    there = _round(Way(added_ms=0.0, out=HOMES[0]), here=ABROAD[0], claim=HOMES[0])[1]
    leg = km(ABROAD[0], HOMES[0]) / 100
    for trip in there:
        if trip.landmark in direct:
            assert (trip.min_ms or 0.0) + 0.1 >= direct[trip.landmark] - 20 + leg


def test_what_answers_in_every_server_s_name_is_near_and_what_is_said_then_is_not() -> None:
    _, trips = _round(Way(added_ms=14.0, answered=True))
    assert max(trip.min_ms or 0.0 for trip in trips) < 14 + 10
    far = next(trip for trip in trips if trip.landmark == "aws:ap-northeast-1")
    assert (far.first_byte_ms or 0.0) > km(HOMES[0], ABROAD[8]) / 100


def test_a_commuter_s_spot_is_as_far_as_it_says_and_slips_are_of_the_same_name() -> None:
    for seed in range(20):
        assert km(HOMES[0], beside(HOMES[0], 80, random.Random(seed))) == pytest.approx(80, abs=1.5)
    portland = next(city for city in HOMES if city.place == "Portland, OR, US")
    assert [city.place for city in namesakes(portland)] == ["Portland, ME, US"]


def test_segments_are_what_fits_through_less_headers_timestamps_and_what_a_server_asks_for() -> None:
    # 1500 - 40 = 1460 and 12 bytes of timestamps; WireGuard's 1420 leaves 1380; Google's servers ask for 1412.
    assert {trip.mss for trip in _round(Way())[1]} == {1460, 1412}
    assert max(trip.mss for trip in _round(Way(mtu=1420))[1]) == 1380
    linux = Counter(trip.mss for seed in range(5) for trip in _round(Way(mtu=1420), "linux", seed=seed)[1])
    assert set(linux) == {1380, 1368}
    assert linux[1368] > linux[1380]


def test_a_tunnel_of_the_laptop_is_what_it_measures_through_and_a_modem_of_its_own_is_metered() -> None:
    tunnel = [NetworkInterface(name="wg0", kind="tunnel", mtu=1280), Route(destination="0.0.0.0/1", interface="wg0")]
    about, trips = _round(Way(), network=[*WIFI, *tunnel])
    assert about.access == "tunnel"
    assert {trip.mss for trip in trips} == {1240}
    modem = [NetworkInterface(name="wwan0", kind="mobile"), Gateway(family="ipv4", interface="wwan0", metric=700)]
    about, trips = _round(Way(), network=modem)
    assert (about.skipped, trips) == ("metered", [])


def test_weights_of_routers_are_a_hundred() -> None:
    assert sum(model.weight for model in routers.MODELS) == 100


ONE = """
version: 1
name: one
about: a laptop behind a travel router
days: 4
groups:
- compose: {vpn: [travel_router], platform: [windows]}
"""


def test_a_laptop_tells_its_rounds_whole_and_once(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text(ONE, encoding="utf-8")
    sample = scenarios.make(Order(scenario=str(tmp_path / "one.yaml"), seed=TUNING_SEEDS[0]))
    device = next(label.device for label in sample.labels if label.facets.get("vpn") == "travel_router")
    rounds: list[str] = []
    days: set[str] = set()
    for data in sample.reports():
        report = decode_report(data)
        if report.device != device:
            continue
        days.add(report.created_at[:10])
        (section,) = (each for each in report.sections if each.kind == "latency")
        assert not section.digest, "a sample is never told by its digest"
        if section.outcome == "none":
            continue
        assert isinstance(section.items, msgspec.Raw)
        items = decode_items("latency", section.items)
        rounds += [item.began_at for item in items if isinstance(item, MeasuringRound)]
    assert len(rounds) == len(set(rounds))
    assert len(days) <= len(rounds) <= 3 * len(days), "two a day, while it is awake"
