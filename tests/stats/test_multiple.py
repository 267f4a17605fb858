"""Corrections for many tests: SciPy's figures, Holm's own procedure, and the error rates they promise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from redan.stats.multiple import benjamini_hochberg, holm

P_VALUES = st.lists(st.floats(0, 1), max_size=30)


@given(P_VALUES)
def test_benjamini_hochberg_is_scipys(p_values):
    """The adjusted p-values are SciPy's."""
    expected = false_discovery_control(p_values) if p_values else []
    assert benjamini_hochberg(p_values) == pytest.approx(expected)


@given(P_VALUES, st.floats(0.001, 0.5))
def test_holm_rejects_as_the_procedure_does(p_values, alpha):
    """The smallest p-value is compared with alpha / m, the next with alpha / (m - 1), until one is not rejected."""
    order, rejected = sorted(range(len(p_values)), key=lambda i: p_values[i]), set()
    for rank, i in enumerate(order):
        if p_values[i] * (len(p_values) - rank) > alpha:
            break
        rejected.add(i)
    assert {i for i, p in enumerate(holm(p_values)) if p <= alpha} == rejected


def test_holm_keeps_the_family_wise_error():
    """With no effect anywhere, at most one family in twenty has an alarm."""
    rng = np.random.default_rng(3)
    alarms = [holm(rng.random(20)).min() <= 0.05 for _ in range(4000)]
    assert 0.03 < np.mean(alarms) < 0.06


def test_outside_is_refused():
    """What is no probability is no p-value."""
    with pytest.raises(ValueError, match="between 0 and 1"):
        holm([0.5, np.nan])
