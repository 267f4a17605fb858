"""`redan scan` as a process: exit codes, the three reports, hostile names."""

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from scan.hostile import styles

ROOT = Path(__file__).resolve().parents[2]
CODE = "import sys; from redan.cli.app import main; main(sys.argv[1:])"
SARIF = ROOT.parent / "shared" / "schemas" / "sarif-2.1.0.json"
EVIL = styles("os", "system")["stack-global"]
GOOD = pickle.dumps({"a": [1, 2]})
ODD = b"\x80\x02cmodels.net\nNet\n)\x81."


def redan(folder: Path, *words: str) -> subprocess.CompletedProcess:
    """Runs the command in a folder, with no environment but the code."""
    start = [sys.executable, "-W", "error", "-c", CODE, *words]
    return subprocess.run(
        start, cwd=folder, env={"PYTHONPATH": str(ROOT / "src")}, capture_output=True, text=True, check=False
    )


@pytest.fixture
def folder(tmp_path):
    """A folder with a file of each verdict."""
    (tmp_path / "m").mkdir()
    for name, data in (("evil.pkl", EVIL), ("good.pkl", GOOD), ("odd.pkl", ODD)):
        (tmp_path / "m" / name).write_bytes(data)
    return tmp_path


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (["m/good.pkl"], 0),
        (["m/evil.pkl"], 1),
        (["m/odd.pkl"], 3),
        (["m/odd.pkl", "m/good.pkl"], 3),
        (["m"], 1),
        (["absent.pkl"], 2),
        ([], 2),
        (["m/good.pkl", "--format", "yaml"], 2),
    ],
)
def test_the_exit_code_is_the_worst(folder, names, code):
    """0 clean, 1 malicious, 3 not understood, 2 usage; malicious wins."""
    assert redan(folder, "scan", *names).returncode == code


def test_nothing_scanned_is_not_clean(tmp_path):
    """An empty folder is not understood."""
    done = redan(tmp_path, "scan", ".")
    assert (done.returncode, done.stderr) == (3, "")
    assert "No file was scanned." in done.stdout


def test_the_text_has_the_worst_first_and_counts(folder):
    """Malicious before not understood before clean; each with its place and remedy; nothing on standard error."""
    done = redan(folder, "scan", "m")
    lines = done.stdout.splitlines()
    assert done.stderr == ""
    heads = [line.split()[0] for line in lines if line and line[0] != " "]
    assert heads == ["malicious", "not", "clean", "3"]
    assert "byte 23: The pickle imports and calls os.system" in done.stdout
    assert lines[-1].startswith("3 files, ")
    assert lines[-1].endswith(": 1 malicious, 1 not understood, 1 clean.")
    assert max(map(len, lines)) <= 100


def test_quiet_leaves_out_what_is_clean(folder):
    """Clean files alone say nothing; others are still told."""
    assert redan(folder, "scan", "m/good.pkl", "--quiet").stdout == ""
    done = redan(folder, "scan", "m", "--quiet")
    assert "good.pkl" not in done.stdout
    assert "evil.pkl" in done.stdout


def test_json_is_alone_on_standard_output(folder):
    """The schema's parts: verdict, files with digests, findings as check prints them."""
    done = redan(folder, "scan", "m", "--format", "json")
    value = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (1, "")
    assert (value["schema"], value["verdict"]) == ("redan/scan/v1", "malicious")
    assert value["counts"] == {"malicious": 1, "not-understood": 1, "clean": 1}
    assert [file["verdict"] for file in value["files"]] == ["malicious", "clean", "not-understood"]
    assert {finding["outcome"] for finding in value["findings"]} == {"broken", "not-run", "holds"}
    assert len({finding["fingerprint"] for finding in value["findings"]}) == len(value["findings"])
    [evil] = [finding for finding in value["findings"] if finding["outcome"] == "broken"]
    assert evil["subject"] == "file:m/evil.pkl"
    assert (evil["detail"]["rule"], evil["detail"]["offset"]) == ("pickle-dangerous-import", 23)


@pytest.mark.skipif(not SARIF.is_file(), reason="needs the SARIF schema of the shared folder")
def test_sarif_is_valid(folder):
    """The log validates against the official schema, and names byte and member."""
    from scan.hostile import zipped

    (folder / "m" / "z.zip").write_bytes(zipped({"a.pkl": EVIL}))
    done = redan(folder, "scan", "m", "--format", "sarif", "--output", "out.sarif")
    value = json.loads((folder / "out.sarif").read_text())
    jsonschema.validate(value, json.loads(SARIF.read_text()))
    [run] = value["runs"]
    assert (done.returncode, done.stdout) == (1, "")
    places = [result["locations"][0] for result in run["results"] if result["level"] == "error"]
    assert places[0]["physicalLocation"]["region"]["byteOffset"] == 23
    assert places[1]["logicalLocations"][0]["fullyQualifiedName"] == "a.pkl"
    assert run["invocations"][0]["exitCode"] == 1


def test_hostile_names_do_not_reach_the_terminal(tmp_path):
    """File names with control characters or bytes that are no text are escaped in text and valid in JSON and SARIF."""
    for name in (b"a\x1b[31m.pkl", b"b\xff.pkl", b"c\n.pkl"):
        (tmp_path / os.fsdecode(name)).write_bytes(EVIL)
    text = redan(tmp_path, "scan", ".")
    assert text.returncode == 1
    assert "\x1b" not in text.stdout
    for kind in ("json", "sarif"):
        assert json.loads(redan(tmp_path, "scan", ".", "--format", kind).stdout)


def test_a_report_goes_to_a_file(folder):
    """`--output` writes the text without colours, and nothing to standard output."""
    done = redan(folder, "scan", "m", "--output", "report.txt")
    assert (done.returncode, done.stdout) == (1, "")
    assert "os.system" in (folder / "report.txt").read_text()
