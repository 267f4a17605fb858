"""Whether canaries that were planted in the training data of a model stand out less in its reduction."""

from collections.abc import Iterable, Iterator

from redan.artifacts.dataset_file import DatasetFile
from redan.artifacts.model_file import ModelFile
from redan.artifacts.model_parts import CanariesFile
from redan.attacks.inference.canaries import read_canaries
from redan.attacks.inference.canaries_losses import try_canaries
from redan.controls.a_mlsg_003.c001_information_in_the_model_is_reduced.saying import (
    CONTROL,
    Said,
    finding_of,
    pairs,
    two_of,
)
from redan.controls.attacked import told_why
from redan.controls.canaried import losses_of
from redan.controls.contract import Check, Have, Subject
from redan.defences.reduction.compare import compare_canaries
from redan.findings import Finding, Remedy, not_run
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
    after, before = (
        try_canaries(canaries, losses_of(have, model, canaries), bound=0.0, references=_REFERENCES) for model in two
    )
    gain = compare_canaries(before, after)
    said = Said(
        what="what was planted in that model's training data",
        how=f"{gain.n} canaries, each against {before.exposures[0].references:,} of {canaries.space:,} secrets",
        attacker="may ask for scores and knows all of a canary but its random part",
        name="fall_of_exposure",
        unit="bits",
    )
    yield finding_of(CANARIES, have, two, gain, said)


CHECK = Check(
    id=CANARIES,
    subjects=_subjects,
    run=told_why(CANARIES, "reduces", _run),
    needs=(ModelFile, CanariesFile, DatasetFile),
    tier=Tier.MINUTES,
)
