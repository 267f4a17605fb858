"""The Fashion-MNIST example: its reader and its export, without the data set and without training."""

import gzip
import importlib.util
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "fashion"


@pytest.fixture
def example(monkeypatch):
    """Its script as a module."""
    monkeypatch.syspath_prepend(str(EXAMPLE))
    monkeypatch.delitem(sys.modules, "data", raising=False)
    spec = importlib.util.spec_from_file_location("fashion_train", EXAMPLE / "train.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    sys.modules.pop("data", None)


def write(path, values):
    header = bytes([0, 0, 8, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape)
    path.write_bytes(gzip.compress(header + values.tobytes()))


def test_the_reader_reads_idx(tmp_path, example):
    """Bytes become pictures in [0, 1] with their classes; other files are refused."""
    rng = np.random.default_rng(0)
    raw, classes = rng.integers(0, 256, (7, 28, 28), np.uint8), rng.integers(0, 10, 7, np.uint8)
    write(tmp_path / "t10k-images-idx3-ubyte.gz", raw)
    write(tmp_path / "t10k-labels-idx1-ubyte.gz", classes)
    found = example.pictures("t10k", tmp_path)
    assert found.x.shape == (7, 1, 28, 28)
    assert found.x.dtype == np.float32
    assert np.array_equal((found.x[:, 0] * 255).round(), raw)
    assert np.array_equal(found.y, classes)
    (tmp_path / "t10k-images-idx3-ubyte.gz").write_bytes(gzip.compress(b"\0\0\x0d\x01" + bytes(8)))
    with pytest.raises(SystemExit, match="no IDX file"):
        example.pictures("t10k", tmp_path)
    with pytest.raises(SystemExit, match="apt-get install"):
        example.pictures("t10k", tmp_path / "nowhere")


def test_the_exported_graph_answers_as_the_network(example):
    """ONNX Runtime gives the logits of the module, for one row and for five."""
    runtime = pytest.importorskip("onnxruntime")
    net = example.network().eval()
    session = runtime.InferenceSession(example.graph(net).SerializeToString(), providers=["CPUExecutionProvider"])
    for rows in (1, 5):
        x = torch.rand(rows, 1, 28, 28, generator=torch.Generator().manual_seed(rows))
        with torch.no_grad():
            wanted = net(x).numpy()
        assert np.allclose(session.run(None, {"x": x.numpy()})[0], wanted, atol=1e-5)


def test_its_description_asks_of_each_network_what_it_withstands():
    """The system can be read, each network is a subject of the control, and the pictures that may show are said."""
    from redan.controls.attacked import targets
    from redan.controls.entrances import uncontrolled
    from redan.system.read import read

    system = read(EXAMPLE / "redan.toml")
    assert [(m.name, m.threats) for m in targets(system)] == [
        ("undefended", ("linf:0.1",)),
        ("hardened", ("linf:0.1",)),
        ("second", ("linf:0.1",)),
    ]
    assert [uncontrolled(system, m) for m in targets(system)] == [("source:sellers",), (), ()]
    assert next(m for m in system.models if m.name == "vote").ensemble_of == ("undefended", "second", "hardened")
    assert system.dataset("test").shown == 6
