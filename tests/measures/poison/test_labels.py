"""Changed labels on real data: found where they are planted, no alarm on clean sets, power that is what it claims."""

import dataclasses

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import datasets

from redan.errors import IncompleteError, InputError
from redan.measures.poison import changed_labels, flipped
from redan.measures.poison.held_out import _folds, held_out
from redan.measures.poison.noise import noise
from redan.measures.poison.power import SpreadPower
from redan.measures.poison.rows import labelled_arrays, labelled_rows, name_of
from redan.measures.poison.suspects import LIKELIER, WHY, suspected_rows
from redan.tables import table_of

DIGITS = datasets.load_digits()


def digits(attack, seed):
    """The reference benchmark: 60 of 1,797 digits, by one of 20 contributors or spread over all."""
    rng = np.random.default_rng(seed)
    x, y = DIGITS.data, DIGITS.target.copy()
    who = rng.integers(0, 20, len(y))
    pool = np.flatnonzero(who == 7) if attack == "one" else np.arange(len(y))
    rows = rng.choice(pool, 0 if attack == "none" else 60, replace=False)
    y[rows] = (y[rows] + rng.integers(1, 10, len(rows))) % 10
    return x, y, who, np.isin(np.arange(len(y)), rows)


@pytest.mark.parametrize("seed", range(2))
def test_one_contributor_of_the_reference_benchmark(seed):
    """All 60 changed labels are among the suspected rows, and the contributor alone is told."""
    x, y, who, bad = digits("one", seed)
    found = flipped(x, y, who, seed=seed)
    assert [found.data.names[s.code] for s in found.suspected] == [name_of(7)]
    assert found.suspect[bad].mean() >= 0.95
    assert (found.suspect & (who != 7)).mean() <= 0.01


@pytest.mark.parametrize("seed", range(2))
def test_spread_over_all_of_the_reference_benchmark(seed):
    """With power claimed at least 80 % of the changed labels are named, and hardly any other row."""
    x, y, who, bad = digits("all", seed)
    found = flipped(x, y, who, seed=seed)
    assert found.spread_power.enough
    assert found.spread
    assert found.suspected == ()
    assert found.suspect[bad].mean() >= 0.8
    assert found.suspect[~bad].mean() <= 0.01


@pytest.mark.parametrize("seed", range(2))
def test_clean_digits_are_clean(seed):
    """No contributor, no row, and the power to say so."""
    x, y, who, _ = digits("none", seed)
    found = flipped(x, y, who, seed=seed)
    assert not found.suspect.any()
    assert found.spread_power.enough
    assert found.contributor_power is not None
    assert found.contributor_power.least is not None


def test_confident_learning_finds_less_on_the_same_probabilities():
    """cleanlab calls one row in twenty of clean overlapping classes changed, ours none; where they are apart ours finds more."""
    filters = pytest.importorskip("cleanlab.filter", reason="needs the extra 'labels'")
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 1500)
    told = held_out(rng.normal(size=(1500, 4)).astype(np.float32) + y[:, None], y, 2, rng)
    assert filters.find_label_issues(y, told, n_jobs=1).mean() > 0.05
    assert noise(told, y).suspect.mean() < 0.02
    x, y, _, bad = digits("all", 5)
    told = held_out(x.astype(np.float32), y, 10, rng)
    theirs = filters.find_label_issues(y, told / told.sum(axis=1, keepdims=True), n_jobs=1)
    assert noise(told, y).suspect[bad].mean() >= theirs[bad].mean()


@pytest.mark.parametrize("labels", [[True, False], ["yes", "no"], [7, 3], [0.5, 1.5], [-1, 1]])
def test_labels_of_any_kind_are_the_same_search(labels):
    """Words, numbers and truth values: the same rows are suspected."""
    rng = np.random.default_rng(2)
    y = rng.integers(0, 2, 500)
    x = rng.normal(size=(500, 4)) + 4 * y[:, None]
    y[:20] = 1 - y[:20]
    codes = np.unique([str(v) for v in labels], return_inverse=True)[1]
    found = flipped(x, np.array(labels)[y], seed=0)
    same = flipped(x, codes[y], seed=0)
    assert (found.suspect == same.suspect).all()
    assert found.suspect[:20].sum() >= 16


def test_same_seed_same_answer():
    """Everything random is fixed by the seed."""
    x, y, who, _ = digits("all", 0)
    one, two = (flipped(x[:500], y[:500], who[:500], seed=4) for _ in range(2))
    assert one.contributors == two.contributors
    assert (one.noise.changed == two.noise.changed).all()
    assert one.spread_power == two.spread_power


def test_imbalanced_classes_keep_their_rare_labels():
    """A class of 3 % that is told well is no set of changed labels."""
    rng = np.random.default_rng(3)
    y = (rng.random(2000) < 0.03).astype(int)
    found = flipped(rng.normal(size=(2000, 4)) + 4 * y[:, None], y)
    assert not found.suspect.any()


def test_copies_do_not_vouch_for_each_other():
    """A changed row that was copied fifty times is contradicted as often, since copies share a fold."""
    rng = np.random.default_rng(4)
    y = rng.integers(0, 2, 600)
    x = (rng.normal(size=(600, 4)) + 4 * y[:, None]).astype(np.float32)
    x, y = np.concatenate([x, np.repeat(x[:1], 50, axis=0)]), np.concatenate([y, np.full(50, 1 - y[0])])
    told = held_out(x, y, 2, rng)
    assert (told.argmax(axis=1) != y)[600:].all()


@given(st.integers(1, 4), st.integers(1, 40), st.integers(0, 100))
def test_equal_rows_share_a_fold(columns, rows, seed):
    """Missing equals missing, zero equals minus zero."""
    rng = np.random.default_rng(seed)
    x = rng.choice(np.array([0.0, -0.0, 1.0, np.nan], dtype=np.float32), (rows, columns))
    fold = _folds(x, rng)
    keys = [tuple("n" if np.isnan(v) else float(v + 0.0) for v in row) for row in x]
    assert len({(key, int(f)) for key, f in zip(keys, fold, strict=True)}) == len(set(keys))


def test_power_needs_recall_and_precision():
    """Neither a lucky few nor many false ones are power."""
    assert SpreadPower(60, 58, 0.95).enough
    assert not SpreadPower(60, 50, 0.95).enough
    assert not SpreadPower(5, 5, 0.95).enough
    assert not SpreadPower(60, 58, 0.6).enough
    assert not SpreadPower(0, 0, 1.0).enough


def test_features_without_signal_have_no_power():
    """Where nothing speaks about the label nothing is claimed."""
    rng = np.random.default_rng(5)
    found = flipped(rng.normal(size=(500, 3)), rng.integers(0, 2, 500), rng.integers(0, 5, 500))
    assert not found.spread_power.enough
    assert not found.suspect.any()
    assert found.contributor_power is not None
    assert found.contributor_power.least is None


def test_suspected_rows_come_with_a_reason():
    """The rows themselves, why, and the likelier class; nothing else is written anywhere."""
    rng = np.random.default_rng(6)
    y = rng.integers(0, 2, 600)
    x = rng.normal(size=(600, 3)) + 4 * y[:, None]
    y[:30] = 1 - y[:30]
    names = [None if i % 50 == 49 else f"site {i % 6}" for i in range(600)]
    drawn = pa.table({**{f"x{i}": x[:, i] for i in range(3)}, "y": y, "who": names, WHY: y})
    data = labelled_rows(table_of(drawn), "y", contributor="who", leave_out=[WHY], rng=rng)
    assert data.left_out == 12
    found = changed_labels(dataclasses.replace(data, source=data.source), rng)
    rows = suspected_rows(found, table_of(drawn).sample(600, 0))
    assert rows.num_rows == found.suspect.sum() > 20
    assert {f"{WHY}_", LIKELIER} <= set(rows.column_names)


@pytest.mark.parametrize(
    ("x", "y", "why"),
    [
        (np.zeros((50, 2)), np.arange(50) % 2, "not enough data"),
        (np.zeros((200, 2)), np.zeros(200), "one value only"),
        (np.zeros((2000, 2)), np.arange(2000) // 15, "133 values"),
        (np.zeros((200, 2)), np.arange(200) / 3, "not enough data"),
        (np.zeros((0, 2)), np.zeros(0), "not enough data"),
    ],
)
def test_too_little_is_said(x, y, why):
    """Few rows, one class, too many classes, numbers for labels."""
    with pytest.raises(IncompleteError, match=why):
        flipped(x, y)


def test_shapes_that_disagree_are_refused():
    """One label per row."""
    with pytest.raises(InputError):
        flipped(np.zeros((10, 2)), np.zeros(9))


def test_hostile_numbers_are_taken():
    """Infinities, missing values, constants."""
    rng = np.random.default_rng(7)
    y = rng.integers(0, 2, 300)
    x = rng.normal(size=(300, 4)) + 3 * y[:, None]
    x[:5, 0], x[5:9, 1], x[9:30, 2], x[:, 3] = np.inf, -np.inf, np.nan, 1e300
    assert not flipped(x, y).suspect[30:].any()


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 1000))
def test_order_of_rows_is_nothing(seed):
    """Row numbers tell nothing: codes follow the labels' text, not their order."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, 200)
    order = rng.permutation(200)
    one, two = labelled_arrays(np.eye(3)[y], y), labelled_arrays(np.eye(3)[y][order], y[order])
    assert (one.y[order] == two.y).all()
