"""Copies by whoever has no natural input: good ones of weak twins, poor ones of models that show little or answer few."""

from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from attacks.extraction.victims import digits, logistic, tumours
from redan.attacks.extraction.contract import Known
from redan.attacks.extraction.copies import shares
from redan.attacks.extraction.data_free import DataFree, made_of
from redan.attacks.extraction.domain import Domain, box
from redan.attacks.extraction.form import shown
from redan.attacks.extraction.generator import centred, generator
from redan.attacks.extraction.oracle import Oracle
from redan.attacks.extraction.perceptron import PerceptronRecipe
from redan.attacks.extraction.reach import extract, yardstick

ROWS, PICTURES = box((10,)), box((8, 8))


@cache
def pictured():
    """A perceptron on digits as pictures, a function to probabilities, with what judges copies of it."""
    x, y, test, truth = digits()
    net = PerceptronRecipe(hidden=32, steps=120).fitted(box((64,)), x, np.eye(10)[y], 0)

    def victim(rows):
        return shares(net.scores(np.asarray(rows).reshape(len(rows), -1)) * 0.7)

    by = yardstick(
        lambda rows: victim(rows).argmax(axis=1), PICTURES, test.reshape(-1, 8, 8), truth, classes=10, uniform=50
    )
    return victim, by


def of_rows(form, budget, seed=0):
    x, _ = tumours()
    by = yardstick(lambda rows: logistic().predict_proba(rows).argmax(axis=1), ROWS, x[300:], None, classes=2)
    known = Known(domain=ROWS, x=x[:300], recipe=PerceptronRecipe(hidden=16, steps=80), seed=seed)
    return extract(DataFree(), Oracle(logistic(), shown=shown(form), budget=budget), known, by, (budget,)), by


def of_pictures(form, budget, directions=0):
    torch.set_num_threads(1)
    victim, by = pictured()
    known = Known(domain=PICTURES, x=by.x[:0], recipe=PerceptronRecipe(), seed=0)
    return extract(DataFree(directions), Oracle(victim, shown=shown(form), budget=budget), known, by, (budget,)), by


def test_rows_are_copied_without_a_row():
    """A logistic regression on ten columns: near all of it after 400 questions, little after 12 labels."""
    soft, by = of_rows("probabilities", 400)
    hard, _ = of_rows("label", 12)
    assert soft.last.fidelity.value > 0.93
    assert soft.last.queries == 400
    assert hard.last.fidelity.value < soft.last.fidelity.value - 0.03
    assert by.majority.value < 0.75


def test_natural_inputs_are_not_used():
    """Whatever the attacker has, the questions are the same."""
    known = Known(domain=ROWS, x=np.full((50, 10), 0.123, np.float32), recipe=PerceptronRecipe(steps=5), seed=1)
    other = Known(domain=ROWS, x=known.x[:0], recipe=known.recipe, seed=1)
    asked = []
    for one in (known, other):
        oracle = Oracle(logistic(), budget=100)
        list(DataFree().copies(oracle, one, (100,)))
        asked.append(oracle.held.x)
    assert np.array_equal(*asked)
    assert not (asked[0] == np.float32(0.123)).any()


@pytest.mark.slow
def test_pictures_are_copied_without_a_picture():
    """Digits: most of the network by probabilities; labels of a small budget leave little more than chance."""
    soft, by = of_pictures("probabilities", 1500)
    hard, _ = of_pictures("label", 200)
    assert soft.last.fidelity.interval.low > by.majority.value + 0.3
    assert hard.last.fidelity.value < 0.5 * soft.last.fidelity.value


@pytest.mark.parametrize("directions", [0, 1])
def test_no_question_beyond_the_budget(directions):
    """With and without forward differences; equal seeds ask and reach equally."""
    made, _ = of_pictures("probabilities", 330 if directions else 130, directions)
    again, _ = of_pictures("probabilities", 330 if directions else 130, directions)
    assert made.last.queries == made.cost.queries == (330 if directions else 130)
    assert made.points == again.points


def test_nothing_answered_is_no_copy():
    """Of a service that refuses at once."""

    def silent(_):
        raise ValueError

    for space in (ROWS, PICTURES):
        known = Known(domain=space, x=space.uniform(0, np.random.default_rng()), recipe=PerceptronRecipe(), seed=0)
        assert list(DataFree().copies(Oracle(silent, classes=3), known, (50,))) == []


def test_logits_come_back_from_probabilities():
    """Up to their mean; logits stay logits."""
    logits = np.random.default_rng(0).normal(size=(20, 4))
    assert np.allclose(centred(shares(logits - 10)), logits - logits.mean(axis=1, keepdims=True), atol=1e-3)
    assert np.allclose(centred(logits).mean(axis=1), 0)


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 28, 28), (1, 9, 13)])
def test_the_generator_makes_pictures_of_any_size(shape):
    """In [-1, 1]."""
    made = generator(shape)(torch.zeros(2, 64))
    assert tuple(made.shape) == (2, *shape)
    assert float(made.detach().abs().max()) <= 1


@given(st.integers(1, 30), st.integers(1, 20), st.integers(0, 2**31))
@settings(max_examples=25, deadline=None)
def test_inputs_between_two_stay_in_the_domain(rows, n, seed):
    """Whole numbers stay whole, categories are those of either parent."""
    rng = np.random.default_rng(seed)
    space = Domain(
        shape=(3,),
        low=np.array([0.0, -2.0, 0.0]),
        high=np.array([1.0, 5.0, 3.0]),
        whole=np.array([False, True, True]),
        levels=np.array([0, 0, 4]),
    )
    x = space.uniform(rows, rng)
    made = made_of(space, x, rng.integers(2, size=rows), n, rng)
    assert made.shape == (n, 3)
    assert np.array_equal(made, space.inside(made))
    assert np.isin(made[:, 2], x[:, 2]).all()
