"""Signed notes: the vectors of the specification and of public logs, and the fuzz target's promise."""

import base64
import importlib.util
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from redan.errors import InvalidError, UsageError
from redan.seal.keys import generate, parse_public
from redan.seal.note import key_hash, open_note, parse_note, sign_note, vkey

SIGNERS = {kind: generate(kind) for kind in ("ed25519", "p256")}

# C2SP signed-note.md, "Example".
SPEC_VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
SPEC_NOTE = (
    "This is an example message.\n\n\u2014 example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
# transparency-dev/formats (Apache-2.0), note/note_verifier_test.go: two public logs with ECDSA keys.
REKOR_VKEY = (
    "rekor.sigstore.dev+c0d23d6a+AjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNhtmPtrWm3U1eQXBogSMdGvXwBcK5AW5i0hrZLOC96l+smG"
    "NM7nwZ4QvFK/4sueRoVj//QP22Ni4Qt9DPfkWLc="
)
REKOR_NOTE = (
    "Rekor\n798034\nf+7CoKgXKE/tNys9TTXcr/ad6U/K3xvznmzew9y6SP0=\n\n\u2014 rekor.sigstore.dev "
    "wNI9ajBEAiARInWIWyCdyG27CO6LPnPekyw20qO0YJfoaPaowGp/XgIgc+qEHS3+GKVClgqq20uDLet7MCoTURUCRdxwWBHHufk=\n"
)
PIXEL_VKEY = (
    "pixel6_transparency_log+91c16e30+AjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABN+4x0Jk1yTwvLFI9A4NDdGZcX0aiWVdWM5XJVy0M4VW"
    "D3AvyW5Q6Hs9A0mcDkpUoYgn+KKPNzFC0H3nN3q6JQ8="
)
PIXEL_NOTE = (
    "DEFAULT\n10\nbsWRucJU5xJPHb5eBdOm6+DM+VelCZBuvtI3sHERJ9Y=\n\n\u2014 pixel6_transparency_log "
    "kcFuMDBFAiEAhqMAP8P6qf6QxtUJhzMhbN+MbZ9dwfUHzGQJmffJHtoCIGD0cNe47dHWBoPwYdgBCepB06/+g5O1FmYjXl06owL4\n"
)
PUBLISHED = [(SPEC_VKEY, SPEC_NOTE), (REKOR_VKEY, REKOR_NOTE), (PIXEL_VKEY, PIXEL_NOTE)]


def _key_of(line):
    """The name and public key of a verifier key line, read independently of the code under test."""
    name, _, rest = line.partition("+")
    material = base64.b64decode(rest.partition("+")[2])
    if material[0] == 1:
        key = Ed25519PublicKey.from_public_bytes(material[1:])
    else:
        key = form.load_der_public_key(material[1:])
    pem = key.public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)
    return name, parse_public(pem)


@pytest.mark.parametrize(("line", "note"), PUBLISHED, ids=["c2sp", "rekor", "pixel"])
def test_published_notes_verify(line, note):
    """The specification's example and notes of public logs verify with their published keys."""
    name, key = _key_of(line)
    assert open_note(note, name, key, canonical=True) == note[: note.index("\n\n") + 1]
    assert vkey(name, key) == line


@pytest.mark.parametrize(("line", "note"), PUBLISHED, ids=["c2sp", "rekor", "pixel"])
def test_any_changed_character_is_noticed(line, note):
    """No character of a note can change in canonical mode."""
    name, key = _key_of(line)
    for at, character in enumerate(note):
        for other in (chr(ord(character) ^ 1), "A", "\n", "+"):
            changed = note[:at] + other + note[at + 1 :]
            if changed != note:
                with pytest.raises(InvalidError):
                    open_note(changed, name, key, canonical=True)


@pytest.mark.parametrize("kind", sorted(SIGNERS))
def test_round_trip(kind):
    """A note signed with either kind of key opens with the public key's PEM alone."""
    signer = SIGNERS[kind]
    note = sign_note("one\n\ntwo\n", "example.com/log", signer)
    key = parse_public(signer.public.pem.encode())
    assert open_note(note, "example.com/log", key, canonical=True) == "one\n\ntwo\n"
    with pytest.raises(InvalidError, match="not by example"):
        open_note(note, "example.org/log", key)
    with pytest.raises(InvalidError, match="give the signer's public key"):
        open_note(note, "example.com/log", generate(kind).public)


def test_lines_of_other_keys_are_ignored_unless_canonical():
    """C2SP: signatures of unknown keys must be ignored; a failing one of the known key refuses the note."""
    ours, other = SIGNERS["ed25519"], SIGNERS["p256"]
    note = sign_note("text\n", "log", ours) + sign_note("text\n", "witness", other).rpartition("\n\n")[2]
    assert open_note(note, "log", ours.public) == "text\n"
    assert open_note(note, "witness", other.public) == "text\n"
    with pytest.raises(InvalidError, match="more than one"):
        open_note(note, "log", ours.public, canonical=True)
    forged = sign_note("other\n", "log", ours).rpartition("\n\n")[2]
    with pytest.raises(InvalidError, match="not valid"):
        open_note(sign_note("text\n", "log", ours) + forged, "log", ours.public)


def test_a_note_with_sixteen_signatures_is_accepted():
    """C2SP: verifiers must accept at least 16 signatures; they may bound the number."""
    note = sign_note("text\n", "log", SIGNERS["ed25519"])
    line = note.rpartition("\n\n")[2]
    assert len(parse_note(note + line * 15).signatures) == 16
    with pytest.raises(InvalidError, match="more than 64"):
        parse_note(note + line * 64)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\tb", "a\u2003b", "a\nb", "\ud800"])
def test_names_are_checked(name):
    """A key name is not empty and holds no space or plus."""
    with pytest.raises(UsageError, match="cannot name a key"):
        sign_note("text\n", name, SIGNERS["ed25519"])


@pytest.mark.parametrize("text", ["", "no end", "tab\t\n", "\x00\n", "\ud800\n"])
def test_texts_are_checked(text):
    """Only text that a note can carry is signed."""
    with pytest.raises(UsageError, match="a note's text"):
        sign_note(text, "log", SIGNERS["ed25519"])


HOSTILE = [
    "",
    "\n",
    "\n\n",
    "text\n",
    "text\n\n",
    "text\n\nno dash AAAAAAAA\n",
    "text\n\n\u2014 name\n",
    "text\n\n\u2014 name AAAA\n",
    "text\n\n\u2014 name AAAAAAAA",
    "text\n\n\u2014 na+me AAAAAAAA\n",
    "text\n\n\u2014  AAAAAAAA\n",
    "text\n\n\u2014 name AAAAAAB=\n",
    "text\n\n\u2014 name AAAAAAAA extra\n",
    "text\r\n\n\u2014 name AAAAAAAA\n",
    "te\ud800xt\n\n\u2014 name AAAAAAAA\n",
    "x" * (300 << 10) + "\n\n\u2014 name AAAAAAAA\n",
]


@pytest.mark.parametrize("note", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_notes_are_invalid(note):
    """Malformed notes are InvalidError, never anything else."""
    with pytest.raises(InvalidError):
        parse_note(note)


def test_key_hashes_depend_on_the_name_as_the_specification_says():
    """Ed25519 ids hash the name; ECDSA ids are those of the key alone."""
    ed25519, p256 = (SIGNERS[k].public for k in ("ed25519", "p256"))
    assert key_hash("a", ed25519) != key_hash("b", ed25519)
    assert key_hash("a", p256) == key_hash("b", p256)


def _fuzz_target():
    path = Path(__file__).resolve().parents[2] / "fuzz" / "fuzz_note.py"
    spec = importlib.util.spec_from_file_location("fuzz_note", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.TestOneInput


@given(st.binary(max_size=300))
def test_the_fuzz_target_holds(data):
    """No bytes make the readers of notes, checkpoints and receipts raise anything but RedanError."""
    _fuzz_target()(data)


@given(st.sampled_from(PUBLISHED), st.data())
def test_the_fuzz_target_holds_near_real_notes(published, data):
    """The same, for mutations of real notes."""
    note = bytearray(published[1].encode())
    for _ in range(data.draw(st.integers(1, 4))):
        note[data.draw(st.integers(0, len(note) - 1))] = data.draw(st.integers(0, 255))
    _fuzz_target()(bytes(note))


@pytest.mark.parametrize("kind", ["p384", "p521"])
def test_other_curves_have_no_signature_type(kind):
    """A note says by its key's id how to verify it; for these curves there is none, so the key is refused."""
    signer = generate(kind)
    with pytest.raises(UsageError, match="ledger cannot be signed"):
        sign_note("text\n", "example.com/log", signer)
    with pytest.raises(UsageError, match="Ed25519 or a P-256"):
        vkey("example.com/log", signer.public)
