"""The chance of shuffled days: exact moments against every order, the tail against curves that can be written down."""

from itertools import permutations
from math import exp, factorial, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farmwatch_collector.farms.chance import LEAST, deviations, moments, tail

SQUARE = st.integers(3, 5).flatmap(
    lambda n: st.lists(st.lists(st.integers(-3, 6), min_size=n, max_size=n), min_size=n, max_size=n)
)


@settings(max_examples=60, deadline=None)
@given(SQUARE)
def test_moments_are_those_of_every_order_of_the_days(rows: list[list[int]]) -> None:
    m, n = np.array(rows, dtype=np.float64), len(rows)
    sums = np.array([sum(m[day, order[day]] for day in range(n)) for order in permutations(range(n))])
    found = moments(m, np.ones(n, dtype=np.bool_))
    assert float(found.seen) == pytest.approx(sums[0])
    assert float(found.mean) == pytest.approx(sums.mean())
    assert float(found.variance) == pytest.approx(((sums - sums.mean()) ** 2).mean(), abs=1e-9)
    assert float(found.third) == pytest.approx(((sums - sums.mean()) ** 3).mean(), abs=1e-6)
    assert float(found.ways) == pytest.approx(log(factorial(n)))


def test_a_day_that_is_not_known_of_both_is_left_out_and_not_taken_for_nothing() -> None:
    m = np.array([[3.0, 1.0, 9.0], [0.0, 2.0, 9.0], [9.0, 9.0, 9.0]])
    found = moments(m, np.array([True, True, False]))
    # Orders of the two known days: 3 + 2 and 1 + 0.
    assert (float(found.seen), float(found.mean), float(found.variance)) == (5.0, 3.0, 4.0)
    assert float(found.ways) == pytest.approx(log(2))


def test_two_blocks_together_are_shuffled_apart() -> None:
    m = np.array([[1.0, 0.0], [0.0, 1.0]])  # 2 as it was, 0 the other way: mean 1, variance 1
    one = moments(m, np.ones(2, dtype=np.bool_))
    both = one.with_block(one)
    assert (float(both.mean), float(both.variance)) == (2.0, 2.0)
    assert float(both.ways) == pytest.approx(log(4))


def test_days_that_are_all_alike_deviate_by_nothing() -> None:
    found = moments(np.ones((4, 4)), np.ones(4, dtype=np.bool_))
    assert float(deviations(found)) == 0.0


def test_without_skewness_the_tail_is_the_normal_curves() -> None:
    # Two-sided 5 % and 1 % points of any table of the normal distribution.
    assert tail(1.959964, 0.0) == pytest.approx(0.025, rel=1e-5)
    assert tail(2.575829, -1.0) == pytest.approx(0.005, rel=1e-5)


@pytest.mark.parametrize("deviation", [2.0, 3.0, 8.0])
def test_with_skewness_two_the_tail_is_the_exponential_curves(deviation: float) -> None:
    # A gamma curve of shape 1 has skewness 2 / sqrt(1), mean 1 and deviation 1: P(X > 1 + z) = exp(-(1 + z)).
    assert tail(deviation, 2.0) == pytest.approx(exp(-1.0 - deviation), rel=1e-9)


def test_with_skewness_one_the_tail_is_a_sum_of_four_terms() -> None:
    # Shape 4, mean 4, deviation 2: P(X > x) = exp(-x) (1 + x + x^2 / 2 + x^3 / 6), at x = 4 + 2 * 3 = 10.
    assert tail(3.0, 1.0) == pytest.approx(exp(-10) * (1 + 10 + 50 + 1000 / 6), rel=1e-9)


def test_no_tail_is_believed_beyond_one_in_ten_million() -> None:
    assert tail(50.0, 0.0) == tail(50.0, 0.5) == LEAST
