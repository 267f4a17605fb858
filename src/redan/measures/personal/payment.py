"""Payment card numbers and bank accounts.

Sources: ISO/IEC 7812 (issuer ranges, lengths, Luhn); ISO 13616 (IBAN: country, length, structure, modulo 97), of which
python-stdnum keeps the register.
"""

import re

from redan.measures.personal.kinds import Kind, Recogniser, Verification
from redan.measures.personal.telecom import bare, luhn

# issuer ranges by network: (first, last, lengths); first and last have the same number of digits
_ISSUERS = (
    ("4", "4", (16, 19)),  # Visa
    ("51", "55", (16,)),  # Mastercard
    ("2221", "2720", (16,)),
    ("34", "34", (15,)),  # American Express
    ("37", "37", (15,)),
    ("6011", "6011", (16, 19)),  # Discover
    ("644", "659", (16, 19)),
    ("3528", "3589", (16,)),  # JCB
    ("300", "305", (14,)),  # Diners Club
    ("36", "36", (14, 16)),
    ("38", "39", (14, 16)),
    ("62", "62", (16, 17, 18, 19)),  # UnionPay
    ("2200", "2204", (16,)),  # Mir
    ("50", "50", (16,)),  # Maestro and RuPay
    ("56", "58", (16,)),
    ("60", "60", (16,)),
    ("63", "63", (16,)),
    ("67", "67", (16,)),
    ("81", "82", (16,)),
)

_PLACEHOLDER = 1  # different digits, as in 0000 0000 0000 0000


def is_card(value: str) -> bool:
    """Whether digits begin with an issuer's range, have its length, and end in their Luhn digit."""
    digits = bare(value)
    fits = any(low <= digits[: len(low)] <= high and len(digits) in lengths for low, high, lengths in _ISSUERS)
    return fits and luhn(digits) and len(set(digits)) > _PLACEHOLDER  # 4444... is a placeholder


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
