"""Reduced models: what they keep, what they lose, and that the model before stays as it was."""

import numpy as np
import pytest

from redan.defences.reduction import (
    Perceptron,
    cost,
    distil,
    distil_into,
    fewer_features,
    fit,
    prune_tree,
    prune_units,
    prune_weights,
)
from redan.defences.reduction.distilling import softened
from redan.defences.reduction.perceptron import Course, Layer, softmax
from redan.defences.reduction.size import size_of
from redan.errors import InputError

RNG = np.random.default_rng
LINE = np.array([[1.5, -1.0, 0.5, 0, 0, 0], [-1.0, 1.0, 0.5, 0, 0, 0], [0.0, 0.5, -1.5, 0, 0, 0]]).T


def rows(n=400, seed=0):
    """Six columns, three of which tell the class."""
    x = RNG([7, seed]).normal(size=(n, 6))
    return x, (x @ LINE).argmax(axis=1)


@pytest.fixture(scope="module")
def teacher():
    """A perceptron that has learned the task."""
    x, y = rows()
    return fit(x, y, Course(hidden=(32,), epochs=40), rng=RNG(0))


def accuracy(model, seed=1):
    x, y = rows(1000, seed)
    return (model.labels(x) == y).mean()


def test_slopes_are_those_of_differences():
    """The gradient of the loss, against its change at small steps, with a temperature and with decay."""
    from redan.defences.reduction.perceptron import _slopes

    rng = RNG(3)
    layers = [Layer(rng.normal(size=(4, 5)), rng.normal(size=5)), Layer(rng.normal(size=(5, 3)), rng.normal(size=3))]
    x, shares = rng.normal(size=(7, 4)), softmax(rng.normal(size=(7, 3)))
    how = Course(temperature=2.5, decay=0.1)

    def loss():
        logits = Perceptron(layers=tuple(layers)).logits(x) / how.temperature
        own = -(shares * np.log(softmax(logits))).sum(axis=1).mean() * how.temperature**2
        return own + 0.05 * sum(float((layer.weights**2).sum()) for layer in layers)

    found = _slopes(layers, x, shares, how)
    for layer, slope in zip(layers, found, strict=True):
        for part, told in zip(layer, slope, strict=True):
            for place in [*np.ndindex(part.shape)][:6]:
                kept = part[place]
                part[place] = kept + 1e-6
                above = loss()
                part[place] = kept - 1e-6
                below = loss()
                part[place] = kept
                assert told[place] == pytest.approx((above - below) / 2e-6, rel=1e-4, abs=1e-7)


def test_it_learns_and_the_same_seed_gives_the_same(teacher):
    """A task that is almost linear."""
    assert accuracy(teacher) > 0.93
    x, y = rows()
    again = fit(x, y, Course(hidden=(32,), epochs=40), rng=RNG(0))
    assert np.array_equal(again.logits(x), teacher.logits(x))


def test_a_student_agrees_with_its_teacher(teacher):
    """It is smaller, says what the teacher says, and the record tells how it was made."""
    x, _ = rows()
    size = size_of(teacher)
    found = distil(teacher.probabilities, x, Course(hidden=(6,), epochs=60), rng=RNG(1), size=size)
    fresh = rows(1000, 2)[0]
    told = cost(teacher.labels(fresh), found.model.labels(fresh), rows(1000, 2)[1])
    assert told.fidelity > 0.9
    assert told.agree.low < told.fidelity < told.agree.high
    assert told.interval.low <= told.loss <= told.interval.high
    assert found.saved > 0.6
    assert found.record()["settings"] == {"temperature": 4.0, "rows": 400}
    assert (found.numbers_before, found.bytes_before) == size


def test_softened_shares_are_those_of_softened_logits():
    """A temperature divides logits; one leaves shares as they are."""
    logits = RNG(0).normal(size=(20, 4)) * 5
    assert np.allclose(softened(softmax(logits), 3.0), softmax(logits / 3.0))
    assert np.allclose(softened(softmax(logits), 1.0), softmax(logits))
    for shares, temperature in ((np.zeros(3), 1.0), (softmax(logits), 0.0), (-softmax(logits), 1.0)):
        with pytest.raises(InputError):
            softened(shares, temperature)


def test_any_estimator_can_be_a_student(teacher):
    """Rows stand once for each class, with its share as their weight."""
    linear = pytest.importorskip("sklearn.linear_model")
    x, _ = rows()
    found = distil_into(linear.LogisticRegression(), teacher.probabilities, x, size=size_of(teacher))
    fresh = rows(1000, 2)[0]
    assert (found.model.predict(fresh) == teacher.labels(fresh)).mean() > 0.9
    assert found.numbers_after == 21


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 0.9])
def test_the_smallest_weights_go(teacher, share):
    """As many as were asked for, none that is larger than one that stays; the model before is untouched."""
    before = [layer.weights.copy() for layer in teacher.layers]
    found = prune_weights(teacher, share)
    kept = np.concatenate([layer.weights.ravel() for layer in found.model.layers])
    whole = np.concatenate([weights.ravel() for weights in before])
    assert (kept == 0).sum() == int(share * len(whole))
    assert share == 0.0 or np.abs(whole[kept == 0]).max() <= np.abs(kept[kept != 0]).min()
    assert all(np.array_equal(a, b.weights) for a, b in zip(before, teacher.layers, strict=True))
    assert found.bytes_after == found.bytes_before
    assert accuracy(prune_weights(teacher, 0.3).model) > 0.9


def test_what_was_pruned_stays_pruned_when_trained_on(teacher):
    """And training on makes up for some of the loss."""
    pruned = prune_weights(teacher, 0.8).model
    x, y = rows()
    settled = fit(x, y, Course(hidden=(32,), epochs=10), rng=RNG(4), start=pruned)
    for before, after in zip(pruned.layers, settled.layers, strict=True):
        assert (after.weights[before.weights == 0] == 0).all()
    assert accuracy(settled) >= accuracy(pruned)


def test_the_weakest_units_go(teacher):
    """Memory is saved; a unit that nothing listens to changes no answer."""
    found = prune_units(teacher, 0.5)
    assert [len(layer.bias) for layer in found.model.layers] == [16, 3]
    assert found.saved > 0.4
    (into, bias), (out, behind) = teacher.layers
    silent = Perceptron(layers=(Layer(into, bias), Layer(np.where(np.arange(32)[:, None] < 8, 0.0, out), behind)))
    x, _ = rows()
    assert np.allclose(prune_units(silent, 0.25).model.logits(x), silent.logits(x))


def test_a_network_of_scikit_learn_is_pruned_likewise():
    """It answers afterwards as before, with fewer numbers."""
    nets = pytest.importorskip("sklearn.neural_network")
    x, y = rows()
    made = nets.MLPClassifier((16,), max_iter=300, random_state=0, tol=1e-3).fit(x, y)
    for found in (prune_weights(made, 0.5), prune_units(made, 0.5)):
        assert found.numbers_after < 0.7 * found.numbers_before
        assert found.model.predict(x).shape == y.shape
    assert prune_units(made, 0.0).model.predict_proba(x) == pytest.approx(made.predict_proba(x))
    assert len(made.intercepts_[0]) == 16


def test_trees_are_cut():
    """By cost, or by depth; a forest as well."""
    trees, forests = pytest.importorskip("sklearn.tree"), pytest.importorskip("sklearn.ensemble")
    x, y = rows()
    one = trees.DecisionTreeClassifier(random_state=0).fit(x, y)
    by_cost, by_depth = prune_tree(one, x, y, alpha=0.01), prune_tree(one, x, y, depth=3)
    assert by_cost.numbers_after < by_cost.numbers_before == one.tree_.node_count
    assert by_depth.model.get_depth() <= 3
    assert by_cost.way == "cost-complexity pruning"
    forest = forests.RandomForestClassifier(5, random_state=0).fit(x, y)
    assert prune_tree(forest, x, y, depth=2).saved > 0.5
    with pytest.raises(InputError, match="either"):
        prune_tree(one, x, y)
    with pytest.raises(InputError, match="no tree"):
        prune_tree(object(), x, y, depth=2)


def test_fewer_features_are_enough():
    """Named, or found: those that tell nothing go; the new model takes all columns and looks at some."""
    linear = pytest.importorskip("sklearn.linear_model")
    x, y = rows(1500)
    made = linear.LogisticRegression().fit(x, y)
    found = fewer_features(made, x, y, rng=RNG(0), kept=(0, 1, 2))
    other = x.copy()
    other[:, 3:] = 1e6
    assert np.array_equal(found.model.predict(x), found.model.predict(other))
    assert (found.model.predict_proba(x).argmax(axis=1) == y).mean() > 0.95
    for kept in ((), (7,), (-1,)):
        with pytest.raises(InputError, match="columns"):
            fewer_features(made, x, y, rng=RNG(0), kept=kept)


@pytest.mark.slow
def test_what_is_needed_is_found():
    """Without a list, the smallest set that is proven to be enough."""
    linear = pytest.importorskip("sklearn.linear_model")
    x, y = rows(3000)
    found = fewer_features(linear.LogisticRegression().fit(x, y), x, y, rng=RNG(0), loss=0.05)
    assert set(found.model.kept) == {0, 1, 2}


@pytest.mark.parametrize(
    "bad",
    [
        {"x": np.full((4, 2), np.nan)},
        {"x": np.zeros((3, 2))},
        {"y": np.array([0.5, 1, 0, 1])},
        {"y": np.array([-1, 0, 1, 1])},
        {"course": Course(epochs=0)},
        {"course": Course(temperature=0.0)},
        {"classes": 1, "y": np.array([0, 1, 2, 3])},
    ],
)
def test_what_cannot_be_trained_on_is_refused(bad):
    """Values that are no numbers, shapes that do not fit, settings out of range."""
    given = {"x": np.zeros((4, 2)), "y": np.array([0, 1, 0, 1]), "course": None, "classes": None} | bad
    with pytest.raises(InputError):
        fit(given["x"], given["y"], given["course"], rng=RNG(0), classes=given["classes"])


@pytest.mark.parametrize("share", [-0.1, 1.0, np.nan])
def test_shares_out_of_range_are_refused(teacher, share):
    """And what is no network."""
    for prune in (prune_weights, prune_units):
        with pytest.raises(InputError, match="share"):
            prune(teacher, share)
        with pytest.raises(InputError, match="network"):
            prune(object(), 0.5)


def test_costs_need_the_same_records():
    """Labels of two models and the true ones, of one length."""
    with pytest.raises(InputError, match="fit"):
        cost(np.zeros(3), np.zeros(4), np.zeros(3))
    with pytest.raises(InputError, match="fit"):
        cost(np.zeros(0), np.zeros(0), np.zeros(0))
