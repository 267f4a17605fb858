"""Certificate chains: from the signer's certificate up to an authority that the verifier trusts.

Source: RFC 5280 section 6.1 for the path, without what code signing has no use for: a critical extension or a name
constraint that is not looked at here is refused. OMS v1.0 section 8.2: the leaf must be within its validity.
"""

import datetime as dt
import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeVar

from redan.errors import InputError, InvalidError, UsageError
from redan.files import read_bounded
from redan.seal.keys import PublicKey, public_of
from redan.seal.oms.records import Chain

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.x509 import Certificate, Extensions, ExtensionType

    T = TypeVar("T", bound=ExtensionType)

_FILE_LIMIT_BYTES = 1 << 20
_LENGTH_LIMIT = 8
_WEAK_HASHES = frozenset({"md5", "sha1"})
_LEAST_RSA_BITS = 2048
_ASK = "ask the signer which authority vouches for the seal"


def load_certificates(paths: "Iterable[Path]") -> tuple[bytes, ...]:
    """The certificates of PEM files as DER, in their order.

    Raises:
        UsageError: a file is absent, unreadable, or holds no certificate.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    found: list[bytes] = []
    for path in paths:
        try:
            text = read_bounded(path.resolve(), _FILE_LIMIT_BYTES)
            found += [one.public_bytes(Encoding.DER) for one in x509.load_pem_x509_certificates(text)]
        except InputError as error:
            raise UsageError(f"the certificate {error.what}", where=str(path), remedy="give a PEM file") from error
        except ValueError as error:
            raise UsageError("holds no readable certificate", where=str(path), remedy="give a PEM file") from error
    return tuple(found)


def key_of(certificate: bytes) -> PublicKey:
    """The public key that a DER certificate binds.

    Raises:
        InvalidError: it is no certificate, or its key is of another kind than OMS knows.
    """
    return _key(_loaded(certificate))


def subject_of(certificate: bytes) -> str:
    """The RFC 4514 name that a DER certificate is about.

    Raises:
        InvalidError: it is no certificate.
    """
    return _name(_loaded(certificate))


def accepted(certificates: tuple[bytes, ...], trust: Chain, now: dt.datetime) -> tuple[PublicKey, str]:
    """The leaf's key and subject, when a path leads from it to a trusted authority.

    Args:
        certificates: DER, leaf first, as the bundle carries them; each must be part of the path.
        trust: the authorities.
        now: when the certificates must be valid; a bundle of this method has no trusted time of its own.

    Raises:
        InvalidError: names the certificate and what is wrong with it.
    """
    leaf, *given = [_loaded(each) for each in certificates]
    anchors = [_loaded(each) for each in trust.anchors]
    _check_leaf(leaf, now)
    path = [leaf] if leaf in anchors else _path([leaf], given, anchors, now)
    unused = [each for each in given if each not in path and each not in anchors]
    if unused:
        raise InvalidError(
            f"the seal carries a certificate of {_name(unused[0])} that is not part of its chain", remedy=_ASK
        )
    subject = _name(leaf)
    if trust.subject is not None and subject != trust.subject:
        raise InvalidError(f"the seal is by {subject}, not by {trust.subject[:200]}", remedy=_ASK)
    return _key(leaf), subject


def _path(
    path: "list[Certificate]", given: "list[Certificate]", anchors: "list[Certificate]", now: dt.datetime
) -> "list[Certificate]":
    """The path from its last certificate on up to an anchor; tries each candidate of the right name."""
    last, problem = path[-1], None
    for issuer in (*anchors, *(each for each in given if each not in anchors)):
        if issuer.subject != last.issuer or issuer in path or len(path) >= _LENGTH_LIMIT:
            continue
        try:
            _check_issuer(issuer, last, len(path) - 1, now)
            whole = [*path, issuer]
            return whole if issuer in anchors else _path(whole, given, anchors, now)
        except InvalidError as error:
            problem = problem or error
    if problem is not None:
        raise problem
    raise InvalidError(f"no given authority vouches for {_name(last)}", remedy=_ASK)


def _check_leaf(leaf: "Certificate", now: dt.datetime) -> None:
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    _check_common(leaf, now)
    extensions = leaf.extensions
    usage = _extension(extensions, x509.KeyUsage)
    purposes = _extension(extensions, x509.ExtendedKeyUsage)
    signs = usage is not None and usage.digital_signature
    codes = purposes is not None and ExtendedKeyUsageOID.CODE_SIGNING in purposes
    if (usage is not None and not signs) or (purposes is not None and not codes) or not (signs or codes):
        raise InvalidError(f"the certificate of {_name(leaf)} is not for signing code", remedy=_ASK)


def _check_issuer(issuer: "Certificate", child: "Certificate", below: int, now: dt.datetime) -> None:
    """RFC 5280 sections 6.1.3 and 6.1.4 for one step.

    Args:
        issuer: the upper certificate.
        child: the one that it is said to have signed.
        below: how many certificates of authorities lie between it and the leaf.
        now: the time.
    """
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import rsa

    _check_common(issuer, now)
    basic = _extension(issuer.extensions, x509.BasicConstraints)
    usage = _extension(issuer.extensions, x509.KeyUsage)
    if basic is None or not basic.ca or (usage is not None and not usage.key_cert_sign):
        raise InvalidError(f"the certificate of {_name(issuer)} may not sign others", remedy=_ASK)
    if basic.path_length is not None and below > basic.path_length:
        raise InvalidError(f"the chain below {_name(issuer)} is longer than it allows", remedy=_ASK)
    key = issuer.public_key()
    algorithm = child.signature_hash_algorithm
    if algorithm is not None and algorithm.name in _WEAK_HASHES:
        raise InvalidError(f"the certificate of {_name(child)} is signed over {algorithm.name}", remedy=_ASK)
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < _LEAST_RSA_BITS:
        raise InvalidError(f"the key of {_name(issuer)} has fewer than {_LEAST_RSA_BITS:,} bits", remedy=_ASK)
    try:
        child.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise InvalidError(
            f"the certificate of {_name(child)} is not signed by {_name(issuer)}", remedy=_ASK
        ) from error


def _check_common(certificate: "Certificate", now: dt.datetime) -> None:
    from cryptography.x509.oid import ExtensionOID

    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        first, last = (
            f"{moment:%Y-%m-%d}" for moment in (certificate.not_valid_before_utc, certificate.not_valid_after_utc)
        )
        raise InvalidError(
            f"the certificate of {_name(certificate)} is valid from {first} to {last}, not now",
            remedy="ask the signer for a new seal",
        )
    known = {ExtensionOID.BASIC_CONSTRAINTS, ExtensionOID.KEY_USAGE, ExtensionOID.EXTENDED_KEY_USAGE}
    known |= {ExtensionOID.SUBJECT_ALTERNATIVE_NAME}
    for each in certificate.extensions:
        if (each.critical and each.oid not in known) or each.oid == ExtensionOID.NAME_CONSTRAINTS:
            raise InvalidError(
                f"the certificate of {_name(certificate)} has a rule that is not understood: {each.oid.dotted_string}",
                remedy=_ASK,
            )


def _extension(extensions: "Extensions", kind: "type[T]") -> "T | None":
    from cryptography import x509

    try:
        return extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _loaded(data: bytes) -> "Certificate":
    """A certificate whose every part that is used here can be read; the library reads them late and each may fail."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    faults = (x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType, UnsupportedAlgorithm)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # what the library reads under protest is refused
            certificate = x509.load_der_x509_certificate(data)
            parts = (certificate.subject.rfc4514_string(), certificate.issuer, certificate.extensions)
            more = (certificate.not_valid_before_utc, certificate.not_valid_after_utc, certificate.public_key())
            _ = parts, more, certificate.signature_hash_algorithm
    except (ValueError, TypeError, Warning, *faults) as error:
        raise InvalidError("a certificate of the seal cannot be read", remedy=_ASK) from error
    if not data.endswith(b"\x00" + certificate.signature):  # the count of unused bits is signed by nobody
        raise InvalidError("a certificate of the seal cannot be read: its signature has unused bits", remedy=_ASK)
    return certificate


def _key(certificate: "Certificate") -> PublicKey:
    try:
        return public_of(certificate.public_key())
    except UsageError as error:
        raise InvalidError(
            f"the certificate of {_name(certificate)} holds a key of another kind", remedy=_ASK
        ) from error


def _name(certificate: "Certificate") -> str:
    return certificate.subject.rfc4514_string()[:200] or "nobody"
