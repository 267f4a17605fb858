"""Generalises quasi-identifiers until everybody stands in a large and varied group, and says what that costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from redan.defences.generalised import Axis, axis
from redan.defences.mondrian import Guarded, Need, boxes
from redan.errors import IncompleteError, InputError, UsageError
from redan.measures.anonymity.closeness import BINS
from redan.tables import table_of

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = 5_000_000  # anonymising hands out every row, so they must fit in memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """What generalising cost.

    Args:
        whole: mean over values of the share of a column's other values that a value can no longer be told from:
            0 for the data as it was, 1 when nothing is left (normalised certainty penalty).
        columns: the same by quasi-identifier.
        groups: how many groups there are.
        average: rows per group, divided by k; 1 is the least.
        discernibility: sum of the squares of the groups' sizes, and for each suppressed row the number of all rows.
    """

    whole: float
    columns: dict[str, float]
    groups: int
    average: float
    discernibility: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Anonymised:
    """A table in which nobody stands out, and what that cost.

    Args:
        rows: all rows in their order; quasi-identifiers that were generalised are words.
        loss: what generalising cost.
        suppressed: rows in which every quasi-identifier was missing or taken out before; left as they were.
        wiped: rows of which every quasi-identifier had to be taken out.
    """

    rows: "pa.Table"
    loss: Loss
    suppressed: int
    wiped: int


def anonymise(
    data: Any,  # noqa: ANN401 -- whatever `table_of` understands
    quasi_identifiers: Sequence[str],
    *,
    k: int = 5,
    sensitive: Sequence[str] = (),
    least: int = 1,
    t: float | None = None,
    person: str | None = None,
) -> Anonymised:
    """Generalises quasi-identifiers by Mondrian until each group has k persons and varied sensitive values.

    Source: LeFevre, DeWitt and Ramakrishnan, ICDE 2006; utility as in Xu et al., Utility-Based Anonymization, KDD 2006
    (NCP, counted in distinct values), and LeFevre et al. section 4 (C_avg, discernibility).

    Args:
        data: a table, or a frame of any kind that `redan.tables.table_of` takes; at most five million rows.
        quasi_identifiers: columns that an outsider may know.
        k: persons per group.
        sensitive: columns whose value nobody should be able to tell of a person.
        least: distinct values of each sensitive column per group (l-diversity).
        t: largest distance of each sensitive column's distribution in a group from everybody's (t-closeness).
        person: column that tells persons apart where one person has several rows.

    Returns:
        All rows; those in which every quasi-identifier was missing before are in no group and left as they were.

    Raises:
        InputError: there is no such column, or there are too many rows.
        UsageError: a number is out of range, or one column has two parts.
        IncompleteError: even one group of all rows is not large or varied enough.
    """
    _checked(quasi_identifiers, sensitive, person, k=k, least=least, t=t)
    table = table_of(data)
    table.select([*quasi_identifiers, *sensitive, *([person] if person else [])])
    if table.rows > ROWS:
        raise InputError(f"{table.rows:,} rows do not fit in memory", remedy=f"give at most {ROWS:,} rows")
    rows = table.frame.collect("pyarrow").to_arrow()
    axes = [axis(name, rows[name]) for name in quasi_identifiers]
    ranks = np.column_stack([one.ranks for one in axes])
    gone = np.column_stack([one.gaps & (one.ranks == 0) for one in axes]).all(axis=1)
    standing = np.flatnonzero(~gone)
    people = None if person is None else axis(person, rows[person]).ranks[standing]
    guarded = [_guarded(rows[name], standing) for name in sensitive]
    found = boxes(ranks[standing], Need(k=k, least=least, t=t), person=people, guarded=guarded)
    if len(standing) and not found:
        raise IncompleteError(
            f"even all {len(standing):,} rows together do not make one group that is large and varied enough",
            remedy="ask for less, or leave a sensitive column out",
        )
    groups = [standing[one] for one in found]
    written, losses, wiped = _written(axes, groups, rows.num_rows)
    return Anonymised(
        rows=_replaced(rows, axes, written),
        loss=_loss(axes, losses, groups, k=k, suppressed=int(gone.sum())),
        suppressed=int(gone.sum()),
        wiped=wiped,
    )


def _checked(
    quasi_identifiers: Sequence[str],
    sensitive: Sequence[str],
    person: str | None,
    *,
    k: int,
    least: int,
    t: float | None,
) -> None:
    named = [*quasi_identifiers, *sensitive, *([person] if person else [])]
    if not quasi_identifiers:
        raise UsageError("no quasi-identifier is named", remedy="name the columns that outsiders may know")
    if len(set(named)) < len(named):
        raise UsageError("a column has two parts", remedy="name each column once")
    if k < 1 or least < 1 or (t is not None and not 0.0 <= t <= 1.0):
        raise UsageError("k and l are at least 1, and t lies between 0 and 1")


def _guarded(column: "pa.ChunkedArray", standing: NDArray[np.int64]) -> Guarded:
    """A sensitive column as levels; numbers of many values as a hundred bins of equal frequency."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    numeric = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    if numeric and pc.count_distinct(column).as_py() > BINS:  # binned as closeness is measured
        values = column.cast(pa.float64(), safe=False).to_numpy()[standing]
        known = values[~np.isnan(values)]
        cuts = np.unique(np.quantile(known, np.arange(1, BINS) / BINS))
        level = np.where(np.isnan(values), -1, np.searchsorted(cuts, values, side="right"))
        return Guarded(level=np.asarray(level, dtype=np.int64), ordered=True)
    one = axis("sensitive", column)
    return Guarded(level=one.ranks[standing] - one.gaps, ordered=numeric or pa.types.is_temporal(kind))


def _written(
    axes: Sequence[Axis], groups: Sequence[NDArray[np.int64]], rows: int
) -> tuple[list[NDArray[np.object_]], list[NDArray[np.float64]], int]:
    """Words and loss of each value, by column, and how many rows lost all of theirs."""
    written = [np.full(rows, None, dtype=object) for _ in axes]
    losses = [np.zeros(rows) for _ in axes]
    wiped = 0
    for members in groups:
        said = [one.said(one.ranks[members]) for one in axes]
        for words, loss, (text, lost) in zip(written, losses, said, strict=True):
            words[members], loss[members] = text, lost
        wiped += len(members) * all(text in (None, "*") for text, _ in said)
    return written, losses, wiped


def _replaced(rows: "pa.Table", axes: Sequence[Axis], written: Sequence[NDArray[np.object_]]) -> "pa.Table":
    """The rows with words in place of values; a column of which nothing was generalised stays as it is."""
    import pyarrow as pa

    for one, words in zip(axes, written, strict=True):
        own = np.array([None, *one.texts] if one.gaps else one.texts, dtype=object)
        if len(own) and not np.array_equal(own[one.ranks], words):
            place = rows.column_names.index(one.name)
            rows = rows.set_column(place, one.name, pa.array(words, type=pa.string()))
    return rows


def _loss(
    axes: Sequence[Axis],
    losses: Sequence[NDArray[np.float64]],
    groups: Sequence[NDArray[np.int64]],
    *,
    k: int,
    suppressed: int,
) -> Loss:
    rows = len(axes[0].ranks)
    count = sum(len(members) for members in groups)
    by_column = {one.name: float(loss.sum() / max(count, 1)) for one, loss in zip(axes, losses, strict=True)}
    return Loss(
        whole=float(np.mean(list(by_column.values()))),
        columns=by_column,
        groups=len(groups),
        average=count / max(len(groups), 1) / k,
        discernibility=sum(len(members) ** 2 for members in groups) + suppressed * rows,
    )
