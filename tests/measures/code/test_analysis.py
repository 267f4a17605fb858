"""The analyser sees the bytes that were read, and no comment, configuration or crash makes a file look clean."""

import json
import subprocess
import sys

import pytest

from redan.measures.code.analysis import analyse
from redan.measures.code.source import read_source

pytest.importorskip("bandit")
SHELL = b"import subprocess\nsubprocess.call('ls ' + name, shell=True)\n"


def found(data, name="train.py", **more):
    """The analyser's answer."""
    return analyse(read_source(name, data), **more)


def test_agrees_with_the_command_of_the_analyser(tmp_path):
    """Rules and lines are those that its own command line reports over the same file, comments ignored."""
    data = (
        SHELL
        + b"import pickle\npickle.loads(b)\nimport yaml\nyaml.load(f)\nx = eval(y)\nimport hashlib\nhashlib.md5(b)\n"
    )
    path = tmp_path / "train.py"
    path.write_bytes(data)
    command = [sys.executable, "-m", "bandit", "-q", "-f", "json", "--ignore-nosec", "-ll", "-ii", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    theirs = {(r["test_id"], r["line_number"]) for r in json.loads(done.stdout)["results"]}
    assert {(i.rule, i.line) for i in found(data).issues} == theirs


@pytest.mark.parametrize("comment", [b"# nosec", b"#nosec B602", b"# NOSEC", b"# noqa"])
def test_comments_silence_nothing(comment):
    """The finding stands; the request to look away is counted."""
    answer = found(SHELL.replace(b"True)", b"True)  " + comment))
    assert [i.rule for i in answer.issues] == ["B602"]
    assert answer.suppressions == (0 if comment == b"# noqa" else 1)


def test_configuration_of_the_project_is_not_read(tmp_path, monkeypatch):
    """A `.bandit` file and a table in pyproject.toml that skip every rule change nothing."""
    (tmp_path / ".bandit").write_text("[bandit]\nskips = B602\nexclude = .\n")
    (tmp_path / "pyproject.toml").write_text('[tool.bandit]\nskips = ["B602"]\n')
    monkeypatch.chdir(tmp_path)
    assert [i.rule for i in found(SHELL).issues] == ["B602"]


def test_thresholds_count_from_their_rank():
    """What is below medium is counted, not shown; a lower threshold shows it."""
    data = b"assert x\nimport subprocess\n"
    assert found(data).issues == ()
    assert found(data).below == 2
    assert len(found(data, severity="LOW", confidence="LOW").issues) == 2


def test_a_rule_that_raises_is_no_clean_file(monkeypatch):
    """A crash inside the analyser ends in a refusal."""
    from bandit.core import context

    monkeypatch.setattr(context.Context, "call_function_name_qual", property(lambda _: 1 / 0))
    with pytest.raises(ValueError, match="could not be analysed"):
        found(SHELL)


def test_passwords_are_not_quoted():
    """The rule on passwords names the fact alone."""
    answer = found(b"password = 'hunter22'\n", severity="LOW", confidence="LOW")
    assert answer.issues
    assert all("hunter22" not in i.text for i in answer.issues)


def test_notebooks_and_declared_encodings_are_analysed():
    """Lines of a notebook's file, and a Latin-1 script whose declaration no longer fits the text."""
    cells = [{"cell_type": "code", "source": ["%pip list\n", *SHELL.decode().splitlines(keepends=True)]}]
    data = json.dumps({"nbformat": 4, "cells": cells}, indent=1).encode()
    issue = found(data, "train.ipynb").issues[0]
    assert "shell=True" in data.decode().splitlines()[issue.line - 1]
    latin = "# -*- coding: latin-1 -*-\n# é\n".encode("latin-1") + SHELL
    assert [i.line for i in found(latin).issues] == [4]


def test_nothing_of_the_analysed_code_runs_or_is_logged(capfd):
    """Importing would print; parsing does not, and neither does the analyser."""
    found(b"print('I ran')\nimport subprocess\nsubprocess.call('x', shell=True)  # nosec B999\nx = '\\d'\n")
    captured = capfd.readouterr()
    assert captured.out == captured.err == ""
