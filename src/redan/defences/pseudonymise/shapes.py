"""What of a telecom identifier stays, so that its pseudonym is valid, and what is encrypted.

Sources: ITU-T E.212 (IMSI), E.118 (ICCID), E.164 (MSISDN); 3GPP TS 23.003 section 6 (IMEI).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from redan.measures.personal.telecom import (
    is_iccid_prefix,
    is_imei,
    is_imeisv,
    is_imsi,
    luhn,
    network_digits,
    with_luhn,
)

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

Format: TypeAlias = Literal["token", "imsi", "imei", "iccid", "msisdn", "digits", "mask", "text"]
TELECOM: tuple[Format, ...] = ("imsi", "imei", "iccid", "msisdn")
FEWEST_DIGITS = 6  # 10**6 values, the least domain of FF1
_IMEI, _IMEISV, _TAC, _SERIAL = 15, 16, 8, 6
_ICCID = range(18, 21)
_ISSUER = 7  # 89, country and issuer have at most so many digits together (E.118, section 4)
_CHECKED_ICCID = (19, 20)
_PHONE = range(8, 16)
_MARKS = frozenset(" -/().+\t\u00a0")
_LEAST_LEFT = 8  # digits of a national number behind the one that tells the service


@dataclass(frozen=True, slots=True)
class Parts:
    """An identifier in parts.

    Args:
        kept: digits that stay in front; they are the tweak, too.
        body: digits that are encrypted.
        finish: puts the identifier together from kept, new body and what stays behind.
        fits: whether an identifier put together is one; encryption walks on until it is.
        spot: index in the original's digits of the first digit that `finish` writes.
    """

    kept: str
    body: str
    finish: Callable[[str], str]
    fits: Callable[[str], bool]
    spot: int = 0


def parts_of(value: str, form: Format, region: str | None = None) -> Parts | None:
    """An identifier in parts; None when it is none, and must be replaced by a token.

    Args:
        value: as written.
        form: what it should be.
        region: country that a telephone number without country code belongs to.
    """
    digits = "".join(c for c in value if c.isascii() and c.isdigit())
    if any(c not in _MARKS for c in value.strip() if not (c.isascii() and c.isdigit())) and form != "msisdn":
        return _bare_iccid(value, digits) if form == "iccid" else None
    if form == "imsi":
        return _imsi(digits)
    if form == "imei":
        return _imei(digits)
    if form == "iccid":
        return _iccid(digits)
    if form == "msisdn":
        return _msisdn(value, region)
    return Parts("", digits, _as_is, _always) if form == "digits" and len(digits) >= FEWEST_DIGITS else None


def placed(original: str, digits: str, spot: int = 0) -> str:
    """New digits where the original has its digits, so that blanks and dashes stay where they are."""
    left = iter(digits)
    seen = 0
    out = []
    for character in original:
        if not (character.isascii() and character.isdigit()):
            out.append(character)
            continue
        out.append(next(left) if seen >= spot else character)
        seen += 1
    return "".join(out)


def _imsi(digits: str) -> Parts | None:
    if not (len(digits) in (14, 15) and is_imsi(digits)):
        return None
    size = network_digits(digits[:6])
    kept, body = digits[:size], digits[size:]
    return Parts(kept, body, lambda new: kept + new, is_imsi) if len(body) >= FEWEST_DIGITS else None


def _imei(digits: str) -> Parts | None:
    kept, body, rest = digits[:_TAC], digits[_TAC : _TAC + _SERIAL], digits[_TAC + _SERIAL :]
    if len(digits) == _IMEI and is_imei(digits):
        return Parts(kept, body, lambda new: with_luhn(kept + new), is_imei)
    if len(digits) in (_IMEISV, _IMEI - 1) and is_imeisv(digits):
        return Parts(kept, body, lambda new: kept + new + rest, is_imeisv)
    return None


def _iccid(digits: str) -> Parts | None:
    if len(digits) not in _ICCID or not is_iccid_prefix(digits):
        return None
    kept = digits[:_ISSUER]
    if len(digits) in _CHECKED_ICCID and luhn(digits):
        return Parts(kept, digits[_ISSUER:-1], lambda new: with_luhn(kept + new), luhn)
    # a number without check digit must not get one by chance, or it would be taken apart differently on the way back
    unlike: Callable[[str], bool] = _always if len(digits) not in _CHECKED_ICCID else _unchecked
    return Parts(kept, digits[_ISSUER:], lambda new: kept + new, unlike)


def _bare_iccid(value: str, digits: str) -> Parts | None:
    """Some systems pad 19 digits with an F."""
    return _iccid(digits) if value.strip().rstrip("Ff") == digits else None


def _msisdn(value: str, region: str | None) -> Parts | None:
    import phonenumbers

    digits = "".join(c for c in value if c.isascii() and c.isdigit())
    number = _parsed(value.strip(), region)
    if number is None:
        return None
    national = phonenumbers.national_significant_number(number)
    if not digits.endswith(national):
        return None
    kind = phonenumbers.number_type(number)
    keep = 1 if len(national) - 1 >= _LEAST_LEFT else 0  # the first digit mostly tells what a number is for
    body = national[keep:]
    if len(body) < FEWEST_DIGITS:
        return None
    code = number.country_code

    def fits(new: str) -> bool:
        other = phonenumbers.PhoneNumber(country_code=code, national_number=int(new))
        if new.startswith("0"):  # written with its zeros in some countries
            zeros = len(new) - len(new.lstrip("0"))
            other = phonenumbers.PhoneNumber(
                country_code=code, national_number=int(new), italian_leading_zero=True, number_of_leading_zeros=zeros
            )
        return phonenumbers.number_type(other) == kind

    kept = f"{code}:{national[:keep]}:{len(national)}"
    return Parts(kept, body, lambda new: national[:keep] + new, fits, len(digits) - len(national))


def _parsed(text: str, region: str | None) -> "PhoneNumber | None":
    """The number, if its country's numbering plan has it; bare digits are international when they can be."""
    import phonenumbers

    text = text.removeprefix("tel:")[:40]
    tries: list[tuple[str, str | None]] = [("+" + text[2:] if text.startswith("00") else text, region)]
    if text.isdecimal() and len(text) in _PHONE:
        code = str(phonenumbers.country_code_for_region(region)) if region else "?"
        tries.insert(0 if text.startswith(code) else 1, ("+" + text, None))  # 49... at home in Germany is no area code
    for form, home in tries:
        try:
            number = phonenumbers.parse(form, home)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return number
    return None


def _unchecked(digits: str) -> bool:
    return not luhn(digits)


def _as_is(new: str) -> str:
    return new


def _always(_: str) -> bool:
    return True
