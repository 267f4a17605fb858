"""A forecaster of the description with its rows, as those see it who read what it publishes."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.artifacts.dataset_file import DatasetFile
from redan.artifacts.model_file import ModelFile
from redan.attacks.campaign.inputs import open_target
from redan.controls.attacked import RAN_DRY, data_of, model_of_id, subject_of
from redan.controls.contract import Have, Subject
from redan.controls.statement import place
from redan.errors import IncompleteError, InputError, MissingExtraError
from redan.findings import Finding, Remedy, not_run
from redan.measures.answers import answers, fed
from redan.models.model import Model as Runtime
from redan.system.records import Dataset, Model
from redan.system.system import System
from redan.terms import Level

Matrix: TypeAlias = NDArray[np.float64]
MOST = 1_000
_VALIDATED = "Name a [[dataset]] with a path in the model's key 'validated_on'."


class Published:
    """Rows, and the forecasts that are published of them.

    Args:
        x: shape (n, columns), finite.
        names: of the columns, as the model reads them.
        who: the contributor of each row; None where no column says so.
        ask: forecasts of inputs, shape (n,), rounded as they are published.
        ordered: whether rows follow each other in time.
        rounded: in words, how forecasts are published.
    """

    def __init__(self, have: Have) -> None:
        """Reads what the subject names.

        Raises:
            InputError: there is no data, or it does not fit the model.
            IncompleteError: the model reads words, or no row is whole.
        """
        model = model_of_id(have.system, have.subject.elements[0])
        data = data_of(have.system, model)
        if data is None:
            raise InputError(f"there is no data that model {model.name} forecasts from", remedy=_VALIDATED)
        rows = have.get(DatasetFile, f"dataset:{data.name}").table().sample(MOST, int(have.system.policy.seed))
        if data.time is not None and data.time in rows.column_names:
            rows = rows.sort_by(data.time)
        self.names = model.inputs or tuple(name for name in rows.column_names if name not in _roles(data))
        missing = [name for name in self.names if name not in rows.column_names]
        if missing:
            raise InputError(f"dataset {data.name} has no column {missing[0]!r}", remedy="Name columns that are there.")
        path = have.get(ModelFile, have.subject.elements[0]).path
        runtime = open_target(str(path), None).model
        if runtime is None:
            raise IncompleteError("a network without a runtime cannot be asked with columns")
        columns = fed(runtime, rows, self.names)
        if any(values.dtype == object for values in columns.values()):
            raise IncompleteError("the model reads words, which no range bounds")
        x = np.column_stack(list(columns.values())).astype(np.float64)
        whole = np.isfinite(x).all(axis=1)
        if not whole.any():
            raise IncompleteError("no row is whole")
        self.x = x[whole]
        known = data.contributor is not None and data.contributor in rows.column_names
        cells = np.array([str(cell) for cell in rows[data.contributor].to_pylist()], dtype=object) if known else None
        self.who = None if cells is None else tuple(cells[whole].tolist())
        self.ordered = data.time is not None
        decimals = _decimals(have.system, model)
        self.rounded = "in full" if decimals is None else f"to {decimals} decimals"
        self.ask: Callable[[Matrix], Matrix] = partial(_asked, runtime, self.names, decimals)


def _asked(runtime: Runtime, names: tuple[str, ...], decimals: int | None, x: Matrix) -> Matrix:
    told = answers(runtime, {name: x[:, place] for place, name in enumerate(names)})
    if told.shape[1] != 1:
        raise IncompleteError(f"the model gives {told.shape[1]} numbers for each row, and one is looked at")
    return told[:, 0] if decimals is None else np.round(told[:, 0], decimals)


def _roles(data: Dataset) -> set[str | None]:
    apart = {data.label, data.prediction, data.time, data.contributor, data.signature}
    return apart | {*data.identifiers, *data.pseudonyms}


def _decimals(system: System, model: Model) -> int | None:
    """How finely the most telling endpoint answers; None for all digits, and where there is no endpoint."""
    found = [one.decimals for one in system.endpoints if one.model == model.name]
    known = [count for count in found if count is not None]
    return max(known) if known and len(known) == len(found) else None


def forecasters(system: System) -> Iterator[Subject]:
    """Models that forecast and have a file, with the data they forecast from."""
    models = (one for one in system.models if one.path and one.task in ("forecast", "regression"))
    return (subject_of(system, one) for one in models)


def told_why(check: str, key: str, run: Callable[[Have], Finding], have: Have) -> Iterator[Finding]:
    """The finding, or why there is none, with the line of a key.

    Args:
        check: full id.
        key: of the model's table.
        run: what is asked.
        have: of one model.
    """
    where = place(have.system, have.subject.elements[0], key)
    try:
        found = run(have)
    except MissingExtraError:
        raise
    except RAN_DRY as error:
        advice = None if error.remedy is None else Remedy(text=f"{_sentence(error.remedy)}", effort=Level.LOW)
        found = not_run(check, have.subject.id, _sentence(error.what), remedy=advice)
    yield replace(found, location=where)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
