"""What rounded answers show of logits: never more than rounding leaves."""

import numpy as np
import pytest

from redan.attacks.extraction.copies import softmax
from redan.attacks.extraction.form import shown
from redan.attacks.extraction.oracle import Oracle
from redan.attacks.extraction.sight import Sight, decimals, kept_of, window


def probabilities(n=200, classes=5, seed=0):
    return softmax(np.random.default_rng(seed).normal(0, 2, (n, classes)))


@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("kept", [0, 1, 2, 3, 6])
def test_decimals_are_counted_whoever_rounded(kept, single):
    """Of numbers of single precision as well, which no decimals are exactly."""
    y = np.round(probabilities(), kept)
    assert decimals(np.float64(np.float32(y)) if single else y) == kept


@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("classes", [2, 5])
def test_whole_answers_keep_no_number_of_decimals(classes, single):
    """Nor do scores that are large, whose last digit is before the point."""
    y = probabilities(classes=classes)
    y = np.float64(np.float32(y)) if single else y
    assert decimals(y) is None
    assert decimals(np.float64(np.float32(1e6 * np.log(y)))) is None


def test_answers_that_leave_classes_out_are_not_whole():
    """The first three of five classes with all their digits."""
    oracle = Oracle(lambda x: probabilities(len(x)), shown=shown("top-k:3"))
    oracle.ask(np.zeros((40, 2), dtype=np.float32))
    kept = kept_of(oracle)
    assert kept is not None
    assert Sight.of(oracle.held.y[:1], kept).classes.tolist() == np.argsort(-probabilities(1)[0])[:3].tolist()


@pytest.mark.parametrize("kept", [2, 3, 4])
def test_logits_are_off_by_no_more_than_is_said(kept):
    """Row by row, beside the logits before rounding, a twentieth allowed for the curve of the logarithm."""
    y = probabilities(400)
    found = 0
    for row in y:
        told = np.round(row[None], kept)
        sight = Sight.of(told, kept)
        if sight is not None:
            found += 1
            true = np.log(row[sight.classes]) - np.log(row[sight.classes[0]])
            assert np.abs(sight.logits(told)[0] - true).max() <= 1.06 * sight.off(told)[0]
    assert found > 100


def test_what_was_rounded_to_nothing_is_not_seen():
    """One class of three is seen: no logit can be told."""
    assert Sight.of(np.array([[1.0, 0.0, 0.0], [0.999, 0.001, 0.0]]), 3) is None
    assert Sight.of(np.array([[0.6, 0.4, 0.0], [0.5, 0.5, 0.0]]), 3).classes.tolist() == [0, 1]


def test_a_line_is_read_where_two_classes_compete():
    """From one sure class to another: the middle; nothing of a line that is sure throughout."""
    odds = np.linspace(-20, 20, 81)
    y = np.round(softmax(np.column_stack([odds, np.zeros(81), np.full(81, -30.0)])), 3)
    part = window(y, 3)
    assert (y[part][:, :2] >= 0.01).all()
    assert (y[part.start - 1, :2] < 0.01).any()
    assert (y[part.stop, :2] < 0.01).any()
    assert window(np.eye(3)[np.zeros(9, dtype=int)], 0) == slice(0, 0)
    assert window(y, None) == slice(0, 81)
