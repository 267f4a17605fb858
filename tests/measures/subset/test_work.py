"""The attacker's work: enough accounts reach the share, one fewer does not, and loud accounts make it cheap."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redan.errors import IncompleteError
from redan.measures.subset import attackers_work


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=80), st.floats(0.01, 0.6))
def test_everything_used_is_arithmetic(rows, share):
    """Without a draw the accounts are the fewest that bring the share."""
    found = attackers_work(rows, share=share)
    whole, most = sum(rows), max(rows)
    assert found.accounts * most / (whole + found.accounts * most) >= share - 1e-9
    fewer = (found.accounts - 1) * most
    assert fewer / (whole + fewer) < share


def test_simulated_attacks_succeed_half_of_the_time():
    """Rows sent as estimated reach the share in 40 to 60 of 100 simulated draws."""
    rng = np.random.default_rng(0)
    pool = [10] * 300
    found = attackers_work(pool, 600)
    wanted = int(np.ceil(0.05 * 600))
    hits = np.mean(rng.hypergeometric(found.rows, sum(pool), 600, 4000) >= wanted)
    assert 0.45 <= hits <= 0.62
    assert found.interval.low <= found.accounts <= found.interval.high
    assert found.factor == 5


def test_one_loud_account_makes_it_cheap_and_a_cap_dear():
    """An account with a tenth of all rows needs one friend; capped at the usual it needs many."""
    rows = [10] * 200 + [220]
    assert attackers_work(rows, 500).accounts == 1
    assert attackers_work(rows, 500, cap=10).accounts >= 10


def test_nobody_is_no_community():
    """No contributor, and shares out of range, are refused."""
    with pytest.raises(IncompleteError):
        attackers_work([])
    with pytest.raises(ValueError, match="share"):
        attackers_work([1], share=1.0)
