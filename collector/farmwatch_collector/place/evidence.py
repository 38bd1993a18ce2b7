"""What one day's times say of claims, as numbers: the inputs of the one score that decides."""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from .geometry import KM_PER_MS
from .path_model import Floats, PathModel, apart, fit
from .types import Landmark, Observation

#: Nearly no real route is faster: RIPE Atlas's "safe" 153,000 km/s (zackw/active-geolocator), km per ms of round trip.
FAST_KM_PER_MS = 76.5
#: What a real network needs at least beyond its own floor, ms per ms of light: 1.6 times light in fibre.
DETOUR = 1.6
#: Landmarks nearest the claim that `excess` looks at.
NEAREST = 5
#: The likelihoods of many landmarks are overconfident: they count for this part when places are weighed.
TEMPER = 0.5

#: Inputs of the score, in the order of `Weights`.
INPUTS = (
    "likelihood", "misfit", "light", "margin", "excess", "elsewhere_km", "landmarks", "least_ms", "nearest_km",
)  # fmt: skip


class Reading(msgspec.Struct, frozen=True, gc=False):
    """What a day's times say of some claims, a row a claim.

    inputs      of the score, transformed (INPUTS)
    light_km    by how much light in fibre is too slow for each landmark, uncertainty and claim's radius taken off
    distance    km to each landmark
    margin_km   second largest excess over FAST_KM_PER_MS
    ratio       best place's log-likelihood over the claim's
    excess_ms   least slowness among the landmarks near the claim
    least_ms    shortest time of all
    evenness    spread of the residuals at the claim
    best        number of the grid's city that fits best; light may rule it out
    weights     of the grid's cities, summing to 1
    behind      log-likelihood of each city of the grid below that of the best
    reached     cities of the grid that light reaches in the times to all landmarks
    outward     each city of the grid: how far from the landmark of the shortest time, in parts of light's reach in it
    """

    inputs: Floats
    light_km: Floats
    distance: Floats
    margin_km: Floats
    ratio: Floats
    excess_ms: Floats
    least_ms: float
    evenness: Floats
    best: int
    weights: Floats
    behind: Floats
    reached: NDArray[np.bool_]
    outward: Floats


def read(model: PathModel, observations: Sequence[Observation], points: Floats, radius_km: float | Floats) -> Reading:
    """Returns what the times say of claims at `points` (unit vectors); at least one observation is needed."""
    landmarks: tuple[Landmark, ...] = tuple(each.landmark for each in observations)
    rtt = np.array([each.rtt_ms for each in observations], float)
    uncertainty = np.array([each.uncertainty_km for each in landmarks], float)
    cities = model.over(landmarks)
    grid = fit(cities, landmarks, rtt)
    tables = model.at(points, landmarks)
    claims = fit(tables, landmarks, rtt)
    best = int(np.argmax(grid.likelihood))
    behind = grid.likelihood[best] - grid.likelihood
    weights = np.exp(-np.minimum(TEMPER * behind, 50.0))
    weights /= weights.sum()
    ratio = np.maximum(grid.likelihood[best] - claims.likelihood, 0.0)
    misfit = np.maximum(claims.misfit - grid.misfit[best], 0.0)
    distance = tables.distance
    light = distance - KM_PER_MS * rtt - uncertainty - np.reshape(radius_km, (-1, 1))
    margins = np.sort(distance - FAST_KM_PER_MS * rtt, axis=1)
    near = np.argsort(distance, axis=1)[:, :NEAREST]
    excess = rtt[near] - rtt.min() - DETOUR * np.take_along_axis(distance, near, axis=1) / KM_PER_MS
    slowest = excess.min(axis=1)
    elsewhere = apart(points, model.points) @ weights
    fastest = int(np.argmin(rtt))
    residual = np.log(rtt) * tables.scale - tables.offset
    inputs = np.stack(
        [
            np.log1p(ratio),
            np.log1p(misfit),
            np.tanh(light.max(axis=1) / 1000.0),
            np.tanh(margins[:, -1] / 1000.0),
            slowest / 30.0,
            np.log(elsewhere + 100.0),
            np.full(len(points), np.log(len(rtt))),
            np.full(len(points), np.log(rtt.min() + 5.0)),
            np.log(distance.min(axis=1) + 100.0),
        ],
        axis=1,
    )
    return Reading(
        inputs, light, distance, margins[:, -min(2, len(rtt))], ratio, slowest, float(rtt.min()), residual.std(axis=1),
        best, weights, behind, (cities.distance <= KM_PER_MS * rtt + uncertainty).all(axis=1),
        cities.distance[:, fastest] / (KM_PER_MS * rtt[fastest]),
    )  # fmt: skip
