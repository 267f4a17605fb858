"""How models are asked about canaries that were planted in training data."""

import os
from pathlib import Path

from redan.artifacts.dataset_file import DatasetFile
from redan.artifacts.model_file import ModelFile
from redan.attacks.campaign.inputs import open_target
from redan.attacks.inference.canaries import CanarySet
from redan.attacks.inference.canaries_losses import Losses, losses_of_rows, losses_of_text, sane_of_rows, sane_of_text
from redan.controls.contract import Have
from redan.errors import IncompleteError, InputError
from redan.files import open_regular
from redan.system.records import Model

_SANE_ROWS = 1000
_SANE_BYTES = 100_000


def losses_of(have: Have, model: Model, canaries: CanarySet) -> Losses:
    """What asks a model about canaries, once it was seen to answer about what they were planted in.

    Args:
        have: of a subject with the model, and the datasets that it or the model before it was trained on.
        model: that is asked.
        canaries: planted in one of these datasets.

    Raises:
        InputError: it cannot be loaded without running code, or does not read such canaries.
        IncompleteError: there is no file, it is a network of PyTorch, which says not which columns it reads, or it
            answers about something else.
    """
    given = next((one for one in have.all(ModelFile) if one.element == f"model:{model.name}"), None)
    if given is None:
        raise IncompleteError(f"there is no file of model {model.name} to ask", remedy="name it in its key 'path'")
    target = open_target(str(given.path), None)
    if target.of != given.digest:
        raise InputError("its file changed during the run", where=target.name, remedy="run again")
    file = next(one for one in have.all(DatasetFile) if one.digest == canaries.data)
    if canaries.table is None:
        asked = target.model if target.network is None else target.network.module
        sane_of_text(canaries, asked, _lines(file.path))
        return losses_of_text(canaries, asked)
    if target.model is None:
        raise IncompleteError("a module of PyTorch is asked about text only", remedy="export it to ONNX")
    inputs = model.inputs or _read(have, canaries.table.label, canaries)
    losses = losses_of_rows(canaries, target.model, inputs)
    sane_of_rows(canaries, target.model, inputs, file.table().sample(_SANE_ROWS, 0))
    return losses


def _lines(path: Path) -> list[str]:
    """The beginning of a text, by lines.

    Raises:
        InputError: it cannot be read.
    """
    with os.fdopen(open_regular(path), "rb") as file:
        return file.read(_SANE_BYTES).decode(errors="replace").splitlines()[:-1]


def _read(have: Have, label: str, canaries: CanarySet) -> tuple[str, ...]:
    """Columns that a model reads which names none: all that are no label, moment or person."""
    apart = {label}
    for file in have.all(DatasetFile):
        data = have.system.dataset(file.element.partition(":")[2])
        apart |= {*data.identifiers, *data.pseudonyms}
        apart |= {name for name in (data.label, data.prediction, data.time, data.contributor, data.signature) if name}
    return tuple(name for name in canaries.canaries[0].row if name not in apart)
