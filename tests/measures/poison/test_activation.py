"""Activation groups, spectral signatures, resemblance and influence: planted poison, clean twins, naive twins."""

import itertools

import numpy as np
import pytest
from sklearn import datasets

from redan.errors import IncompleteError, InputError
from redan.measures.poison.activation import activation_groups, small_model_activations
from redan.measures.poison.influence import contributor_influence, row_values
from redan.measures.poison.resemblance import looks_like_others
from redan.measures.poison.spectral import spectral_signatures


@pytest.fixture(scope="module")
def digits():
    return datasets.load_digits(return_X_y=True)


def backdoored(digits, seed=0):
    """Four bright pixels in a corner of 3 % of the pictures, labelled 4."""
    x, y = digits[0].copy(), digits[1].copy()
    rows = np.random.default_rng(seed).choice(np.flatnonzero(y != 4), 54, replace=False)
    x[np.ix_(rows, [54, 55, 62, 63])] = 16
    y[rows] = 4
    return x, y, rows


def test_groups_of_a_backdoor_are_told_and_no_other(digits):
    """Of ten classes the poisoned one only, with nearly all its rows; rows of clean classes are not accused."""
    x, y, rows = backdoored(digits)
    rng = np.random.default_rng(0)
    found = activation_groups(small_model_activations(x, y, rng=rng), y, inputs=x, rng=rng)
    assert [g.label for g in found if g.poisoned] == ["4"]
    told = next(g for g in found if g.poisoned).smaller
    assert np.isin(rows, told).mean() >= 0.95
    assert np.isin(told, rows).mean() >= 0.9


def test_clean_classes_of_two_shapes_are_let_be(digits):
    """Some digits have two shapes, which groups show and inputs excuse; without inputs nothing is accused."""
    x, y = digits
    rng = np.random.default_rng(0)
    activations = small_model_activations(x, y, rng=rng)
    found = activation_groups(activations, y, inputs=x, rng=rng)
    assert not any(g.poisoned for g in found)
    assert min(g.p for g in found) < 0.01
    assert not any(g.poisoned for g in activation_groups(activations[:400], y[:400], rng=rng))


def test_one_normal_cloud_is_one_group():
    """The null holds: over clouds of one shape few p-values are small."""
    rng = np.random.default_rng(0)
    p = [
        g.p
        for seed in range(8)
        for g in activation_groups(rng.normal(size=(120, 6)) * rng.uniform(0.2, 3, 6), np.arange(120) % 2, rng=rng)
    ]
    assert np.mean(np.array(p) < 0.05) <= 0.2
    assert min(p) > 1e-4


def test_spectral_list_is_short_on_clean_classes_and_holds_an_apart_group():
    """Normal classes give about nothing (the paper's rule removes a fixed share); a group apart is on the list."""
    rng = np.random.default_rng(0)
    clean, y = rng.normal(size=(2000, 8)), np.arange(2000) % 4
    listed = sum(len(s.suspects) for s in spectral_signatures(clean, y))
    assert listed <= 0.005 * 2000
    rows = np.flatnonzero(y == 2)[:30]
    poisoned = clean.copy()
    poisoned[rows, 0] += 12.0
    found = {s.label: s for s in spectral_signatures(poisoned, y)}
    assert np.isin(rows, found["2"].suspects).mean() >= 0.95
    assert found["2"].scores.shape == found["2"].rows.shape == (500,)


def test_activations_that_are_none_are_refused():
    """Shapes that disagree, numbers that are not finite, classes that are too small."""
    with pytest.raises(InputError):
        spectral_signatures(np.ones((5, 2)), np.ones(4))
    with pytest.raises(InputError):
        spectral_signatures(np.full((50, 2), np.nan), np.ones(50))
    with pytest.raises(IncompleteError):
        spectral_signatures(np.ones((10, 2)), np.ones(10))
    assert spectral_signatures(np.ones((30, 2)), np.ones(30))[0].suspects.size == 0


@pytest.mark.parametrize("part", [0.0, 0.5, 1.0])
def test_resemblance_is_the_share_of_foreign_rows(digits, part):
    """Rows of which a known share comes from other classes: the interval covers it."""
    x, y = digits[0].copy(), digits[1].copy()
    rng = np.random.default_rng(5)
    foreign = rng.choice(np.flatnonzero(y != 3), round(60 * part), replace=False)
    own = rng.choice(np.flatnonzero(y == 3), 60 - len(foreign), replace=False)
    y[foreign] = 3
    judged = np.isin(np.arange(len(y)), np.concatenate([foreign, own]))
    found = looks_like_others(x, y, judged, rng=rng)
    assert found.interval.low - 0.1 <= part <= found.interval.high + 0.1
    assert found.n == 60


def test_resemblance_needs_rows_and_contrast(digits):
    """Too few rows, rows of several classes, and columns that tell nothing are named."""
    x, y = digits
    rng = np.random.default_rng(0)
    with pytest.raises(IncompleteError):
        looks_like_others(x, y, np.arange(len(y)) == 0, rng=rng)
    with pytest.raises(InputError):
        looks_like_others(x, y, np.arange(len(y)) < 50, rng=rng)
    with pytest.raises(IncompleteError):
        looks_like_others(
            rng.normal(size=(200, 2)), np.arange(200) % 2, (np.arange(200) % 2 == 0) & (np.arange(200) < 40), rng=rng
        )


def naive_values(x, y, place, answer, k):
    """Shapley's definition over all orders of the rows."""
    size = len(y)

    def worth(rows):
        near = sorted(rows, key=lambda i: (float(((x[i] - place) ** 2).sum()), i))[:k]
        return sum(y[i] == answer for i in near) / k

    found = np.zeros(size)
    orders = [*itertools.permutations(range(size))]
    for order in orders:
        for at, i in enumerate(order):
            found[i] += worth(order[: at + 1]) - worth(order[:at])
    return found / len(orders)


@pytest.mark.parametrize("k", [1, 2, 3, 5, 6])
def test_row_values_are_shapley_values(k):
    """The recursion equals the definition over all 720 orders of six rows."""
    rng = np.random.default_rng(k)
    x, y, place = rng.normal(size=(6, 2)), rng.integers(0, 2, 6), rng.normal(size=2)
    found = row_values(x, y, place[None], [1], neighbours=k)[0]
    np.testing.assert_allclose(found, naive_values(x, y, place, 1, min(k, 6)), atol=1e-12)


def test_a_contributor_of_flipped_labels_harms_and_no_other(digits):
    """On a hundred trusted pictures the one who flips is told; the honest are not, in several draws."""
    x, y = digits
    for seed in range(3):
        rng = np.random.default_rng(seed)
        order = rng.permutation(len(y))
        trusted, rest = order[:100], order[100:]
        who, labels = rng.integers(0, 15, len(rest)), y[rest].copy()
        labels[who == 4] = (labels[who == 4] + rng.integers(1, 10, (who == 4).sum())) % 10
        values = row_values(x[rest], labels, x[trusted], y[trusted])
        found = contributor_influence(values, who.tolist())
        assert [one.contributor for one in found if one.harmful] == ["4"]
        assert found[0].interval.high < 0


def test_influence_needs_trusted_rows():
    """Few trusted rows, and names that do not match, are named."""
    values = row_values(np.ones((30, 2)), np.ones(30), np.ones((5, 2)), np.ones(5))
    with pytest.raises(IncompleteError):
        contributor_influence(values, ["a"] * 30)
    with pytest.raises(InputError):
        row_values(np.ones((3, 2)), np.ones(3), np.ones((5, 3)), np.ones(5))
    with pytest.raises(InputError):
        row_values(np.full((3, 2), np.nan), np.ones(3), np.ones((5, 2)), np.ones(5))
