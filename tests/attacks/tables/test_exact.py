"""The exact attack on trees: the same answer as trying every row there is, for each kind of ensemble and rule."""

import itertools

import lightgbm
import numpy as np
import pytest
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from attacks.tables.spaces import numbers, within
from redan.attacks.tables import cascade, exact, genetic, greedy, parse_rules, radius, space_of
from redan.attacks.tables.asked import Asked
from redan.attacks.tables.cascading import judge_rows
from redan.attacks.tables.ensemble import ensemble_of
from redan.attacks.tables.search import Order
from redan.attacks.tables.space import allowed
from redan.attacks.threat import Linf, parse
from redan.errors import IncompleteError, InputError

pytest.importorskip("veritas")
RULES = """
[columns.a]
type = "integer"
low = 0
high = 5
scale = 1
direction = "up"
[columns.b]
type = "integer"
low = 0
high = 5
scale = 1
[columns.c]
type = "category"
levels = [10, 30, 20]
cost = 1
[columns.f]
type = "bool"
cost = 2
[columns.i]
type = "integer"
low = 0
high = 1
mutable = false
[[one_hot]]
columns = ["h0", "h1", "h2"]
cost = 1
"""
SUM = "[[linear]]\nterms = { a = 1, b = 1 }\nat_most = 6\n[[linear]]\nterms = { b = 1, h1 = 2 }\nat_least = 1\n"
NAMES = ["a", "b", "h0", "h1", "h2", "c", "f", "i"]
GRID = np.array(
    [
        [a, b, *np.eye(3)[h], c, f, i]
        for a, b, h, c, f, i in itertools.product(range(6), range(6), range(3), range(3), range(2), range(2))
    ],
    dtype=np.float32,
)
MODELS = [
    DecisionTreeClassifier(max_depth=6, random_state=0),
    RandomForestClassifier(9, max_depth=5, random_state=0),
    ExtraTreesClassifier(7, max_depth=5, random_state=0),
    GradientBoostingClassifier(n_estimators=12, random_state=0),
    HistGradientBoostingClassifier(max_iter=12, max_leaf_nodes=8),
    lightgbm.LGBMClassifier(n_estimators=12, num_leaves=8, verbose=-1),
]


def levels(rows):
    """Codes of the category as the model reads them."""
    read = rows.astype(float)
    read[:, 5] = np.array([10, 30, 20])[rows[:, 5].astype(int)]
    return read


def fitted(model, classes, rng):
    """The model on noisy labels over random rows of the grid, and its answer for all of the grid."""
    rows = GRID[rng.integers(0, len(GRID), 500)]
    risk = rows[:, 0] + rows[:, 1] / 2 + 3 * rows[:, 3] - (rows[:, 5] == 1) + rows[:, 6] + rng.normal(size=500)
    y = np.digitize(risk, np.quantile(risk, np.arange(1, classes) / classes))
    model.fit(levels(rows), np.array(["u", "v", "w"])[y])
    return model.predict(levels(GRID))


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_it_answers_as_trying_every_row_does(model, classes):
    """A row is broken exactly when some allowed row in the ball is labelled otherwise, and certified otherwise."""
    rng = np.random.default_rng(classes)
    told = fitted(model, classes, rng)
    seen = set()
    for text, eps in ((RULES, 1.0), (RULES + SUM, 1.0), (RULES + SUM, 0.5), (RULES, 2.0)):
        space = space_of(parse_rules(text), NAMES)
        valid = allowed(space, GRID, GRID)
        chosen = rng.permutation(np.flatnonzero(valid))[:15]
        found = exact(model, GRID[chosen], told[chosen], space=space, threat=Linf(eps))
        ball = within(space, f"linf:{eps}")
        for i, place in enumerate(chosen):
            row = np.repeat(GRID[place : place + 1], len(GRID), axis=0)
            near = (ball.sizes(GRID - row) <= eps) & allowed(space, row, GRID)
            assert found.result.broken[i] == (told[near] != told[place]).any()
        assert np.array_equal(found.certified, ~found.result.broken)
        assert not found.unknown.any()
        judged = judge_rows(
            Asked(model, space), GRID[chosen], told[chosen], found.result.x_adv, space=space, threat=Linf(eps)
        )
        assert np.array_equal(judged.broken, found.result.broken)
        seen |= set(found.certified.tolist())
    assert seen == {False, True}


@pytest.fixture(scope="module")
def forest():
    """A forest on continuous columns, and rows that it gets right."""
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 1, (500, 5)).astype(np.float32)
    y = (x[:, 0] + x[:, 1] * x[:, 2] + rng.normal(size=500) * 0.1 > 0.75).astype(int)
    model = RandomForestClassifier(15, max_depth=6, random_state=0).fit(x[:400], y[:400])
    right = model.predict(x[400:]) == y[400:]
    return model, x[400:][right][:50], y[400:][right][:50]


def test_no_search_breaks_what_is_certified(forest):
    """Greedy and genetic search break a part of what the exact attack breaks, and nothing that it certifies."""
    model, x, y = forest
    space = numbers(5)
    found = exact(model, x, y, space=space, threat=Linf(0.06))
    assert 0.1 < found.certified.mean() < 0.9
    for attack in (greedy, genetic):
        broken = attack(model, x, y, space=space, threat=Linf(0.06), budget=500).broken
        assert not (broken & found.certified).any()
        assert broken.sum() >= 0.8 * found.result.broken.sum()


def test_radii_close_in_from_both_sides(forest):
    """Upper bounds are rows that the model gets wrong at that distance; nothing breaks below the lower bounds."""
    model, x, y = forest
    space = numbers(5)
    found = radius(model, x[:20], y[:20], space=space, most=0.5)
    assert (found.upper - found.lower <= 1e-3).all()
    assert (model.predict(found.x_adv) != y[:20]).all()
    assert np.allclose(np.abs(found.x_adv - x[:20]).max(axis=1), found.upper, atol=1e-6)
    below = exact(model, x[:20], y[:20], space=space, threat=Linf(tuple(np.maximum(found.lower - 1e-5, 0))))
    assert below.certified.all()
    above = exact(model, x[:20], y[:20], space=space, threat=Linf(tuple(found.upper)))
    assert above.result.broken.all()
    short = radius(model, x[:20], y[:20], space=space, most=0.01)
    assert np.array_equal(np.isinf(short.upper), found.upper > 0.01)
    assert (short.lower[np.isinf(short.upper)] == 0.01).all()


def test_relations_between_numbers_are_solved(forest):
    """With a relation that ties continuous columns, what breaks satisfies it, and less breaks than without."""
    model, x, y = forest
    text = "".join(f"[columns.x{i}]\nlow = 0\nhigh = 1\nscale = 1\n" for i in range(5))
    text += "[[linear]]\nterms = { x0 = 1, x1 = 1 }\nequals = 1\n"
    space = space_of(parse_rules(text), [f"x{i}" for i in range(5)])
    tied = x.copy()
    tied[:, 1] = 1 - tied[:, 0]
    kept = allowed(space, tied, tied)
    y = model.predict(tied)
    bound = exact(model, tied[kept], y[kept], space=space, threat=Linf(0.1))
    loose = exact(model, tied[kept], y[kept], space=numbers(5), threat=Linf(0.1))
    assert allowed(space, tied[kept], bound.result.x_adv).all()
    assert 0 < bound.result.broken.sum() < loose.result.broken.sum()
    assert not (bound.result.broken & loose.certified).any()
    assert not bound.unknown.any()


def test_a_quotient_of_columns_leaves_a_row_unknown_rather_than_certified(forest):
    """What the solver cannot reckon with is never taken for a proof."""
    model, x, y = forest
    text = "".join(f"[columns.x{i}]\nlow = 0.01\nhigh = 1\nscale = 1\n" for i in range(5))
    text += '[[ratio]]\nnumerator = "x0"\ndenominator = "x1"\nequals = "x2"\n'
    space = space_of(parse_rules(text), [f"x{i}" for i in range(5)])
    tied = np.clip(x, 0.01, 1)
    tied[:, 0] = tied[:, 1] * tied[:, 2]
    kept = allowed(space, tied, tied)
    y = model.predict(tied)
    found = exact(model, tied[kept], y[kept], space=space, threat=Linf(0.1))
    assert allowed(space, tied[kept], found.result.x_adv).all()
    assert found.unknown.any()
    assert (found.result.broken | found.certified | found.unknown).all()
    broken = greedy(model, tied[kept], y[kept], space=space, threat=Linf(0.1)).broken
    assert not (broken & found.certified).any()


def test_too_few_steps_leave_rows_unknown(forest):
    """A search that was cut short proves nothing."""
    model, x, y = forest
    found = exact(model, x, y, space=numbers(5), threat=Linf(0.06), steps=1)
    whole = exact(model, x, y, space=numbers(5), threat=Linf(0.06))
    assert found.unknown.any()
    assert not (found.certified & ~whole.certified).any()


def test_what_is_no_ensemble_is_told(forest):
    """Other models, other norms and missing pieces are incomplete, never a proof."""
    _, x, y = forest
    space = numbers(5)
    linear = LogisticRegression().fit(x, y)
    with pytest.raises(IncompleteError, match="no ensemble of trees"):
        exact(linear, x, y, space=space, threat=Linf(0.1))
    piped = make_pipeline(StandardScaler(), RandomForestClassifier(3).fit(x, y))
    with pytest.raises(IncompleteError, match="no ensemble of trees"):
        exact(piped, x, y, space=space, threat=Linf(0.1), classes=[0, 1])
    with pytest.raises(IncompleteError, match="linf"):
        exact(RandomForestClassifier(3).fit(x, y), x, y, space=space, threat=parse("l2:1"))
    with pytest.raises(IncompleteError, match="at hand"):
        exact(lambda rows: rows[:, :2], x, y, space=space, threat=Linf(0.1))
    with pytest.raises(InputError, match="breaks a rule"):
        exact(RandomForestClassifier(3).fit(x, y), x + 5, y, space=space, threat=Linf(0.1))
    with pytest.raises(IncompleteError, match="no ensemble of trees"):
        ensemble_of(RandomForestRegressor(3).fit(x, y), x)


def test_trees_on_categories_are_told():
    """Splits on sets of categories are not read as splits on numbers."""
    rng = np.random.default_rng(1)
    x = np.column_stack([rng.integers(0, 6, 300), rng.normal(size=300)])
    y = (x[:, 0] % 2).astype(int)
    with pytest.raises(IncompleteError, match="split on categories"):
        ensemble_of(HistGradientBoostingClassifier(categorical_features=[0], max_iter=5).fit(x, y), x)
    booster = lightgbm.LGBMClassifier(n_estimators=5, verbose=-1).fit(x, y, categorical_feature=[0])
    with pytest.raises(IncompleteError, match="split on categories"):
        ensemble_of(booster, x)


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_the_trees_add_up_to_what_the_model_answers(model):
    """On rows that were not compared, the sum of the trees gives the model's label."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=(400, 6)).astype(np.float32)
    y = rng.integers(0, 3, 400)
    model.fit(x[:300], y[:300])
    read = ensemble_of(model, x[:50])
    assert (read.scores(x[300:]).argmax(axis=1) == model.predict(x[300:])).mean() > 0.99


def test_the_cascade_proves_what_it_could_not_break(forest):
    """Rows are broken, certified, or neither; the exact attack adds what the searches missed."""
    model, x, y = forest
    order = Order(space=numbers(5), threat=Linf(0.06), budget=20, prove=20_000)
    found = cascade(model, x, y, order)
    whole = exact(model, x, y, space=numbers(5), threat=Linf(0.06))
    assert "exact" in found.first
    assert np.array_equal(found.judged.broken, whole.result.broken)
    assert np.array_equal(found.certified, whole.certified)
    assert found.results[-1].attack == "exact"
    other = cascade(LogisticRegression().fit(x, y), x, y, order)
    assert other.certified is None
    assert "no ensemble of trees" in other.unproved
