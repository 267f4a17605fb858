"""`redan record` from outside: what it lists, what it calls undeclared, what it leaves behind, how it ends."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from recording.recording_cases import METHODS, needs_strace
from redan.cli.flow import Asked, check
from redan.cli.state import State
from redan.recording.reader import open_file
from redan.recording.session import utc_now
from redan.seal.keys import load_public
from redan.system.read import read
from redan.terms import Outcome

TOML = """[system]
name = "p"
stage = "training"

[[dataset]]
name = "train"
role = "train"
path = "a.csv"

[[dataset]]
name = "val"
role = "validation"
path = "b.csv"

[[model]]
name = "m"
path = "m.bin"
trained_on = ["train"]
validated_on = ["val"]
code = ["train.py"]
"""
CODE = "import duckdb, pyarrow.csv as c, pandas\npandas.read_csv('a.csv'); duckdb.sql(\"select * from 'b.csv'\").fetchall()\n"
SAVE = "open('m.bin', 'wb').write(b'model')\n"


@pytest.fixture
def project(tmp_path):
    """A small project whose training reads what it declares."""
    (tmp_path / "redan.toml").write_text(TOML, encoding="utf-8")
    for index, name in enumerate(("a.csv", "b.csv", "c.csv")):
        (tmp_path / name).write_text(f"x,y\n1,{index}\n", encoding="utf-8")
    (tmp_path / "train.py").write_text(CODE + SAVE, encoding="utf-8")
    return tmp_path


def redan(folder, *words, env=None, stdin=subprocess.DEVNULL):
    """The command, run in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "redan", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        stdin=stdin,
        env={**os.environ, **(env or {})},
    )


def recorded(folder, *options, command=None, **more):
    """A recorded training and what it says as JSON."""
    done = redan(
        folder, "record", *options, "--format", "json", "--", *(command or [sys.executable, "train.py"]), **more
    )
    return done.returncode, json.loads(done.stdout)


def answers(folder):
    """What the checks of D005 say now."""
    looked = check(read(folder), Asked(now=utc_now()))
    found = next(c for c in looked.results.controls if c.control_id == "A-MLSG-002-D005").findings
    return {f.check.partition("/")[2]: (f.outcome, f.message) for f in found}


@needs_strace
def test_a_recorded_training_makes_the_checks_hold(project):
    """Pandas and DuckDB are seen; the record is sealed, kept and logged; retraining without a record is noticed."""
    code, said = recorded(project)
    assert code == 0
    inputs = {item["name"]: item for item in said["inputs"]}
    assert set(inputs) == {"a.csv", "b.csv", "train.py"}
    assert inputs["b.csv"]["declared"] == ["dataset:val"]
    assert (said["undeclared"], said["models"], said["method"]) == ([], ["m"], "strace")
    state = State(project)
    assert open_file(Path(said["record"]), (load_public(state.public),)).record is not None
    assert state.history().first("recorded", "model:m", said["sha256"]) is not None
    assert {outcome for outcome, _ in answers(project).values()} == {Outcome.HOLDS}
    (project / "m.bin").write_bytes(b"another")
    after = answers(project)
    assert after["training-data-is-on-record"][0] is Outcome.BROKEN
    assert after["no-undeclared-file-is-read"][0] is Outcome.NOT_RUN


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "reads", ["pandas.read_csv('c.csv')", "duckdb.sql(\"select * from 'c.csv'\").fetchall()", "c.read_csv('c.csv')"]
)
def test_an_undeclared_file_is_a_finding(reads, method, project):
    """Whichever library reads it, and with either method, it is named, and the exit code says so."""
    (project / "train.py").write_text(CODE + reads + "\n" + SAVE, encoding="utf-8")
    code, said = recorded(project, "--method", method)
    assert code == 1
    assert said["undeclared"] == ["c.csv"]
    outcome, message = answers(project)["no-undeclared-file-is-read"]
    assert outcome is Outcome.BROKEN
    assert "c.csv" in message


def test_audit_hooks_do_not_claim_what_they_cannot_see(project):
    """With compiled code, nothing undeclared seen is not nothing undeclared read."""
    code, said = recorded(project, "--method", "audit")
    assert (code, said["undeclared"], said["method"]) == (3, [], "audit-hooks")
    assert {"pyarrow", "pandas"} <= set(said["unwatched"])
    found = answers(project)
    assert found["training-data-is-on-record"][0] is Outcome.HOLDS
    assert found["no-undeclared-file-is-read"][0] is Outcome.NOT_RUN
    (project / "train.py").write_text("open('a.csv').read(); open('b.csv').read()\n" + SAVE, encoding="utf-8")
    assert recorded(project, "--method", "audit")[0] == 0
    assert {outcome for outcome, _ in answers(project).values()} == {Outcome.HOLDS}


def test_without_strace_audit_hooks_are_used_and_that_is_said(project, tmp_path):
    """No strace on the path: the record says why it was not used; asked for by name, it is an error."""
    path = {"PATH": str(tmp_path / "nothing")}
    code, said = recorded(project, env=path)
    assert (code, said["method"], said["fallback"]) == (3, "audit-hooks", "strace is not installed")
    done = redan(project, "record", "--method", "strace", "--", sys.executable, "train.py", env=path)
    assert done.returncode == 3
    assert "strace is not installed" in done.stderr


def test_the_text_names_what_a_person_looks_for(project):
    """Inputs, outputs, findings and the record, in words; the command's own output comes first."""
    (project / "train.py").write_text(CODE + "print('epoch 1'); open('c.csv').read()\n" + SAVE, encoding="utf-8")
    done = redan(project, "record", "--", sys.executable, "train.py")
    assert done.returncode == 1
    assert done.stdout.startswith("epoch 1\n")
    assert "a.csv" in done.stdout
    assert "dataset:train" in done.stdout
    assert "declare it in redan.toml" in done.stdout
    assert "not seen" in done.stdout
    assert redan(project, "record", "--quiet", "--", sys.executable, "train.py").stdout == "epoch 1\n"


def test_json_is_alone_on_standard_output(project):
    """What the command prints goes to standard error then."""
    (project / "train.py").write_text("print('epoch 1')\n" + SAVE, encoding="utf-8")
    done = redan(project, "record", "--format", "json", "--", sys.executable, "train.py")
    assert json.loads(done.stdout)["schema"] == "redan/record/v1"
    assert "epoch 1" in done.stderr


def test_a_failed_command_is_on_record_and_does_not_count(project):
    """Exit 3, the command's own status named; the check does not take it for a training."""
    (project / "train.py").write_text(CODE + SAVE + "raise SystemExit(5)\n", encoding="utf-8")
    done = redan(project, "record", "--", sys.executable, "train.py")
    assert done.returncode == 3
    assert "left with 5" in done.stdout
    outcome, message = answers(project)["training-data-is-on-record"]
    assert (outcome, "failed" in message) == (Outcome.BROKEN, True)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--", "no-such-program"], "no program 'no-such-program'"),
        (["--model", "x", "--", sys.executable], "no model 'x'"),
        (["--key", "none.pem", "--", sys.executable], "signing key"),
        (["--system", "none", "--", sys.executable], "no such file"),
        (["--out", ".", "--", sys.executable], "is a folder"),
        ([], "Missing argument"),
    ],
)
def test_what_is_wrong_is_said_before_the_run(words, says, project):
    """Exit 2, one line, and nothing was run."""
    done = redan(project, "record", *words)
    assert done.returncode == 2
    assert says.lower() in done.stderr.lower()
    assert not (project / "m.bin").exists()


def test_without_a_description_files_are_listed_and_not_judged(tmp_path):
    """A folder without redan.toml: exit 0, no verdict on declarations."""
    (tmp_path / "a.csv").write_text("1\n", encoding="utf-8")
    code, said = recorded(tmp_path, "--method", "audit", command=[sys.executable, "-c", "open('a.csv').read()"])
    assert (code, said["undeclared"], said["models"]) == (0, None, [])
    assert "a.csv" in [item["name"] for item in said["inputs"]]


def test_the_description_is_found_beside_the_script(project):
    """Called from elsewhere, the project is that of the script; paths are relative to it."""
    (project / "train.py").write_text(
        "import os; os.chdir(os.path.dirname(os.path.abspath(__file__)))\n" + CODE + SAVE, encoding="utf-8"
    )
    elsewhere = project.parent / (project.name + "-elsewhere")
    elsewhere.mkdir()
    code, said = recorded(elsewhere, command=[sys.executable, str(project / "train.py")])
    assert {"a.csv", "b.csv", "train.py"} <= {item["name"] for item in said["inputs"]}
    assert (project / ".redan" / "records").is_dir()
    assert not (elsewhere / ".redan").exists()
    assert code in {0, 3}


def test_a_copy_goes_where_it_is_asked(project):
    """--out writes the same bytes as are kept."""
    _, said = recorded(project, "--out", "record.json")
    assert (project / "record.json").read_bytes() == Path(said["record"]).read_bytes()


def test_an_interrupt_leaves_nothing_half_written(project):
    """Ctrl-C: exit 3, no record, no event of one, no child left, no temporary folder."""
    (project / "train.py").write_text("import time\nopen('ready', 'w').close()\ntime.sleep(60)\n", encoding="utf-8")
    (project / "tmp").mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "redan", "record", "--", sys.executable, "train.py"],
        cwd=project,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(project / "tmp")},
    )
    for _ in range(600):
        if (project / "ready").exists():
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "interrupted" in error
    assert not (project / ".redan" / "records").exists()
    assert not [event for event in State(project).history().events if event.kind == "recorded"]
    assert list((project / "tmp").iterdir()) == []
