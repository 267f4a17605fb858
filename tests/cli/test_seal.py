"""`redan seal` and `redan verify --seal`, as a user runs them."""

import json
import os
import re
from types import SimpleNamespace

import pytest

from redan.cli.app import main
from redan.cli.page import bytes_in_words, escaped
from redan.cli.seal import named
from redan.evidence import history
from redan.ledger.store import Ledger
from redan.seal import oms
from redan.seal.keys import generate, load_public
from redan.seal.pair import write_pair
from seal.oms_cases import certificate, model

FILES = {"weights.bin": bytes(1000), "config.json": b"{}", "sub/vocab.txt": b"a"}


@pytest.fixture
def redan(capsys, monkeypatch, tmp_path):
    """Runs redan in a folder with a model and a key pair; gives its exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    write_pair(generate("p256"), tmp_path / "k.pem")
    model(tmp_path / "m", FILES)

    def run(*arguments):
        with pytest.raises(SystemExit) as left:
            main(list(map(str, arguments)))
        said = capsys.readouterr()
        return SimpleNamespace(code=left.value.code or 0, out=said.out, err=said.err)

    return run


SEAL = ("seal", "m", "--key", "k.pem", "--out", "m.sig")
VERIFY = ("verify", "m", "--seal", "m.sig", "--key", "k.pub")


def test_seal_and_verify_say_what_holds(redan, tmp_path):
    """Aligned lines: what, root, how much, by whom, what is not covered, and how to verify."""
    done = redan(*SEAL)
    assert (done.code, done.err) == (0, "")
    words = dict(re.split(r"\s{2,}", line, maxsplit=1) for line in done.out.splitlines())
    key_id = load_public(tmp_path / "k.pub").key_id
    assert words["covers"] == "3 files, 1.0 kB, SHA-256"
    assert words["signed"] == f"key {key_id[:16]} (p256)"
    assert words["verify"] == "redan verify m --seal m.sig --key PUB"
    assert words["not said"].startswith("file modes, times")
    columns = {re.match(r"(?:\S+ )*\S+\s+", line).end() for line in done.out.splitlines() if line}
    assert len({line.index(words[name]) for name, line in zip(words, done.out.splitlines(), strict=True)}) == 1, columns
    again = redan(*VERIFY)
    assert (again.code, again.err) == (0, "")
    assert f"root      {words['root']}\n" in again.out
    assert "each byte of them as it was sealed" in again.out


def test_json_is_alone_on_stdout(redan, tmp_path):
    """Programs read the same facts."""
    made = redan(*SEAL, "--format", "json", "--ignore", "sub")
    facts = json.loads(made.out)
    assert (made.code, made.err, facts["schema"]) == (0, "", "redan/seal/v1")
    assert (facts["files"], facts["bytes"], facts["hash"], facts["method"]) == (2, 1002, "sha256", "key")
    assert (facts["left_out"], facts["hidden"]) == (["sub/vocab.txt"], [])
    assert "empty folders" in facts["not_covered"]
    done = redan(*VERIFY, "--format", "json")
    found = json.loads(done.out)
    assert (done.code, found["schema"], found["valid"], found["root"]) == (
        0,
        "redan/verify-seal/v1",
        True,
        facts["root"],
    )
    assert found["left_out"] == ["sub/vocab.txt"]
    assert found["key"] == {"id": load_public(tmp_path / "k.pub").key_id}


def test_quiet_says_nothing(redan):
    """The exit code answers."""
    for words in (SEAL, VERIFY):
        done = redan(*words, "--quiet")
        assert (done.code, done.out, done.err) == (0, "", "")


@pytest.mark.parametrize("how", ["flip", "plant", "hide", "remove", "link"])
def test_what_changed_is_named_with_exit_4(redan, tmp_path, how):
    """One line on stderr, nothing on stdout."""
    redan(*SEAL)
    place = {"flip": "config.json", "plant": "evil.pkl", "hide": ".github/x", "remove": "sub/vocab.txt", "link": "l"}[
        how
    ]
    path = tmp_path / "m" / place
    if how == "remove":
        path.unlink()
    elif how == "link":
        path.symlink_to("/etc/hostname")
    else:
        model(tmp_path / "m", {place: b"}"})
    done = redan(*VERIFY)
    assert (done.code, done.out) == (4, "")
    assert done.err.startswith(f"redan: m/{place}: ")
    assert done.err.count("\n") == 1
    if how in {"plant", "hide", "link"}:
        assert redan(*VERIFY, "--ignore", place).code == 0
        accepted = redan(*VERIFY, "--ignore-unsigned")
        assert (accepted.code, place in accepted.out) == (0, True)


def test_every_byte_of_the_seal_counts(redan, tmp_path):
    """A changed seal is exit 4 and names the seal."""
    redan(*SEAL)
    data = bytearray((tmp_path / "m.sig").read_bytes())
    for at in range(3, len(data), 97):
        changed = bytearray(data)
        changed[at] ^= 1
        (tmp_path / "m.sig").write_bytes(changed)
        done = redan(*VERIFY)
        assert (done.code, done.out) == (4, "")
        assert done.err.startswith("redan: m.sig: ")


def test_a_seal_inside_the_folder(redan, tmp_path):
    """It is left out of itself, and may be written again."""
    for _ in range(2):
        assert redan("seal", "m", "--key", "k.pem", "--out", "m/model.sig").code == 0
    assert redan("verify", "m", "--seal", "m/model.sig", "--key", "k.pub").code == 0
    sealed = oms.verify(tmp_path / "m", (tmp_path / "m/model.sig").read_bytes(), load_public(tmp_path / "k.pub"))
    assert "model.sig" in sealed.serialization.ignore_paths


def test_hidden_files_are_told_when_sealing(redan, tmp_path):
    """Whoever seals learns at once that verifying will refuse them."""
    model(tmp_path / "m", {".gitattributes": b"", ".git/a": b"", ".git/b": b"", ".git/c": b""})
    done = redan(*SEAL)
    assert ".git/a, .git/b, .git/c and 1 more: left out by every tool" in done.out
    assert redan(*VERIFY).code == 4


MISTAKES = {
    "no signer": (["seal", "m", "--out", "m.sig"], "--key KEY, or --keyless"),
    "two signers": (["seal", "m", "--out", "m.sig", "--key", "k.pem", "--keyless"], "--key KEY, or --keyless"),
    "no out": (["seal", "m", "--key", "k.pem"], "--output"),
    "public key signs": (["seal", "m", "--out", "m.sig", "--key", "k.pub"], "is a public key"),
    "no such key": (["seal", "m", "--out", "m.sig", "--key", "gone.pem"], "gone.pem"),
    "no such path": (["seal", "gone", "--out", "m.sig", "--key", "k.pem"], "gone"),
    "out is the model": (["seal", "m/config.json", "--out", "m/config.json", "--key", "k.pem"], "is no seal"),
    "out is a key": (["seal", "m", "--out", "k.pem", "--key", "k.pem"], "is no seal"),
    "out is a folder": (["seal", "m", "--out", "m", "--key", "k.pem"], "is no seal"),
    "glob": (["seal", "m", "--out", "m.sig", "--key", "k.pem", "--ignore", "*.txt"], "glob"),
    "climbing": (["seal", "m", "--out", "m.sig", "--key", "k.pem", "--ignore", "../x"], "cannot ignore"),
    "everything left out": (
        ["seal", "m/sub", "--out", "m.sig", "--key", "k.pem", "--ignore", "vocab.txt"],
        "no file to seal",
    ),
    "unknown hash": (["seal", "m", "--out", "m.sig", "--key", "k.pem", "--hash", "md5"], "md5"),
    "URI without public half": (["seal", "m", "--out", "m.sig", "--key", "awskms:x"], "--public-key"),
    "public half of a file": (
        ["seal", "m", "--out", "m.sig", "--key", "k.pem", "--public-key", "k.pub"],
        "--public-key",
    ),
    "keyless with a chain": (["seal", "m", "--out", "m.sig", "--keyless", "--cert-chain", "k.pub"], "no certificate"),
    "chain is none": (["seal", "m", "--out", "m.sig", "--key", "k.pem", "--cert-chain", "k.pub"], "certificate"),
    "no seal": (["verify", "m", "--key", "k.pub"], "--seal"),
    "seal is absent": (["verify", "m", "--seal", "gone.sig", "--key", "k.pub"], "gone.sig"),
    "nobody to trust": (["verify", "m", "--seal", "k.pub"], "--key PUB, or --ca"),
    "identity alone": (["verify", "m", "--seal", "k.pub", "--identity", "x"], "--issuer"),
    "seal's options without one": (["verify", "k.pub", "--key", "k.pub", "--ignore", "x"], "--seal"),
    "log without a project": (["verify", "m", "--seal", "k.pub", "--key", "k.pub", "--log"], "redan.toml"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_mistakes_are_one_line_with_exit_2(redan, tmp_path, case):
    """What is wrong and what to do; nothing is written."""
    words, remedy = MISTAKES[case]
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    done = redan(*words)
    assert (done.code, done.out) == (2, "")
    assert remedy in done.err
    assert done.err.count("\n") == 1
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_ed25519_is_refused_with_the_way_out(redan, tmp_path):
    """The project's own key signs evidence; a seal needs another kind."""
    redan("key", "new")
    done = redan("seal", "m", "--key", ".redan/key.pem", "--out", "m.sig")
    assert (done.code, done.out) == (2, "")
    assert "redan key new --kind p256" in done.err
    assert not (tmp_path / "m.sig").exists()


@pytest.mark.parametrize("kind", ["p384", "p521"])
def test_keys_that_redan_makes_seal(redan, kind):
    """`redan key new` makes every kind that a seal may have."""
    assert redan("key", "new", "--kind", kind, "-o", "seal.pem").code == 0
    assert redan("seal", "m", "--key", "seal.pem", "-o", "m.sig").code == 0
    assert redan("verify", "m", "--seal", "m.sig", "--key", "seal.pub").code == 0
    assert redan("verify", "m", "--seal", "m.sig", "--key", "k.pub").code == 4


def test_encrypted_keys_take_their_passphrase_from_the_environment(redan, tmp_path, monkeypatch):
    """Never from the command line, where other users see it."""
    from cryptography.hazmat.primitives import serialization as form

    key = generate("p256")
    pem = key._key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.BestAvailableEncryption(b"secret"))
    (tmp_path / "e.pem").write_bytes(pem)
    (tmp_path / "e.pem").chmod(0o600)
    words = ("seal", "m", "--key", "e.pem", "--out", "m.sig")
    assert "REDAN_KEY_PASSPHRASE" in redan(*words).err
    monkeypatch.setenv("REDAN_KEY_PASSPHRASE", "secret")
    assert redan(*words).code == 0
    monkeypatch.setenv("REDAN_KEY_PASSPHRASE", "other")
    assert redan(*words).code == 2


def test_certificates_on_the_command_line(redan, tmp_path):
    """The chain leaf first; the verifier names the authority."""
    import datetime as dt

    now = dt.datetime.now(dt.UTC)
    shift = (now - dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)).days
    days = (shift - 2, shift + 9)
    root = certificate("root", ca=True, days=days)
    leaf = certificate("signer", root, days=days)
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    (tmp_path / "leaf.key").write_bytes(leaf.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (tmp_path / "leaf.key").chmod(0o600)
    (tmp_path / "leaf.pem").write_bytes(leaf.pem)
    (tmp_path / "root.pem").write_bytes(root.pem)
    done = redan("seal", "m", "--key", "leaf.key", "--cert-chain", "leaf.pem", "--out", "m.sig")
    assert (done.code, "certificate of CN=signer" in done.out, "--ca CERT" in done.out) == (0, True, True)
    assert "CN=signer" in redan("verify", "m", "--seal", "m.sig", "--ca", "root.pem").out
    refused = redan("verify", "m", "--seal", "m.sig", "--key", "k.pub")
    assert (refused.code, "verify with --ca" in refused.err) == (4, True)


def test_single_files(redan):
    """A file alone; under the standard's name, or the old tools' with --compat."""
    for extra in ((), ("--compat",)):
        assert redan("seal", "m/weights.bin", "--key", "k.pem", "--out", "w.sig", *extra).code == 0
        assert "1 file," in redan("verify", "m/weights.bin", "--seal", "w.sig", "--key", "k.pub").out


def test_blake3_is_an_extra(redan):
    """Named in the output; absent, it is incomplete, with the line to install it."""
    pytest.importorskip("blake3")
    assert "BLAKE3" in redan(*SEAL, "--hash", "blake3").out
    assert redan(*VERIFY).code == 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(__import__("sys").modules, "blake3", None)
        done = redan(*SEAL, "--hash", "blake3")
        assert (done.code, "redan[blake3]" in done.err) == (3, True)
        assert redan(*VERIFY).code == 3


PROJECT = """
[system]
name = "churn"
stage = "design"
owner = "ada"
[[person]]
name = "ada"
role = "architect"
[[model]]
name = "churn"
path = "m/weights.bin"
bundle = "m"
[[dataset]]
name = "train"
role = "train"
path = "data.csv"
"""


def test_verifications_are_logged_on_demand(redan, tmp_path):
    """For the model or dataset that the description above the path declares there, with the root that was verified."""
    (tmp_path / "redan.toml").write_text(PROJECT)
    (tmp_path / "data.csv").write_text("a\n1\n")
    redan(*SEAL)
    redan("seal", "data.csv", "--key", "k.pem", "--out", "data.sig")
    assert "verified, for model:churn" in redan(*VERIFY, "--log").out
    done = redan("verify", "data.csv", "--seal", "data.sig", "--key", "k.pub", "--log", "--format", "json")
    root = json.loads(done.out)["root"]
    assert (done.code, json.loads(done.out)["logged"]) == (0, "dataset:train")
    redan(*VERIFY, "--log", "--quiet")
    with Ledger.open(tmp_path / ".redan" / "ledger", key=load_public(tmp_path / ".redan" / "key.pub")) as ledger:
        events = history(ledger).events
    assert [(e.kind, e.key) for e in events] == [
        ("verified", "model:churn"),
        ("verified", "dataset:train"),
        ("verified", "model:churn"),
    ]
    assert events[1].digest == root
    (tmp_path / "m" / "config.json").write_bytes(b"!")
    assert redan(*VERIFY, "--log").code == 4
    with Ledger.open(tmp_path / ".redan" / "ledger", key=load_public(tmp_path / ".redan" / "key.pub")) as ledger:
        assert ledger.size == 3
    refused = redan("verify", "m/sub", "--seal", "m.sig", "--key", "k.pub", "--log")
    assert (refused.code, "declares no model or dataset" in refused.err) == (2, True)


def test_names_cannot_steer_the_terminal(redan, tmp_path):
    """What a hostile bundle or folder is called is shown escaped."""
    (tmp_path / "m" / "evil\x1b[2Jx").write_bytes(b"")
    done = redan(*SEAL)
    assert (done.code, "\x1b" in done.err, "\\x1b" in done.err) == (2, False, True)
    assert escaped("a\x1b[2J\nb") == "a\\x1b[2J\\nb"


def test_a_seal_is_written_whole_or_not_at_all(redan, tmp_path):
    """An older seal stays when sealing fails, and no temporary file is left."""
    redan(*SEAL)
    before = (tmp_path / "m.sig").read_bytes()
    os.mkfifo(tmp_path / "m" / "pipe")
    assert redan(*SEAL).code == 2
    assert (tmp_path / "m.sig").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["k.pem", "k.pub", "m", "m.sig"]


@pytest.mark.parametrize(
    ("size", "words"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (2_000_000_000, "2.0 GB"), (5 * 10**15, "5,000.0 TB")],
)
def test_sizes_read_well(size, words):
    """Powers of ten with one digit."""
    assert bytes_in_words(size) == words


def test_long_lists_are_cut():
    """Three names and a count."""
    assert named(("a", "b")) == "a, b"
    assert named(("a", "b", "c", "d", "e")) == "a, b, c and 2 more"


def test_the_signing_key_is_not_sealed(redan, tmp_path):
    """A folder with the signing key in it is refused, until the key is left out by name."""
    args = ("seal", ".", "--key", "k.pem", "--output", "m.sig")
    done = redan(*args)
    assert (done.code, done.out) == (2, "")
    assert "k.pem: the signing key lies in the folder that is sealed" in done.err
    assert not (tmp_path / "m.sig").exists()
    assert redan(*args, "--ignore", "k.pem").code == 0
