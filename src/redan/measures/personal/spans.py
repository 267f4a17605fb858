"""Personal data inside free text: where it stands, and how it was verified."""

import re
from collections.abc import Iterator

from redan.measures.personal import email, network, payment
from redan.measures.personal.kinds import Kind, Span
from redan.measures.personal.runs import SCHEMES, STRONG, numbers, spoken

TEXT_LIMIT = 20_000  # characters of one value that are looked at


_ACCOUNT = re.compile(r"\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b")
_LETTERED = re.compile(
    r"\b(?:[0-9]{8}-?[A-Z]|[XYZ]-?[0-9]{7}-?[A-Z]|[A-Z]{6}[0-9A-Z]{10}|[0-9]{6}[-+A][0-9]{3}[0-9A-Z])\b"
)
_DIGIT = re.compile("[0-9]")
_CAPITAL = re.compile("[A-Z]-?[0-9]|[0-9][-+]?[0-9]{0,3}[A-Z]|[0-9][-+][0-9]{3}")  # in every account and lettered id
_DOTS, _DASHES = 3, 5  # an address of a machine has so many dots, colons or dashes; counting is the cheapest test
_MACHINE = re.compile(
    rf"(?<![\w.:-])(?:(?P<ipv4>{network.IPV4})(?![\w.-]*\d)"
    r"|(?P<mac>[0-9A-Fa-f]{2}(?P<s>[:-])(?:[0-9A-Fa-f]{2}(?P=s)){4}[0-9A-Fa-f]{2})(?![\w:-])"
    r"|(?P<ipv6>[0-9A-Fa-f]{1,4}:[0-9A-Fa-f:]{4,38})(?![\w:]))"
)
_VERSIONED = re.compile(r"(?:version|release|build|firmware|\bv|ver\.?)\s*$", re.IGNORECASE)
_BY_LETTERS = ("es-dni", "es-nie", "it-codice-fiscale", "fi-hetu")


def find(text: str) -> list[Span]:
    """The personal data of one text, in order.

    Args:
        text: any text; characters after the first 20,000 are not looked at.

    Returns:
        Verified places that do not overlap; a number that something else announces (`order 4539...`) is left out.
    """
    spans = sorted((s for s in candidates(text) if s.verified), key=lambda s: (s.start, s.chance))
    kept: list[Span] = []
    for span in spans:
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    return kept


def candidates(text: str) -> Iterator[Span]:
    """Every place that has the shape of personal data, verified or not, in no order."""
    text = text[:TEXT_LIMIT]
    if "@" in text:
        yield from _mails(text)
    if not _DIGIT.search(text):
        return
    yield from numbers(text)
    if text.count(".") >= _DOTS or text.count(":") >= _DOTS or text.count("-") >= _DASHES:
        yield from _machines(text)
    if _CAPITAL.search(text):
        for account in _ACCOUNT.finditer(text):
            yield from _account(account.start(), account.group())
        yield from _lettered(text)


def _mails(text: str) -> Iterator[Span]:
    for found in email.IN_TEXT.finditer(text):
        before = text[max(0, found.start() - 80) : found.start()].rpartition(" ")[2]
        if "//" not in before and email.is_email(found.group()):
            yield Span(Kind.EMAIL, "email", found.start(), found.end(), 0.0)


def _machines(text: str) -> Iterator[Span]:
    for found in _MACHINE.finditer(text):
        start, end, value = found.start(), found.end(), found.group()
        if found["ipv4"]:
            versioned = _VERSIONED.search(text[max(0, start - 12) : start])
            told = spoken(text, start) == "ip"
            yield Span(Kind.IP, "ipv4", start, end, 0.01, told, not versioned and network.is_ipv4(value))
        elif found["mac"]:
            yield Span(Kind.MAC, "mac", start, end, STRONG, verified=network.is_mac(value))
        elif network.is_ipv6(value):
            yield Span(Kind.IP, "ipv6", start, end, STRONG)


def _account(start: int, value: str) -> Iterator[Span]:
    while value:  # a word of capitals after the number has the shape of its last group
        if payment.is_iban(value):
            yield Span(Kind.IBAN, "iban", start, start + len(value), STRONG)
            return
        value = value.rpartition(" ")[0]


def _lettered(text: str) -> Iterator[Span]:
    for found in _LETTERED.finditer(text):
        for scheme in _BY_LETTERS:
            rule = SCHEMES[scheme]
            if rule.shape.fullmatch(found.group()):
                valid, told = rule.valid(found.group()), spoken(text, found.start()) == "national"
                chance = STRONG if scheme == "it-codice-fiscale" else rule.chance
                yield Span(Kind.NATIONAL_ID, scheme, found.start(), found.end(), chance, told, valid)
