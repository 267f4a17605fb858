"""What an attack reads: samples within a box, and columns apart from arrays."""

import warnings
from types import SimpleNamespace

import numpy as np
import pytest

from redan.attacks.campaign.inputs import Target, one_array, read_arrays, read_boxed
from redan.errors import InputError, UsageError


def test_samples_stay_inside_of_their_box(tmp_path):
    """Both ends belong to it; beyond it, the error says how far they go; a box without an inside is none."""
    x = np.linspace(0, 255, 40, dtype=np.float32).reshape(10, 4)
    np.savez(tmp_path / "d.npz", x=x, y=np.arange(10))
    assert len(read_boxed(tmp_path / "d.npz", 100, 0, (0.0, 255.0)).x) == 10
    with pytest.raises(InputError, match="from 0 to 255") as caught:
        read_boxed(tmp_path / "d.npz", 100, 0, (0.0, 1.0))
    assert "--box" in str(caught.value.remedy)
    for box in ((1.0, 0.0), (0.0, 0.0), (0.0, float("nan"))):
        with pytest.raises(UsageError, match=r"a box from .* is none"):
            read_boxed(tmp_path / "d.npz", 100, 0, box)


def test_columns_are_no_array(tmp_path):
    """A model that reads two columns by name is given a table."""
    ports = (SimpleNamespace(name="age"), SimpleNamespace(name="paid"))
    with pytest.raises(InputError, match="2 columns"):
        one_array(Target("m", model=SimpleNamespace(inputs=ports)), tmp_path / "d.npz")
    one_array(Target("m", model=SimpleNamespace(inputs=ports[:1])), tmp_path / "d.npz")
    one_array(Target("m"), tmp_path / "d.npz")


@pytest.mark.parametrize(
    ("x", "y", "says"),
    [
        (np.zeros((4, 2)), [0, 1, np.inf, 0], "labels are no numbers"),
        (np.zeros((4, 2)), [0, 1, 1e300, 0], "labels are no numbers"),
        (np.zeros((4, 2)), [0, 1, np.nan, 0], "labels are fractions"),
        (np.full((4, 2), 1e300), [0, 1, 1, 0], "beyond single precision"),
        (np.full((4, 2), np.inf), [0, 1, 1, 0], "no numbers"),
    ],
)
def test_numbers_that_none_stand_for_are_refused_in_one_line(tmp_path, x, y, says):
    """Labels and values that would become others when they are made smaller; numpy says nothing besides."""
    np.savez(tmp_path / "d.npz", x=x, y=np.array(y, dtype=np.float64))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(InputError, match=says) as caught:
            read_arrays(tmp_path / "d.npz", 100, 0)
    assert "d.npz" in caught.value.where
