"""Whether a claim of differential privacy adds up from the record of the training."""

from collections.abc import Iterator

from redan.artifacts.model_parts import PrivacyRecordFile
from redan.controls.attacked import told_why
from redan.controls.contract import Check, Have, Subject
from redan.findings import Finding
from redan.measures.privacy.findings import CHECK as ID
from redan.measures.privacy.findings import findings
from redan.measures.privacy.mistakes import review
from redan.measures.privacy.reading import read_record
from redan.system.system import System
from redan.terms import Tier


def _subjects(system: System) -> Iterator[Subject]:
    return (Subject(f"model:{m.name}", (f"model:{m.name}",)) for m in system.models if m.privacy)


def _adds_up(have: Have) -> Iterator[Finding]:
    found = have.get(PrivacyRecordFile, have.subject.elements[0])
    record = read_record(found.path, found.name)
    return findings(review(record), have.subject.id, f"The record of {have.subject.id.partition(':')[2]}")


CHECK = Check(
    id=ID,
    subjects=_subjects,
    run=told_why(ID, "privacy", _adds_up),
    needs=(PrivacyRecordFile,),
    tier=Tier.SECONDS,
    extra="privacy",
)
