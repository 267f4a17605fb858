"""Equation solving: all of a linear model at d + 1 answers, and what coarser answers leave."""

import numpy as np
import pytest
from scipy.special import expit

from attacks.extraction.victims import digits, logistic, softmax, tumours
from redan.attacks.extraction.copies import labels_of
from redan.attacks.extraction.domain import box, box_of
from redan.attacks.extraction.equations import linear_unknowns, solve_linear
from redan.attacks.extraction.form import shown
from redan.attacks.extraction.oracle import Oracle

BOX = box((64,))


def fidelity(copy, victim, x):
    """Share of inputs on which both answer the same."""
    return (victim.classes_[labels_of(copy, x)] == victim.predict(x)).mean()


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_softmax_regression_is_copied_whole_at_d_plus_one_answers(seed):
    """On test and on uniform inputs, as published for 530 unknowns (Tramèr et al., table 4): 100 %."""
    oracle = Oracle(softmax())
    copy = solve_linear(oracle, BOX, seed=seed)
    assert oracle.asked == 65
    assert fidelity(copy, softmax(), digits()[2]) == 1.0
    assert fidelity(copy, softmax(), BOX.uniform(2000, np.random.default_rng(9))) >= 0.9985


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_logistic_regression_with_words_as_labels_is_copied_whole(seed):
    """Eleven answers; ten leave an unknown."""
    x, _ = tumours()
    space = box_of(x)
    oracle = Oracle(logistic())
    copy = solve_linear(oracle, space, seed=seed)
    assert (oracle.asked, linear_unknowns(space, 2)) == (11, 11)
    assert fidelity(copy, logistic(), x) == 1.0
    weights = copy.weights[:-1, 1] - copy.weights[:-1, 0]
    assert np.allclose(weights * 2 / (space.high - space.low), logistic().coef_[0], rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("steep", [100.0, 10_000.0])
def test_a_model_whose_answers_are_nearly_all_sure_is_copied_whole(steep):
    """Inputs are drawn together about the least sure answer until numbers have digits again."""

    def victim(x):
        odds = np.asarray(x, dtype=np.float64) @ np.linspace(-1, 1, 6) * steep - 0.1 * steep
        second = expit(odds)
        return np.column_stack([1 - second, second]).astype(np.float32)

    space = box((6,))
    oracle = Oracle(victim)
    copy = solve_linear(oracle, space, queries=60)
    x = space.uniform(4000, np.random.default_rng(5))
    assert (labels_of(copy, x) == victim(x).argmax(axis=1)).mean() > 0.995


def test_fewer_answers_than_unknowns_leave_the_copy_short():
    """Forty of 65 answers, the case below rank of the notes: 84 to 90 % on test inputs."""
    copies = [solve_linear(Oracle(softmax(), budget=40), BOX, seed=seed) for seed in range(3)]
    assert all(0.7 < fidelity(copy, softmax(), digits()[2]) < 0.96 for copy in copies)


def test_coarser_answers_copy_less_at_the_same_price():
    """At 65 answers: all digits 100 %, three more than one, labels least."""
    reached = {}
    for text in ("probabilities", "probabilities:3", "probabilities:1", "label"):
        copy = solve_linear(Oracle(softmax(), shown=shown(text)), BOX)
        reached[text] = fidelity(copy, softmax(), digits()[2])
    assert reached["probabilities"] == 1.0
    assert 0.75 < reached["probabilities:3"] < 1.0
    assert reached["probabilities:1"] < 0.9
    assert reached["label"] < 0.7


def test_equal_seeds_copy_equally():
    """Bit by bit."""
    one, two = (solve_linear(Oracle(softmax(), shown=shown("probabilities:2")), BOX, seed=3) for _ in range(2))
    assert one.weights.tobytes() == two.weights.tobytes()
