"""Models that answer in odd ways, or stop: one clear error, and the work until then is kept."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from attacks.tables.spaces import numbers
from redan.attacks.queries import StoppedError
from redan.attacks.tables import cascade, genetic, greedy, judge_rows, parse_rules, rows_of
from redan.attacks.tables.asked import Asked
from redan.attacks.tables.search import Order
from redan.attacks.threat import Linf
from redan.errors import IncompleteError, InputError

X = np.random.default_rng(0).uniform(0, 1, (40, 2)).astype(np.float32)
Y = (X[:, 0] > 0.5).astype(int)


def scores(rows):
    return np.column_stack([0.5 - rows[:, 0], rows[:, 0] - 0.5])


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (lambda rows: scores(rows) * np.nan, "no numbers"),
        (lambda rows: np.zeros((len(rows), 2, 2)), "answers in shape"),
        (lambda rows: np.array(["a"] * len(rows)), "classes="),
        (lambda rows: np.array(["z"] * len(rows)), "none of the model's classes|classes="),
    ],
)
def test_odd_answers_are_one_clear_error(model, said):
    """Numbers that are none, shapes that tell no classes apart, labels that nobody knows."""
    with pytest.raises(InputError, match=said):
        greedy(model, X, Y, space=numbers(2), threat=Linf(0.1))


@pytest.mark.parametrize("answer", [lambda p: p, lambda p: p[:, None], lambda p: np.column_stack([1 - p, p])])
def test_one_probability_is_two_classes(answer):
    """A model of two classes may show one column, one value, or both."""
    found = greedy(lambda rows: answer(rows[:, 0].astype(float)), X, Y, space=numbers(2), threat=Linf(0.1))
    assert np.array_equal(found.broken, np.abs(X[:, 0] - 0.5) < 0.1)


@pytest.mark.parametrize("attack", [greedy, genetic])
def test_a_model_that_stops_leaves_what_was_found(attack):
    """The groups before it stopped are kept in the error."""
    asked = []

    def stops(rows):
        asked.append(len(rows))
        if len(asked) > 4:
            raise IncompleteError("the endpoint is gone")
        return scores(rows)

    with pytest.raises(StoppedError, match="gone") as caught:
        attack(stops, X, Y, space=numbers(2), threat=Linf(0.2), slots=4, budget=60)
    kept = caught.value.result
    assert kept.broken.any()
    assert (np.argmax(scores(kept.x_adv[kept.broken]), axis=1) != Y[kept.broken]).all()
    assert np.array_equal(kept.x_adv[~kept.broken], X[~kept.broken])
    assert kept.cost.queries == sum(asked[:4])


def test_a_cascade_that_stops_keeps_what_the_judge_believed():
    """A model that stops in the second attack leaves the rows of the first."""
    asked = []

    def stops(rows):
        asked.append(len(rows))
        if len(asked) == last:
            raise IncompleteError("the endpoint is gone")
        return scores(rows)

    order = Order(space=numbers(2), threat=Linf(0.1), budget=500)
    last = 0
    greedy(stops, X, Y, space=order.space, threat=order.threat, budget=500)
    last = 2 * len(asked) + 4  # the judge asks before and after, and the genetic search once
    with pytest.raises(StoppedError) as caught:
        cascade(stops, X, Y, order)
    kept = caught.value.result
    assert kept.broken.any()
    assert (
        judge_rows(Asked(scores, numbers(2)), X, Y, kept.x_adv, space=numbers(2), threat=Linf(0.1))
        .broken[kept.broken]
        .all()
    )


def test_an_onnx_model_over_words_and_numbers():
    """Columns of text and of numbers, each an input of its own, through onnxruntime."""
    skl2onnx = pytest.importorskip("skl2onnx")
    onnxruntime = pytest.importorskip("onnxruntime")
    types = pytest.importorskip("skl2onnx.common.data_types")
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"size": rng.uniform(0, 1, 300), "kind": rng.choice(["p", "q", "r"], 300)})
    label = np.where(frame["size"] + (frame["kind"] == "q") > 0.8, "high", "low")
    encoder = make_column_transformer((OneHotEncoder(), ["kind"]), remainder="passthrough")
    fitted = make_pipeline(encoder, LogisticRegression(C=10)).fit(frame, label)
    made = skl2onnx.convert_sklearn(
        fitted,
        initial_types=[("size", types.FloatTensorType([None, 1])), ("kind", types.StringTensorType([None, 1]))],
        options={"zipmap": False},
    )
    session = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    text = (
        '[columns.size]\nlow = 0\nhigh = 1\n[columns.kind]\ntype = "category"\nlevels = ["p", "q", "r"]\ncost = 0.05\n'
    )
    rows = rows_of(frame.assign(y=label), "y", parse_rules(text), limit=80)
    order = {"space": rows.space, "threat": Linf(0.05), "classes": ["high", "low"]}
    found = greedy(session, rows.x, rows.y, **order)
    same = greedy(fitted, rows.x, rows.y, space=rows.space, threat=Linf(0.05))
    assert np.array_equal(found.broken, same.broken)
    assert 0.2 < found.broken.mean() < 1
    with pytest.raises(InputError, match="classes="):
        greedy(session, rows.x, rows.y, space=rows.space, threat=Linf(0.05))
