"""What is known of rows besides their label: from a trusted set, or from trees that never saw their sender."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from redan.errors import IncompleteError, MissingExtraError
from redan.measures.columns import encode
from redan.tables import Table

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = 20_000
TREES = 100
FOLDS = 5
MOST_CLASSES = 50
LEAST_ROWS = 100


def by_trusted(rows: "pa.Table", trusted: Table, keys: Sequence[str], label: str, own: str) -> list[Any]:
    """The trusted label of each row that the trusted set holds; None for others.

    Args:
        rows: a sample.
        trusted: the set that people looked at.
        keys: columns that identify a row in both.
        label: of the trusted set.
        own: label of the rows, which must not be compared by.

    Raises:
        InputError: a column is missing.
    """
    known = trusted.complete([*keys, label]).select([*keys, label]).sample(1_000_000, 0).to_pylist()
    truth: dict[tuple[str, ...], Any] = {}
    for row in known:
        truth.setdefault(tuple(str(row[k]) for k in keys), row[label])
    cells = zip(*(rows[k].to_pylist() for k in keys if k != own), strict=True)
    return [truth.get(tuple(map(str, cell))) for cell in cells]


def by_forest(
    rows: "pa.Table", features: Sequence[str], label: str, participants: Sequence[str], seed: int
) -> list[Any]:
    """What trees say of each row that learned from other participants' rows alone.

    Args:
        rows: a sample.
        features: columns to learn from.
        label: column to predict.
        participants: of each row.
        seed: of the trees.

    Raises:
        IncompleteError: there is nothing to learn from: no feature, one class, too many classes, too few rows.
        MissingExtraError: scikit-learn is not installed.
    """
    try:
        from sklearn.ensemble import RandomForestClassifier
        from sklearn.model_selection import GroupKFold
    except ImportError as error:
        raise MissingExtraError("sklearn", "scikit-learn") from error
    said = np.array([str(v) for v in rows[label].to_pylist()], dtype=object)
    levels = sorted(set(said))
    if len(said) < LEAST_ROWS or not 1 < len(levels) <= MOST_CLASSES:
        raise IncompleteError(f"{len(said):,} rows of {len(levels):,} labels are nothing to learn classes from")
    columns = [c for c in (encode(name, rows[name]) for name in features) if c.kind != "prose"]
    if not columns:
        raise IncompleteError("there is no feature to learn from")
    inputs: NDArray[np.float32] = np.column_stack([c.values for c in columns])
    groups = np.array(participants, dtype=object)
    _, codes = np.unique(groups, return_inverse=True)
    if codes.max() + 1 < FOLDS:
        raise IncompleteError("there are too few participants to learn from the others")
    target = np.searchsorted(np.array(levels, dtype=object), said)
    answers = np.empty(len(said), dtype=np.int64)
    for learn, judge in GroupKFold(FOLDS).split(inputs, target, codes):
        if len(np.unique(target[learn])) == 1:
            answers[judge] = target[learn][0]
            continue
        model = RandomForestClassifier(TREES, min_samples_leaf=2, random_state=seed % (2**31))
        answers[judge] = model.fit(inputs[learn], target[learn]).predict(inputs[judge])
    return [levels[a] for a in answers]
