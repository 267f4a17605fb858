"""Feedback that flows into training: its authors, their share, its review, and what a few hostile voices could do."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from redan.artifacts.dataset_file import DatasetFile
from redan.artifacts.feedback_file import FeedbackFile
from redan.controls.contract import Check, Have, Subject
from redan.controls.statement import place
from redan.errors import IncompleteError, MissingExtraError
from redan.findings import Finding, Remedy, broken, holds, not_run
from redan.measures.feedback import (
    Voices,
    author_findings,
    few,
    flood,
    flood_finding,
    learned,
    review_finding,
    voices,
)
from redan.measures.feedback.findings import BOUND
from redan.system.records import Dataset, Feedback
from redan.system.system import System
from redan.tables import Table
from redan.terms import Level, Tier

CONTROL = "AIPS-FBK-01"
CAPPED = f"{CONTROL}/feedback-is-authenticated-and-capped"
VETTED = f"{CONTROL}/feedback-is-vetted"
FEW_VOICES = f"{CONTROL}/few-voices-cannot-move-the-model"
_AUTHENTICATE = Remedy(text="Take feedback only from users that signed in, and state authenticated = true.")
_CAP = Remedy(text="Limit how many entries of one user are used in a round, and state the number as 'cap'.")
_VET = Remedy(text="Have every entry reviewed by somebody else than its author before it is used for training.")
_STATE = Remedy(
    text="State in redan.toml which column of the feedback says who gave it, and who reviewed it.", effort=Level.LOW
)
_STATE_LABEL = Remedy(text="State the label of the dataset that the feedback flows into.", effort=Level.LOW)


def _loops(system: System) -> Iterable[Subject]:
    return tuple(Subject(f"feedback:{f.name}", (f"feedback:{f.name}",)) for f in system.tables.feedback)


def _into_training(system: System) -> Iterator[Subject]:
    for one in system.tables.feedback:
        if one.into is not None:
            yield Subject(f"feedback:{one.name}", (f"feedback:{one.name}", f"dataset:{one.into}"))


def _feedback(have: Have) -> Feedback:
    name = have.subject.id.partition(":")[2]
    return next(f for f in have.system.tables.feedback if f.name == name)


def _table(have: Have) -> Table | None:
    return have.get(FeedbackFile, have.subject.id).table()


def _unknown(table: Table, names: Iterable[str | None]) -> list[str]:
    return [name for name in names if name is not None and name not in table.columns]


def _capped(have: Have) -> Iterator[Finding]:
    one, subject, table = _feedback(have), have.subject.id, _table(have)
    if not one.authenticated:
        text = f"Feedback {one.name} is not authenticated: nobody knows who gives it."
        yield broken(CAPPED, subject, text, _AUTHENTICATE, part="authenticated")
    if not one.capped and one.cap is None:
        text = f"Feedback {one.name} has no cap: one voice may give all of it."
        yield broken(CAPPED, subject, text, _CAP, part="capped")
    if table is not None and (one.contributor is None or _unknown(table, [one.contributor])):
        what = (
            "no column says who gave an entry" if one.contributor is None else "the column of contributors is missing"
        )
        yield not_run(CAPPED, subject, f"Feedback {one.name}: {what}.", part="authors", remedy=_STATE)
    elif table is not None and one.contributor is not None:
        if one.cap is not None or one.capped:
            yield from author_findings(CAPPED, subject, voices(table, one.contributor, cap=one.cap), one.cap)
        else:
            yield next(author_findings(CAPPED, subject, voices(table, one.contributor), None))
    elif one.authenticated and (one.capped or one.cap is not None):
        number = "" if one.cap is None else f" at {one.cap:,} entries"
        text = (
            f"Feedback {one.name} is declared to be authenticated and capped{number}; no file was given to measure it."
        )
        yield holds(CAPPED, subject, text)


def _vetted(have: Have) -> Iterator[Finding]:
    one, subject, table = _feedback(have), have.subject.id, _table(have)
    if not one.vetted:
        text = f"Nobody reviews feedback {one.name} before it is used."
        yield broken(VETTED, subject, text, _VET, part="declared")
    if table is None:
        if one.vetted:
            text = f"Feedback {one.name} is declared to be reviewed; no file was given to measure it."
            yield holds(VETTED, subject, text)
        return
    if one.reviewer is None or _unknown(table, [one.reviewer, one.contributor]):
        what = "no column says" if one.reviewer is None else "no column of the file with the declared name says"
        yield not_run(VETTED, subject, f"Feedback {one.name}: {what} who reviewed an entry.", remedy=_STATE)
        return
    # Without a column of authors nobody can be found to have reviewed his own entry.
    found = voices(table, one.contributor or one.reviewer, reviewer=one.reviewer)
    yield review_finding(VETTED, subject, found if one.contributor else replace(found, own=0))


def _few(have: Have) -> Iterator[Finding]:
    one, subject = _feedback(have), have.subject.id
    dataset = have.system.dataset(have.subject.elements[1].partition(":")[2])
    table = have.get(DatasetFile, have.subject.elements[1]).table()
    if dataset.label is None or dataset.label not in table.columns:
        text = f"Feedback {one.name}: dataset {dataset.name}, which it flows into, has no label column."
        yield not_run(FEW_VOICES, subject, text, remedy=_STATE_LABEL)
        return
    heard = _heard(have, one)
    contributors, most = (0, 0) if heard is None else (heard.contributors, heard.most)
    group = few(contributors, one.cap, table.rows, most)
    try:
        rows = learned(table, dataset.label, _inputs(have, dataset, table), today=have.now, rng=have.rng)
        found = flood(rows.x, rows.y, entries=min(group.share, 1.0), classes=rows.classes, rng=have.rng)
    except MissingExtraError:
        raise
    except IncompleteError as error:
        yield not_run(FEW_VOICES, subject, f"Feedback {one.name}: {error.what}.")
        return
    stance = have.system.stance(CONTROL)
    bound = BOUND if stance is None or stance.threshold is None else min(max(stance.threshold, 0.0), 1.0)
    yield flood_finding(FEW_VOICES, subject, found, group, bound)


def _heard(have: Have, one: Feedback) -> Voices | None:
    table = _table(have)
    if table is None or one.contributor is None or _unknown(table, [one.contributor]):
        return None
    return voices(table, one.contributor)


def _inputs(have: Have, dataset: Dataset, table: Table) -> list[str]:
    """What the models trained on the data read; every column that nobody declared to be no input if that is unknown."""
    read = {name for m in have.system.models if dataset.name in m.trained_on for name in m.inputs}
    if read & set(table.columns):
        return [c for c in table.columns if c in read]
    roles = {dataset.label, dataset.prediction, dataset.contributor, dataset.time, dataset.signature}
    return [c for c in table.columns if c not in {*roles, *dataset.identifiers, *dataset.pseudonyms}]


def _placed(check: Callable[[Have], Iterator[Finding]], key: str) -> Callable[[Have], Iterator[Finding]]:
    def run(have: Have) -> Iterator[Finding]:
        for finding in check(have):
            yield replace(finding, location=place(have.system, have.subject.id, key))

    return run


CHECKS = (
    Check(
        id=CAPPED,
        subjects=_loops,
        run=_placed(_capped, "cap"),
        needs=(FeedbackFile,),
        tier=Tier.SECONDS,
    ),
    Check(id=VETTED, subjects=_loops, run=_placed(_vetted, "vetted"), needs=(FeedbackFile,), tier=Tier.SECONDS),
    Check(
        id=FEW_VOICES,
        subjects=_into_training,
        run=_placed(_few, "into"),
        needs=(DatasetFile, FeedbackFile),
        tier=Tier.MINUTES,
        extra="sklearn",
        adjustable=True,
    ),
)
