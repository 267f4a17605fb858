"""Transformations of the gateway are those that the design side measures, number for number."""

import numpy as np
import pytest

from redan.errors import ConfigError
from redan.guards.transformation import change_of

torch = pytest.importorskip("torch", reason="needs the extra 'torch'")


@pytest.mark.parametrize("text", ["bit-depth:1", "bit-depth:4", "bit-depth:16", "median:3", "median:5", "gaussian:0.7"])
@pytest.mark.parametrize("shape", [(2, 1, 8, 9), (1, 3, 6, 5)])
def test_input_goes_through_the_same_as_offline(text, shape):
    """On pictures in grey and colour, values beyond the box included."""
    from redan.defences.transformations import named

    x = np.random.default_rng(0).uniform(-0.2, 1.2, shape).astype(np.float32)
    found = change_of(text, (-1, *shape[1:]), "w")(x)
    assert (found.dtype, found.shape) == (np.float32, shape)
    np.testing.assert_allclose(found, named(text)(torch.as_tensor(x)).numpy(), atol=2e-6)


@pytest.mark.parametrize(
    "text", ["", "bit-depth", "bit-depth:", "bit-depth:0", "bit-depth:x", "median:2", "gaussian:0"]
)
def test_what_is_none_is_refused(text):
    """Words and numbers alike."""
    with pytest.raises(ConfigError, match="gateway does not do"):
        change_of(text, (-1, 1, 8, 8), "w")


@pytest.mark.parametrize("shape", [(-1, 64), (-1, 1, 1, 8), (-1, 8, 8)])
def test_squares_need_pictures(shape):
    """Larger than half of the square."""
    with pytest.raises(ConfigError, match="pictures"):
        change_of("median:3", shape, "w")
