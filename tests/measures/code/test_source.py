"""Scripts, notebooks and configuration: what is code is read, with the right lines, and what is not is said."""

import json

import pytest

from redan.measures.code.source import read_source


def notebook(*cells, **more):
    """A notebook of code cells, as Jupyter writes it."""
    entries = [{"cell_type": "code", "source": text.splitlines(keepends=True)} for text in cells]
    return json.dumps({"nbformat": 4, "cells": entries, "metadata": {}, **more}, indent=1).encode()


def test_lines_of_a_notebook_are_those_of_its_file():
    """Each line of code stands where the file has it, escapes and other scripts included."""
    data = notebook("import os\nx = 'é\\n\"'\n", "%timeit x\ny = 2\n")
    found = read_source("a.ipynb", data)
    for number, line in enumerate(found.text.split("\n"), 1):
        if line.strip() and line != "pass":
            key = line.partition("=")[0].strip()
            assert key in data.decode().splitlines()[found.line(number) - 1]


@pytest.mark.parametrize(
    ("cell", "kept"),
    [
        ("%matplotlib inline\nimport os\n", "pass\nimport os\n"),
        ("!pip install x\nimport os\n", "pass\nimport os\n"),
        ("files = !ls\n", "files = None\n"),
        ("x = %env HOME\n", "x = None\n"),
        ("%%time\nimport os\n", "\nimport os\n"),
        ("print?\n", "pass\n"),
        ("a = (1\n  % 2)\n", "a = (1\n  % 2)\n"),
    ],
)
def test_magics_are_blanked_and_python_is_kept(cell, kept):
    """IPython's own lines vanish; a line of Python that looks like one stays."""
    assert read_source("a.ipynb", notebook(cell)).text == kept


def test_cells_in_other_languages_are_named():
    """A cell of shell was not read, and that is said."""
    assert read_source("a.ipynb", notebook("%%bash\nls\n", "x = 1\n")).unread == (
        "cell 1 is in another language than Python",
    )


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("a.py", b"def f(:\n", "line 1"),
        ("a.py", b"x = 1\0", "does not parse"),
        ("a.py", b"(" * 9000, "does not parse"),
        ("a.py", b"# coding: no-such\nx = 1\n", "encoding"),
        ("a.py", b"x = '\xff'\n", "encoding"),
        ("a.R", b"model <- readRDS('m')\n", "language"),
        ("run.sh", b"python train.py\n", "language"),
        ("a.ipynb", b"{}", "notebook"),
        ("a.ipynb", b"[", "JSON"),
        ("a.ipynb", notebook("x = (", metadata={"language_info": {"name": "python"}}), "line"),
        ("a.ipynb", notebook("x", metadata={"kernelspec": {"language": "julia"}}), "another language"),
        ("a.py", b"#" * ((4 << 20) + 1), "larger"),
    ],
)
def test_what_cannot_be_read_is_refused(name, data, why):
    """A clause with the reason; nothing of the file."""
    with pytest.raises(ValueError, match=why):
        read_source(name, data)


def test_configuration_is_no_code_unless_it_is():
    """Settings are passed over; code that hides under their name is read; a shebang makes a script."""
    assert read_source("a.yaml", b"a: 1\n") is None
    assert read_source("a.json", b'{"a": 1}') is None
    assert read_source("a.toml", b"a = 1\n") is None
    assert read_source("a.yaml", b"import os\nos.getcwd()\n") is not None
    assert read_source("train", b"#!/usr/bin/env python3\nx = 1\n") is not None
    assert read_source("train", b"import os\n") is not None


def test_a_mark_moves_with_its_line():
    """The mark of a line stays when the line moves or is indented, and changes when it is edited."""
    one, moved, edited = (read_source("a.py", t) for t in (b"f(x)\n", b"\n\nif a:\n    f(x)\n", b"f(y)\n"))
    assert one.mark(1) == moved.mark(4) != edited.mark(1)


def test_declared_encodings_are_honoured():
    """A Latin-1 script is read as such."""
    assert "é" in read_source("a.py", "# -*- coding: latin-1 -*-\nx = 'é'\n".encode("latin-1")).text


def test_a_notebook_of_odd_escapes_costs_little():
    """Thousands of lines that are not spelled as usual are given up on, not searched for over and over."""
    lines = "".join(f"x{i} = {i}\\u000a" for i in range(20000)).replace("x", "\\u0078")
    data = ('{"nbformat": 4, "cells": [{"cell_type": "code", "source": "' + lines + '"}], "metadata": {}}').encode()
    assert len(read_source("a.ipynb", data).lines) == 20001
