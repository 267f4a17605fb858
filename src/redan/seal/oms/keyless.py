"""Keyless seals through Sigstore: an identity signed, an issuer vouches for it, and a public log holds it.

Source: OMS v1.0 section 4.1 (method sigstore); the Sigstore client specification, as the `sigstore` extra does it.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from redan.canon import Json, parse_strict
from redan.errors import IncompleteError, InvalidError, MissingExtraError, UsageError
from redan.files import read_bounded
from redan.seal.oms.records import PAYLOAD_TYPE, Identity

if TYPE_CHECKING:
    from sigstore.models import TrustedRoot

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
    """

    signer: StatementSigner

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
    from sigstore.models import ClientTrustConfig, TrustedRoot

    try:
        if path is None:
            return ClientTrustConfig.production(offline=True).trusted_root
        text = read_bounded(path.resolve(), _CONFIG_LIMIT_BYTES).decode()
        if "clienttrustconfig" in text:
            return ClientTrustConfig.from_json(text).trusted_root
        return TrustedRoot.from_file(str(path.resolve()))
    except (Error, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            "holds no trusted root that Sigstore can read",
            where=str(path or "sigstore"),
            remedy="give a trusted_root.json",
        ) from error


def _library() -> tuple[Any, Any]:
    try:
        from sigstore import dsse, errors
    except ImportError as error:
        raise MissingExtraError("sigstore", "sigstore") from error
    return dsse, errors
