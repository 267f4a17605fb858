"""Scripts are read as trees: what they import and call, never run."""

import json

import pytest

from redan.system.discover.code import script


def seen(tmp_path, source, name="a.py"):
    """What discovery makes of one file."""
    (tmp_path / name).write_bytes(source if isinstance(source, bytes) else source.encode())
    return script(tmp_path, name)


@pytest.mark.parametrize(
    ("source", "trains", "serves"),
    [
        ("from sklearn.svm import SVC\nSVC().fit([[1]], [1])", "calls fit()", ""),
        ("import torch.nn as nn\nloss.backward()", "calls backward()", ""),
        ("import xgboost\nbst = xgboost.train({}, d)", "calls train()", ""),
        ("from fastapi import FastAPI\napp = FastAPI()", "", "FastAPI"),
        ("import flask, sklearn\nm.predict(x)", "", "Flask"),
        ("import zoo\nzoo.Elephant().train()", "", ""),
        ("import somelearner\nsomelearner.Model().fit(x)", "calls fit()", ""),
        ("from fastapi import FastAPI\nimport sklearn\nm.fit(x)", "calls fit()", "FastAPI"),
        ("# sklearn .fit(\n'import torch; fit()'", "", ""),
        ("from .torch import x\nx.train()", "", ""),
        ("raise SystemExit('ran')", "", ""),
    ],
)
def test_calls_and_imports_tell_what_a_script_does(source, trains, serves, tmp_path):
    """Training needs a fitting call; comments and strings are no calls."""
    found = seen(tmp_path, source)
    assert (found.trains, found.serves) == (trains, serves)


def test_file_names_in_strings_are_kept(tmp_path):
    """The last part of each path, on any system's slashes; prose is not a path."""
    found = seen(tmp_path, "a('data/train.csv'); b(r'C:\\x\\m.onnx'); c('Hello.\\nWorld'); d('plain'); e(f'{x}/f.csv')")
    assert found.mentions == {"train.csv", "m.onnx", "f.csv"}


def test_notebooks_are_read_cell_by_cell(tmp_path):
    """Code cells count, magic lines do not break them, and prose cells are no code."""
    cells = [
        {"cell_type": "markdown", "source": ["import flask"]},
        {"cell_type": "code", "source": ["%matplotlib inline\n", "!pip install x\n", "from sklearn import svm\n"]},
        {"cell_type": "code", "source": "svm.SVC().fit(x, y)", "outputs": [{"data": {"image/png": "A" * 3_000_000}}]},
    ]
    found = seen(tmp_path, json.dumps({"cells": cells}), "n.ipynb")
    assert (found.trains, found.serves) == ("calls fit()", "")


@pytest.mark.parametrize(
    "source",
    [
        b"def (",
        b"a\0b",
        b"x = " + b"(" * 5000,
        b"-" * 100_000 + b"1",
        b"x = 1\n" * 200_000,
        b"\xff\xfe" + b"a\0" * 10,
        b"'\\d'\nx = 1 is 1",
    ],
)
def test_broken_files_are_passed_over(source, tmp_path):
    """Syntax errors, null bytes, bottomless nesting and very large files give nothing, and no warning."""
    found = seen(tmp_path, source)
    assert found is None or not found.trains


@pytest.mark.parametrize("source", ["", "[]", "{", '{"cells": 3}', '{"cells": [{"cell_type": "code"}]}', "[" * 50_000])
def test_broken_notebooks_are_passed_over(source, tmp_path):
    """No cells, no code."""
    found = seen(tmp_path, source, "n.ipynb")
    assert found is None or not found.imports


def test_other_files_are_no_scripts(tmp_path):
    """Only Python files and notebooks are parsed."""
    assert seen(tmp_path, "import torch", "a.txt") is None
