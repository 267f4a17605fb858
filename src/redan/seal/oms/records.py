"""What a seal says and whom it is believed: the records that signing and verifying share.

Source: OpenSSF Model Signing specification v1.0 (OMS), sections 4 and 5.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, TypeAlias, runtime_checkable

from redan.canon import Json
from redan.seal.keys import PublicKey

HashType: TypeAlias = Literal["sha256", "blake2b", "blake3"]
Method: TypeAlias = Literal["key", "certificate", "sigstore"]
Progress: TypeAlias = Callable[[int, int, str], None]

BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
PREDICATE_TYPE = "https://model_signing/signature/v1.0"
DEFAULT_IGNORED = (".git", ".gitattributes", ".github", ".gitignore")  # section 6.2: at the root only


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One listed file, or one byte range of it.

    Args:
        name: path below the root with `/`, normalised; `.` is what older tools call a single file.
        digest: lower-case hex.
        algorithm: `sha256`, `blake2b` or `blake3`.
        start: first byte of the range; None for a whole file.
        end: the byte behind the range; None for a whole file.
    """

    name: str
    digest: str
    algorithm: HashType
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Serialization:
    """How the files were enumerated and hashed (section 5.2.2).

    Args:
        method: `files`, or `shards` in bundles of other tools.
        hash_type: the hash of every resource; the root digest is SHA-256 always.
        allow_symlinks: whether the signer followed links; redan never does.
        ignore_paths: what the signer left out, in its order.
        shard_size: bytes of a range; None for `files`.
    """

    method: Literal["files", "shards"] = "files"
    hash_type: HashType = "sha256"
    allow_symlinks: bool = False
    ignore_paths: tuple[str, ...] = ()
    shard_size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """What a verified seal covers, and what lies beside it uncovered.

    Args:
        root: SHA-256 over the listed digests in their order, 64 hex digits: the one name of these bytes.
        name: what the signer called the whole; informational.
        resources: in listed order.
        key_id: SHA-256 of the PEM text of the key that signed, 64 hex digits.
        method: how the signer is known.
        signer: the signer in words: a key id, a certificate's subject, or an identity and its issuer.
        serialization: how the files were enumerated and hashed.
        unsigned: files that are present and not listed; not empty only where the caller allowed it.
        left_out: files that are present under paths which the signer's own statement leaves out.
    """

    root: str
    name: str
    resources: tuple[Resource, ...]
    key_id: str
    method: Method
    signer: str
    serialization: Serialization
    unsigned: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The listed files, each once, in listed order."""
        return tuple(dict.fromkeys(resource.name for resource in self.resources))


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """Trust in whoever holds a code-signing certificate under one of these authorities.

    Args:
        anchors: DER certificates of the authorities; a leaf that is itself given is trusted alone.
        subject: the leaf's subject must be this RFC 4514 name; None for any.
    """

    anchors: tuple[bytes, ...]
    subject: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Trust in one identity as one issuer vouches for it, through Sigstore.

    Args:
        identity: an e-mail address or a workflow URI, exactly.
        issuer: the OpenID Connect issuer's URL, exactly.
        trust_root: a Sigstore trusted root or client trust configuration as JSON; the public good instance's, as
            shipped with the `sigstore` extra, when None.
    """

    identity: str
    issuer: str
    trust_root: Path | None = None


Trust: TypeAlias = PublicKey | Chain | Identity


class Signing(Protocol):
    """A private key somewhere: in a file, a security module or a cloud's key store."""

    @property
    def public(self) -> PublicKey:
        """The public half."""

    def sign(self, data: bytes) -> bytes:
        """The signature over `data`, in the form that `PublicKey.verify` takes."""


@runtime_checkable
class Sealer(Protocol):
    """Turns a statement into a whole bundle: what certificates and keyless signing do differently from a key."""

    @property
    def method(self) -> Method:
        """How the signer is known."""

    @property
    def words(self) -> str:
        """The signer in words."""

    def bundle(self, payload: bytes) -> dict[str, Json]:
        """The bundle around the statement's bytes."""
