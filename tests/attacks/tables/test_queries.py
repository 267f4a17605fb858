"""Greedy and genetic search: they break what can be broken, respect their budget, and depend on nobody else."""

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from attacks.tables.spaces import COLUMNS, drawn, everything, numbers, within
from redan.attacks.tables import cascade, counter, genetic, greedy, judge_rows
from redan.attacks.tables.asked import Asked
from redan.attacks.tables.search import Order
from redan.attacks.threat import Linf, parse
from redan.errors import InputError

SPACE = everything()
BOTH = pytest.mark.parametrize("attack", [greedy, genetic])


@pytest.fixture(scope="module")
def mixed():
    """Rows with rules of every kind, labels in words, and a forest over their codes."""
    rng = np.random.default_rng(0)
    x = drawn(700, rng)
    risk = x[:, 2] / 100 + (x[:, 8] == 1) + x[:, 12] - x[:, 0] / 50 + rng.normal(size=len(x)) * 0.2
    y = np.where(risk > np.median(risk), "yes", "no")
    forest = RandomForestClassifier(25, random_state=0).fit(x[:500], y[:500])
    asked = asked_of(forest)
    right = asked.labels(x[500:]) == asked.places(y[500:])
    return forest, x[500:][right], y[500:][right], x[:200]


def asked_of(forest):
    return Asked(forest.predict_proba, SPACE, classes=forest.classes_)


@BOTH
@pytest.mark.parametrize("text", ["linf:0.05", "l2:0.1", "l1:0.3", "l0:1"])
def test_the_judge_agrees(mixed, attack, text):
    """Every success is one outside of the attack as well, within radius and rules; some rows break, some do not."""
    forest, x, y, donors = mixed
    asked = asked_of(forest)
    found = attack(asked, x, y, space=SPACE, threat=parse(text), budget=300, donors=donors)
    judged = judge_rows(asked, x, y, found.x_adv, space=SPACE, threat=parse(text))
    assert np.array_equal(judged.broken, found.broken)
    assert not judged.outside.any()
    assert 0.02 < found.broken.mean() < 1
    assert np.array_equal(found.x_adv[~found.broken], x[~found.broken])
    assert (within(SPACE, text).sizes(found.x_adv - x) <= within(SPACE, text).radii(len(x)) + 1e-6).all()


@BOTH
def test_slots_and_order_change_nothing(mixed, attack):
    """1, 32 and 500 rows in flight, and the rows in another order, give the same bytes."""
    forest, x, y, donors = mixed
    x, y = x[:40], y[:40]

    def run(rows, labels, slots):
        chosen = {"space": SPACE, "threat": Linf(0.03), "budget": 150, "donors": donors, "seed": 3}
        return attack(asked_of(forest), rows, labels, slots=slots, **chosen)

    first = run(x, y, 500)
    for slots in (1, 32):
        again = run(x, y, slots)
        assert np.array_equal(first.x_adv, again.x_adv)
        assert np.array_equal(first.step, again.step)
    turned = run(x[::-1], y[::-1], 7)
    assert np.array_equal(first.x_adv, turned.x_adv[::-1])
    assert np.array_equal(first.step, turned.step[::-1])


@BOTH
@pytest.mark.parametrize("budget", [1, 7, 64])
def test_the_budget_holds(mixed, attack, budget):
    """No row costs more queries than the budget; the count is the model's own."""
    forest, x, y, _ = mixed
    counted = []

    def counting(rows):
        counted.append(len(rows))
        return forest.predict_proba(rows)

    asked = Asked(counting, SPACE, classes=forest.classes_)
    found = attack(asked, x, y, space=SPACE, threat=Linf(0.02), budget=budget)
    assert found.cost.queries == sum(counted) <= budget * len(x)
    assert (found.step <= budget).all()
    assert (found.step[found.broken] >= 1).all()
    if budget == 1:
        assert not found.broken.any()


def test_greedy_reaches_the_best_corner_of_a_linear_model():
    """On a logistic regression in a box, the greedy search breaks exactly what the best corner breaks."""
    rng = np.random.default_rng(1)
    x = rng.uniform(0, 1, (300, 6)).astype(np.float32)
    y = (x @ np.array([1, -2, 0.5, 1, 0, -1]) + rng.normal(size=300) * 0.1 > 0).astype(int)
    model = LogisticRegression().fit(x, y)
    space = numbers(6)
    for eps in (0.02, 0.1, 0.2):
        side = np.where(y == 1, -1, 1)[:, None] * np.sign(model.coef_)
        corner = np.clip(x + eps * side, 0, 1)
        best = model.predict(corner) != y
        found = greedy(model, x, y, space=space, threat=Linf(eps), budget=400)
        assert 0 < best.mean() < 1
        assert np.array_equal(found.broken, best)
        assert genetic(model, x, y, space=space, threat=Linf(eps), budget=1500).broken.sum() >= 0.97 * best.sum()


def test_a_model_that_ignores_what_can_move_is_never_broken():
    """The hardened twin: only the immutable column and the age, which only grows, decide."""
    x = drawn(300, np.random.default_rng(2))

    def steady(rows):
        told = ((rows[:, 10] == 1) & (rows[:, 0] >= 18)).astype(float)
        return np.column_stack([1 - told, told])

    y = x[:, 10] == 1
    for attack in (greedy, genetic):
        found = attack(steady, x, y, space=SPACE, threat=parse("l0:14"), budget=200)
        assert not found.broken.any()
        assert found.step.tolist() == [-1] * len(x)


@pytest.mark.parametrize("labels", [(0, 1), ("lo", "hi"), (False, True), (3, 7), (1.0, 2.0)])
def test_labels_of_any_kind(labels):
    """Labels in numbers, words and truth values find their place; another label is refused."""
    x = np.random.default_rng(3).uniform(0, 1, (80, 2)).astype(np.float32)
    y = np.array(labels)[(x[:, 0] > 0.5).astype(int)]
    model = LogisticRegression(C=100).fit(x, y)
    found = greedy(model, x, y, space=numbers(2), threat=Linf(0.2))
    assert 0.2 < found.broken.mean() < 0.7
    with pytest.raises(InputError, match="none of the model's classes"):
        greedy(model, x, np.array(["other"] * 80), space=numbers(2), threat=Linf(0.2))


def test_a_model_that_shows_labels_only():
    """An estimator without probabilities is attacked by its labels alone."""
    x = np.random.default_rng(4).uniform(0, 1, (100, 2)).astype(np.float32)
    y = np.array(["a", "b", "c"])[np.digitize(x[:, 0], [0.33, 0.66])]
    model = LinearSVC().fit(x, y)
    found = genetic(model, x, model.predict(x), space=numbers(2), threat=Linf(0.2), budget=200)
    assert found.broken.mean() > 0.3


def test_functions_and_networks_are_asked_as_well():
    """A function and a module of PyTorch over encoded rows give what an estimator gives."""
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    x = np.random.default_rng(5).uniform(0, 1, (60, 3)).astype(np.float32)
    y = (x[:, 0] > x[:, 1]).astype(int)
    module = torch.nn.Linear(3, 2, bias=False).eval()
    with torch.no_grad():
        module.weight.copy_(torch.tensor([[-1.0, 1.0, 0.0], [1.0, -1.0, 0.0]]))
    weights = module.weight.detach().numpy().T
    chosen = {"space": numbers(3), "threat": Linf(0.1)}
    first = greedy(lambda rows: rows @ weights, x, y, **chosen)
    second = greedy(module, x, y, **chosen)
    assert np.array_equal(first.broken, second.broken)
    assert np.array_equal(first.broken, np.abs(x[:, 0] - x[:, 1]) < 0.2)


def test_a_pipeline_reads_its_own_columns(mixed):
    """A model over named columns with words gets the levels, not their codes."""
    x = mixed[1]
    asked = []

    class Reads:
        feature_names_in_ = np.array(COLUMNS)
        classes_ = np.array(["no", "yes"])

        def predict_proba(self, frame):
            asked.append(frame)
            told = (frame["job"] == "b").to_numpy() * 0.8 + 0.1
            return np.column_stack([1 - told, told])

        def predict(self, frame):
            raise AssertionError

    truth = np.where(x[:, 8] == 1, "yes", "no")
    found = greedy(Reads(), x, truth, space=SPACE, threat=Linf(0.3))
    assert found.broken.all()
    assert isinstance(asked[0], pd.DataFrame)
    assert set(asked[0]["born"]) == {"here", "there"}
    assert asked[0]["age"].dtype == np.int64


def test_the_cascade_leaves_robust_rows_to_the_next(mixed):
    """Each attack gets what was left; the first to break a row is named; the judge has the last word."""
    forest, x, y, donors = mixed
    order = Order(space=SPACE, threat=Linf(0.03), budget=200, donors=donors)
    x = np.concatenate([x, x[:3]])
    y = np.concatenate([y, np.where(y[:3] == "yes", "no", "yes")])
    found = cascade(asked_of(forest), x, y, order)
    names = dict(zip(*np.unique(found.first, return_counts=True), strict=True))
    assert names["clean"] == 3
    assert np.array_equal(found.judged.broken, found.first != "")
    assert [r.attack for r in found.results] == ["greedy", "genetic"]
    assert len(found.results[0].x_adv) == len(x) - 3
    assert len(found.results[1].x_adv) == len(x) - 3 - names["greedy"]


def test_bad_rows_are_refused(mixed):
    """Rows that break a rule before anything happened, or do not fit, are one clear error."""
    forest, x, y, _ = mixed
    bad = x.copy()
    bad[0, 0] = 5
    with pytest.raises(InputError, match="break a rule before"):
        greedy(asked_of(forest), bad, y, space=SPACE, threat=Linf(0.1))
    with pytest.raises(InputError, match="do not fit"):
        greedy(asked_of(forest), x[:, :3], y, space=SPACE, threat=Linf(0.1))


def test_draws_are_those_of_the_engine():
    """The same numbers as PyTorch's counter-based draws, bit for bit."""
    torch = pytest.importorskip("torch")
    from redan.attacks.evasion import draws

    x = np.random.default_rng(6).normal(size=(9, 4)).astype(np.float32)
    ours, theirs = counter.keys(x, "a", 5), draws.keys(x, "a", 5)
    assert np.array_equal(ours.view(np.int64), theirs)
    for step, stream in ((0, 0), (7, 3), (1000, 63)):
        told = draws.bits(torch.as_tensor(theirs), torch.full((9,), step), stream, 50)
        drawn_ = counter.uniform(ours, step, stream, 50)
        assert np.array_equal(drawn_, (told.numpy() // 256 + 0.5) * 2.0**-24)
