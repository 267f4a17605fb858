"""Records read from Opacus's own engine: what it used shows, whatever its accountant was told."""

import pytest

from redan.defences.private import record_of_engine
from redan.errors import IncompleteError
from redan.measures.privacy import review

torch = pytest.importorskip("torch")
opacus = pytest.importorskip("opacus")
pytestmark = pytest.mark.filterwarnings("ignore")


def _trained(*, poisson=True, steps=4):
    torch.set_num_threads(1)
    data = torch.utils.data.TensorDataset(torch.randn(60, 3), torch.randint(0, 2, (60,)))
    module = torch.nn.Linear(3, 2)
    engine = opacus.PrivacyEngine(accountant="rdp")
    module, optimizer, loader = engine.make_private(
        module=module,
        optimizer=torch.optim.SGD(module.parameters(), lr=0.1),
        data_loader=torch.utils.data.DataLoader(data, batch_size=10, shuffle=not poisson),
        noise_multiplier=2.0,
        max_grad_norm=0.5,
        poisson_sampling=poisson,
    )
    for x, y in list(loader)[:steps]:
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(module(x), y).backward()
        optimizer.step()
    return engine, loader, optimizer


def test_a_poisson_training_adds_up_but_for_what_opacus_cannot_tell():
    """Sampler, rate, noise, steps and sizes are those of the training; bounds and randomness are not stated."""
    record = record_of_engine(*_trained(), delta=1e-3)
    assert (record.sampler, record.batch_size, record.dataset_size) == ("poisson", 10.0, 60)
    assert (record.sampling_rate, record.noise_multiplier, record.clipping_norm) == (1 / 6, 2.0, 0.5)
    assert record.steps == 4
    found = review(record)
    assert found.of("mistake") == ()
    assert "'bounds', 'randomness'" in found.of("unstated")[0].reason
    assert found.stated.value <= record.epsilon


def test_shuffled_batches_and_a_wrong_rate_show():
    """A loader that shuffles is no Poisson sampler, and a rate that the sampler does not have is found."""
    shuffled = review(record_of_engine(*_trained(poisson=False), delta=1e-3))
    assert "sampler-not-as-accounted" in [one.name for one in shuffled.of("mistake")]
    engine, loader, optimizer = _trained()
    engine.accountant.history = [(noise, 1 / 60, count) for noise, _, count in engine.accountant.history]
    wrong = review(record_of_engine(engine, loader, optimizer, delta=1e-3))
    assert "sampling-rate" in [one.name for one in wrong.of("mistake")]


def test_what_one_record_cannot_hold_is_refused():
    """Nothing trained, or noise that changed on the way, is no record."""
    engine, loader, optimizer = _trained()
    engine.accountant.history.append((3.0, 1 / 6, 1))
    with pytest.raises(IncompleteError, match="changed"):
        record_of_engine(engine, loader, optimizer, delta=1e-3)
    engine.accountant.history.clear()
    with pytest.raises(IncompleteError, match="nothing was trained"):
        record_of_engine(engine, loader, optimizer, delta=1e-3)
