"""`redan ledger log` and `prove`, as a user runs them."""

import json
import sqlite3
from types import SimpleNamespace

import pytest

from redan.cli.app import main
from redan.ledger import proof
from redan.ledger.store import Ledger
from redan.ledger.tree import leaf_hash
from redan.seal.keys import generate
from redan.seal.pair import write_pair

ENTRIES = [
    b'{"at":"2026-11-02T10:00:00Z","key":"system.requirements","sha256":"00","type":"described"}',
    b'{"kind": "checked", "time": "2026-11-03T10:00:00Z"}',
    b"\xff\x00 not ours",
    b"[" * 60_000,
    b'{"kind": "\\u001b[31mred", "at": 5}',
    b'["kind"]',
]


@pytest.fixture
def redan(capsys, monkeypatch):
    """Runs redan in a folder; gives its exit code, stdout and stderr."""

    def run(folder, *arguments):
        monkeypatch.chdir(folder)
        with pytest.raises(SystemExit) as left:
            main(list(arguments))
        said = capsys.readouterr()
        return SimpleNamespace(returncode=left.value.code or 0, stdout=said.out, stderr=said.err)

    return run


@pytest.fixture
def project(tmp_path):
    """A project with a key and a ledger of six entries, two of them redan's own."""
    signer = generate()
    write_pair(signer, tmp_path / ".redan" / "key.pem")
    with Ledger.open(tmp_path / ".redan" / "ledger", signer, origin="example.com/log") as ledger:
        ledger.append(ENTRIES)
    return tmp_path, signer


def test_the_listing_in_text(project, redan):
    """One line per entry, then size and root, and that everything was verified."""
    folder, _ = project
    done = redan(folder, "ledger", "log")
    lines = done.stdout.splitlines()
    assert (done.returncode, done.stderr, len(lines)) == (0, "", 8)
    assert lines[0].split() == [
        "0",
        leaf_hash(ENTRIES[0]).hex()[:16],
        "2026-11-02T10:00:00Z",
        "described",
        "system.requirements",
    ]
    assert lines[1].split()[2:] == ["2026-11-03T10:00:00Z", "checked"]
    assert all("(opaque)" in line for line in lines[2:6])
    assert "\x1b" not in done.stdout
    assert lines[6].startswith("6 entries, root ")
    assert lines[7].startswith("verified")


def test_the_listing_in_json(project, redan):
    """The same for programs, from another folder, the last entries only."""
    folder, _ = project
    done = redan(folder.parent, "ledger", "log", "--dir", folder.name, "--format", "json", "--last", "5")
    listing = json.loads(done.stdout)
    assert listing["schema"] == "redan/ledger-log/v1"
    assert (listing["origin"], listing["size"], listing["verified"]) == ("example.com/log", 6, True)
    assert [row["index"] for row in listing["entries"]] == [1, 2, 3, 4, 5]
    assert listing["entries"][0] == {
        "index": 1,
        "leaf": leaf_hash(ENTRIES[1]).hex(),
        "kind": "checked",
        "at": "2026-11-03T10:00:00Z",
        "key": "",
    }


def test_without_a_key_nothing_is_called_verified(project, redan):
    """The listing says that it is not verified, on stderr and in the text."""
    folder, _ = project
    (folder / ".redan" / "key.pub").unlink()
    done = redan(folder, "ledger", "log")
    assert done.returncode == 0
    assert "not verified" in done.stdout.splitlines()[-1]
    assert "no public key" in done.stderr
    assert json.loads(redan(folder, "ledger", "log", "--format", "json").stdout)["verified"] is False


def test_a_receipt_verifies_elsewhere(project, redan):
    """What `prove` prints is a receipt for the entry, and nothing else."""
    folder, signer = project
    for index, entry in enumerate(ENTRIES):
        done = redan(folder, "ledger", "prove", str(index))
        assert (done.returncode, done.stderr) == (0, "")
        proof.verify(done.stdout, entry, signer.public, origin="example.com/log", canonical=True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("ledger", "prove", "6"), "has 6 entries, but not entry 6"),
        (("ledger", "log", "--key", "none.pub"), "cannot be opened"),
        (("ledger", "log", "--key", ".redan/key.pem"), "private key where a public one belongs"),
        (("ledger", "log", "--dir", "elsewhere"), "no ledger here"),
        (("ledger", "prove", "x"), "invalid value"),
        (("ledger", "log", "--last", "0"), "invalid value"),
    ],
)
def test_wrong_use_is_exit_2(project, arguments, words, redan):
    """Absent entries, keys and ledgers are one clear error."""
    done = redan(project[0], *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_changed_entry_is_exit_4_and_named(project, redan):
    """Tampering is found by both verbs and the entry is named."""
    folder, _ = project
    connection = sqlite3.connect(folder / ".redan" / "ledger" / "ledger.sqlite", isolation_level=None)
    connection.execute("UPDATE entry SET data = x'00' WHERE idx = 1")
    connection.close()
    for arguments in (("log",), ("log", "--format", "json"), ("prove", "1")):
        done = redan(folder, "ledger", *arguments)
        assert done.returncode == 4
        assert done.stdout == ""
        assert "entry 1 was changed" in done.stderr
        assert done.stderr.count("\n") == 1


def test_another_key_is_exit_4(project, tmp_path, redan):
    """A key that did not sign the ledger verifies nothing."""
    write_pair(generate("p256"), tmp_path / "other.pem")
    done = redan(project[0], "ledger", "log", "--key", "other.pub")
    assert done.returncode == 4
    assert "signed by" in done.stderr
