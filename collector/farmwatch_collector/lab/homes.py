"""Where some people of the demo claim to live, where their laptops stand, and what these measure of the world.

Times come from geography alone: light in fibre over a way half as long again as the great circle, and the delay of
the line. Nothing here knows how they will be judged. The farm's house is in Phoenix: of its people one claims to live
on the other coast, and one in Phoenix itself, which no round-trip time can contradict.
"""

import math
import random
from datetime import datetime
from functools import cache

import msgspec

from farmwatch_schema.observables import Observable
from farmwatch_schema.observables.latency import MeasuringRound, RoundTrips

from ..place.landmarks import shipped
from ..place.types import Landmark

#: Degrees to a hundredth.
PHOENIX, SEATTLE, LONDON, BERLIN = (33.45, -112.07), (47.61, -122.33), (51.51, -0.13), (52.52, 13.40)
BOSTON = (42.36, -71.06)
NEAR, NEAR_LAST = 5, 3
DETOUR = 1.5
TRIES = 5
_EARTH_KM, _KM_PER_MS = 6371.0, 100.0
#: Landmarks all over the world, by the regions that everybody knows.
_WORLD = (
    "aws:eu-west-1", "aws:eu-central-1", "aws:ap-northeast-1", "aws:ap-southeast-2", "aws:sa-east-1", "aws:af-south-1",
    "aws:us-east-1", "aws:us-west-2", "aws:ap-south-1",
)  # fmt: skip


class Home(msgspec.Struct, frozen=True, kw_only=True):
    """A claim, and where the laptop truly is.

    place     as the roster has it
    claimed   coordinates of the claim, near which some landmarks are asked for
    here      where the laptop stands
    line_ms   what the access line adds
    """

    place: str
    claimed: tuple[float, float]
    here: tuple[float, float]
    line_ms: float = 9.0


#: By number of the laptop: two honest ones at home, and two of the farm's.
HOMES: dict[int, Home] = {
    21: Home(place="London, GB", claimed=LONDON, here=(51.47, -0.05)),
    22: Home(place="Berlin, DE", claimed=BERLIN, here=(52.49, 13.35), line_ms=14.0),
}
FARM_HOMES: tuple[Home, ...] = (
    Home(place="Boston, MA, US", claimed=BOSTON, here=PHOENIX),
    Home(place="Phoenix, AZ, US", claimed=PHOENIX, here=PHOENIX),
)


def measured(home: Home, at: datetime, chance: random.Random) -> list[Observable]:
    """Returns one round as the agent tells it."""
    trips: list[Observable] = []
    for landmark in _asked(home.claimed, home.here):
        least = home.line_ms + DETOUR * _km(home.here, (landmark.latitude, landmark.longitude)) / _KM_PER_MS
        times = sorted(round(least + chance.expovariate(0.5), 1) for _ in range(TRIES))
        trips.append(
            RoundTrips(
                landmark=landmark.landmark, method="tcp", family="ipv4", count=TRIES, min_ms=times[0],
                median_ms=times[TRIES // 2], max_ms=times[-1], first_byte_ms=round(times[0] + chance.uniform(1, 6), 1),
                mss=1448,
            )
        )  # fmt: skip
    about = MeasuringRound(
        plan="demo", began_at=at.strftime("%Y-%m-%dT%H:%M:%SZ"), seconds=70, access="wifi",
        gateway_ms=round(chance.uniform(1.0, 4.0), 1), control_ms=0.1, connects=len(trips) * TRIES, bytes=30_000,
    )  # fmt: skip
    return [about, *trips]


@cache
def _asked(claimed: tuple[float, float], here: tuple[float, float]) -> tuple[Landmark, ...]:
    """Some near the claim, some near where it was last estimated to be, and some all over the world."""
    everywhere = shipped()
    chosen = {one.landmark: one for one in (*_near(claimed, NEAR), *_near(here, NEAR_LAST))}
    return tuple((chosen | {name: everywhere[name] for name in _WORLD}).values())


def _near(point: tuple[float, float], count: int) -> list[Landmark]:
    """The nearest landmarks, no two of one provider."""
    found: dict[str, Landmark] = {}
    for landmark in sorted(shipped().values(), key=lambda one: _km(point, (one.latitude, one.longitude))):
        found.setdefault(landmark.provider, landmark)
    return list(found.values())[:count]


def _km(one: tuple[float, float], other: tuple[float, float]) -> float:
    (latitude, longitude), (to_latitude, to_longitude) = (tuple(map(math.radians, each)) for each in (one, other))
    half = (
        math.sin((to_latitude - latitude) / 2) ** 2
        + math.cos(latitude) * math.cos(to_latitude) * math.sin((to_longitude - longitude) / 2) ** 2
    )
    return 2 * _EARTH_KM * math.asin(math.sqrt(half))
