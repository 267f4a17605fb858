"""Members and non-members as models take them: one encoding for both, no record on both sides, none twice."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.attacks.campaign.inputs import Target, one_array, read_arrays, read_by, source_of_target
from redan.attacks.extraction.domain import Domain, box_of, box_of_space
from redan.attacks.queries import Source
from redan.attacks.sources import FunctionSource
from redan.errors import IncompleteError, InputError, UsageError

if TYPE_CHECKING:
    import pyarrow as pa

Array: TypeAlias = NDArray[Any]
ARRAYS = ".npz"
_SHOWN = 12
_NAMED = 5
_EVERYTHING = 2**62


class Samples(NamedTuple):
    """Records that are in question.

    Args:
        x: shape (n, ...), float32, members first.
        y: labels as the data has them, shape (n,).
        members: which of them the target was trained on, as its owner says.
        names: of each record, a row of its file or a digest of its values.
        domain: of the inputs.
        asked: what answers for a target, over these inputs.
        decoded: the inputs as an estimator reads them.
        given: members and non-members that the files hold, before any was left out.
        shared: records of the non-members' file that are members too.
        notes: what was left out.
    """

    x: Array
    y: Array
    members: NDArray[np.bool_]
    names: tuple[str, ...]
    domain: Domain
    asked: Callable[[Target], Source]
    decoded: Callable[[Array], Any]
    given: tuple[int, int]
    shared: int = 0
    notes: tuple[str, ...] = ()


def read_samples(
    target: Target, members: Path, others: Path, *, label: str | None = None, limit: int = 10_000, seed: int = 0
) -> Samples:
    """Reads both files.

    Args:
        target: whose inputs they are.
        members: records that it was trained on, an `.npz` with arrays x and y, or a table.
        others: records of the same kind that it was not trained on.
        label: column of classes; for tables.
        limit: of each file at most.
        seed: of the choice where there are more.

    Raises:
        UsageError: a table has no label, or an `.npz` has one.
        InputError: a file cannot be read, or they do not fit each other or the model.
        IncompleteError: all non-members are members.
    """
    packed = [path.suffix.lower() == ARRAYS for path in (members, others)]
    if packed[0] != packed[1]:
        raise UsageError("members and non-members are of two kinds", remedy="give two tables, or two .npz")
    if packed[0]:
        if label:
            raise UsageError("an .npz has no columns", where=str(members), remedy="leave out --label")
        one_array(target, members)
        return _alone(_arrays(members, others, limit, seed))
    if label is None:
        raise UsageError("a table needs its label", where=str(members), remedy="name it with --label")
    return _alone(_tables(target, (members, others), label, limit, seed))


def _arrays(members: Path, others: Path, limit: int, seed: int) -> Samples:
    read = [read_arrays(path, _EVERYTHING, seed) for path in (members, others)]
    if read[0].x.shape[1:] != read[1].x.shape[1:]:
        raise InputError(
            f"members of shape {read[0].x.shape[1:]}, non-members of {read[1].x.shape[1:]}",
            where=str(others),
            remedy="give records of the same kind",
        )
    rng = np.random.default_rng([seed, 3])
    chosen = [np.sort(rng.permutation(len(one.x))[:limit]) for one in read]
    x = np.concatenate([one.x[rows] for one, rows in zip(read, chosen, strict=True)])
    return Samples(
        x=x,
        y=np.concatenate([one.y[rows] for one, rows in zip(read, chosen, strict=True)]),
        members=np.arange(len(x)) < len(chosen[0]),
        names=tuple(f"row {row}" for rows in chosen for row in rows.tolist()),
        domain=box_of(x),
        asked=source_of_target,
        decoded=np.asarray,
        given=(len(read[0].x), len(read[1].x)),
    )


def _tables(target: Target, paths: tuple[Path, Path], label: str, limit: int, seed: int) -> Samples:
    import pyarrow as pa

    from redan.attacks.tables.encode import TableModel, rows_of
    from redan.attacks.tables.rules import Rules
    from redan.tables import open_table

    opened = [read_by(target.model, open_table(path), label) for path in paths]
    for table, path in zip(opened, paths, strict=True):
        if label not in table.columns:
            raise InputError(f"there is no column {label!r}", where=str(path), remedy="name the label's column")
    read = [table.sample(limit, seed) for table in opened]
    columns = [name for name in read[0].column_names if name in read[1].column_names]
    try:
        both = pa.concat_tables([one.select(columns) for one in read], promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        kinds = [(name, *(str(one.schema.field(name).type) for one in read)) for name in columns]
        unlike = [f"{name} ({there}, not {kind})" for name, kind, there in kinds if kind != there]
        raise InputError(
            f"columns are of another type than those of the members: {', '.join(unlike[:_NAMED])}",
            where=str(paths[1]),
            remedy="give both files the same columns; one that is empty has no type",
        ) from error
    whys = both[label].to_pylist()
    numbered = [None if why is None or why != why else place for place, why in enumerate(whys)]  # noqa: PLR0124 -- NaN
    place = both.column_names.index(label)
    rows = rows_of(
        both.set_column(place, label, pa.array(numbered, type=pa.int64())), label, Rules(others="free"), limit=len(both)
    )
    order = np.argsort(rows.y, kind="stable")
    kept = rows.y[order].astype(np.int64)

    def asked(of: Target) -> Source:
        if of.model is None:
            return source_of_target(of)
        known = getattr(getattr(of.model, "estimator", None), "classes_", None)
        return FunctionSource(TableModel(of.model, rows.space).predict, classes=known, chunk=512)

    told = ", ".join(f"{count:,} for {reason}" for reason, count in rows.left_out.items())
    for path, some in zip(paths, ((kept < len(read[0])).any(), (kept >= len(read[0])).any()), strict=True):
        if not some:
            raise InputError(
                f"no row of it can be asked about; left out of both files: {told}",
                where=str(path),
                remedy="give rows with a label and without gaps",
            )
    x = rows.x[order]
    return Samples(
        x=x,
        y=np.array([whys[one] for one in kept]),
        members=kept < len(read[0]),
        names=tuple(_digests(both, kept)),
        domain=box_of_space(rows.space, x),
        asked=asked,
        decoded=(lambda rows: rows) if target.model is None else _framed(TableModel(target.model, rows.space)),
        given=(opened[0].rows, opened[1].rows),
        notes=(f"Rows that were left out: {told}.",) if told else (),
    )


def _framed(model: Any) -> Callable[[Array], Any]:  # noqa: ANN401 -- a TableModel
    """Encoded rows as a frame, where the estimator asks for columns by name, else as a matrix."""

    def decoded(rows: Array) -> Any:  # noqa: ANN401
        found = model.decoded(np.asarray(rows))
        if not isinstance(found, dict):
            return found
        import pandas as pd

        return pd.DataFrame({name: np.asarray(column).ravel() for name, column in found.items()})

    return decoded


def _digests(table: "pa.Table", rows: NDArray[np.int64]) -> list[str]:
    """A digest of each record's values: it names a record to whoever has the file, and to nobody else."""
    columns = [table[name].to_pylist() for name in table.column_names]
    lines = (",".join(str(column[row]) for column in columns) for row in rows.tolist())
    return [f"record {hashlib.sha256(line.encode()).hexdigest()[:_SHOWN]}" for line in lines]


def _alone(samples: Samples) -> Samples:
    """Without records that are on both sides, or on one side twice: a twin in training makes a non-member a member."""
    flat = np.ascontiguousarray(samples.x.reshape(len(samples.x), -1))
    label = np.unique(samples.y.astype(str), return_inverse=True)[1]
    keys = [row.tobytes() + int(why).to_bytes(4, "little") for row, why in zip(flat, label, strict=True)]
    there = {key for key, member in zip(keys, samples.members, strict=True) if member}
    seen: set[bytes] = set()
    kept, shared = np.ones(len(keys), dtype=bool), 0
    for place, (key, member) in enumerate(zip(keys, samples.members, strict=True)):
        if not member and key in there:
            kept[place], shared = False, shared + 1
        elif key in seen:
            kept[place] = False
        seen.add(key)
    twice = int((~kept).sum()) - shared
    if not (kept & ~samples.members).any():
        raise IncompleteError(
            f"all {int((~samples.members).sum()):,} non-members are members too, so that there is nobody to tell apart",
            remedy="give records that the model was not trained on",
        )
    notes = list(samples.notes)
    if shared:
        notes.append(f"{shared:,} records given as non-members are members too, and are left out.")
    if twice:
        notes.append(f"{twice:,} copies of records are left out.")
    return samples._replace(
        x=samples.x[kept],
        y=samples.y[kept],
        members=samples.members[kept],
        names=tuple(name for name, keep in zip(samples.names, kept, strict=True) if keep),
        shared=shared,
        notes=tuple(notes),
    )
