"""Identifiers of mobile subscriptions, devices and SIM cards: IMSI, IMEI, IMEISV, ICCID.

Sources: ITU-T E.212 (IMSI), E.118 (ICCID), E.164 (country codes); 3GPP TS 23.003 sections 2 and 6;
GSMA TS.06 (bodies that allocate type codes).
"""

import re
from functools import cache

from redan.measures.personal.kinds import Kind, Recogniser, Verification

# GSMA TS.06: reporting bodies whose type allocation codes are on devices in use
REPORTING_BODIES = frozenset(
    ["01", "30", "33", "35", "44", "45", "49", "50", "51", "52", "53", "54", "86", "91", "97", "98", "99"]
)
_DOUBLED = str.maketrans("0123456789", "0246813579")


def luhn(digits: str) -> bool:
    """Whether a string of ASCII digits ends in its Luhn check digit.

    Source: ISO/IEC 7812-1 annex B.
    """
    return _luhn_sum(digits) % 10 == 0


def with_luhn(stem: str) -> str:
    """ASCII digits with their Luhn check digit behind them."""
    return f"{stem}{-_luhn_sum(stem + '0') % 10}"


def _luhn_sum(digits: str) -> int:
    return sum(map(int, digits[-1::-2] + digits[-2::-2].translate(_DOUBLED)))


def bare(value: str) -> str:
    """The value without the blanks and dashes that people put between digits."""
    return value.replace(" ", "").replace("-", "").strip()


@cache
def _operators() -> frozenset[str]:
    from stdnum import numdb

    return frozenset(
        f"{country}{network:0{length}}"
        for _, country, _, _, networks in numdb.get("imsi").prefixes
        for length, first, last, about, _ in networks
        if "operator" in about
        for network in range(int(first), int(last) + 1)
    )


def is_imsi(value: str) -> bool:
    """Whether 14 or 15 digits begin with a country and network code that are assigned to an operator."""
    digits = bare(value)
    return digits[:5] in _operators() or digits[:6] in _operators()


@cache
def network_digits(start: str) -> int:
    """How many digits of an IMSI name its country and network.

    Args:
        start: the first six digits of an IMSI, so that a million are asked for at most.
    """
    from stdnum import numdb

    parts = numdb.get("imsi").split(start + "0" * 9)
    return sum(map(len, parts[:2]))


def is_imei(value: str) -> bool:
    """Whether 15 digits begin with a reporting body and end in their Luhn digit."""
    digits = bare(value).replace("/", "")
    return digits[:2] in REPORTING_BODIES and luhn(digits)


def is_imeisv(value: str) -> bool:
    """Whether 16 digits begin with a reporting body; an IMEISV has no check digit."""
    return bare(value).replace("/", "")[:2] in REPORTING_BODIES


@cache
def _countries() -> frozenset[str]:
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    return frozenset(map(str, COUNTRY_CODE_TO_REGION_CODE))


def has_country(digits: str) -> bool:
    """Whether digits begin with a country code of telephony."""
    return not _countries().isdisjoint((digits[:1], digits[:2], digits[:3]))


def is_iccid(value: str) -> bool:
    """Whether 19 or 20 digits are a telecom card of a country that exists, and end in their Luhn digit."""
    digits = bare(value)
    return digits[:2] == "89" and has_country(digits[2:5].lstrip("0")) and luhn(digits)


def is_iccid_prefix(value: str) -> bool:
    """Whether 18 to 20 digits begin like a telecom card; operators also keep the number without its check digit."""
    digits = bare(value).rstrip("Ff")
    return digits[:2] == "89" and has_country(digits[2:5].lstrip("0"))


_IMEI = ("imei", "tac", "device id", "device", "handset", "equipment", "terminal")
_ICCID = ("iccid", "sim", "sim id", "sim number", "sim card", "uicc", "euicc")

RECOGNISERS = (
    Recogniser(
        kind=Kind.IMEI,
        scheme="imei",
        verification=Verification.CHECK_DIGIT,
        shape=re.compile(r"\s*[0-9]{2}[ -]?[0-9]{6}[ -]?[0-9]{6}[ -]?[0-9]\s*", re.ASCII),
        valid=is_imei,
        chance=0.1,
        hints=_IMEI,
    ),
    Recogniser(
        kind=Kind.ICCID,
        scheme="iccid",
        verification=Verification.CHECK_DIGIT,
        shape=re.compile(r"\s*[0-9](?:[ -]?[0-9]){18,19}\s*", re.ASCII),
        valid=is_iccid,
        chance=0.01,
        hints=_ICCID,
    ),
    Recogniser(
        kind=Kind.ICCID,
        scheme="iccid-bare",
        verification=Verification.REGISTER,
        shape=re.compile(r"\s*[0-9](?:[ -]?[0-9]){17,19}[Ff]?\s*", re.ASCII),
        valid=is_iccid_prefix,
        chance=0.02,
        hints=_ICCID,
        alone=0.95,
        fewest=8,
    ),
    Recogniser(
        kind=Kind.IMSI,
        scheme="imsi",
        verification=Verification.REGISTER,
        shape=re.compile(r"\s*[0-9]{3}[ -]?[0-9]{2,3}[ -]?[0-9]{8,10}\s*", re.ASCII),
        valid=is_imsi,
        chance=0.06,
        hints=("imsi", "subscriber", "subscriber id", "supi"),
        plain=True,
    ),
    Recogniser(
        kind=Kind.IMEI,
        scheme="imeisv",
        verification=Verification.REGISTER,
        shape=re.compile(r"\s*[0-9]{8}[ -]?[0-9]{6}[ -]?[0-9]{2}\s*", re.ASCII),
        valid=is_imeisv,
        chance=0.25,
        hints=(*_IMEI, "imeisv"),
        alone=0.97,
        fewest=20,
        of_all=0.5,
        plain=True,
    ),
)
