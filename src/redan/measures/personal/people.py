"""Names and birth dates of people: header, shape and, for names, a list of common given names; low confidence."""

import re
import unicodedata
from functools import cache
from importlib.resources import files

from redan.measures.personal.kinds import Kind, Recogniser, Verification

_WORD = r"[^\W\d_](?:[^\W\d_]|['’`´.-]){0,40}"
_FULL = re.compile(rf"\s*{_WORD}(?:,? {_WORD}){{1,4}}\s*")
_SINGLE = re.compile(rf"\s*{_WORD}(?: {_WORD}){{0,3}}\s*")
_PERSON = (
    "first name", "given name", "forename", "middle name", "last name", "surname", "family name", "full name",
    "fullname", "maiden name", "mothers maiden", "customer name", "subscriber name", "client name",
    "person name", "patient name", "employee name", "contact name", "holder name", "account holder",
    "cardholder", "vorname", "nachname", "prenom", "nom de famille", "nombre completo", "apellido",
    "apellidos", "cognome", "sobrenome", "firstname", "lastname", "givenname", "fname", "lname",
)  # fmt: skip
_THINGS = (
    "product",
    "plan",
    "company",
    "file",
    "host",
    "user",
    "column",
    "brand",
    "model",
    "city",
    "country",
    "domain",
)
_FIRST_YEAR, _LAST_YEAR = 1900, 2100


@cache
def given_names() -> frozenset[str]:
    """Common given names in lower case, from many countries; names that are also places or things are left out."""
    text = files(__package__).joinpath("given_names.txt").read_text(encoding="utf-8")
    return frozenset(map(_folded, text.split()))


def _folded(word: str) -> str:
    apart = unicodedata.normalize("NFKD", word.lower())
    return "".join(c for c in apart if not unicodedata.combining(c)).rstrip(".")


def has_given_name(value: str) -> bool:
    """Whether the words are capitalised or all of one case, and the first or last of them is a common given name."""
    parts = value.replace(",", " ").split()
    ends = {_folded(parts[0]), _folded(parts[-1])}
    if parts[0].rstrip(".").lower() in {"mr", "mrs", "ms", "dr", "prof", "herr", "frau"} and len(parts) > 1:
        ends.add(_folded(parts[1]))
    return not ends.isdisjoint(given_names())


def is_proper(value: str) -> bool:
    """Whether a value begins like a name does: with a capital, in a word of two letters at least."""
    bare = value.strip()
    return len(bare) > 1 and bare[0].isupper()


_BIRTH = (
    "birth", "birthday", "birthdate", "birth date", "date of birth", "dob", "bday", "born", "geburtsdatum",
    "geburtstag", "naissance", "nacimiento", "nascita", "nascimento", "birth year", "year of birth", "yob",
)  # fmt: skip
_DATE = re.compile(
    r"\s*(?:([0-9]{4})[-/.]?[0-9]{2}[-/.]?[0-9]{2}(?:[T ][0-9:.+Z-]{5,30})?"
    r"|[0-9]{1,2}[-/. ](?:[0-9]{1,2}|[A-Za-z]{3,9})[-/. ]([0-9]{4})|([0-9]{4}))\s*",
    re.ASCII,
)


def is_birth_year(value: str) -> bool:
    """Whether a date's year is one in which somebody in the data can have been born."""
    found = _DATE.fullmatch(value)
    year = next((int(g) for g in found.groups() if g), 0) if found else 0
    return _FIRST_YEAR <= year <= _LAST_YEAR


RECOGNISERS = (
    Recogniser(
        kind=Kind.NAME,
        scheme="full-name",
        verification=Verification.REGISTER,
        shape=_FULL,
        valid=has_given_name,
        chance=0.1,
        hints=(*_PERSON, "name", "names", "nombre", "nom", "nome"),
        barred=_THINGS,
        alone=0.25,
        of_all=0.2,
        fewest=8,
    ),
    Recogniser(
        kind=Kind.NAME,
        scheme="given-name",
        verification=Verification.REGISTER,
        shape=re.compile(rf"\s*{_WORD}\s*"),
        valid=has_given_name,
        chance=0.1,
        hints=(*_PERSON, "name", "given", "nombre", "nom", "nome"),
        barred=_THINGS,
        alone=0.45,
        of_all=0.4,
        fewest=12,
    ),
    Recogniser(
        kind=Kind.NAME,
        scheme="name",
        verification=Verification.HEADER,
        shape=_SINGLE,
        valid=is_proper,
        chance=1.0,
        hints=_PERSON,
        barred=_THINGS,
        alone=None,
        of_all=0.7,
    ),
    Recogniser(
        kind=Kind.BIRTH,
        scheme="birth-date",
        verification=Verification.HEADER,
        shape=_DATE,
        valid=is_birth_year,
        chance=1.0,
        hints=_BIRTH,
        denied=("weight", "place", "country", "rate", "count"),
        alone=None,
        of_all=0.5,
    ),
)
