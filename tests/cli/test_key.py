"""`redan key new`, as a user runs it."""

import json
from types import SimpleNamespace

import pytest

from redan.cli.app import main
from redan.seal.keys import load_public, load_signer


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


def test_the_default_key_lies_in_the_projects_folder(tmp_path, redan):
    """The pair is made, the id printed, and what to do with each half said."""
    done = redan(tmp_path, "key", "new")
    assert (done.returncode, done.stderr) == (0, "")
    signer = load_signer(tmp_path / ".redan" / "key.pem")
    assert load_public(tmp_path / ".redan" / "key.pub") == signer.public
    assert signer.public.kind == "ed25519"
    assert signer.public.key_id in done.stdout
    assert "keep it secret" in done.stdout
    assert "redan verify PACK --key .redan/key.pub" in done.stdout
    assert "PRIVATE" not in done.stdout


def test_json_says_where_the_halves_are(tmp_path, redan):
    """Programs get the id and the paths."""
    done = redan(tmp_path, "key", "new", "--kind", "p256", "--output", "a/b.pem", "--format", "json")
    facts = json.loads(done.stdout)
    assert facts == {
        "schema": "redan/key/v1",
        "kind": "p256",
        "key_id": load_public(tmp_path / "a" / "b.pub").key_id,
        "private": "a/b.pem",
        "public": "a/b.pub",
    }


def test_a_key_is_never_overwritten(tmp_path, redan):
    """The second time is one line on stderr, exit 2, and the first key stays."""
    redan(tmp_path, "key", "new")
    before = (tmp_path / ".redan" / "key.pem").read_bytes()
    done = redan(tmp_path, "key", "new")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "never overwritten" in done.stderr
    assert (tmp_path / ".redan" / "key.pem").read_bytes() == before


@pytest.mark.parametrize("arguments", [("--kind", "rsa"), ("--format", "xml"), ("--nothing",)])
def test_wrong_arguments_are_usage_errors(tmp_path, arguments, redan):
    """Unknown kinds and options end in exit 2 and make no key."""
    done = redan(tmp_path, "key", "new", *arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert not (tmp_path / ".redan").exists()
