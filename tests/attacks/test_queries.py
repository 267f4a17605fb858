"""Queries: each sample is counted, budgets hold, and whatever answers is understood or refused."""

import warnings

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from redan.attacks.evasion import Network, rays, square, surfree
from redan.attacks.queries import Queries, SpentError, answers, indices, log_scores
from redan.attacks.sources import FunctionSource, queries_of
from redan.attacks.threat import L2, Linf
from redan.errors import IncompleteError, InputError
from redan.models import model_of

NAMES = np.array(["cat", "dog", "eel"])


def table(seed=0):
    """Rows of four columns, and labels that are names."""
    rng = np.random.default_rng(seed)
    x = rng.random((150, 4), dtype=np.float32)
    return x, NAMES[(x[:, 0] * 3).astype(int).clip(0, 2)]


def test_each_sample_is_counted_once_and_what_fills_up_is_computed():
    """45 samples are 45 queries and two batches of 32."""
    shapes = []
    source = FunctionSource(lambda rows: shapes.append(len(rows)) or rows @ np.ones((4, 2)))
    queries = Queries(source)
    assert queries.scores(table()[0][:45]).shape == (45, 2)
    assert (queries.asked, queries.cost().queries, queries.cost().forward) == (45, 45, 64)
    assert shapes == [32, 32]


def test_a_batch_that_the_budget_does_not_reach_is_not_asked():
    """Nothing of the last batch is asked; a smaller one still is."""
    asked = []
    queries = Queries(FunctionSource(lambda rows: asked.append(rows) or rows[:, :2], chunk=1), budget=10)
    x = table()[0]
    queries.labels(x[:8])
    with pytest.raises(SpentError, match="10 queries"):
        queries.labels(x[:3])
    assert (len(asked), queries.left) == (8, 2)
    queries.labels(x[:2])
    assert queries.left == 0


@pytest.mark.parametrize(
    "estimator", [RandomForestClassifier(8, random_state=0), LinearSVC()], ids=["scores", "labels"]
)
def test_estimators_are_asked_by_their_own_labels(estimator):
    """Names of classes become indices, for models that show probabilities and for those that show labels only."""
    x, y = table()
    estimator.fit(x, y)
    for model in (estimator, model_of(estimator)):
        queries = queries_of(model)
        assert np.array_equal(NAMES[queries.labels(x)], estimator.predict(x))
        assert np.array_equal(NAMES[queries.indices(y)], y)
        with pytest.raises(InputError, match="no class"):
            queries.indices(["cat", "cow"])


def test_a_network_is_asked_as_a_stranger_would():
    """Logits come in batches of one shape; passes before are not counted."""
    network = Network(torch.nn.Linear(4, 3).eval())
    x = table()[0][:40]
    direct = network.labels(x)
    queries = queries_of(network)
    assert np.array_equal(queries.labels(x), direct)
    assert (queries.cost().queries, queries.cost().forward) == (40, 64)
    assert queries_of(queries) is queries


def test_what_answers_nothing_is_refused():
    """A dictionary, a module that is not wrapped, a model of several inputs."""
    for told in (1.0, np.zeros(3), [[1, 2], [3]]):
        with pytest.raises((InputError, IncompleteError)):
            Queries(FunctionSource(lambda rows, told=told: told)).labels(table()[0])
    for model in ({"w": 1}, torch.nn.Linear(2, 2), 3):
        with pytest.raises(InputError):
            queries_of(model)


@pytest.mark.parametrize(
    "told",
    [
        *(np.zeros((3, 2)), np.zeros(()), np.zeros((4, 2, 2)), np.zeros((4, 1)), np.full((4, 2), np.nan)),
        *(np.full(4, 0.5), np.full((4, 2), np.inf), np.full((4, 2), 1e300)),
    ],
)
def test_answers_in_another_form_are_refused(told):
    """Too few rows, too many axes, one column of numbers, no numbers, labels that are none: one clear error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(InputError):
            answers(told, 4, None)


@pytest.mark.parametrize("told", [np.array([1, 0, 2]), np.array([[1], [0], [2]]), np.array([1.0, 0.0, 2.0])])
def test_labels_in_any_usual_form(told):
    """A column of labels, or labels that are floats, are labels."""
    assert answers(told, 3, None).tolist() == [1, 0, 2]
    assert indices(np.array([True, False]), None).tolist() == [1, 0]
    assert indices(np.array([20, 10]), np.array([10, 20])).tolist() == [1, 0]


@given(st.lists(st.floats(-20, 20, width=32), min_size=2, max_size=6))
def test_logarithms_keep_order_and_undo_the_softmax(logits):
    """Rows of probabilities get the differences of their logits back, other rows stay."""
    row = np.array([logits], dtype=np.float32)
    shares = np.exp(row.astype(np.float64) - row.max())
    shares = (shares / shares.sum()).astype(np.float32)
    back = log_scores(shares)
    assert np.allclose(back - back.max(), row - row.max(), atol=1e-3)
    assert np.array_equal(log_scores(row - 100), row - 100)


def test_a_model_that_raises_now_and_then_is_asked_again():
    """Two failures in a row are forgiven; three end the attack with a reason, not with a traceback."""
    turns = iter(range(100))

    def model(rows):
        if next(turns) % 3 < 2:
            raise RuntimeError("busy")
        return rows[:, :2]

    assert Queries(FunctionSource(model)).labels(table()[0]).shape == (150,)

    def broken(rows):
        raise ValueError("no")

    with pytest.raises(IncompleteError, match="raised ValueError 3 times"):
        Queries(FunctionSource(broken)).labels(table()[0])


def test_onnx_models_are_attacked_by_queries():
    """A session of onnxruntime is a model like others; its probabilities are used as scores."""
    skl2onnx = pytest.importorskip("skl2onnx")
    onnxruntime = pytest.importorskip("onnxruntime")
    x, _ = table()
    y = (x.sum(axis=1) > 2).astype(int)
    estimator = LogisticRegression(C=100).fit(x, y)
    data = skl2onnx.to_onnx(estimator, x[:1], options={"zipmap": False}, target_opset=17).SerializeToString()
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    right = estimator.predict(x) == y
    for attack, threat in ((square, Linf(0.2)), (rays, Linf(0.2)), (surfree, L2(0.5))):
        found = attack(model_of(session), x[right][:20], y[right][:20], threat=threat, queries=300)
        assert found.broken.mean() > 0.5
        assert (estimator.predict(found.x_adv) != y[right][:20])[found.broken].all()
