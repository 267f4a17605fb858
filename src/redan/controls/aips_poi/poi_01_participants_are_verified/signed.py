"""Messages: every row signed by a participant that the register names, and counted once."""

from collections.abc import Iterator
from dataclasses import replace

from redan.artifacts.dataset_file import DatasetFile
from redan.artifacts.participants_file import ParticipantsFile
from redan.canon import Json
from redan.controls.contract import Have
from redan.findings import Finding, Measure, Remedy, broken, holds, not_run
from redan.measures.participants import Authenticity, Register, authenticity, read_register
from redan.measures.participants.authentic import covered
from redan.stats.binomial import clopper_pearson
from redan.system.records import Dataset
from redan.terms import Level

AUTHENTIC = "AIPS-POI-01/messages-are-authentic"
_WORDS = {
    "unsigned": "carry no signature",
    "unknown": "name no participant of the register",
    "keyless": "are by participants without a key",
    "unauthorised": "are by participants without authority on that day",
    "forged": "have a signature that does not verify",
    "replayed": "are copies of a message that counts once",
}


def messages(have: Have) -> Iterator[Finding]:
    """Whether every row of a dataset is an authentic message."""
    subject = have.subject.id
    dataset = have.system.dataset(subject.partition(":")[2])
    registers = have.all(ParticipantsFile)
    if len(registers) > 1:
        text = f"The rows of dataset {dataset.name} do not say which of its sources' registers they answer to."
        advice = Remedy(text="Describe the rows of each source as a dataset of its own.", effort=Level.LOW)
        yield not_run(AUTHENTIC, subject, text, remedy=advice)
        return
    missing = [key for key in ("contributor", "signature") if getattr(dataset, key) is None]
    if not registers or missing:
        lacks = [f"the dataset declares no '{key}' column" for key in missing]
        lacks += [] if registers else ["its source declares no register of 'participants'"]
        text = f"No message of dataset {dataset.name} can be verified: {' and '.join(lacks)}."
        yield broken(AUTHENTIC, subject, text, _SIGN)
        return
    register = read_register(registers[0].path, registers[0].name)
    yield from _verified(have, dataset, register)


def _verified(have: Have, dataset: Dataset, register: Register) -> Iterator[Finding]:
    subject, file = have.subject.id, have.get(DatasetFile, have.subject.id)
    table = file.table()
    absent = [column for column in register.columns if column not in table.columns]
    if absent or not register.columns:
        lack = f"the dataset lacks column {absent[0]!r}, which" if absent else "the register has no [columns] that"
        text = f"No message of dataset {dataset.name} can be verified: {lack} a signature is over."
        yield broken(AUTHENTIC, subject, text, _SIGN)
        return
    found = authenticity(
        file.path if file.engine == "duckdb" else table,  # the register's kinds decide, not the file's look
        register,
        contributor=dataset.contributor or "",
        signature=dataset.signature or "",
        time=dataset.time,
    )
    yield _rows(subject, dataset, found)
    bare = covered(register, _needed(have, dataset, table.columns))
    if bare:
        named = ", ".join(f"{column} ({why})" for column, why in list(bare.items())[:5])
        text = f"No signature of dataset {dataset.name} covers {named}: whoever holds the file can change it."
        advice = Remedy(text="Name these columns under [columns] of the register and sign again.", effort=Level.MEDIUM)
        yield broken(AUTHENTIC, subject, text, advice, part="columns")


def _rows(subject: str, dataset: Dataset, found: Authenticity) -> Finding:
    bad = found.rows - found.authentic
    measure = Measure(
        name="rows_not_authentic",
        value=bad / found.rows,
        interval=clopper_pearson(bad, found.rows),
        n=found.rows,
        threshold=0.0,
        unit="share",
    )
    detail: dict[str, Json] = {
        "faults": {**found.faults},
        "contributors": [{"contributor": who, "fault": fault, "rows": n} for who, fault, n in found.blamed],
    }
    if bad:
        what = "; ".join(f"{count:,} {_WORDS[name]}" for name, count in found.faults.items())
        text = f"{bad:,} of {found.rows:,} rows of dataset {dataset.name} are not authentic messages: {what}."
        return replace(broken(AUTHENTIC, subject, text, _REFUSE, measure=measure), detail=detail)
    who = f"the keys of {found.contributors:,} participants"
    text = f"All {found.rows:,} rows of dataset {dataset.name} verify against {who}."
    return holds(AUTHENTIC, subject, text, measure=measure)


def _needed(have: Have, dataset: Dataset, columns: tuple[str, ...]) -> dict[str, str]:
    """Columns that a model learns from, and what for."""
    readers = [m for m in have.system.models if dataset.name in (*m.trained_on, *m.validated_on)]
    inputs = {name for model in readers for name in model.inputs if name in columns}
    features = {f.name for f in have.system.features if f.from_ in (dataset.name, f"dataset:{dataset.name}")}
    found = dict.fromkeys(sorted(inputs | {f for f in features if f in columns}), "an input of the model")
    return ({dataset.label: "the label"} if dataset.label in columns else {}) | found


_SIGN = Remedy(
    text="Let contributors sign each row with redan.defences.contribution.sign_rows, keep the signature in a column, "
    "and declare 'contributor' and 'signature' at the dataset and 'participants' at the source.",
    effort=Level.HIGH,
)
_REFUSE = Remedy(
    text="Take these rows out, ask the participants for them again, and verify messages when they arrive.",
    effort=Level.MEDIUM,
)
