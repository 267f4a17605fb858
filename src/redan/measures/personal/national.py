"""National identification numbers, verified by the rules that python-stdnum keeps for each country."""

import re
from collections.abc import Callable
from importlib import import_module

from redan.measures.personal.kinds import Kind, Recogniser, Verification

_ANY = ("national id", "nationalid", "personal id", "personal number", "identity number", "id card", "id number",
        "tax id", "taxid", "social security", "citizen id", "resident id")  # fmt: skip

_CHECKED = 0.12  # chance of a single check digit, at most
_FEWEST_DIGITS = 5  # no national scheme has fewer


def _rule(module: str) -> Callable[[str], bool]:
    def valid(value: str) -> bool:
        try:
            return bool(import_module(f"stdnum.{module}").is_valid(value.strip().upper()))
        except (ValueError, TypeError):  # a date part that no calendar has
            return False

    return valid


def is_cn_resident(value: str) -> bool:
    """Whether 18 characters have a birth date and its check digit; county codes retire and are not asked for."""
    from stdnum.cn import ric

    number = value.strip().upper()
    try:
        return bool(ric.get_birth_date(number)) and ric.calc_check_digit(number) == number[-1]
    except ValueError:  # the library's errors are ValueErrors
        return False


def _scheme(
    scheme: str,
    rule: str | Callable[[str], bool],
    shape: str,
    chance: float,
    hints: tuple[str, ...],
    *,
    alone: float | None = 0.8,
) -> Recogniser:
    return Recogniser(
        kind=Kind.NATIONAL_ID,
        scheme=scheme,
        verification=Verification.CHECK_DIGIT if chance <= _CHECKED else Verification.SHAPE,
        shape=re.compile(rf"\s*(?:{shape})\s*", re.ASCII | re.IGNORECASE),
        valid=_rule(rule) if isinstance(rule, str) else rule,
        chance=chance,
        hints=(*hints, *_ANY),
        alone=alone,
    )


def _is_long_enough(value: str) -> bool:
    return sum(c.isdigit() for c in value) >= _FEWEST_DIGITS  # no national scheme has fewer digits


# chance: of random digits (and letters) in that shape; the test simulates each
RECOGNISERS = (
    _scheme("es-dni", "es.dni", r"[0-9]{8}-?[A-Z]", 0.05, ("dni",)),
    _scheme("es-nie", "es.nie", r"[XYZ]-?[0-9]{7}-?[A-Z]", 0.05, ("nie",)),
    _scheme(
        "it-codice-fiscale",
        "it.codicefiscale",
        r"[A-Z]{6}[0-9LMNPQRSTUV]{2}[ABCDEHLMPRST][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]",
        0.05,
        ("codice fiscale", "cf"),
    ),
    _scheme("fi-hetu", "fi.hetu", r"[0-9]{6}[-+ABCDEFYXWVU][0-9]{3}[0-9A-Y]", 0.01, ("hetu",)),
    _scheme("se-personnummer", "se.personnummer", r"(?:[0-9]{2})?[0-9]{6}[-+]?[0-9]{4}", 0.02, ("personnummer", "ssn")),
    _scheme("no-fodselsnummer", "no.fodselsnummer", r"[0-9]{6} ?[0-9]{5}", 0.01, ("fodselsnummer", "fnr")),
    _scheme("dk-cpr", "dk.cpr", r"[0-9]{6}-?[0-9]{4}", 0.05, ("cpr",), alone=0.9),
    _scheme("de-idnr", "de.idnr", r"[0-9]{2} ?[0-9]{3} ?[0-9]{3} ?[0-9]{3}", 0.02, ("idnr", "steuer id", "steuerid")),
    _scheme(
        "fr-nir", "fr.nir", r"[12] ?[0-9]{2} ?[0-9]{2} ?[0-9][0-9AB] ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}", 0.02, ("nir",)
    ),
    _scheme("nl-bsn", "nl.bsn", r"[0-9]{4}\.?[0-9]{2}\.?[0-9]{3}", 0.1, ("bsn", "sofinummer")),
    _scheme("be-nn", "be.nn", r"[0-9]{2}\.?[0-9]{2}\.?[0-9]{2}-?[0-9]{3}\.?[0-9]{2}", 0.02, ("rijksregister", "nn")),
    _scheme("pl-pesel", "pl.pesel", r"[0-9]{11}", 0.05, ("pesel",)),
    _scheme("pt-nif", "pt.nif", r"[1-9][0-9]{2} ?[0-9]{3} ?[0-9]{3}", 0.12, ("nif", "contribuinte")),
    _scheme("gb-nhs", "gb.nhs", r"[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{4}", 0.1, ("nhs", "nhs number")),
    _scheme("br-cpf", "br.cpf", r"[0-9]{3}\.?[0-9]{3}\.?[0-9]{3}-?[0-9]{2}", 0.02, ("cpf",)),
    _scheme("in-aadhaar", "in_.aadhaar", r"[2-9][0-9]{3}[ -]?[0-9]{4}[ -]?[0-9]{4}", 0.11, ("aadhaar", "uidai")),
    _scheme("cn-resident", is_cn_resident, r"[1-9][0-9]{16}[0-9X]", 0.02, ("resident id", "shenfenzheng")),
    # the dashed shape is rare in itself; of its random values nine in ten are issuable
    _scheme("us-ssn", "us.ssn", r"[0-9]{3}-[0-9]{2}-[0-9]{4}", 0.5, ("ssn",), alone=0.95),
    Recogniser(
        kind=Kind.NATIONAL_ID,
        scheme="gb-nino",
        verification=Verification.SHAPE,
        # HMRC manual NIM39110: letters that a prefix never has, prefixes never issued, suffix A to D
        shape=re.compile(
            r"\s*(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]\s*",
            re.ASCII,
        ),
        valid=_is_long_enough,
        chance=0.5,  # the shape alone stands for a chance of one in five for letters as a whole
        hints=("nino", "ni number", "national insurance", *_ANY),
        alone=0.95,
        of_all=0.2,
        fewest=10,
    ),
    Recogniser(
        kind=Kind.NATIONAL_ID,
        scheme="us-ssn-bare",
        verification=Verification.HEADER,
        shape=re.compile(r"\s*[0-8][0-9]{8}\s*", re.ASCII),
        valid=_rule("us.ssn"),
        chance=1.0,
        hints=("ssn", "social security", "tin"),
        alone=None,
        of_all=0.5,
    ),
    Recogniser(
        kind=Kind.NATIONAL_ID,
        scheme="any",
        verification=Verification.HEADER,
        shape=re.compile(r"\s*[0-9A-Z](?:[ ./-]?[0-9A-Z]){6,17}\s*", re.ASCII | re.IGNORECASE),
        valid=_is_long_enough,
        chance=1.0,
        hints=(*_ANY, "ssn", "passport", "passport number", "driving licence", "drivers license"),
        alone=None,
        of_all=0.5,
    ),
)
