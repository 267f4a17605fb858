"""`redan threats`: every format, to standard output and to a file, and honest errors."""

import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest

from redan.cli.threats import render
from redan.system.read import read
from redan.terms import Outcome
from redan.threats import derive
from threat_systems import EXPECTED, IDEA, PHOTOS


@pytest.fixture
def project(tmp_path):
    """A folder with a description."""
    (tmp_path / "redan.toml").write_text(PHOTOS, encoding="utf-8")
    return tmp_path


def _run(*arguments):
    done = subprocess.run(
        [sys.executable, "-m", "redan", "threats", *map(str, arguments)], capture_output=True, check=False
    )
    return done.returncode, done.stdout, done.stderr.decode()


def test_text_names_every_threat_once_with_reason_and_control(project):
    """The text lists each threat under its element, with what would lower it, and no evidence is claimed."""
    code, out, err = _run(project)
    text = out.decode()
    assert (code, err) == (0, "")
    assert text.count("Attacker: ") == len(EXPECTED["photos"][1])
    for element in {key.partition("@")[2] for key in EXPECTED["photos"][1]}:
        assert re.search(
            rf"^{re.escape(element)}(  |\n)\S*redan\.toml:\d+$", text, re.MULTILINE
        )  # a long path has its own line
    assert "source:photos is a crowd" in text
    assert "No evidence counts yet" in text
    assert "\x1b" not in text


def test_json_goes_to_stdout_alone(project):
    """The JSON is all that standard output holds, and the same when it is written to a file."""
    code, out, err = _run(project, "--format", "json")
    assert (code, err) == (0, "")
    assert json.loads(out)["schema"] == "redan/threats/v1"
    assert _run(project, "--format", "json", "--output", project / "t.json") == (0, b"", "")
    assert (project / "t.json").read_bytes() == out


@pytest.mark.parametrize(("format_", "start"), [("csv", b"\xef\xbb\xbfTRA,threat"), ("xlsx", b"PK"), ("svg", b"<svg ")])
def test_other_formats_go_to_a_file(project, format_, start):
    """Register and diagram are written whole."""
    assert _run(project, "--format", format_, "-o", project / "out")[0] == 0
    assert (project / "out").read_bytes().startswith(start)


def test_text_goes_to_a_file_without_colours(project):
    """The text in a file is the text of a pipe."""
    assert _run(project, "-o", project / "out.txt")[0] == 0
    assert "poisoning.injection" in (project / "out.txt").read_text(encoding="utf-8")


def test_nothing_described_is_said_plainly(tmp_path):
    """A system with only a name has no threats, and that is no error."""
    (tmp_path / "redan.toml").write_text(IDEA, encoding="utf-8")
    code, out, _ = _run(tmp_path)
    assert code == 0
    assert b"No threat applies" in out


def test_an_exclusion_that_matches_nothing_is_a_usage_error(project):
    """One line with the file, the line and the advice; exit 2; nothing on standard output."""
    text = '\n[[exclusion]]\nthreat = "poisoning.flod"\njustification = "component_not_present"\nreason = "x"\nowner = "y"\n'
    (project / "redan.toml").write_text(PHOTOS + text, encoding="utf-8")
    code, out, err = _run(project)
    assert (code, out) == (2, b"")
    assert "did you mean 'poisoning.flood'" in err
    assert f"redan.toml:{PHOTOS.count(chr(10)) + 3}:" in err
    assert "Traceback" not in err


def test_a_hostile_label_cannot_steer_the_terminal_or_the_markup(project):
    """Escape codes in a description are refused without being shown; markup is shown as text."""
    escapes = PHOTOS.replace('label = "tag"', 'label = "\\u001b]0;x\\u0007tag"')
    (project / "redan.toml").write_text(escapes)
    code, out, err = _run(project)
    assert (code, out) == (2, b"")
    assert "\x1b" not in err
    assert "\x07" not in err
    (project / "redan.toml").write_text(PHOTOS.replace('label = "tag"', 'label = "[bold]tag[/bold]"'))
    code, out, _ = _run(project)
    assert code == 0
    assert b"[bold]tag[/bold]" in b"".join(line.strip() for line in out.splitlines())


def test_held_controls_show_in_the_text(project):
    """With evidence, each threat says what is left."""
    system = read(project)
    text = " ".join(render("text", system, derive(system), {"A-MLSG-004-D007": Outcome.HOLDS}).decode().split())
    assert "A-MLSG-004-D007 (holds)" in text
    assert text.count("Risk left: ") == len(EXPECTED["photos"][1])
    assert "No evidence counts yet" not in text


def test_the_diagram_is_xml(project):
    """The picture that a pipe receives is well-formed."""
    _, out, _ = _run(project, "--format", "svg")
    assert ET.fromstring(out).tag.endswith("svg")
