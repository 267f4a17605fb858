"""A model and a file of samples in; what searches for triggers found, by all that the model shows."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.attacks.campaign.inputs import (
    Opening,
    Target,
    one_array,
    read_boxed,
    read_by,
    source_of_target,
    with_gradients,
)
from redan.attacks.cost import Cost
from redan.attacks.poisoning.rare_values import RareSearch, rare_values
from redan.attacks.poisoning.squares import SquareSearch, squares
from redan.attacks.poisoning.superposition import Superposed, superposed
from redan.attacks.progress import Progress
from redan.attacks.queries import Queries, indices
from redan.attacks.sources import FunctionSource
from redan.errors import IncompleteError, InputError, UsageError

if TYPE_CHECKING:
    from redan.attacks.poisoning.inversion import Inverted
    from redan.attacks.poisoning.leaf_counts import LeafCounts
    from redan.attacks.poisoning.risk import Anomaly
    from redan.attacks.poisoning.weights import Weights
    from redan.attacks.tables.encode import Rows

Array: TypeAlias = NDArray[Any]
_BATCH, _FAST = 2048, 256
_SHOWN = 100
_SEARCHED = 2000
_MOST_CLASSES = 40
_TABLE = 2
_PICTURE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is wanted of an examination.

    Args:
        label: column of classes; for a table.
        trusted: a file of samples that surely carry no trigger; then those of the data are suspects.
        samples: of each file at most.
        box: least and largest value of an array's numbers.
        steps: of the search by gradients.
        budget: questions at most where there are no gradients.
        seed: of every draw.
        progress: is told how far it is.
    """

    label: str | None = None
    trusted: Path | None = None
    samples: int = _SEARCHED
    box: tuple[float, float] = (0.0, 1.0)
    steps: int = 150
    budget: int | None = None
    seed: int = 0
    progress: Callable[[Progress], None] | None = None


class ByGradients(NamedTuple):
    """What gradients showed.

    Args:
        kinds: for each kind of change, the smallest trigger of each class.
        anomaly: how they compare.
        weights: what stands out among the weights.
    """

    kinds: "tuple[tuple[Inverted, ...], ...]"
    anomaly: "Anomaly"
    weights: "Weights"


class Examined(NamedTuple):
    """What an examination found; what was not tried is None.

    Args:
        gradients: of networks.
        squares: of pictures.
        rare: of tables.
        counts: of the leaves of trees.
        uncounted: why there are none, of a table's model.
        counted: names of the columns that the trees read.
        superposed: entropies of clean inputs, and of the same kind with the trigger found, or of suspect ones.
        suspects: whether the latter are suspect inputs of the data.
        shown: pictures without and with the trigger of the class that is reached most easily.
        columns: names of a table's columns.
        levels: of its columns of words, by place.
        classes: names of the classes, where they are known.
        box: least and largest value of an array's numbers.
        cost: of all of it.
        notes: what a reader has to know.
    """

    gradients: ByGradients | None = None
    squares: SquareSearch | None = None
    rare: RareSearch | None = None
    counts: "LeafCounts | None" = None
    uncounted: str = ""
    counted: tuple[str, ...] = ()
    superposed: Superposed | None = None
    suspects: bool = False
    shown: tuple[Array, Array] | None = None
    columns: tuple[str, ...] = ()
    levels: dict[int, tuple[object, ...]] = {}  # noqa: RUF012 -- never written
    classes: tuple[str, ...] = ()
    box: tuple[float, float] = (0.0, 1.0)
    cost: Cost = Cost()
    notes: tuple[str, ...] = ()


def examine(opening: Opening, data: Path, wanted: Wanted) -> Examined:
    """Looks for signs of a backdoor: by gradients where there are some, else by questions.

    Args:
        opening: of the model.
        data: an `.npz` with arrays x and y, or a table.
        wanted: of the examination.

    Raises:
        UsageError: an option is missing or contradicts another.
        InputError: a file cannot be read, or model and data do not fit.
        IncompleteError: too few samples, or the model gives one answer to everything.
    """
    target = opening()
    if data.suffix.lower() != ".npz":
        if wanted.trusted is not None:
            raise UsageError("suspect rows of a table are not judged", remedy="leave out --trusted")
        return _table(target, data, wanted)
    if wanted.label is not None:
        raise UsageError("arrays need no label column", where=str(data), remedy="leave out --label")
    one_array(target, data)
    read = read_boxed(data, wanted.samples, wanted.seed, wanted.box)
    suspect, clean = read.x, read
    if wanted.trusted is not None:
        clean = read_boxed(wanted.trusted, wanted.samples, wanted.seed, wanted.box)
    x = clean.x
    if x.shape[1:] != suspect.shape[1:]:
        raise InputError("trusted samples differ in shape from the data", where=str(wanted.trusted))
    path = Path(opening.word)
    if path.is_file() and target.endpoint is None:
        target = with_gradients(target, path, x[:8])
    return arrays(target, x, None if wanted.trusted is None else suspect, wanted, clean.y)


def arrays(
    target: Target, x: Array, suspect: Array | None, wanted: Wanted, y: NDArray[np.int64] | None = None
) -> Examined:
    """The same of arrays that were read.

    Args:
        target: that is examined.
        x: inputs without a trigger, shape (n, ...).
        suspect: inputs that may carry one; None where there are none.
        wanted: of the examination.
        y: true classes of `x`, shape (n,); None where nobody knows them.

    Raises:
        InputError: a true class is none of the model's.
        IncompleteError: too few samples, or the model gives one answer to everything.
    """
    queries = Queries(_source(target), budget=wanted.budget)
    labels = queries.labels(x)
    if len(np.unique(labels)) < _TABLE:
        raise IncompleteError("the model gives one answer to every sample", remedy="give samples of all classes")
    notes = (*target.notes, *_right(target, queries, (x, labels), y))
    found: dict[str, Any] = {}
    pictures = x.ndim == _PICTURE and min(x.shape[2:]) >= 2 * _TABLE**2
    before = Cost() if target.network is None else target.network.meter.read()
    if target.network is not None:
        found["gradients"] = _by_gradients(target, x, labels, wanted)
        if not pictures and len(found["gradients"].anomaly.classes) == _TABLE:
            raise IncompleteError(
                "the triggers of two classes cannot be compared with others", remedy="give a table with --label"
            )
    if pictures:
        found["squares"] = squares(queries, x, box=wanted.box, seed=wanted.seed, told=wanted.progress)
    elif target.network is None:
        raise IncompleteError("the model has no gradients, and its inputs are no pictures", remedy="give a table")
    with_trigger = _with_trigger(found, x, labels, wanted.box)
    found["shown"] = with_trigger if x.ndim == _PICTURE else None
    if suspect is not None or with_trigger is not None:
        other = suspect if suspect is not None else np.asarray(with_trigger)[1]
        found["superposed"] = superposed(queries, x[:_SEARCHED], other, seed=wanted.seed)
    cost = (
        queries.cost() if target.network is None else target.network.meter.since(before) + Cost(queries=queries.asked)
    )
    names = queries.source.classes
    return Examined(
        **found,
        suspects=suspect is not None,
        classes=() if names is None else tuple(str(name) for name in names),
        box=wanted.box,
        cost=cost,
        notes=notes,
    )


def _right(
    target: Target, queries: Queries, answered: tuple[Array, NDArray[np.int64]], y: NDArray[np.int64] | None
) -> tuple[str, ...]:
    """How often the model is right, since what is found of a model on inputs that it does not know says little."""
    if y is None:
        return ()
    x, labels = answered
    if (
        target.network is not None
        and queries.source.classes is None
        and int(y.max()) >= (wide := _width(target.network, x))
    ):
        raise InputError(
            f"labels go up to {int(y.max())}, and the model has {wide} classes",
            remedy="give labels from 0, in their order",
        )
    return (f"The model is right on {np.mean(labels == queries.indices(y)):.1%} of {len(y):,} samples.",)


def _by_gradients(target: Target, x: Array, labels: NDArray[np.int64], wanted: Wanted) -> ByGradients:
    from redan.attacks.poisoning.changes import CHANGES
    from redan.attacks.poisoning.inversion import Search, invert
    from redan.attacks.poisoning.risk import anomaly
    from redan.attacks.poisoning.weights import weights

    network = target.network
    if network is None:
        raise IncompleteError("the model has no gradients")
    count = int(network.labels(x[:1]).size and _width(network, x))
    classes = np.arange(count)
    if count > _MOST_CLASSES:
        often = np.argsort(-np.bincount(labels, minlength=count), kind="stable")[:_MOST_CLASSES]
        classes = np.sort(often)
    kinds = tuple(
        invert(
            network,
            x,
            classes.tolist(),
            kind=kind,
            box=wanted.box,
            search=Search(steps=wanted.steps),
            seed=wanted.seed,
            told=wanted.progress,
        )
        for kind in CHANGES
    )
    return ByGradients(kinds, anomaly(kinds), weights(network.module))


def _width(network: Any, x: Array) -> int:  # noqa: ANN401 -- a Network; it imports torch
    import torch

    return int(network.logits(torch.as_tensor(x[:1], device=network.device)).shape[1])


def _with_trigger(
    found: dict[str, Any], x: Array, labels: NDArray[np.int64], box: tuple[float, float]
) -> tuple[Array, Array] | None:
    """Inputs of other classes without and with the trigger that reaches its class most easily."""
    by: ByGradients | None = found.get("gradients")
    square: SquareSearch | None = found.get("squares")
    if by is not None:
        place = by.anomaly.classes.index(by.anomaly.target)
        trigger: Any = by.kinds[0][place]
        goal = by.anomaly.target
    elif square is not None:
        trigger, goal = square.square, square.target
    else:
        return None
    rows = np.flatnonzero(labels != goal)[:_SHOWN]
    return x[rows], trigger.on(x[rows], box)


def _table(target: Target, data: Path, wanted: Wanted) -> Examined:
    from redan.attacks.tables.encode import TableModel, rows_of
    from redan.attacks.tables.rules import Rules
    from redan.tables import open_table

    if wanted.label is None:
        raise UsageError("a table needs its label", where=str(data), remedy="name it with --label")
    table = read_by(target.model, open_table(data), wanted.label)
    rows = rows_of(table, wanted.label, Rules(others="free"), limit=wanted.samples, seed=wanted.seed)
    if target.model is None:
        source = source_of_target(target)
    else:
        known = getattr(getattr(target.model, "estimator", None), "classes_", None)
        source = FunctionSource(TableModel(target.model, rows.space).predict, classes=known, chunk=_BATCH)
    queries = Queries(source, budget=wanted.budget)
    y, notes = _classes(queries, rows.y, rows.x)
    found = rare_values(queries, rows.x, y, choice=rows.space.choice, seed=wanted.seed, told=wanted.progress)
    counts, uncounted, counted = _counted(target, rows)
    left = ", ".join(f"{count:,} for {reason}" for reason, count in rows.left_out.items())
    names = source.classes if source.classes is not None else np.unique(rows.y)
    return Examined(
        rare=found,
        counts=counts,
        uncounted=uncounted,
        counted=counted,
        columns=rows.space.columns,
        levels=dict(rows.space.levels),
        classes=tuple(str(name) for name in names),
        cost=queries.cost(),
        notes=(*target.notes, *((f"Rows that were left out: {left}.",) if left else ()), *notes),
    )


def _counted(target: Target, rows: "Rows") -> "tuple[LeafCounts | None, str, tuple[str, ...]]":
    """What the counts of leaves show, or why there are none, and the columns of the trees."""
    from redan.attacks.poisoning.inner_trees import within
    from redan.attacks.poisoning.leaf_counts import leaf_counts
    from redan.attacks.tables.encode import TableModel

    if target.model is None:
        return None, "there is no file", ()
    try:
        found = within(target.model, TableModel(target.model, rows.space).decoded(rows.x), rows.space.columns)
        return leaf_counts(found.ensemble, found.x, rows.y), "", found.columns
    except IncompleteError as error:
        return None, error.what, ()


def _classes(queries: Queries, y: Array, x: Array) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Labels as indices; where the model names no classes, those of the data in sorted order."""
    if queries.source.classes is not None:
        return queries.indices(y), ()
    told = queries.answered(x[:1])
    names = np.unique(y)
    if told.ndim == _TABLE and (y.dtype.kind not in "iub" or y.min() < 0 or y.max() >= told.shape[1]):
        if len(names) != told.shape[1]:
            raise InputError(
                f"the data has {len(names)} of the model's {told.shape[1]} classes, which it does not name",
                remedy="give rows of all classes, or labels as numbers from 0, in the order of its scores",
            )
        return indices(y, names), ("The model names no classes; those of the data are taken in sorted order.",)
    return indices(y, None), ()


def _source(target: Target) -> Any:  # noqa: ANN401 -- a source; networks are asked in larger batches
    if target.model is not None:
        known = getattr(getattr(target.model, "estimator", None), "classes_", None)
        if len(target.model.inputs) == 1:
            return FunctionSource(target.model.predict, classes=known, chunk=_FAST)
    return source_of_target(target)
