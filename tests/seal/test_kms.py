"""Keys elsewhere: securesystemslib's own file signer stands for the modules and clouds behind the same protocol."""

import pytest

from redan.errors import IncompleteError, InvalidError, MissingExtraError, UsageError
from redan.seal import kms, oms
from redan.seal.keys import generate
from seal.oms_cases import model

pytest.importorskip("securesystemslib")


def _key(folder, kind):
    signer = generate(kind)
    path = folder / "remote.pem"
    path.write_bytes(signer.private_pem())
    return signer.public, f"file2:{path}"


@pytest.mark.parametrize("kind", ["p256", "p384", "p521"])
def test_a_key_behind_a_uri_seals(kind, tmp_path):
    """Every curve of OMS, verified with nothing but the public half."""
    folder = model(tmp_path / "m")
    public, uri = _key(tmp_path, kind)
    seal = oms.sign(folder, kms.connect(uri, public))
    assert oms.verify(folder, seal, public).signer == f"key {public.key_id[:16]} ({kind})"


def test_uris_are_told_from_files():
    """A scheme and a colon; a path with a folder, a suffix or one letter before a colon is a file."""
    assert [kms.is_uri(text) for text in ("awskms:x", "file2:/a", "hsm:", "hv:k")] == [True] * 4
    assert [kms.is_uri(text) for text in ("key.pem", "./a:b", "c:x", "a/b:c", ".redan/key.pem", "KEY:x")] == [False] * 6


@pytest.mark.parametrize("case", ["scheme", "file", "other key", "no key", "no scheme"])
def test_keys_that_cannot_be_opened(case, tmp_path):
    """The address is wrong, or the public half is another key's; no path or secret is repeated."""
    public, uri = _key(tmp_path, "p256")
    (tmp_path / "junk.pem").write_bytes(b"junk")
    wrong = {
        "scheme": ("nothing:x", public),
        "file": (f"file2:{tmp_path}/gone.pem", public),
        "other key": (uri, generate("p256").public),
        "no key": (f"file2:{tmp_path}/junk.pem", public),
        "no scheme": ("key.pem", public),
    }
    with pytest.raises(UsageError):
        kms.connect(*wrong[case])


def test_what_a_scheme_needs_beside_is_told(tmp_path):
    """A cloud's own package is no dependency of redan; without it the way to install it is said."""
    public, _ = _key(tmp_path, "p256")
    try:
        kms.connect("awskms:alias/x", public)
    except (MissingExtraError, UsageError) as error:
        assert error.remedy


class Module:
    """A module that answers with what a test wants."""

    def __init__(self, answer):
        self.answer = answer

    def sign(self, data):
        if isinstance(self.answer, Exception):
            raise self.answer
        return type("Signature", (), {"signature": self.answer})


@pytest.mark.parametrize("answer", [OSError("gone"), ValueError("PIN"), "not hex"])
def test_modules_that_fail_are_told(answer, tmp_path):
    """A refused PIN or a lost connection is incomplete, and its own words are not repeated."""
    folder = model(tmp_path / "m")
    with pytest.raises(IncompleteError, match="did not sign"):
        oms.sign(folder, kms.RemoteSigner(generate("p256").public, Module(answer)))


def test_a_module_with_another_key_is_found(tmp_path):
    """Its signature does not verify under the public half that was given, so no seal is written."""
    folder = model(tmp_path / "m")
    with pytest.raises(InvalidError, match="not valid"):
        oms.sign(folder, kms.RemoteSigner(generate("p256").public, Module("3006020101020101")))
