"""Learns path models and scores from claims that are known to be true. NumPy, a few seconds for a hundred hosts."""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from .path_model import (
    FIELD,
    FIELD_NEAR,
    HOST,
    HOST_NEAR,
    KNOTS_KM,
    LANDMARK_KM,
    PLACE_KM,
    REST,
    Floats,
    Paths,
    apart,
    base,
    curve,
    units,
)
from .types import Landmark, Observation

#: Landmarks and hosts that a model is learned from, at most: more add little and cost the cube.
MOST_LANDMARKS, MOST_HOSTS = 64, 200
#: Times that the field is learned from, at most, drawn by lot: it is smooth, and its cost is the cube of these.
MOST_TIMES = 3400
#: Pull of the landmarks' shifts, of the curve's ends and of its bends towards nothing.
_RIDGE_SHIFT, _RIDGE_MEAN, _RIDGE_BEND = 8.0, 0.5, 3.0
_ROUNDS, _USUAL_SPREAD, _HUBER, _CUT = 6, 0.3, 2.0, 4.0
_LEAST_KM = 5.0


class Taught(msgspec.Struct, frozen=True):
    """A host whose place is known, and its times."""

    latitude: float
    longitude: float
    observations: tuple[Observation, ...]


def learn_paths(hosts: Sequence[Taught]) -> Paths:
    """Returns the model of these hosts; the widest heard landmarks count, and the hosts that heard most."""
    hosts = sorted(hosts, key=lambda host: -len(host.observations))[:MOST_HOSTS]
    landmarks = _widest(hosts)
    times = np.full((len(hosts), len(landmarks)), np.nan)
    column = {landmark.landmark: number for number, landmark in enumerate(landmarks)}
    for row, host in enumerate(hosts):
        for each in host.observations:
            if each.landmark.landmark in column:
                times[row, column[each.landmark.landmark]] = each.rtt_ms
    here = units([host.latitude for host in hosts], [host.longitude for host in hosts])
    there = units([each.latitude for each in landmarks], [each.longitude for each in landmarks])
    distance = np.maximum(apart(here, there), _LEAST_KM)
    mean, spread, shifts, residual = _curves(times, distance)
    weights = _field(residual, here, there)
    return Paths(
        mean=_rounded(mean),
        spread=_rounded(spread),
        shifts={each.landmark: round(float(shift), 3) for each, shift in zip(landmarks, shifts, strict=True)},
        # Tenths of a degree: what the field needs, and no host's address.
        hosts=tuple((round(host.latitude, 1), round(host.longitude, 1)) for host in hosts),
        landmarks=tuple((round(each.latitude, 1), round(each.longitude, 1)) for each in landmarks),
        weights=tuple(_rounded(row) for row in weights),
    )


def _rounded(values: Floats) -> tuple[float, ...]:
    return tuple(round(float(each), 3) for each in values)


def _widest(hosts: Sequence[Taught]) -> list[Landmark]:
    heard: dict[str, tuple[int, Landmark]] = {}
    for host in hosts:
        for each in host.observations:
            times, _ = heard.get(each.landmark.landmark, (0, each.landmark))
            heard[each.landmark.landmark] = (times + 1, each.landmark)
    ranked = sorted(heard.values(), key=lambda pair: (-pair[0], pair[1].landmark))
    return [landmark for _, landmark in ranked[:MOST_LANDMARKS]]


def _curves(times: Floats, distance: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Returns mean, spread, shifts and the standardised residuals (nan where nothing was measured): robust ridge."""
    rows, columns = np.nonzero(np.isfinite(times))
    away = distance[rows, columns]
    target = np.log(times[rows, columns]) - base(away)
    knots, width = np.log(KNOTS_KM), len(KNOTS_KM)
    place = np.clip(np.log(away), knots[0], knots[-1])
    left = np.clip(np.searchsorted(knots, place) - 1, 0, width - 2)
    part = (place - knots[left]) / (knots[left + 1] - knots[left])
    design = np.zeros((len(rows), width + times.shape[1]))
    every = np.arange(len(rows))
    design[every, left], design[every, left + 1] = 1 - part, part
    design[every, width + columns] = 1.0
    penalty = np.diag(np.r_[np.full(width, _RIDGE_MEAN), np.full(times.shape[1], _RIDGE_SHIFT)])
    for first in range(width - 2):
        bend = np.zeros(len(penalty))
        bend[first : first + 3] = 1, -2, 1
        penalty += _RIDGE_BEND * np.outer(bend, bend)
    nearness = [np.exp(-0.5 * ((np.log(away) - knot) / 0.5) ** 2) + 1e-9 for knot in knots]
    trust, scatter = np.ones(len(rows)), np.full(len(rows), _USUAL_SPREAD)
    learned, residual, spread = np.zeros(len(penalty)), target, np.full(width, _USUAL_SPREAD)
    for _ in range(_ROUNDS):
        weight = trust / (scatter / _USUAL_SPREAD) ** 2
        learned = np.linalg.solve(design.T @ (design * weight[:, None]) + penalty, design.T @ (weight * target))
        residual = target - design @ learned
        # 1.25 times the mean deviation is a normal's spread. Never nothing: equal times of a tiny set are no certainty.
        spread = np.array([max(0.05, 1.25 * float(np.average(np.abs(residual), weights=near))) for near in nearness])
        scatter = curve(away, tuple(spread))
        trust = np.minimum(1.0, _HUBER / np.maximum(np.abs(residual / scatter), 1e-9))
    standard = np.full(times.shape, np.nan)
    standard[rows, columns] = np.clip(residual / scatter, -_CUT, _CUT)
    return learned[:width], spread, learned[width:], standard


def _field(residual: Floats, here: Floats, there: Floats) -> Floats:
    """Returns the weights of the Gaussian process: its covariance's inverse times the residuals."""
    rows, columns = np.nonzero(np.isfinite(residual))
    if len(rows) > MOST_TIMES:
        chosen = np.sort(np.random.default_rng(0).choice(len(rows), MOST_TIMES, replace=False))
        rows, columns = rows[chosen], columns[chosen]
    near = np.exp(-apart(there, there) / LANDMARK_KM)[np.ix_(columns, columns)]
    places = np.exp(-apart(here, here) / PLACE_KM)[np.ix_(rows, rows)]
    covariance = places * (FIELD + FIELD_NEAR * near)
    covariance += (rows[:, None] == rows[None, :]) * (HOST + HOST_NEAR * near)
    covariance[np.diag_indices(len(rows))] += REST
    weights = np.zeros(residual.shape)
    weights[rows, columns] = np.linalg.solve(covariance, residual[rows, columns])
    return weights


class Weights(msgspec.Struct, frozen=True):
    """A logistic score over standardised inputs: `intercept + sum(weight * (input - centre) / scale)`."""

    intercept: float
    weight: tuple[float, ...]
    centre: tuple[float, ...]
    scale: tuple[float, ...]

    def score(self, inputs: Floats) -> Floats:
        """Returns the score of each row; the higher, the less the times suit the claim."""
        standard = (inputs - np.array(self.centre)) / np.array(self.scale)
        value: Floats = self.intercept + standard @ np.array(self.weight)
        return value


#: Pull of the score's weights towards nothing: a hundred true claims carry few decisions.
_RIDGE_SCORE = 10.0


def learn_weights(true: Floats, false: Floats) -> Weights:
    """Returns the score that parts true claims from false ones, both counting alike."""
    inputs = np.concatenate([true, false])
    wrong: NDArray[np.float64] = np.r_[np.zeros(len(true)), np.ones(len(false))]
    counts = np.r_[np.ones(len(true)), np.full(len(false), len(true) / len(false))]
    centre, scale = inputs.mean(axis=0), inputs.std(axis=0)
    scale = np.where(scale < 1e-6, 1.0, scale)  # the same in all claims: it tells nothing, and divides by nothing
    design = np.c_[np.ones(len(inputs)), (inputs - centre) / scale]
    penalty = np.diag(np.r_[1e-6, np.full(inputs.shape[1], _RIDGE_SCORE)])
    learned = np.zeros(design.shape[1])
    for _ in range(50):
        share = 1 / (1 + np.exp(-np.clip(design @ learned, -30, 30)))
        curvature = design.T @ (design * (counts * share * (1 - share) + 1e-6)[:, None]) + penalty
        step = np.linalg.solve(curvature, design.T @ (counts * (wrong - share)) - penalty @ learned)
        learned = learned + step
        if float(np.abs(step).max()) < 1e-6:
            break
    return Weights(
        round(float(learned[0]), 4),
        tuple(round(float(each), 4) for each in learned[1:]),
        tuple(round(float(each), 4) for each in centre),
        tuple(round(float(each), 6) for each in scale),
    )
