"""Records of training: each model's data by digest, sealed and in the ledger, and nothing read that is not declared."""

from collections.abc import Iterable

from redan.artifacts.dataset_file import DatasetFile
from redan.artifacts.model_file import ModelFile
from redan.artifacts.training_record import TrainingRecords
from redan.controls.a_mlsg_002.d005_records_of_all_data_used_are_kept.on_record import ON_RECORD, on_record
from redan.controls.a_mlsg_002.d005_records_of_all_data_used_are_kept.undeclared import UNDECLARED, nothing_undeclared
from redan.controls.contract import Check, Subject
from redan.system.system import System


def _each_trained(system: System) -> Iterable[Subject]:
    """Every model that is said to be trained or validated on something, with those datasets."""
    for model in system.models:
        names = tuple(dict.fromkeys((*model.trained_on, *model.validated_on)))
        if names:
            yield Subject(f"model:{model.name}", (f"model:{model.name}", *(f"dataset:{name}" for name in names)))


# The ledger is part of both answers, so they are dated: asked anew each time.
_NEEDS = (TrainingRecords, ModelFile, DatasetFile)
CHECKS = (
    Check(id=ON_RECORD, subjects=_each_trained, run=on_record, needs=_NEEDS, dated=True),
    Check(id=UNDECLARED, subjects=_each_trained, run=nothing_undeclared, needs=_NEEDS, dated=True),
)
