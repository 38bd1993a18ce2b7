"""Intervals of shares and rates, and quantiles, with nothing but the standard library."""

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist

_Z = NormalDist().inv_cdf(0.975)


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Returns the 95 % score interval of a share (Wilson, JASA 22, 1927, p. 209); (0, 1) of nothing."""
    if n == 0:
        return 0.0, 1.0
    share = hits / n
    middle = share + _Z**2 / (2 * n)
    spread = _Z * math.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    scale = 1 + _Z**2 / n
    low = 0.0 if hits == 0 else max(0.0, (middle - spread) / scale)
    high = 1.0 if hits == n else min(1.0, (middle + spread) / scale)
    return low, high


def poisson_interval(count: int) -> tuple[float, float]:
    """Returns the exact 95 % interval of a Poisson mean after `count` events (Garwood, Biometrika 28, 1936, p. 437)."""
    low = 0.0 if count == 0 else _mean_where(lambda mean: 1 - _at_most(count - 1, mean), 0.025, count)
    high = _mean_where(lambda mean: 1 - _at_most(count, mean), 0.975, count)
    return low, high


def _at_most(count: int, mean: float) -> float:
    """P(X <= count) of a Poisson variable, in logarithms so that large counts do not vanish."""
    if mean <= 0:
        return 1.0
    return min(1.0, math.fsum(math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(count + 1)))


def _mean_where(rising: Callable[[float], float], wanted: float, count: int) -> float:
    low, high = 0.0, count + 10 * math.sqrt(count + 1) + 10
    for _ in range(100):
        middle = (low + high) / 2
        if rising(middle) < wanted:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def quantile(values: Sequence[float], share: float) -> float | None:
    """Returns the smallest value that at least `share` of all do not exceed; None of nothing.

    Values may be infinite, for what never came: the answer is None as well when it is one of them.
    """
    if not values:
        return None
    found = sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
    return None if math.isinf(found) else found
