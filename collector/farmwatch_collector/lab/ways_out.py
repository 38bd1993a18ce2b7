"""What a laptop's sender measures of its way out: one round of times to landmarks, as the agent tells it.

Landmarks are shipped ones (place/data/landmarks.csv), with their places: some near the claim, some near where the
laptop is, as plans ask for them once a place is estimated, and some all over the world. Times follow from where the
laptop truly stands, and never from its claim: light goes 200 km in a ms one way, the way is longer than the great
circle by a factor of its own, and the line adds its delay. A server asks for segments of 1460 bytes, Google's for 1412
(machines of 1460 bytes), and one in ten answers no timestamps; the others cost 12 bytes where the laptop asks for them,
which Linux and macOS do and Windows does not.
"""

import random
from collections.abc import Callable, Sequence
from functools import lru_cache

import msgspec

from farmwatch_schema.observables import Observable
from farmwatch_schema.observables.latency import MeasuringRound, RoundTrips
from farmwatch_schema.observables.network import Gateway, NetworkInterface, Route

from ..place.landmarks import shipped
from ..place.types import Landmark
from .cities import City, km, km_between

#: All over the world, in regions that everybody knows.
WORLD = ("aws:us-east-1", "aws:us-west-2", "aws:eu-central-1", "aws:ap-northeast-1", "aws:ap-south-1", "aws:sa-east-1",
         "aws:af-south-1", "gcp:asia-southeast1")  # fmt: skip
NEAR_CLAIM, NEAR_HERE = 5, 3
_SERVER, _GOOGLE, _TIMESTAMPS, _HEADERS = 1460, 1412, 12, 40
_KM_PER_MS = 100.0
_TRIES = 5
#: Ways are longer than the great circle by at least so much, half of them by half as much again or more.
_STRAIGHTEST, _USUAL, _WIDTH = 1.08, 0.42, 0.55

Detour = Callable[[str], float]


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """The way from a laptop to the world, as far as the laptop itself does not show it.

    mtu       largest packet that passes
    out       where it comes out, of a tunnel or at a far exchange; None for where the laptop is
    added_ms  least delay of whatever lies between laptop and exit: the line, or a tunnel across the world
    spread_ms  how much single times lie above the least
    carried   goes along with the laptop; what belongs to a home's line ends with it
    answered  something on the way answers connects in every server's name: only what is said then comes from there
    """

    mtu: int = 1500
    out: City | None = None
    added_ms: float = 8.0
    spread_ms: float = 2.0
    carried: bool = False
    answered: bool = False


def detours(device: str) -> Detour:
    """Returns by how much the way to each landmark is longer than the great circle: one factor each, for good."""
    known: dict[str, float] = {}

    def factor(to: str) -> float:
        if to not in known:
            dice = random.Random(f"way {device} {to}")  # noqa: S311 - a way that can be made again
            known[to] = _STRAIGHTEST + _USUAL * dice.lognormvariate(0.0, _WIDTH)
        return known[to]

    return factor


@lru_cache(maxsize=4096)
def asked(claim: City, here: City) -> tuple[Landmark, ...]:
    """Returns the landmarks of a plan."""
    everywhere = shipped()
    near = (*_near(claim, NEAR_CLAIM), *_near(here, NEAR_HERE))
    return tuple(({one.landmark: one for one in near} | {name: everywhere[name] for name in WORLD}).values())


def _near(city: City, count: int) -> list[Landmark]:
    """Returns the nearest landmarks, no two of one provider."""
    found: dict[str, Landmark] = {}
    for landmark in sorted(shipped().values(), key=lambda one: _km_to(city, one)):
        found.setdefault(landmark.provider, landmark)
        if len(found) == count:
            break
    return list(found.values())


def _km_to(city: City, landmark: Landmark) -> float:
    return km_between(city.latitude, city.longitude, landmark.latitude, landmark.longitude)


def measured(
    platform: str,
    network: Sequence[Observable],
    here: City,
    claim: City,
    way: Way,
    began_at: str,
    chance: random.Random,
    detour: Detour,
) -> list[Observable]:
    """Returns one round, and what it measured; nothing on a metered network, as the agent does it."""
    kind, mtu = _through(network)
    if kind == "mobile":
        return [MeasuringRound(plan="lab", began_at=began_at, skipped="metered", access=kind)]
    width = min(mtu, way.mtu) - _HEADERS
    out = way.out or here
    first = way.added_ms + (detour("out") * km(here, out) / _KM_PER_MS if way.out else 0.0)
    trips: list[Observable] = []
    for landmark in asked(claim, here):
        least = first + detour(landmark.landmark) * _km_to(out, landmark) / _KM_PER_MS
        connect = first if way.answered else least
        times = sorted(round(connect + chance.expovariate(1 / way.spread_ms), 1) for _ in range(_TRIES))
        timestamps = platform != "windows" and chance.random() < 0.9
        server = _GOOGLE if landmark.landmark.startswith("gcp:") else _SERVER
        trips.append(
            RoundTrips(
                landmark=landmark.landmark, method="tcp", family="ipv4", count=_TRIES, min_ms=times[0],
                median_ms=times[_TRIES // 2], max_ms=times[-1],
                first_byte_ms=round(least + times[0] - connect + chance.uniform(1, 6), 1),
                mss=min(server, width) - (_TIMESTAMPS if timestamps else 0),
            )
        )  # fmt: skip
    near = round(chance.uniform(0.5, 4.0), 1)
    about = MeasuringRound(plan="lab", began_at=began_at, seconds=70, access=kind, gateway_ms=near, control_ms=0.1,
                           connects=2 * _TRIES * len(trips), bytes=30_000)  # fmt: skip
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
