"""Identifiers of mobile subscriptions, devices and SIM cards: IMSI, IMEI, IMEISV, ICCID.

Sources: ITU-T E.212 (IMSI), E.118 (ICCID), E.164 (country codes); 3GPP TS 23.003 sections 2 and 6;
GSMA TS.06 (bodies that allocate type codes).
"""

import re
from functools import lru_cache

from redan.measures.personal.kinds import Kind, Recogniser, Verification

# GSMA TS.06: reporting bodies whose type allocation codes are on devices in use
REPORTING_BODIES = frozenset(
    ["01", "30", "33", "35", "44", "45", "49", "50", "51", "52", "53", "54", "86", "91", "97", "98", "99"]
)
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def luhn(digits: str) -> bool:
    """Whether a string of ASCII digits ends in its Luhn check digit.

    Source: ISO/IEC 7812-1 annex B.
    """
    odd = sum(map(int, digits[-1::-2]))
    return (odd + sum(_DOUBLED[int(d)] for d in digits[-2::-2])) % 10 == 0


def bare(value: str) -> str:
    """The value without the blanks and dashes that people put between digits."""
    return value.replace(" ", "").replace("-", "").strip()


@lru_cache(maxsize=4096)
def _operated(prefix: str) -> bool:
    from stdnum import numdb

    parts = numdb.get("imsi").info(prefix)
    return len(parts) > 1 and "operator" in parts[1][1]


def is_imsi(value: str) -> bool:
    """Whether 14 or 15 digits begin with a country and network code that are assigned to an operator."""
    return _operated(bare(value)[:6])


def is_imei(value: str) -> bool:
    """Whether 15 digits begin with a reporting body and end in their Luhn digit."""
    digits = bare(value).replace("/", "")
    return digits[:2] in REPORTING_BODIES and luhn(digits)


def is_imeisv(value: str) -> bool:
    """Whether 16 digits begin with a reporting body; an IMEISV has no check digit."""
    return bare(value).replace("/", "")[:2] in REPORTING_BODIES


@lru_cache(maxsize=256)
def _called(code: str) -> bool:
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    return any(int(code[:n]) in COUNTRY_CODE_TO_REGION_CODE for n in (1, 2, 3))


def is_iccid(value: str) -> bool:
    """Whether 19 or 20 digits are a telecom card of a country that exists, and end in their Luhn digit."""
    digits = bare(value)
    return digits[:2] == "89" and _called(digits[2:5]) and luhn(digits)


def is_iccid_prefix(value: str) -> bool:
    """Whether 18 to 20 digits begin like a telecom card; operators also keep the number without its check digit."""
    digits = bare(value).rstrip("Ff")
    return digits[:2] == "89" and _called(digits[2:5])


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
