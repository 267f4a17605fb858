"""Keys: what is loaded, what is refused and with which advice."""

import hashlib
import os

import pytest
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa, x25519

from redan.errors import InvalidError, UsageError
from redan.seal.keys import KEY_LIMIT_BYTES, generate, load_public, load_signer, parse_public

KINDS = ["ed25519", "p256", "p384", "p521"]


def _private_file(path, key, encryption=None):
    pem = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, encryption or form.NoEncryption())
    path.write_bytes(pem)
    path.chmod(0o600)
    return path


def _public_pem(key):
    return key.public_key().public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)


@pytest.fixture(scope="module")
def foreign():
    """Keys of kinds that redan does not use."""
    return {
        "rsa": rsa.generate_private_key(65537, 2048),
        "dsa": dsa.generate_private_key(1024),
        "secp256k1": ec.generate_private_key(ec.SECP256K1()),
        "ed448": ed448.Ed448PrivateKey.generate(),
        "x25519": x25519.X25519PrivateKey.generate(),
    }


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_signs_what_its_public_half_verifies(kind, tmp_path):
    """A key written to disk and read again verifies its own signatures and no others."""
    signer = generate(kind)
    path = tmp_path / "key.pem"
    path.write_bytes(signer.private_pem())
    path.chmod(0o600)
    again = load_signer(path)
    public = parse_public(signer.public.pem.encode())
    assert again.public == public == signer.public
    public.verify(again.sign(b"data"), b"data")
    for signature, data in [(again.sign(b"data"), b"Data"), (b"", b"data"), (b"\0" * 64, b"data")]:
        with pytest.raises(InvalidError):
            public.verify(signature, data)
    with pytest.raises(InvalidError):
        generate(kind).public.verify(again.sign(b"data"), b"data")


@pytest.mark.parametrize("kind", KINDS)
def test_signatures_repeat(kind):
    """The same key and bytes give the same signature (RFC 8032, RFC 6979), so no nonce can go wrong."""
    signer = generate(kind)
    assert signer.sign(b"data") == signer.sign(b"data")


@pytest.mark.parametrize("kind", KINDS)
def test_every_changed_byte_of_a_signature_is_refused(kind):
    """No single byte of a signature can change."""
    signer = generate(kind)
    signature = signer.sign(b"data")
    for at in range(len(signature)):
        changed = bytearray(signature)
        changed[at] ^= 1
        with pytest.raises(InvalidError):
            signer.public.verify(bytes(changed), b"data")


def test_key_id_is_the_digest_of_the_pem_text():
    """OpenSSF Model Signing v1.0: lower-case hex SHA-256 over the PEM SubjectPublicKeyInfo text."""
    public = generate().public
    assert public.key_id == hashlib.sha256(public.pem.encode()).hexdigest()
    assert public.pem.startswith("-----BEGIN PUBLIC KEY-----\n")


def test_key_id_does_not_depend_on_line_ends_or_point_compression():
    """The same key in another spelling has the same id."""
    key = ec.generate_private_key(ec.SECP256R1())
    plain = parse_public(_public_pem(key))
    assert parse_public(_public_pem(key).replace(b"\n", b"\r\n")).key_id == plain.key_id


def test_no_representation_shows_a_private_key():
    """Printing a signer shows no key material."""
    signer = generate()
    secret = signer.private_pem().splitlines()[1].decode()
    assert secret not in repr(signer)
    assert "PrivateKey" not in repr(signer)


def test_unknown_kind_is_named():
    """A kind that does not exist is a usage error that lists those that do."""
    with pytest.raises(UsageError, match="ed25519, p256"):
        generate("rsa")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o601, 0o620])
def test_a_key_open_to_others_is_refused(mode, tmp_path):
    """Any permission of group or others refuses the key and says how to repair it."""
    path = _private_file(tmp_path / "key.pem", ed25519.Ed25519PrivateKey.generate())
    path.chmod(mode)
    with pytest.raises(UsageError, match="chmod 600"):
        load_signer(path)


def test_a_key_behind_a_link_is_judged_by_its_own_mode(tmp_path):
    """Mounted secrets are links; what counts is the file at the end."""
    path = _private_file(tmp_path / "real.pem", ed25519.Ed25519PrivateKey.generate())
    link = tmp_path / "key.pem"
    link.symlink_to(path)
    load_signer(link)
    path.chmod(0o644)
    with pytest.raises(UsageError, match="read by others"):
        load_signer(link)


@pytest.mark.parametrize("kind", ["rsa", "dsa", "secp256k1", "ed448", "x25519"])
def test_other_kinds_and_curves_are_refused(kind, foreign, tmp_path):
    """Private and public keys of other kinds are usage errors."""
    path = _private_file(tmp_path / "key.pem", foreign[kind])
    with pytest.raises(UsageError, match=r"unsupported kind|no readable"):
        load_signer(path)
    with pytest.raises(UsageError, match=r"unsupported kind|no readable"):
        parse_public(_public_pem(foreign[kind]))


def test_an_encrypted_key_needs_its_passphrase(tmp_path):
    """Without or with a wrong passphrase an encrypted key is refused; with it, it loads."""
    key = ec.generate_private_key(ec.SECP256R1())
    path = _private_file(tmp_path / "key.pem", key, form.BestAvailableEncryption(b"right"))
    with pytest.raises(UsageError, match="encrypted"):
        load_signer(path)
    with pytest.raises(UsageError, match="passphrase is wrong"):
        load_signer(path, b"wrong")
    assert load_signer(path, b"right").public.kind == "p256"


def test_a_passphrase_for_a_plain_key_is_not_needed(tmp_path):
    """A passphrase beside a key that is not encrypted is ignored."""
    path = _private_file(tmp_path / "key.pem", ed25519.Ed25519PrivateKey.generate())
    assert load_signer(path, b"some").public.kind == "ed25519"


HOSTILE = [
    b"",
    b"\x00\xff" * 40,
    b"-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
    b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
    b"-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n",
    b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
    b"-----BEGIN PUBLIC KEY-----\n",
    b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    b"x" * (KEY_LIMIT_BYTES + 1),
]


@pytest.mark.parametrize("data", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_files_are_one_clear_error(data, tmp_path):
    """Anything that is not a key is a usage error, for both halves."""
    path = tmp_path / "key"
    path.write_bytes(data)
    path.chmod(0o600)
    with pytest.raises(UsageError):
        load_signer(path)
    with pytest.raises(UsageError):
        load_public(path)


def test_halves_are_not_confused(tmp_path):
    """A private key given as the public one is refused by name, and the other way round."""
    signer = generate()
    with pytest.raises(UsageError, match="private key where a public one belongs"):
        parse_public(signer.private_pem())
    path = tmp_path / "key.pub"
    path.write_text(signer.public.pem)
    path.chmod(0o600)
    with pytest.raises(UsageError, match="only the private one signs"):
        load_signer(path)
    assert load_public(path) == signer.public


def test_two_keys_in_one_file_are_refused():
    """A file that could be read as two different keys names none."""
    pem = generate().public.pem + generate().public.pem
    with pytest.raises(UsageError, match="not one public key"):
        parse_public(pem.encode())


def test_absent_files_say_what_to_do(tmp_path):
    """An absent key, a folder and a pipe are usage errors with advice."""
    with pytest.raises(UsageError, match="redan key new"):
        load_signer(tmp_path / "none.pem")
    with pytest.raises(UsageError, match=r"\.pub"):
        load_public(tmp_path / "none.pub")
    with pytest.raises(UsageError, match="not a regular file"):
        load_signer(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="not a regular file"):
        load_public(tmp_path / "pipe")


def test_links_in_a_circle_are_a_usage_error(tmp_path):
    """A link to itself is refused, not followed."""
    link = tmp_path / "key.pem"
    link.symlink_to(link)
    with pytest.raises(UsageError):
        load_signer(link)
    with pytest.raises(UsageError):
        load_public(link)
