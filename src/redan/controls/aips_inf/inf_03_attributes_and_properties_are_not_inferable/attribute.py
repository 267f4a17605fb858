"""What a model's answers add to guessing the sensitive columns of its training data."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from redan.artifacts.dataset_file import DatasetFile
from redan.artifacts.model_file import ModelFile
from redan.artifacts.model_seal import ModelSeal
from redan.controls.contract import Check, Have, Subject
from redan.controls.inferring import LOADABLE, Told, asked_of, inference_finding
from redan.controls.statement import place
from redan.errors import IncompleteError, InputError, InvalidError, MissingExtraError, UsageError
from redan.findings import Finding, Remedy, not_run
from redan.measures.attribute_inference import LIMIT
from redan.measures.inferable_inputs import Asked, inferable_inputs
from redan.system.records import Model
from redan.system.system import System
from redan.terms import Level, Tier

CONTROL = "AIPS-INF-03"
ATTRIBUTE = f"{CONTROL}/attribute-inference-gains-nothing"
_COARSER = Remedy(
    text="Leave the column and its proxies out and train again, or answer with the label alone; where training rows "
    "are remembered, train with fewer parameters or with differential privacy.",
    effort=Level.MEDIUM,
)


def sensitive(system: System, model: Model) -> tuple[str, ...]:
    """Columns of a model's training data that nobody should be able to tell, the label left out."""
    sets = [system.dataset(name) for name in model.trained_on]
    labels = {data.label for data in sets}
    return tuple(dict.fromkeys(name for data in sets for name in data.sensitive if name not in labels))


def subjects(system: System) -> Iterable[Subject]:
    """Models whose training data has such columns."""
    return tuple(
        Subject(f"model:{m.name}", (f"model:{m.name}", *(f"dataset:{name}" for name in m.trained_on)))
        for m in system.models
        if m.path and m.trained_on and sensitive(system, m)
    )


def _beside(system: System) -> Iterable[Subject]:
    """The same with labelled data that they were validated on, where memory would not help."""
    for subject in subjects(system):
        model = next(m for m in system.models if f"model:{m.name}" == subject.id)
        held = [system.dataset(name) for name in model.validated_on if name not in model.trained_on]
        yield Subject(subject.id, (*subject.elements, *(f"dataset:{d.name}" for d in held if d.path and d.label)))


def accepted(have: Have, default: float) -> float:
    """The gain that was agreed on."""
    stance = have.system.stance(CONTROL)
    return default if stance is None or stance.threshold is None else stance.threshold


def listed(asked: Asked) -> Asked:
    """The model, whose inputs are known.

    Raises:
        IncompleteError: they are not.
    """
    if not asked.inputs:
        raise IncompleteError("its inputs are not listed", remedy="name them in the key 'inputs'")
    return asked


def _run(have: Have) -> Iterator[Finding]:
    model = next(m for m in have.system.models if f"model:{m.name}" == have.subject.id)
    names, limit = sensitive(have.system, model), accepted(have, LIMIT)
    try:
        asked = listed(asked_of(have, model))
        found = inferable_inputs(asked, names, rng=have.rng, limit=limit)
    except MissingExtraError:
        raise
    except (IncompleteError, InputError, InvalidError, UsageError) as error:
        text = f"Model {model.name} could not be asked: {error.what}."
        yield not_run(ATTRIBUTE, have.subject.id, text, remedy=LOADABLE)
        return
    for name, one in found.items():
        about = Told(have.subject.id, model.name, name, asked.shown, "Column")
        finding = inference_finding(ATTRIBUTE, about, one, limit, _COARSER)
        yield replace(finding, location=place(have.system, have.subject.id))


CHECK = Check(
    id=ATTRIBUTE,
    subjects=_beside,
    run=_run,
    needs=(ModelFile, ModelSeal, DatasetFile),
    tier=Tier.MINUTES,
    extra="sklearn",
    adjustable=True,
)
