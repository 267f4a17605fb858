"""Trees by their paths, networks by their kinks: whole from all digits, and not from less."""

from functools import cache

import numpy as np
import pytest

from attacks.extraction.victims import tree, tumours
from redan.attacks.extraction.contract import Known
from redan.attacks.extraction.copies import labels_of
from redan.attacks.extraction.domain import Domain, box, box_of
from redan.attacks.extraction.equations import solved
from redan.attacks.extraction.form import shown
from redan.attacks.extraction.oracle import Oracle
from redan.attacks.extraction.paths import PathFinding
from redan.attacks.extraction.perceptron import PerceptronRecipe
from redan.attacks.extraction.relu_network import FunctionallyEquivalent


def last(attack, oracle, domain, x, marks=(100_000,), seed=0):
    """The last copy."""
    known = Known(domain=domain, x=x, recipe=PerceptronRecipe(), seed=seed)
    return list(attack.copies(oracle, known, marks))[-1]


def agreed(copy, victim, x):
    return (victim.classes_[labels_of(copy, x)] == victim.predict(x)).mean()


@pytest.mark.parametrize("seed", [0, 1])
def test_every_leaf_of_a_tree_is_found(seed):
    """All of them, with the same answers on test and on random inputs (Tramèr et al., table 7: 100 %)."""
    x, _ = tumours()
    space = box_of(x)
    oracle = Oracle(tree())
    copy = last(PathFinding(), oracle, space, x[400 + seed :])
    assert len(copy.leaves) == tree().get_n_leaves()
    assert agreed(copy, tree(), x) == 1.0
    assert agreed(copy, tree(), space.uniform(3000, np.random.default_rng(seed))) > 0.999
    assert oracle.asked < 100 * tree().get_n_leaves()


def test_labels_hide_the_leaves():
    """The hardened twin: where leaves answer alike, boxes run into each other."""
    x, _ = tumours()
    copy = last(PathFinding(), Oracle(tree(), shown=shown("label")), box_of(x), x[400:])
    assert len(copy.leaves) < tree().get_n_leaves() / 2
    assert agreed(copy, tree(), x) < 0.9


def test_whole_numbers_and_categories_have_paths_too():
    """A tree by hand over a category, a count and a number; every input of a grid."""

    def victim(z):
        z = np.asarray(z, dtype=np.float64)
        place = np.where(z[:, 0] == 2, 0, np.where(z[:, 1] <= 3, 1 + (z[:, 2] > 0.25), 3 + (z[:, 0] == 1)))
        second = np.array([0.1, 0.7, 0.2, 0.9, 0.35])[place]
        return np.column_stack([1 - second, second])

    space = Domain(
        shape=(3,),
        low=np.zeros(3),
        high=np.array([2.0, 9.0, 1.0]),
        whole=np.array([True, True, False]),
        levels=np.array([3, 0, 0]),
    )
    oracle = Oracle(victim)
    copy = last(PathFinding(), oracle, space, np.array([[0, 5, 0.5]], dtype=np.float32))
    grid = np.array([[a, b, c] for a in range(3) for b in range(10) for c in (0.0, 0.2, 0.3, 1.0)])
    assert np.allclose(copy.scores(grid), victim(grid))
    assert len(copy.leaves) == 5
    assert oracle.asked < 400


def test_a_budget_ends_path_finding_with_the_leaves_found_until_then():
    """A hundred questions: fewer leaves, and still a copy."""
    x, _ = tumours()
    oracle = Oracle(tree(), budget=100)
    copy = last(PathFinding(), oracle, box_of(x), x[400:])
    assert oracle.spent
    assert 1 <= len(copy.leaves) < tree().get_n_leaves()


@cache
def network():
    """Six rectified units over ten numbers: 3 classes, 87 unknowns."""
    rng = np.random.default_rng(0)
    inner, shift, outer = rng.normal(size=(10, 6)), rng.normal(size=6) * 0.5, rng.normal(size=(6, 3))

    def logits(x):
        z = 2 * np.asarray(x, dtype=np.float64) - 1
        return (np.maximum(z @ inner + shift, 0) @ outer + [0.3, 0.1, -0.2]).astype(np.float32)

    return logits


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("form", ["score", "probabilities"])
def test_a_network_of_one_hidden_layer_is_recovered_as_a_function(form, seed):
    """All six planes, and the same answers on random inputs: published 99.98 to 100 %."""
    space = box((10,))
    copy = last(
        FunctionallyEquivalent(), Oracle(network(), shown=shown(form)), space, np.empty((0, 10)), (12_000,), seed
    )
    x = space.uniform(4000, np.random.default_rng(7))
    assert len(copy.units) == 6
    assert (labels_of(copy, x) == network()(x).argmax(axis=1)).mean() >= 0.999
    known = network()(x).astype(np.float64)
    assert np.abs(copy.scores(x) - (known - known[:, :1])).max() < 0.01


def test_rounding_hides_the_kinks():
    """The hardened twin: two decimals leave no straight piece to see a kink between."""
    space = box((10,))
    oracle = Oracle(network(), shown=shown("probabilities:2"))
    copy = last(FunctionallyEquivalent(), oracle, space, np.empty((0, 10)), (12_000,))
    x = space.uniform(4000, np.random.default_rng(7))
    assert (labels_of(copy, x) == network()(x).argmax(axis=1)).mean() < 0.97


def test_inputs_with_categories_have_no_lines():
    """Nothing is asked, and there is no copy."""
    space = Domain(shape=(2,), low=np.zeros(2), high=np.ones(2), whole=np.array([True, False]), levels=np.array([2, 0]))
    oracle = Oracle(network())
    known = Known(domain=space, x=np.empty((0, 2)), recipe=PerceptronRecipe())
    assert list(FunctionallyEquivalent().copies(oracle, known, (100,))) == []
    assert oracle.asked == 0


@pytest.mark.parametrize("decimals", [2, 3, 4])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_rounded_answers_give_no_worse_a_copy_than_equations_do(decimals, seed):
    """On random inputs, beside the linear copy by the same answers: what was rounded to nothing counts as no logit."""
    space = box((10,))
    oracle = Oracle(network(), shown=shown(f"probabilities:{decimals}"))
    copy = last(FunctionallyEquivalent(), oracle, space, np.empty((0, 10)), (2_400,), seed)
    x = space.uniform(4000, np.random.default_rng(7))
    own, linear = ((labels_of(one, x) == network()(x).argmax(axis=1)).mean() for one in (copy, solved(oracle, space)))
    assert own >= linear - 0.01


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_answers_that_keep_many_digits_show_units(seed):
    """Eight decimals: units are found, and the copy is better than a linear one by the same answers."""
    space = box((10,))
    oracle = Oracle(network(), shown=shown("probabilities:8"))
    copy = last(FunctionallyEquivalent(), oracle, space, np.empty((0, 10)), (4_000,), seed)
    x = space.uniform(4000, np.random.default_rng(7))
    own, linear = ((labels_of(one, x) == network()(x).argmax(axis=1)).mean() for one in (copy, solved(oracle, space)))
    assert len(copy.units) >= 2
    assert own >= linear
