"""Kernel and classifier tests: twins, peers, levels, and regions judged on rows that did not choose them."""

import numpy as np
import pandas as pd
import pytest

from redan.errors import MissingExtraError
from redan.measures.drift import classifier_two_sample, mmd, shift
from redan.measures.drift.kernel import _kernel, _ranked, _widths
from redan.measures.drift.witness import halves, judged
from redan.stats.moved import difference_at_least


def test_mmd_is_its_definition():
    """The matrix form is the double sum of Gretton's Lemma 6 over all pairs."""
    rng = np.random.default_rng(1)
    left, right = rng.normal(size=(15, 2)), rng.normal(0.5, 1, (11, 2))
    a, b = _ranked(left, right)
    widths = _widths(a)

    def pairs(x, y, same):
        return [
            _kernel(x[i : i + 1], y[j : j + 1], widths)[0, 0]
            for i in range(len(x))
            for j in range(len(y))
            if not (same and i == j)
        ]

    naive = np.mean(pairs(a, a, True)) + np.mean(pairs(b, b, True)) - 2 * np.mean(pairs(a, b, False))
    assert mmd(left, right, rng=rng).value == pytest.approx(naive, abs=1e-9)


def test_mmd_keeps_its_level_and_finds_a_turned_correlation():
    """p is at most 0.05 in about 5 % of quiet pairs, and small where only the correlation changed."""
    rng = np.random.default_rng(2)
    found = [mmd(rng.normal(size=(40, 2)), rng.normal(size=(60, 2)), rng=rng).p for _ in range(150)]
    assert np.mean(np.array(found) <= 0.05) <= 0.05 + 2.5 * np.sqrt(0.05 * 0.95 / 150)
    x = rng.normal(size=(600, 1))
    plain, turned = np.hstack([x, 0.9 * x + 0.4 * rng.normal(size=(600, 1))]), rng.normal(size=(600, 1))
    turned = np.hstack([turned, -0.9 * turned + 0.4 * rng.normal(size=(600, 1))])
    assert mmd(plain, turned, rng=rng).p <= 0.005


@pytest.mark.parametrize(("n", "m"), [(1, 5), (0, 0), (3, 1)])
def test_mmd_of_next_to_nothing(n, m):
    """Without pairs there is no evidence."""
    assert mmd(np.zeros((n, 2)), np.ones((m, 2)), rng=np.random.default_rng(0)).p == 1


def test_mmd_needs_the_same_columns():
    """Other columns are an error of the caller; missing values are not."""
    rng = np.random.default_rng(3)
    with pytest.raises(ValueError, match="same columns"):
        mmd(np.zeros((5, 2)), np.zeros((5, 3)), rng=rng)
    holes = np.where(rng.random((80, 3)) < 0.2, np.nan, rng.normal(size=(80, 3)))
    assert 0 < mmd(holes, holes[::-1], rng=rng).p <= 1


def test_classifier_guesses_where_nothing_changed():
    """On quiet pairs the accuracy covers one half and p keeps its level."""
    rng = np.random.default_rng(4)
    found = [classifier_two_sample(rng.normal(size=(80, 3)), rng.normal(size=(120, 3)), rng=rng) for _ in range(25)]
    assert sum(f.p <= 0.05 for f in found) <= 4
    assert sum(f.interval.low <= 0.5 <= f.interval.high for f in found) >= 22


def test_classifier_is_as_good_as_the_best_there_is():
    """Two normals one and a half standard deviations apart are told with the accuracy of the best rule, nearly."""
    rng = np.random.default_rng(5)
    found = classifier_two_sample(rng.normal(size=3_000), rng.normal(1.5, 1, 3_000), rng=rng)
    assert found.accuracy == pytest.approx(0.773, abs=0.03)  # Phi(0.75)
    assert found.witness.low > 0.4
    assert found.witness.value == pytest.approx(2 * found.accuracy - 1)


def test_classifier_takes_anything():
    """Missing and infinite values, single rows and constant columns are no reason to fail."""
    rng = np.random.default_rng(6)
    rows = np.array([[np.nan, np.inf, 1.0], [-np.inf, 1e300, 1.0]] * 30)
    assert classifier_two_sample(rows, rows, rng=rng).accuracy <= 0.75
    assert classifier_two_sample(rows[:1], rows, rng=rng).p >= 0.5
    assert classifier_two_sample(rows[:0], rows, rng=rng).p == 1


def test_without_scikit_learn(monkeypatch):
    """The missing extra is named, with its install line."""
    monkeypatch.setitem(__import__("sys").modules, "sklearn.ensemble", None)
    with pytest.raises(MissingExtraError, match="scikit-learn") as told:
        classifier_two_sample(np.zeros((9, 1)), np.ones((9, 1)), rng=np.random.default_rng(0))
    assert "redan[sklearn]" in told.value.remedy


def test_region_is_judged_on_other_rows():
    """The bound is the difference of the two exact intervals of the judged half, which shares no row with the other."""
    rng = np.random.default_rng(7)
    learn, judge = halves(101, rng)
    assert sorted([*learn, *judge]) == list(range(101))
    found = judged(np.arange(50) < 10, np.arange(80) < 60, 0.01)
    assert found.low == difference_at_least((10, 50), (60, 80), 0.01)
    assert found.interval.low <= found.value <= found.interval.high


def test_joint_keeps_its_level_where_nothing_is_tolerated():
    """Even with nothing tolerated, quiet pairs of few rows and many columns are not called shifted."""
    rng = np.random.default_rng(8)
    from redan.measures.drift import Settings

    told = [
        shift(rng.normal(size=(150, 12)), rng.normal(size=(150, 12)), settings=Settings(0.0, 0.5, 1)).joint.shifted
        for _ in range(8)
    ]
    assert sum(told) <= 2


def test_levels_and_missing_values_count_jointly():
    """Two columns of levels that lose their tie, and gaps that come together, are each found jointly."""
    rng = np.random.default_rng(9)
    n = 1_500
    a, b = rng.choice(list("pq"), n), rng.normal(size=n)
    tied = pd.DataFrame({"a": a, "b": a, "c": b, "d": rng.normal(size=n)})
    loose = tied.assign(b=rng.permutation(a))
    assert shift(tied, loose).joint.shifted
    gaps = rng.random(n) < 0.4
    together = tied.assign(c=np.where(gaps, np.nan, b), d=np.where(gaps, np.nan, tied["d"]))
    apart = together.assign(d=np.where(rng.permutation(gaps), np.nan, tied["d"]))
    found = shift(together, apart)
    assert not found.shifted
    assert found.joint.shifted
