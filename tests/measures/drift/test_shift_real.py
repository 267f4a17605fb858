"""Shift on real data: halves of one set are alike, and light, mix and measurement that change are told."""

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets

from redan.measures.drift import shift

SETS = {"digits": datasets.load_digits, "cancer": datasets.load_breast_cancer}


def halves(name, seed):
    """Features with their label, split at random."""
    data = SETS[name]()
    frame = pd.DataFrame(data.data, columns=[f"x{i}" for i in range(data.data.shape[1])]).assign(label=data.target)
    frame = frame.sample(frac=1, random_state=seed)
    return frame[: len(frame) // 2], frame[len(frame) // 2 :]


@pytest.mark.slow
@pytest.mark.parametrize("name", SETS)
def test_random_halves_are_alike(name):
    """Ten random halves: no alarm about a feature, a class or the mix, and none jointly in three of them."""
    for seed in range(10):
        found = shift(*halves(name, seed), label="label", jointly=seed < 3)
        assert not found.noticed


@pytest.mark.parametrize("name", SETS)
def test_another_mix_of_real_classes(name):
    """Dropping most of one class is told as another mix of classes."""
    old, new = (side[[*side.columns[:6], "label"]] for side in halves(name, 1))
    kept = new[(new["label"] != 1) | (np.arange(len(new)) % 5 == 0)] if name == "cancer" else new[new["label"] < 5]
    assert shift(old, kept, label="label", jointly=False).classes.shifted
    assert not shift(old, new, label="label").noticed


def test_darker_digits():
    """Digits at two thirds of the light are told by pixels, by pictures, and jointly; digits as they were are not."""
    images = datasets.load_digits().images
    order = np.random.default_rng(2).permutation(len(images))
    old, new = images[order[:900]], images[order[900:]]
    assert not shift(old, new).noticed
    assert {"brightness", "contrast"} <= {f.name for f in shift(old, new * 2 / 3, jointly=False).shifted}
    flat = [side.reshape(len(side), -1) for side in (old, new * 2 / 3)]
    found = shift(*flat)
    assert len(found.shifted) > 10
    assert found.joint.shifted


def test_a_recalibrated_instrument():
    """One of thirty measurements of tumours, a tenth and a bit larger than it was, is named."""
    old, new = halves("cancer", 3)
    found = shift(old, new.assign(x0=new["x0"] * 1.4), label="label", jointly=False)
    assert {f.name for f in found.shifted} == {"x0"}
