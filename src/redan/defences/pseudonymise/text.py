"""Pseudonyms inside free text: every identifier that is found is replaced where it stands."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from redan.defences.pseudonymise.fields import Field, pseudonyms
from redan.defences.pseudonymise.ring import Ring
from redan.defences.pseudonymise.shapes import Format
from redan.measures.personal.kinds import Kind
from redan.measures.personal.spans import TEXT_LIMIT, find
from redan.measures.personal.telecom import bare, is_iccid, is_imei, is_imsi

FORMS: Mapping[Kind, Format] = MappingProxyType(
    {Kind.IMSI: "imsi", Kind.IMEI: "imei", Kind.ICCID: "iccid", Kind.PHONE: "msisdn"}
)
_LONG = re.compile(r"(?<![0-9])[0-9](?:[ -]?[0-9]){13,19}(?![0-9])")
_EXTENSION = re.compile(r" ?(?:x|ext\.?) ?[0-9]{1,6}$")
_CUT = TEXT_LIMIT - 500  # pieces are cut at a blank, so that no number is cut in two


class Rewritten(NamedTuple):
    """A text without its identifiers.

    Args:
        text: with pseudonyms.
        kinds: how many places of each kind were replaced.
    """

    text: str
    kinds: Counter[Kind]


class Place(NamedTuple):
    """A place in a text and what stands there."""

    kind: Kind
    start: int
    end: int


def pseudonymise_text(text: str, ring: Ring, *, region: str | None = None, key: str | None = None) -> Rewritten:
    """A text in which identifiers are replaced.

    Telecom identifiers get valid pseudonyms, the same as in a column of the fields `imsi`, `imei`, `iccid` and
    `msisdn`; anything else that is personal becomes a token that says its kind. Numbers that have the form of a telecom
    identifier are replaced even where a word calls them something else: here a doubt counts for the person.

    Args:
        text: any length.
        ring: the project's keys.
        region: country of telephone numbers that have no country code.
        key: id of the key; the one in use when None.

    Raises:
        UsageError: the ring has no such key.
    """
    kinds: Counter[Kind] = Counter()
    out = []
    for piece in _pieces(text):
        at = 0
        for place in _places(piece):
            out += [
                piece[at : place.start],
                _replacement(piece[place.start : place.end], place.kind, ring, region, key),
            ]
            kinds[place.kind] += 1
            at = place.end
        out.append(piece[at:])
    return Rewritten("".join(out), kinds)


def _pieces(text: str) -> Iterator[str]:
    while len(text) > TEXT_LIMIT:
        end = max(text.rfind(" ", 0, _CUT), text.rfind("\n", 0, _CUT)) + 1
        end = end if end > 0 else _CUT
        yield text[:end]
        text = text[end:]
    yield text


def _places(text: str) -> Iterator[Place]:
    found = [Place(s.kind, s.start, s.end) for s in find(text)]
    taken = [(p.start, p.end) for p in found]
    found += [
        Place(kind, run.start(), run.end())
        for run in _LONG.finditer(text)
        if all(run.end() <= start or run.start() >= end for start, end in taken) and (kind := _doubtful(run.group()))
    ]
    return iter(sorted(found, key=lambda p: p.start))


def _doubtful(run: str) -> Kind | None:
    digits = bare(run)
    if len(digits) in (19, 20) and is_iccid(digits):
        return Kind.ICCID
    if len(digits) == 15 and is_imei(digits):  # noqa: PLR2004 -- the length of an IMEI
        return Kind.IMEI
    return Kind.IMSI if len(digits) in (14, 15) and is_imsi(digits) else None


def _replacement(value: str, kind: Kind, ring: Ring, region: str | None, key: str | None) -> str:
    form = FORMS.get(kind)
    if form is None:
        field = Field(name=kind.value, form="token")
        return f"[{kind.value} {pseudonyms([value], field, ring, key).pseudonyms[value]}]"
    main = _EXTENSION.sub("", value) if kind is Kind.PHONE else value
    replaced = pseudonyms([main], Field(name=form, form=form, region=region), ring, key)
    new = replaced.pseudonyms[main]
    return f"[{kind.value} {new}]" if replaced.tokens else new
