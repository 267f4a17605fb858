"""`redan doctor`: coverage as it is, extras as they are, exit 0."""

import json
import platform
import sys

import pytest

import redan
from redan.cli import doctor as module
from redan.cli.app import main
from redan.cli.doctor import Coverage, Extra, Health, as_json, examine, totals
from redan.controls.catalogue import checks, load
from redan.extras import EXTRAS

CATALOGUE = load()


def _run(capsys, *arguments):
    with pytest.raises(SystemExit) as left:
        main(["doctor", *arguments])
    said = capsys.readouterr()
    return left.value.code, said.out, said.err


def test_every_control_is_listed_with_its_counts(capsys):
    """Each control has one line with live and all questions."""
    code, out, err = _run(capsys)
    assert (code, err) == (0, "")
    lines = {line.split()[0]: line.split() for line in out.splitlines() if line.startswith(("A-MLSG", "AIPS"))}
    assert list(lines) == list(CATALOGUE)
    for id_, words in lines.items():
        live = len(checks(CATALOGUE[id_]))
        every = len(CATALOGUE[id_].checks)
        assert words[3] == f"{live}/{every}"
        assert words[2] == "●" * live + "○" * (every - live)


def test_a_question_counts_as_live_only_when_its_check_is_there(monkeypatch):
    """A promise in control.toml without a check beside it is counted as planned."""
    from redan.controls import catalogue

    monkeypatch.setattr(catalogue, "checks", lambda _: ())
    health = examine()
    assert totals(health)["questions_live"] == 0
    assert totals(health)["controls_none"] == len(CATALOGUE)


def test_totals_add_up():
    """Full, part and none make up all controls; live and planned make up all questions."""
    n = totals(examine())
    assert n["controls"] == 55
    assert n["controls_full"] + n["controls_part"] + n["controls_none"] == 55
    assert n["questions"] == sum(len(control.checks) for control in CATALOGUE.values())
    assert 0 < n["questions_live"] < n["questions"]


@pytest.mark.parametrize(
    ("live", "planned", "state"), [(("a",), (), "full"), (("a",), ("b",), "part"), ((), ("b",), "none")]
)
def test_state_of_a_control(live, planned, state):
    """Full needs every question live, none has no live question, part is between."""
    assert Coverage("X", "do", "t", live, planned).state == state


def test_json_is_the_same_coverage(capsys):
    """The JSON names versions, totals, each control's questions and each extra."""
    code, out, err = _run(capsys, "--format", "json")
    said = json.loads(out)
    assert (code, err, said["schema"]) == (0, "", "redan/doctor/v1")
    assert (said["redan"], said["python"]) == (redan.__version__, platform.python_version())
    assert [row["id"] for row in said["controls"]] == list(CATALOGUE)
    for row in said["controls"]:
        asked = [question.id for question in CATALOGUE[row["id"]].checks]
        assert sorted(row["live"] + row["planned"]) == sorted(asked)
    assert {extra["name"] for extra in said["extras"]} >= set(EXTRAS)


def test_a_missing_extra_names_what_it_blocks_and_how_to_install_it(capsys, monkeypatch):
    """A missing extra is shown with its install line and the checks that cannot run; the exit stays 0."""
    blocked = Extra("nosuch", "nosuch_import", ("A-MLSG-001-C001/code-holds-no-secrets",))
    health = Health("9.9", "3.11", "Linux", examine().coverage, (blocked,))
    monkeypatch.setattr(module, "examine", lambda: health)
    code, out, _ = _run(capsys)
    assert code == 0
    assert "nosuch_import is missing; pip install 'redan[nosuch]'" in out
    assert "blocks A-MLSG-001-C001/code-holds-no-secrets" in out
    assert as_json(health)["extras"][0]["install"] == "pip install 'redan[nosuch]'"


def test_checks_that_need_an_extra_are_blocked_by_it(monkeypatch):
    """What an extra blocks is exactly the live checks that name it."""
    needed = {}
    for control in CATALOGUE.values():
        for check in checks(control):
            if check.extra:
                needed.setdefault(check.extra, []).append(check.id)
    found = {extra.name: list(extra.blocks) for extra in examine().extras if extra.blocks}
    assert found == needed


def test_every_extra_that_a_check_names_can_be_installed():
    """No check names an extra that the package does not offer."""
    assert {check.extra for control in CATALOGUE.values() for check in checks(control)} - {None} <= set(EXTRAS)


def test_a_terminal_without_unicode_gets_ascii_marks(capsys, monkeypatch):
    """Where the output cannot show circles, live and planned still look different."""
    monkeypatch.setattr(type(sys.stdout), "encoding", property(lambda _: "ascii"), raising=False)
    _, out, _ = _run(capsys)
    marks = {line.split()[2] for line in out.splitlines() if line.startswith(("A-MLSG", "AIPS"))}
    assert {mark.strip("#.") for mark in marks} == {""}


def test_looking_loads_no_heavy_import():
    """Doctor imports no data or model library: it only looks for them."""
    import subprocess

    code = (
        "import sys; from redan.cli.doctor import examine; examine();"
        "print(sorted({'sklearn', 'pyspark', 'onnxruntime', 'pandas', 'torch', 'duckdb'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
