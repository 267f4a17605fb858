"""Base64 as signatures and proofs carry it; the canonical form is unique, so that a changed character is noticed.

Source: RFC 4648 section 4 (standard) and section 5 (URL-safe); section 3.5 on padding bits.
"""

import base64

from redan.errors import InvalidError

_TO_STANDARD = str.maketrans("-_", "+/")


def encode(data: bytes) -> str:
    """Standard base64 with padding."""
    return base64.b64encode(data).decode("ascii")


def decode(text: str, what: str, *, canonical: bool = True) -> bytes:
    """The bytes behind base64 text.

    Args:
        text: base64 with padding and without white space.
        what: what the text is, named in the error.
        canonical: accept only standard base64 whose padding bits are zero; otherwise URL-safe base64 is read too.

    Raises:
        InvalidError: the text is not base64, or not the canonical one where that is asked for.
    """
    try:
        data = base64.b64decode(text if canonical else text.translate(_TO_STANDARD), validate=True)
    except ValueError as error:
        raise InvalidError(f"{what} is not base64") from error
    if canonical and encode(data) != text:
        raise InvalidError(f"{what} is not canonical base64")
    return data


def decode_either(text: str, what: str) -> bytes:
    """The bytes behind base64 text in either alphabet, as DSSE asks of verifiers; no character can change unnoticed.

    Source: DSSE 1.0.2, envelope.md: standard or URL-safe encoding is allowed and consumers MUST accept either.

    Raises:
        InvalidError: the text is not base64, mixes the alphabets, or its padding bits are not zero.
    """
    standard = text.translate(_TO_STANDARD)
    if standard != text and ("+" in text or "/" in text):
        raise InvalidError(f"{what} mixes two base64 alphabets")
    return decode(standard, what)
