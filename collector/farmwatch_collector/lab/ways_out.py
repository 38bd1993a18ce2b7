"""What a laptop's sender measures of its way out: one round of times to landmarks, as the agent tells it.

Landmarks are shipped ones (place/data/landmarks.csv), with their places. Light goes 200 km in a ms one way; the way is
taken to be 1.5 times the great circle, which is usual and assumed. A server asks for segments of 1460 bytes, Google's
for 1412 (machines of 1460 bytes), and one in ten answers no timestamps; the others cost 12 bytes where the laptop asks
for them, which Linux and macOS do and Windows does not.
"""

import math
import random
from collections.abc import Sequence
from functools import lru_cache

import msgspec

from farmwatch_schema.observables import Observable
from farmwatch_schema.observables.latency import MeasuringRound, RoundTrips
from farmwatch_schema.observables.network import Gateway, NetworkInterface, Route

#: Landmarks by id, latitude and longitude.
LANDMARKS = (
    ("aws:us-east-1", 39.04, -77.49),
    ("aws:us-east-2", 39.96, -83.0),
    ("gcp:us-south1", 32.783, -96.807),
    ("ibm:us-south", 32.783, -96.807),
    ("hetzner:ash", 39.04, -77.49),
    ("gcp:us-east5", 39.961, -82.999),
    ("aws:eu-central-1", 50.11, 8.68),
    ("aws:ap-northeast-1", 35.69, 139.692),
    ("digitalocean:sgp1", 1.29, 103.85),
    ("aws:af-south-1", -33.92, 18.42),
)
#: Where people of a zone live: the city that it is called after.
CITIES = {
    "America/New_York": (40.71, -74.01),
    "America/Chicago": (41.88, -87.63),
    "America/Denver": (39.74, -104.99),
    "America/Los_Angeles": (34.05, -118.24),
    "Europe/Berlin": (52.52, 13.40),
}
_ELSEWHERE = (41.88, -87.63)
_SERVER, _GOOGLE, _TIMESTAMPS, _HEADERS = 1460, 1412, 12, 40
_EARTH_KM, _KM_PER_MS = 6371.0, 100.0 / 1.5
_TRIES = 5


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """The way from a laptop to the world, as far as the laptop itself does not show it.

    mtu       largest packet that passes
    city      where it comes out: a zone of CITIES; "" for the laptop's own
    added_ms  least delay of whatever lies between laptop and exit: the line, or a tunnel across the world
    spread_ms  how much single times lie above the least
    """

    mtu: int = 1500
    city: str = ""
    added_ms: float = 8.0
    spread_ms: float = 2.0


@lru_cache(maxsize=256)
def _kilometres(zone: str, landmark: int) -> float:
    latitude, longitude = CITIES.get(zone, _ELSEWHERE)
    _, to_latitude, to_longitude = LANDMARKS[landmark]
    one, other, across = map(math.radians, (latitude, to_latitude, to_longitude - longitude))
    half = math.sin((other - one) / 2) ** 2 + math.cos(one) * math.cos(other) * math.sin(across / 2) ** 2
    return 2 * _EARTH_KM * math.asin(math.sqrt(half))


def measured(
    platform: str, network: Sequence[Observable], zone: str, way: Way, began_at: str, chance: random.Random
) -> list[Observable]:
    """Returns one round, and what it measured; nothing on a metered network, as the agent does it."""
    kind, mtu = _through(network)
    if kind == "mobile":
        return [MeasuringRound(plan="lab", began_at=began_at, skipped="metered", access=kind)]
    width = min(mtu, way.mtu) - _HEADERS
    trips: list[Observable] = []
    for number, (landmark, _, _) in enumerate(LANDMARKS):
        least = _kilometres(way.city or zone, number) / _KM_PER_MS + way.added_ms
        times = sorted(round(least + chance.expovariate(1 / way.spread_ms), 1) for _ in range(_TRIES))
        timestamps = platform != "windows" and chance.random() < 0.9
        server = _GOOGLE if landmark.startswith("gcp:") else _SERVER
        trips.append(
            RoundTrips(
                landmark=landmark, method="tcp", family="ipv4", count=_TRIES, min_ms=times[0],
                median_ms=times[_TRIES // 2], max_ms=times[-1],
                mss=min(server, width) - (_TIMESTAMPS if timestamps else 0),
            )
        )  # fmt: skip
    near = round(chance.uniform(0.5, 4.0), 1)
    about = MeasuringRound(plan="lab", began_at=began_at, seconds=70, access=kind, gateway_ms=near, control_ms=0.1,
                           connects=2 * _TRIES * len(LANDMARKS), bytes=30_000)  # fmt: skip
    return [about, *trips]


def _through(network: Sequence[Observable]) -> tuple[str, int]:
    """Returns kind and MTU of the interface that takes the laptop's traffic."""
    interfaces = {item.name: item for item in network if isinstance(item, NetworkInterface)}
    gateways = sorted((item for item in network if isinstance(item, Gateway)), key=lambda item: item.metric)
    names = [item.interface for item in network if isinstance(item, Route)] + [item.interface for item in gateways]
    for name in names:
        if name in interfaces:
            return interfaces[name].kind, interfaces[name].mtu
    return "", 1500
