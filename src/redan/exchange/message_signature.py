"""The signature of a request and of its answer: which parts are covered, and the bytes that are signed.

One profile of RFC 9421: the parameters below and no others, in the one form that its serialisation has, so that nothing
is normalised and the bytes that came are the bytes that are signed.

Source: RFC 9421 sections 2.2, 2.3, 2.4 and 2.5; RFC 9530 section 2.
"""

import binascii
import hashlib
import itertools
import operator
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

TAG: Final = b"redan-infer"
ANSWER_TAG: Final = b"redan-answer"
LABEL: Final = b"redan"
NONCE_CHARS: Final = 16  # 96 bits in base64
NONCE_MOST: Final = 64
_COLONS: Final = 2
LONGEST: Final = 4096  # bytes of either field
JSON_LENGTH: Final = b"inference-header-content-length"
EVENT: Final = b"redan-event"  # tells the identifier of an answer's event
_MORE: Final = (JSON_LENGTH, EVENT)  # of an answer, where they are
ALWAYS: Final = frozenset({b"@method", b"@authority", b"@path", b"@query", b"content-digest"})
PRESENT: Final = (b"content-type", b"authorization", JSON_LENGTH)  # to be covered where they are

_MEMBER = re.compile(
    rb"([a-z*][a-z0-9_.*-]{0,63})="
    rb'((\([^()\x00-\x1f\x7f-\xff]{0,1024}\))((?:;[a-z*][a-z0-9_.*-]{0,63}=(?:"[ !#-\[\]-~]{0,256}"|[0-9]{1,15}))*+))'
    rb"(?:[ \t]*,[ \t]*|\Z)"
)
_PARAMS = re.compile(rb';([a-z]+)=(?:"([ !#-\[\]-~]*)"|([0-9]+))' * 6)
_USUAL = re.compile(
    rb"([a-z*][a-z0-9_.*-]{0,63})=(\([^()\x00-\x1f\x7f-\xff]{0,1024}\));created=([0-9]{1,15});expires=([0-9]{1,15});"
    rb'nonce="([ !#-\[\]-~]{16,64})";keyid="([ !#-\[\]-~]{0,256})";alg="([ !#-\[\]-~]{0,256})";'
    rb'tag="([ !#-\[\]-~]{0,256})"'
)
_VALUE = re.compile(rb"([a-z*][a-z0-9_.*-]{0,63})=:([A-Za-z0-9+/]{1,700}={0,2}):(?:[ \t]*,[ \t]*|\Z)")
_NAMES = re.compile(rb'\((?:"(?:@?[a-z0-9][a-z0-9-]*)"(?: (?!\))|(?=\))))+\)')
_DIGEST = re.compile(rb"([a-z*][a-z0-9_.*-]*)=:([A-Za-z0-9+/]+={0,2}):(?:[ \t]*,[ \t]*|\Z)")
_HASHES: Final = ((b"sha-256", hashlib.sha256), (b"sha-512", hashlib.sha512))
_ALL: Final = frozenset({b"created", b"expires", b"nonce", b"keyid", b"alg", b"tag"})


class FormError(ValueError):
    """A signature, or what it says about itself, is not of the profile; the message names what."""


class Params(NamedTuple):
    """What a signature says about itself.

    Args:
        label: under which its bytes are.
        covered: the list of covered parts, as it was sent.
        raw: that list and the parameters, as they were sent; the last line of what is signed.
        created: seconds since the epoch.
        expires: seconds since the epoch.
        nonce: sent once.
        keyid: name of the key.
        alg: name of the algorithm.
    """

    label: bytes
    covered: bytes
    raw: bytes
    created: int
    expires: int
    nonce: bytes
    keyid: bytes
    alg: bytes


class Base(NamedTuple):
    """How to put together what is signed, for one list of covered parts.

    Args:
        names: the parts.
        values: takes them from a mapping by name; raises KeyError for what is not there.
        form: bytes with a place for each of them and for the parameters.
    """

    names: frozenset[bytes]
    values: Callable[[Mapping[bytes, bytes]], tuple[bytes, ...]]
    form: bytes


def params(value: bytes, tag: bytes) -> Params:
    """The one signature of a tag, of the field `Signature-Input`.

    Args:
        value: of the field; signatures of other tags may be beside it.
        tag: whose.

    Raises:
        FormError: there is none of the profile, or more than one.
    """
    if len(value) > LONGEST:
        raise FormError("the signature's parameters are too long")
    usual = _USUAL.fullmatch(value)
    if usual is not None and usual[8] == tag:
        label, covered, created, expires, nonce, keyid, alg, _ = usual.groups()
        return Params(label, covered, value[len(label) + 1 :], int(created), int(expires), nonce, keyid, alg)
    return _params_of_any(value, tag)


def _params_of_any(value: bytes, tag: bytes) -> Params:
    """As above, for signatures beside others, and parameters in another order than that of our own clients."""
    found, at = None, 0
    while at < len(value):
        member = _MEMBER.match(value, at)
        if member is None:
            raise FormError("the signature's parameters cannot be read")
        at = member.end()
        label, raw, covered, said = member.groups()
        if b';tag="%b"' % tag not in said:
            continue
        if found is not None:
            raise FormError("there are two signatures of the tag")
        found = _params(label, raw, covered, said)
    if found is None:
        raise FormError("there is no signature of the tag")
    return found


def _params(label: bytes, raw: bytes, covered: bytes, said: bytes) -> Params:
    pairs = _PARAMS.fullmatch(said)
    if pairs is None:
        raise FormError("the signature's parameters are not those that are agreed")
    groups = pairs.groups()
    texts = dict(zip(groups[::3], groups[1::3], strict=True))
    numbers = dict(zip(groups[::3], groups[2::3], strict=True))
    if texts.keys() != _ALL:
        raise FormError("the signature's parameters are not those that are agreed")
    created, expires = numbers[b"created"], numbers[b"expires"]
    nonce, keyid, alg = texts[b"nonce"], texts[b"keyid"], texts[b"alg"]
    if created is None or expires is None or nonce is None or keyid is None or alg is None:
        raise FormError("a parameter of the signature is of another type")
    if not NONCE_CHARS <= len(nonce) <= NONCE_MOST:
        raise FormError("the nonce is too short or too long")
    return Params(label, covered, raw, int(created), int(expires), nonce, keyid, alg)


def signature(value: bytes, label: bytes) -> bytes:
    """The bytes of a signature in base64, of the field `Signature`.

    Args:
        value: of the field.
        label: of the signature; others may be beside it.

    Raises:
        FormError: there is none, or more than one.
    """
    if len(value) > LONGEST:
        raise FormError("the signature is too long")
    start = len(label) + 2
    if value[:start] == b"%b=:" % label and value[-1:] == b":" and value.count(b":") == _COLONS:
        return value[start:-1]  # whether it is base64, the key finds out
    found, at = None, 0
    while at < len(value):
        member = _VALUE.match(value, at)
        if member is None or (found is not None and member[1] == label):
            raise FormError("the signature cannot be read")
        at = member.end()
        if member[1] == label:
            found = member[2]
    if found is None:
        raise FormError("there is no signature of the label")
    return found


@lru_cache(maxsize=256)
def base(covered: bytes) -> Base:
    """How to put together what is signed.

    Args:
        covered: a list of names, `("@method" "content-digest")`.

    Raises:
        FormError: a name is there twice, has parameters or is no name.
    """
    if not _NAMES.fullmatch(covered):
        raise FormError("the covered parts cannot be read")
    names = [name.strip(b'"') for name in covered[1:-1].split(b" ")]
    if len(set(names)) != len(names):
        raise FormError("a part is covered twice")
    form = b"".join(b'"%b": %%b\n' % name for name in names) + b'"@signature-params": %b'
    if len(names) == 1:
        return Base(frozenset(names), lambda found, only=names[0]: (found[only],), form)  # type: ignore[misc]
    return Base(frozenset(names), operator.itemgetter(*names), form)


def signed_bytes(found: Base, parts: Mapping[bytes, bytes], raw: bytes) -> bytes:
    """The bytes that are signed.

    Args:
        found: of the list of covered parts.
        parts: of the message by their names.
        raw: the list and the parameters.

    Raises:
        FormError: a covered part is not there, or is of more than one line.
    """
    try:
        made = found.form % (*found.values(parts), raw)
    except KeyError as error:
        raise FormError("a covered part is not there") from error
    if made.count(b"\n") != len(found.names) or not made.isascii():
        raise FormError("a covered part is not one line of plain characters")
    return made


def covered_by(fields: Mapping[bytes, bytes]) -> tuple[bytes, ...]:
    """The parts of a request that have to be covered, in the order of the profile.

    Args:
        fields: of the request; those of `PRESENT` that it has are covered.
    """
    return (
        b"@method",
        b"@authority",
        b"@path",
        b"@query",
        *(name for name in PRESENT if name in fields),
        b"content-digest",
    )


_NEEDED = {
    present: frozenset({*ALWAYS, *(name for name, there in zip(PRESENT, present, strict=True) if there)})
    for present in itertools.product((False, True), repeat=len(PRESENT))
}


def covers(found: Base, fields: Mapping[bytes, bytes]) -> bool:
    """Whether the covered parts are all that `covered_by` has."""
    return found.names >= _NEEDED[b"content-type" in fields, b"authorization" in fields, JSON_LENGTH in fields]


def listed(names: tuple[bytes, ...]) -> bytes:
    """Names as the list that a signature carries."""
    return b"(" + b" ".join(b'"%b"' % name for name in names) + b")"


def answer_covered(fields: Mapping[bytes, bytes], label: bytes) -> bytes:
    """The list of what the signature of an answer covers.

    Args:
        fields: of the answer, `content-digest` among them.
        label: of the signature of the question.
    """
    more = b"".join(b' "%b"' % name for name in _MORE if name in fields)
    return b'("@status" "content-type"%b "content-digest" "signature";req;key="%b")' % (more, label)


def answer_bytes(status: int, fields: Mapping[bytes, bytes], label: bytes, value: bytes, raw: bytes) -> bytes:
    """What the signature of an answer is made over.

    Args:
        status: of HTTP.
        fields: of the answer.
        label: of the signature of the question.
        value: of that signature, in base64.
        raw: the list of `answer_covered` and the parameters.

    Raises:
        KeyError: a field is not there.
    """
    more = b"".join(b'"%b": %b\n' % (name, fields[name]) for name in _MORE if name in fields)
    return (
        b'"@status": %d\n"content-type": %b\n%b"content-digest": %b\n"signature";req;key="%b": :%b:\n'
        b'"@signature-params": %b'
        % (status, fields[b"content-type"], more, fields[b"content-digest"], label, value, raw)
    )


def content_digest(body: bytes) -> bytes:
    """The field `Content-Digest` over a body, with SHA-256."""
    return b"sha-256=:%b:" % binascii.b2a_base64(hashlib.sha256(body).digest(), newline=False)


def digest_fits(value: bytes, body: bytes) -> bool:
    """Whether a `Content-Digest` is of a body.

    Args:
        value: of the field; every digest by SHA-256 or SHA-512 in it must fit, and one must be there.
        body: all of it.
    """
    if value == content_digest(body):  # no secret is in either
        return True
    if len(value) > LONGEST:
        return False
    said: dict[bytes, bytes] = {}
    at = 0
    while at < len(value):
        member = _DIGEST.match(value, at)
        if member is None or member[1] in said:  # each once, as each is a pass over the body
            return False
        said[member[1]] = member[2]
        at = member.end()
    known = [(made, said[name]) for name, made in _HASHES if name in said]
    return bool(known) and all(binascii.b2a_base64(made(body).digest(), newline=False) == told for made, told in known)
