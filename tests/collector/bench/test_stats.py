"""Intervals and quantiles, against published values."""

import math

import pytest

from farmwatch_collector.bench.stats import poisson_interval, quantile, wilson


# Exact limits for a Poisson mean: Garwood 1936, as in the tables of Pearson and Hartley (95 %).
@pytest.mark.parametrize(
    ("count", "low", "high"), [(0, 0.0, 3.689), (1, 0.0253, 5.572), (5, 1.623, 11.668), (10, 4.795, 18.390)]
)
def test_the_poisson_interval_is_garwoods(count: int, low: float, high: float) -> None:
    assert poisson_interval(count) == pytest.approx((low, high), abs=6e-4)


# Newcombe, Statistics in Medicine 17 (1998), p. 857, table I, method 3: score without continuity correction.
@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_of_a_share_is_wilsons(hits: int, n: int, low: float, high: float) -> None:
    assert wilson(hits, n) == pytest.approx((low, high), abs=5e-5)


def test_of_nothing_nothing_is_known() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    assert quantile([], 0.5) is None


def test_what_never_came_makes_a_late_quantile_never() -> None:
    hours = [0.0, 1.0, 2.0, math.inf]
    assert quantile(hours, 0.5) == 1.0
    assert quantile(hours, 0.75) == 2.0
    assert quantile(hours, 0.9) is None
