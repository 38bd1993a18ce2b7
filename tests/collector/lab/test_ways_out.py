"""What made laptops measure: times that light allows, segments that fit through, and rounds as the agent tells them."""

import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from farmwatch_collector.lab import scenarios
from farmwatch_collector.lab.sample import TUNING_SEEDS, Order
from farmwatch_collector.lab.scenarios import routers
from farmwatch_collector.lab.ways_out import CITIES, LANDMARKS, Way, measured
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
    zone: str = "America/Chicago",
    network: Sequence[Observable] = WIFI,
    seed: int = 1,
) -> tuple[MeasuringRound, list[RoundTrips]]:
    items = measured(platform, network, zone, way, "2026-10-05T12:00:00Z", random.Random(seed))
    (about,) = (item for item in items if isinstance(item, MeasuringRound))
    return about, [item for item in items if isinstance(item, RoundTrips)]


def test_landmarks_are_shipped_ones_and_stand_where_those_do() -> None:
    known = shipped()
    for landmark, latitude, longitude in LANDMARKS:
        place = known[landmark]
        assert km_between(latitude, longitude, place.latitude, place.longitude) < place.uncertainty_km


@pytest.mark.parametrize("zone", CITIES)
def test_no_time_is_shorter_than_light_in_fibre_takes(zone: str) -> None:
    latitude, longitude = CITIES[zone]
    _, trips = _round(Way(added_ms=0.0), zone=zone)
    for trip, (_, to_latitude, to_longitude) in zip(trips, LANDMARKS, strict=True):
        assert trip.min_ms is not None
        assert trip.min_ms + 0.1 >= km_between(latitude, longitude, to_latitude, to_longitude) / 100


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
