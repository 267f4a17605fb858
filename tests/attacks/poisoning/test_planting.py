"""Triggers and poisoned data: what is changed, what is not, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from redan.attacks.poisoning import AllToAll, AllToOne, Blend, Dynamic, Patch, RareValues, Sinusoid, Warp, poisoned
from redan.attacks.poisoning.planting import success
from redan.errors import InputError

PICTURES = np.random.default_rng(1).random((40, 1, 12, 10)).astype(np.float32)
TRIGGERS = (Patch(), Patch(checked=True, corner="upper-left"), Blend(), Sinusoid(), Warp(), Dynamic())


@pytest.mark.parametrize("trigger", TRIGGERS, ids=lambda t: t.name)
def test_triggers_stay_in_the_box_and_leave_their_input_alone(trigger):
    """A trigger gives pictures of the same shape in [0, 1], by itself for each, and does not write into the input."""
    before = PICTURES.copy()
    made = trigger(PICTURES)
    assert np.array_equal(PICTURES, before)
    assert made.shape == PICTURES.shape
    assert made.dtype == np.float32
    assert 0 <= made.min() <= made.max() <= 1
    assert not np.array_equal(made, PICTURES)
    assert np.array_equal(trigger(PICTURES[7:9]), made[7:9])


def test_a_patch_is_where_it_is_said_to_be():
    """Pixels outside of the square keep their values."""
    made = Patch(size=2, value=0.25, corner="upper-right", margin=1)(PICTURES)
    assert (made[:, :, 1:3, 7:9] == 0.25).all()
    made[:, :, 1:3, 7:9] = PICTURES[:, :, 1:3, 7:9]
    assert np.array_equal(made, PICTURES)


def test_dynamic_triggers_differ_from_picture_to_picture():
    """Places of the changed pixels are not the same for all."""
    moved = Dynamic(seed=3)(PICTURES) != PICTURES
    assert len({tuple(np.argwhere(one).min(axis=0)) for one in moved}) >= 6


def test_a_warp_of_more_strength_moves_more():
    """The mean change grows with the strength."""
    small, large = (np.abs(Warp(strength=s)(PICTURES) - PICTURES).mean() for s in (0.3, 1.5))
    assert 0 < small < large


def test_rare_values_change_their_columns_alone():
    """The other columns of a row stay."""
    rows = np.arange(12, dtype=np.float32).reshape(3, 4)
    made = RareValues(columns=(1, 3), values=(-7.0, 99.0))(rows)
    assert made.tolist() == [[0, -7, 2, 99], [4, -7, 6, 99], [8, -7, 10, 99]]


@given(rate=st.floats(0.05, 0.5), seed=st.integers(0, 9), target=st.integers(0, 3))
def test_poisoned_rows_carry_trigger_and_target(rate, seed, target):
    """As many rows as the rate says, none of the target's own; the others are as they were."""
    y = np.random.default_rng(seed).permutation(np.repeat(np.arange(4), 10))
    made = poisoned(PICTURES, y, Patch(), AllToOne(target), rate=rate, seed=seed)
    assert len(made.chosen) == round(rate * 40)
    assert (y[made.chosen] != target).all()
    assert (made.y[made.chosen] == target).all()
    assert np.array_equal(made.x[made.chosen], Patch()(PICTURES)[made.chosen])
    rest = np.setdiff1d(np.arange(40), made.chosen)
    assert np.array_equal(made.x[rest], PICTURES[rest])
    assert np.array_equal(made.y[rest], y[rest])


def test_labels_that_stay_right_are_of_the_target_class():
    """With clean labels only rows of the target class are touched, and no label changes."""
    y = np.repeat(np.arange(4), 10)
    made = poisoned(PICTURES, y, Sinusoid(), AllToOne(2), rate=0.2, keep_labels=True)
    assert (y[made.chosen] == 2).all()
    assert np.array_equal(made.y, y)


def test_more_than_there_is_cannot_be_poisoned():
    """A rate beyond the rows that can be taken, or of none, is refused."""
    y = np.repeat(np.arange(4), 10)
    for rate in (0.001, 0.9):
        with pytest.raises(InputError, match="cannot be poisoned"):
            poisoned(PICTURES, y, Patch(), AllToOne(0), rate=rate)


def test_success_counts_inputs_that_do_not_belong_there():
    """Inputs of the target class do not count; all-to-all asks for the next class."""
    y = np.array([0, 1, 2, 0])
    assert (success(np.array([2, 2, 2, 0]), y, AllToOne(2)).hits, success(y, y, AllToOne(2)).n) == (2, 3)
    assert success(np.array([1, 2, 0, 0]), y, AllToAll(3)).hits == 3


@pytest.mark.parametrize(
    ("trigger", "x"),
    [(Patch(size=12), PICTURES), (Patch(corner="middle"), PICTURES), (Sinusoid(), np.ones((3, 4)))],
)
def test_what_does_not_fit_is_refused(trigger, x):
    """Patches beyond the picture and tables for pictures are refused."""
    with pytest.raises(InputError):
        trigger(x)
