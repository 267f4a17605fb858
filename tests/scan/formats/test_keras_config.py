"""Keras configurations as JSON files and inside .keras archives."""

import io
import json
import zipfile

import h5py
import numpy as np
import pytest

from redan.scan import scan_bytes
from scan_samples import HOSTILE_KERAS, PLAIN_KERAS, UNKNOWN_KERAS, keras_config, keras_layer, rules, verdict


def archive(config, weights=None, **more):
    """A .keras file."""
    if weights is None:
        buffer = io.BytesIO()
        with h5py.File(buffer, "w") as file:
            file.create_dataset("layers/dense/vars/0", data=np.ones((2, 2), dtype="f4"))
        weights = buffer.getvalue()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        made.writestr("metadata.json", json.dumps({"keras_version": "3.15.1", "date_saved": "2026-11-21@00:00:00"}))
        made.writestr("config.json", json.dumps(config))
        made.writestr("model.weights.h5", weights)
        for name, data in more.items():
            made.writestr(name.replace("__", "/"), data)
    return buffer.getvalue()


@pytest.mark.parametrize("name", PLAIN_KERAS)
def test_models_of_keras_alone_are_clean(name):
    """Layers, initialisers, activations and words of a vocabulary raise nothing, as JSON and in an archive."""
    assert rules(json.dumps(PLAIN_KERAS[name]).encode(), "config.json") == set()
    found = scan_bytes(archive(PLAIN_KERAS[name]), "m.keras")
    assert (found.format, found.verdict.value) == ("keras-zip", "clean")


@pytest.mark.parametrize("name", HOSTILE_KERAS)
def test_code_in_configurations_is_malicious(name):
    """CVE-2024-3660, -2025-1550, -8747, -9905, -9906, -12058, -49655: one inert file each, plain and zipped."""
    assert verdict(json.dumps(HOSTILE_KERAS[name]).encode(), "config.json") == "malicious"
    assert verdict(archive(HOSTILE_KERAS[name]), "m.keras") == "malicious"


@pytest.mark.parametrize("name", UNKNOWN_KERAS)
def test_custom_objects_are_not_understood(name):
    """Classes and functions that are not part of Keras need code from elsewhere."""
    assert verdict(json.dumps(UNKNOWN_KERAS[name]).encode(), "config.json") == "not-understood"
    assert verdict(archive(UNKNOWN_KERAS[name]), "m.keras") == "not-understood"


@pytest.mark.parametrize(
    "module", ["keras.src.utils.file_utils", "keras.saving", "keras.utils", "keras.src.saving.saving_lib"]
)
def test_functions_inside_keras_are_no_layers(module):
    """CVE-2025-8747: modules of Keras that read, write and download are no homes of layers."""
    assert (
        verdict(json.dumps(keras_config(keras_layer("function", module=module) | {"config": "anything"})).encode())
        != "clean"
    )
    assert verdict(json.dumps(keras_config(keras_layer("anything", module=module))).encode()) != "clean"


def test_weights_inside_are_read():
    """CVE-2026-1669: external storage in the weights of an archive."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.create_dataset("x", shape=(10,), dtype="u1", external=[("/etc/hostname", 0, 10)])
    assert verdict(archive(PLAIN_KERAS["Keras 3"], buffer.getvalue()), "m.keras") == "malicious"


@pytest.mark.parametrize(
    "more", [{"evil.py": b"import os\n"}, {"x.pkl": b"\x80\x04N."[:3]}, {"a.so": b"\x7fELF" + b"\0" * 60}]
)
def test_other_members_are_never_clean(more):
    """What Keras does not write into its archives is told."""
    assert verdict(archive(PLAIN_KERAS["Keras 3"], **more), "m.keras") != "clean"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_other_encodings_of_json_are_never_clean(encoding):
    """Python's loader guesses the encoding of JSON; what is not UTF-8 is not understood."""
    data = json.dumps(HOSTILE_KERAS["CVE-2025-1550"]).encode(encoding)
    assert verdict(data, "config.json") != "clean"


def test_a_second_name_hides_nothing():
    """Of two configurations under one name, parsers take either: never clean."""
    data = b'{"class_name": "Sequential", "config": {"layers": []}, "config": {"layers": []}}'
    assert rules(data, "config.json") == {"json-duplicate-names"}
