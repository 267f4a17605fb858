"""Pseudonyms of whole columns: equal values get equal pseudonyms within a field of a project, and nowhere else."""

import base64
import hmac
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from redan.defences.pseudonymise.ff1 import LONGEST, decrypt, decrypt_numbers, encrypt, encrypt_numbers
from redan.defences.pseudonymise.ring import Ring
from redan.defences.pseudonymise.shapes import Format, Parts, parts_of, placed
from redan.errors import UsageError

MASK = "[masked]"
TOKEN_BYTES = 16  # 128 bits: no two of a billion values meet
MOST_STEPS = 5_000  # walks are longer only where hardly any number of a country's plan has the type


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """What a column holds, as far as its pseudonyms are concerned.

    Args:
        name: separates its pseudonyms from those of other fields; columns of one field can be joined.
        form: what its pseudonyms look like.
        region: country of telephone numbers that have no country code, such as `DE`.
    """

    name: str
    form: Format
    region: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced:
    """What became of distinct values.

    Args:
        pseudonyms: by value.
        tokens: values that did not have the form of their field and became tokens.
    """

    pseudonyms: Mapping[str, str]
    tokens: int


def pseudonyms(values: Iterable[str], field: Field, ring: Ring, key: str | None = None) -> Replaced:
    """The pseudonyms of values.

    Telecom identifiers keep what makes them valid (network, type of device, issuer, country) and get a new check digit;
    what does not have the form of the field becomes a token, so that nothing is left as it was.

    Source: NIST SP 800-38G (FF1); RFC 2104 (HMAC); Black and Rogaway (2002), cycle walking.

    Args:
        values: texts; each distinct one is looked at once.
        field: what they are.
        ring: the project's keys.
        key: id of the key; the one in use when None.

    Returns:
        One pseudonym for each distinct value.

    Raises:
        UsageError: the ring has no such key, or the field is free text.
    """
    distinct = list(dict.fromkeys(values))
    if field.form == "text":
        raise UsageError("free text has no pseudonyms of its own", remedy="use pseudonymise_text")
    if field.form == "mask":
        return Replaced(pseudonyms=dict.fromkeys(distinct, MASK), tokens=0)
    found = {} if field.form == "token" else _turned(distinct, field, ring, key, forward=True)
    rest = [value for value in distinct if value not in found]
    found.update(zip(rest, tokens(rest, field.name, ring, key), strict=True))
    return Replaced(pseudonyms=found, tokens=0 if field.form == "token" else len(rest))


def originals(
    found: Iterable[str], field: Field, ring: Ring, key: str | None = None, known: Iterable[str] = ()
) -> dict[str, str]:
    """The values that pseudonyms stand for.

    Args:
        found: pseudonyms.
        field: as it was.
        ring: the project's keys.
        key: id of the key they were made with; the one in use when None.
        known: values to try for tokens, which cannot be decrypted.

    Returns:
        By pseudonym; those that cannot be told are left out.

    Raises:
        UsageError: the ring has no such key.
    """
    distinct = list(dict.fromkeys(found))
    back = _turned(distinct, field, ring, key, forward=False) if field.form not in ("token", "mask", "text") else {}
    values = list(dict.fromkeys(known))
    tried = dict(zip(tokens(values, field.name, ring, key), values, strict=True))
    return {**back, **{token: tried[token] for token in distinct if token in tried}}


def translated(found: Iterable[str], field: Field, ring: Ring, old: str) -> dict[str, str]:
    """Pseudonyms of an older key as those of the key in use.

    Args:
        found: pseudonyms made with the old key.
        field: as it was.
        ring: the project's keys.
        old: id of the key they were made with.

    Returns:
        By old pseudonym; tokens, which cannot be decrypted, are left out.

    Raises:
        UsageError: the ring has no such key.
    """
    back = originals(found, field, ring, old)
    new = pseudonyms(back.values(), field, ring).pseudonyms
    return {pseudonym: new[value] for pseudonym, value in back.items()}


def tokens(values: Sequence[str], name: str, ring: Ring, key: str | None = None) -> list[str]:
    """Keyed tokens: the key's id, and 128 bits of HMAC-SHA-256 in base 32.

    Raises:
        UsageError: the ring has no such key.
    """
    secret, id_ = ring.derived("token", name, key), ring.key(key).id
    return [f"{id_}.{_short(hmac.digest(secret, v.encode('utf-8', 'surrogatepass'), 'sha256'))}" for v in values]


def _short(digest: bytes) -> str:
    return base64.b32encode(digest[:TOKEN_BYTES]).decode().rstrip("=").lower()


def _turned(values: Sequence[str], field: Field, ring: Ring, key: str | None, *, forward: bool) -> dict[str, str]:
    """Each value that has the field's form, encrypted or decrypted; the others are left out."""
    groups: dict[tuple[str, int], list[tuple[str, Parts]]] = defaultdict(list)
    for value in values:
        parts = parts_of(value, field.form, field.region)
        if parts is not None:
            groups[parts.kept, len(parts.body)].append((value, parts))
    secret = ring.derived("ff1", field.name, key)
    found: dict[str, str] = {}
    for (kept, size), members in groups.items():
        tweak = f"{field.form}:{kept}".encode()
        for (value, parts), new in zip(members, _walked(secret, tweak, members, size, forward=forward), strict=True):
            if new is None:
                continue
            text = placed(value, parts.finish(new), parts.spot)
            again = parts_of(text, field.form, field.region)
            if again is not None and (again.kept, len(again.body)) == (kept, size):
                found[value] = text
    return found


def _walked(
    secret: bytes, tweak: bytes, members: Sequence[tuple[str, Parts]], size: int, *, forward: bool
) -> list[str | None]:
    """New bodies; each walks along its cycle of the permutation until it fits its identifier."""
    numbers = [parts.body for _, parts in members]
    out: list[str | None] = [None] * len(members)
    open_ = list(range(len(members)))
    for _ in range(MOST_STEPS):
        if not open_:
            break
        turned = _row(secret, tweak, [numbers[i] for i in open_], size, forward=forward)
        for i, body in zip(open_, turned, strict=True):
            numbers[i] = body
            parts = members[i][1]
            if parts.fits(parts.finish(body)):
                out[i] = body
        open_ = [i for i in open_ if out[i] is None]
    return out


def _row(secret: bytes, tweak: bytes, bodies: Sequence[str], size: int, *, forward: bool) -> list[str]:
    if size > LONGEST:
        one = encrypt if forward else decrypt
        return [one(secret, tweak, body) for body in bodies]
    many = encrypt_numbers if forward else decrypt_numbers
    turned = many(secret, tweak, np.array([int(b) for b in bodies], dtype=np.uint64), size)
    return [f"{number:0{size}}" for number in turned.tolist()]
