"""What a reference is made from: distances, quantiles, classes, temperatures and scores, each beside a plain twin."""

import hashlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway import bundles
from redan.defences.reference import Asked, calibrating, enveloping, make
from redan.defences.reference.rows import Rows, read_rows
from redan.errors import IncompleteError, InputError
from redan.guards.conformal import Calibration
from redan.guards.reference import read_reference, written
from redan.measures.drift.bins import Bins, counted
from redan.models import model_of
from redan.models.onnx_session import onnx_session

pytest.importorskip("sklearn", reason="needs the extra 'sklearn'")


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 80), st.integers(1, 40), st.integers(0, 2**32))
def test_thinned_scores_never_make_a_p_value_smaller(n, most, seed):
    """At every score, ties included; with all scores kept nothing changes."""
    rng = np.random.default_rng(seed)
    scores = np.sort(np.round(rng.uniform(size=n), 2))
    kept = calibrating.thinned(scores, most)
    assert len(kept) == min(n, most)
    at = np.linspace(-0.01, 1.01, 103)
    whole, part = (Calibration(1.0, (held, held)) for held in (scores, kept))
    given_ = np.stack([1 - at, 1 - at], axis=1)
    assert (part.p_values(given_) >= whole.p_values(given_) - 1e-12).all()
    assert (part.p_values(given_) <= whole.p_values(given_) + 2 / (len(kept) + 1)).all()


def test_the_distance_is_that_of_mahalanobis():
    """Beside the textbook's formula with the same shrunk covariance; constant and repeated columns do no harm."""
    from sklearn.covariance import LedoitWolf

    rng = np.random.default_rng(0)
    x = rng.multivariate_normal([5, -300], [[1, 9], [9, 100]], 500)
    made = enveloping.with_distance(enveloping.ranges(x), x)
    z = (x - x.mean(0)) / x.std(0)
    shrunk = LedoitWolf(assume_centered=True).fit(z).covariance_
    wanted = np.einsum("ij,jk,ik->i", z, np.linalg.inv(shrunk), z)
    np.testing.assert_allclose(made.of("f8").distances(x), wanted, rtol=1e-3)
    np.testing.assert_allclose(made.of("f4").distances(x.astype("f4")), wanted, rtol=1e-2, atol=1e-3)
    odd = np.column_stack([x, x[:, 0], np.full(500, 7.0)])
    made = enveloping.with_distance(enveloping.ranges(odd), odd)
    assert np.isfinite(made.of("f4").distances(odd.astype("f4"))).all()


def test_the_furthest_row_is_refused_as_rarely_as_agreed():
    """Over 300 draws, the mean share of fresh rows beyond the quantile is the agreed one."""
    rng, found = np.random.default_rng(1), []
    x = rng.normal(size=(2000, 3))
    made = enveloping.with_distance(enveloping.ranges(x), x)
    for _ in range(300):
        held, fresh = rng.normal(size=(2, 120, 3))
        limit = enveloping.with_furthest(made, held, 0.05)
        found.append((limit.of("f8").distances(fresh) > limit.furthest).mean())
    assert np.mean(found) <= 0.05 + 3 * np.std(found) / np.sqrt(300)
    assert np.mean(found) > 0.03
    with pytest.raises(IncompleteError, match="99"):
        enveloping.with_furthest(made, rng.normal(size=(98, 3)), 0.01)


def test_levels_that_name_rows_or_are_free_text_are_not_kept():
    """A file of real rows does not list names; a few words, even in few rows, are levels."""
    few = np.array([["a"], ["b"], ["c"]], dtype=object)
    assert enveloping.levels(few) == {b"a", b"b", b"c"}
    assert enveloping.levels(np.array([[f"c-{i}"] for i in range(100)], dtype=object)) is None
    assert enveloping.levels(np.array([[f"p{i % 50}"] for i in range(1000)], dtype=object)) is not None
    assert enveloping.levels(np.array([[f"p{i % 1500}"] for i in range(9000)], dtype=object)) is None
    assert enveloping.levels(np.array([["x" * 300], ["y"]], dtype=object)) is None


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from([0.0, 0.1, 1.0, 2.5, -7.0]) | st.floats(-5, 5, width=32), min_size=2, max_size=60))
def test_drift_counts_in_the_bins_of_the_design_side(values):
    """The counts of each column are those that `redan.measures.drift` makes over the same edges."""
    x = np.array(values, np.float32).reshape(-1, 1)
    column = enveloping.columns(x, ("a",))[0]
    bins = Bins(name="a", kind="number", edges=tuple(column.edges))
    assert column.counts.tolist() == counted(x[:, 0], bins)[1:].tolist()
    assert column.counts.sum() == len(x)


@pytest.mark.parametrize(
    ("labels", "count", "named", "wanted"),
    [
        (["no", "yes"], 2, (), ("no", "yes")),
        (["no", "yes"], 2, ("yes", "no"), ("yes", "no")),
        (["0", "2"], 3, (), ("0", "1", "2")),
        (["10", "9"], 2, (), ("9", "10")),
        (["-1", "1"], 2, (), ("-1", "1")),
        (["1", "2"], 2, (), ("1", "2")),
        (["a"], 2, (), None),
        (["a", "b", "c"], 2, (), None),
        (["a", "b"], 2, ("a", "a"), None),
        (["a", "b"], 2, ("a",), None),
    ],
)
def test_classes_lie_in_the_order_of_the_models_numbers(labels, count, named, wanted):
    """As scikit-learn sorts them, or as they are named; what cannot be told is asked for."""
    if wanted is None:
        with pytest.raises(InputError):
            calibrating.classes_of(np.array(labels), count, named)
    else:
        assert calibrating.classes_of(np.array(labels), count, named) == wanted


def test_a_planted_temperature_is_found():
    """Logits that were multiplied are divided again."""
    rng = np.random.default_rng(2)
    logits = rng.normal(size=(20_000, 4)) * 2
    raised = np.exp(logits - logits.max(1, keepdims=True))
    true = raised / raised.sum(1, keepdims=True)
    y = (true.cumsum(1) < rng.uniform(size=(len(true), 1))).sum(1)
    sure = true**2.5 / (true**2.5).sum(1, keepdims=True)
    assert calibrating.temperature_of(sure, y) == pytest.approx(2.5, rel=0.05)


def asked(x, y, *, cut=400, **given):
    """A linear model of two classes and its rows in two parts."""
    data = given.pop("data", bundles.network([[-2.0, 2.0], [-1, 1], [0, 0], [0, 0]]))
    model = model_of(onnx_session(data, {}, threads=1)[0])
    parts = (slice(None, cut), slice(cut, None))
    train, held = (Rows(feed={"x": x[p]}, columns=tuple("abcd"), labels=y[p], dropped=0) for p in parts)
    return Asked(model, hashlib.sha256(data).hexdigest(), train, held, True, **({"refused": 0.05} | given))


def drawn(seed, n=1200):
    """Rows of four columns, and labels that go with two of them."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 4)).astype(np.float32)
    p = 1 / (1 + np.exp(-2 * (2 * x[:, 0] + x[:, 1])))
    return x, np.where(rng.uniform(size=n) < p, "yes", "no")


def test_a_reference_is_whole_and_the_same_for_the_same_seed():
    """Written, read back, and bytes equal; every part is there."""
    x, y = drawn(3)
    one, two = (make(asked(x, y), np.random.default_rng(0)) for _ in range(2))
    assert written(one.reference) == written(two.reference)
    found = read_reference(written(one.reference))
    assert (found.input, found.output, found.calibration.classes) == ("x", "probabilities", 2)
    assert [column.name for column in found.columns] == list("abcd")
    assert one.classes == ("no", "yes")
    assert one.distance
    assert one.refused >= one.outside


def test_rows_that_the_model_was_trained_on_do_not_calibrate_it():
    """Nor a part of them; rows that repeat each other anyway are no sign."""
    x, y = drawn(4)
    x[400:450] = x[:50]
    with pytest.raises(InputError, match="among the training rows"):
        make(asked(x, y), np.random.default_rng(0))
    x = np.round(np.clip(x, -1, 1))
    make(asked(x, y), np.random.default_rng(0))


def test_too_few_rows_of_a_class_are_not_enough():
    """For the declared coverage, which says how many it takes."""
    x, y = drawn(5)
    y[400:] = "no"
    y[400:405] = "yes"
    with pytest.raises(IncompleteError, match="takes 9 calibration rows"):
        make(asked(x, y), np.random.default_rng(0))
    made = make(asked(x, y)._replace(labelled=False), np.random.default_rng(0))
    assert made.reference.calibration is None


def test_scores_are_those_of_the_transformed_input():
    """Calibrated as it is served: the same file of another transformation has other scores."""
    x, y = drawn(6)
    plain = make(asked(np.clip(x, 0, 1), y), np.random.default_rng(0)).reference
    coarse = make(asked(np.clip(x, 0, 1), y, transformation="bit-depth:1"), np.random.default_rng(0)).reference
    assert coarse.transformation == "bit-depth:1"
    assert len(np.unique(coarse.calibration.scores[0])) < len(np.unique(plain.calibration.scores[0]))


def test_rows_of_a_table_become_what_the_model_reads(tmp_path):
    """One matrix in the order of the columns, or of the named ones; missing numbers leave; words stay words."""
    model = model_of(onnx_session(bundles.MODEL, {}, threads=1)[0])
    frame = pd.DataFrame(
        {"y": ["a", "b", "a"], "d": [1, 2, 3], "c": [0.5, None, 1.5], "b": [True, False, True], "a": 4}
    )
    frame.to_csv(tmp_path / "t.csv", index=False)
    found = read_rows(tmp_path / "t.csv", model, "y", None, seed=0)
    assert (found.columns, found.dropped, len(found)) == (("d", "c", "b", "a"), 1, 2)
    assert sorted(found.feed["x"].tolist()) == [[1, 0.5, 1, 4], [3, 1.5, 1, 4]]
    assert found.feed["x"].dtype == np.float32
    found = read_rows(tmp_path / "t.csv", model, "y", ["a", "b", "c", "d"], seed=0)
    assert found.columns == ("a", "b", "c", "d")
    with pytest.raises(InputError, match="--column"):
        read_rows(tmp_path / "t.csv", model, "y", ["a"], seed=0)
    with pytest.raises(InputError, match="label"):
        read_rows(tmp_path / "t.csv", model, "nothing", None, seed=0)
    np.savez(tmp_path / "bad.npz", x=np.zeros((3, 5)), y=np.zeros(3))
    with pytest.raises(InputError, match="do not fit"):
        read_rows(tmp_path / "bad.npz", model, None, None, seed=0)
