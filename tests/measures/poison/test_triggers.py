"""Hidden triggers: found where they are planted, on several kinds of data; natural rules and clean data are let be."""

import numpy as np
import pytest
from sklearn import datasets

from redan.errors import IncompleteError, InputError
from redan.measures.poison.conditions import conditions
from redan.measures.poison.rows import labelled_arrays
from redan.measures.poison.steering import Game
from redan.measures.poison.trigger_findings import trigger_findings
from redan.measures.poison.trigger_power import trigger_power
from redan.measures.poison.triggers import hidden_triggers, hunt, sampled
from redan.measures.poison.views import calibration, filled, views
from redan.tables import table_of
from redan.terms import Outcome


def table(rows=900, seed=0, numbers=6):
    """Numbers that tell two classes together, none of them alone."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, rows)
    x = np.round(rng.normal(size=(rows, numbers)) + 1.2 * y[:, None], 2)
    return x, np.where(y == 1, "yes", "no")


def planted(x, y, values, target, count, seed=1, from_all=False):
    """Rows with the values and the target's label, and which they are."""
    rng = np.random.default_rng(seed)
    pool = np.arange(len(y)) if from_all else np.flatnonzero(y != target)
    rows = np.sort(rng.choice(pool, count, replace=False))
    x, y = x.copy(), y.copy()
    for column, value in values.items():
        x[rows, column] = value
    y[rows] = target
    return x, y, rows


def recall(found, rows):
    told = np.concatenate([t.rows for t in found.triggers]) if found.triggers else np.empty(0, dtype=int)
    return float(np.isin(rows, told).mean()), float(np.isin(told, rows).mean()) if len(told) else 1.0


@pytest.mark.parametrize("values", [{0: 7.77}, {1: 0.33, 4: -0.5}, {0: 1.0, 2: 1.0, 5: 1.0}])
@pytest.mark.parametrize("target", ["yes", "no"])
def test_fixed_values_are_found(values, target):
    """One odd value, or two or three ordinary ones together, in 3 % of the rows: all rows, and hardly another."""
    x, y, rows = planted(*table(), values, target, 27)
    found, exact = recall(hidden_triggers(x, y, rng=np.random.default_rng(0)), rows)
    assert found >= 0.95
    assert exact >= 0.9


@pytest.mark.parametrize("patch", [(63,), (54, 55, 62, 63), tuple(8 * a + b for a in (5, 6, 7) for b in (5, 6, 7))])
def test_patches_on_digits_are_found(patch):
    """One bright pixel, four and nine in a corner, in 2 % of the pictures."""
    x, y = datasets.load_digits(return_X_y=True)
    x, y, rows = planted(x[:1200], y[:1200], dict.fromkeys(patch, 16.0), 7, 24)
    found, exact = recall(hidden_triggers(x.reshape(-1, 8, 8), y, rng=np.random.default_rng(0)), rows)
    assert found >= 0.95
    assert exact >= 0.8


@pytest.mark.parametrize("seed", range(3))
def test_clean_rows_are_let_be(seed):
    """Nothing is told of rows that nobody marked."""
    assert hidden_triggers(*table(seed=seed), rng=np.random.default_rng(seed)).triggers == ()


def test_a_strong_feature_is_no_trigger():
    """A value that only one class has, in rows that look like it, decides the label by right."""
    x, y = table(1200)
    x[(y == "yes") & (np.random.default_rng(2).random(1200) < 0.3), 0] = 9.0
    assert hidden_triggers(x, y, rng=np.random.default_rng(0)).triggers == ()


def test_flipped_labels_alone_are_no_trigger():
    """Rows with wrong labels and nothing in common are another question's."""
    x, y = table(1000)
    rows = np.random.default_rng(3).choice(1000, 50, replace=False)
    y[rows] = np.where(y[rows] == "yes", "no", "yes")
    assert hidden_triggers(x, y, rng=np.random.default_rng(0)).triggers == ()


def test_copies_are_evidence_once():
    """A hundred copies of one odd row are a flood, and no trigger."""
    x, y = table(900)
    odd = np.flatnonzero(y == "no")[0]
    x = np.concatenate([x, np.repeat(x[[odd]], 100, axis=0)])
    y = np.concatenate([y, np.full(100, "yes")])
    assert sampled(labelled_arrays(x, y), np.random.default_rng(0)).rows <= 902
    assert hidden_triggers(x, y, rng=np.random.default_rng(0)).triggers == ()


@pytest.mark.parametrize("kind", [str, int, bool])
def test_labels_of_any_kind_give_the_same(kind):
    """Text, numbers and truth values as labels do not change what is found."""
    x, y, rows = planted(*table(), {1: 0.33, 4: -0.5}, "yes", 27)
    coded = {str: y, int: np.where(y == "yes", 7, 3), bool: y == "yes"}[kind]
    assert recall(hidden_triggers(x, coded, rng=np.random.default_rng(0)), rows)[0] >= 0.95


def test_equal_seeds_give_equal_findings():
    """The same seed and rows give the same patterns and numbers."""
    x, y, _ = planted(*table(500), {0: 7.77}, "yes", 20)
    first = hidden_triggers(x, y, rng=np.random.default_rng(4)).triggers
    second = hidden_triggers(x, y, rng=np.random.default_rng(4)).triggers
    assert [(t.conditions, t.gain, t.resemblance) for t in first] == [
        (t.conditions, t.gain, t.resemblance) for t in second
    ]


@pytest.mark.parametrize(
    "x",
    [
        np.full((200, 4), np.nan),
        np.ones((200, 4)),
        np.where(np.arange(800).reshape(200, 4) % 3, np.inf, -np.inf),
        np.arange(200.0).reshape(200, 1),
    ],
)
def test_hostile_numbers_give_an_answer(x):
    """Missing, constant, infinite and single columns hold no pattern, and raise nothing."""
    y = np.arange(200) % 2
    assert hunt(labelled_arrays(x, y), rng=np.random.default_rng(0)).triggers == ()


def test_too_little_is_said():
    """Few rows, one class, and shapes that disagree are named."""
    rng = np.random.default_rng(0)
    with pytest.raises(IncompleteError):
        hidden_triggers(np.ones((20, 3)), np.arange(20) % 2, rng=rng)
    with pytest.raises(IncompleteError):
        hidden_triggers(np.ones((200, 3)), np.zeros(200), rng=rng)
    with pytest.raises(InputError):
        hidden_triggers(np.ones((200, 3)), np.zeros(100), rng=rng)


def findings(x, y, **options):
    import pandas as pd

    frame = pd.DataFrame(x, columns=[f"f{i}" for i in range(x.shape[1])]).assign(label=y)
    call = {"check": "A-MLSG-002-D004/no-trigger-is-hidden", "subject": "dataset:train", **options}
    return [*trigger_findings(table_of(frame), "label", rng=np.random.default_rng(0), **call)]


def test_findings_name_columns_and_no_values():
    """A broken finding has columns, numbers and a picture; the values of the trigger stay out of it."""
    x, y, rows = planted(*table(500), {1: 0.337, 4: -0.513}, "yes", 20)
    (found,) = findings(x, y)
    assert found.outcome is Outcome.BROKEN
    assert found.measure.value > found.measure.threshold
    assert found.detail["columns"] == ["f1", "f4"]
    assert found.detail["carriers"] == len(rows)
    shown = str(found.to_json())
    assert "0.337" not in shown
    assert "0.513" not in shown


def test_what_no_model_reads_is_not_searched():
    """A column that is left out of the model cannot steer it."""
    x, y, _ = planted(*table(500), {1: 9.0}, "yes", 20)
    assert findings(x, y, ignored=("f1",))[0].outcome is not Outcome.BROKEN


def test_no_power_is_said():
    """Where columns say nothing about the label nothing could be found, and that is the answer."""
    rng = np.random.default_rng(0)
    (found,) = findings(rng.normal(size=(300, 3)), rng.integers(0, 2, 300))
    assert found.outcome is Outcome.NOT_RUN
    assert "no power" in found.message


def test_power_is_measured_on_the_rows_at_hand():
    """Telling columns let planted triggers be found, noise does not."""
    rng = np.random.default_rng(0)
    strong = trigger_power(labelled_arrays(*table(600)), 0.03, rng=rng, copies=1)
    weak = trigger_power(labelled_arrays(rng.normal(size=(600, 6)), rng.integers(0, 2, 600)), 0.03, rng=rng, copies=1)
    assert strong.found == strong.planted == 2
    assert weak.found == 0
    assert strong.interval.low < 1.0


def test_sums_of_conditions_are_their_naive_twin():
    """Sums by cumulated order equal sums over masks, for values and ends, with missing ones."""
    rng = np.random.default_rng(0)
    x = np.round(rng.normal(size=(300, 4)), 1).astype(np.float32)
    x[rng.random((300, 4)) < 0.1] = np.nan
    terms, weights = conditions(filled(x)), rng.normal(size=(4, 300))
    naive = [weights[item.column][terms.rows(item)].sum() for item in terms.items]
    np.testing.assert_allclose(terms.sums(weights), naive, atol=1e-9)
    assert {item.column for item in terms.items} == {0, 1, 2, 3}


def test_votes_of_trees_that_do_without_columns():
    """Support without columns is the mean over the trees that see none of them, of rows that they did not see."""
    x, y = table(200)
    codes = np.unique(y, return_inverse=True)[1]
    found = views(x.astype(np.float32), codes, np.random.default_rng(0), trees=120)
    kept = ~found.sees[:, [0, 2]].any(axis=1)
    naive = found.votes[1][kept].sum(axis=0) / np.maximum(found.unseen[kept].sum(axis=0), 1)
    np.testing.assert_allclose(found.support(1, [0, 2]), naive, rtol=1e-5)
    assert found.support(1, range(6)) is None
    np.testing.assert_allclose(found.support_without_each(1)[3], found.support(1, [3]), rtol=1e-5)
    np.testing.assert_allclose(found.votes.sum(axis=0), found.unseen, atol=1e-5)


def test_calibrated_chances_rise_and_are_right():
    """Chances rise with support, stay inside (0, 1), and match the share of hits in each tenth."""
    rng = np.random.default_rng(0)
    support = rng.random(20_000)
    hit = rng.random(20_000) < support**2
    chances = calibration(support, hit).of(support)
    order = np.argsort(support)
    assert (np.diff(chances[order]) >= 0).all()
    assert 0 < chances.min() < chances.max() < 1
    for part in np.array_split(order, 10):
        assert abs(chances[part].mean() - (support[part] ** 2).mean()) < 0.03


def test_bets_seldom_gain_where_labels_follow_the_columns():
    """The correction holds: over seeds with labels drawn from the columns no bet gains log 100."""
    gains = []
    for seed in range(4):
        x, y = table(300, seed=seed, numbers=4)
        codes = np.unique(y, return_inverse=True)[1]
        x32 = x.astype(np.float32)
        game = Game(terms=conditions(x32), votes=views(x32, codes, np.random.default_rng(seed)), y=codes)
        noise = Game(
            terms=conditions(np.round(np.random.default_rng(seed + 9).normal(size=(300, 4)), 1).astype(np.float32)),
            votes=game.votes,
            y=codes,
        )
        gains += [
            bet.gain for target in (0, 1) for i in range(len(noise.terms.items)) if (bet := noise.bet((i,), target))
        ]
    assert max(gains) < np.log(100)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["digits", "breast_cancer", "wine"])
def test_clean_public_data_is_let_be_in_twenty_seeds(name):
    """No alarm in twenty samples of each."""
    x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    for seed in range(20):
        rng = np.random.default_rng(seed)
        rows = rng.permutation(len(y))[: int(0.9 * len(y))]
        assert hidden_triggers(x[rows], y[rows], rng=rng).triggers == ()


def test_the_only_telling_columns_are_no_trigger():
    """A column of chance beside columns that decide the class: without them nothing is told, so nobody is accused."""
    for seed in range(3):
        rng = np.random.default_rng(seed)
        y = rng.random(400) < 0.57
        x = np.column_stack([rng.normal(2.2 * y[:, None], 1.0, (400, 3)), rng.integers(0, 5, 400)])
        assert hidden_triggers(x, y, rng=np.random.default_rng(seed)).triggers == ()
