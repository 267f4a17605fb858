"""Training with Opacus: the same gradients and noise as NumPy's, the same record, and its traps kept out."""

import math

import numpy as np
import pytest

from redan.defences.private import Plan, Shape, fit, train, train_module
from redan.errors import InputError, MissingExtraError

torch = pytest.importorskip("torch")
pytest.importorskip("opacus")
# Opacus hooks modules whose input needs no gradient; PyTorch warns of it and is right that nothing is lost.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def _module(shape, weights):
    parts = [torch.tensor(part, dtype=torch.float32) for part in shape.split(weights)]
    layers = []
    for at in range(0, len(parts), 2):
        layer = torch.nn.Linear(*parts[at].shape)
        with torch.no_grad():
            layer.weight.copy_(parts[at].T)
            layer.bias.copy_(parts[at + 1])
        layers += [layer, torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


@pytest.mark.parametrize("hidden", [0, 5])
def test_gradients_agree_with_numpy(hidden):
    """With all rows in the batch and no noise, the clipped mean is NumPy's, layer by layer."""
    shape, rng = Shape(inputs=4, outputs=3, hidden=hidden), np.random.default_rng(1)
    x, y = 3.0 * rng.normal(size=(30, 4)), rng.integers(0, 3, 30)
    plan = Plan(batch_size=30, steps=1, noise_multiplier=0.0, clipping_norm=0.6)
    ours, theirs = [], []
    fit(shape, x, y, plan, rng=np.random.default_rng(2), on_step=ours.append)
    module = _module(shape, shape.start(np.random.default_rng(2)))
    tensors = torch.tensor(x, dtype=torch.float32), torch.tensor(y)
    train_module(module, *tensors, plan, rng=np.random.default_rng(3), on_step=theirs.append)
    for expected, found in zip(shape.split(ours[0]), theirs[0], strict=True):
        assert pytest.approx(expected, abs=2e-6) == found.numpy().T


@pytest.mark.parametrize("secure", [False, True])
def test_noise_and_batches_agree_with_numpy(secure):
    """Without gradients the noise has NumPy's scale; empty batches are noised as every other."""
    plan = Plan(batch_size=0.5, steps=150, noise_multiplier=1.3, clipping_norm=0.4, rate=1e-9)
    seen = []
    module = torch.nn.Linear(4, 1)
    x, y = torch.zeros(10, 4), torch.zeros(10, 1)
    train_module(
        module, x, y, plan, loss=lambda out, to: 0.0 * (out - to).sum(), rng=np.random.default_rng(4),
        secure=secure, on_step=lambda parts: seen.append(np.concatenate([part.numpy().ravel() for part in parts])),
    )  # fmt: skip
    assert len(seen) == 150
    assert (np.array(seen) != 0).all()
    assert np.std(seen) == pytest.approx(1.3 * 0.4 / 0.5, rel=0.08)


def test_records_agree_and_tell_the_tool():
    """Both trainings of one plan have the same record but for the tool; without a generator no seed is kept."""
    shape = Shape(inputs=4, outputs=2)
    plan = Plan(batch_size=5, steps=3, noise_multiplier=2.0, delta=1e-3)
    x, y = np.zeros((20, 4)), np.zeros(20, int)
    ours = train(shape, x, y, plan).record
    module = torch.nn.Linear(4, 2)
    theirs = train_module(module, torch.zeros(20, 4), torch.zeros(20, dtype=torch.long), plan).record
    assert {**ours.to_json(), "tool": theirs.tool} == theirs.to_json()
    assert theirs.tool.startswith("opacus 1.")
    assert theirs.randomness == "os-seeded"
    assert not module.training
    assert math.isfinite(float(module(torch.zeros(1, 4)).sum()))


def test_layers_that_mix_rows_and_data_that_does_not_fit_are_refused():
    """Batch normalisation, other numbers of labels, and no rows are errors with a reason."""
    plan = Plan(batch_size=1, steps=1, noise_multiplier=1.0)
    mixing = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2))
    with pytest.raises(InputError, match="BatchNorm"):
        train_module(mixing, torch.zeros(4, 2), torch.zeros(4, dtype=torch.long), plan)
    with pytest.raises(InputError, match="label"):
        train_module(torch.nn.Linear(2, 2), torch.zeros(4, 2), torch.zeros(3, dtype=torch.long), plan)
    with pytest.raises(InputError, match="batch"):
        train_module(
            torch.nn.Linear(2, 2),
            torch.zeros(4, 2),
            torch.zeros(4, dtype=torch.long),
            Plan(batch_size=9, steps=1, noise_multiplier=1.0),
        )


def test_missing_opacus_is_said(monkeypatch):
    """Without Opacus the extra is named."""
    monkeypatch.setitem(__import__("sys").modules, "opacus", None)
    with pytest.raises(MissingExtraError, match="opacus"):
        train_module(
            torch.nn.Linear(2, 2), torch.zeros(4, 2), torch.zeros(4), Plan(batch_size=1, steps=1, noise_multiplier=1.0)
        )
