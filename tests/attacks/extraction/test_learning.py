"""Copies that are learnt: each attack succeeds on a model that shows probabilities, and less where it shows less."""

import warnings
from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neural_network import MLPClassifier

from attacks.extraction.victims import digits, logistic, tumours
from redan.attacks.extraction.active import Active, farthest
from redan.attacks.extraction.augmentation import JacobianAugmentation
from redan.attacks.extraction.contract import Known, Supply
from redan.attacks.extraction.convolution import ConvolutionRecipe
from redan.attacks.extraction.copies import labels_of
from redan.attacks.extraction.domain import box, box_of
from redan.attacks.extraction.equations import Equations, solve_perceptron
from redan.attacks.extraction.form import shown
from redan.attacks.extraction.knockoff import AdaptiveKnockoff, Knockoff
from redan.attacks.extraction.oracle import Oracle
from redan.attacks.extraction.perceptron import PerceptronRecipe
from redan.attacks.extraction.reach import ceiling, extract, without_asking, yardstick
from redan.attacks.extraction.recipes import BestRecipe, ForestRecipe, recipe_of
from redan.attacks.extraction.semi_supervised import SemiSupervised
from redan.attacks.extraction.softmax import SoftmaxRecipe
from redan.errors import InputError

BOX = box((64,))
FAST = PerceptronRecipe(hidden=32, steps=120)
ALL = (Knockoff(), AdaptiveKnockoff(), JacobianAugmentation(), Active(), Active("k-center"), SemiSupervised())


@cache
def network():
    """A perceptron on digits, stopped early: 97 % right."""
    x, y, _, _ = digits()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return MLPClassifier((32,), max_iter=60, random_state=0, learning_rate_init=0.01).fit(x, y)


@cache
def judged():
    """Half of the test digits judge, the others are the attacker's, without labels."""
    _, _, x, y = digits()
    known = Known(domain=BOX, x=x[:400], recipe=FAST, seed=0)
    by = yardstick(lambda rows: network().predict(rows), BOX, x[400:], y[400:], classes=10, uniform=500)
    return known, by


def reached(attack, form="probabilities", budget=300, marks=(60, 300)):
    known, by = judged()
    return extract(attack, Oracle(network(), shown=shown(form), budget=budget), known, by, marks)


@pytest.mark.parametrize("attack", ALL, ids=lambda one: one.name)
def test_it_copies_a_network_that_shows_probabilities_and_less_of_labels(attack):
    """Far above the most frequent answer; labels teach less than probabilities; no more is asked than was allowed."""
    _, by = judged()
    soft, hard = reached(attack), reached(attack, "label")
    least = 0.75 if isinstance(attack, JacobianAugmentation) else 0.93
    assert soft.best.fidelity.value > least > by.majority.value + 0.5
    assert hard.best.fidelity.value < soft.best.fidelity.value
    assert [point.queries for point in soft.points] == [60, 300]
    assert soft.points[1].fidelity.value > soft.points[0].fidelity.value - 0.05
    assert soft.cost.queries == 300
    assert not soft.refused


@pytest.mark.parametrize("attack", ALL, ids=lambda one: one.name)
def test_equal_seeds_reach_equally(attack):
    """Point by point."""
    assert reached(attack, budget=90, marks=(40, 90)).points == reached(attack, budget=90, marks=(40, 90)).points


@pytest.mark.parametrize("attack", [*ALL, Equations()], ids=lambda one: one.name)
def test_a_small_budget_ends_it_where_it_is_spent(attack):
    """Twelve questions, and a mark at a hundred: one copy of twelve answers; of no answer at all there is no copy."""
    known, by = judged()
    made = extract(attack, Oracle(network(), budget=12), known, by, (100,))
    assert [point.queries for point in made.points] == [12]

    def silent(_):
        raise ValueError

    none = extract(attack, Oracle(silent, classes=10), known, by, (100,))
    assert none.points == ()
    assert none.copy is None
    assert "ValueError" in none.refused


def test_a_model_of_noise_is_copied_no_better_than_by_its_most_frequent_answer():
    """Labels drawn from a hash of the input: nothing can be learnt."""

    def victim(x):
        return (np.asarray(x, dtype=np.float64) @ np.random.default_rng(1).normal(size=64) * 1e6 % 10).astype(np.int64)

    known, _ = judged()
    by = yardstick(victim, BOX, digits()[2][400:], None, classes=10, uniform=500)
    made = extract(Knockoff(), Oracle(victim, classes=10), known, by, (300,))
    assert made.best.fidelity.interval.low < by.majority.interval.high
    assert made.best.accuracy is None


def test_a_shallow_network_is_solved_from_random_inputs():
    """Tramèr et al. (section 4.1.2): with a few questions for each unknown, near all of a tanh network of 65 unknowns."""
    rng = np.random.default_rng(3)
    inner, outer = rng.normal(0, 1.5, (7, 6)), rng.normal(0, 2, (7, 3))

    def victim(x):
        z = np.tanh((2 * np.asarray(x, dtype=np.float64) - 1) @ inner[:-1] + inner[-1]) @ outer[:-1] + outer[-1]
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return (e / e.sum(axis=1, keepdims=True)).astype(np.float32)

    space = box((6,))
    recipe = PerceptronRecipe(bend="tanh", ridge=1e-8, steps=800)
    copy = solve_perceptron(Oracle(victim), space, hidden=6, queries=260, recipe=recipe)
    x = space.uniform(2000, np.random.default_rng(0))
    assert (labels_of(copy, x) == victim(x).argmax(axis=1)).mean() > 0.97


def test_what_copies_are_held_against():
    """The most frequent answer, a model that asked nothing, and two seeds of one recipe."""
    known, by = judged()
    _, _, x, y = digits()
    assert by.majority.value < 0.2
    assert without_asking(known, x[:400], y[:400], by).value > 0.85
    assert 0.85 < ceiling(known, x[:400], y[:400], by).value < 1.0
    assert 0.9 < by.accuracy.value <= 1.0
    assert not by.constant


def test_the_best_recipe_is_the_one_that_agrees_with_what_it_did_not_see():
    """Of a linear model, the linear one; where answers are few, the first."""
    x, _ = tumours()
    oracle = Oracle(logistic())
    oracle.ask(x[:200])
    copy = BestRecipe((ForestRecipe(trees=5), SoftmaxRecipe())).fitted(box_of(x), *oracle.held, 0)
    assert hasattr(copy, "weights")
    few = BestRecipe((ForestRecipe(trees=5), SoftmaxRecipe())).fitted(box_of(x), x[:10], oracle.held.y[:10], 0)
    assert hasattr(few, "trees")


def test_pictures_are_copied_by_convolutions():
    """A small network of PyTorch learns digits from two hundred answers."""
    space = box((1, 8, 8))
    assert recipe_of(space).name == "convolutional network"
    torch.set_num_threads(1)
    recipe = ConvolutionRecipe(steps=100)
    x = digits()[2].reshape(-1, 1, 8, 8)
    told = network().predict_proba(digits()[2])
    copy = recipe.fitted(space, x[:200], told[:200], 0)
    assert (labels_of(copy, x[200:]) == told[200:].argmax(axis=1)).mean() > 0.8
    again = recipe.fitted(space, x[:200], told[:200], 0)
    assert np.array_equal(copy.scores(x), again.scores(x))
    assert copy.slope(x[:3], np.array([0, 1, 2])).shape == (3, 64)


@given(st.integers(1, 30), st.integers(1, 30), st.integers(0, 2**31))
@settings(max_examples=25, deadline=None)
def test_k_center_is_greedy(rows, n, seed):
    """Beside a naive twin, and no row twice."""
    rng = np.random.default_rng(seed)
    points, centres = rng.normal(size=(rows, 3)), rng.normal(size=(4, 3))
    found = farthest(points, centres, n).tolist()
    assert len(set(found)) == len(found) == min(n, rows)
    taken = list(centres)
    for at in found:
        apart = [min(((point - one) ** 2).sum() for one in taken) for point in points]
        assert apart[at] == pytest.approx(max(apart))
        taken.append(points[at])


@given(st.integers(0, 40), st.lists(st.integers(1, 15), max_size=6), st.integers(0, 2**31))
@settings(max_examples=25, deadline=None)
def test_natural_inputs_are_asked_once_and_first(natural, sizes, seed):
    """Then crossings of them, or random ones where there are none; always inside the box."""
    space = box((5,), 0.0, 1.0)
    x = space.uniform(natural, np.random.default_rng(seed))
    supply = Supply(Known(domain=space, x=x, recipe=FAST, seed=seed % 100))
    asked = np.concatenate([np.empty((0, 5), dtype=np.float32), *(supply.next(size) for size in sizes)])
    assert len(asked) == sum(sizes)
    kept = min(natural, len(asked))
    assert np.array_equal(asked[:kept], x[:kept])
    assert ((asked >= 0) & (asked <= 1)).all()


def test_slopes_are_the_gradients():
    """Of the perceptron, beside differences."""
    known, _ = judged()
    oracle = Oracle(network())
    oracle.ask(known.x[:100])
    for bend in ("tanh", "logistic"):
        copy = PerceptronRecipe(hidden=8, bend=bend, steps=30).fitted(BOX, *oracle.held, 0)
        x, at = known.x[:5].astype(np.float64), np.array([1, 0, 3, 9, 4])
        slope = copy.slope(x, at)

        def logs(rows, copy=copy, at=at):
            scores = copy.scores(rows)
            logs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
            return logs[np.arange(5), at]

        for place in (3, 20):
            step = np.zeros(64)
            step[place] = 1e-5
            assert np.allclose((logs(x + step) - logs(x - step)) / 4e-5, slope[:, place], atol=1e-5)


@pytest.mark.parametrize("marks", [(5, 3), (0, 2), (4, 4)])
def test_numbers_of_questions_rise(marks):
    """From one, each once."""
    known, by = judged()
    with pytest.raises(InputError, match="do not rise"):
        extract(Knockoff(), Oracle(network()), known, by, marks)
