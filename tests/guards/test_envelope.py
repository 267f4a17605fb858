"""Rows outside of what the model was made for are refused, rows inside pass."""

import numpy as np
import pytest

from guards.answered import flow
from redan.guards.envelope import Bounds, Envelope


@pytest.fixture
def guard():
    """An envelope of two columns that go together."""
    x = np.random.default_rng(0).multivariate_normal([0, 0], [[1, 0.9], [0.9, 1]], 4000)
    whiten = np.linalg.cholesky(np.linalg.inv(np.cov(x.T)))
    moved = ((x - x.mean(0)) @ whiten) ** 2
    bounds = Bounds(x.min(0), x.max(0), x.mean(0), whiten, float(np.quantile(moved.sum(1), 0.999)))
    return Envelope({"x": bounds}, {"kind": frozenset({b"a", b"b"})})


def test_columns_on_their_own_need_no_matrix():
    """Their distances are those of the diagonal matrix, in both precisions."""
    rng = np.random.default_rng(1)
    x, scale = rng.normal(size=(50, 7)), rng.uniform(0.5, 2, 7)
    dense = Bounds(x.min(0), x.max(0), x.mean(0), np.diag(scale), 1.0)
    for kind in (np.float32, np.float64):
        one, other = dense.of(kind), dense._replace(whiten=scale).of(kind)
        assert np.allclose(one.distances(x.astype(kind)), other.distances(x.astype(kind)), rtol=1e-5)


@pytest.mark.parametrize("row", [[0, 0], [1.5, 1.2], [-2, -2]])
def test_rows_of_the_training_data_pass(guard, row):
    """A row like those of the training data is let through."""
    assert guard.inbound(flow(x=[row])) is None


@pytest.mark.parametrize("row", [[9, 9], [2, -2], [np.inf, 0], [np.nan, 0]])
def test_rows_outside_are_refused_without_saying_where(guard, row):
    """A value out of range, a pair that does not go together, and what is no number are refused alike."""
    refused = guard.inbound(flow(x=[[0, 0], row]))
    assert refused.problem.status == 422
    assert refused.detail == ""


def test_another_number_of_columns_is_refused(guard):
    """Bounds of other columns say nothing, so nothing passes."""
    assert guard.inbound(flow(x=[[0, 0, 0]])).problem.status == 422


def test_unknown_levels_are_refused(guard):
    """A text that was never seen in training is outside."""
    made = flow(x=[[0, 0]])
    tensor = made.inference.inputs[0]
    texts = np.array([b"a", b"c"], dtype=object)
    made.inference = made.inference._replace(inputs=(tensor._replace(name="kind", datatype="BYTES", values=texts),))
    assert guard.inbound(made).problem.status == 422
    made.inference = made.inference._replace(inputs=(tensor._replace(name="kind", datatype="BYTES", values=texts[:1]),))
    assert guard.inbound(made) is None
