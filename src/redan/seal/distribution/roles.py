"""The four roles' metadata: read, made and signed; pure functions of bytes, keys and a clock.

Source: TUF specification 1.0.31, section 4. Snapshot and timestamp carry length and SHA-256 of what they name, which
the specification leaves open, so that two documents of one version can never be exchanged.
"""

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, Protocol, TypeVar

from securesystemslib.signer import Signature, SSlibKey
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, MetaFile, Root, Signed, Snapshot, TargetFile, Targets, Timestamp

from redan.errors import InvalidError, UsageError
from redan.seal.distribution.records import LIFE_DAYS, ROLES, Role, Target
from redan.seal.keys import PublicKey

_DAYS = "x-redan-days"  # how long each version of a role lives, signed with it, so that a renewal needs no settings
_LIFE_MAX_DAYS = 3_650
Documents = Mapping[Role, bytes]
S = TypeVar("S", bound=Signed)


class RoleSigner(Protocol):
    """A private key of a role."""

    @property
    def public(self) -> PublicKey:
        """The public half."""

    def sign(self, data: bytes) -> bytes:
        """The signature over `data`: raw for Ed25519, DER for ECDSA."""


Signers = Iterable[RoleSigner]


def tuf_key(public: PublicKey) -> SSlibKey:
    """A public key as TUF metadata holds it, with the key id of the specification."""
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    return SSlibKey.from_crypto(load_pem_public_key(public.pem.encode("ascii")))


def key_id(signer: RoleSigner) -> str:
    """The TUF id of a signer's key, 64 hex digits."""
    return str(tuf_key(signer.public).keyid)


def body(data: bytes, kind: type[S]) -> S:
    """The signed part of a document; no signature is verified here.

    Raises:
        InvalidError: the bytes are no metadata of that role.
    """
    try:
        found = Metadata.from_bytes(data)
    except (RepositoryError, RecursionError) as error:
        raise InvalidError(f"malformed: the bytes are no {kind.type} metadata") from error
    if not isinstance(found.signed, kind):
        raise InvalidError(f"malformed: the bytes are {found.signed.type} metadata, not {kind.type}")
    return found.signed


def signed(what: Signed, signers: Signers) -> bytes:
    """A document with the signatures of all signers."""
    document = Metadata(what)
    payload = document.signed_bytes
    for signer in signers:
        name = key_id(signer)
        document.signatures[name] = Signature(name, signer.sign(payload).hex())
    return bytes(document.to_bytes())


def needed(root: Root, role: Role, signers: Signers) -> tuple[RoleSigner, ...]:
    """The signers that a root names for a role.

    Raises:
        UsageError: there are fewer than the role's threshold.
    """
    named = root.roles[role]
    fit = {name: signer for signer in signers if (name := key_id(signer)) in named.keyids}
    if len(fit) < named.threshold:
        raise UsageError(
            f"{len(fit)} of {named.threshold} keys that must sign {role} metadata are here",
            remedy=f"add the folder that holds the {role} keys with --keys",
        )
    return tuple(fit.values())


def new_root(
    signers: Mapping[Role, tuple[RoleSigner, ...]], threshold: int, days: Mapping[Role, int], now: dt.datetime
) -> bytes:
    """The first root: who may sign which role.

    Args:
        signers: of each role.
        threshold: how many root keys must sign a new root.
        days: how long a version of each role lives.
        now: UTC.
    """
    root = Root(version=1, expires=_until(now, days["root"]), consistent_snapshot=True)
    root.unrecognized_fields[_DAYS] = {role: days[role] for role in ROLES}
    for role in ROLES:
        for signer in signers[role]:
            root.add_key(tuf_key(signer.public), role)
    root.roles["root"].threshold = threshold
    return signed(root, signers["root"])


def next_root(old: bytes, changed: Root, old_signers: Signers, new_signers: Signers, now: dt.datetime) -> bytes:
    """The root after another, signed by the threshold of both.

    Args:
        old: bytes of the newest root.
        changed: its body with the changes; version and expiry are set here.
        old_signers: that can sign as the old root wants it.
        new_signers: that can sign as the new root wants it.
        now: UTC.

    Raises:
        UsageError: keys are missing.
    """
    before = body(old, Root)
    changed.version = before.version + 1
    changed.expires = _until(now, life(changed)["root"])
    both = (*needed(before, "root", old_signers), *needed(changed, "root", new_signers))
    return signed(changed, {key_id(signer): signer for signer in both}.values())


def life(root: Root) -> dict[Role, int]:
    """Days that a version of each role lives, as the root says; the usual ones where it does not."""
    said = root.unrecognized_fields.get(_DAYS)
    found: Mapping[str, Any] = said if isinstance(said, dict) else {}
    return {role: _days(found.get(role), LIFE_DAYS[role]) for role in ROLES}


def with_life(root: Root, days: Mapping[Role, int]) -> None:
    """Lets a root say how long versions live from now on."""
    root.unrecognized_fields[_DAYS] = {**life(root), **days}


def targets_body(
    version: int, targets: Mapping[str, Target], now: dt.datetime, days: int, extra: Mapping[str, Any] | None = None
) -> Targets:
    """Targets metadata over these files."""
    files = {
        path: TargetFile(
            target.length,
            {"sha256": target.sha256},
            path,
            None if target.custom is None else {"custom": target.custom},
        )
        for path, target in targets.items()
    }
    return Targets(version=version, expires=_until(now, days), targets=files, unrecognized_fields=dict(extra or {}))


def snapshot_body(version: int, targets: bytes, now: dt.datetime, days: int) -> Snapshot:
    """Snapshot metadata that names these bytes of the targets metadata."""
    named = _naming(body(targets, Targets).version, targets)
    return Snapshot(version=version, expires=_until(now, days), meta={"targets.json": named})


def timestamp_body(version: int, snapshot: bytes, now: dt.datetime, days: int) -> Timestamp:
    """Timestamp metadata that names these bytes of the snapshot metadata."""
    named = _naming(body(snapshot, Snapshot).version, snapshot)
    return Timestamp(version=version, expires=_until(now, days), snapshot_meta=named)


def targets_in(data: bytes) -> dict[str, Target]:
    """The files of targets metadata, by path.

    Raises:
        InvalidError: it is none, it delegates, or a file has no SHA-256.
    """
    found = body(data, Targets)
    if found.delegations is not None:
        raise InvalidError("malformed: the targets metadata delegates, which redan does not do")
    return {path: _target(path, file) for path, file in found.targets.items()}


def _target(path: str, file: TargetFile) -> Target:
    sha256, length = file.hashes.get("sha256"), file.length
    if not isinstance(sha256, str) or not isinstance(length, int) or isinstance(length, bool):
        raise InvalidError(f"malformed: target {path[:120]!a} has no SHA-256 or no length")
    return Target(path=path, length=length, sha256=sha256, custom=file.custom)


def _naming(version: int, data: bytes) -> MetaFile:
    return MetaFile(version=version, length=len(data), hashes={"sha256": hashlib.sha256(data).hexdigest()})


def _until(now: dt.datetime, days: int) -> dt.datetime:
    return now.astimezone(dt.UTC).replace(microsecond=0) + dt.timedelta(days=days)


def _days(value: object, usual: int) -> int:
    sound = isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _LIFE_MAX_DAYS
    return value if sound and isinstance(value, int) else usual
