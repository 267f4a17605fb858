"""Payment card numbers and bank accounts.

Sources: ISO/IEC 7812 (issuer ranges, lengths, Luhn); ISO 13616 (IBAN: country, length, structure, modulo 97), of which
python-stdnum keeps the register.
"""

import re

from redan.measures.personal.kinds import Kind, Recogniser, Verification
from redan.measures.personal.telecom import bare, luhn

# issuer ranges by network, with the lengths they issue
_ISSUED = re.compile(
    r"4[0-9]{15}(?:[0-9]{3})?"  # Visa
    r"|5[1-5][0-9]{14}|(?:222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}"  # Mastercard
    r"|3[47][0-9]{13}"  # American Express
    r"|(?:6011|64[4-9][0-9]|65[0-9]{2})[0-9]{12}(?:[0-9]{3})?"  # Discover
    r"|35(?:2[89]|[3-8][0-9])[0-9]{12}"  # JCB
    r"|3(?:0[0-5][0-9]|[689][0-9]{2})[0-9]{10}(?:[0-9]{2})?"  # Diners Club
    r"|62[0-9]{14,17}"  # UnionPay
    r"|220[0-4][0-9]{12}"  # Mir
    r"|(?:50|5[678]|60|63|67|81|82)[0-9]{14}",  # Maestro and RuPay
    re.ASCII,
)
_PLACEHOLDER = 1  # different digits, as in 0000 0000 0000 0000


def is_card(value: str) -> bool:
    """Whether digits begin with an issuer's range, have its length, and end in their Luhn digit."""
    digits = bare(value)
    return (
        _ISSUED.fullmatch(digits) is not None and luhn(digits) and len(set(digits)) > _PLACEHOLDER
    )  # 4444... is a placeholder


def is_numbered(value: str) -> bool:
    """Whether 12 to 19 digits end in their Luhn digit, as card numbers of unlisted issuers do too."""
    digits = bare(value)
    return luhn(digits) and len(set(digits)) > _PLACEHOLDER


def is_iban(value: str) -> bool:
    """Whether a value has the length and structure of its country's accounts and the right check digits."""
    from stdnum import iban

    return bool(iban.is_valid(value.strip().upper(), check_country=False))


RECOGNISERS = (
    Recogniser(
        kind=Kind.CARD,
        scheme="card",
        verification=Verification.CHECK_DIGIT,
        shape=re.compile(
            r"\s*(?:[0-9]{14,19}|[0-9]{4}([ -])[0-9]{4}\1[0-9]{4}\1[0-9]{4}|[0-9]{4}([ -])[0-9]{6}\2[0-9]{4,5})\s*",
            re.ASCII,
        ),
        valid=is_card,
        chance=0.1,
        hints=("card", "card number", "credit card", "cc number", "ccnumber", "pan"),
    ),
    Recogniser(
        kind=Kind.CARD,
        scheme="card-unlisted",
        verification=Verification.CHECK_DIGIT,
        shape=re.compile(r"\s*[0-9](?:[ -]?[0-9]){11,18}\s*", re.ASCII),
        valid=is_numbered,
        chance=0.11,
        hints=("card number", "credit card", "debit card", "cc number", "ccnumber", "pan"),
        alone=None,
    ),
    Recogniser(
        kind=Kind.IBAN,
        scheme="iban",
        verification=Verification.CHECK_DIGIT,
        shape=re.compile(r"\s*[A-Za-z]{2}[0-9]{2}(?: ?[A-Za-z0-9]){11,30}\s*", re.ASCII),
        valid=is_iban,
        chance=0.02,
        hints=("iban", "account", "bank account"),
    ),
)
