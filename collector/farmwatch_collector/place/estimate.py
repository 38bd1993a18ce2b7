"""Where a day's times put the laptop: the city that errs least, among those that light allows.

The city that explains the times best is a poor guess. What a laptop's own line adds looks like distance, and a few slow
routes suit some far city by chance. So the likelihoods are made into weights, as blunt as their overconfidence demands;
cities out of light's reach have none; those far out within the reach of the fastest landmark count less, by how much
calibration learns for each kind of access (`lean`); and the guess is the city from which the others lie nearest on
the average, which is their median on the globe.
"""

from collections.abc import Sequence

import msgspec
import numpy as np

from .evidence import TEMPER, Reading
from .gazetteer import Gazetteer
from .geometry import KM_PER_MS
from .path_model import Floats, PathModel, apart, units
from .types import Observation

#: How much less a city counts at the edge of light's reach from the fastest landmark than beside it, as a logarithm.
LEANS = (0.0, 1.0, 2.0, 3.5, 5.0, 7.0)
#: What is less likely than these parts of the likeliest counts nothing, and is never the guess.
_COUNTS, _PLAUSIBLE = 1e-4, 0.05
#: A laptop is not in a city's middle: added to the average distance before the radius is taken from it.
SUBURBS_KM = 50.0
_ROUNDING_KM = 0.1


class Guess(msgspec.Struct, frozen=True, gc=False):
    """A city of the grid by its number, and how far the truth lies from it on the average, by the weights, km."""

    number: int
    spread_km: float


def guess(model: PathModel, reading: Reading, lean: float) -> Guess | None:
    """Returns the city of the grid that errs least; None where light reaches none of them."""
    inside = np.flatnonzero(reading.reached)
    if not len(inside):
        return None
    value = -TEMPER * reading.behind[inside] - lean * reading.outward[inside]
    share = np.exp(value - value.max())
    inside, share = inside[share > _COUNTS], share[share > _COUNTS]
    spread = model.between[np.ix_(inside, inside)] @ (share / share.sum())
    spread[share < _PLAUSIBLE] = np.inf
    chosen = int(np.argmin(spread))
    return Guess(int(inside[chosen]), float(spread[chosen]))


def reach(measured: Sequence[Observation]) -> Floats:
    """Returns how far from each landmark light gets in its time, its uncertainty added, km."""
    return np.array([KM_PER_MS * each.rtt_ms + each.landmark.uncertainty_km for each in measured])


def beside(measured: Sequence[Observation], cities: Gazetteer) -> int | None:
    """Returns the most populous city of all that light reaches from every landmark; None where there is none.

    For times so short that no city of the grid is left. Tens of milliseconds.
    """
    there = units([each.landmark.latitude for each in measured], [each.landmark.longitude for each in measured])
    far = reach(measured) + _ROUNDING_KM
    nearest = int(np.argmin(far))
    points = units(cities.latitude, cities.longitude)
    near = np.flatnonzero(apart(points, there[[nearest]])[:, 0] <= far[nearest])
    left = near[(apart(points[near], there) <= far).all(axis=1)]
    return int(left[0]) if len(left) else None
