"""Whether a pretrained model shows signs of a backdoor, on samples that the description names."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from redan.artifacts.dataset_file import DatasetFile
from redan.artifacts.model_file import ModelFile
from redan.attacks.campaign.inputs import Opening
from redan.attacks.poisoning.examination import Wanted, examine
from redan.attacks.poisoning.telling import RISK, tell
from redan.controls.a_mlsg_001.n002_no_pretrained_model_of_unknown_provenance.pretrained import model_of, pretrained
from redan.controls.attacked import data_of
from redan.controls.contract import Have, Subject
from redan.errors import InputError
from redan.findings import Finding
from redan.system.records import Dataset, Model
from redan.system.system import System

__all__ = ["RISK", "each_with_samples", "risk"]
_SAMPLES = 1000
_GIVE = "name a dataset with a path in 'validated_on' of the model or of one made from it"


def each_with_samples(system: System) -> Iterable[Subject]:
    """Every pretrained model with a file that classifies, and the samples that it is examined with."""
    for model in pretrained(system):
        if model.path and model.task in ("classification", "anomaly", "other"):
            data = samples_of(system, model)
            more = () if data is None else (f"dataset:{data.name}",)
            yield Subject(f"model:{model.name}", (f"model:{model.name}", *more))


def samples_of(system: System, model: Model) -> Dataset | None:
    """What it was validated on, else what a model that was made from it was."""
    made = [one for one in system.models if one.base == model.name]
    named = [one for one in (model, *made) if one.validated_on]
    return next((data for one in (*named, model) if (data := data_of(system, one)) is not None), None)


def risk(have: Have) -> Iterator[Finding]:
    """The grade, with what it rests on."""
    model = model_of(have)
    data = samples_of(have.system, model)
    if data is None:
        raise InputError(f"there are no samples to examine model {model.name} with", remedy=_GIVE)
    path = have.get(DatasetFile, f"dataset:{data.name}").path
    arrays = path.suffix.lower() == ".npz"
    if not arrays and data.label is None:
        raise InputError(f"dataset {data.name} names no label", remedy="add the key 'label'")
    wanted = Wanted(
        label=None if arrays else data.label,
        samples=_SAMPLES,
        box=(float(model.box[0]), float(model.box[1])),
        seed=int(have.rng.integers(2**31 - 1)),
    )
    file = have.get(ModelFile, have.subject.id).path
    found = examine(Opening(str(file)), path, wanted)
    for one in tell(found, have.subject.id, samples=data.shown > 0):
        command = f"redan attack backdoor --model {model.path} --data {data.path} --html PAGE"
        remedy = one.remedy if one.remedy is None else replace(one.remedy, command=command)
        yield replace(one, remedy=remedy)
