"""What a model's answers give away about its sensitive inputs, against guessing them from the other inputs."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from redan.artifacts.dataset_file import DatasetFile
from redan.artifacts.model_file import ModelFile
from redan.artifacts.model_seal import ModelSeal
from redan.artifacts.seal_state import trusted
from redan.canon import Json
from redan.controls.contract import Check, Have, Subject
from redan.controls.statement import place
from redan.errors import IncompleteError, InputError, InvalidError, MissingExtraError, UsageError
from redan.findings import Finding, Measure, Remedy, broken, holds, not_run
from redan.findings.pictures import Shares, pictured
from redan.measures.attribute_inference import LIMIT, Inference
from redan.measures.inferable_inputs import Asked, Shown, inferable_inputs
from redan.models import Loaded, load
from redan.system.records import Model
from redan.system.system import System
from redan.terms import Level, Tier

INFERABLE = "A-MLSG-003-D001/attributes-are-not-inferable"
_TELLS: tuple[Shown, ...] = ("label", "top-k", "score", "probabilities")  # from least to most
_LOADABLE = Remedy(text="Export the model to ONNX under the names of its inputs.", effort=Level.MEDIUM)
_REMOVE = Remedy(
    text="Leave the input out and train again, or answer with the label alone; where training rows are remembered, "
    "train with fewer parameters or with differential privacy.",
    effort=Level.MEDIUM,
)


def _subjects(system: System) -> Iterable[Subject]:
    return tuple(
        Subject(f"model:{m.name}", (f"model:{m.name}", *(f"dataset:{name}" for name in m.trained_on)))
        for m in system.models
        if m.trained_on and m.path and _sensitive(system, m)
    )


def _sensitive(system: System, model: Model) -> tuple[str, ...]:
    """Inputs that nobody should be able to tell of a person: declared with the data, or assessed as a feature."""
    declared = {name for data in model.trained_on for name in system.dataset(data).sensitive}
    assessed = {feature.name for feature in system.features if feature.sensitivity == "high"}
    return tuple(name for name in model.inputs if name in declared | assessed)


def _run(have: Have) -> Iterator[Finding]:
    model = next(m for m in have.system.models if f"model:{m.name}" == have.subject.id)
    names = _sensitive(have.system, model)
    try:
        asked = _asked(have, model)
        found = inferable_inputs(asked, names, rng=have.rng, limit=_limit(have))
    except MissingExtraError:
        raise
    except (IncompleteError, InputError, InvalidError, UsageError) as error:
        text = f"Model {model.name} could not be asked: {error.what}."
        yield not_run(INFERABLE, have.subject.id, text, remedy=_LOADABLE)
        return
    for name, one in found.items():
        finding = _finding(have, model, name, one, asked.shown)
        element = f"feature:{name}" if f"feature:{name}" in have.system.elements else have.subject.id
        yield replace(finding, location=place(have.system, element))


def _asked(have: Have, model: Model) -> Asked:
    """The model with its training data.

    Raises:
        InputError: the model is not loaded, or the training data lacks a column.
        InvalidError: its seal does not verify.
        IncompleteError: the label of a training set is not declared.
    """
    sets = [(have.system.dataset(file.element.partition(":")[2]), file.table()) for file in have.all(DatasetFile)]
    unlabelled = [dataset.name for dataset, _ in sets if dataset.label is None]
    if unlabelled or not sets:
        raise IncompleteError(f"the label of {', '.join(unlabelled) or 'its training data'} is not declared")
    return Asked(
        model=_loaded(have).model(),
        inputs=model.inputs,
        tables=tuple((table, dataset.label) for dataset, table in sets if dataset.label is not None),
        numeric=model.task in ("regression", "forecast"),
        shown=_exposed(have.system, model),
    )


def _loaded(have: Have) -> Loaded:
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


def _exposed(system: System, model: Model) -> Shown:
    """How much of an answer the most telling endpoint shows; all of it where no endpoint is described."""
    shown = [endpoint.answers for endpoint in system.endpoints if endpoint.model == model.name]
    return max(shown, key=_TELLS.index, default="probabilities")


def _limit(have: Have) -> float:
    stance = have.system.stance("A-MLSG-003-D001")
    return LIMIT if stance is None or stance.threshold is None else stance.threshold


def _finding(have: Have, model: Model, name: str, found: Inference | IncompleteError, shown: Shown) -> Finding:
    if isinstance(found, IncompleteError):
        return not_run(INFERABLE, have.subject.id, f"Input {name} of model {model.name}: {found.what}.", part=name)
    limit = _limit(have)
    measure = Measure(
        name="gain_over_imputation",
        value=found.gain,
        interval=found.interval,
        n=found.rows,
        threshold=limit,
        unit="share",
    )
    text = (
        f"Who knows the other inputs and the label guesses input {name} right for {found.imputed:.1%} of persons (mean "
        f"over {found.classes} values), and for {found.inferred:.1%} with the {_said(shown)} of model {model.name}: "
        f"{found.gain:+.1%} (95 % interval {found.interval.low:+.1%} to {found.interval.high:+.1%}, {found.rows:,} "
        f"training rows, attackers learned from half of them each); at most {limit:.1%} are accepted."
    )
    if found.interval.low > limit:
        answer = broken(INFERABLE, have.subject.id, text, _REMOVE, part=name, measure=measure)
    elif found.interval.high <= limit and found.has_power:
        answer = holds(INFERABLE, have.subject.id, text, part=name, measure=measure)
    else:
        reason = "these rows do not tell which side of that it is on"
        if not found.has_power:
            reason = f"a planted leak of {2 * limit:.0%} was not found either, so there is no power"
        answer = not_run(INFERABLE, have.subject.id, f"{text} But {reason}.", part=name)
        answer = replace(answer, measure=replace(measure, threshold=None))
    return replace(answer, detail=_facts(name, found, shown))


def _said(shown: Shown) -> str:
    return "answered label" if shown == "label" else "answer"


def _facts(name: str, found: Inference, shown: Shown) -> dict[str, Json]:
    steps = {"other inputs": found.imputed, "and asking the model": found.asked, "and the answer": found.inferred}
    known = {step: value for step, value in steps.items() if value is not None}
    drawn = Shares(
        title=f"Input {name} guessed right, by what the attacker knows",
        names=tuple(known),
        values=tuple(known.values()),
        expected=1.0 / found.classes,
    )
    return {
        "attacker": "knows all other inputs and the label, may ask the model, knows the input of other persons",
        "answers": shown,
        "imputed": found.imputed,
        "asked": found.asked,
        "inferred": found.inferred,
        "planted_gain": found.planted,
        "planted_interval": [found.planted_interval.low, found.planted_interval.high],
        **pictured([drawn]),
    }


CHECKS = (
    Check(
        id=INFERABLE,
        subjects=_subjects,
        run=_run,
        needs=(ModelFile, ModelSeal, DatasetFile),
        tier=Tier.MINUTES,
        extra="sklearn",
        adjustable=True,
    ),
)
