"""`redan check` as a user calls it: exit codes, one clear line for bad input, nothing half written."""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import small_project
from redan.ledger.store import Ledger
from redan.seal.keys import load_public


def redan(*arguments, cwd, **options):
    """Runs the command line in a process of its own."""
    command = [sys.executable, "-m", "redan", *map(str, arguments)]
    env = {**os.environ, "NO_COLOR": "1", **options.pop("env", {})}
    return subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, timeout=120, check=False, env=env, **options
    )


@pytest.fixture
def project(tmp_path):
    return small_project.make(tmp_path / "project")


def only(project, *require):
    """Requires these ids alone."""
    text = re.sub(r"require = \[.*\]", f"require = {list(require)!r}", small_project.DESCRIPTION)
    (project / "redan.toml").write_text(text, encoding="utf-8")


def one_line(done, code):
    """The one line of a refused command."""
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert "Traceback" not in done.stderr
    return lines[0]


def test_a_broken_control_exits_1(project):
    """A required control that is broken fails the gate."""
    done = redan("check", cwd=project)
    assert done.returncode == 1
    assert "60" in done.stdout
    assert "A-MLSG-002-D002" in done.stdout


def test_arrays_are_left_to_those_who_ask_about_them(project):
    """A dataset of arrays stops no other question; one about a table of it could not be told, with the reason."""
    np.savez(project / "pictures.npz", x=np.zeros((3, 1, 4, 4)), y=np.zeros(3, dtype=np.int64))
    text = (project / "redan.toml").read_text(encoding="utf-8")
    more = '\n[[dataset]]\nname = "pictures"\nrole = "test"\npath = "pictures.npz"\n'
    (project / "redan.toml").write_text(text + more, encoding="utf-8")
    done = redan("check", "--format", "json", cwd=project)
    assert done.returncode == 3, done.stderr
    told = [f for c in json.loads(done.stdout)["controls"] for f in c["findings"] if "pictures" in f["subject"]]
    assert any(f["outcome"] == "not-run" and "holds arrays" in f["message"] for f in told)
    assert all(f["outcome"] != "error" for f in told)


def test_a_met_gate_exits_0(project):
    """When all that is required holds, the exit code is 0."""
    only(project, "AIPS-PIT-01")
    done = redan("check", cwd=project)
    assert done.returncode == 0, done.stdout
    assert "The gate is met" in done.stdout


def test_what_cannot_run_exits_3(project):
    """A required control without a check is incomplete, even beside a broken one."""
    only(project, "A-MLSG-004-D008", "A-MLSG-002-D002")
    done = redan("check", cwd=project)
    assert done.returncode == 3
    assert "no check yet" in done.stdout


def test_json_goes_to_stdout_alone(project):
    """Standard output is one JSON document; remarks are on standard error."""
    done = redan("check", "--format", "json", cwd=project)
    assert json.loads(done.stdout)["schema"] == "redan/check/v1"
    assert "answers in" in done.stderr
    quiet = redan("check", "--format", "json", "--quiet", cwd=project)
    assert quiet.stderr == ""


def test_same_seed_same_bytes(project):
    """Two runs with the same seed print the same bytes, with the cache and without."""
    redan("check", cwd=project)  # the first run dates what it sees, and process checks read those dates
    runs = [redan("check", "--format", "json", *more, cwd=project) for more in ((), (), ("--no-cache",))]
    assert len({run.stdout for run in runs}) == 1


def test_pack_verifies_elsewhere(project, tmp_path):
    """The pack verifies in an empty folder with the public key alone; one changed byte is exit 4."""
    redan("check", cwd=project)
    empty = tmp_path / "elsewhere"
    empty.mkdir()
    for name in ("evidence.json", "key.pub"):
        shutil.copy(project / ".redan" / name, empty)
    assert redan("verify", "evidence.json", "--key", "key.pub", cwd=empty).returncode == 0
    data = bytearray((empty / "evidence.json").read_bytes())
    rng = random.Random(1)
    for position in [0, len(data) - 1, *(rng.randrange(len(data)) for _ in range(8))]:
        changed = bytearray(data)
        changed[position] ^= 1 << rng.randrange(8)
        (empty / "evidence.json").write_bytes(changed)
        done = redan("verify", "evidence.json", "--key", "key.pub", cwd=empty)
        one_line(done, 4)


def test_waiver_accepts_one_finding(project):
    """A waiver with reason, owner and expiry lets the gate pass, marked as waived; the outcome stays broken."""
    only(project, "AIPS-PIT-02")
    first = json.loads(redan("check", "--format", "json", cwd=project).stdout)
    found = next(f for c in first["controls"] if c["id"] == "AIPS-PIT-02" for f in c["findings"])
    assert found["outcome"] == "broken"
    waiver = f'[[waiver]]\nfingerprint = "{found["fingerprint"]}"\nreason = "late start"\nowner = "ada"\n'
    soon = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 30 * 86400))
    (project / "waivers.toml").write_text(waiver + f"expires = {soon}\n", encoding="utf-8")
    done = redan("check", "--format", "json", cwd=project)
    assert done.returncode == 0
    control = next(c for c in json.loads(done.stdout)["controls"] if c["id"] == "AIPS-PIT-02")
    assert (control["outcome"], control["waived"]) == ("broken", True)


def test_a_waiver_file_that_does_not_parse(project):
    """A malformed waiver stops everything before the first check, with its line."""
    (project / "waivers.toml").write_text("[[waiver]]\nfingerprint = \n", encoding="utf-8")
    assert "waivers.toml:2" in one_line(redan("check", cwd=project), 2)
    assert not (project / ".redan").exists()


def test_baseline_means_no_new_findings(project):
    """What was broken when the baseline was written no longer fails the gate."""
    assert redan("check", "--write-baseline", "baseline.json", cwd=project).returncode == 1
    text = small_project.DESCRIPTION.replace("[policy]\n", '[policy]\nbaseline = "baseline.json"\n')
    (project / "redan.toml").write_text(text, encoding="utf-8")
    done = redan("check", cwd=project)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("train.csv", b"", "train.csv"),
        ("train.csv", b"a,b\n1,2\n3\n", "train.csv"),
        ("train.csv", b"a,a\n1,2\n", "train.csv"),
        ("train.csv", b"a,b\n\xff\xfe,1\n", "train.csv"),
        ("redan.toml", b"", "redan.toml"),
        ("redan.toml", b"\xff\xfe", "redan.toml"),
        ("redan.toml", b"[system]\nname = 3\n", "redan.toml:2"),
        ("redan.toml", b'[system]\nname = "a"\nstge = "data"\n', "redan.toml:3"),
        ("redan.toml", b"[system", "redan.toml:1"),
        ("redan.toml", b"a = " + b"[" * 20_000, "redan.toml:1"),
    ],
)
def test_bad_files_are_one_line(project, name, content, expected):
    """Bad input is refused with one line that says where, exit 2, and no evidence is written."""
    (project / name).write_bytes(content)
    assert expected in one_line(redan("check", cwd=project), 2)
    assert not (project / ".redan" / "evidence.json").exists()


def test_no_description(tmp_path):
    """A folder without redan.toml says what to do."""
    assert "redan init" in one_line(redan("check", cwd=tmp_path), 2)


def test_unknown_ids_and_formats(project):
    """Ids and formats that do not exist are refused before anything runs."""
    one_line(redan("check", "--format", "pdf", cwd=project), 2)
    one_line(redan("check", "--only", "A-MLSG-009", cwd=project), 2)
    one_line(redan("check", "--budget", "hours", cwd=project), 2)
    only(project, "A-MLSG-002-D02")
    assert "A-MLSG-002-D002" in one_line(redan("check", cwd=project), 2)


def test_a_key_that_others_can_read(project):
    """A private key with open permissions is refused, and nothing is signed with it."""
    redan("check", cwd=project)
    before = (project / ".redan" / "evidence.json").read_bytes()
    (project / ".redan" / "key.pem").chmod(0o644)
    assert "chmod 600" in one_line(redan("check", cwd=project), 2)
    assert (project / ".redan" / "evidence.json").read_bytes() == before


def test_a_tampered_ledger_is_invalid(project):
    """A changed byte in the ledger's last checkpoint stops the next run with exit 4."""
    redan("check", cwd=project)
    file = project / ".redan" / "ledger" / "ledger.sqlite"
    data = file.read_bytes()
    signature = data.rindex("— ".encode()) + 40
    file.write_bytes(data[:signature] + bytes([data[signature] ^ 1]) + data[signature + 1 :])
    one_line(redan("check", cwd=project), 4)


def test_stale_evidence_is_not_shown_as_holding(project):
    """After a dataset changed, the report shows what rested on it as stale and the gate as incomplete."""
    redan("check", cwd=project)
    (project / "test.csv").write_text(small_project.rows(3, 50), encoding="utf-8")
    done = redan("report", "--format", "json", cwd=project)
    assert done.returncode == 3
    outcomes = {c["id"]: c["outcome"] for c in json.loads(done.stdout)["controls"]}
    assert outcomes["A-MLSG-002-D002"] == "stale"
    assert outcomes["AIPS-PIT-01"] == "holds"


def test_report_of_foreign_evidence_is_invalid(project, tmp_path):
    """A pack that another key signed is refused."""
    redan("check", cwd=project)
    redan("key", "new", "--output", tmp_path / "other.pem", cwd=project)
    one_line(redan("report", "--key", tmp_path / "other.pub", cwd=project), 4)


def test_full_disk_leaves_the_old_evidence(project):
    """When the evidence cannot be written, the run fails with one line and the last evidence stays whole."""
    redan("check", cwd=project)
    before = (project / ".redan" / "evidence.json").read_bytes()
    limit = f"import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, ({len(before) // 2},) * 2)\n"
    code = limit + "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    code += "from redan.cli.app import main; main(['check', '--quiet'])"
    done = subprocess.run([sys.executable, "-c", code], cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert (project / ".redan" / "evidence.json").read_bytes() == before


def test_two_runs_at_once(project):
    """Two processes that check the same project both finish, and the ledger verifies."""
    redan("check", cwd=project)
    command = [sys.executable, "-m", "redan", "check", "--quiet"]
    both = [subprocess.Popen(command, cwd=project, stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [process.wait(timeout=120) for process in both] == [1, 1]
    verified(project)


def verified(project):
    """The ledger, read again from the first entry to the last."""
    folder = project / ".redan"
    with Ledger.open(folder / "ledger", key=load_public(folder / "key.pub")) as ledger:
        return ledger.verify()


@pytest.mark.slow
def test_killing_at_any_point_leaves_a_ledger_that_verifies(project):
    """Fifty runs killed at random points; after each the ledger verifies and the last pack is whole."""
    redan("check", cwd=project)
    rng = random.Random(20)
    started = time.monotonic()
    redan("check", cwd=project)
    duration = time.monotonic() - started
    command = [sys.executable, "-m", "redan", "check", "--quiet", "--no-cache"]
    killed = 0
    for _ in range(50):
        process = subprocess.Popen(command, cwd=project, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(rng.uniform(0.2 * duration, 1.05 * duration))
        process.send_signal(signal.SIGKILL)
        killed += process.wait(timeout=60) == -signal.SIGKILL
        verified(project)
    assert killed >= 25
    assert redan("verify", ".redan/evidence.json", "--key", ".redan/key.pub", cwd=project).returncode == 0
    assert redan("check", cwd=project).returncode == 1


def test_a_look_at_one_question_leaves_no_evidence(project):
    """--only judges what was asked, and neither the ledger nor the last pack changes."""
    redan("check", cwd=project)
    before = {p: p.read_bytes() for p in (project / ".redan").rglob("*") if p.suffix in {".json", ".sqlite"}}
    done = redan("check", "--only", "AIPS-PIT-01", cwd=project)
    assert done.returncode == 0
    assert "nothing was signed" in done.stderr
    assert redan("check", "--only", "A-MLSG-002-D002/rows-are-not-shared", cwd=project).returncode == 1
    assert {p: p.read_bytes() for p in before} == before


def test_a_threshold_that_no_check_reads_is_refused(project):
    """A threshold in the description either decides or is an error; it never stands there without effect."""
    text = small_project.DESCRIPTION + '\n[controls."A-MLSG-002-D002"]\nthreshold = 0.5\n'
    (project / "redan.toml").write_text(text, encoding="utf-8")
    line = one_line(redan("check", cwd=project), 2)
    assert f"redan.toml:{text.count(chr(10))}" in line
    assert "threshold" in line
