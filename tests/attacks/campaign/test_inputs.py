"""What an attack reads: samples within a box, and columns apart from arrays."""

from types import SimpleNamespace

import numpy as np
import pytest

from redan.attacks.campaign.inputs import Target, one_array, read_boxed
from redan.errors import InputError, UsageError


def test_samples_stay_inside_of_their_box(tmp_path):
    """Both ends belong to it; beyond it, the error says how far they go; an empty box is none."""
    x = np.linspace(0, 255, 40, dtype=np.float32).reshape(10, 4)
    np.savez(tmp_path / "d.npz", x=x, y=np.arange(10))
    assert len(read_boxed(tmp_path / "d.npz", 100, 0, (0.0, 255.0)).x) == 10
    with pytest.raises(InputError, match="from 0 to 255") as caught:
        read_boxed(tmp_path / "d.npz", 100, 0, (0.0, 1.0))
    assert "--box" in str(caught.value.remedy)
    for box in ((1.0, 0.0), (0.0, 0.0), (0.0, float("nan"))):
        with pytest.raises(UsageError, match="empty"):
            read_boxed(tmp_path / "d.npz", 100, 0, box)


def test_columns_are_no_array(tmp_path):
    """A model that reads two columns by name is given a table."""
    ports = (SimpleNamespace(name="age"), SimpleNamespace(name="paid"))
    with pytest.raises(InputError, match="2 columns"):
        one_array(Target("m", model=SimpleNamespace(inputs=ports)), tmp_path / "d.npz")
    one_array(Target("m", model=SimpleNamespace(inputs=ports[:1])), tmp_path / "d.npz")
    one_array(Target("m"), tmp_path / "d.npz")
