"""Where a person lives or is: postal addresses and coordinates.

Low confidence by nature: streets are recognised by the words of a dozen languages (for English those of USPS Publication 28,
appendix C1), coordinates by header, range and precision.
"""

import re

from redan.measures.personal.kinds import Kind, Recogniser, Verification

_WORDS = (
    "street|st|str|avenue|ave|av|road|rd|lane|ln|drive|dr|boulevard|blvd|court|ct|way|square|sq|terrace|place|pl|"
    "close|crescent|highway|hwy|parkway|pkwy|circle|cir|trail|loop|route|rue|chemin|impasse|allée|allee|quai|cours|"
    "calle|avenida|avda|paseo|plaza|carrer|camino|ronda|via|viale|piazza|corso|largo|vicolo|contrada|rua|travessa|"
    "estrada|praça|alameda|ul|ulica|aleja|os|utca|út|tér|platz|weg|laan|plein|hof|gate|gata|vei|veien|vej|vägen|"
    "cesta|trg|borgo|strada|contrada|rotonda|canale|acceso|glorieta|cuesta|pasaje|urbanización|vial|rambla|quinta|"
    "sokak|sok|caddesi|cad|mahallesi|mah|bulvarı|marg|nagar|alley|annex|arcade|bend|bluff|branch|bridge|brook|bypass|"
    "canyon|causeway|center|common|corner|cove|creek|crest|crossing|curve|dale|drives|estate|expressway|extension|"
    "falls?|ferry|fields?|flats?|fords?|forest|forges?|forks?|gardens?|gateway|glens?|greens?|groves?|harbors?|haven|heights|"
    "hills?|hollow|inlet|islands?|isle|junctions?|keys?|knolls?|lakes?|landing|loaf|locks?|manors?|meadows?|mews|mills?|"
    "motorway|mount|mountains?|neck|orchard|oval|park|parks|pass|passage|path|pike|pines?|plains?|points?|ports?|prairie|"
    "ramp|ranch|rapids?|ridges?|river|row|run|shoals?|shores?|spurs?|springs?|station|stravenue|stream|streets|summit|"
    "trace|track|turnpike|tunnel|underpass|unions?|valleys?|viaduct|views?|villages?|ville|vista|walks?|wells?|"
    "p\\.?\\s?o\\.?\\s?box|postfach|suite|apt|unit"
)
_ENDINGS = (
    "strasse|straße|str\\.|gasse|weg|platz|allee|ring|damm|ufer|straat|laan|plein|kade|dijk|steeg|singel|gracht|hof|boulevard|plantsoen|gade|vej|vænget|gatan|"
    "gata|vägen|väg|gränd|gate|veien|vei|katu|tie|polku|kuja|braut|vegur|stígur|utca"
)
_STREET = re.compile(rf"\b(?:{_WORDS})\b\.?|\w{{2,40}}(?:{_ENDINGS})(?:\b|(?=\s))", re.IGNORECASE)
_HOUSE = re.compile(r"(?:^|[\s,#])[0-9]{1,5}[A-Za-z]?(?:[\s,/.-]|$)")
_SHAPE = re.compile(r"(?=[^0-9]*[0-9])(?=[\W0-9_]*[^\W\d_])[\w\s.,'’`´#/()&°º:;-]{5,160}")


def is_address(value: str) -> bool:
    """Whether a line has a house number and a word for a street."""
    return bool(_HOUSE.search(value)) and bool(_STREET.search(value))


def _has_house(value: str) -> bool:
    return bool(_HOUSE.search(value)) and value.strip().count(" ") >= 1


def is_precise(value: str) -> bool:
    """Whether a decimal degree is in range and finer than a hundred metres."""
    degrees, _, fraction = value.strip().partition(".")
    return len(fraction.rstrip("0")) >= 3 and abs(int(degrees.lstrip("+-") or 0)) <= 180  # noqa: PLR2004


def is_pair(value: str) -> bool:
    """Whether two decimal degrees are a latitude and a longitude."""
    first, _, second = re.sub(r"[;\s]+", ",", value.strip(" ()")).partition(",")
    return abs(float(first)) <= 90 and abs(float(second.strip(","))) <= 180  # noqa: PLR2004


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
