"""How long a round trip takes between two places, from published measurements.

Nothing here is taken from the claim test: what the lab puts between two places must not be what the test expects.

PATHS: a day's least round-trip times between 244 hosting sites of WonderNetwork's public measurements of 20 July 2020
(29,287 ordered pairs), divided by the least that light in fibre needs (1 ms for 100 km), by distance: quantiles of
`LEVELS`. Two sites whose places are known to be wrong are left out. Below 100 km the times themselves (58 pairs).

ACCESS: what a line adds, from RIPE Atlas probes of February 2023: the difference to wired probes within 60 km (median),
and by how much a single answer lies above the least of days (median and 0.90 quantile of the median probe; 191 wired,
134 Wi-Fi, 157 LTE, 106 Starlink).
"""

import hashlib
from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt

LEVELS = (0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95)
#: (km from, quantiles of round-trip time over km / 100)
PATHS = (
    (100, (2.04, 2.28, 3.33, 5.35, 8.67, 13.13, 20.49)),
    (300, (1.92, 2.10, 2.66, 3.68, 5.31, 7.73, 10.23)),
    (600, (1.88, 2.08, 2.59, 3.28, 4.31, 6.01, 7.76)),
    (1000, (1.80, 1.97, 2.36, 2.86, 3.68, 4.87, 6.26)),
    (1500, (1.78, 1.92, 2.21, 2.59, 3.24, 4.21, 5.06)),
    (2500, (1.63, 1.73, 1.96, 2.25, 2.68, 3.57, 4.93)),
    (4000, (1.37, 1.51, 1.76, 2.16, 2.99, 4.25, 4.97)),
    (6000, (1.39, 1.45, 1.55, 1.72, 2.13, 2.85, 3.31)),
    (8000, (1.49, 1.55, 1.68, 1.88, 2.40, 2.97, 3.32)),
    (10000, (1.46, 1.54, 1.69, 1.89, 2.20, 2.55, 2.88)),
    (13000, (1.38, 1.45, 1.59, 1.76, 1.96, 2.21, 2.38)),
)
#: Below 100 km, ms.
NEAR_MS = (1.15, 1.26, 1.85, 3.78, 8.03, 12.13, 17.78)


@dataclass(frozen=True)
class Access:
    """The line of a site.

    kind           as the agent calls the interface's kind, for people
    added_ms       to each round trip, always
    jitter_ms      median and 0.90 quantile of what comes on top of it by chance: log-normal
    loss           share of packets that go missing, each way
    """

    kind: str
    added_ms: float = 0.0
    jitter_ms: tuple[float, float] = (0.0, 0.0)
    loss: float = 0.0


HOSTING = Access("hosting")
# The least of wired probes within 100 km of a region lies about 6 ms above that of hosting sites so near.
WIRED = Access("wired", 6.0, (1.7, 3.3))
WIFI = Access("wifi", 8.9, (2.6, 5.4), 0.01)
LTE = Access("lte", 22.0, (11.6, 25.6), 0.01)
STARLINK = Access("starlink", 32.2, (18.4, 37.7), 0.01)


@dataclass(frozen=True)
class Spot:
    """A place with a name that is unique in the lab."""

    name: str
    latitude: float
    longitude: float


def km_between(one: Spot, other: Spot) -> float:
    """Returns the great-circle distance on a sphere of 6,371 km."""
    north, south = radians(one.latitude), radians(other.latitude)
    across = radians(other.longitude - one.longitude)
    half = sin((south - north) / 2) ** 2 + cos(north) * cos(south) * sin(across / 2) ** 2
    return 2 * 6371.0 * asin(min(1.0, sqrt(half)))


def chance(*words: object) -> float:
    """Returns a number from 0 to 1 that is always the same for the same words."""
    digest = hashlib.blake2b("|".join(map(str, words)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def quantile(level: float, values: tuple[float, ...]) -> float:
    """Returns the value at a level between the known quantiles; beyond the outermost it is the outermost."""
    for (low, at_low), (high, at_high) in zip(
        zip(LEVELS, values, strict=True), list(zip(LEVELS, values, strict=True))[1:], strict=False
    ):
        if level <= high:
            return at_low + (at_high - at_low) * max(0.0, level - low) / (high - low)
    return values[-1]


def path_ms(one: Spot, other: Spot, seed: int = 0) -> float:
    """Returns the round-trip time between two places: one draw for each pair, the same in both directions."""
    level = chance("path", seed, *sorted((one.name, other.name)))
    km = km_between(one, other)
    if km < PATHS[0][0]:
        return quantile(level, NEAR_MS)
    values = next(values for least, values in reversed(PATHS) if km >= least)
    return quantile(level, values) * km / 100
