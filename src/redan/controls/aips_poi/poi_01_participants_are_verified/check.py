"""Contributors: who may contribute, whether each message is theirs, and how reliable they were."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from redan.artifacts.dataset_file import DatasetFile
from redan.artifacts.participants_file import ParticipantsFile
from redan.controls.aips_poi.poi_01_participants_are_verified.reliable import RELIABLE, reliable
from redan.controls.aips_poi.poi_01_participants_are_verified.signed import AUTHENTIC, messages
from redan.controls.contract import Check, Have, Subject
from redan.controls.statement import place
from redan.findings import Finding, Measure, Remedy, broken, holds
from redan.measures.participants import Register, read_register
from redan.system.records import Dataset, Source
from redan.system.system import System
from redan.terms import Level, Tier

AUTHORISED = "AIPS-POI-01/participants-are-authorised"
_FED = frozenset({"crowd", "sensor"})


def _fed(source: Source) -> bool:
    return source.kind in _FED or source.participants is not None


def _each_source(system: System) -> Iterable[Subject]:
    for source in system.sources:
        if _fed(source):
            name = f"source:{source.name}"
            yield Subject(name, (name,) if source.participants else ())


def _each_dataset(system: System) -> Iterable[Subject]:
    for dataset in system.datasets:
        sources = [s for s in system.sources if s.name in dataset.sources and _fed(s)]
        if sources and dataset.path:
            registers = tuple(f"source:{s.name}" for s in sources if s.participants)
            yield Subject(f"dataset:{dataset.name}", (f"dataset:{dataset.name}", *registers))


def _each_judged(system: System) -> Iterable[Subject]:
    for subject in _each_dataset(system):
        dataset = system.dataset(subject.id.partition(":")[2])
        if dataset.label is not None:
            trusted = (f"dataset:{d.name}" for d in system.datasets if _vouches(d, dataset))
            yield Subject(subject.id, (subject.id, *trusted))


def _vouches(other: Dataset, dataset: Dataset) -> bool:
    return other.trusted and other.path is not None and other.label is not None and other.name != dataset.name


def _authorised(have: Have) -> Iterator[Finding]:
    subject = have.subject.id
    source = next(s for s in have.system.sources if s.name == subject.partition(":")[2])
    yield replace(_answer(have, source), location=place(have.system, subject))


def _answer(have: Have, source: Source) -> Finding:
    subject, name = have.subject.id, source.name
    if source.authenticated is False:
        text = f"Source {name} says that it does not authenticate who sends."
        return broken(AUTHORISED, subject, text, _REGISTER)
    if source.participants is None:
        if source.kind == "sensor" and source.key is not None and source.authenticated:
            return holds(AUTHORISED, subject, f"Source {name} is one device, which authenticates with its own key.")
        text = f"Nothing says who may contribute to source {name}: it declares no register of 'participants'."
        return broken(AUTHORISED, subject, text, _REGISTER)
    file = have.get(ParticipantsFile, subject)
    return _registered(have, source, read_register(file.path, file.name))


def _registered(have: Have, source: Source, register: Register) -> Finding:
    subject, total = have.subject.id, len(register.participants)
    active = register.active(have.now)
    faults = [
        (register.keyless, "has no key, and the source does not state that it authenticates them")
        if not source.authenticated
        else (0, ""),
        (register.sharing, "shares a key with another, so that nobody can tell them apart"),
        (total if not active else 0, "may contribute today: every authority ended or was withdrawn"),
    ]
    wrong = next(((count, what) for count, what in faults if count), None)
    measure = Measure(
        name="unverifiable_participants",
        value=float(wrong[0] if wrong else 0),
        n=total,
        threshold=0.0,
        unit="participants",
    )
    if wrong is not None:
        count, what = wrong
        who = (
            "no participant" if not active and count == total and what.startswith("may") else f"{count:,} of {total:,}"
        )
        text = f"In the register of source {source.name}, {who} {what}."
        return broken(AUTHORISED, subject, text, _KEYS, measure=measure)
    keyed = total - register.keyless
    how = f"{keyed:,} with a key of their own" + (f", {register.keyless:,} by login" if register.keyless else "")
    text = f"The register of source {source.name} names {total:,} participants, {how}; {active:,} may contribute today."
    return holds(AUTHORISED, subject, text, measure=measure)


_REGISTER = Remedy(
    text="Write a register of participants, one [[participant]] with id and public key each, and name it under "
    "'participants' of the source.",
    effort=Level.MEDIUM,
)
_KEYS = Remedy(text="Give each participant a key of its own, and take those that ended out.", effort=Level.MEDIUM)

CHECKS = (
    Check(
        id=AUTHORISED, subjects=_each_source, run=_authorised, needs=(ParticipantsFile,), tier=Tier.INSTANT, dated=True
    ),
    Check(
        id=AUTHENTIC,
        subjects=_each_dataset,
        run=messages,
        needs=(DatasetFile, ParticipantsFile),
        tier=Tier.SECONDS,
    ),
    Check(id=RELIABLE, subjects=_each_judged, run=reliable, needs=(DatasetFile,), tier=Tier.MINUTES),
)
