"""Modules of PyTorch: students agree, pruned weights are zero, and what was given stays as it was."""

import numpy as np
import pytest

from redan.errors import InputError

torch = pytest.importorskip("torch")
from attacks import models  # noqa: E402 -- needs torch
from redan.defences.reduction import distil_module, prune_module  # noqa: E402 -- needs torch


def small(seed=0):
    """A network far smaller than its teacher."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return torch.nn.Sequential(
            torch.nn.Flatten(), torch.nn.Linear(64, 12), torch.nn.ReLU(), torch.nn.Linear(12, 10)
        )


def test_a_student_agrees_with_its_teacher():
    """On inputs that neither saw, with a fifth of the memory or less; the same seed gives the same weights."""
    data, teacher, student = models.digits(), models.weak(), small()
    kept = [part.clone() for part in student.parameters()]
    found = distil_module(teacher, student, data.x, epochs=25, rate=1e-2)
    with torch.no_grad():
        same = (found.model(data.x_test).argmax(1) == teacher(data.x_test).argmax(1)).double().mean()
    assert same > 0.85
    assert found.saved > 0.8
    assert not found.model.training
    assert all(torch.equal(a, b) for a, b in zip(kept, student.parameters(), strict=True))
    short = [distil_module(teacher, student, data.x[:100], epochs=1).model for _ in range(2)]
    assert all(torch.equal(a, b) for a, b in zip(*(one.parameters() for one in short), strict=True))


@pytest.mark.parametrize("share", [0.0, 0.4, 0.9])
def test_the_smallest_weights_go(share):
    """Over all layers together; the module that was given stays as it was."""
    before = models.weak()
    kept = [part.clone() for part in before.parameters()]
    found = prune_module(before, share)
    layers = [part for part in found.model.modules() if isinstance(part, (torch.nn.Linear, torch.nn.Conv2d))]
    total = sum(part.weight.numel() for part in layers)
    gone = sum(int((part.weight == 0).sum()) for part in layers)
    assert gone == pytest.approx(share * total, abs=2)
    assert found.numbers_before - found.numbers_after == pytest.approx(gone, abs=2)
    assert all(torch.equal(a, b) for a, b in zip(kept, before.parameters(), strict=True))


def test_what_cannot_be_done_is_refused():
    """Settings out of range, other classes, nothing to prune."""
    x = np.zeros((4, 1, 8, 8), dtype="f4")
    with pytest.raises(InputError, match="positive"):
        distil_module(small(), small(), x, temperature=0.0)
    with pytest.raises(InputError, match="classes"):
        distil_module(small(), torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 3)), x)
    with pytest.raises(InputError, match="share"):
        prune_module(small(), 1.0)
    with pytest.raises(InputError, match="layer"):
        prune_module(torch.nn.Flatten(), 0.5)
