"""Signing: the bytes of the specification, and what is refused instead of being sealed by half."""

import base64
import hashlib
import json
import os
import socket
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from redan.errors import InputError, InvalidError, UsageError
from redan.seal import oms
from redan.seal.dsse import pae
from redan.seal.keys import generate
from redan.seal.oms import signing
from seal.oms_cases import FILES, P256, SHARED, model, opened


@pytest.fixture
def folder(tmp_path):
    """A model in a folder of its own."""
    return model(tmp_path / "m")


def _schemas():
    folder = SHARED / "schemas"
    if not folder.exists():
        pytest.skip("the OMS schemas are not at ../shared/schemas")
    found = {
        n: json.loads((folder / f"oms-1.0-{n}.schema.json").read_text())
        for n in ("bundle", "envelope", "statement", "predicate")
    }
    registry = Registry().with_resources([(s["$id"], Resource.from_contents(s)) for s in found.values()])
    return lambda name, value: Draft202012Validator(found[name], registry=registry).validate(value)


@pytest.mark.parametrize("kind", ["p256", "p384", "p521"])
def test_bundles_validate_against_the_published_schemas(kind, folder):
    """Bundle, envelope, statement and predicate, for every curve."""
    valid = _schemas()
    whole, stated = opened(oms.sign(folder, generate(kind), ignore=["config.json"]))
    valid("bundle", whole)
    valid("envelope", whole["dsseEnvelope"])
    valid("statement", stated)
    valid("predicate", stated["predicate"])


def test_the_bytes_are_those_of_the_specification(folder):
    """Every member is what OMS v1.0 sections 4 to 6 ask for, computed here by hand."""
    bundle = oms.sign(folder, P256, ignore=["sub"])
    whole, stated = opened(bundle)
    listed = ["a b.txt", "config.json", "sub-a.bin", "weights.bin"]
    digests = {name: hashlib.sha256(FILES[name]).hexdigest() for name in listed}
    assert stated == {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [
            {
                "name": "m",
                "digest": {"sha256": hashlib.sha256(b"".join(bytes.fromhex(digests[n]) for n in listed)).hexdigest()},
            }
        ],
        "predicateType": "https://model_signing/signature/v1.0",
        "predicate": {
            "resources": [{"name": n, "digest": digests[n], "algorithm": "sha256"} for n in listed],
            "serialization": {
                "method": "files",
                "hash_type": "sha256",
                "allow_symlinks": False,
                "ignore_paths": [".git", ".gitattributes", ".github", ".gitignore", "sub"],
            },
        },
    }
    envelope = whole["dsseEnvelope"]
    assert whole["mediaType"] == "application/vnd.dev.sigstore.bundle.v0.3+json"
    assert whole["verificationMaterial"] == {
        "publicKey": {"hint": hashlib.sha256(P256.public.pem.encode()).hexdigest()},
        "tlogEntries": [],
    }
    assert envelope["payloadType"] == "application/vnd.in-toto+json"
    assert len(envelope["signatures"]) == 1
    P256.public.verify(
        base64.b64decode(envelope["signatures"][0]["sig"]),
        pae(envelope["payloadType"], base64.b64decode(envelope["payload"])),
    )


def test_names_are_sorted_by_code_points(tmp_path):
    """`a-b` comes before `a/b`, unlike in an order of path parts (section 5.2.1)."""
    folder = model(tmp_path / "m", {"a/b": b"1", "a-b": b"2", "a.txt": b"3", "Z": b"4", "é": b"5", "z": b"6"})
    _, stated = opened(oms.sign(folder, P256))
    assert [r["name"] for r in stated["predicate"]["resources"]] == ["Z", "a-b", "a.txt", "a/b", "z", "é"]


def test_the_same_bytes_give_the_same_seal(folder):
    """Nothing of the machine or the moment is in a seal."""
    assert oms.sign(folder, P256) == oms.sign(folder, P256, threads=1)


def test_default_rules_are_followed_and_told(tmp_path):
    """What every OMS tool leaves out at the root is left out and named; further below it is sealed (section 6.2.1)."""
    hidden = {".git/config": b"", ".gitignore": b"", ".gitattributes": b"", ".github/w/x.yml": b""}
    folder = model(tmp_path / "m", {**hidden, "sub/.git/x": b"", ".gitmodules": b"", ".env": b"", "notes": b""})
    made = oms.make(folder, P256, ignore=["notes"])
    assert [r.name for r in made.resources] == [".env", ".gitmodules", "sub/.git/x"]
    assert made.hidden == tuple(sorted(hidden))
    assert made.left_out == ("notes",)


def test_a_single_file_has_its_own_name(tmp_path):
    """Section 6.1.2: the filename; `.` only where the reader of old tools is asked for."""
    path = tmp_path / "model.onnx"
    path.write_bytes(b"onnx")
    _, stated = opened(oms.sign(path, P256))
    assert stated["predicate"]["resources"][0]["name"] == stated["subject"][0]["name"] == "model.onnx"
    _, stated = opened(oms.sign(path, P256, dot=True))
    assert stated["predicate"]["resources"][0]["name"] == "."


@pytest.mark.parametrize(("hash_type", "digest"), [("blake3", None), ("blake2b", hashlib.blake2b(b"data").hexdigest())])
def test_other_hashes_keep_the_root_at_sha256(hash_type, digest, tmp_path):
    """Section 6.5.1: the root digest is SHA-256 whatever the files are hashed with."""
    if hash_type == "blake3":
        digest = pytest.importorskip("blake3").blake3(b"data").hexdigest()
    folder = model(tmp_path / "m", {"f": b"data"})
    bundle = oms.sign(folder, P256, hash_type=hash_type)
    _, stated = opened(bundle)
    assert stated["predicate"]["resources"] == [{"name": "f", "digest": digest, "algorithm": hash_type}]
    assert stated["subject"][0]["digest"] == {"sha256": hashlib.sha256(bytes.fromhex(digest)).hexdigest()}
    assert oms.verify(folder, bundle, P256.public).resources[0].algorithm == hash_type


def _link(folder):
    (folder / "l").symlink_to("config.json")


def _folder_link(folder):
    (folder / "l").symlink_to("sub")


def _dangling(folder):
    (folder / "l").symlink_to("gone")


def _cycle(folder):
    (folder / "sub" / "l").symlink_to("..")


def _outside(folder):
    (folder.parent / "secret").write_bytes(b"s")
    (folder / "l").symlink_to(folder.parent / "secret")


def _hard_link(folder):
    (folder / "l").hardlink_to(folder / "config.json")


def _pipe(folder):
    os.mkfifo(folder / "l")


def _socket(folder):
    here = os.open(".", os.O_RDONLY)
    os.chdir(folder)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("l")
    os.fchdir(here)
    os.close(here)


def _newline(folder):
    (folder / "a\nb").write_bytes(b"")


def _escape(folder):
    (folder / "sub" / "a\x1b[2J").write_bytes(b"")


def _backslash(folder):
    (folder / "a\\b").write_bytes(b"")


def _not_utf8(folder):
    with open(os.fsencode(folder) + b"/\xff\xfe", "wb"):  # noqa: PTH123 -- bytes of a name that is no text
        pass


def _unreadable(folder):
    (folder / "l").write_bytes(b"")
    (folder / "l").chmod(0)


PLANTS = [
    _link,
    _folder_link,
    _dangling,
    _cycle,
    _outside,
    _hard_link,
    _pipe,
    _socket,
    _newline,
    _escape,
    _backslash,
    _not_utf8,
]


@pytest.mark.parametrize("plant", PLANTS, ids=lambda f: f.__name__[1:])
def test_what_cannot_be_sealed_is_refused_in_one_line(plant, folder):
    """Links, hard links, special files and unsayable names stop the seal; the message shows no raw control character."""
    plant(folder)
    with pytest.raises(InputError) as caught:
        oms.sign(folder, P256)
    line = str(caught.value)
    assert line.isprintable()
    assert "cannot be sealed" in line


@pytest.mark.parametrize("plant", [_link, _dangling, _hard_link, _pipe, _newline], ids=lambda f: f.__name__[1:])
def test_what_is_left_out_does_not_matter(plant, tmp_path):
    """A folder that the caller leaves out is not looked into."""
    folder = model(tmp_path / "m", {"x": b"1", "cache/config.json": b""})
    plant(folder / "cache")
    assert [r.name for r in oms.make(folder, P256, ignore=["cache"]).resources] == ["x"]


def test_unreadable_files_are_refused(folder):
    """A file that cannot be read cannot be vouched for."""
    if os.geteuid() == 0:
        pytest.skip("root reads everything")
    _unreadable(folder)
    with pytest.raises(InputError, match="permission denied"):
        oms.sign(folder, P256)


@pytest.mark.parametrize("what", ["empty", "only empty folders", "only hidden", "absent", "link", "pipe", "NUL"])
def test_there_must_be_something_to_seal(what, tmp_path):
    """An empty model is refused (section 6.1), as is a path that is a link or no file at all."""
    path = tmp_path / "m"
    if what in {"empty", "only empty folders", "only hidden"}:
        (path / "sub").mkdir(parents=True)
        if what == "only hidden":
            (path / ".gitignore").write_bytes(b"")
    if what == "link":
        model(tmp_path / "other")
        path.symlink_to("other")
    if what == "pipe":
        os.mkfifo(path)
    if what == "NUL":
        path = tmp_path / "a\0b"
    with pytest.raises(InputError):
        oms.sign(path, P256)


@pytest.mark.parametrize("how", ["grow", "shrink", "rewrite", "add", "remove", "replace by link"])
def test_what_changes_while_it_is_read_is_refused(how, tmp_path):
    """A folder that somebody writes to has no one state to sign; noticed whenever the change falls."""
    folder = model(tmp_path / "m", {f"{n}.bin": bytes(3 << 20) for n in range(3)})

    class Late:
        """A hash whose first state changes the folder under the reader."""

        done = False

        def __init__(self):
            self.state = hashlib.sha256()

        def update(self, data):
            if not Late.done:
                Late.done = True
                _change(folder, how)
            self.state.update(data)

        def hexdigest(self):
            return self.state.hexdigest()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("redan.seal.oms.hashing.new", lambda hash_type: Late)
        with pytest.raises(InputError, match=r"changed while|cannot be opened|symbolic link|cannot be sealed"):
            oms.sign(folder, P256, threads=1)


def _change(folder, how):
    victim = folder / "2.bin"
    if how == "grow":
        with victim.open("ab") as file:
            file.write(b"more")
    elif how == "shrink":
        os.truncate(victim, 10)
    elif how == "rewrite":
        victim.write_bytes(bytes(3 << 20))
    elif how == "add":
        (folder / "new.bin").write_bytes(b"new")
    elif how == "remove":
        victim.unlink()
    else:
        victim.unlink()
        victim.symlink_to("1.bin")


def test_ed25519_is_refused_before_anything_is_read(tmp_path):
    """OMS knows no Ed25519; the message says which key to make, and a huge folder is not hashed first."""
    with pytest.raises(UsageError, match=r"knows no ed25519 keys.*--kind p256"):
        oms.sign(tmp_path / "absent", generate("ed25519"))


def test_a_signer_that_signs_wrongly_is_found_at_once(folder):
    """A faulty module must not hand out a seal that nobody can verify."""

    class Faulty:
        public = P256.public

        def sign(self, data):
            return P256.sign(data + b".")

    with pytest.raises(InvalidError, match="not valid"):
        oms.sign(folder, Faulty())


def test_progress_ends_at_the_whole(folder):
    """Told bytes done and in all, never backwards."""
    told = []
    oms.sign(folder, P256, progress=lambda *words: told.append(words))
    assert told[-1][:2] == (sum(map(len, FILES.values())),) * 2
    assert [done for done, _, _ in told] == sorted(done for done, _, _ in told)


def test_deep_folders_are_refused(tmp_path):
    """Nesting is bounded, so that neither descriptors nor the stack run out."""
    folder = tmp_path / "m"
    deep = folder
    for _ in range(70):
        deep = deep / "d"
    deep.mkdir(parents=True)
    (deep / "f").write_bytes(b"")
    with pytest.raises(InputError, match="nested deeper"):
        oms.sign(folder, P256)


NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp", "Cs"], exclude_characters="/\\"),
    min_size=1,
    max_size=20,
).filter(lambda name: signing.names.fault(name) is None and len(name.encode()) < 200)


@settings(max_examples=40, deadline=None)
@given(files=st.dictionaries(NAMES, st.binary(max_size=40), min_size=1, max_size=6))
def test_whatever_is_sealed_verifies(files, tmp_path_factory):
    """Any folder of ordinary names makes a round trip; any change of any file is found and named."""
    folder = model(tmp_path_factory.mktemp("any") / "m", files)
    if not set(files) - set(oms.records.DEFAULT_IGNORED):
        return
    bundle = oms.sign(folder, P256)
    listed = oms.verify(folder, bundle, P256.public, ignore_unsigned=True).names
    assert set(listed) == set(files) - set(oms.records.DEFAULT_IGNORED)
    victim = folder / listed[0]
    victim.write_bytes(victim.read_bytes() + b"!")
    with pytest.raises(InvalidError, match="not as it was sealed") as caught:
        oms.verify(folder, bundle, P256.public, ignore_unsigned=True)
    assert caught.value.where == str(victim)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="there is no /proc here")
def test_a_file_that_says_it_is_empty_and_is_not():
    """Sizes of /proc are no sizes; such a file is refused instead of being sealed as empty."""
    with pytest.raises(InputError, match="changed while it was read"):
        oms.sign(Path("/proc/self/status"), P256)
