"""Telephone numbers: international, bare MSISDN, and written the way a country writes them.

Sources: ITU-T E.164 and E.123; numbering plans as the phonenumbers library keeps them.
"""

import re
from functools import partial

from redan.measures.personal.kinds import Kind, Recogniser, Verification

# where a number without a country code is tried: the numbering plans of most people on line
REGIONS = ("US", "GB", "DE", "FR", "ES", "IT", "NL", "SE", "PL", "BR", "MX", "IN", "CN", "JP", "AU", "ZA", "NG", "TR")
_HINTS = ("phone", "phone number", "telephone", "tel", "mobile", "cell", "cell phone", "fax", "msisdn", "caller",
          "callee", "calling number", "called number", "a number", "b number", "handy", "telefon", "telefono",
          "telefone", "movil", "celular", "portable", "whatsapp", "gsm", "contact number")  # fmt: skip
_DENIED = ("usage", "bytes", "minutes", "duration", "charge", "charges", "amount", "calls", "rate", "score", "model",
           "brand", "service", "plan", "type", "count", "total", "avg", "mean", "sum", "revenue", "cost", "price",
           "timestamp", "time", "date", "id")  # fmt: skip
_DATES = r"(?!\s*[0-9]{4}[-/. ][0-9]{1,2}[-/. ][0-9]{1,2})(?!\s*[0-9]{1,2}[-/. ][0-9]{1,2}[-/. ][0-9]{2,4}\s*$)"
# an IP address, a social security number (3-2-4) and a price (1,234.50) are written with separators too
_NOT_OTHERS = (
    r"(?!\s*[0-9]{1,3}(?:[.][0-9]{1,3}){3}\s*$)"
    r"(?!\s*[0-9]{3}-[0-9]{2}-[0-9]{4}\s*$)(?!\s*[0-9.]*[.][0-9]{1,2}\s*$)(?!\s*[0-9]+[.][0-9]+\s*$)"
)
_WRITTEN = re.compile(
    rf"{_DATES}{_NOT_OTHERS}\s*(?=(?:[^0-9]*[0-9]){{7,12}}[^0-9]*$)(?=.*[0-9)][ ./-])"
    r"\(?[0-9][0-9()]*(?:[ ./-]{1,3}[0-9()]+){1,6}(?: ?(?:x|ext\.?) ?[0-9]{1,6})?\s*$",
    re.ASCII,
)


def is_number(value: str, region: str | None = None) -> bool:
    """Whether the numbering plan of its country, or of `region`, has the number.

    Args:
        value: as written; international form begins with `+` or `00`.
        region: ISO 3166-1 code to read a national form with; None for international forms only.
    """
    import phonenumbers

    text = value.strip()[:40]
    text = "+" + text[2:] if text.startswith("00") and region is None else text
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(text, region))
    except phonenumbers.NumberParseException:
        return False


def is_possible(value: str) -> bool:
    """Whether an international form has a country that exists and a length that the country uses."""
    import phonenumbers

    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(value.strip().removeprefix("tel:")[:40]))
    except phonenumbers.NumberParseException:
        return False


def is_msisdn(value: str) -> bool:
    """Whether bare digits are an international number once a `+` stands before them."""
    return is_number("+" + value.strip())


def is_national(value: str) -> bool:
    """Whether any of the tried countries has the number; weak, since most long numbers pass somewhere."""
    return any(is_number(value, region) for region in REGIONS)


def _always(_: str) -> bool:
    return True


def _written(region: str) -> Recogniser:
    return Recogniser(
        kind=Kind.PHONE,
        scheme=f"phone-{region.lower()}",
        verification=Verification.REGISTER,
        shape=_WRITTEN,
        valid=partial(is_number, region=region),
        chance=0.65,
        hints=(),
        alone=0.9,
        of_all=0.2,
        fewest=20,
    )


RECOGNISERS = (
    Recogniser(
        kind=Kind.PHONE,
        scheme="phone",
        verification=Verification.REGISTER,
        shape=re.compile(r"\s*(?:tel:)?(?:\+|00)[1-9][0-9 ().\-/]{6,24}(?: ?(?:x|ext\.?) ?[0-9]{1,6})?\s*", re.ASCII),
        valid=is_number,
        chance=0.25,
        hints=_HINTS,
        alone=0.7,
    ),
    Recogniser(
        kind=Kind.PHONE,
        scheme="msisdn",
        verification=Verification.REGISTER,
        shape=re.compile(r"\s*[1-9][0-9]{9,14}\s*", re.ASCII),
        valid=is_msisdn,
        chance=0.3,
        hints=_HINTS,
        denied=_DENIED,
        alone=0.95,
        of_all=0.5,
        fewest=20,
        plain=True,
        sparse=True,
    ),
    Recogniser(
        kind=Kind.PHONE,
        scheme="phone-possible",
        verification=Verification.SHAPE,
        shape=re.compile(r"\s*(?:tel:)?\+[1-9][0-9 ().\-/]{7,24}\s*", re.ASCII),
        valid=is_possible,
        chance=0.6,
        hints=_HINTS,
        alone=0.9,
        of_all=0.3,
        fewest=20,
    ),
    *(_written(region) for region in REGIONS),
    Recogniser(
        kind=Kind.PHONE,
        scheme="phone-national",
        verification=Verification.REGISTER,
        shape=re.compile(r"\s*\(?0?[0-9][0-9 ().\-/]{6,20}\s*", re.ASCII),
        valid=is_national,
        chance=1.0,
        hints=_HINTS,
        denied=_DENIED,
        alone=None,
        of_all=0.3,
    ),
    Recogniser(
        kind=Kind.PHONE,
        scheme="phone-written",
        verification=Verification.HEADER,
        shape=re.compile(r"\s*\+?\(?[0-9][0-9 ().\-/]{5,22}(?: ?(?:x|ext\.?) ?[0-9]{1,6})?\s*", re.ASCII),
        valid=_always,
        chance=1.0,
        hints=_HINTS,
        denied=_DENIED,
        alone=None,
        of_all=0.7,
    ),
)
