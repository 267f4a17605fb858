"""The strategy for Flower: without it a clear word, with it the result of our rule."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from redan.defences.aggregation import aggregate, flower_strategy
from redan.errors import InputError, MissingExtraError

ROOT = Path(__file__).resolve().parents[3]
PEER = ROOT / ".peers" / "flower" / "bin" / "python"
SCRIPT = """
import json, sys
sys.path.insert(0, sys.argv[1])
import numpy as np
from types import SimpleNamespace
from flwr.app import Array, ArrayRecord, MetricRecord, RecordDict
from flwr.serverapp import strategy as theirs
from redan.defences.aggregation import flower_strategy
from redan.errors import InputError

def replies(updates):
    found = []
    for one in updates:
        arrays = ArrayRecord({"w": Array(one[:4].reshape(2, 2)), "b": Array(one[4:])})
        content = RecordDict({"arrays": arrays, "metrics": MetricRecord({"num-examples": 1.0, "loss": 0.5})})
        meta = SimpleNamespace(src_node_id=1)  # a Message of Flower needs a running server
        found.append(SimpleNamespace(content=content, has_error=lambda: False, metadata=meta))
    return found

def flat(arrays):
    return np.concatenate([arrays[k].numpy().reshape(-1) for k in ("w", "b")]).tolist()

updates = np.array(json.load(sys.stdin))
out = {}
for rule in ("median", "trimmed-mean", "krum", "multi-krum", "bulyan"):
    arrays, metrics = flower_strategy(rule, 2).aggregate_train(1, replies(updates))
    out[rule] = flat(arrays)
    out["loss"] = metrics["loss"]
out["their median"] = flat(theirs.FedMedian().aggregate_train(1, replies(updates))[0])
out["their krum"] = flat(theirs.Krum(num_malicious_nodes=2).aggregate_train(1, replies(updates))[0])
try:
    flower_strategy("krum", 2).aggregate_train(1, replies(updates[:6]))
except InputError as error:
    out["refused"] = error.what
print(json.dumps(out))
"""


def test_missing_flower_is_named():
    """The extra is named; a mean is refused before anything is imported."""
    with pytest.raises(InputError, match="mean"):
        flower_strategy("mean", 1)
    try:
        import flwr  # noqa: F401 -- is it there?
    except ImportError:
        with pytest.raises(MissingExtraError, match="flwr"):
            flower_strategy("krum", 1)


@pytest.mark.peer
def test_strategy_inside_flower_is_our_rule():
    """Real records give what the arrays give, as Flower's own median and Krum do; too few replies are refused."""
    if not PEER.exists():
        pytest.skip("Flower is not installed beside the project")
    updates = np.random.default_rng(5).normal(size=(11, 7))
    call = [str(PEER), "-c", SCRIPT, str(ROOT / "src")]
    done = subprocess.run(call, input=json.dumps(updates.tolist()), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    for rule in ("median", "trimmed-mean", "krum", "multi-krum", "bulyan"):
        np.testing.assert_allclose(found[rule], aggregate(updates, rule, 2))
    np.testing.assert_allclose(found["their median"], aggregate(updates, "median", 2))
    np.testing.assert_allclose(found["their krum"], aggregate(updates, "krum", 2))
    assert "needs 7 participants" in found["refused"]
    assert found["loss"] == pytest.approx(0.5)
