"""Two models on the same labelled rows: evidence that one is right less often, which may be looked at at any time."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from redan.artifacts.dataset_file import DatasetFile
from redan.artifacts.model_file import ModelFile
from redan.attacks.campaign.inputs import open_target, read_arrays
from redan.attacks.sources import queries_of
from redan.controls.contract import Have
from redan.errors import IncompleteError, InputError
from redan.stats.betting import Bet
from redan.stats.difference import normal_quantile
from redan.stats.interval import Interval
from redan.system.records import Dataset, Model
from redan.system.system import System

if TYPE_CHECKING:
    from redan.models.model import Model as Loaded

BATCH = 50
MOST = 100_000
ARRAYS = (".npz", ".npy")
_HALF = 0.5


class Compared(NamedTuple):
    """What two models come to on the same rows.

    Args:
        ours: share of rows that the model in service has right.
        others: share that the other has right.
        n: rows.
        worse: greatest e-value, over the rows in their order, of "ours is right less often".
        better: the same of "ours is right more often".
        gain: interval of `ours` less `others`, 95 %.
    """

    ours: float
    others: float
    n: int
    worse: float
    better: float
    gain: Interval


def live_data(system: System, model: Model) -> Dataset | None:
    """Recorded traffic of a model that the truth is known about: the first current dataset that has a label."""
    fit = [one for one in system.datasets if one.role == "current" and one.path and _labelled(one)]
    named = [one for one in fit if one.name in model.validated_on]
    return next(iter((*named, *fit)), None)


def _labelled(one: Dataset) -> bool:
    return one.label is not None or str(one.path).lower().endswith(ARRAYS)


def compare(have: Have, ours: Model, other: Model, data: Dataset) -> Compared:
    """Both models on recorded traffic.

    Raises:
        InputError: a model or the data cannot be read, or they do not fit each other.
        IncompleteError: there are too few rows.
    """
    truth, first, second = _right(have, ours, other, data)
    if not truth:
        raise IncompleteError(f"dataset {data.name} has no row with a label")
    return judged(first, second)


def judged(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> Compared:
    """The evidence, batch by batch, in the order of the rows.

    Args:
        first: where the model in service is right, shape (n,).
        second: where the other is.
    """
    lost = second.astype(np.float64) - first.astype(np.float64)
    return Compared(
        ours=float(first.mean()),
        others=float(second.mean()),
        n=len(first),
        worse=_evidence(lost),
        better=_evidence(-lost),
        gain=_gain(-lost),
    )


def _evidence(lost: NDArray[np.float64]) -> float:
    """The greatest capital of a bet that the mean is above zero: an alarm at any time stays one."""
    bet, most = Bet(_HALF), 1.0
    for start in range(0, len(lost), BATCH):
        bet = bet.after((lost[start : start + BATCH] + 1.0) * _HALF)
        most = max(most, bet.value)
    return most


def _gain(gained: NDArray[np.float64]) -> Interval:
    n = len(gained) + 2  # one row more to either side, so that equal models have an error, too
    mean = float(gained.sum()) / n
    spread = (float((gained**2).sum()) + 2.0) / n - mean**2
    half = normal_quantile(0.95) * float(np.sqrt(max(spread, 0.0) / n))
    return Interval(max(-1.0, mean - half), min(1.0, mean + half))


def _right(have: Have, ours: Model, other: Model, data: Dataset) -> tuple[int, NDArray[np.bool_], NDArray[np.bool_]]:
    file = have.get(DatasetFile, f"dataset:{data.name}")
    found = []
    for model in (ours, other):
        path = have.get(ModelFile, f"model:{model.name}").path
        if file.path.suffix.lower() in ARRAYS:
            read = read_arrays(file.path, MOST, int(have.system.policy.seed))
            queries = queries_of(_model(path))
            found.append(queries.labels(read.x) == queries.indices(read.y))
        else:
            found.append(_of_table(file, data, model, _model(path)))
    if len(found[0]) != len(found[1]):
        raise InputError("the models answer different numbers of rows")
    return len(found[0]), found[0], found[1]


def _model(path: object) -> object:
    target = open_target(str(path), None)
    return target.model if target.model is not None else target.network


def _of_table(file: DatasetFile, data: Dataset, model: Model, loaded: object) -> NDArray[np.bool_]:
    from redan.measures.answers import answers, fed
    from redan.models.model import Model as Answering

    if not isinstance(loaded, Answering):
        raise InputError(f"model {model.name} does not answer rows of a table", remedy="export it to ONNX")
    rows = file.table().sample(MOST, 0)
    if data.time is not None and data.time in rows.column_names:
        rows = rows.sort_by(data.time)
    names = model.inputs or _columns(data, loaded, rows.column_names)
    missing = [name for name in (*names, str(data.label)) if name not in rows.column_names]
    if missing:
        raise InputError(f"dataset {data.name} has no column {missing[0]!r}", remedy="name columns that are there")
    rows = rows.filter(rows[str(data.label)].is_valid())
    truth = [str(cell) for cell in rows[str(data.label)].to_pylist()]
    told = answers(loaded, fed(loaded, rows, names))
    classes = _classes(data, model, truth, told.shape[1])
    picked = told.argmax(axis=1) if told.shape[1] > 1 else (told[:, 0] > _HALF).astype(int)
    return np.asarray(np.array(classes)[picked] == np.array(truth), dtype=np.bool_)


def _columns(data: Dataset, loaded: "Loaded", columns: Iterable[str]) -> tuple[str, ...]:
    """The inputs of a model that describes none: its ports, or all columns that say what a row is like."""
    ports = tuple(port.name for port in loaded.inputs)
    if len(ports) > 1 or set(ports) <= set(columns):
        return ports
    apart = {data.label, data.prediction, data.time, data.contributor, data.signature}
    return tuple(name for name in columns if name not in {*apart, *data.identifiers, *data.pseudonyms})


def _classes(data: Dataset, model: Model, truth: Iterable[str], width: int) -> list[str]:
    """The label of each index: as the model's outputs name them, else the sorted labels of the data."""
    seen = sorted(set(truth))
    count = max(2, width)
    if len(model.outputs) == count and set(seen) <= set(model.outputs):
        return list(model.outputs)
    if all(word.lstrip("-").isdigit() for word in seen) and all(0 <= int(word) < count for word in seen):
        return [str(place) for place in range(count)]
    if len(seen) > count:
        raise InputError(f"dataset {data.name} has more labels than model {model.name} has classes")
    if len(seen) < count:
        raise IncompleteError(f"only {len(seen)} of the {count} classes occur in dataset {data.name}")
    return seen
