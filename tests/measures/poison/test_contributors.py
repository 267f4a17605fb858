"""Contributors who change labels are told; honest ones who differ are not."""

import numpy as np
import pytest

from redan.measures.poison.contradictions import alone, contradiction, levels
from redan.measures.poison.contributors import ALPHA, TOLERATED, exceeds, honest_size, suspicions


def world(rows=3000, classes=2, sharpness=3.0, seed=0):
    """Calibrated probabilities and labels drawn from them: classes overlap."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(rows, classes)) * sharpness
    told = np.exp(logits - logits.max(axis=1, keepdims=True))
    told /= told.sum(axis=1, keepdims=True)
    return told, (told.cumsum(axis=1) > rng.random((rows, 1))).argmax(axis=1), rng


def unequal(rng, rows, people):
    weights = rng.lognormal(0, 1.2, people)
    return np.unique(rng.choice(people, rows, p=weights / weights.sum()), return_inverse=True)[1]


def told_of(told, y, who):
    return [s.code for s in suspicions(levels(told, y, who)) if s.at_least > TOLERATED]


def changed(y, rows, classes, rng):
    y = y.copy()
    y[rows] = (y[rows] + rng.integers(1, classes, len(rows))) % classes
    return y


@pytest.mark.parametrize("people", [5, 20, 100, 500])
def test_clean_contributors_are_not_told(people):
    """Twenty clean seeds, few and many contributors of very unequal sizes: nobody is told."""
    for seed in range(20 if people <= 100 else 5):
        told, y, rng = world(seed=seed)
        assert told_of(told, y, unequal(rng, len(y), people)) == []


@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize("people", [5, 20, 60])
def test_one_who_changes_two_thirds_is_told_alone(classes, people):
    """One contributor of middling size changes 67 % of its labels: it is told, and nobody else, in ten seeds."""
    for seed in range(10):
        told, y, rng = world(4000, classes, 4.0, seed)
        who = unequal(rng, len(y), people)
        sizes = np.bincount(who)
        bad = int(rng.choice(np.flatnonzero(sizes >= max(np.median(sizes), 25))))
        rows = np.flatnonzero((who == bad) & (rng.random(len(y)) < 0.67))
        assert told_of(told, changed(y, rows, classes, rng), who) == [bad]


def test_classes_that_never_overlap_need_no_spread():
    """Where no honest label is contradicted, half of one contributor's labels are seen at once."""
    told = np.repeat([[0.95, 0.05], [0.05, 0.95]], 300, axis=0)
    y = np.repeat([0, 1], 300)
    rng = np.random.default_rng(0)
    who = rng.integers(0, 6, 600)
    assert told_of(told, y, who) == []
    rows = np.flatnonzero((who == 2) & (rng.random(600) < 0.5))
    assert told_of(told, changed(y, rows, 2, rng), who) == [2]


def test_four_of_twenty_together_are_told():
    """Attackers who raise what is expected of everybody do not hide each other."""
    told, y, rng = world(6000, 3, 4.0)
    who = rng.integers(0, 20, len(y))
    rows = np.flatnonzero((who < 4) & (rng.random(len(y)) < 0.7))
    assert told_of(told, changed(y, rows, 3, rng), who) == [0, 1, 2, 3]


def assigned(kind, told, y, rng):
    """Honest contributors who differ."""
    rows, certain = len(y), told[:, 0]
    rank = np.argsort(np.argsort(certain)) / rows
    if kind == "mix of classes":
        shares = rng.dirichlet(np.ones(12), int(y.max()) + 1)
        return np.array([rng.choice(12, p=shares[label]) for label in y])
    if kind == "regions":
        return np.minimum((12 * np.clip(rank + rng.normal(0, 0.05, rows), 0, 0.999)).astype(int), 11)
    who = rng.integers(1, 12, rows)
    if kind == "one with the rare class":
        who[rng.choice(np.flatnonzero(y == 1), 120, replace=False)] = 0
    if kind == "one with the hard rows":
        who[np.argsort(np.abs(certain - 0.5) + rng.random(rows) * 0.1)[:200]] = 0
    return who


@pytest.mark.parametrize(
    "kind", ["mix of classes", "regions", "one with the rare class", "one with the hard rows", "alike"]
)
@pytest.mark.parametrize("bias", [0.0, 2.0])
def test_honest_but_different_is_no_alarm(kind, bias):
    """Other mixes of classes, other regions, harder rows, balanced or not: nobody is told in ten seeds."""
    for seed in range(10):
        rng = np.random.default_rng(seed)
        logits = rng.normal(size=3000) * 2.5 + bias
        told = np.column_stack([1 / (1 + np.exp(-logits)), 1 / (1 + np.exp(logits))])
        y = (rng.random(3000) > told[:, 0]).astype(int)
        assert told_of(told, y, assigned(kind, told, y, rng)) == []


def test_careless_contributors_are_let_be():
    """Honest error rates that spread from 0 to about 15 % are the spread of the honest."""
    for seed in range(5):
        told, y, rng = world(4000, 3, 5.0, seed)
        who = rng.integers(0, 20, len(y))
        care = rng.beta(2, 38, 20)
        assert told_of(told, changed(y, np.flatnonzero(rng.random(len(y)) < care[who]), 3, rng), who) == []


def test_bound_is_below_the_truth():
    """What is said to be changed at least is no more than what was, in at least 99 of 100 seeds."""
    over = 0
    for seed in range(100):
        told, y, rng = world(1500, 3, 4.0, seed)
        who = rng.integers(0, 8, len(y))
        own = np.flatnonzero(who == 0)
        rows = own[rng.random(len(own)) < 0.5]
        found = suspicions(levels(told, changed(y, rows, 3, rng), who), only=[0])[0]
        over += found.at_least > len(rows) / len(own)
    assert over <= 1


def test_exceeding_is_the_same_as_the_bound():
    """The quick answer of the planted trials agrees with the bound."""
    for seed in range(6):
        told, y, rng = world(1200, 2, 4.0, seed)
        who = rng.integers(0, 6, len(y))
        rows = np.flatnonzero((who == 2) & (rng.random(len(y)) < 0.15 * seed))
        found = levels(told, changed(y, rows, 2, rng), who)
        bound = suspicions(found, only=[2])[0].at_least
        assert exceeds(found, 2, ALPHA, TOLERATED) == (bound > TOLERATED)


def test_nobody_is_judged_on_labels_that_two_others_do_not_give():
    """A label of one or two contributors is not held against them; with two in all nothing is compared."""
    y = np.repeat([0, 1], 60)
    who = np.concatenate([np.arange(60) % 3, np.arange(60) % 2])
    assert alone(y, who).tolist() == [False] * 60 + [True] * 60
    told, labels, rng = world(400)
    assert levels(told, labels, rng.integers(0, 2, 400)) == ()
    assert suspicions(()) == ()
    assert honest_size(()) == 0.0


def test_contradiction_is_the_lead_of_the_best_other_class():
    """By hand: label 0 at 0.2 against 0.5, and label 1 at 0.9 against 0.1."""
    told = np.array([[0.2, 0.5, 0.3], [0.1, 0.9, 0.0]])
    assert contradiction(told, np.array([0, 1])) == pytest.approx([0.3, -0.8])


def test_expectation_is_that_of_a_loop():
    """Expected contradictions by label, summed contributor by contributor from the rows of the others."""
    told, y, rng = world(600, 3, 3.0)
    who = rng.integers(0, 5, len(y))
    against = contradiction(told, y) > 0
    cells = levels(told, y, who)[0].strata[1]
    for i in range(5):
        total = 0.0
        others = who != i
        average = (against[others].sum() + 0.5) / (others.sum() + 1)
        for label in range(3):
            here = others & (y == label)
            bad = against[here].sum() + 0.5 * here.sum() / others.sum()
            total += (who[y == label] == i).sum() * (bad + 4 * average) / (here.sum() + 4)
        assert cells.honest().rows[i] == pytest.approx(total)


def test_where_all_labels_are_contradicted_numbers_stay_numbers():
    """Every label of everybody against the odds: no rate above one, and nobody stands out."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 600)
    told = np.where(np.arange(2) == y[:, None], 0.05, 0.95)
    found = suspicions(levels(told, y, rng.integers(0, 6, 600)))
    assert all(np.isfinite([s.p, s.at_least, s.expected]).all() for s in found)
    assert [s for s in found if s.at_least > TOLERATED] == []
