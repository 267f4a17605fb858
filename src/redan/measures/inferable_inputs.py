"""Attribute inference against a model that is at hand: which of its inputs its answers give away."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.errors import IncompleteError, InputError
from redan.measures.answers import answers, fed
from redan.measures.attribute_inference import (
    LIMIT,
    MOST_CLASSES,
    NO_OTHERS,
    Inference,
    Remembered,
    Seen,
    attribute_inference,
    remembered,
)
from redan.measures.columns import Column, encode
from redan.tables import Table

if TYPE_CHECKING:
    import pyarrow as pa

    from redan.models import Model

Shown: TypeAlias = Literal["label", "top-k", "probabilities", "score"]
ROWS = 3_000
LEAST_ROWS = 200
_GRID = 8  # values at which an input of numbers is tried
_CLASSES = 4  # an input of numbers is told apart by quarters
_SURE = 4.0  # standard errors; answers that go with the label less than this may be answers to other columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A model with what it was trained on.

    Args:
        model: what is asked.
        inputs: its inputs, in order.
        tables: training data, each with the name of its label column.
        numeric: whether the label is a number.
        shown: how much of an answer an outsider sees.
        others: data of the same kind that it was not trained on, each with the name of its label column.
    """

    model: "Model"
    inputs: tuple[str, ...]
    tables: tuple[tuple[Table, str], ...]
    numeric: bool = False
    shown: Shown = "probabilities"
    others: tuple[tuple[Table, str], ...] = ()


class _Rows(NamedTuple):
    columns: dict[str, NDArray[Any]]  # as the model reads them
    encoded: list[Column]
    label: NDArray[Any]
    extra: dict[str, NDArray[Any]]  # attributes that the model does not read
    trained: NDArray[np.bool_]


def inferable_inputs(
    asked: Asked, attributes: Sequence[str], *, rng: np.random.Generator, limit: float = LIMIT
) -> dict[str, Inference | IncompleteError]:
    """What a model's answers tell about some of its inputs that the other inputs do not tell already.

    The rows are those it was trained on: whoever is in the training data has most to lose. Where others are known,
    they are asked about in the same way: what is told about both is what holds for everybody, the rest is memory.

    Args:
        asked: the model, its inputs and its training data.
        attributes: inputs, or other columns of its training data, that nobody should be able to tell.
        rng: of the sample, the halves and the planted leaks.
        limit: gain that decides; the planted leak is twice as large.

    Returns:
        By attribute; the reason where there is not enough data.

    Raises:
        InputError: the model reads other inputs than those described, or no label column has that name.
        IncompleteError: there are too few rows, or the answers have nothing to do with the label.
        MissingExtraError: scikit-learn is not installed.
    """
    extra = tuple(name for name in attributes if name not in asked.inputs)
    rows = _drawn(asked, rng, extra)
    told = _visible(asked, rows.columns)
    _sane(told, rows.label, numeric=asked.numeric)
    found: dict[str, Inference | IncompleteError] = {}
    beside = _beside(asked, rng, extra)
    for name in attributes:
        values, candidates = _values(rows.columns[name] if name in rows.columns else rows.extra[name])
        seen = _seen(asked, rows, name, candidates, told)
        try:
            one = attribute_inference(name, values, seen, rng=rng, limit=limit)
        except IncompleteError as error:
            found[name] = error
        else:
            found[name] = replace(one, remembered=_remembered(asked, name, beside, rng))
    return found


def _seen(asked: Asked, rows: _Rows, name: str, candidates: Sequence[object], told: NDArray[np.float64]) -> Seen:
    """What an attacker on one attribute sees of some rows."""
    tried = [_with(rows.columns, name, value) for value in candidates] if name in rows.columns else []
    return Seen(
        others=[c for c in rows.encoded if c.name != name],
        label=rows.label,
        numeric=asked.numeric,
        answers=told,
        candidates=np.stack([_visible(asked, one) for one in tried], axis=1) if tried else None,
    )


def _beside(asked: Asked, rng: np.random.Generator, extra: Sequence[str]) -> _Rows | str:
    """Rows that were trained on and others, read alike; the reason where there are none."""
    if not asked.others:
        return NO_OTHERS
    try:
        return _drawn(asked, rng, extra, both=True)
    except (IncompleteError, InputError) as error:
        return f"of rows that it was not trained on: {error.what}"


def _remembered(asked: Asked, name: str, beside: _Rows | str, rng: np.random.Generator) -> Remembered | str:
    """The gain on rows of both kinds."""
    if isinstance(beside, str):
        return beside
    values, candidates = _values(beside.columns[name] if name in beside.columns else beside.extra[name])
    seen = _seen(asked, beside, name, candidates, _visible(asked, beside.columns))
    try:
        return remembered(values, seen, beside.trained, rng=rng)
    except IncompleteError as error:
        return f"of rows of both kinds: {error.what}"


def _drawn(asked: Asked, rng: np.random.Generator, extra: Sequence[str] = (), *, both: bool = False) -> _Rows:
    """A bounded sample of complete rows, as the model reads them and as an attacker learns from them.

    Args:
        asked: the model and its data.
        rng: of the sample.
        extra: columns that the model does not read.
        both: whether rows that were not trained on are among them, half of the sample where there are as many.
    """
    import pyarrow as pa

    parts, trained = [], []
    for tables, kind in ((asked.tables, True), (asked.others, False)) if both else ((asked.tables, True),):
        total = max(1, sum(table.rows for table, _ in tables))
        for table, label in tables:
            limit = max(1, (ROWS // 2 if both else ROWS) * table.rows // total)
            part = table.select([*asked.inputs, *extra, label]).sample(limit, int(rng.integers(2**31 - 1)))
            parts.append(part.rename_columns([*asked.inputs, *extra, "label of the row"]))
            trained.append(np.full(part.num_rows, kind))
    try:
        rows = pa.concat_tables(parts, promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise IncompleteError("the training sets hold different types under one name") from error
    columns = fed(asked.model, rows, asked.inputs)
    target, known = _label(rows["label of the row"], numeric=asked.numeric)
    others = {name: _raw(rows[name]) for name in extra}
    for column in (*columns.values(), *others.values()):
        known &= np.isfinite(column) if column.dtype.kind == "f" else True
    kept = np.flatnonzero(known)
    if len(kept) < LEAST_ROWS:
        raise IncompleteError(
            f"{len(kept)} complete labelled rows are not enough data", remedy=f"give at least {LEAST_ROWS}"
        )
    encoded = [encode(name, rows[name].take(pa.array(kept))) for name in asked.inputs]
    return _Rows(
        {name: column[kept] for name, column in columns.items()},
        [column for column in encoded if column.kind != "prose"],
        target[kept],
        {name: column[kept] for name, column in others.items()},
        np.concatenate(trained)[kept],
    )


def _raw(cells: "pa.ChunkedArray") -> NDArray[Any]:
    """A column as numbers, or as texts where it is none."""
    import pyarrow as pa

    from redan.measures.answers import numbers

    kind = cells.type
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return numbers(cells)
    return np.array(["" if cell is None else str(cell) for cell in cells.to_pylist()], dtype=object)


def _label(cells: "pa.ChunkedArray", *, numeric: bool) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """The label as numbers or as class codes, and which rows have one."""
    from redan.measures.answers import numbers

    if numeric:
        found = numbers(cells)
        return found, np.isfinite(found)
    texts = cells.to_pylist()
    names = {text: i for i, text in enumerate(sorted({str(t) for t in texts if t is not None}))}
    codes = np.array([-1 if text is None else names[str(text)] for text in texts], dtype=np.int64)
    return codes, codes >= 0


def _visible(asked: Asked, columns: dict[str, NDArray[Any]]) -> NDArray[np.float64]:
    """What an outsider sees of the answers about some rows."""
    found = answers(asked.model, columns)
    if asked.shown != "label" or asked.numeric or not found.shape[1]:
        return found
    if found.shape[1] > 1:
        return np.asarray(np.eye(found.shape[1])[found.argmax(axis=1)], dtype=np.float64)
    chances = (found >= 0).all() and (found <= 1).all() and (found % 1 != 0).any()
    return (found >= 0.5).astype(np.float64) if chances else found  # noqa: PLR2004 -- one chance decides two classes


def _sane(told: NDArray[np.float64], label: NDArray[Any], *, numeric: bool) -> None:
    """Refuses answers that have nothing to do with the label: the model then reads something else.

    Raises:
        IncompleteError: it seems so.
    """
    targets = [label] if numeric else [label == code for code in np.unique(label)]
    best = max((abs(_correlation(answer, np.asarray(t))) for answer in told.T for t in targets), default=0.0)
    if best * np.sqrt(len(label)) < _SURE:
        raise IncompleteError(
            "its answers on its own training data have nothing to do with the label, so it may read other columns",
            remedy="describe the data as the model reads it",
        )


def _correlation(a: NDArray[Any], b: NDArray[Any]) -> float:
    x, y = (np.nan_to_num(np.asarray(v, dtype=np.float64)) for v in (a, b))
    x, y = x - x.mean(), y - y.mean()
    scale = float(np.sqrt((x**2).sum() * (y**2).sum()))
    return float((x * y).sum()) / scale if scale > 0 else 0.0


def _values(column: NDArray[Any]) -> tuple[NDArray[np.int64], list[Any]]:
    """Classes of an attribute, -1 where missing, and the values at which the model is asked."""
    if column.dtype == object:
        texts, codes, counts = np.unique(column.astype(str), return_inverse=True, return_counts=True)
        often = np.argsort(-counts, kind="stable")[:MOST_CLASSES]
        return np.where(texts[codes] == "", -1, codes).astype(np.int64), [str(texts[i]) for i in sorted(often)]
    distinct, codes = np.unique(column, return_inverse=True)
    if len(distinct) <= MOST_CLASSES:
        return codes.astype(np.int64), distinct.tolist()
    cuts = np.unique(np.quantile(column, np.arange(1, _CLASSES) / _CLASSES, method="lower"))
    grid = np.unique(np.quantile(column, (np.arange(_GRID) + 0.5) / _GRID, method="nearest"))
    return np.searchsorted(cuts, column, side="left").astype(np.int64), grid.tolist()


def _with(columns: dict[str, NDArray[Any]], name: str, value: object) -> dict[str, NDArray[Any]]:
    """The same rows with one input set to one value."""
    return {**columns, name: np.full(len(columns[name]), value, dtype=columns[name].dtype)}
