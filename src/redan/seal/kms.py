"""Keys that never leave a security module or a cloud's key store, through the signers of `securesystemslib`.

Source: securesystemslib 1.x, `Signer.from_priv_key_uri`; its envelope verifier is not used, see research notes on DSSE.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from redan.errors import IncompleteError, InvalidError, MissingExtraError, UsageError
from redan.seal.keys import PublicKey

_SCHEME = re.compile(r"(?P<scheme>[a-z][a-z0-9]{1,15}):")


class _Maker(Protocol):
    """What securesystemslib calls a signer; only this is used of it."""

    def sign(self, payload: bytes) -> Any:  # noqa: ANN401 -- the library's own record, with a hex `signature`
        """The library's signature."""


@dataclass(frozen=True, slots=True, eq=False)
class RemoteSigner:
    """A private key that lies elsewhere; it signs, and its public half verifies each signature.

    Args:
        public: the public half, given by the user.
    """

    public: PublicKey
    _maker: _Maker = field(repr=False)

    def sign(self, data: bytes) -> bytes:
        """The signature over `data`.

        Raises:
            IncompleteError: the module could not be reached, or refused.
        """
        errors, _ = _library()
        try:
            made = self._maker.sign(data)
            return bytes.fromhex(made.signature)
        except (errors.Error, OSError, ValueError) as error:
            what = f"the key's module did not sign: {type(error).__name__}"
            raise IncompleteError(what, remedy="check its address, its PIN and your rights") from error


def is_uri(text: str) -> bool:
    """Whether a key is named by a URI such as `awskms:...`, rather than by a file."""
    return _SCHEME.match(text) is not None


def connect(uri: str, public: PublicKey, secret: Callable[[str], str] | None = None) -> RemoteSigner:
    """The signer behind a URI of securesystemslib.

    Args:
        uri: `file2:`, `hsm:`, `awskms:`, `gcpkms:`, `azurekms:`, `hv:` and what else the library knows.
        public: the public half; the module's key must be its private one.
        secret: asked for a PIN or passphrase, with a word on which.

    Raises:
        MissingExtraError: securesystemslib, or what the scheme needs beside it, is not installed.
        UsageError: the scheme is unknown, or the key cannot be opened.
    """
    errors, signers = _library()
    found = _SCHEME.match(uri)
    known = sorted(signers.SIGNER_FOR_URI_SCHEME)
    if found is None or found["scheme"] not in known:
        raise UsageError(
            f"no kind of key is addressed by {uri.partition(':')[0][:40]!r}", remedy=f"one of {', '.join(known)}"
        )
    try:
        key = signers.SSlibKey.from_crypto(public.crypto)
        maker: _Maker = signers.Signer.from_priv_key_uri(uri, key, secret)
    except (errors.UnsupportedLibraryError, ImportError) as error:
        raise MissingExtraError("kms", f"what {found['scheme']}: keys need") from error
    except (errors.Error, OSError, ValueError, InvalidError) as error:
        raise UsageError(
            f"the key behind {found['scheme']}: cannot be opened: {type(error).__name__}",
            remedy="check the address, the public key and your rights",
        ) from error
    return RemoteSigner(public, maker)


def _library() -> tuple[Any, Any]:
    try:
        from securesystemslib import exceptions, signer
    except ImportError as error:
        raise MissingExtraError("kms", "securesystemslib") from error
    return exceptions, signer
