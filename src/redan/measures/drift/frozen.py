"""The frozen reference: bins and counts that every later comparison uses, whatever engine counts.

It holds no row, can be kept as JSON beside the evidence, and its digest says which reference a finding is about.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from redan.canon import Json, digest_of
from redan.measures.drift.bins import MOST_LEVELS, QUANTILES, Bins, Counts, edges_of
from redan.measures.drift.counting import NUMERIC, count, count_by, level_pairs, viewed
from redan.measures.identifying import identifying
from redan.measures.personal import scan_values
from redan.measures.personal.spans import find
from redan.tables import Table

MOST_COUNTED = 1_000  # a column of text with more levels is looked at by its most frequent ones, or by its length
COVERED = 0.2  # share of the reference that 50 levels must hold for levels to say something
MOST_CLASSES = 20
LEAST_REPEATS = 0.9  # of a first look: columns with fewer repeats may number or name the rows
_FIRST = 2_000
_NO_BIRTHS = dt.date.min  # ages are not asked for, so that the answer does not depend on the day


@dataclass(frozen=True, kw_only=True)
class Frozen:
    """Counts of a reference.

    Args:
        rows: of the reference.
        bins: one per compared column, in order.
        counts: by column, over its bins.
        classes: the same within each class, where a label was given; columns that cannot be counted so are left out.
        label: the column of classes; it is among `bins`, too.
        skipped: columns that are not compared, and why.
    """

    rows: int
    bins: tuple[Bins, ...]
    counts: Mapping[str, Counts]
    classes: Mapping[str, Mapping[str, Counts]] = field(default_factory=dict)
    label: str | None = None
    skipped: Mapping[str, str] = field(default_factory=dict)

    @property
    def features(self) -> tuple[Bins, ...]:
        """The compared columns without the label."""
        return tuple(b for b in self.bins if b.name != self.label)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over bins and counts."""
        return digest_of(self.to_json())

    def to_json(self) -> dict[str, Json]:
        """Everything, as `redan/drift-reference/v1` writes it: aggregates, but of the real data."""
        return {
            "schema": "redan/drift-reference/v1",
            "rows": self.rows,
            "label": self.label,
            "columns": [{**b.to_json(), "counts": _listed(self.counts[b.name])} for b in self.bins],
            "classes": {
                one: {name: _listed(counts) for name, counts in sorted(columns.items())}
                for one, columns in sorted(self.classes.items())
            },
        }


def freeze(
    reference: Table,
    columns: Sequence[str] | None = None,
    *,
    label: str | None = None,
    private: Collection[str] = (),
    seed: int = 0,
) -> Frozen:
    """Fixes the bins of each column from the reference, and counts it.

    Times are not compared, for they always move on; nor are columns that number or name the rows.

    Args:
        reference: the data that the model is right for.
        columns: to compare; None takes all that can be.
        label: column of true answers, compared as a column; up to 20 classes are also looked into one by one.
        private: columns whose levels and edges are not shown.
        seed: of bounded samples.

    Raises:
        InputError: there is no such column.
    """
    wanted = tuple(reference.columns if columns is None else columns)
    if label is not None and label not in wanted:
        wanted = (*wanted, label)
    skipped = _skipped(reference, [c for c in wanted if c != label], seed)
    made = _bins(reference, [c for c in wanted if c not in skipped], label, private)
    of = next((b for b in made if b.name == label), None)
    classes = label is not None and of is not None and of.kind == "level" and len(of.levels) <= MOST_CLASSES
    by_class = _classes(reference, [b for b in made if b.name != label], str(label)) if classes else {}
    counts = count(reference, made, seed)
    return Frozen(rows=reference.rows, bins=made, counts=counts, classes=by_class, label=label, skipped=skipped)


def _bins(table: Table, columns: Sequence[str], label: str | None, private: Collection[str]) -> tuple[Bins, ...]:
    classes = label is not None and _few(table, label)
    numeric = [c for c in columns if table.dtype(c) in NUMERIC and not (classes and c == label)]
    quantiles = table.quantiles_many(numeric, QUANTILES) if numeric else {}
    texts = [c for c in columns if c not in quantiles]
    view = viewed(table, [Bins(name=c, kind="level") for c in texts]) if texts else table
    made = {}
    for column in columns:
        hidden = column in private
        if column in quantiles:
            whole = table.dtype(column) in {"int", "bool"}
            edges = edges_of(quantiles[column], whole=whole)
            made[column] = Bins(name=column, kind="number", edges=edges, whole=whole, private=hidden)
        else:
            made[column] = _levels(table, view, column, hidden=hidden)
    return tuple(made[c] for c in columns)


def _levels(table: Table, view: Table, column: str, *, hidden: bool) -> Bins:
    """Levels where they say something, the length of the text where nearly every row has its own."""
    pairs = [(level, n) for level, n in level_pairs(view, column, MOST_LEVELS + 1) if level is not None]
    kept, filled = pairs[:MOST_LEVELS], table.rows - view.select([column]).null_counts()[column]
    if len(pairs) <= MOST_LEVELS or sum(n for _, n in kept) >= COVERED * filled:
        names = tuple(str(level) for level, _ in kept)
        hidden = hidden or len(pairs) > MOST_LEVELS or _personal(column, names)
        return Bins(name=column, kind="level", levels=names, private=hidden)
    lengths = viewed(table, [Bins(name=column, kind="length")])
    edges = edges_of(lengths.quantiles(column, QUANTILES), whole=True)
    return Bins(name=column, kind="length", edges=edges, whole=True, private=hidden)


def _personal(column: str, levels: Sequence[str]) -> bool:
    return scan_values(column, levels) is not None or any(find(level) for level in levels)


def _few(table: Table, label: str) -> bool:
    """Whether a label has classes rather than numbers to predict."""
    return table.select([label]).level_counts(limit=MOST_CLASSES + 1)[label] is not None


def _classes(table: Table, bins: Sequence[Bins], label: str) -> dict[str, dict[str, Counts]]:
    found = count_by(table, bins, label, MOST_CLASSES + 1)
    return {one: columns for one, columns in found.items() if one is not None}


def _skipped(table: Table, columns: Sequence[str], seed: int) -> dict[str, str]:
    found = {}
    for column in columns:
        kind = table.dtype(column)
        if kind in {"date", "datetime"}:
            found[column] = "times always move on"
        elif kind == "other":
            found[column] = "it holds nested values, or none at all"
    likely = [c for c in columns if c not in found and table.dtype(c) in {"int", "string"}]
    return found | _naming(table, likely, seed)


def _naming(table: Table, columns: Sequence[str], seed: int) -> dict[str, str]:
    """Columns that number or name the rows; a look at a few rows rules most columns out."""
    if not columns:
        return {}
    rows = viewed(table.first(_FIRST), [Bins(name=c, kind="level") for c in columns])
    counts = rows.distinct_counts()
    near = [c for c in columns if counts[c] >= LEAST_REPEATS * min(rows.rows, _FIRST)]
    if not near:
        return {}
    view = viewed(table, [Bins(name=c, kind="level") for c in near])
    return {c: why.reason for c, why in identifying(view, near, today=_NO_BIRTHS, seed=seed).items()}


def _listed(counts: Counts) -> list[Json]:
    return [int(c) for c in np.asarray(counts)]
