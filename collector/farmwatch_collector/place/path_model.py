"""How long packets take from one place to another on real networks: what was learned, and how well it explains times.

The logarithm of a round-trip time is that of `distance / 100 km + 4 ms`, and on top of it

    mean(distance)     detours and routers: a curve over the logarithm of the distance
    shift(landmark)    how well the landmark is connected, where calibration knows it
    field(place, landmark)  how places near the claim reached landmarks near this one: a Gaussian process over both
                       (kriging), so that a region which goes everywhere by way of another is expected to
    spread(distance)   what is left, correlated within a host and between neighbouring landmarks

An access delay a >= 0, the same to all landmarks, is taken off each time and fitted for each place with a mild prior.
Residuals are cut off and have Student's tails: one odd route is one odd route.
"""

import math
from collections.abc import Sequence
from functools import lru_cache

import msgspec
import numpy as np
from numpy.typing import NDArray

from .gazetteer import Gazetteer
from .geometry import EARTH_KM, KM_PER_MS
from .types import Landmark

Floats = NDArray[np.float64]

#: Time that a round trip takes over no distance at all, ms.
BASE_MS = 4.0
#: Distances at which the curves are learned, km.
KNOTS_KM = (20.0, 150.0, 400.0, 900.0, 2000.0, 4000.0, 8000.0, 16000.0)
#: Access delays that are tried, ms, and the price of each of them in the logarithm of the likelihood.
DELAYS_MS = (0.0, 1.5, 4.0, 8.0, 15.0, 25.0, 40.0, 60.0)
DELAY_PRIOR = 0.1
#: Shares of variance: of the field (everywhere, by landmark), of the host (everywhere, by landmark), of the rest.
FIELD, FIELD_NEAR, HOST, HOST_NEAR, REST = 0.25, 0.25, 0.1, 0.15, 0.25
#: Over which distance the field forgets, km: from place to place, from landmark to landmark.
PLACE_KM, LANDMARK_KM = 2200.0, 2500.0
#: Residuals, in spreads, are cut at these: too fast tells more than too slow. Degrees of freedom of the tails.
TOO_FAST, TOO_SLOW, TAILS = -6.0, 3.5, 6.0
#: Cities that are tried: of so many people, no two nearer than this.
GRID_PEOPLE, GRID_KM = 150_000, 200.0
#: Steps in which the field's uncertainty counts.
_LEVELS = 4
_LEAST_KM, _LEAST_MS = 5.0, 0.05
#: Far more than any list holds: who invents landmarks fills no memory.
_MOST_COLUMNS = 4096


class Paths(msgspec.Struct, frozen=True, kw_only=True):
    """What calibration learned of networks.

    mean, spread  of the logarithm at KNOTS_KM
    shifts        by landmark
    hosts         latitude and longitude of the hosts that taught the field, degrees, rounded to tenths
    landmarks     the same of the landmarks that they measured
    weights       the field's weights, a row a host
    """

    mean: tuple[float, ...]
    spread: tuple[float, ...]
    shifts: dict[str, float]
    hosts: tuple[tuple[float, float], ...]
    landmarks: tuple[tuple[float, float], ...]
    weights: tuple[tuple[float, ...], ...]


def units(latitude: Sequence[float] | Floats, longitude: Sequence[float] | Floats) -> Floats:
    """Returns points in degrees as unit vectors, one a row: a distance is then one multiplication."""
    up, east = np.radians(np.asarray(latitude, float)), np.radians(np.asarray(longitude, float))
    return np.stack([np.cos(up) * np.cos(east), np.cos(up) * np.sin(east), np.sin(up)], axis=-1)


def apart(one: Floats, other: Floats) -> Floats:
    """Returns great-circle distances in km, a row for each of `one`."""
    distances: Floats = EARTH_KM * np.arccos(np.clip(one @ other.T, -1.0, 1.0))
    return distances


def curve(distance_km: Floats, values: Sequence[float]) -> Floats:
    """Returns the curve through `values` at KNOTS_KM."""
    return np.interp(np.log(np.maximum(distance_km, 1.0)), np.log(KNOTS_KM), values)


def base(distance_km: Floats) -> Floats:
    """Returns the logarithm of the time that the mean is counted from."""
    logarithm: Floats = np.log(distance_km / KM_PER_MS + BASE_MS)
    return logarithm


@lru_cache(maxsize=4)
def grid_of(gazetteer: Gazetteer) -> NDArray[np.intp]:
    """Returns the cities that are tried, as numbers of the gazetteer: the most populous of each neighbourhood."""
    large = np.flatnonzero(gazetteer.population >= GRID_PEOPLE)
    points = units(gazetteer.latitude[large], gazetteer.longitude[large])
    nearest = math.cos(GRID_KM / EARTH_KM)
    kept: list[int] = []
    for number in range(len(large)):
        if not kept or float((points[kept] @ points[number]).max()) <= nearest:
            kept.append(number)
    return large[np.array(kept, np.intp)]


class _Column(msgspec.Struct, frozen=True, gc=False):
    """One landmark seen from every city of the grid (as in Tables), and what the field's hosts say of it."""

    distance: Floats
    scale: Floats
    offset: Floats
    pull: Floats


class Tables(msgspec.Struct, frozen=True, gc=False):
    """Places (rows) against landmarks (columns).

    distance  km
    scale     one over the spread of the logarithm of the time
    offset    what that logarithm is expected to be without access delay, in spreads
    levels    how little the field knows of each place
    """

    distance: Floats
    scale: Floats
    offset: Floats
    levels: NDArray[np.intp]


class PathModel:
    """What was learned, laid over a gazetteer; columns of landmarks are computed once. Safe to share by threads."""

    def __init__(self, paths: Paths, gazetteer: Gazetteer) -> None:
        self.paths = paths
        hosts = np.array(paths.hosts, float).reshape(-1, 2)
        self._hosts = units(hosts[:, 0], hosts[:, 1])
        taught = np.array(paths.landmarks, float).reshape(-1, 2)
        self._taught = units(taught[:, 0], taught[:, 1])
        self._weights = np.array(paths.weights, float).reshape(len(hosts), len(taught))
        noise = (HOST + HOST_NEAR / 2) / (FIELD + FIELD_NEAR / 2)
        near = np.exp(-apart(self._hosts, self._hosts) / PLACE_KM)
        self._precision = np.linalg.inv(near + noise * np.eye(len(hosts)))
        cities = grid_of(gazetteer)
        points = units(gazetteer.latitude[cities], gazetteer.longitude[cities])
        levels: NDArray[np.intp] = self._level(np.exp(-apart(points, self._hosts) / PLACE_KM))
        # Places of one level lie together: `fit` takes them in slices.
        order = np.argsort(levels, kind="stable")
        self.cities, self.points, self.levels = cities[order], points[order], levels[order]
        self._pull = np.exp(-apart(self.points, self._hosts) / PLACE_KM)
        #: From city to city of the grid, km: half a million of them, so in half the size.
        self.between = apart(self.points, self.points).astype(np.float32)
        self._columns: dict[Landmark, _Column] = {}

    def _level(self, pull: Floats) -> NDArray[np.intp]:
        """How little the field knows of each place: 0 well known to _LEVELS never seen."""
        known = ((pull @ self._precision) * pull).sum(axis=1)
        levels: NDArray[np.intp] = np.rint(np.clip(1.0 - known, 0.0, 1.0) * _LEVELS).astype(np.intp)
        return levels

    def _column(self, landmark: Landmark) -> _Column:
        found = self._columns.get(landmark)
        if found is None:
            point = units([landmark.latitude], [landmark.longitude])
            near = np.exp(-apart(self._taught, point)[:, 0] / LANDMARK_KM)
            pull: Floats = FIELD * self._weights.sum(axis=1) + FIELD_NEAR * (self._weights @ near)
            distance = np.maximum(apart(self.points, point)[:, 0], _LEAST_KM)
            shift = self.paths.shifts.get(landmark.landmark, 0.0)
            found = _Column(distance, *self._expected(distance, self._pull @ pull, shift), pull)
            if len(self._columns) >= _MOST_COLUMNS:
                self._columns = {}
            self._columns[landmark] = found
        return found

    def _expected(self, distance: Floats, field: Floats, shift: float | Floats) -> tuple[Floats, Floats]:
        scale = 1.0 / curve(distance, self.paths.spread)
        return scale, (base(distance) + curve(distance, self.paths.mean) + shift) * scale + field

    def over(self, landmarks: Sequence[Landmark]) -> Tables:
        """Returns the grid's tables for these landmarks."""
        columns = [self._column(each) for each in landmarks]
        return Tables(
            np.array([each.distance for each in columns]).T,
            np.array([each.scale for each in columns]).T,
            np.array([each.offset for each in columns]).T,
            self.levels,
        )

    def at(self, points: Floats, landmarks: Sequence[Landmark]) -> Tables:
        """Returns the tables of some points, such as claims."""
        pull = np.exp(-apart(points, self._hosts) / PLACE_KM)
        places = units([each.latitude for each in landmarks], [each.longitude for each in landmarks])
        distance = np.maximum(apart(points, places), _LEAST_KM)
        field = pull @ np.array([self._column(each).pull for each in landmarks]).T
        shifts = np.array([self.paths.shifts.get(each.landmark, 0.0) for each in landmarks])
        return Tables(distance, *self._expected(distance, field, shifts), self._level(pull))


class Fit(msgspec.Struct, frozen=True, gc=False):
    """How well each place explains the times: log-likelihood, squared misfit, and the access delay that fits best."""

    likelihood: Floats
    misfit: Floats
    delay_ms: Floats


@lru_cache(maxsize=128)
def _precisions(landmarks: tuple[Landmark, ...]) -> tuple[Floats, Floats]:
    """Precision matrices of the residuals, one a level, and minus half the logarithms of the determinants."""
    places = units([each.latitude for each in landmarks], [each.longitude for each in landmarks])
    near = np.exp(-apart(places, places) / LANDMARK_KM)
    doubt = np.arange(_LEVELS + 1)[:, None, None] / _LEVELS
    covariance = doubt * FIELD + HOST + (doubt * FIELD_NEAR + HOST_NEAR) * near + REST * np.eye(len(landmarks))
    return np.asarray(np.linalg.inv(covariance), np.float64), -0.5 * np.linalg.slogdet(covariance)[1]


def fit(tables: Tables, landmarks: tuple[Landmark, ...], rtt_ms: Floats) -> Fit:
    """Returns the fit of every place of `tables` to the times, each with the access delay that suits it best."""
    order = np.argsort(tables.levels, kind="stable")
    # Landmarks down and places across from here on: the grid's tables lie so in memory, in the order of its levels.
    moved = bool((np.diff(tables.levels) < 0).any())
    levels = tables.levels[order] if moved else tables.levels
    scale, offset = (each.T[:, order] if moved else each.T for each in (tables.scale, tables.offset))
    width, count = scale.shape
    precisions, volumes = _precisions(landmarks)
    ends = np.searchsorted(levels, np.arange(_LEVELS + 2)).tolist()
    slices = [(slice(ends[level], ends[level + 1]), level) for level in range(_LEVELS + 1)]
    constant = np.log(scale).sum(axis=0) + volumes[levels]
    likelihood, misfit, delay = np.full(count, -np.inf), np.zeros(count), np.zeros(count)
    squared = np.empty(count)
    least = float(rtt_ms.min())
    for tried in DELAYS_MS:
        if tried and tried >= 0.95 * least:
            break
        logarithm = np.log(np.maximum(rtt_ms - tried, _LEAST_MS))
        residual = scale * logarithm[:, None]
        residual -= offset
        np.minimum(residual, TOO_SLOW, out=residual)
        np.maximum(residual, TOO_FAST, out=residual)
        for part, level in slices:
            if part.start < part.stop:
                weighed = precisions[level] @ residual[:, part]
                weighed *= residual[:, part]
                weighed.sum(axis=0, out=squared[part])
        value = constant - 0.5 * (TAILS + width) * np.log1p(squared / TAILS)
        value -= DELAY_PRIOR * tried + float(logarithm.sum())
        better = value > likelihood
        likelihood[better], misfit[better], delay[better] = value[better], squared[better], tried
    if not moved:
        return Fit(likelihood, misfit, delay)
    back = np.argsort(order)
    return Fit(likelihood[back], misfit[back], delay[back])
