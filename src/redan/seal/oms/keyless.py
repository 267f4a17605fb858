"""Keyless seals through Sigstore: an identity signed, an issuer vouches for it, and a public log holds it.

Source: OMS v1.0 section 4.1 (method sigstore); the Sigstore client specification, as the `sigstore` extra does it.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from redan.canon import Json, parse_strict
from redan.errors import IncompleteError, InvalidError, MissingExtraError, UsageError
from redan.files import read_bounded
from redan.seal.in_toto import PAYLOAD_TYPE
from redan.seal.oms.records import Identity, Method

if TYPE_CHECKING:
    from sigstore.models import ClientTrustConfig, TrustedRoot

_CONFIG_LIMIT_BYTES = 4 << 20
_BUNDLE_LIMIT_BYTES = 96 << 20
_DEPTH = 16


class StatementSigner(Protocol):
    """What Sigstore's signer does for an in-toto statement; tests put a recorded one here."""

    def sign_dsse(self, input_: Any, /) -> Any:  # noqa: ANN401 -- the library's own types are not complete
        """The library's bundle around a statement."""


@dataclass(frozen=True, slots=True)
class KeylessSealer:
    """Seals under the identity of whoever runs the command.

    Args:
        signer: an open Sigstore signer; `signed_in` makes one.
        identity: whom its token names.
    """

    signer: StatementSigner
    identity: str

    @property
    def method(self) -> Method:
        """How the signer is known."""
        return "sigstore"

    @property
    def words(self) -> str:
        """The signer in words."""
        return f"{self.identity}, through Sigstore"

    def bundle(self, payload: bytes) -> dict[str, Json]:
        """The bundle of method `sigstore`, as Sigstore hands it out.

        Raises:
            IncompleteError: the services could not be reached, or refused.
        """
        dsse, errors = _library()
        try:
            text: str = self.signer.sign_dsse(dsse.Statement(payload)).to_json()
        except errors.Error as error:
            raise IncompleteError(f"Sigstore did not sign: {type(error).__name__}", remedy="try again later") from error
        value = parse_strict(text.encode(), limit_bytes=_BUNDLE_LIMIT_BYTES, depth=_DEPTH)
        if not isinstance(value, dict):
            raise InvalidError("Sigstore's bundle is no JSON object")
        return value


@contextmanager
def signed_in(token: str | None, trust_root: Path | None = None) -> Iterator[KeylessSealer]:
    """A sealer for whoever runs the command; asks Sigstore's services over the network.

    Args:
        token: an OpenID Connect token; None to take the one of the CI system, or to ask in a browser.
        trust_root: a client trust configuration of a private instance; the public good instance's when None.

    Raises:
        MissingExtraError: sigstore is not installed.
        IncompleteError: the services could not be reached, or refused.
        UsageError: the token or the trust configuration cannot be read.
    """
    _, errors = _library()
    from sigstore import oidc
    from sigstore.sign import SigningContext

    try:
        config = _client_config(trust_root, offline=False)
        raw = token or oidc.detect_credential()
        identity = (
            oidc.IdentityToken(raw) if raw else oidc.Issuer(config.signing_config.get_oidc_url()).identity_token()
        )
        with SigningContext.from_trust_config(config).signer(identity) as signer:
            yield KeylessSealer(signer, identity.identity)
    except oidc.IdentityError as error:
        raise UsageError("the identity token is not valid", remedy="fetch a new one; it lives for minutes") from error
    except (errors.Error, OSError) as error:
        what = f"Sigstore's services did not answer: {type(error).__name__}"
        raise IncompleteError(what, remedy="check the network, or seal with --key") from error


def check(data: bytes, payload: bytes, trust: Identity) -> None:
    """Accepts a bundle that this identity signed, which its issuer vouched for, and which the log holds; works offline.

    Args:
        data: the whole bundle.
        payload: its statement as it was read from the bundle; must be what was verified.
        trust: identity, issuer and trusted root.

    Raises:
        InvalidError: the bundle is not by this identity, or its certificate, log entry or time is invalid.
        MissingExtraError: sigstore is not installed.
        UsageError: the trusted root cannot be read.
    """
    _, errors = _library()
    from sigstore.models import Bundle, InvalidBundle
    from sigstore.verify import Verifier, policy

    root = _trusted_root(trust.trust_root)
    try:
        found = Bundle.from_json(data)
        verified = Verifier(trusted_root=root).verify_dsse(
            found, policy.Identity(identity=trust.identity, issuer=trust.issuer)
        )
    except (errors.Error, InvalidBundle, ValueError) as error:
        why = str(error).partition("\n")[0][:200]
        raise InvalidError(
            f"the seal is not by {trust.identity!r} under {trust.issuer!r}: {why}",
            remedy="check identity and issuer, and fetch the seal again",
        ) from error
    if verified != (PAYLOAD_TYPE, payload):
        raise InvalidError("the seal's statement is not the one that was verified", remedy="fetch the seal again")


def _trusted_root(path: Path | None) -> "TrustedRoot":
    from sigstore.errors import Error
    from sigstore.models import TrustedRoot

    text = "" if path is None else read_bounded(path.resolve(), _CONFIG_LIMIT_BYTES).decode(errors="replace")
    if path is None or "clienttrustconfig" in text:
        return _client_config(path, offline=True).trusted_root
    try:
        return TrustedRoot.from_file(str(path.resolve()))
    except (Error, ValueError, KeyError, TypeError) as error:
        raise _unreadable(path) from error


def _client_config(path: Path | None, *, offline: bool) -> "ClientTrustConfig":
    from sigstore.errors import Error
    from sigstore.models import ClientTrustConfig

    if path is None:
        logging.getLogger("sigstore").setLevel(logging.ERROR)  # offline is what was asked for, not a warning
        return ClientTrustConfig.production(offline=offline)
    try:
        return ClientTrustConfig.from_json(read_bounded(path.resolve(), _CONFIG_LIMIT_BYTES).decode())
    except (Error, ValueError, KeyError, TypeError) as error:
        raise _unreadable(path) from error


def _unreadable(path: Path) -> UsageError:
    return UsageError(
        "holds no trusted root that Sigstore can read", where=str(path), remedy="give a trusted_root.json"
    )


def _library() -> tuple[Any, Any]:
    try:
        from sigstore import dsse, errors
    except ImportError as error:
        raise MissingExtraError("sigstore", "sigstore") from error
    return dsse, errors
