"""Whether canaries that were planted in the training data of a model stand out less in its reduction."""

from collections.abc import Iterable, Iterator

from redan.artifacts.canaries_file import CanariesFile
from redan.artifacts.dataset_file import DatasetFile
from redan.artifacts.model_file import ModelFile
from redan.attacks.campaign.inputs import open_target
from redan.attacks.inference.canaries import CanarySet, read_canaries
from redan.attacks.inference.canaries_losses import losses_of_rows, losses_of_text, try_canaries
from redan.attacks.inference.exposure import CanaryTest
from redan.controls.a_mlsg_003.c001_information_in_the_model_is_reduced.saying import (
    CONTROL,
    Said,
    finding_of,
    pairs,
    two_of,
)
from redan.controls.attacked import told_why
from redan.controls.contract import Check, Have, Subject
from redan.defences.reduction.compare import compare_canaries
from redan.errors import IncompleteError, InputError
from redan.findings import Finding, Remedy, not_run
from redan.system.records import Model
from redan.system.system import System
from redan.terms import Level, Tier

CANARIES = f"{CONTROL}/reduction-lowers-canary-exposure"
_REFERENCES = 20_000
_PLANT = Remedy(
    text="Plant five canaries or more in the data that the model before is trained on, some of them several times, and "
    "name the secret list in its key 'canaries'.",
    command="redan defend canaries train.csv --label LABEL --out train-with-canaries.csv --secret canaries.json",
    effort=Level.MEDIUM,
)


def _subjects(system: System) -> Iterable[Subject]:
    return tuple(
        Subject(f"model:{a.name}", (f"model:{a.name}", f"model:{b.name}", *(f"dataset:{d}" for d in b.trained_on)))
        for a, b in pairs(system)
    )


def _run(have: Have) -> Iterator[Finding]:
    two = two_of(have)
    given = next((file for file in have.all(CanariesFile) if file.element == f"model:{two.before.name}"), None)
    if given is None:
        text = f"No canaries were planted in the training data of model {two.before.name} (key 'canaries')."
        yield not_run(CANARIES, have.subject.id, text, remedy=_PLANT)
        return
    canaries = read_canaries(given.path)
    if canaries.data not in {file.digest for file in have.all(DatasetFile)}:
        text = (
            f"The canaries were planted into other data than model {two.before.name} was trained on: no dataset of its "
            "key 'trained_on' has the digest that the list names."
        )
        yield not_run(CANARIES, have.subject.id, text, remedy=_PLANT)
        return
    after, before = (_tested(have, model, canaries) for model in two)
    gain = compare_canaries(before, after)
    said = Said(
        what="what was planted in that model's training data",
        how=f"{gain.n} canaries, each against {before.exposures[0].references:,} of {canaries.space:,} secrets",
        attacker="may ask for scores and knows all of a canary but its random part",
        name="fall_of_exposure",
        unit="bits",
    )
    yield finding_of(CANARIES, have, two, gain, said)


def _tested(have: Have, model: Model, canaries: CanarySet) -> CanaryTest:
    """How far the canaries stand out in one model; no bound is judged here.

    Raises:
        InputError: it cannot be loaded without running code, or does not read such canaries.
        IncompleteError: there is no file, or it is a network of PyTorch, which says not which columns it reads.
    """
    file = next((one for one in have.all(ModelFile) if one.element == f"model:{model.name}"), None)
    if file is None:
        raise IncompleteError(f"there is no file of model {model.name} to ask", remedy="name it in its key 'path'")
    target = open_target(str(file.path), None)
    if target.of != file.digest:
        raise InputError("its file changed during the run", where=target.name, remedy="run again")
    if canaries.table is None:
        losses = losses_of_text(canaries, target.model if target.network is None else target.network.module)
    elif target.model is None:
        raise IncompleteError("a module of PyTorch is asked about text only", remedy="export it to ONNX")
    elif not model.inputs:
        raise InputError(f"nobody says which columns model {model.name} reads", remedy="list them in its key 'inputs'")
    else:
        losses = losses_of_rows(canaries, target.model, model.inputs)
    return try_canaries(canaries, losses, bound=0.0, references=_REFERENCES)


CHECK = Check(
    id=CANARIES,
    subjects=_subjects,
    run=told_why(CANARIES, "reduces", _run),
    needs=(ModelFile, CanariesFile, DatasetFile),
    tier=Tier.MINUTES,
)
