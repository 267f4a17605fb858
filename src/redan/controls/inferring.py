"""A model asked about its own training data for what its answers give away of persons: shared by two controls."""

from dataclasses import replace
from typing import NamedTuple

from redan.artifacts.dataset_file import DatasetFile
from redan.artifacts.model_file import ModelFile
from redan.artifacts.model_seal import ModelSeal
from redan.artifacts.seal_state import trusted
from redan.canon import Json
from redan.controls.contract import Have
from redan.errors import IncompleteError, InputError
from redan.findings import Finding, Measure, Remedy, broken, holds, not_run
from redan.findings.pictures import Shares, pictured
from redan.measures.attribute_inference import Inference, Remembered
from redan.measures.inferable_inputs import Asked, Shown
from redan.models import Loaded, load
from redan.system.records import Model
from redan.system.system import System
from redan.tables import Table
from redan.terms import Level

LOADABLE = Remedy(text="Export the model to ONNX under the names of its inputs.", effort=Level.MEDIUM)
_TELLS: tuple[Shown, ...] = ("label", "top-k", "score", "probabilities")  # from least to most


class Told(NamedTuple):
    """What a finding is about.

    Args:
        subject: element id.
        model: its name.
        name: of the attribute.
        shown: how much of an answer is seen.
        kind: `Input` or `Column`.
    """

    subject: str
    model: str
    name: str
    shown: Shown
    kind: str = "Input"


def asked_of(have: Have, model: Model) -> Asked:
    """The model with its training data.

    Raises:
        InputError: the model is not loaded, or the training data lacks a column.
        InvalidError: its seal does not verify.
        IncompleteError: the label of a training set is not declared.
    """
    files = [(have.system.dataset(file.element.partition(":")[2]), file) for file in have.all(DatasetFile)]
    sets = [(dataset, file.table()) for dataset, file in files if dataset.name in model.trained_on]
    others = [_readable(file, dataset.label) for dataset, file in files if dataset.name not in model.trained_on]
    unlabelled = [dataset.name for dataset, _ in sets if dataset.label is None]
    if unlabelled or not sets:
        raise IncompleteError(f"the label of {', '.join(unlabelled) or 'its training data'} is not declared")
    return Asked(
        model=loaded_of(have).model(),
        inputs=model.inputs,
        tables=tuple((table, dataset.label) for dataset, table in sets if dataset.label is not None),
        numeric=model.task in ("regression", "forecast"),
        shown=exposed(have.system, model),
        others=tuple(one for one in others if one is not None),
    )


def _readable(file: DatasetFile, label: str | None) -> tuple[Table, str] | None:
    """Data that the verdict does not hang on; None where it cannot be read."""
    try:
        return None if label is None else (file.table(), label)
    except InputError:
        return None


def loaded_of(have: Have) -> Loaded:
    """The model from verified bytes where it is sealed; else only what loading runs no code of.

    Raises:
        InputError: the format runs code, or the file is not the one that was digested.
    """
    seal, file = have.get(ModelSeal, have.subject.id), have.get(ModelFile, have.subject.id)
    if seal.seal is not None and seal.key is not None:
        return load(seal.path, seal=seal.seal, trust=trusted(seal.key), within=seal.within)
    loaded = load(file.path, seal=None, trust=None, unsafe_unsealed=True)
    if loaded.sha256 != file.digest:
        raise InputError("its file changed during the run", where=loaded.name, remedy="run again")
    return loaded


def exposed(system: System, model: Model) -> Shown:
    """How much of an answer the most telling endpoint shows; all of it where no endpoint is described."""
    shown = [endpoint.answers for endpoint in system.endpoints if endpoint.model == model.name]
    return max(shown, key=_TELLS.index, default="probabilities")


def inference_finding(
    check: str, told: Told, found: Inference | IncompleteError, limit: float, remedy: Remedy
) -> Finding:
    """What one attribute comes to: broken, or not, where the rows tell; else why not.

    Args:
        check: full id.
        told: what is told of.
        found: what was measured.
        limit: gain over imputation that is accepted.
        remedy: where it is more.
    """
    name, subject = told.name, told.subject
    if isinstance(found, IncompleteError):
        return not_run(check, subject, f"{told.kind} {name} of model {told.model}: {found.what}.", part=name)
    measure = Measure(
        name="gain_over_imputation",
        value=found.gain,
        interval=found.interval,
        n=found.rows,
        threshold=limit,
        unit="share",
    )
    text = (
        f"Who knows the other inputs and the label guesses {told.kind.lower()} {name} right for {found.imputed:.1%} of "
        f"persons (mean over {found.classes} values), and for {found.inferred:.1%} with the {_said(told.shown)} of "
        f"model {told.model}: {found.gain:+.1%} (95 % interval {found.interval.low:+.1%} to "
        f"{found.interval.high:+.1%}, {found.rows:,} training rows, attackers learned from half of them each); at most "
        f"{limit:.1%} are accepted."
    )
    text = f"{text} {_memory(found.remembered, by_asking=found.asked is not None)}"
    if found.interval.low > limit:
        answer = broken(check, subject, text, remedy, part=name, measure=measure)
    elif found.interval.high <= limit and found.has_power:
        answer = holds(check, subject, text, part=name, measure=measure)
    else:
        reason = "these rows do not tell which side of that it is on"
        if not found.has_power:
            reason = f"a planted leak of {2 * limit:.0%} was not found either, so there is no power"
        answer = not_run(check, subject, f"{text} But {reason}.", part=name)
        answer = replace(answer, measure=replace(measure, threshold=None))
    return replace(answer, detail=_facts(told, found))


def _memory(found: Remembered | str, *, by_asking: bool) -> str:
    """Whether it is told by memory, or by what holds for everybody."""
    if isinstance(found, str):
        return f"Whether that is memory of these persons or holds for everybody is not told: {found}."
    interval = f"95 % interval {found.interval.low:+.1%} to {found.interval.high:+.1%}"
    who = "asks the model without seeing its answer for the person" if by_asking else "sees its answer for the person"
    shown = (
        f"who {who} gains {found.inside:+.1%} on rows that it was trained on and {found.outside:+.1%} on others "
        f"({found.rows:,} in all), {found.advantage:+.1%} by training ({interval})"
    )
    if found.interval.low > 0:
        return f"Persons are remembered: {shown}."
    return f"That persons are remembered is not shown: {shown}."


def _said(shown: Shown) -> str:
    return "answered label" if shown == "label" else "answer"


def _facts(told: Told, found: Inference) -> dict[str, Json]:
    steps = {"other inputs": found.imputed, "and asking the model": found.asked, "and the answer": found.inferred}
    known = {step: value for step, value in steps.items() if value is not None}
    drawn = Shares(
        title=f"{told.kind} {told.name} guessed right, by what the attacker knows",
        names=tuple(known),
        values=tuple(known.values()),
        expected=1.0 / found.classes,
    )
    return {
        "attacker": "knows all other inputs and the label, may ask the model, knows the attribute of other persons",
        "answers": told.shown,
        "imputed": found.imputed,
        "asked": found.asked,
        "inferred": found.inferred,
        "planted_gain": found.planted,
        "planted_interval": [found.planted_interval.low, found.planted_interval.high],
        **_remembered(found.remembered),
        **pictured([drawn]),
    }


def _remembered(found: Remembered | str) -> dict[str, Json]:
    if isinstance(found, str):
        return {"memory": found}
    return {
        "gain_on_training_rows": found.inside,
        "gain_on_other_rows": found.outside,
        "advantage_of_training_rows": found.advantage,
        "advantage_interval": [found.interval.low, found.interval.high],
        "rows_of_both_kinds": found.rows,
    }
