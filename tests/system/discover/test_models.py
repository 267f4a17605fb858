"""Model files are recognised by their bytes, whatever they are called, and never loaded."""

import io
import json
import pickle
import struct
import zipfile

import joblib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from redan.system.discover.models import model


def zipped(*names):
    """A zip file with empty members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, b"x")
    return out.getvalue()


def safetensors(header):
    """The head of a safetensors file and eight bytes of data."""
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(8)


class Bomb:
    """An object that says so when it is unpickled."""

    def __reduce__(self):
        """Raises on load."""
        return (exec, ("raise SystemExit('unpickled')",))


FITTED = LogisticRegression().fit(np.arange(8.0).reshape(4, 2), [0, 1, 0, 1])
TENSORS = {"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}
KINDS = {
    "PyTorch (zip)": zipped("archive/data.pkl", "archive/data/0", "archive/version"),
    "Keras (zip)": zipped("metadata.json", "config.json", "model.weights.h5"),
    "skops": zipped("schema.json", "1.npy"),
    "Keras (HDF5)": b"\x89HDF\r\n\x1a\n" + bytes(200) + b"model_config",
    "GGUF": b"GGUF\x03\0\0\0" + bytes(40),
    "TensorFlow Lite": b"\x1c\0\0\0TFL3" + bytes(40),
    "CatBoost": b"CBM1" + bytes(40),
    "LightGBM (text)": b"tree\nversion=v4\nnum_class=1\n",
    "XGBoost (JSON)": b'{"version":[2,0,3],"learner":{"attributes":{}}}',
    "XGBoost (UBJSON)": b"{L\0\0\0\0\0\0\0\x07learner{" + bytes(20),
    "PMML": b'<?xml version="1.0"?><PMML version="4.4">',
    "safetensors": safetensors(TENSORS),
    "pickle (scikit-learn)": pickle.dumps(FITTED),
    "PyTorch (pickle)": b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.",
    "pickle": pickle.dumps({"a": Bomb()}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_format_is_recognised_by_content(kind, tmp_path):
    """The name says nothing; the bytes do."""
    (tmp_path / "thing.bin").write_bytes(KINDS[kind])
    assert model(tmp_path, "thing.bin").format == kind


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_pickles_of_every_protocol_are_models_that_run_code(protocol, tmp_path):
    """scikit-learn models in any protocol, plain or by joblib, are said to run code when loaded."""
    (tmp_path / "a").write_bytes(pickle.dumps(FITTED, protocol=protocol))
    joblib.dump(FITTED, tmp_path / "b", protocol=protocol)
    joblib.dump(FITTED, tmp_path / "c.joblib", compress=3, protocol=protocol)
    assert [model(tmp_path, n).format for n in ("a", "b", "c.joblib")] == ["pickle (scikit-learn)"] * 2 + [
        "joblib (compressed)"
    ]
    assert all(model(tmp_path, n).runs_code for n in ("a", "b", "c.joblib"))


def test_pickled_tables_and_arrays_are_no_models(tmp_path):
    """Only a learning library's name makes a pickle with known contents a model."""
    (tmp_path / "table").write_bytes(pickle.dumps(pd.DataFrame({"a": [1]})))
    (tmp_path / "array").write_bytes(pickle.dumps(np.arange(3)))
    assert model(tmp_path, "table") is None
    assert model(tmp_path, "array") is None


@pytest.mark.parametrize(
    "data",
    [b"", b"PK\x03\x04", zipped("a.txt"), zipped("word/document.xml"), b"\x89HDF\r\n\x1a\n", b"a,b\n1,2\n", b"\x80",
     b"\x80\x07abc", struct.pack("<Q", 10**18) + b"{}", struct.pack("<Q", 20) + b"{" * 20, struct.pack("<Q", 2) + b"[]" + bytes(9),
     b"PK\x03\x04" + b"PK\x05\x06" + b"\xff" * 18],
)  # fmt: skip
def test_other_files_are_no_models(data, tmp_path):
    """Empty, cut, other archives, plain HDF5, tables, overlong headers and bottomless JSON."""
    (tmp_path / "f").write_bytes(data)
    assert model(tmp_path, "f") is None


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(KINDS)), st.integers(0, 60), st.binary(max_size=30))
def test_damage_never_raises(tmp_path_factory, kind, at, noise):
    """Any file with bytes written over its head is a model or None."""
    root = tmp_path_factory.getbasetemp()
    data = KINDS[kind]
    (root / "damaged").write_bytes(data[:at] + noise + data[at + len(noise) :])
    model(root, "damaged")
