"""Planted personal data, missing bases and expired retentions, each with its repaired twin, and numbers that only look personal."""

import datetime as dt
import random
from collections.abc import Callable

from redan.controls.contract import Vector
from redan.measures.personal.telecom import luhn
from redan.terms import Outcome

_DECLARED = "A-MLSG-002-D001/personal-data-is-declared"
_PURPOSE = "A-MLSG-002-D001/purpose-and-basis-are-declared"
_RETENTION = "A-MLSG-002-D001/retention-is-kept"
_WITHIN = "A-MLSG-002-D001/use-stays-within-purpose"
_ROWS = 120
_UNSEEN = "An undeclared identifier is in every copy of the data and under no protection."
_NOISE = "A check that cries wolf over order numbers is switched off, and then finds nothing."
_DUTY = "Data without purpose, basis or end of retention is unlawful to train on."
_STATED = 'purpose = "predict churn"\nlawful_basis = "contract"\n'
_OTHER = "Data that was given for one purpose must not be used for another one."
_TALK = (
    "line cut twice after rain",
    "asked for a cheaper plan",
    "router restarted and stays red",
    "moves house soon",
)


def vectors() -> tuple[Vector, ...]:
    """Bad systems, their repaired twins, and hard negatives."""
    return (*_columns(), *_texts(), *_negatives(), *_purposes(), *_retentions(), *_uses())


def _toml(extra: str = "") -> bytes:
    return (
        '[system]\nname = "churn"\nstage = "training"\n\n[[dataset]]\nname = "train"\nrole = "train"\n'
        f'path = "train.csv"\nlabel = "churn"\n{extra}'
    ).encode()


def _csv(header: str, cell: Callable[[random.Random, int], str]) -> bytes:
    rng = random.Random(20)  # noqa: S311  # planted data is the same in every run
    lines = [f"{rng.randrange(72)},{rng.randrange(20, 120)}.5,{cell(rng, i)},{rng.randrange(2)}" for i in range(_ROWS)]
    return "\n".join([f"tenure,charge,{header},churn", *lines, ""]).encode()


def _digits(rng: random.Random, count: int) -> str:
    return "".join(rng.choices("0123456789", k=count))


def _checked(stem: str) -> str:
    return next(stem + d for d in "0123456789" if luhn(stem + d))


def _content(name: str, data: bytes, outcome: Outcome, note: str, extra: str = "") -> Vector:
    files = {"redan.toml": _toml(extra), "train.csv": data}
    return Vector(name=name, files=files, check=_DECLARED, expect=outcome, subject="dataset:train", note=note)


def _columns() -> tuple[Vector, ...]:
    imsi = _csv("ref", lambda rng, _: rng.choice(("26201", "26202")) + _digits(rng, 10))
    imei = _csv("unit", lambda rng, _: _checked("35" + _digits(rng, 12)))
    sim = _csv("chip", lambda rng, _: _checked("8949020" + _digits(rng, 11)))
    phone = _csv("caller", lambda rng, _: "+49170" + _digits(rng, 7))
    card = _csv("paid_with", lambda rng, _: _checked("4" + _digits(rng, 14)))
    gaps = _csv("ref", lambda rng, i: "" if i % 5 == 0 else "26201" + _digits(rng, 10) + ".0")
    mixed = _csv(
        "device", lambda rng, i: _checked("35" + _digits(rng, 12)) if i % 4 == 0 else f"{rng.getrandbits(64):016x}"
    )
    return (
        _content("an undeclared IMSI column", imsi, Outcome.BROKEN, _UNSEEN),
        _content("the IMSI column, declared", imsi, Outcome.HOLDS, _UNSEEN, 'identifiers = ["ref"]\n'),
        _content("an IMSI column with gaps, stored as floats", gaps, Outcome.BROKEN, _UNSEEN),
        _content("an undeclared IMEI column", imei, Outcome.BROKEN, _UNSEEN),
        _content("IMEIs among other device ids", mixed, Outcome.BROKEN, _UNSEEN),
        _content("an undeclared ICCID column", sim, Outcome.BROKEN, _UNSEEN),
        _content("an undeclared column of telephone numbers", phone, Outcome.BROKEN, _UNSEEN),
        _content("telephone numbers, declared as personal", phone, Outcome.HOLDS, _UNSEEN, 'personal = ["caller"]\n'),
        _content("an undeclared column of card numbers", card, Outcome.BROKEN, _UNSEEN),
    )


def _texts() -> tuple[Vector, ...]:
    def note(hidden: str, share: int) -> Callable[[random.Random, int], str]:
        return lambda rng, i: rng.choice(_TALK) + (f" {i} " + hidden.format(i=i) if i % share == 0 else f" {i}")

    mails = _csv("note", note("reply to kim.{i}@example.org please", 40))
    masked = _csv("note", note("reply to [mail] please", 40))
    ticket = _csv("note", note("see order 3539180512{i:05d} again", 40))
    spoken = _csv("note", note("call back on 0170 55501{i:02d} today", 60))
    return (
        _content("mail addresses in three notes of free text", mails, Outcome.BROKEN, _UNSEEN),
        _content("the mail addresses masked", masked, Outcome.HOLDS, _UNSEEN),
        _content("telephone numbers in two notes", spoken, Outcome.BROKEN, _UNSEEN),
        _content("order numbers in free text", ticket, Outcome.HOLDS, _NOISE),
    )


def _negatives() -> tuple[Vector, ...]:
    cells: dict[str, Callable[[random.Random, int], str]] = {
        "random numbers of 15 digits": lambda rng, _: str(rng.randrange(10**14, 10**15)),
        "random numbers of 16 digits": lambda rng, _: str(rng.randrange(10**15, 10**16)),
        "numbers of 15 digits that begin like an IMEI": lambda rng, _: "35" + _digits(rng, 13),
        "times in milliseconds": lambda rng, _: str(1_763_700_000_000 + rng.randrange(10**9)),
        "order numbers that begin with their day": lambda rng, i: f"2026{1 + rng.randrange(9):02}11{i:07}",
        "article numbers with a check digit": lambda rng, _: _article(rng),
        "version numbers": lambda rng, _: ".".join(str(rng.randrange(20)) for _ in range(4)),
        "hashes": lambda rng, _: f"{rng.getrandbits(256):064x}",
        "customer ids like 7590-VHVEG": lambda rng, _: f"{_digits(rng, 4)}-" + "".join(rng.choices("ABCDEFGH", k=5)),
        "prices": lambda rng, _: f"{rng.uniform(0, 9999):.2f}",
    }
    return tuple(_content(name, _csv("ref", cell), Outcome.HOLDS, _NOISE) for name, cell in cells.items())


def _article(rng: random.Random) -> str:
    digits = [rng.randrange(10) for _ in range(12)]
    weighed = sum(d * (1, 3)[i % 2] for i, d in enumerate(digits))
    return "".join(map(str, [*digits, -weighed % 10]))


def _purposes() -> tuple[Vector, ...]:
    def case(name: str, outcome: Outcome, extra: str) -> Vector:
        files = {"redan.toml": _toml('identifiers = ["ref"]\n' + extra), "train.csv": _csv("ref", lambda _, i: f"c{i}")}
        return Vector(name=name, files=files, check=_PURPOSE, expect=outcome, subject="dataset:train", note=_DUTY)

    consent = 'purpose = "predict churn"\nlawful_basis = "consent of the customers"\n'
    return (
        case("no lawful basis", Outcome.BROKEN, 'purpose = "predict churn"\n'),
        case("no purpose", Outcome.BROKEN, 'lawful_basis = "contract"\n'),
        case("a basis that is not one", Outcome.BROKEN, 'purpose = "predict churn"\nlawful_basis = "TBD"\n'),
        case("purpose and basis", Outcome.HOLDS, _STATED),
        case("consent without its record", Outcome.BROKEN, consent),
        case("consent with its record", Outcome.HOLDS, consent + 'consent = "register 12, kept by sales"\n'),
    )


def _retentions() -> tuple[Vector, ...]:
    def case(name: str, outcome: Outcome, extra: str, now: dt.date = dt.date(2026, 6, 1)) -> Vector:
        files = {
            "redan.toml": _toml(f'identifiers = ["ref"]\n{_STATED}{extra}'),
            "train.csv": _csv("ref", lambda _, i: f"c{i}"),
        }
        return Vector(
            name=name, files=files, check=_RETENTION, expect=outcome, subject="dataset:train", note=_DUTY, now=now
        )

    term = 'collected = 2025-01-15\nretention = "18 months"\n'
    return (
        case("a retention that has passed", Outcome.BROKEN, "retention = 2026-05-31\n"),
        case("its last day", Outcome.HOLDS, "retention = 2026-06-01\n"),
        case("a duration that has passed", Outcome.BROKEN, term, dt.date(2026, 7, 16)),
        case("the last day of a duration", Outcome.HOLDS, term, dt.date(2026, 7, 15)),
        case("no retention", Outcome.BROKEN, ""),
        case("a duration from no day", Outcome.NOT_RUN, 'retention = "18 months"\n'),
    )


def _uses() -> tuple[Vector, ...]:
    def case(name: str, outcome: Outcome, purpose: str, use: str, reads: str = "trained_on") -> Vector:
        toml = (
            _toml(f'identifiers = ["ref"]\n{purpose}') + f'\n[[model]]\nname = "m"\n{reads} = ["train"]\n{use}'.encode()
        )
        files = {"redan.toml": toml, "train.csv": _csv("ref", lambda _, i: f"c{i}")}
        return Vector(name=name, files=files, check=_WITHIN, expect=outcome, subject="dataset:train", note=_OTHER)

    churn, bills = 'purpose = "predict churn"\n', 'purpose = "billing, network planning"\n'
    return (
        case("data for billing, used for churn", Outcome.BROKEN, bills, churn),
        case("the same, only validated on", Outcome.BROKEN, bills, churn, "validated_on"),
        case("data for churn, used for churn", Outcome.HOLDS, 'purpose = "billing; churn prevention"\n', churn),
        case("other endings of the same words", Outcome.HOLDS, bills, 'purpose = "Plans where networks are built."\n'),
        case("no use is stated", Outcome.NOT_RUN, bills, ""),
        case("no purpose is stated", Outcome.BROKEN, "", churn),
        case("words that tell nothing", Outcome.NOT_RUN, 'purpose = "data analysis"\n', churn),
    )
