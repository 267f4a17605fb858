"""Programs, archives and formats that are not read: each is named, with what to do instead."""

import gzip
import io
import py_compile
import zipfile

import numpy as np
import pytest
import scipy.io

from redan.scan import scan_bytes
from redan.scan.formats.catalogue import FORMATS
from redan.scan.formats.containers import _KINDS
from scan_samples import message, number, rules, verdict


@pytest.mark.parametrize("kind", _KINDS, ids=lambda k: f"{k.name}-{k.magic[:4].hex()}")
def test_each_is_named_with_a_remedy(kind):
    """The magic alone is enough for a name, a reason and a remedy, and never for clean."""
    found = scan_bytes(b"\0" * kind.offset + kind.magic + b"\1" * 64, "model.bin")
    assert found.verdict.value == "not-understood"
    assert any(d.rule == f"unread-{kind.name}" and d.remedy for d in found.detections), found.detections
    assert found.unread


def test_windows_programs_are_named():
    """`MZ` alone is text; with the header of a program it is one."""
    program = b"MZ" + b"\0" * 58 + (64).to_bytes(4, "little") + b"PE\0\0" + b"\0" * 40
    assert rules(program) == {"unread-windows-program"}
    assert (
        verdict(b"MZ is a text that begins like a program, and is none, as everybody can see who reads it on")
        == "clean"
    )


def test_bytecode_of_this_interpreter_is_named(tmp_path):
    """A compiled module of Python is a program."""
    (tmp_path / "x.py").write_text("x = 1\n")
    made = py_compile.compile(str(tmp_path / "x.py"), cfile=str(tmp_path / "x.pyc"))
    data = (tmp_path / "x.pyc").read_bytes()
    assert made
    assert "unread-python-bytecode" in rules(data)


def test_r_and_matlab_are_named_inside_compression():
    """R compresses its files; MATLAB's are named by what SciPy writes."""
    assert "unread-r-data" in rules(gzip.compress(b"RDX3\nX\n\0\0\0\3" + b"\0" * 40), "m.rda")
    assert "unread-r-rds" in rules(gzip.compress(b"X\n\0\0\0\3\0\4" + b"\0" * 40), "m.rds")
    buffer = io.BytesIO()
    scipy.io.savemat(buffer, {"a": np.ones(3)})
    assert "unread-matlab" in rules(buffer.getvalue(), "m.mat")


@pytest.mark.parametrize("name", ["META-INF/MANIFEST.MF", "x-1.0.dist-info/WHEEL", "AndroidManifest.xml"])
def test_packages_are_named(name):
    """Jars, wheels and packages run when they are installed or opened."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        made.writestr(name, b"a: b\n")
    assert "unread-program-archive" in rules(buffer.getvalue(), "model.zip")


def test_coreml_is_named():
    """A CoreML specification is known by its version, description and kind of model."""
    data = number(1, 5) + message(2, message(100, message(1, "x"))) + message(500, b"\x0a\x00")
    assert rules(data, "m.mlmodel") == {"unread-coreml"}


def test_tokenisers_of_sentencepiece_are_clean():
    """Pieces, scores and settings hold no code; a file that only begins so is not understood."""
    piece = message(1, message(1, "a"), b"\x15\0\0\x80\xbf")
    data = piece * 50 + message(2, b"\x10\x01") + message(3, message(1, "nmt"))
    assert scan_bytes(data, "tokenizer.model").format == "sentencepiece"
    assert rules(data) == set()
    assert verdict(data + message(1, message(7, "x"))) == "not-understood"


def test_names_are_unique():
    """Every format that is told apart has a name of its own; kinds with several magics share theirs."""
    names = [f.name for f in FORMATS]
    shared = {k.name for k in _KINDS if sum(o.name == k.name for o in _KINDS) > 1}
    assert {n for n in names if names.count(n) > 1} == shared
