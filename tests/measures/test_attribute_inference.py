"""Attribute inference finds what answers give away, and is silent when they say no more than the other columns."""

import numpy as np
import pandas as pd
import pytest

from redan.errors import IncompleteError, InputError
from redan.measures.attribute_inference import Remembered, Seen, attribute_inference, remembered
from redan.measures.columns import Column, ranks
from redan.measures.inferable_inputs import Asked, inferable_inputs
from redan.models import model_of
from redan.tables import table_of

pytest.importorskip("sklearn.ensemble", reason="needs the extra 'sklearn'")


def logistic(z):
    return 1.0 / (1.0 + np.exp(-z))


def world(seed, weight, n=800, label_only=False, share=0.5):
    """A model that gives the attribute some weight, and persons it answered about."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    s = (rng.random(n) < logistic(x[:, 0] + np.log(share / (1 - share)))).astype(int)

    def chance(values):
        return logistic(x @ np.array([1.0, -1.0, 0.5]) + weight * values)

    def ask(values):
        p = chance(values)
        p = (p > 0.5).astype(float) if label_only else p
        return np.column_stack([1 - p, p])

    label = (rng.random(n) < chance(s)).astype(int)
    others = [Column(name=f"x{i}", kind="ordered", values=ranks(x[:, i])) for i in range(3)]
    candidates = np.stack([ask(np.full(n, v)) for v in (0, 1)], axis=1)
    return s, Seen(others, label, False, ask(s), candidates)


def infer(seed, weight, **options):
    s, seen = world(seed, weight, **options)
    return attribute_inference("s", s, seen, rng=np.random.default_rng(seed))


def test_an_answer_that_rises_with_the_attribute_gives_it_away():
    """Even a small weight is read off exact chances; imputation alone stays where it was."""
    for weight in (0.1, 1.0):
        found = infer(1, weight)
        assert found.inferred > 0.99
        assert found.imputed < 0.75
        assert found.interval.low > 0.2


def test_the_label_alone_gives_less_away():
    """With labels instead of chances the gain is smaller, and still found for a heavy attribute."""
    found = infer(2, 3.0, label_only=True)
    assert 0.05 < found.interval.low < found.gain < 0.45


def test_no_weight_no_alarm_in_five_worlds():
    """A model that ignores the attribute is never accused, though others predict it, and the search had power."""
    for seed in range(5):
        found = infer(seed, 0.0, n=500, share=0.35)
        assert found.interval.low <= 0.05
        assert found.interval.low < 0.02
        assert found.imputed > 0.52
        assert found.has_power


def test_values_may_be_rare_missing_or_many():
    """Missing values and values of few rows are left out; with fewer than two left nothing is claimed."""
    s, seen = world(4, 1.0)
    s[:100] = -1
    s[100:140] = 7
    found = attribute_inference("s", s, seen, rng=np.random.default_rng(0))
    assert (found.classes, found.rows) == (2, 660)
    with pytest.raises(IncompleteError):
        attribute_inference("s", np.zeros(800, dtype=int), seen, rng=np.random.default_rng(0))


def test_answers_alone_are_enough_where_the_model_cannot_be_asked():
    """Recorded answers without candidates, and without a label, still tell what they give away."""
    s, seen = world(5, 2.0)
    bare = Seen(seen.others, None, False, seen.answers, None)
    found = attribute_inference("s", s, bare, rng=np.random.default_rng(0))
    assert found.asked is None
    assert found.interval.low > 0.05


def test_same_seed_same_numbers():
    """Every random choice hangs on the generator."""
    assert infer(3, 0.5, n=400) == infer(3, 0.5, n=400)


class Scorer:
    """An estimator of one matrix of numbers."""

    n_features_in_ = 3

    def __init__(self, weights):
        self.weights = np.asarray(weights, dtype=float)

    def predict_proba(self, x):
        p = logistic(np.asarray(x, dtype=float) @ self.weights)
        return np.column_stack([1 - p, p])

    def predict(self, x):
        return self.predict_proba(x).argmax(axis=1)


def frame(seed=0, n=600):
    rng = np.random.default_rng(seed)
    data = pd.DataFrame({"use": rng.normal(size=n), "age": rng.integers(18, 90, n) / 30, "sick": rng.integers(0, 2, n)})
    data["y"] = np.where(data["use"] + data["sick"] - data["age"] / 2 + rng.logistic(size=n) * 0.3 > 0, "yes", "no")
    return data


def asked(weights, data, **options):
    names = ("use", "age", "sick")
    return Asked(model=model_of(Scorer(weights)), inputs=names, tables=((table_of(data), "y"),), **options)


def test_a_model_at_hand_is_asked_about_its_inputs():
    """A class and a number among the inputs are given away by exact chances, not by a model that ignores them."""
    rng = np.random.default_rng(0)
    leaks = inferable_inputs(asked([1, -0.5, 1], frame()), ["sick", "age"], rng=rng)
    assert leaks["sick"].interval.low > 0.2
    assert leaks["age"].classes == 4
    assert leaks["age"].interval.low > 0.05
    keeps = inferable_inputs(asked([1, -0.5, 0], frame()), ["sick"], rng=rng)["sick"]
    assert keeps.interval.low < 0.05


def test_a_model_that_reads_something_else_is_not_judged():
    """Answers that have nothing to do with the label, other inputs, words for numbers, and too few rows."""
    rng = np.random.default_rng(0)
    with pytest.raises(IncompleteError, match="nothing to do with the label"):
        inferable_inputs(asked([0, 0, 0], frame()), ["sick"], rng=rng)
    with pytest.raises(IncompleteError):
        inferable_inputs(asked([1, 1, 1], frame(n=150)), ["sick"], rng=rng)
    with pytest.raises(IncompleteError):
        inferable_inputs(asked([1, 1, 1], frame().assign(sick="word")), ["sick"], rng=rng)
    other = Asked(model=model_of(Scorer([1, 1])), inputs=("use", "age"), tables=((table_of(frame()), "y"),))
    with pytest.raises(InputError):
        inferable_inputs(other, ["age"], rng=rng)


def test_an_attribute_of_one_value_is_told_and_others_go_on():
    """One constant attribute gives its reason; the other is still measured."""
    data = frame().assign(sick=1)
    found = inferable_inputs(asked([1, -0.5, 1], data), ["sick", "age"], rng=np.random.default_rng(0))
    assert isinstance(found["sick"], IncompleteError)
    assert found["age"].rows > 500


def coins(seed, n):
    """Persons whose label is a coin, half of whom a nearest neighbour knows, and what an attacker on `s` sees of all."""
    from sklearn.neighbors import KNeighborsClassifier

    rng = np.random.default_rng(seed)
    x, s, label = rng.normal(size=2 * n), rng.integers(0, 2, 2 * n), rng.integers(0, 2, 2 * n)
    model = KNeighborsClassifier(1).fit(np.column_stack([x, 9 * s])[:n], label[:n])

    def ask(values):
        return np.eye(2)[model.predict(np.column_stack([x, 9 * values]))]

    others = [Column(name="x", kind="ordered", values=ranks(x))]
    candidates = np.stack([ask(np.full(2 * n, v)) for v in (0, 1)], axis=1)
    return s, Seen(others, label, False, ask(s), candidates), np.arange(2 * n) < n


def test_memory_is_told_from_what_holds_for_everybody():
    """A model that learned coins by heart says a person's label for the right value only, if it knows the person."""
    found = remembered(*coins(0, 300), rng=np.random.default_rng(0))
    assert found.interval.low > 0.05
    assert found.advantage == pytest.approx(found.inside - found.outside)


def test_an_answer_that_tells_everybody_is_no_memory():
    """The attribute has a weight, and answers give it away of all persons alike."""
    s, seen = world(6, 1.0, n=500)
    for view in (seen, seen._replace(candidates=None)):
        found = remembered(s, view, np.arange(500) % 2 == 0, rng=np.random.default_rng(0))
        assert found.interval.low <= 0 <= found.interval.high


def test_too_few_rows_of_a_kind_are_refused():
    """A comparison needs fifty rows of each value and kind."""
    s, seen = world(6, 1.0, n=500)
    with pytest.raises(IncompleteError, match="one kind"):
        remembered(s, seen, np.arange(500) < 460, rng=np.random.default_rng(0))


def test_a_model_at_hand_is_asked_about_other_rows_too():
    """Rows beside give a comparison; without them, with too few, or with another column, there is the reason."""
    rng = np.random.default_rng(0)
    data, others = frame(n=300), frame(seed=1, n=300)
    for beside, reason in (
        (((table_of(others), "y"),), None),
        ((), "no labelled rows"),
        (((table_of(others[:40]), "y"),), "of one kind"),
        (((table_of(others.drop(columns="sick")), "y"),), "sick"),
    ):
        found = inferable_inputs(asked([1, -0.5, 1], data, others=beside), ["sick"], rng=rng)["sick"].remembered
        if reason is None:
            assert isinstance(found, Remembered)
            assert found.rows == 600
        else:
            assert reason in found


@pytest.mark.slow
def test_the_advantage_covers_nothing_where_there_is_none():
    """Both kinds of rows are drawn alike, so that the interval holds 0 in nineteen of twenty cases."""
    held = []
    for seed in range(60):
        s, seen = world(1000 + seed, 0.3, n=400, label_only=True)
        found = remembered(s, seen, np.arange(400) < 200, rng=np.random.default_rng(seed))
        held.append(found.interval.low <= 0 <= found.interval.high)
    assert np.mean(held) >= 0.9
