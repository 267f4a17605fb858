"""Tasks, frames and label maps against what they are said to be."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import zoom

from redan.attacks.reprogramming import tasks
from redan.attacks.reprogramming.frame import column_frame, picture_frame
from redan.attacks.reprogramming.label_maps import balanced, bayesian, counted, fixed, frequency, random_map, told
from redan.errors import InputError


def test_squares_are_as_in_the_paper():
    """36 x 36 pixels, one to ten white squares of 7 x 7 in black frames of 9 x 9, each on a place of its own."""
    task = tasks.counting(300, 100)
    assert task.shape == (36, 36)
    assert set(np.unique(task.x)) == {0.0, 1.0}
    assert np.array_equal(task.x.sum(axis=(1, 2)), 49 * (task.y + 1))
    places = task.x.reshape(-1, 4, 9, 4, 9).sum(axis=(2, 4))
    assert set(np.unique(places)) == {0.0, 49.0}
    assert set(task.y) == set(range(10))


def test_two_parts_of_a_task_are_disjoint_and_seeds_differ():
    """No test input is a training input, and another seed is another split."""
    one, other = tasks.digits(seed=0), tasks.digits(seed=1)
    assert len(one.x_test) == 500
    held = {row.tobytes() for row in one.x_test}
    assert sum(row.tobytes() in held for row in one.x) <= 5  # scikit-learn's digits hold a few twice
    assert not np.array_equal(one.y_test, other.y_test)


def test_shuffled_tasks_keep_what_they_are_to_keep():
    """Pixels move alike in both parts; labels move, and their numbers stay."""
    task = tasks.digits()
    pixels, labels = task.shuffled_pixels(), task.shuffled_labels()
    assert np.array_equal(np.sort(pixels.x.reshape(len(task.x), -1)), np.sort(task.x.reshape(len(task.x), -1)))
    assert np.array_equal(np.sort(labels.y_test), np.sort(task.y_test))
    assert np.array_equal(np.sort(labels.y), np.sort(task.y))
    assert (labels.y != task.y).mean() > 0.8


@pytest.mark.parametrize("shape", [(3, 24, 20), (24, 20, 3), (24, 24), (576,)])
def test_a_frame_holds_the_picture_in_its_middle_and_the_program_around_it(shape):
    """Each place is the task's or the program's, and the picture is there as SciPy enlarges it between its pixels."""
    frame = picture_frame(shape, (4, 4), scale=3)
    x = np.random.default_rng(0).random((2, 4, 4)).astype(np.float32)
    made = frame.inputs(x, np.full(frame.parameters, 50.0))
    flat = made.reshape(2, -1)
    assert sorted([*frame.placed, *frame.free]) == list(range(flat.shape[1]))
    assert (flat[:, frame.free] == 1.0).all()
    picture = frame.picture(made) if len(shape) != 2 else made[:, None]
    rows, columns = picture.shape[2:]
    middle = picture[:, 0, (rows - 12) // 2 : (rows + 12) // 2, (columns - 12) // 2 : (columns + 12) // 2]
    assert np.allclose(middle, zoom(x, (1, 3, 3), order=1, mode="nearest", grid_mode=True), atol=1e-6)


def test_a_picture_of_its_own_size_stays_as_it_is():
    """One pixel for one is no enlargement, also for a single row."""
    x = np.random.default_rng(1).random((2, 1, 5)).astype(np.float32)
    frame = picture_frame((9, 9), (1, 5), scale=1)
    assert np.array_equal(frame.inputs(x, None)[:, 4, 2:7], x[:, 0])


@pytest.mark.parametrize(("amplitude", "wide"), [(1.0, 24), (0.5, 36)])
def test_a_picture_fills_its_share_of_a_side(amplitude, wide):
    """Six tenths within a program, nine above one, also where that is no whole number of pixels for one."""
    frame = picture_frame((40, 40), (11, 7), amplitude=amplitude)
    x = np.random.default_rng(2).random((2, 11, 7)).astype(np.float32)
    made = frame.inputs(x, None)
    narrow = int(7 * wide / 11)
    middle = made[:, (40 - wide) // 2 : (40 + wide) // 2, (40 - narrow) // 2 : (40 - narrow) // 2 + narrow]
    between = zoom(amplitude * x, (1, wide / 11, narrow / 7), order=1, mode="nearest", grid_mode=True)
    assert np.allclose(middle, between, atol=1e-6)
    assert len(frame.placed) == wide * narrow


@given(st.floats(0.1, 1.0), st.integers(1, 3), st.integers(0, 100))
def test_inputs_stay_in_the_box_and_the_slope_is_that_of_differences(amplitude, block, seed):
    """For any program; the slope of a linear function agrees with differences along a direction."""
    rng = np.random.default_rng(seed)
    frame = picture_frame((10, 10), (3, 3), low=-1.0, high=2.0, block=block, amplitude=amplitude)
    x, theta = rng.random((4, 3, 3)), 3 * rng.normal(size=frame.parameters)
    made = frame.inputs(x, theta)
    assert made.min() >= -1.0 - 1e-6
    assert made.max() <= 2.0 + 1e-6
    pull, aside = rng.normal(size=100), rng.normal(size=frame.parameters)
    slope = frame.slope(theta, pull) @ aside
    up, down = (frame.program(theta + step * aside) for step in (1e-5, -1e-5))
    assert np.isclose(slope, (up - down) @ pull[frame.free] / 2e-5, rtol=1e-3, atol=1e-4)


def test_a_bounded_frame_stays_inside():
    """Neither task nor program leaves a narrower range, nor the neighbourhood of an input."""
    rng = np.random.default_rng(0)
    frame, x = picture_frame((8, 8), (2, 2)), rng.random((5, 2, 2))
    low, high = rng.uniform(0.1, 0.4, 64), rng.uniform(0.5, 0.9, 64)
    made = frame.bounded(low, high).inputs(x, 9 * rng.normal(size=frame.parameters)).reshape(5, -1)
    assert ((made >= low - 1e-6) & (made <= high + 1e-6)).all()
    near = frame.within(0.1, high).inputs(x, 9 * rng.normal(size=frame.parameters)).reshape(5, -1)
    assert np.abs(near - high).max() <= 0.1 + 1e-6


def test_columns_are_shared_between_task_and_program():
    """The first half of those that may be filled takes numbers of the task, and whole numbers are whole."""
    frame = column_frame(np.zeros(6), np.full(6, 10.0), 9, columns=[1, 2, 3, 5]).shaped((6,), np.array([1, 5]))
    made = frame.inputs(np.full((1, 9), 0.26), np.full(2, 0.1))
    assert list(frame.placed) == [1, 2]
    assert made[0, 1] == 3.0
    assert made[0, 2] == pytest.approx(2.6)
    assert made[0, 5] == np.rint(made[0, 3])
    assert (made[0, [0, 4]] == 5.0).all()


@pytest.mark.parametrize(("shape", "task"), [((8, 8), (9, 9)), ((8, 8), (8, 8)), ((10,), (2, 2))])
def test_what_does_not_fit_is_refused(shape, task):
    """A picture that is too large, one that leaves no room, a row that is no picture."""
    with pytest.raises(InputError):
        picture_frame(shape, task)


@pytest.mark.parametrize("block", [8, 9, 1000])
def test_a_program_of_one_value_is_refused(block):
    """Squares as large as the picture would leave one number, which nobody asked for; a size below is let be."""
    with pytest.raises(InputError, match="one value"):
        picture_frame((8, 8), (2, 2), block=block)
    assert picture_frame((8, 8), (2, 2), block=7).parameters == 4


def test_label_maps_agree_with_naive_twins():
    """Frequency takes the largest pairs one by one; Bayes' rule with an even prior gives the same as counting."""
    rng = np.random.default_rng(3)
    joint = rng.integers(0, 50, (7, 4)).astype(float)
    left, pairs = joint.copy(), set()
    while len(pairs) < 4:
        a, b = divmod(int(left.argmax()), 4)
        pairs.add((a, b))
        left[a, :] = left[:, b] = -1
    assert {(int(a), int(b)) for a, b in np.argwhere(frequency(joint))} == pairs
    even = joint / joint.sum(axis=0)
    assert np.allclose(bayesian(joint, smoothing=1e-9), even / even.sum(axis=1, keepdims=True))
    assert counted(np.eye(7)[[2, 2, 5]], np.array([1, 1, 3]), 4)[2, 1] == 2


def test_a_balanced_map_is_the_likeliest_of_all_that_give_each_class_as_many():
    """Against every way to share six classes out among three foreign ones; one class more stands for nothing."""
    joint = np.random.default_rng(4).integers(0, 50, (7, 3)).astype(float)
    logs = np.log(bayesian(joint))
    best = max(
        sum(logs[one, place // 2] for place, one in enumerate(order))
        for order in permutations(range(7), 6)
        if all(order[place] < order[place + 1] for place in (0, 2, 4))
    )
    made = balanced(joint)
    assert (made.sum(axis=0) == 2).all()
    assert set(made.sum(axis=1)) == {0.0, 1.0}
    assert np.isclose((logs * made).sum(), best)


@pytest.mark.parametrize("classes", [2, 5, 40])
def test_every_foreign_class_has_a_class(classes):
    """Whether the victim has fewer classes, as many or more."""
    even, rng = np.ones((classes, 5)), np.random.default_rng(0)
    for made in (fixed(classes, 5), random_map(classes, 5, rng), frequency(even), balanced(even)):
        assert (made.sum(axis=0) > 0).all()
    assert set(told(np.eye(40), random_map(40, 5, np.random.default_rng(0)))) == set(range(5))
