"""Minimising finds the few features that a label needs, proves the loss, and says when it cannot tell."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer

from redan.defences.minimise import minimise
from redan.errors import IncompleteError, InputError, UsageError

pytest.importorskip("sklearn.ensemble", reason="needs the extra 'sklearn'")


def world(seed=0, n=1200, noise=4, rare=0.5):
    """A label of three features; one of them has a copy; the rest is noise."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    score = x @ np.array([1.0, 1.0, -1.0]) + rng.logistic(size=n) * 0.2
    data = pd.DataFrame(x, columns=["a", "b", "c"])
    data["copy"] = data["a"]
    for i in range(noise):
        data[f"noise{i}"] = rng.normal(size=n)
    data["y"] = np.where(score > np.quantile(score, 1 - rare), "yes", "no")
    return data


def found(data, seed=0, **options):
    return minimise(data, "y", rng=np.random.default_rng(seed), **options)


@pytest.mark.parametrize("rare", [0.5, 0.15])
def test_three_features_suffice(rare):
    """Noise and the copy go, what the label needs stays, also where one class is rare; the loss is proven."""
    one = found(world(rare=rare), loss=0.04)
    assert {"b", "c"} <= set(one.kept)
    assert len({"a", "copy"} & set(one.kept)) == 1
    assert len(one.kept) == 3
    assert one.proof.interval.high <= 0.04
    assert not one.steps[-1].proven


def test_features_may_be_kept_and_sensitive_ones_go_first():
    """A kept noise stays; of a feature and its copy the sensitive one goes."""
    assert "noise1" in found(world(), loss=0.05, keep=["noise1"]).kept
    for sensitive in ("a", "copy"):
        assert sensitive not in found(world(), loss=0.05, sensitive=[sensitive]).kept


def test_numbers_are_told_by_the_variance_they_explain():
    """A regression keeps its two features."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=(1200, 5))
    data = pd.DataFrame(x, columns=list("abcde")).assign(y=3 * x[:, 0] - 2 * x[:, 1] + rng.normal(size=1200) * 0.3)
    one = found(data, task="regression", loss=0.05)
    assert one.task == "regression"
    assert set(one.kept) == {"a", "b"}


@pytest.mark.slow
def test_the_bound_holds_for_fresh_rows():
    """In six worlds the true loss of the chosen set, on 10,000 fresh rows, exceeds the agreed one at most once."""
    from sklearn.ensemble import ExtraTreesClassifier

    missed = 0
    for seed in range(6):
        data, fresh = world(seed, n=900, noise=2), world(seed + 100, n=10_000, noise=2)
        kept = list(found(data, seed, loss=0.04).kept)
        names = [n for n in data if n != "y"]
        scores = []
        for used in (names, kept):
            model = ExtraTreesClassifier(60, min_samples_leaf=5, max_features=None, random_state=1, n_jobs=1)
            scores.append((model.fit(data[used], data["y"]).predict(fresh[used]) == fresh["y"]).mean())
        missed += scores[0] - scores[1] > 0.04
    assert missed <= 1


def test_a_label_that_nothing_tells_is_refused():
    """With noise alone there is nothing to minimise; the reason is said."""
    rng = np.random.default_rng(0)
    data = pd.DataFrame({"a": rng.normal(size=800), "b": rng.normal(size=800), "y": rng.integers(0, 2, 800)})
    with pytest.raises(IncompleteError, match="guess"):
        found(data)


def test_bad_questions_are_refused():
    """Too few rows, one class, unknown columns, a label among the features, a loss out of range."""
    data = world(n=600)
    with pytest.raises(IncompleteError):
        found(data.head(100))
    with pytest.raises(IncompleteError):
        found(data.assign(y="yes"))
    for options in ({"features": ["ghost"]}, {"features": ["a", "y"]}, {"features": ["a"], "keep": ["b"]}):
        with pytest.raises(InputError):
            found(data, **options)
    with pytest.raises(UsageError):
        found(data, loss=0.0)


def test_what_is_needed_is_not_given_up():
    """Where every feature matters none goes, and the first set that fails is on record."""
    one = found(world(n=400, noise=0).drop(columns="copy"), loss=0.01)
    assert one.dropped == ()
    assert not one.steps[1].proven


@pytest.mark.slow
def test_breast_cancer_needs_a_handful_of_thirty_features():
    """On real data of thirty correlated features a handful keep the accuracy within five points."""
    real = load_breast_cancer(as_frame=True)
    data = real.frame.rename(columns={"target": "y"})
    one = found(data, loss=0.05)
    assert len(one.kept) <= 10
    assert one.proof.accuracy > 0.88


def test_missing_values_words_and_prose():
    """Missing cells and words are features like others; sentences are not assessed, and are told."""
    data = world(noise=1)
    data.loc[::7, "b"] = np.nan
    data["word"] = np.random.default_rng(1).choice(["red", "green", "blue"], len(data))
    data["text"] = [f"the customer number {i} called twice about line {i * 7}" for i in range(len(data))]
    one = found(data, loss=0.06)
    assert one.unassessed == ("text",)
    assert "word" in one.dropped
