"""The model that is to be reprogrammed, what answers for it, and the data of its own task."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.attacks.campaign.inputs import Target, one_array, read_boxed, read_by, source_of_target, with_gradients
from redan.attacks.queries import Source
from redan.attacks.reprogramming.frame import Frame, column_frame, picture_frame
from redan.attacks.reprogramming.noticing import LEAST_ROWS
from redan.attacks.reprogramming.tasks import Task
from redan.attacks.sources import FunctionSource
from redan.errors import IncompleteError, UsageError

if TYPE_CHECKING:
    from redan.attacks.evasion.network import Network

Array: TypeAlias = NDArray[Any]
_PICTURE = 3


class Victim(NamedTuple):
    """What is reprogrammed.

    Args:
        x: the data of its own task, shape (n, ...).
        low: least valid value of each place of the flat input.
        high: largest valid values.
        columns: places that an attacker fills; all of them for pictures.
        whole: places of whole numbers.
        table: whether inputs are rows of a table.
        source: makes what answers, with counts that begin at zero.
        network: with gradients; None where there are none.
        remote: whether an endpoint answers.
        notes: what a reader has to know.
        y: classes of the data as it has them, shape (n,); None where nobody knows them.
    """

    x: Array
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    columns: NDArray[np.int64]
    whole: NDArray[np.int64]
    table: bool
    source: Callable[[], Source]
    network: "Network | None"
    remote: bool
    notes: tuple[str, ...] = ()
    y: Array | None = None

    def frame(self, task: Task, scale: int | None = None, block: int = 1, amplitude: float = 1.0) -> Frame:
        """Where inputs of a task lie in its inputs.

        Raises:
            InputError: they do not fit.
        """
        shape = tuple(self.x.shape[1:])
        if self.table or not task.picture:
            base = np.clip(np.median(self.x.reshape(len(self.x), -1), axis=0), self.low, self.high)
            values = int(np.prod(task.shape))
            made = column_frame(self.low, self.high, values, base=base, columns=self.columns)
            return made.shaped(shape, self.whole)
        low, high = float(self.low.min()), float(self.high.max())
        return picture_frame(shape, task.shape, low=low, high=high, scale=scale, block=block, amplitude=amplitude)

    def told(self, task: Task, frame: Frame) -> Task:
        """The task as the frame takes it: of many numbers the ones that tell its classes best, in the training part."""
        taken = int(frame.source.max()) + 1
        if task.picture and not self.table:
            return task
        return task.best(taken)


def victim_of(
    target: Target,
    data: Path,
    *,
    path: Path | None = None,
    label: str | None = None,
    box: tuple[float, float] = (0.0, 1.0),
    samples: int = 2000,
    seed: int = 0,
    batch: int = 64,
) -> Victim:
    """A model with the data of its own task.

    Args:
        target: what answers.
        data: an `.npz` with arrays x and y, or a table.
        path: of the model's file, where gradients are wanted.
        label: column of classes; for a table.
        box: least and largest valid value of arrays.
        samples: of the data at most.
        seed: of their draw.
        batch: inputs that go through a converted graph at once.

    Raises:
        UsageError: an option is missing or contradicts another.
        InputError: a file cannot be read, or model and data do not fit.
        IncompleteError: the data is too little.
    """
    if data.suffix.lower() != ".npz":
        return _table(target, data, label, samples, seed)
    if label:
        raise UsageError("an .npz has no columns", where=str(data), remedy="leave out --label")
    one_array(target, data)
    x, y = read_boxed(data, samples, seed, box)
    _enough(x, data)
    low, high = box
    found = target if path is None or target.network is not None else with_gradients(target, path, x[:batch])
    size = int(np.prod(x.shape[1:]))
    return Victim(
        x=x,
        low=np.full(size, low),
        high=np.full(size, high),
        columns=np.arange(size),
        whole=np.zeros(0, dtype=np.int64),
        table=False,
        source=lambda: source_of_target(target),
        network=found.network,
        remote=target.endpoint is not None,
        notes=found.notes,
        y=y,
    )


def _table(target: Target, data: Path, label: str | None, samples: int, seed: int) -> Victim:
    from redan.attacks.extraction.domain import box_of_space
    from redan.attacks.tables.encode import TableModel, rows_of
    from redan.attacks.tables.rules import Rules
    from redan.tables import open_table

    if label is None:
        raise UsageError("a table needs its label", where=str(data), remedy="name it with --label")
    table = read_by(target.model, open_table(data), label)
    rows = rows_of(table, label, Rules(others="free"), limit=samples, seed=seed)
    _enough(rows.x, data)
    domain, space = box_of_space(rows.space, rows.x), rows.space

    def source() -> Source:
        if target.model is None:
            return source_of_target(target)
        known = getattr(getattr(target.model, "estimator", None), "classes_", None)
        return FunctionSource(TableModel(target.model, space).predict, classes=known, chunk=256)

    columns = np.flatnonzero(~np.asarray(space.choice) & np.asarray(space.mutable) & (domain.high > domain.low))
    note = (
        f"Of {len(space.columns)} columns {len(columns)} hold numbers that an attacker fills: the first half with the "
        "task, the others with the program; categories stay at their median."
    )
    return Victim(
        x=rows.x,
        low=np.asarray(domain.low, float),
        high=np.asarray(domain.high, float),
        columns=columns,
        whole=np.flatnonzero(space.whole),
        table=True,
        source=source,
        network=None,
        remote=target.endpoint is not None,
        notes=(*target.notes, note),
        y=rows.y,
    )


def _enough(x: Array, data: Path) -> None:
    """Looks that the data says what inputs of the model look like.

    Raises:
        IncompleteError: there are too few samples, or too few that differ.
    """
    unlike = len({hash(row.tobytes()) for row in x})
    if unlike < LEAST_ROWS:
        many = f"{unlike} sample{'' if unlike == 1 else 's'}"
        among = "" if unlike == len(x) else f" of {len(x):,} that differ"
        raise IncompleteError(
            f"{many}{among}: too little to tell what the model's own inputs look like",
            where=str(data),
            remedy=f"give {LEAST_ROWS} or more of its own task",
        )
