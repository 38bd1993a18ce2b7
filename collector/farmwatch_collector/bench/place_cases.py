"""From hosts at known places to true claims: as they are, with the delay of a kind of access, and as a plan asks."""

from collections.abc import Sequence

import numpy as np

from ..place.calibration import Case
from ..place.path_model import apart, units
from ..place.types import Observation
from .place_data import RADIUS_KM, Data, Host, Noise

#: A plan's landmarks: nearest the claim, nearest the last estimate, and in all.
NEAR_CLAIM, NEAR_ESTIMATE, PLANNED = 5, 3, 12


def planned(
    observations: Sequence[Observation], latitude: float, longitude: float, count: int = PLANNED
) -> tuple[Observation, ...]:
    """Returns what a plan for this claim would have measured: near it, near the fastest landmark, and spread out."""
    if len(observations) <= count:
        return tuple(observations)
    places = units([o.landmark.latitude for o in observations], [o.landmark.longitude for o in observations])
    chosen = np.argsort(apart(units([latitude], [longitude]), places)[0])[:NEAR_CLAIM].tolist()
    fastest = min(range(len(observations)), key=lambda number: observations[number].rtt_ms)
    beside = np.argsort(apart(places[[fastest]], places)[0]).tolist()
    chosen += [number for number in beside if number not in chosen][:NEAR_ESTIMATE]
    between = apart(places, places)
    while len(chosen) < count:
        chosen.append(int(np.argmax(between[:, chosen].min(axis=1))))
    return tuple(observations[number] for number in chosen)


def with_noise(observations: Sequence[Observation], noise: Noise, dice: np.random.Generator) -> tuple[Observation, ...]:
    """Returns the times with a real access's delay on all of them and its jitter on each."""
    once = noise.once[int(dice.integers(len(noise.once)))]
    each = dice.choice(noise.each, len(observations))
    return tuple(
        Observation(one.landmark, one.rtt_ms + once + float(more)) for one, more in zip(observations, each, strict=True)
    )


def case(host: Host, observations: Sequence[Observation], access: str) -> Case:
    """Returns the host's true claim with these times."""
    return Case(
        host=host.host, access=access, latitude=host.latitude, longitude=host.longitude,
        observations=tuple(observations), radius_km=RADIUS_KM,
    )  # fmt: skip


def true_claims(mesh: Sequence[Host], access: Sequence[Host], data: Data, dice: np.random.Generator) -> list[Case]:
    """Returns the true claims that calibrate: each host of the mesh once in every class, each probe as it is."""
    cases: list[Case] = []
    for host in mesh:
        for kind in ("wired", *data.noise):
            for plan in (False, True):
                seen = planned(host.observations, host.latitude, host.longitude) if plan else host.observations
                cases.append(case(host, seen if kind == "wired" else with_noise(seen, data.noise[kind], dice), kind))
    return cases + [case(host, host.observations, host.access) for host in access]
