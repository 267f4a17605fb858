"""Where a person lives or is: postal addresses and coordinates.

Low confidence: streets are recognised by the words of a dozen languages (for English those of USPS Publication
28, appendix C1), coordinates by header, range and precision.
"""

import re
from functools import cache
from importlib.resources import files

from redan.measures.personal.kinds import Kind, Recogniser, Verification

_ENDINGS = (
    "allee", "boulevard", "braut", "damm", "dijk", "gade", "gasse", "gata",
    "gatan", "gate", "gracht", "gränd", "hof", "kade", "katu", "kuja",
    "laan", "plantsoen", "platz", "plein", "polku", "ring", "singel", "steeg",
    "str", "straat", "strasse", "straße", "stígur", "tie", "ufer", "utca",
    "vegur", "vei", "veien", "vej", "väg", "vägen", "vænget", "weg",
)  # fmt: skip
_BOX = re.compile(r"\bp\.?\s?o\.?\s?box\b|\bpostfach\b", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+")
_ENDED = 5  # letters; a shorter word is an ending alone, such as 'weg'
_LATITUDE, _LONGITUDE = 90, 180
_FINE = 3  # decimals of a degree: about a hundred metres
_HOUSE = re.compile(r"(?:^|[\s,#])[0-9]{1,5}[A-Za-z]?(?:[\s,/.-]|$)")
_SHAPE = re.compile(r"(?=[^0-9]*[0-9])(?=[\W0-9_]*[^\W\d_])[\w\s.,'’`´#/()&°º:;-]{5,160}")


@cache
def street_words() -> frozenset[str]:
    """Words for streets and houses in lower case, from a dozen languages."""
    return frozenset(files(__package__).joinpath("street_words.txt").read_text(encoding="utf-8").split())


def is_address(value: str) -> bool:
    """Whether a line has a house number and a word for a street."""
    if not _HOUSE.search(value):
        return False
    words = _WORD.findall(value.lower())
    return (
        any(w in street_words() or (len(w) > _ENDED and w.endswith(_ENDINGS)) for w in words)
        or _BOX.search(value) is not None
    )


def _has_house(value: str) -> bool:
    return bool(_HOUSE.search(value)) and value.strip().count(" ") >= 1


def is_precise(value: str) -> bool:
    """Whether a decimal degree is in range and finer than a hundred metres."""
    degrees, _, fraction = value.strip().partition(".")
    return len(fraction.rstrip("0")) >= _FINE and abs(int(degrees.lstrip("+-") or 0)) <= _LONGITUDE


def is_pair(value: str) -> bool:
    """Whether two decimal degrees are a latitude and a longitude."""
    first, _, second = re.sub(r"[;\s]+", ",", value.strip(" ()")).partition(",")
    return abs(float(first)) <= _LATITUDE and abs(float(second.strip(","))) <= _LONGITUDE


_GEO = ("lat", "latitude", "lon", "lng", "long", "longitude", "gps", "geo", "location", "coordinates", "position")

RECOGNISERS = (
    Recogniser(
        kind=Kind.ADDRESS,
        scheme="street",
        verification=Verification.SHAPE,
        shape=_SHAPE,
        valid=is_address,
        chance=0.1,
        hints=("address", "addr", "street", "adresse", "strasse", "indirizzo", "direccion", "endereco", "adres"),
        barred=("mail", "email", "ip", "mac", "url", "web"),
        alone=0.6,
        of_all=0.4,
        fewest=8,
    ),
    Recogniser(
        kind=Kind.ADDRESS,
        scheme="address",
        verification=Verification.HEADER,
        shape=_SHAPE,
        valid=_has_house,
        chance=1.0,
        hints=("address", "addr", "street", "street address", "home address", "adresse", "indirizzo", "direccion"),
        barred=("mail", "email", "ip", "mac", "url", "web"),
        alone=None,
        of_all=0.5,
    ),
    Recogniser(
        kind=Kind.LOCATION,
        scheme="degrees",
        verification=Verification.HEADER,
        shape=re.compile(r"\s*[+-]?[0-9]{1,3}\.[0-9]{3,18}\s*", re.ASCII),
        valid=is_precise,
        chance=1.0,
        hints=_GEO,
        alone=None,
        of_all=0.5,
    ),
    Recogniser(
        kind=Kind.LOCATION,
        scheme="pair",
        verification=Verification.SHAPE,
        shape=re.compile(r"\s*\(?[+-]?[0-9]{1,2}\.[0-9]{3,18}\s*[,; ]\s*[+-]?[0-9]{1,3}\.[0-9]{3,18}\)?\s*", re.ASCII),
        valid=is_pair,
        chance=0.5,
        hints=_GEO,
        alone=0.95,
        of_all=0.5,
        fewest=10,
    ),
)
