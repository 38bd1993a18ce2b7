"""How likely a sum over days is when one side's days are shuffled among themselves. Pure figures, exact moments.

Days are shuffled inside blocks only. With m[i, j] what day i of one and day j of the other give together, the sum over
days of a shuffled block has known moments (Hoeffding 1951, A combinatorial central limit theorem); d is m with its row
and column means taken out and its mean put back, n the days of the block:

    mean      sum m / n
    variance  sum d^2 / (n - 1)
    third     sum d^3 * n / ((n - 1) (n - 2))

Blocks are independent, so their moments add up. Nothing is drawn: the same days give the same figure on any machine.
"""

from math import erfc, exp, lgamma, log, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

#: No tail of a fitted curve is believed beyond this.
LEAST = 1e-7

#: Below so little skewness the normal curve is as good, and quicker.
_STRAIGHT = 0.02
_STEPS = 10_000


class Moments(NamedTuple):
    """Of the sums of many pairs, each an array of one shape.

    seen      the sum as it was
    mean, variance, third  of the shuffled sums, the latter two about the mean
    ways      natural logarithm of the number of orders that were as likely
    """

    seen: Floats
    mean: Floats
    variance: Floats
    third: Floats
    ways: Floats

    def with_block(self, other: "Moments") -> "Moments":
        """Returns the moments of two blocks together: they are independent."""
        return Moments(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


def moments(m: Floats, common: Bools) -> Moments:
    """Returns the moments of one block.

    m       [..., day, day]: what a day of the one and a day of the other give together
    common  [..., day]: days that are known of both; the others are left out
    """
    both = common[..., :, None] & common[..., None, :]
    m = np.where(both, m, 0.0)
    n = common.sum(axis=-1).astype(np.float64)
    some = np.maximum(n, 1.0)
    rows, columns = m.sum(axis=-1) / some[..., None], m.sum(axis=-2) / some[..., None]
    mean = m.sum(axis=(-1, -2)) / some
    d = np.where(both, m - rows[..., :, None] - columns[..., None, :] + (mean / some)[..., None, None], 0.0)
    squares = d * d
    factorials = np.array([lgamma(days + 1.0) for days in range(common.shape[-1] + 1)])
    return Moments(
        seen=np.trace(m, axis1=-2, axis2=-1),
        mean=mean,
        variance=np.where(n >= 2, squares.sum(axis=(-1, -2)) / np.maximum(n - 1, 1.0), 0.0),
        third=np.where(n >= 3, (squares * d).sum(axis=(-1, -2)) * n / np.maximum((n - 1) * (n - 2), 1.0), 0.0),
        ways=factorials[common.sum(axis=-1)],
    )


def deviations(sums: Moments, step: float = 1.0) -> Floats:
    """Returns by how many standard deviations each sum exceeds its mean, half a step of counting taken off.

    0 where shuffling changes nothing.
    """
    spread = np.sqrt(np.maximum(sums.variance, 0.0))
    return np.where(spread > 1e-9, (sums.seen - step / 2 - sums.mean) / np.maximum(spread, 1e-9), 0.0)


def tail(deviation: float, skewness: float) -> float:
    """Returns the share of shuffled sums that exceed their mean by so many standard deviations, by what is more.

    The normal curve, or the gamma curve of this skewness (Pearson type III) where sums are skewed to the right.
    """
    normal = 0.5 * erfc(deviation / sqrt(2.0))
    if skewness <= _STRAIGHT or deviation <= 0:
        return max(normal, LEAST)
    shape = 4.0 / (skewness * skewness)
    return max(normal, _upper_gamma(shape, shape + deviation * sqrt(shape)), LEAST)


def _upper_gamma(a: float, x: float) -> float:
    """Returns Q(a, x), the regularised upper incomplete gamma function, for x > a.

    Continued fraction of DLMF 8.9.2, evaluated by Lentz's method.
    """
    tiny = 1e-300
    b = x + 1.0 - a
    c, d = 1.0 / tiny, 1.0 / (b or tiny)
    fraction = d
    for step in range(1, _STEPS):
        factor = step * (a - step)
        b += 2.0
        d = 1.0 / ((factor * d + b) or tiny)
        c = (b + factor / c) or tiny
        fraction *= c * d
        if abs(c * d - 1.0) < 1e-12:
            break
    return min(1.0, max(0.0, fraction * exp(a * log(x) - x - lgamma(a))))
