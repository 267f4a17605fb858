"""`redan verify` as another machine sees it: a process, two files, an exit code."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from evidence.evidence_cases import RESULTS, bench

SOURCE = Path(__file__).resolve().parents[2] / "src"
CODE = "import sys; from redan.cli.app import main; main(sys.argv[1:])"


@pytest.fixture(scope="module")
def signed(tmp_path_factory):
    """A pack and the public key's text."""
    made = bench(tmp_path_factory.mktemp("signed"))
    return made.pack(), made.signer.public


def redan(folder: Path, *words: str) -> subprocess.CompletedProcess:
    """Runs the command in a folder, with no environment but the code."""
    start = [sys.executable, "-W", "error", "-c", CODE, *words]
    return subprocess.run(
        start, cwd=folder, env={"PYTHONPATH": str(SOURCE)}, capture_output=True, text=True, check=False
    )


@pytest.fixture
def folder(tmp_path, signed):
    """An empty folder with the pack and the public key copied into it."""
    (tmp_path / "pack.json").write_bytes(signed[0])
    (tmp_path / "key.pub").write_text(signed[1].pem)
    return tmp_path


def test_an_honest_pack_is_accepted(folder, signed):
    """Exit 0, and the output says who signed, when the policy was registered, and how large the log is."""
    done = redan(folder, "verify", "pack.json", "--key", "key.pub")
    assert (done.returncode, done.stderr) == (0, "")
    words = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    assert words["signed"] == f"5 statements by key {signed[1].key_id[:16]} (ed25519)"
    assert words["policy"].endswith("registered as entry 3, before the first result (entry 5)")
    assert words["ledger"].startswith("example.com/churn, 9 entries")
    assert words["controls"] == "1 broken, 1 holds"
    assert sorted(path.name for path in folder.iterdir()) == ["key.pub", "pack.json"]


def test_json_goes_to_stdout_alone(folder, signed):
    """A program reads the same facts."""
    done = redan(folder, "verify", "pack.json", "--key", "key.pub", "--format", "json")
    facts = json.loads(done.stdout)
    assert (done.returncode, done.stderr, facts["valid"]) == (0, "", True)
    assert facts["key"] == {"id": signed[1].key_id, "kind": "ed25519"}
    assert facts["ledger"]["size"] == 9
    assert [item["outcome"] for item in facts["controls"]] == ["broken", "holds"]
    assert facts["policy"]["sha256"] == RESULTS.policy_sha256


@pytest.mark.parametrize("position", [5, 200, 1500, 4000, -400, -2])
def test_one_changed_byte_exits_4(folder, signed, position):
    """One line on stderr names the file and the part; nothing on stdout, no traceback."""
    changed = bytearray(signed[0])
    changed[position] ^= 1
    (folder / "pack.json").write_bytes(changed)
    done = redan(folder, "verify", "pack.json", "--key", "key.pub")
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.startswith("redan: pack.json: ")
    assert done.stderr.count("\n") == 1


CASES = {
    "no such pack": (["gone.json", "--key", "key.pub"], 2),
    "no such key": (["pack.json", "--key", "gone.pub"], 2),
    "no key": (["pack.json"], 2),
    "pack for a key": (["pack.json", "--key", "pack.json"], 2),
    "key for a pack": (["key.pub", "--key", "key.pub"], 4),
    "folder": ([".", "--key", "key.pub"], 2),
    "pack for a seal": (["pack.json", "--seal", "pack.json", "--key", "key.pub"], 2),
    "two ways to trust": (["pack.json", "--seal", "pack.json", "--key", "key.pub", "--ca", "key.pub"], 2),
    "format": (["pack.json", "--key", "key.pub", "--format", "xml"], 2),
}


@pytest.mark.parametrize("name", CASES)
def test_bad_input_has_its_exit_code(folder, name):
    """Usage errors exit 2, a file that is no pack exits 4, and no traceback is shown."""
    words, code = CASES[name]
    done = redan(folder, "verify", *words)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr
    assert "Traceback" not in done.stderr
