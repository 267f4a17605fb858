"""Keys of message signatures, each with one algorithm; a signature never chooses its own.

Source: RFC 9421 section 3.3; NIST SP 800-107 section 5.3.4 (length of an HMAC key).
"""

import base64
import binascii
import hashlib
import hmac
from typing import TYPE_CHECKING, Final, Protocol

from redan.errors import ConfigError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

HMAC: Final = b"hmac-sha256"
ED25519: Final = b"ed25519"
P256: Final = b"ecdsa-p256-sha256"
SECRET_BYTES: Final = 32
_COORDINATE = 32
_BLOCK: Final = 64  # bytes of SHA-256's blocks
_INNER, _OUTER = bytes(byte ^ 0x36 for byte in range(256)), bytes(byte ^ 0x5C for byte in range(256))


class Verifying(Protocol):
    """A key that tells whether a signature is its own."""

    @property
    def alg(self) -> bytes:
        """Name of its algorithm."""
        ...

    def fits(self, signature: bytes, data: bytes) -> bool:
        """Whether a signature, in base64, is this key's over the data."""
        ...


class Signing(Protocol):
    """A key that signs."""

    @property
    def alg(self) -> bytes:
        """Name of its algorithm."""
        ...

    def sign(self, data: bytes) -> bytes:
        """A signature over the data, in base64."""
        ...


class HmacKey:
    """HMAC with SHA-256; both sides know the secret.

    Args:
        secret: 32 bytes or more.

    Raises:
        ConfigError: it is shorter.
    """

    __slots__ = ("_inner", "_outer")
    alg: Final = HMAC

    def __init__(self, secret: bytes) -> None:
        if len(secret) < SECRET_BYTES:
            raise ConfigError(f"a signing secret needs {SECRET_BYTES} bytes or more", remedy="make it of random bytes")
        # RFC 2104 section 4: what is the same for each message is hashed once; half the time of hmac.digest.
        block = (hashlib.sha256(secret).digest() if len(secret) > _BLOCK else secret).ljust(_BLOCK, b"\0")
        self._inner = hashlib.sha256(block.translate(_INNER))
        self._outer = hashlib.sha256(block.translate(_OUTER))

    def sign(self, data: bytes) -> bytes:
        """See `Signing`."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(data)
        outer.update(inner.digest())
        return binascii.b2a_base64(outer.digest(), newline=False)

    def fits(self, signature: bytes, data: bytes) -> bool:
        """See `Verifying`; in constant time, and for one spelling of the signature alone."""
        return hmac.compare_digest(self.sign(data), signature)


class Ed25519Key:
    """Ed25519, one side of it or both.

    Args:
        public: verifies.
        private: signs; None where only verified.
    """

    __slots__ = ("_private", "_public")
    alg: Final = ED25519

    def __init__(self, public: "ed25519.Ed25519PublicKey", private: "ed25519.Ed25519PrivateKey | None" = None) -> None:
        self._public = public
        self._private = private

    def sign(self, data: bytes) -> bytes:
        """See `Signing`."""
        if self._private is None:
            raise ConfigError("the key only verifies")
        return base64.b64encode(self._private.sign(data))

    def fits(self, signature: bytes, data: bytes) -> bool:
        """See `Verifying`."""
        from cryptography.exceptions import InvalidSignature

        try:
            self._public.verify(_decoded(signature), data)
        except (InvalidSignature, ValueError):
            return False
        return True


class P256Key:
    """ECDSA on P-256 with SHA-256, signatures as r and s of 32 bytes each; one side of it or both.

    Args:
        public: verifies.
        private: signs; None where only verified.
    """

    __slots__ = ("_how", "_private", "_public")
    alg: Final = P256

    def __init__(
        self, public: "ec.EllipticCurvePublicKey", private: "ec.EllipticCurvePrivateKey | None" = None
    ) -> None:
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec

        self._public = public
        self._private = private
        self._how = ec.ECDSA(hashes.SHA256())

    def sign(self, data: bytes) -> bytes:
        """See `Signing`."""
        from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

        if self._private is None:
            raise ConfigError("the key only verifies")
        r, s = decode_dss_signature(self._private.sign(data, self._how))
        return base64.b64encode(r.to_bytes(_COORDINATE, "big") + s.to_bytes(_COORDINATE, "big"))

    def fits(self, signature: bytes, data: bytes) -> bool:
        """See `Verifying`."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

        try:
            pair = _decoded(signature)
            if len(pair) != 2 * _COORDINATE:
                return False
            r, s = int.from_bytes(pair[:_COORDINATE], "big"), int.from_bytes(pair[_COORDINATE:], "big")
            self._public.verify(encode_dss_signature(r, s), data, self._how)
        except (InvalidSignature, ValueError):
            return False
        return True


def public_key(pem: bytes) -> Ed25519Key | P256Key:
    """The key of a PEM file of a SubjectPublicKeyInfo.

    Raises:
        ConfigError: it is no Ed25519 key and no key on P-256.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        found: object = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ConfigError("is no public key in PEM") from error
    return _key(found, None)


def private_key(pem: bytes) -> Ed25519Key | P256Key:
    """The key of a PEM file of PKCS#8, without a passphrase.

    Raises:
        ConfigError: it is no Ed25519 key and no key on P-256.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        found = load_pem_private_key(pem, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ConfigError("is no private key in PEM without a passphrase") from error
    return _key(found.public_key(), found)


def _key(public: object, private: object) -> Ed25519Key | P256Key:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    if isinstance(public, ed25519.Ed25519PublicKey):
        return Ed25519Key(public, private if isinstance(private, ed25519.Ed25519PrivateKey) else None)
    if isinstance(public, ec.EllipticCurvePublicKey) and isinstance(public.curve, ec.SECP256R1):
        return P256Key(public, private if isinstance(private, ec.EllipticCurvePrivateKey) else None)
    raise ConfigError("is neither an Ed25519 key nor a key on P-256")


def _decoded(signature: bytes) -> bytes:
    try:
        return binascii.a2b_base64(signature, strict_mode=True)
    except binascii.Error as error:
        raise ValueError from error
