"""Qn against its definition and its promises."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redan.stats.robust import qn


@settings(max_examples=80, deadline=None)
@given(st.lists(st.integers(-50, 50), min_size=2, max_size=25))
def test_it_is_an_order_statistic_of_all_distances(values):
    """A naive twin sorts all pairwise distances."""
    n = len(values)
    half = n // 2 + 1
    distances = sorted(abs(a - b) for a, b in itertools.combinations(values, 2))
    small = {2: 0.399, 3: 0.994, 4: 0.512, 5: 0.844, 6: 0.611, 7: 0.857, 8: 0.669, 9: 0.872}
    factor = small.get(n, n / (n + (1.4 if n % 2 else 3.8)))
    assert qn(values) == pytest.approx(2.2219 * factor * distances[half * (half - 1) // 2 - 1])


@pytest.mark.parametrize("n", [5, 8, 20, 61, 3000])
def test_it_estimates_the_standard_deviation_of_normal_values(n):
    """On average within 4 % for samples of five to thousands."""
    rng = np.random.default_rng(0)
    assert np.mean([qn(rng.normal(0, 3, n)) for _ in range(400 if n < 100 else 5)]) == pytest.approx(3, rel=0.05)


def test_four_of_ten_outliers_do_not_bend_it():
    """With 40 % of the values a thousand away, the spread stays below three times its own."""
    rng = np.random.default_rng(1)
    values = np.concatenate([rng.normal(0, 1, 60), rng.normal(1000, 1, 40)])
    assert 0.5 < qn(values) < 3
    assert qn([1.0]) == 0.0
