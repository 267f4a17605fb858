"""Whether members of the training data are recognised more often than is agreed, by scores of shadows or own ones."""

from collections.abc import Iterator
from dataclasses import replace

from redan.artifacts.dataset_file import DatasetFile
from redan.artifacts.model_file import ModelFile
from redan.artifacts.model_parts import ShadowsFile
from redan.attacks.campaign.inputs import Opening
from redan.attacks.inference.membership.campaign import Inferred, Wanted, inferred, try_membership
from redan.attacks.inference.membership.matrix_file import read_matrix
from redan.attacks.inference.membership.telling import tell
from redan.attacks.inference.membership.verdict import MULTIPLE, verdict
from redan.controls.attacked import data_of, model_of_id, targets, told_why
from redan.controls.contract import Check, Have, Subject
from redan.errors import IncompleteError, InputError
from redan.findings import Finding
from redan.system.records import Dataset, Model
from redan.system.system import System
from redan.terms import Outcome, Tier

CONTROL = "AIPS-INF-01"
BOUNDED = f"{CONTROL}/membership-leak-is-bounded"
_SAMPLES = 5000


def subjects(system: System) -> Iterator[Subject]:
    """Models that classify, each with what it was trained on and what it was not."""
    for model in targets(system):
        names = [one.name for one in (_members(system, model), _others(system, model)) if one is not None]
        yield Subject(f"model:{model.name}", (f"model:{model.name}", *(f"dataset:{name}" for name in names)))


def _bounded(have: Have) -> Iterator[Finding]:
    element = have.subject.elements[0]
    model = model_of_id(have.system, element)
    stance = have.system.stance(CONTROL)
    multiple = MULTIPLE if stance is None or stance.threshold is None else max(1.0, stance.threshold)
    shadows = have.all(ShadowsFile)
    found = _read(have, shadows[0]) if shadows else _attacked(have, model, multiple)
    finding = tell(found, have.subject.id, multiple=multiple, check=BOUNDED)
    if finding.remedy is not None and not shadows:
        command = "redan attack membership --model FILE --data MEMBERS --nonmembers FILE --keep shadows.npz"
        finding = replace(finding, remedy=replace(finding.remedy, command=command))
    yield finding


def _read(have: Have, file: ShadowsFile) -> Inferred:
    """Scores that are there already; of this model, where they say of which.

    Raises:
        IncompleteError: they are of another model.
    """
    matrix = read_matrix(file.path)
    if matrix.model and matrix.model != have.get(ModelFile, file.element).digest:
        raise IncompleteError(
            "the declared scores of shadows are of another model", remedy="make them anew for the model as it is"
        )
    found = inferred(matrix, seed=_seed(have))
    note = () if matrix.model else ("The file of scores does not say of which model it is.",)
    return found._replace(notes=(*found.notes, *note))


def _attacked(have: Have, model: Model, multiple: float) -> Inferred:
    """First without shadows, since a leak that is found, or a split that tells by itself, needs none.

    Raises:
        InputError: there are no members, or no others, to tell apart.
    """
    members, others = _members(have.system, model), _others(have.system, model)
    if members is None or others is None:
        lacks = "trained_on" if members is None else "validated_on"
        text = f"model {model.name} names no dataset with a path in '{lacks}'"
        raise InputError(text, remedy="declare members and non-members, or scores with the key 'shadows'")
    opening = Opening(str(have.get(ModelFile, f"model:{model.name}").path))
    paths = [have.get(DatasetFile, f"dataset:{one.name}").path for one in (members, others)]
    wanted = Wanted(label=_label(members), samples=_SAMPLES, seed=_seed(have), shadows=0)
    found = try_membership(opening, paths[0], paths[1], wanted)
    judged = verdict(found, multiple)
    if judged.outcome is Outcome.BROKEN or judged.needed or any(one.shifted for one in found.blind):
        return found
    return try_membership(
        opening, paths[0], paths[1], Wanted(label=_label(members), samples=_SAMPLES, seed=_seed(have))
    )


def _members(system: System, model: Model) -> Dataset | None:
    named = (one for name in model.trained_on for one in system.datasets if one.name == name)
    return next((one for one in named if one.path), None)


def _others(system: System, model: Model) -> Dataset | None:
    found = data_of(system, model)
    return None if found is None or found.name in model.trained_on else found


def _label(data: Dataset) -> str | None:
    return None if data.path is not None and data.path.lower().endswith(".npz") else data.label


def _seed(have: Have) -> int:
    return int(have.system.policy.seed)


CHECK = Check(
    id=BOUNDED,
    subjects=subjects,
    run=told_why(BOUNDED, "shadows", _bounded),
    needs=(ModelFile, DatasetFile, ShadowsFile),
    tier=Tier.MINUTES,
    adjustable=True,
)
