"""Small worlds for the claim test: landmarks at real cities, hosts whose times follow from distance alone."""

from collections.abc import Sequence
from datetime import date
from functools import cache

import numpy as np

from farmwatch_collector.place.calibration import Calibration, Case, calibrate
from farmwatch_collector.place.gazetteer import City, gazetteer
from farmwatch_collector.place.geometry import km_between
from farmwatch_collector.place.types import Landmark, Observation

MADE_ON = date(2026, 1, 1)
DAY = date(2026, 2, 3)

#: Coordinates as Wikipedia has them, rounded to a hundredth of a degree.
CITIES = {
    "Dublin": (53.35, -6.26), "Frankfurt": (50.11, 8.68), "Warsaw": (52.23, 21.01), "Madrid": (40.42, -3.70),
    "Ashburn": (39.04, -77.49), "Hillsboro": (45.52, -122.99), "Dallas": (32.78, -96.80), "Toronto": (43.65, -79.38),
    "Sao Paulo": (-23.55, -46.63), "Johannesburg": (-26.20, 28.05), "Mumbai": (19.08, 72.88),
    "Singapore": (1.35, 103.82), "Tokyo": (35.68, 139.69), "Sydney": (-33.87, 151.21),
}  # fmt: skip


def landmark(name: str, provider: str = "", uncertainty_km: float = 25.0) -> Landmark:
    latitude, longitude = CITIES[name]
    return Landmark(
        landmark=f"test:{name}", provider=provider or f"cloud {name}", place=f"{name}, XX", country="XX",
        latitude=latitude, longitude=longitude, uncertainty_km=uncertainty_km, host="landmark.example.com",
    )  # fmt: skip


LANDMARKS = tuple(landmark(name) for name in CITIES)


def away(latitude: float, longitude: float, one: Landmark) -> float:
    return float(km_between(latitude, longitude, one.latitude, one.longitude))


def times(
    latitude: float, longitude: float, landmarks: Sequence[Landmark] = LANDMARKS, detour: float = 1.6, delay: float = 2
) -> tuple[Observation, ...]:
    """What a host there would measure where every route takes `detour` times light's time, and `delay` ms."""
    return tuple(Observation(each, detour * away(latitude, longitude, each) / 100.0 + delay) for each in landmarks)


def cities(count: int, seed: int = 7) -> list[City]:
    """Different large cities of the world, spread by chance."""
    large = [city for city in gazetteer().cities if city.population > 300_000]
    chosen = np.random.default_rng(seed).choice(len(large), count, replace=False)
    return [large[int(number)] for number in chosen]


def true_claims(count: int, seed: int = 7, access: str = "wired") -> list[Case]:
    """True claims whose detours differ by host and by route, never below light's time."""
    dice = np.random.default_rng(seed)
    cases = []
    for city in cities(count, seed):
        whole = 1.3 + 0.5 * dice.random()
        seen = tuple(
            Observation(
                each,
                away(city.latitude, city.longitude, each) / 100.0 * whole * float(1 + 0.3 * dice.random())
                + 1.0 + 6.0 * float(dice.random()),
            )
            for each in LANDMARKS
        )  # fmt: skip
        cases.append(
            Case(
                host=f"host {city.geonames}", access=access, latitude=city.latitude, longitude=city.longitude,
                observations=seen,
            )
        )  # fmt: skip
    return cases


@cache
def made(count: int = 80) -> Calibration:
    return calibrate(true_claims(count), made_on=MADE_ON, sources=("a made-up world",))
