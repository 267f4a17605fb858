"""Random draws of rows and of people are believed, chosen places and smuggled rows are not."""

import numpy as np
import pytest

from redan.defences.sampling import fair_sample
from redan.errors import IncompleteError
from redan.measures.subset import drawn_at_random, order_test


def named(counts):
    return {f"u{i}": int(c) for i, c in enumerate(counts) if c}


def pool(rng, people=150):
    return rng.negative_binomial(1, 0.12, people) + 1


@pytest.mark.parametrize("kind", ["rows", "people", "capped", "fair"])
def test_honest_draws_are_believed(kind):
    """At 1 % each for spread and favour, at most 3 of 50 draws by chance are doubted."""
    doubted = 0
    for seed in range(50):
        rng = np.random.default_rng(seed)
        m = pool(rng)
        who = np.repeat(np.arange(len(m)), m)
        if kind == "rows":
            k = rng.multivariate_hypergeometric(m, int(m.sum() // 3))
        elif kind == "people":
            k = np.where(rng.permutation(len(m)) < 50, m, 0)
        else:
            taken = fair_sample(
                len(who), int(m.sum() // 4), rng=rng, contributors=who, cap=6 if kind == "capped" else None
            )
            k = np.bincount(who[taken], minlength=len(m))
        doubted += not drawn_at_random(named(k), named(m), rng).random
    assert doubted <= 3


def test_the_p_value_is_uniform_for_random_draws():
    """Draws of rows reach 5 % in about one of twenty."""
    low = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        m = pool(rng, 60)
        low += (
            drawn_at_random(named(rng.multivariate_hypergeometric(m, int(m.sum() // 2))), named(m), rng).p_value <= 0.05
        )
    assert low <= 20


def test_contributors_with_all_their_rows_are_named():
    """Ten of 150 who landed with every row are found among the favoured."""
    rng = np.random.default_rng(1)
    m = pool(rng) + 10
    k = rng.multivariate_hypergeometric(m, int(m.sum() // 4))
    k[:10] = m[:10]
    found = drawn_at_random(named(k), named(m), rng)
    assert not found.random
    assert {f"u{i}" for i in range(10)} <= {name for name, _, _ in found.favoured}


def test_the_whole_pool_and_strangers_are_no_draw():
    """Everything, and rows that the pool does not have, are told."""
    rng = np.random.default_rng(2)
    m = pool(rng)
    assert not drawn_at_random(named(m), named(m), rng).random
    k = rng.multivariate_hypergeometric(m, int(m.sum() // 3))
    found = drawn_at_random({**named(k), "stranger": 7}, named(m), rng)
    assert (found.foreign, found.random) == (7, False)


def test_busy_people_preferred_is_told():
    """A draw of people that takes the busiest is no random draw of people."""
    rng = np.random.default_rng(3)
    m = pool(rng) + rng.integers(0, 3, 150)
    chosen = np.argsort(m)[-50:]
    k = np.zeros_like(m)
    k[chosen] = m[chosen]
    assert not drawn_at_random(named(k), named(m), rng).random


def test_little_is_refused():
    """A dozen rows, or a handful of people, tell nothing."""
    rng = np.random.default_rng(0)
    for k, m in (([1] * 10, [5] * 100), ([5] * 10, [9] * 10)):
        with pytest.raises(IncompleteError, match="too small"):
            drawn_at_random(named(k), named(m), rng)


def test_ranks_of_a_draw_have_their_level():
    """Random choices within strata reach 5 % in about one of twenty, in a subset and in two independent samples."""
    for together in (True, False):
        low = 0
        for seed in range(200):
            rng = np.random.default_rng(seed)
            strata = rng.integers(0, 12, 600)
            times = rng.normal(strata, 1)
            some = rng.choice(600, 150, replace=False)
            other = rng.normal(fresh := rng.integers(0, 12, 150), 1)
            taken, own = (times[some], strata[some]) if together else (other, fresh)
            low += order_test(times, taken, strata, own, all_rows=together).p_value <= 0.05
        assert low <= 20


def test_nothing_to_choose_gives_no_answer():
    """One row per stratum, all rows chosen, or all rows at one time."""
    ones, codes = np.arange(20.0), np.arange(20)
    assert order_test(ones, ones, codes, codes) is None
    assert order_test(ones, ones, codes * 0, codes * 0) is None
    assert order_test(ones * 0, ones[:5] * 0, codes * 0, codes[:5] * 0) is None
