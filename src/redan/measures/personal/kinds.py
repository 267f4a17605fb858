"""What a recogniser is: a shape, a verification, and the chance that a random value of that shape passes it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """Kinds of personal data, as messages name them."""

    EMAIL = "e-mail address"
    PHONE = "phone number"
    IMSI = "IMSI"
    IMEI = "IMEI"
    ICCID = "ICCID"
    CARD = "payment card number"
    IBAN = "IBAN"
    NATIONAL_ID = "national id"
    IP = "IP address"
    MAC = "MAC address"
    NAME = "person name"
    ADDRESS = "postal address"
    BIRTH = "birth date"
    LOCATION = "geo-coordinates"


class Verification(StrEnum):
    """How a value was verified, strongest first."""

    CHECK_DIGIT = "check digit"
    REGISTER = "number register"
    SHAPE = "shape"
    HEADER = "header and shape"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recogniser:
    """One way to recognise one kind of personal data in the values of a column.

    Args:
        kind: what it finds.
        scheme: which variety, such as `es-dni`; the same for no two recognisers.
        verification: what `valid` verifies.
        shape: a candidate matches it as a whole.
        valid: whether a candidate is verified; never raises.
        chance: upper bound of the probability that a random candidate of that shape is valid.
        hints: words of a header that speak for this kind, in lower case; `first name` means those words in a row.
        denied: words of a header that take its evidence back; the content may still speak.
        barred: words of a header that rule the kind out.
        alone: share of the candidates that must be valid when no header speaks for it; None when a header must.
        of_all: share of all values that must be valid, candidates or not.
        fewest: valid values that are needed without a header.
        plain: whether candidates are bare numbers without a check digit, which dated record numbers imitate.
        sparse: whether counters imitate it too, so that without a header its numbers must not lie close together.
    """

    kind: Kind
    scheme: str
    verification: Verification
    shape: re.Pattern[str]
    valid: Callable[[str], bool]
    chance: float
    hints: tuple[str, ...]
    denied: tuple[str, ...] = ()
    barred: tuple[str, ...] = ()
    alone: float | None = 0.8
    of_all: float = 0.01
    fewest: int = 3
    plain: bool = False
    sparse: bool = False


class Span(NamedTuple):
    """A place in a text.

    Args:
        kind: what stands there.
        scheme: which variety.
        start: index of the first character.
        end: index after the last character.
        chance: probability that a random run of the same length passes.
        spoken: whether a word before it says what it is.
        verified: whether it passes; candidates that fail are counted by column decisions.
    """

    kind: Kind
    scheme: str
    start: int
    end: int
    chance: float
    spoken: bool = False
    verified: bool = True
