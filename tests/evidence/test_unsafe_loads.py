"""Loads with an unsafe option are events; safe ones leave nothing."""

import datetime as dt

import pytest

from redan.controls.planted import known_signer, seal_of, tiny_onnx
from redan.evidence import history
from redan.evidence.ledger_entries import record_events
from redan.evidence.unsafe_loads import unsafe_load
from redan.models import load
from redan.testing import scratch_ledger, signer_of

AT = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)


@pytest.fixture
def model(tmp_path):
    """A model file and the seal over it."""
    path = tmp_path / "m.onnx"
    path.write_bytes(tiny_onnx())
    return path, seal_of({"m.onnx": tiny_onnx()}, known_signer("a"), alone=True)


def test_a_sealed_load_leaves_nothing(model):
    """Nothing was waved through."""
    path, seal = model
    assert unsafe_load(load(path, seal=seal, trust=known_signer("a").public), "m", AT) is None


def test_an_unsealed_load_is_on_record_each_time(model, tmp_path):
    """Twice loaded is twice in the ledger, with the digest of what was loaded."""
    loaded = load(model[0], seal=None, trust=None, unsafe_unsealed=True)
    with scratch_ledger(tmp_path / "ledger", signer_of("a", tmp_path)) as ledger:
        for _ in range(2):
            assert record_events(ledger, [unsafe_load(loaded, "m", AT)]) == 1
        events = history(ledger).events
    assert [(e.kind, e.key, e.digest) for e in events] == [("loaded-unsafely", "model:m", loaded.sha256)] * 2
