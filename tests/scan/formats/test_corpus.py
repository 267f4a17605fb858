"""The generated corpus of all formats: no hostile file is silent, under any name and inside any archive."""

import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile

import pytest

from scan_samples import (
    HOSTILE_KERAS,
    HOSTILE_TEMPLATES,
    gguf,
    gguf_string,
    onnx_external,
    onnx_model,
    onnx_node,
    saved_model,
    tf_node,
    verdict,
)

HOSTILE = {
    "gguf template": gguf(gguf_string("tokenizer.chat_template", HOSTILE_TEMPLATES[0])),
    "onnx path": onnx_external(location="../../secret"),
    "onnx python": onnx_model(onnx_node("PythonOp", "com.microsoft")),
    "saved model": saved_model(tf_node("r", "ReadFile")),
    "frozen graph": tf_node("r", "WriteFile"),
    "keras": json.dumps(HOSTILE_KERAS["CVE-2025-1550"]).encode(),
    "hydra": b'{"_target_": "os.system"}',
    "yaml": b"!!python/object/apply:os.system ['true']\n",
    "pmml": b'<?xml version="1.0"?><!DOCTYPE PMML [<!ENTITY x SYSTEM "file:///etc/hostname">]><PMML>&x;</PMML>',
    "skops": b'{"__loader__": "FunctionNode", "__module__": "os", "__class__": "system", "protocol": 2}',
    "tokenizer": json.dumps({"chat_template": HOSTILE_TEMPLATES[3]}).encode(),
}
NAMES = [
    "model",
    "model.onnx",
    "model.txt",
    "model.png",
    "model.safetensors",
    "model.bin",
    "README.md",
    "../model\n\x1b[2J.json",
]


def _zip(data, name="inner"):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr(name, data)
    return buffer.getvalue()


def _tar(data):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as made:
        entry = tarfile.TarInfo("inner")
        entry.size = len(data)
        made.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


WRAPS = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zip": _zip,
    "zip in zip": lambda d: _zip(_zip(d)),
    "tar": _tar,
}


@pytest.mark.parametrize("sample", HOSTILE)
@pytest.mark.parametrize("name", NAMES)
def test_names_decide_nothing(sample, name):
    """Every hostile file is malicious whatever it is called."""
    assert verdict(HOSTILE[sample], name) == "malicious"


@pytest.mark.parametrize("sample", HOSTILE)
@pytest.mark.parametrize("wrap", WRAPS)
def test_archives_hide_nothing(sample, wrap):
    """Every hostile file is malicious inside compression and archives; paths out of an archive stay paths out."""
    assert verdict(WRAPS[wrap](HOSTILE[sample])) == "malicious"


@pytest.mark.parametrize("sample", HOSTILE)
def test_cut_files_are_never_an_exception(sample):
    """Every prefix has a verdict."""
    data = HOSTILE[sample]
    for cut in range(0, len(data), max(1, len(data) // 40)):
        assert verdict(data[:cut], "m") in {"clean", "not-understood", "malicious"}
