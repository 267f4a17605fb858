"""What a model's answers give away about its sensitive inputs, against guessing them from the other inputs."""

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
from redan.measures.inferable_inputs import inferable_inputs
from redan.system.records import Model
from redan.system.system import System
from redan.terms import Level, Tier

INFERABLE = "A-MLSG-003-D001/attributes-are-not-inferable"
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
        asked = asked_of(have, model)
        found = inferable_inputs(asked, names, rng=have.rng, limit=_limit(have))
    except MissingExtraError:
        raise
    except (IncompleteError, InputError, InvalidError, UsageError) as error:
        text = f"Model {model.name} could not be asked: {error.what}."
        yield not_run(INFERABLE, have.subject.id, text, remedy=LOADABLE)
        return
    for name, one in found.items():
        about = Told(have.subject.id, model.name, name, asked.shown)
        finding = inference_finding(INFERABLE, about, one, _limit(have), _REMOVE)
        element = f"feature:{name}" if f"feature:{name}" in have.system.elements else have.subject.id
        yield replace(finding, location=place(have.system, element))


def _limit(have: Have) -> float:
    stance = have.system.stance("A-MLSG-003-D001")
    return LIMIT if stance is None or stance.threshold is None else stance.threshold


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
