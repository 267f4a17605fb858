"""Personal data inside free text: where it stands, how it was verified, and whether the words before it speak for it."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from redan.measures.personal import email, national, network, payment, telecom
from redan.measures.personal.kinds import Kind
from redan.measures.personal.phone import is_msisdn, is_national, is_number, is_possible

TEXT_LIMIT = 20_000  # characters of one value that are looked at
CONTEXT_REACH = 40  # characters before a number in which a word may say what it is
STRONG = 1e-3  # a hit that is at most this likely by chance counts alone


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


_RUN = re.compile(r"(?<![\w@#+-])(?<![0-9][.,])(?:tel:)?\+?\(?[0-9](?:[ ().\-/]{0,2}[0-9]){6,40}(?![\w@]|[.,][0-9])", re.ASCII)
_ACCOUNT = re.compile(r"\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b")
_LETTERED = re.compile(
    r"\b(?:[0-9]{8}-?[A-Z]|[XYZ]-?[0-9]{7}-?[A-Z]|[A-Z]{6}[0-9A-Z]{10}|[0-9]{6}[-+A][0-9]{3}[0-9A-Z])\b"
)
_MACHINE = re.compile(rf"(?<![\w.:-])(?:(?P<ipv4>{network.IPV4})(?![\w.-]*\d)|(?P<mac>[0-9A-Fa-f]{{2}}(?P<s>[:-])(?:[0-9A-Fa-f]{{2}}(?P=s)){{4}}[0-9A-Fa-f]{{2}})(?![\w:-])|(?P<ipv6>[0-9A-Fa-f]{{1,4}}:[0-9A-Fa-f:]{{4,38}})(?![\w:]))")  # fmt: skip  # noqa: E501
# written in groups, and not a date: after a word such as 'phone' enough, whatever the country
_WRITTEN_NUMBER = re.compile(
    r"(?![12][0-9]{3}[-./ ][0-9]{1,2}[-./ ][0-9]{1,2}\b)(?![0-9]{1,2}[-./ ][0-9]{1,2}[-./ ][12][0-9]{3}\b)"
    r"(?=(?:[^0-9]*[0-9]){8,15}[^0-9]*$)\(?0?[0-9]{1,5}\)?(?:[ ./-]{0,2}[0-9]{2,8}){1,6}"
)
_VERSIONED = re.compile(r"(?:version|release|build|firmware|\bv|ver\.?)\s*$", re.IGNORECASE)
_SPEAKS = re.compile(
    r"\b(?:(?P<imei>imei(?:sv)?|device|handset|equipment|terminal)|(?P<imsi>imsi|supi|subscriber)"
    r"|(?P<iccid>iccid|e?sim|uicc)|(?P<phone>msisdn|(?:tele)?phones?|tel|mobile|cell|fax|call(?:ed|er|back)?|dial(?:led|ed)?"
    r"|whatsapp|sms|text(?:ed)?|ring|reach|contact|telefon[oe]?|handy|mobil|rufnummer|appel(?:er)?|num[eé]ro|n[uú]mero)"
    r"|(?P<ip>ip|ipv4|host|client|login|logged in from|peer|gateway)"
    r"|(?P<card>card|cards|visa|mastercard|amex|credit|debit|pan|maestro)"
    r"|(?P<national>ssn|social security|national id|tax id|personal (?:id|number)|dni|nie|nif|bsn|pesel|cpf|cpr|nhs|nino"
    r"|aadhaar|personnummer|f[oø]dselsnummer|hetu|nir|steuer-?id|idnr|codice fiscale|rijksregister|resident id)"
    r"|(?P<other>orders?|invoice|ticket|case|ref(?:erence)?|tracking|serial|transaction|txn|barcode|ean|gtin|isbn|sku|hash"
    r"|timestamp|epoch|batch|contract|policy|account|customer id|parcel|shipment|article|part|request|trace|session))\b",
    re.IGNORECASE,
)
_SCHEMES = {r.scheme: r for r in national.RECOGNISERS if r.verification.value in {"check digit", "shape"}}
_BY_LETTERS = ("es-dni", "es-nie", "it-codice-fiscale", "fi-hetu")
_IMSI_DIGITS = (14, 15)
_IMEI_DIGITS = 15
_ICCID_DIGITS = (19, 20)
_CARD_DIGITS = range(14, 20)
_SOME_CARD_DIGITS = range(12, 20)
_LONGEST_GROUP = 12  # digits that people write together with more behind a blank, as in +49 1701234567
_FULL_PHONE = 10  # digits of an international number that is surely one, assigned or not
_PHONE_DIGITS = range(7, 16)


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
    if not any(c in text for c in "0123456789"):
        return
    for run in _RUN.finditer(text):
        yield from _numbers(text, run.start(), run.group())
    if text.count(".") >= 3 or text.count(":") >= 3 or text.count("-") >= 5:  # noqa: PLR2004  # cheapest first
        yield from _machines(text)
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
            told = _spoken(text, start) == "ip"
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
            rule = _SCHEMES[scheme]
            if rule.shape.fullmatch(found.group()):
                valid, spoken = rule.valid(found.group()), _spoken(text, found.start()) == "national"
                chance = STRONG if scheme == "it-codice-fiscale" else rule.chance
                yield Span(Kind.NATIONAL_ID, scheme, found.start(), found.end(), chance, spoken, valid)


def _spoken(text: str, start: int) -> str:
    last = ""
    for found in _SPEAKS.finditer(text, max(0, start - CONTEXT_REACH), start):
        last = found.lastgroup or ""
    return last


def _numbers(text: str, start: int, run: str) -> Iterator[Span]:
    spoken = _spoken(text, start)
    parts = run.split(" ")
    joined = len(parts) == 1 or max(map(len, parts)) <= _LONGEST_GROUP
    whole = tuple(_number(start, run, spoken)) if joined else ()
    if any(s.verified for s in whole) or len(parts) == 1:
        yield from whole
        return
    at = start
    for part in parts:  # several numbers in a row
        if len(part) >= _PHONE_DIGITS.start:
            yield from _number(at, part, spoken)
        at += len(part) + 1


def _number(start: int, run: str, spoken: str) -> Iterator[Span]:
    digits = re.sub(r"[^0-9]", "", run)
    n, end = len(digits), start + len(run)
    if run.startswith(("+", "tel:", "00")):
        if n in _PHONE_DIGITS or run.startswith("00"):
            chance = STRONG if digits[:2] != "00" or n < len(run) else 0.25
            plain = run.removeprefix("tel:")
            valid = spoken != "other" and (
                is_number(plain) or (plain[0] == "+" and n >= _FULL_PHONE and is_possible(plain))
            )
            yield Span(Kind.PHONE, "phone", start, end, chance, spoken == "phone", valid)
        return
    if n in _ICCID_DIGITS:
        yield _span(Kind.ICCID, "iccid", start, end, STRONG, spoken, "iccid", telecom.is_iccid(digits))
    if n == _IMEI_DIGITS and spoken != "imsi":
        yield _span(Kind.IMEI, "imei", start, end, 0.1, spoken, "imei", telecom.is_imei(digits))
    if n in _IMSI_DIGITS and "." not in run:
        yield _span(
            Kind.IMSI, "imsi", start, end, 0.06 if n == _IMEI_DIGITS else 0.2, spoken, "imsi", telecom.is_imsi(digits)
        )
    if n in _CARD_DIGITS and "." not in run and (spoken != "card" or payment.is_card(digits)):
        chance = STRONG if re.fullmatch(r"[0-9]{4}([ -])[0-9]{4}\1[0-9]{4}\1[0-9]{4}", run) else 0.1
        yield _span(Kind.CARD, "card", start, end, chance, spoken, "card", payment.is_card(digits))
    elif spoken == "card" and n in _SOME_CARD_DIGITS:
        yield Span(Kind.CARD, "card-unlisted", start, end, 0.11, True, payment.is_numbered(digits))
    yield from _identity(start, run, spoken)
    if n in _PHONE_DIGITS:
        yield from _phone(start, run, digits, spoken)


def _span(kind: Kind, scheme: str, start: int, end: int, chance: float, spoken: str, word: str, valid: bool) -> Span:
    told = spoken == word
    return Span(kind, scheme, start, end, chance, told, valid and (told or spoken == "" or _unlikely(chance, spoken)))


def _unlikely(chance: float, spoken: str) -> bool:
    return chance <= STRONG and spoken != "other"


def _identity(start: int, run: str, spoken: str) -> Iterator[Span]:
    if spoken == "national":
        for rule in _SCHEMES.values():
            if rule.shape.fullmatch(run) and rule.valid(run):
                yield Span(Kind.NATIONAL_ID, rule.scheme, start, start + len(run), rule.chance, spoken=True)
                return
    elif re.fullmatch(r"[0-9]{3}-[0-9]{2}-[0-9]{4}", run):
        valid = spoken == "" and _SCHEMES["us-ssn"].valid(run)
        yield Span(Kind.NATIONAL_ID, "us-ssn", start, start + len(run), 0.5, verified=valid)


def _phone(start: int, run: str, digits: str, spoken: str) -> Iterator[Span]:
    end = start + len(run)
    if spoken == "phone":
        valid = is_msisdn(digits) if run == digits else bool(_WRITTEN_NUMBER.fullmatch(run))
        yield Span(Kind.PHONE, "phone-national", start, end, 0.5, True, valid or is_national(run))
    elif spoken == "" and re.fullmatch(r"\(?[2-9][0-9]{2}\)?[ .-][2-9][0-9]{2}[ .-][0-9]{4}", run):
        yield Span(Kind.PHONE, "phone-us", start, end, 0.5, verified=is_number(run, "US"))
