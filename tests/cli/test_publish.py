"""`redan publish` and `redan pull`, as a user runs them."""

import json
from types import SimpleNamespace

import pytest

from redan import extras
from redan.cli.app import main
from redan.cli.state import State

TOML = """[system]
name = "churn"

[[model]]
name = "scorer"
path = "model.onnx"
distribution = "dist"
"""


@pytest.fixture
def redan(capsys, monkeypatch):
    """Runs redan in a folder; gives its exit code, stdout and stderr."""

    def run(folder, *arguments):
        monkeypatch.chdir(folder)
        with pytest.raises(SystemExit) as left:
            main([str(word) for word in arguments])
        said = capsys.readouterr()
        return SimpleNamespace(returncode=left.value.code or 0, stdout=said.out, stderr=said.err)

    return run


@pytest.fixture
def work(tmp_path, redan):
    """A sealed model in a folder, and the words of its publishing."""
    (tmp_path / "model.onnx").write_bytes(b"weights")
    redan(tmp_path, "key", "new", "--kind", "p256", "-o", "maker.pem")
    assert redan(tmp_path, "seal", "model.onnx", "--key", "maker.pem", "--out", "m.sig").returncode == 0
    return tmp_path


OFFER = ("publish", "model.onnx", "--seal", "m.sig", "--key", "maker.pub", "--name", "churn", "--to", "dist")
PULL = ("pull", "dist", "--name", "churn", "--root", "dist/metadata/1.root.json", "--into", "edge")


def test_publish_then_pull(work, redan):
    """The first release says what each key is for and what to hand out; a site installs it."""
    done = redan(work, *OFFER, "--keys", "keys")
    assert (done.returncode, done.stderr) == (0, "")
    for words in ("published", "offline", "online", "hand out", "dist/metadata/1.root.json", "SHA-256", "redan pull"):
        assert words in done.stdout
    assert "PRIVATE" not in done.stdout
    pulled = redan(work, *PULL, "--key", "maker.pub")
    assert (pulled.returncode, pulled.stderr) == (0, "")
    assert "churn 1 from dist" in pulled.stdout
    assert (work / "edge" / "churn" / "files" / "model.onnx").read_bytes() == b"weights"
    again = redan(work, *PULL)
    assert again.stdout.startswith("current")
    assert "give --key PUB" in again.stdout
    verified = redan(
        work, "verify", "edge/churn/files/model.onnx", "--seal", "edge/churn/seal.json", "--key", "maker.pub"
    )
    assert verified.returncode == 0, verified.stderr


def test_json(work, redan):
    """Programs get one document each."""
    said = json.loads(redan(work, *OFFER, "--keys", "keys", "--version", "1.0", "--format", "json").stdout)
    assert (said["schema"], said["did"], said["began"]) == ("redan/publish/v1", "publish", True)
    assert said["release"]["version"] == "1.0"
    assert {made["role"] for made in said["keys_made"]} == {"root", "targets", "snapshot", "timestamp"}
    assert said["metadata"]["timestamp"]["version"] == 1
    pulled = json.loads(redan(work, *PULL, "--format", "json").stdout)
    assert (pulled["schema"], pulled["fetched"], pulled["key"]["pinned"]) == ("redan/pull/v1", True, False)
    assert pulled["release"]["root"] == said["release"]["root"]
    assert json.loads(redan(work, *OFFER, "--keys", "keys", "--format", "json").stdout)["did"] == "nothing"


def test_quiet(work, redan):
    """Nothing is said."""
    for words in ((*OFFER, "--keys", "keys"), PULL, ("publish", "--renew", "--to", "dist", "--keys", "keys")):
        done = redan(work, *words, "--quiet")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_renew_rotate_and_take_back(work, redan):
    """The other deeds, in words."""
    redan(work, *OFFER, "--keys", "keys")
    rest = ("--to", "dist", "--keys", "keys")
    renewed = redan(work, "publish", "--renew", *rest, "--expires", "timestamp=2 days")
    assert renewed.returncode == 0
    assert "renewed" in renewed.stdout
    rotated = redan(work, "publish", "--rotate", "timestamp", "--rotate", "targets", *rest)
    assert rotated.stdout.count("counts no longer: delete keys/") == 2
    (work / "model.onnx").write_bytes(b"second")
    redan(work, "seal", "model.onnx", "--key", "maker.pem", "--out", "m.sig")
    assert redan(work, *OFFER, "--keys", "keys", "--version", "bad").returncode == 0
    yanked = redan(work, "publish", "--yank", "bad", "--name", "churn", *rest)
    assert "taken back  churn bad" in yanked.stdout
    assert "churn 1 from" in redan(work, *PULL).stdout


def test_refusals_have_their_exit_codes(work, redan):
    """4 for what is invalid, 3 for what could not be reached, 2 for what was asked wrongly; one line each."""
    redan(work, *OFFER, "--keys", "keys")
    old = (work / "dist" / "metadata" / "timestamp.json").read_bytes()
    redan(work, "publish", "--renew", "--to", "dist", "--keys", "keys")
    redan(work, *PULL)
    (work / "dist" / "metadata" / "timestamp.json").write_bytes(old)
    done = redan(work, *PULL)
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.startswith("redan: dist: rollback: timestamp version 1 after 2 (")
    assert redan(work, *PULL[:1], "http://127.0.0.1:9", *PULL[2:], "--patience", "1").returncode == 3
    assert redan(work, *PULL[:1], "nowhere", *PULL[2:]).returncode == 2
    assert redan(work, *PULL[:4], "--root", "nothing.json", "--into", "edge").returncode == 2
    (work / "model.onnx").write_bytes(b"other")
    changed = redan(work, *OFFER, "--keys", "keys")
    assert (changed.returncode, changed.stderr.count("\n")) == (4, 1)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "nothing is asked for"),
        (("model.onnx", "--renew"), "more than one thing"),
        (("model.onnx",), "missing option '--seal'"),
        (("--yank", "1"), "missing option '--name'"),
        (("--rotate", "mirror"), "no role 'mirror'"),
        (("--renew", "--expires", "timestamp=soon"), "not understood"),
        (("--renew", "--expires", "mirror=2 days"), "not understood"),
        (("--renew",), "there is no distribution"),
    ],
)
def test_wrong_options(work, redan, words, says):
    """One line on stderr, exit 2."""
    done = redan(work, "publish", *words, "--to", "dist", "--keys", "keys")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert says in done.stderr


def test_keys_are_asked_for_outside_of_a_project(work, redan):
    """Nowhere safe to put them is guessed."""
    done = redan(work, *OFFER)
    assert done.returncode == 2
    assert "give --keys FOLDER" in done.stderr


def test_a_project_keeps_keys_and_hears_of_the_release(work, redan):
    """In a project, keys lie in its state folder, and the ledger gets a `published` event with the seal's root."""
    (work / "redan.toml").write_text(TOML)
    said = json.loads(redan(work, *OFFER, "--format", "json").stdout)
    assert said["ledger"] == {"model": "scorer", "entries": 1}
    assert all(made["file"].startswith(str(work / ".redan" / "publish" / "dist")) for made in said["keys_made"])
    event = State(work).history().last("published", "model:scorer")
    assert event.digest == said["release"]["root"]
    below = work / "below"
    below.mkdir()
    redan(below, "publish", "--renew", "--to", "../dist")
    assert len(State(work).history().events) == 1


def test_what_is_no_model_of_the_project_is_not_noted(work, redan):
    """A file that the description does not name is published without an event."""
    (work / "redan.toml").write_text(TOML.replace("model.onnx", "other.onnx"))
    said = json.loads(redan(work, *OFFER, "--format", "json").stdout)
    assert said["ledger"] is None
    assert not (work / ".redan" / "ledger").exists()


def test_without_the_extra(work, redan, monkeypatch):
    """The install line, exit 3."""
    monkeypatch.setattr(extras, "find_spec", lambda _: None)
    for words in ((*OFFER, "--keys", "keys"), PULL):
        done = redan(work, *words)
        assert done.returncode == 3
        assert "pip install 'redan[tuf]'" in done.stderr
