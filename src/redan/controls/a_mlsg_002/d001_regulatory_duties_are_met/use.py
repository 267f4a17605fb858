"""Use of data against the purposes that it was collected for, in the words of the description."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from redan.controls.contract import Check, Have, Subject
from redan.controls.statement import is_stated, place
from redan.findings import Finding, Measure, Remedy, broken, holds, not_run
from redan.measures.personal.declared import is_personal
from redan.measures.purposes import covered
from redan.system.records import Dataset, Model
from redan.system.system import System
from redan.terms import Level

WITHIN = "A-MLSG-002-D001/use-stays-within-purpose"
LEAST = 0.5  # of the telling words of the shorter statement


def _read(system: System) -> Iterable[Subject]:
    """Each dataset about persons, or with a purpose, that a model reads."""
    return tuple(
        Subject(f"dataset:{d.name}", (f"dataset:{d.name}",))
        for d in system.datasets
        if (is_personal(d) or is_stated(d.purpose)) and _readers(system, d)
    )


def _readers(system: System, dataset: Dataset) -> list[Model]:
    return [m for m in system.models if dataset.name in (*m.trained_on, *m.validated_on)]


def _within(have: Have) -> Iterator[Finding]:
    dataset = have.system.dataset(have.subject.id.partition(":")[2])
    if not is_stated(dataset.purpose):
        remedy = Remedy(text=f"State 'purpose' of [[dataset]] {dataset.name} in redan.toml.", effort=Level.LOW)
        text = f"Dataset {dataset.name} states no purpose, so that none covers what models use it for."
        yield replace(broken(WITHIN, have.subject.id, text, remedy), location=place(have.system, have.subject.id))
        return
    for model in _readers(have.system, dataset):
        where = place(have.system, f"model:{model.name}", "purpose")
        yield replace(_judged(have, dataset, model), location=where)


def _judged(have: Have, dataset: Dataset, model: Model) -> Finding:
    # GDPR article 5(1)(b): no further processing that is incompatible with the purposes of collection
    use, subject = model.purpose or have.system.about.purpose, have.subject.id
    say = Remedy(
        text=f"State 'purpose' of [[model]] {model.name} in the words of the data's purpose; if it is another one, use "
        "other data, or obtain a basis for it and extend the purpose.",
        effort=Level.LOW,
    )
    if not is_stated(use):
        text = f"It is not stated what model {model.name} is used for, nor what the system is."
        return not_run(WITHIN, subject, text, remedy=say, part=model.name)
    share = covered(use or "", dataset.purpose or "")
    if share is None:
        text = f"The purposes of dataset {dataset.name} and model {model.name} say too little to be compared."
        return not_run(WITHIN, subject, text, remedy=say, part=model.name)
    measure = Measure(name="shared_words_of_purpose", value=share, threshold=LEAST, comparator=">=", unit="share")
    if share >= LEAST:
        text = f"The use of model {model.name} is within a purpose of dataset {dataset.name}, by its words."
        return holds(WITHIN, subject, text, part=model.name, measure=measure)
    if share > 0:
        text = f"The words do not tell whether the use of model {model.name} is within a purpose of {dataset.name}."
        return not_run(WITHIN, subject, text, remedy=say, part=model.name)
    text = f"Model {model.name} reads dataset {dataset.name}, and its use shares no word with the purposes of the data."
    return broken(WITHIN, subject, text, say, part=model.name, measure=measure)


CHECKS = (Check(id=WITHIN, subjects=_read, run=_within),)
