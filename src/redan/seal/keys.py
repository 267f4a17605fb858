"""Signing keys: Ed25519 and ECDSA on P-256, P-384 and P-521, PKCS#8 private and SPKI public, both PEM.

Source: RFC 8032 (Ed25519), FIPS 186-5 (ECDSA), RFC 6979 (deterministic ECDSA), RFC 5958 (PKCS#8), RFC 5280 (SPKI).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from redan.canon import digest
from redan.errors import InputError, InvalidError, UsageError
from redan.files import open_regular, read_bounded

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

KeyKind: TypeAlias = Literal["ed25519", "p256", "p384", "p521"]
KINDS: tuple[str, ...] = get_args(KeyKind)
KEY_LIMIT_BYTES = 64 << 10  # an encrypted P-521 key is below 1 KiB
_NEW_KEY = "create a key with `redan key new`"
_ONLY = "give an Ed25519 key, or an ECDSA key on P-256, P-384 or P-521"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that verifies signatures.

    Args:
        kind: `ed25519`, `p256`, `p384` or `p521`.
        pem: the SubjectPublicKeyInfo as PEM text, as the cryptography library writes it.
        der: the same SubjectPublicKeyInfo as DER.
    """

    kind: KeyKind
    pem: str = field(repr=False)
    der: bytes = field(repr=False)
    _key: ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey = field(repr=False, compare=False)

    @property
    def key_id(self) -> str:
        """SHA-256 of the PEM text as 64 hex digits, the hint that OpenSSF Model Signing v1.0 uses too."""
        return digest(self.pem.encode("ascii"))

    @property
    def crypto(self) -> ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey:
        """The key as the cryptography library holds it, for other libraries that take one."""
        return self._key

    def verify(self, signature: bytes, data: bytes) -> None:
        """Accepts a signature or raises.

        Args:
            signature: 64 bytes for Ed25519; otherwise strict DER of (r, s), over SHA-256 for P-256, SHA-384 for P-384
                and SHA-512 for P-521.
            data: the bytes that were signed.

        Raises:
            InvalidError: the signature is malformed, or is not this key's signature over these bytes.
        """
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            if isinstance(self._key, Ed25519PublicKey):
                self._key.verify(signature, data)
            else:
                self._key.verify(signature, data, _ecdsa(self.kind, deterministic=False))
        except (InvalidSignature, ValueError) as error:
            raise InvalidError(
                "the signature is not valid for these bytes and this key",
                remedy=f"fetch the file again, and check that the signer's key id is {self.key_id[:16]}",
            ) from error

    def verifies_sha256(self, signature: bytes, data: bytes) -> bool:
        """Whether it is an ECDSA signature over SHA-256, as old tools made them on every curve; False for Ed25519."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        if isinstance(self._key, Ed25519PublicKey):
            return False
        try:
            self._key.verify(signature, data, _ecdsa("p256", deterministic=False))
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True, eq=False)
class Signer:
    """A private key; its representation never shows it."""

    public: PublicKey
    _key: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey = field(repr=False)

    def sign(self, data: bytes) -> bytes:
        """The signature over `data`, in the form that `PublicKey.verify` takes."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        if isinstance(self._key, Ed25519PrivateKey):
            return self._key.sign(data)
        return self._key.sign(data, _ecdsa(self.public.kind, deterministic=True))

    def private_pem(self) -> bytes:
        """The private key as unencrypted PKCS#8 PEM; write it nowhere but into a file of mode 0600."""
        from cryptography.hazmat.primitives import serialization as form

        return self._key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())


def generate(kind: KeyKind = "ed25519") -> Signer:
    """A new key from the operating system's randomness.

    Raises:
        UsageError: there is no such kind.
    """
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    if kind == "ed25519":
        return _signer(ed25519.Ed25519PrivateKey.generate(), None)
    curves: dict[str, Callable[[], ec.EllipticCurve]] = {
        "p256": ec.SECP256R1,
        "p384": ec.SECP384R1,
        "p521": ec.SECP521R1,
    }
    if kind in curves:
        return _signer(ec.generate_private_key(curves[kind]()), None)
    raise UsageError(f"there is no key kind {kind!r}", remedy=f"use one of {', '.join(KINDS)}")


def load_signer(path: Path, passphrase: bytes | None = None) -> Signer:
    """The private key in a PEM file that only its owner can read.

    Args:
        path: PEM file, PKCS#8; the permission check and the read use the same open file.
        passphrase: of an encrypted key; None for a key that is not encrypted.

    Raises:
        UsageError: the file is absent, unreadable or open to others, or holds no key of a supported kind.
    """
    where = str(path)
    try:  # links are followed: mounted secrets are links, and the mode that counts is that of the open file
        descriptor = open_regular(Path(os.path.realpath(path)))
    except InputError as error:
        raise UsageError(f"the signing key {error.what}", where=where, remedy=_NEW_KEY) from error
    with os.fdopen(descriptor, "rb") as file:
        text = file.read(KEY_LIMIT_BYTES + 1)
        if text.startswith(b"-----BEGIN PUBLIC KEY-----"):
            raise UsageError(
                "is a public key, and only the private one signs", where=where, remedy="give the .pem file"
            )
        if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
            raise UsageError("the signing key can be read by others", where=where, remedy=f"run: chmod 600 {path}")
    return _signer(_private(text, passphrase, where), where)


def load_public(path: Path) -> PublicKey:
    """The public key in a PEM file.

    Raises:
        UsageError: the file is absent, unreadable, too large, or holds no public key of a supported kind.
    """
    try:
        text = read_bounded(Path(os.path.realpath(path)), KEY_LIMIT_BYTES)
    except InputError as error:
        raise UsageError(f"the public key {error.what}", where=str(path), remedy="give the .pub file") from error
    return parse_public(text, str(path))


def parse_public(text: bytes, where: str | None = None) -> PublicKey:
    """The public key in SPKI PEM text.

    Raises:
        UsageError: the text holds no public key, a private one, or one of an unsupported kind or curve.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    if b"PRIVATE KEY-----" in text:
        raise UsageError("holds a private key where a public one belongs", where=where, remedy="give the .pub file")
    if text.count(b"-----BEGIN ") != 1 or b"-----BEGIN PUBLIC KEY-----" not in text:
        raise UsageError("is not one public key in PEM", where=where, remedy="give the .pub file of `redan key new`")
    try:
        key = load_pem_public_key(text)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UsageError("holds no readable public key", where=where, remedy=_ONLY) from error
    return _public(key, where)


def public_of(key: object, where: str | None = None) -> PublicKey:
    """The public key that another part of the cryptography library holds, such as a certificate.

    Raises:
        UsageError: it is of an unsupported kind or curve.
    """
    return _public(key, where)


def _private(text: bytes, passphrase: bytes | None, where: str) -> object:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    if len(text) > KEY_LIMIT_BYTES or text.count(b"-----BEGIN ") != 1 or b"PRIVATE KEY-----" not in text:
        raise UsageError("is not one private key in PEM", where=where, remedy=_NEW_KEY)
    encrypted = b"ENCRYPTED" in text
    if encrypted and passphrase is None:
        raise UsageError("the signing key is encrypted and there is no passphrase", where=where, remedy=_NEW_KEY)
    try:
        return load_pem_private_key(text, passphrase if encrypted else None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        what = "the passphrase is wrong or the key is damaged" if encrypted else "holds no readable private key"
        raise UsageError(what, where=where, remedy=_ONLY) from error


def _signer(key: object, where: str | None) -> Signer:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    if isinstance(key, ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey):
        return Signer(_public(key.public_key(), where), key)
    raise UsageError("holds a key of an unsupported kind", where=where, remedy=_ONLY)


def _public(key: object, where: str | None) -> PublicKey:
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    kind: KeyKind
    if isinstance(key, ed25519.Ed25519PublicKey):
        kind = "ed25519"
    elif isinstance(key, ec.EllipticCurvePublicKey) and (found := _curve_kind(key.curve.name)) is not None:
        kind = found
    else:
        raise UsageError("holds a key of an unsupported kind or curve", where=where, remedy=_ONLY)
    spki = form.PublicFormat.SubjectPublicKeyInfo
    pem = key.public_bytes(form.Encoding.PEM, spki).decode("ascii")
    return PublicKey(kind, pem, key.public_bytes(form.Encoding.DER, spki), key)


def _curve_kind(curve: str) -> KeyKind | None:
    kinds: dict[str, KeyKind] = {"secp256r1": "p256", "secp384r1": "p384", "secp521r1": "p521"}
    return kinds.get(curve)


def _ecdsa(kind: KeyKind, *, deterministic: bool) -> ec.ECDSA:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    algorithms: dict[str, hashes.HashAlgorithm] = {
        "p256": hashes.SHA256(),
        "p384": hashes.SHA384(),
        "p521": hashes.SHA512(),
    }
    algorithm = algorithms[kind]
    try:
        return ec.ECDSA(algorithm, deterministic_signing=deterministic)
    except UnsupportedAlgorithm:  # OpenSSL before 3.2 has no RFC 6979; random nonces are as valid
        return ec.ECDSA(algorithm)
