"""Runs of digits in free text: what each may be, by its length, its check digit and the words before it."""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from redan.measures.personal import national, payment, telecom
from redan.measures.personal.kinds import Kind, Recogniser, Span
from redan.measures.personal.phone import is_national, is_number

CONTEXT_REACH = 40  # characters before a number in which a word may say what it is
STRONG = 1e-3  # a hit that is at most this likely by chance counts alone
_RUN = re.compile(
    r"(?<![\w@#+-])(?<![0-9][.,])((?:tel:)?\+?\(?[0-9](?:[ ().\-/]{0,2}[0-9]){6,40})(?: ?(?:x|ext\.?) ?[0-9]{1,6})?"
    r"(?![\w@]|[.,][0-9])",
    re.ASCII,
)
# what people write behind a number: `(IMEI)`, ` mobile`, `-Office`, ` was the SIM`
_BEHIND = re.compile(r"[- ,(:]{1,3}(?:(?:is|was|as|being) )?(?:(?:the|my|his|her|its|your|our|an?) )?([^\W\d_]{2,12})")
_DAY = re.compile(r"(?:19|20)[0-9]{2}([-./])(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12][0-9]|3[01])(?![0-9])")
_DAY_FIRST = re.compile(r"20[0-4][0-9](?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])")
# written in groups, and not a date: after a word such as 'phone' enough, whatever the country
_WRITTEN_NUMBER = re.compile(
    r"(?![12][0-9]{3}[-./ ][0-9]{1,2}[-./ ][0-9]{1,2}\b)(?![0-9]{1,2}[-./ ][0-9]{1,2}[-./ ][12][0-9]{3}\b)"
    r"(?=(?:[^0-9]*[0-9]){8,15}[^0-9]*$)\(?0?[0-9]{1,5}\)?(?:[ ./-]{0,2}[0-9]{2,8}){1,6}"
)
_TELLING: Mapping[str, str] = {
    word.replace("_", " "): says
    for says, words in {
        "imei": "imei imeisv device handset equipment terminal",
        "imsi": "imsi supi subscriber",
        "iccid": "iccid sim esim uicc euicc",
        "phone": "msisdn phone phones telephone telephones tel mobile cell fax call called caller callback dial "
        "dialled dialed whatsapp sms text texted ring reach reached contact telefon telefone telefono handy mobil "
        "appel appeler numéro número message messages messaged answering voicemail landline hotline desk office "
        "registered smartphone switchboard",
        "ip": "ip ipv4 host client login peer gateway",
        "card": "card cards visa mastercard amex credit debit pan maestro",
        "national": "ssn social_security national_id tax_id personal_id personal_number dni nie nif bsn pesel cpf "
        "cpr nhs nino aadhaar personnummer fødselsnummer fodselsnummer hetu nir steuer-id steuerid idnr codice_fiscale "
        "rijksregister resident_id",
        "other": "order orders invoice ticket case ref reference tracking serial transaction txn barcode ean gtin isbn "
        "sku hash timestamp epoch batch contract policy account customer_id parcel shipment article part request trace "
        "session",
    }.items()
    for word in words.split()
}
_OTHER = "other"
_WORDS = re.compile(r"[^\W_]+(?:-id)?")
SCHEMES = {r.scheme: r for r in national.RECOGNISERS if r.verification.value in {"check digit", "shape"}}
_IMSI_DIGITS = (14, 15)
_IMEI_DIGITS = 15
_UNCHECKED_IMEI_DIGITS = (14, 16)  # without its check digit, and with a software version instead
_ICCID_DIGITS = (19, 20)
_CARD_DIGITS = range(14, 20)
_SOME_CARD_DIGITS = range(12, 20)
_MARKS = str.maketrans("", "", " ().+-/:tel")
_LONGEST_GROUP = 12  # digits that people write together with more behind a blank, as in +49 1701234567
_FULL_PHONE = 10  # digits of an international number that is surely one, assigned or not
_PHONE_DIGITS = range(7, 16)
_GROUPED_CARD = re.compile(r"[0-9]{4}([ -])[0-9]{4}\1[0-9]{4}\1[0-9]{4}")
_DECIMAL = re.compile(r"[0-9]+[.][0-9]+")
_TRUNK = re.compile(r"0[1-9][0-9]{7,10}")  # a national number with its trunk prefix, written without separators
_NEW_BODIES = frozenset({"01", "35", "86", "99"})  # allocate today; the others' prefixes are those of countries, too
_DASHED = re.compile(r"[0-9]{3}-[0-9]{2}-[0-9]{4}")
_AMERICAN = re.compile(r"\(?[2-9][0-9]{2}\)?[ .-][2-9][0-9]{2}[ .-][0-9]{4}")


class _Run(NamedTuple):
    start: int
    text: str
    digits: str
    spoken: str

    def span(self, kind: Kind, scheme: str, chance: float, *, valid: bool) -> Span:
        """The run as a place of one kind; a number that something else announces is none, unless that cannot be so."""
        told = self.spoken == _WORD.get(kind)
        fits = told or not self.spoken or (self.spoken != _OTHER and (chance <= STRONG or self.misspoken))
        return Span(kind, scheme, self.start, self.start + len(self.text), chance, told, valid and fits)

    @property
    def misspoken(self) -> bool:
        """Whether 14 or 15 digits cannot be what the words before them say: no card, no national id, no telephone."""
        if len(self.digits) not in _IMSI_DIGITS:
            return False
        if self.spoken == "card":
            return not payment.is_card(self.digits)
        if self.spoken == "phone":
            return not is_number("+" + self.digits)
        return self.spoken != "national" or not any(_national(self))


_WORD = {
    Kind.ICCID: "iccid",
    Kind.IMEI: "imei",
    Kind.IMSI: "imsi",
    Kind.CARD: "card",
    Kind.PHONE: "phone",
    Kind.NATIONAL_ID: "national",
}


def numbers(text: str) -> Iterator[Span]:
    """Every run of digits of a text as what it may be, verified or not."""
    line = 0
    for found in _RUN.finditer(text):
        told = spoken(text, found.start(), line) or _behind(text, found.end())
        line = text.find("\n", found.end())  # a word before the next number, unless it speaks of this one
        extended = found.end() > found.end(1)
        if not extended:
            yield from _numbers(found.start(), found[1], told)
        elif told in {"", "phone"}:
            yield from _extended(found.start(), found.group(), found[1], told)


def spoken(text: str, start: int, after: int = 0) -> str:
    """What the nearest telling word before a place says: `imei`, `phone`, `other` ...; empty when there is none.

    Args:
        text: the whole text.
        start: of the place.
        after: where the search ends; -1 and places behind `start` are none.
    """
    words = _WORDS.findall(text[max(0, start - CONTEXT_REACH, after if after < start else 0) : start].lower())
    for at in range(len(words) - 1, -1, -1):
        says = _TELLING.get(words[at]) or _TELLING.get(f"{words[at - 1]} {words[at]}" if at else "")
        if says:
            return says
    return ""


def _behind(text: str, end: int) -> str:
    found = _BEHIND.match(text, end, end + CONTEXT_REACH)
    return _TELLING.get(found[1].lower(), "") if found else ""


def _extended(start: int, whole: str, main: str, told: str) -> Iterator[Span]:
    """A telephone number with an extension is nothing else."""
    for span in _number(_run(start, main, told)):
        if span.kind is Kind.PHONE:
            yield span._replace(end=start + len(whole))


def _numbers(start: int, run: str, told: str) -> Iterator[Span]:
    parts = run.split(" ")
    joined = len(parts) == 1 or max(map(len, parts)) <= _LONGEST_GROUP
    whole = tuple(_number(_run(start, run, told))) if joined else ()
    if any(s.verified for s in whole) or len(parts) == 1:
        yield from whole
        return
    at = start
    for part in parts:  # several numbers in a row
        if len(part) >= _PHONE_DIGITS.start:
            yield from _number(_run(at, part, told))
        at += len(part) + 1


def _run(start: int, text: str, told: str) -> _Run:
    return _Run(start, text, text if text.isdecimal() else text.translate(_MARKS), told)


def _number(run: _Run) -> Iterator[Span]:
    n = len(run.digits)
    if run.text.startswith(("+", "tel:", "00")):
        if n in _PHONE_DIGITS or run.text.startswith("00"):
            yield _international(run)
        return
    if run.spoken == _OTHER:
        return
    if n in _ICCID_DIGITS:
        yield run.span(Kind.ICCID, "iccid", STRONG, valid=telecom.is_iccid(run.digits))
    if "." not in run.text:
        yield from _solid(run)
    yield from _identity(run)
    if n in _PHONE_DIGITS:
        yield from _phone(run)


def _international(run: _Run) -> Span:
    plain = run.text.removeprefix("tel:")
    grouped = len(run.digits) < len(run.text)
    known = telecom.has_country(run.digits) if plain[0] == "+" and len(run.digits) >= _FULL_PHONE else is_number(plain)
    known = known or (run.spoken == "phone" and _WRITTEN_NUMBER.fullmatch(plain.lstrip("+")) is not None)
    return run.span(Kind.PHONE, "phone", STRONG if grouped else 0.25, valid=known)


def _solid(run: _Run) -> Iterator[Span]:
    n = len(run.digits)
    device = n == _IMEI_DIGITS and run.spoken != "imsi" and telecom.is_imei(run.digits)
    if n == _IMEI_DIGITS and run.spoken != "imsi":
        yield run.span(Kind.IMEI, "imei", 0.02 if run.digits[:2] in _NEW_BODIES else 0.07, valid=device)
    elif run.spoken == "imei" and n in _UNCHECKED_IMEI_DIGITS:
        yield run.span(Kind.IMEI, "imeisv", 0.25, valid=telecom.is_imeisv(run.digits))
    if n in _IMSI_DIGITS:
        chance = 0.06 if n == _IMEI_DIGITS else 0.2
        dated = not run.spoken and _DAY_FIRST.match(run.digits)  # 202 is a year's beginning and Greece
        yield run.span(Kind.IMSI, "imsi", chance, valid=not dated and telecom.is_imsi(run.digits))
    listed = n in _CARD_DIGITS and payment.is_card(run.digits)
    if run.spoken == "card" and n in _SOME_CARD_DIGITS and not listed and not device:
        yield run.span(Kind.CARD, "card-unlisted", 0.11, valid=payment.is_numbered(run.digits))
    elif n in _CARD_DIGITS:
        yield run.span(Kind.CARD, "card", STRONG if _GROUPED_CARD.fullmatch(run.text) else 0.04, valid=listed)


def _identity(run: _Run) -> Iterator[Span]:
    if run.spoken == "national":
        if rule := next(_national(run), None):
            yield run.span(Kind.NATIONAL_ID, rule.scheme, rule.chance, valid=True)
    elif _DASHED.fullmatch(run.text):
        yield run.span(Kind.NATIONAL_ID, "us-ssn", 0.5, valid=SCHEMES["us-ssn"].valid(run.text))


def _national(run: _Run) -> Iterator[Recogniser]:
    return (r for r in SCHEMES.values() if r.shape.fullmatch(run.text) and r.valid(run.text))


def _phone(run: _Run) -> Iterator[Span]:
    if _DAY.match(run.text):
        return
    if run.spoken == "phone":
        full = (len(run.digits) >= _FULL_PHONE and telecom.has_country(run.digits)) or _TRUNK.fullmatch(run.text)
        written = _WRITTEN_NUMBER.fullmatch(run.text) is not None
        fits = (bool(full) if run.text == run.digits else written) or is_national(run.text)
        yield run.span(Kind.PHONE, "phone-national", 0.5, valid=fits and not _DECIMAL.fullmatch(run.text))
    elif not run.spoken and _AMERICAN.fullmatch(run.text):
        yield run.span(Kind.PHONE, "phone-us", 0.5, valid=is_number(run.text, "US"))
