"""Whose seal it is: the signature of a bundle under a key, a certificate chain or an identity, before anything is read.

Source: OMS v1.0 section 8.2; DSSE 1.0.2. Bundles before v1.0 were signed over a misspelt pre-authentication encoding.
"""

import datetime as dt
from typing import NamedTuple

from redan.errors import InvalidError
from redan.seal.dsse import pae
from redan.seal.in_toto import PAYLOAD_TYPE
from redan.seal.keys import PublicKey
from redan.seal.oms import bundle as bundles
from redan.seal.oms import chain, keyless, statement
from redan.seal.oms.records import Chain, Identity, Sealed, Trust
from redan.seal.oms.sealers import checked_key

_ASK = "give the signer's public key, or fetch the seal again"


class _Signer(NamedTuple):
    key: PublicKey
    words: str


def opened_seal(data: bytes, trust: Trust, now: dt.datetime) -> Sealed:
    """What the seal says, once its signature is that of whom is trusted.

    Args:
        data: the bundle's bytes, from anyone.
        trust: who is trusted; the bundle's method must be the matching one.
        now: when certificates must be valid.

    Raises:
        InvalidError: the bundle is malformed, of another method, or signed by somebody else.
        UsageError: the trusted key is of a kind that OMS does not know.
        MissingExtraError: an identity is trusted and sigstore is not installed.
    """
    seal = bundles.parse(data)
    if isinstance(trust, PublicKey):
        checked_key(trust)
        _same_method(seal, "key", "--key")
        signer = _by_key(seal, trust)
    elif isinstance(trust, Chain):
        _same_method(seal, "certificate", "--ca")
        signer = _by_chain(seal, trust, now)
    else:
        _same_method(seal, "sigstore", "--identity and --issuer")
        signer = _by_identity(data, seal, trust)
    stated = statement.parse(seal.payload)
    return Sealed(
        root=stated.root,
        name=stated.name,
        resources=stated.resources,
        key_id=signer.key.key_id,
        method=seal.method,
        signer=signer.words,
        serialization=stated.serialization,
    )


def _same_method(seal: bundles.Bundle, method: str, given: str) -> None:
    options = {"key": "--key", "certificate": "--ca", "sigstore": "--identity and --issuer"}
    if seal.method != method:
        raise InvalidError(
            f"the seal is by {seal.method}, which {given} cannot verify", remedy=f"verify with {options[seal.method]}"
        )


def _by_key(seal: bundles.Bundle, key: PublicKey) -> _Signer:
    if seal.hint is not None and seal.hint != key.key_id:
        raise InvalidError(f"the seal is by key {seal.hint[:16]!r}, not by {key.key_id[:16]!r}", remedy=_ASK)
    if seal.key is not None and seal.key not in {key.pem.encode("ascii"), key.der}:
        raise InvalidError(f"the seal is by another key than {key.key_id[:16]}", remedy=_ASK)
    _check(seal, key)
    return _Signer(key, f"key {key.key_id[:16]} ({key.kind})")


def _by_chain(seal: bundles.Bundle, trust: Chain, now: dt.datetime) -> _Signer:
    key, subject = chain.accepted(seal.certificates, trust, now)
    _check(seal, key)
    return _Signer(key, f"certificate of {subject}")


def _by_identity(data: bytes, seal: bundles.Bundle, trust: Identity) -> _Signer:
    keyless.check(data, seal.payload, trust)
    return _Signer(chain.key_of(seal.certificates[0]), f"{trust.identity}, vouched for by {trust.issuer}")


def _check(seal: bundles.Bundle, key: PublicKey) -> None:
    try:
        key.verify(seal.signature, pae(PAYLOAD_TYPE, seal.payload))
    except InvalidError as error:
        if not _old_signature(seal, key):
            raise InvalidError(
                f"the seal's signature is not that of key {key.key_id[:16]} over its list", remedy=_ASK
            ) from error


def _old_signature(seal: bundles.Bundle, key: PublicKey) -> bool:
    """Whether it is a signature as model-signing v0.2.0 made them: SHA-256 on every curve, over Python's `repr`.

    It covers the same bytes unambiguously, so accepting it forges nothing; redan never writes it.
    """
    data = f"DSSEV1 {len(PAYLOAD_TYPE)} {PAYLOAD_TYPE} {len(seal.payload)} {seal.payload!r}".encode()
    return key.verifies_sha256(seal.signature, data)
