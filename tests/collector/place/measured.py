"""Samples of made-up laptops: round-trip times from geography and an access delay, and nothing that our code says."""

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from farmwatch_collector.place.types import Landmark
from farmwatch_detectors.view import SectionView
from farmwatch_schema.observables import Observable
from farmwatch_schema.observables.latency import MeasuringRound, RoundTrips

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
TODAY = NOW.date()

#: City centres to a hundredth of a degree.
CITIES: dict[str, tuple[float, float]] = {
    "Seattle, US": (47.61, -122.33),
    "Dallas, US": (32.78, -96.81),
    "New York, US": (40.71, -74.01),
    "Dublin, IE": (53.35, -6.26),
    "Frankfurt, DE": (50.11, 8.68),
    "Mumbai, IN": (19.08, 72.88),
    "Singapore, SG": (1.35, 103.82),
    "Tokyo, JP": (35.68, 139.69),
    "Sydney, AU": (-33.87, 151.21),
    "Sao Paulo, BR": (-23.55, -46.63),
    "Cape Town, ZA": (-33.92, 18.42),
    "Los Angeles, US": (34.05, -118.24),
}
LANDMARKS: Mapping[str, Landmark] = {
    f"test:{name.partition(',')[0].lower().replace(' ', '-')}": Landmark(
        landmark=f"test:{name.partition(',')[0].lower().replace(' ', '-')}",
        provider=f"provider-{number}",
        place=name,
        country=name[-2:],
        latitude=where[0],
        longitude=where[1],
        uncertainty_km=25.0,
        host=f"landmark-{number}.example.com",
    )
    for number, (name, where) in enumerate(CITIES.items())
}


def km(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Great circle by the law of cosines on a sphere of 6,371 km: another formula than the product's."""
    (lat, lon), (to_lat, to_lon) = (tuple(map(math.radians, each)) for each in (one, other))
    cosine = math.sin(lat) * math.sin(to_lat) + math.cos(lat) * math.cos(to_lat) * math.cos(to_lon - lon)
    return 6371.0 * math.acos(max(-1.0, min(1.0, cosine)))


def rtt(here: tuple[float, float], landmark: Landmark, access_ms: float = 5.0) -> float:
    """A round trip on fibre that goes half as far again as the crow flies, and the way through the access network."""
    return round(access_ms + 1.5 * km(here, (landmark.latitude, landmark.longitude)) / 100, 1)


def trips(
    here: tuple[float, float],
    *,
    landmarks: Iterable[Landmark] = tuple(LANDMARKS.values()),
    method: str = "tcp",
    family: str = "ipv4",
    access_ms: float = 5.0,
    seen: Callable[[float], float] = lambda ms: ms,
    **fields: object,
) -> list[RoundTrips]:
    """What one round at a place measures. `seen` turns the true time into the one that the laptop sees."""
    found: list[RoundTrips] = []
    for landmark in landmarks:
        ms = seen(rtt(here, landmark, access_ms))
        trip = RoundTrips(
            landmark=landmark.landmark,
            method=method,
            family=family,
            count=5,
            min_ms=ms,
            median_ms=ms + 2,
            max_ms=ms + 9,
        )
        found.append(msgspec.structs.replace(trip, **fields))
    return found


def sample(at: datetime, items: Iterable[Observable], **fields: object) -> SectionView:
    """A section of one round."""
    head = MeasuringRound(plan="plan-1", began_at=at.isoformat(), access="ethernet", gateway_ms=0.6)
    items = (msgspec.structs.replace(head, **fields), *items)
    return SectionView(kind="latency", outcome="found", observed_at=at, items=items)


def at(days_ago: int = 0, hour: int = 9) -> datetime:
    return NOW.replace(hour=hour) - timedelta(days=days_ago)
