"""What a generator shows of classes: alike to real ones out of a model that knows them, not out of shuffled labels."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from attacks.extraction.victims import digits
from redan.attacks.extraction.convolution import ConvolutionRecipe
from redan.attacks.extraction.copies import Constant, shares
from redan.attacks.extraction.domain import box
from redan.attacks.extraction.generator import blots
from redan.attacks.extraction.portraits import likeness, portraits
from redan.attacks.extraction.portrayal import drawn_portraits, portraits_json, told_portraits
from redan.attacks.extraction.reach import yardstick
from redan.errors import IncompleteError
from redan.findings import Finding
from redan.findings.pictures import pictured
from redan.reports.pictures import drawn
from redan.terms import Outcome

SPACE = box((1, 8, 8))


def victim(labels):
    torch.set_num_threads(1)
    x, _, _, _ = digits()
    return ConvolutionRecipe(steps=250).fitted(SPACE, x.reshape(-1, 1, 8, 8), np.eye(10)[labels], 0)


@pytest.mark.slow
def test_classes_show_in_what_a_generator_makes_and_shuffled_ones_do_not():
    """White box of a network on digits: most classes; of labels in random order hardly one; and how it is told."""
    _, y, test, truth = digits()
    test, net = test.reshape(-1, 1, 8, 8), victim(y)
    found = portraits(net, SPACE, lambda rows: shares(net.scores(rows)), test, truth, classes=10, steps=150)
    assert found.own.found.hits >= 6
    assert found.baseline.found.hits <= 4
    assert found.own.mean > found.baseline.mean + 0.25
    assert found.sure.mean() > 0.8
    assert found.made.shape == (10, 6, 1, 8, 8)
    assert ((found.made >= 0) & (found.made <= 1)).all()
    by = yardstick(lambda rows: net.scores(rows).argmax(axis=1), SPACE, test, truth, classes=10, uniform=20)
    page = drawn(
        Finding(
            check="A/b", subject="m", outcome=Outcome.HOLDS, message="m", detail=pictured([drawn_portraits(found, by)])
        )
    )
    assert str(page[0]).count("<img") == 10 * (3 + 6)
    assert f"{found.own.found.hits} of 10 classes" in told_portraits(found)
    assert portraits_json(found)["asked"] == 60


def test_a_copy_without_gradients_and_few_pictures_are_refused():
    """With the reason."""
    x = np.zeros((60, 1, 8, 8), np.float32)
    with pytest.raises(IncompleteError, match="networks of pictures"):
        portraits(Constant(np.ones(2)), SPACE, lambda rows: rows, x, np.arange(60) % 2, classes=2)
    with pytest.raises(IncompleteError, match="20 are needed"):
        portraits(Constant(np.ones(10)), SPACE, lambda rows: rows, x, np.arange(60) % 10, classes=10)


@given(st.integers(2, 6), st.integers(0, 2**31))
@settings(max_examples=20, deadline=None)
def test_likeness_is_the_correlation_after_what_classes_share(classes, seed):
    """Beside a naive twin; equal means are found, whatever is added to all of them."""
    rng = np.random.default_rng(seed)
    means = rng.normal(size=(classes, 3, 4))
    same = likeness(2 * means + rng.normal(size=(3, 4)), means)
    assert same.found.hits == classes
    assert np.allclose(same.correlations, 1)
    made = rng.normal(size=(classes, 3, 4))
    one, other = made - made.mean(axis=0), means - means.mean(axis=0)
    own = [(a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum()) for a, b in zip(one, other, strict=True)]
    assert np.allclose(likeness(made, means).correlations, own)


def test_classes_that_look_alike_are_no_likeness():
    """Nothing is found where everything that was made is one picture."""
    found = likeness(np.ones((3, 2, 2)), np.random.default_rng(0).normal(size=(3, 2, 2)))
    assert found.found.hits == 0
    assert found.mean == 0


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 9, 11), (28, 28)])
def test_blots_lie_in_the_box(shape):
    """As many as are wanted, each another."""
    space = box(shape, -1.0, 2.0)
    made = blots(space, 5, np.random.default_rng(0))
    assert made.shape == (5, *shape)
    assert ((made >= -1) & (made <= 2)).all()
    assert len(np.unique(made.reshape(5, -1), axis=0)) == 5
    assert blots(space, 0, np.random.default_rng(0)).shape == (0, *shape)
