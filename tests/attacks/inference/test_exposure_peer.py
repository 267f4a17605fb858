"""Exposure beside that of TensorFlow Privacy, whose module needs NumPy and SciPy alone."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from scipy.stats import skewnorm

from redan.attacks.inference.exposure import exposures
from redan.attacks.inference.exposure_fit import extrapolated

pytestmark = pytest.mark.peer
_WITHIN = "lib/python*/site-packages/tensorflow_privacy/privacy/privacy_tests/secret_sharer/exposures.py"


def _peer() -> ModuleType:
    found = sorted((Path(__file__).parents[3] / ".peers/tf-privacy").glob(_WITHIN))
    if not found:
        pytest.skip("tensorflow-empirical-privacy is not in .peers/tf-privacy (tools/peers.sh)")
    spec = importlib.util.spec_from_file_location("peer_exposures", found[0])
    if spec is None or spec.loader is None:
        pytest.skip("the module cannot be loaded")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_ranks_agree(seed: int) -> None:
    """Exposure by interpolation of several repetitions agrees to 1e-9 where losses differ."""
    rng = np.random.default_rng(seed)
    own = {1: rng.normal(0, 1, 5), 4: rng.normal(-1, 1, 3), 16: rng.normal(-6, 1, 2)}
    others = rng.normal(0, 1, 700)
    told: Callable[..., dict[int, np.ndarray]] = _peer().compute_exposure_interpolation
    theirs = told({k: list(v) for k, v in own.items()}, list(others))
    for repeats, losses in own.items():
        ours = [one.bits for one in exposures(losses, others, space=10**9)]
        assert sorted(ours) == pytest.approx(sorted(theirs[repeats]), abs=1e-9)


def test_extrapolations_agree() -> None:
    """Exposure by a skew-normal fit agrees to 1e-9."""
    others = skewnorm.rvs(2.0, loc=5.0, scale=2.0, size=900, random_state=4)
    own = np.array([3.1, 4.2, 6.0])
    theirs = _peer().compute_exposure_extrapolation({1: list(own)}, list(others))[1]
    ours = [one.bits for one in extrapolated(own, others, rng=np.random.default_rng(0))]
    assert ours == pytest.approx(list(theirs), abs=1e-9)


def test_ranks_agree_where_losses_are_equal() -> None:
    """References that equal a canary come before it, as there."""
    rng = np.random.default_rng(8)
    own, others = rng.integers(0, 9, 6).astype(float), rng.integers(0, 9, 400).astype(float)
    theirs = _peer().compute_exposure_interpolation({1: list(own)}, list(others))[1]
    assert sorted(one.bits for one in exposures(own, others, space=10**9)) == pytest.approx(sorted(theirs), abs=1e-9)
