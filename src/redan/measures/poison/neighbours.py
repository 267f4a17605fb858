"""How often rows occur, and how many rows differ from them in one column only."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from redan.errors import IncompleteError
from redan.measures.near_duplicates import gathered, sight
from redan.tables import Table
from redan.tables.encoded import Coded, coded, combine

LEAST_ROWS = 100
RANKED = 2_000  # most frequent rows that are looked at
DRAWN = 2_000  # rows drawn at random
LEAST_DRAWN = 100  # of each class
MOST_CLASSES = 100
LONGEST = 200  # characters of a label


@dataclass(frozen=True, slots=True, kw_only=True)
class Multiplicities:
    """Distinct rows of a table, and the neighbours of some of them.

    Args:
        counts: how often each distinct row occurs.
        labels: class number of each distinct row; -1 without a label.
        classes: the labels as text, by number.
        copies: how often each examined row occurs.
        near: rows that differ from an examined row in one column.
        kinds: class number of each examined row.
        ranked: which examined rows are among the most frequent; each distinct row once.
        drawn: which examined rows were drawn at random among all rows.
        odds: near misses per coincidence among independent columns.
        columns: that were compared.
    """

    counts: NDArray[np.int64]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    copies: NDArray[np.int64]
    near: NDArray[np.int64]
    kinds: NDArray[np.int64]
    ranked: NDArray[np.bool_]
    drawn: NDArray[np.bool_]
    odds: float
    columns: tuple[str, ...]

    @property
    def distinct(self) -> int:
        """Distinct rows."""
        return len(self.counts)


def multiplicities(table: Table, columns: Sequence[str], label: str | None, rng: np.random.Generator) -> Multiplicities:
    """Counts equal rows in one pass, and the neighbours of a few of them in another.

    Args:
        table: the data.
        columns: that make a row what it is.
        label: one more of them, that names the class.
        rng: of the drawn rows.

    Raises:
        IncompleteError: there are fewer than 100 rows, or no columns.
        InputError: there is no such column.
    """
    names = [*(c for c in columns if c != label), *([label] if label is not None else [])]
    if not columns or table.rows < LEAST_ROWS:
        raise IncompleteError(
            f"{table.rows} rows of {len(columns)} columns are not enough data",
            remedy=f"give {LEAST_ROWS} rows with features",
        )
    for name in names:
        table.dtype(name)
    plan = coded(table.kinds, table.kinds, names)
    words, marks = _hashed(table, plan)
    _, first, group, counts = np.unique(words, return_index=True, return_inverse=True, return_counts=True)
    kinds, classes = _named(table, label, marks)
    top = first[np.argsort(-counts, kind="stable")[:RANKED]]
    drawn = _drawn(kinds, len(classes), rng)
    rows = np.unique(np.concatenate([top, drawn]))
    copies = counts[group[rows]]
    return Multiplicities(
        counts=counts.astype(np.int64),
        labels=kinds[first],
        classes=classes,
        copies=copies.astype(np.int64),
        near=_sharing(table, plan, rows) - len(plan) * copies,
        kinds=kinds[rows],
        ranked=np.isin(rows, top),
        drawn=np.isin(rows, drawn),
        odds=sight(table, table, names, rng).odds,
        columns=tuple(names),
    )


def _hashed(table: Table, plan: Sequence[Coded]) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """A word per row, and one of its last column."""
    words, last = [np.empty(0, np.uint64)], [np.empty(0, np.uint64)]
    for batch in table.batches(plan):
        words.append(batch.row_hashes)
        last.append(batch.hashes[:, -1].copy())
    return np.concatenate(words), np.concatenate(last)


def _named(table: Table, label: str | None, marks: NDArray[np.uint64]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """The class of each row, and what the classes are called."""
    if label is None:
        return np.full(len(marks), -1), ()
    _, first, kinds = np.unique(marks, return_index=True, return_inverse=True)
    if len(first) > MOST_CLASSES:
        return np.full(len(marks), -1), ()  # a number, not a class
    names, seen, wanted = [""] * len(first), 0, {int(row): kind for kind, row in enumerate(first)}
    for texts in table.texts(label, LONGEST):
        for row in [r for r in wanted if seen <= r < seen + len(texts)]:
            names[wanted.pop(row)] = texts[row - seen] or "(missing)"
        seen += len(texts)
        if not wanted:
            break
    order = np.argsort(np.array(names), kind="stable")
    return np.argsort(order)[kinds].astype(np.int64), tuple(names[kind] for kind in order)


def _drawn(kinds: NDArray[np.int64], classes: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Rows at random, as many of each class if there are so many."""
    each = max(DRAWN // max(classes, 1), LEAST_DRAWN)
    order = rng.permutation(len(kinds))
    found = [order[kinds[order] == kind][:each] for kind in (range(classes) if classes else (-1,))]
    return np.concatenate(found)


def _sharing(table: Table, plan: Sequence[Coded], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each of some rows, how often any row agrees with it in all columns but one, that one left open."""
    factors = combine(np.eye(len(plan), dtype=np.uint64))
    chosen = gathered(table, plan, (), rows)[0]
    wanted = [np.unique(_without(chosen, factors, j), return_inverse=True) for j in range(len(plan))]
    tallies = [np.zeros(len(words), dtype=np.int64) for words, _ in wanted]
    for batch in table.batches(plan):
        for j, (words, _) in enumerate(wanted):
            here = _without(batch.hashes, factors, j)
            place = np.minimum(np.searchsorted(words, here), len(words) - 1)
            tallies[j] += np.bincount(place[words[place] == here], minlength=len(words))
    found = np.zeros(len(rows), dtype=np.int64)
    for (_, place), tally in zip(wanted, tallies, strict=True):
        found += tally[place]
    return found


def _without(hashes: NDArray[np.uint64], factors: NDArray[np.uint64], column: int) -> NDArray[np.uint64]:
    """One word per row over all columns but one."""
    return np.asarray(combine(hashes) - hashes[:, column] * factors[column])
