"""Plants canaries in a table or in text before a model is trained on it."""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from redan.attacks.inference.canaries import MOST_VALUES, Canary, CanarySet, Column, TableFormat, TextFormat
from redan.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

REPEATS = (1, 4, 16)
_FEWEST = 10  # values of a column that is chosen by itself
_COLUMNS = 4


@dataclass(frozen=True, slots=True)
class Planted:
    """What planting gives.

    Args:
        rows: the table, or the text, with canaries in it.
        canaries: the secret list.
    """

    rows: Any
    canaries: CanarySet


@contextmanager
def _within_limits() -> Iterator[None]:
    """What the list cannot hold is told as what is wrong with the data.

    Raises:
        InputError: it is too long, too wide or too many.
    """
    try:
        yield
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"][:1])
        raise InputError(
            f"the list of canaries cannot hold this: {place or 'it'} is too long or too many",
            remedy="shorten the pattern or the values, or name fewer columns and canaries",
        ) from error


@_within_limits()
def plant_in_text(
    text: str,
    pattern: str,
    *,
    repeats: Sequence[int] = REPEATS,
    vocabulary: str | None = None,
    seed: str | None = None,
) -> Planted:
    """Puts lines with random secrets among the lines of a text.

    Args:
        text: of any length.
        pattern: see `TextFormat`.
        repeats: one canary for each number, planted so many times.
        vocabulary: characters of a model's tokens in order; None for bytes.
        seed: 32 hex digits; drawn from the system where there is none.

    Raises:
        InputError: the pattern has no random part, or begins with it, so that nothing precedes what is to be guessed.
    """
    shape = TextFormat(pattern=pattern, vocabulary=vocabulary)
    if not shape.sizes or len(shape.parts[0]) > 1 or len(pattern.splitlines()) != 1:
        what = "a pattern is one line with a fixed beginning and a random part"
        raise InputError(what, remedy='such as "my number is ####"')
    key = seed or secrets.token_hex(16)
    rng = np.random.default_rng([int(key, 16), 1 << 32])
    chosen = tuple(
        Canary(secret=tuple(int(v) for v in rng.integers(0, shape.sizes)), repeats=count) for count in repeats
    )
    lines = text.splitlines()
    added = [shape.rendered(one.secret) for one in chosen for _ in range(one.repeats)]
    whole = [*lines, *added]
    keys = [float(i) for i in range(len(lines))] + [float(k) for k in rng.uniform(-1, len(lines), len(added))]
    order = np.argsort(keys, kind="stable")
    made = "\n".join(whole[i] for i in order) + "\n"
    return Planted(made, CanarySet(seed=key, text=shape, canaries=chosen))


@_within_limits()
def plant_in_table(
    rows: "pa.Table",
    label: str,
    *,
    columns: Sequence[str] = (),
    repeats: Sequence[int] = REPEATS,
    seed: str | None = None,
) -> Planted:
    """Puts rows with random values and a label that is not their own among the rows of a table.

    Args:
        rows: training data.
        label: column of classes.
        columns: whose values are drawn; by default the four numbers that tell least of the label: where
            drawn columns decide it, many secrets have it by right, and none stands out.
        repeats: one canary for each number, planted so many times.
        seed: 32 hex digits; drawn from the system where there is none.

    Raises:
        InputError: a column is missing or has one value, or there is one class only.
    """
    import pyarrow as pa

    missing = [name for name in (label, *columns) if name not in rows.column_names]
    if missing or not rows.num_rows:
        what = f"there is no column {missing[0]!r}" if missing else "there are no rows"
        raise InputError(what, remedy="name columns of the table" if missing else "give a table with rows")
    if label in columns:
        raise InputError(f"the label {label!r} cannot be drawn", remedy="name other columns")
    key = seed or secrets.token_hex(16)
    rng = np.random.default_rng([int(key, 16), 1 << 32])
    names = tuple(dict.fromkeys(columns)) or _silent(rows, label)
    shape = TableFormat(
        label=label,
        classes=_values(rows, label, rng, many=10_000),
        columns=tuple(Column(name=name, values=_values(rows, name, rng)) for name in names),
    )
    known = np.flatnonzero(np.asarray(rows[label].is_valid()))
    made, chosen = [], []
    for count in repeats:
        base = rows.slice(int(rng.choice(known)), 1)
        secret = tuple(int(v) for v in rng.integers(0, shape.sizes))
        own = _plain(base[label][0].as_py())
        others = [one for one in shape.classes if one != own]
        drawn = {c.name: c.values[at] for c, at in zip(shape.columns, secret, strict=True)}
        drawn[label] = others[int(rng.integers(len(others)))]
        row = _replaced(base, drawn)
        made += [row] * count
        kept = {name: _plain(cell) for name, cell in row.to_pylist()[0].items()}
        chosen.append(Canary(secret=secret, repeats=count, row={**kept, **drawn}))
    whole = pa.concat_tables([rows, *made])
    order = rng.permutation(whole.num_rows)
    return Planted(whole.take(pa.array(order)), CanarySet(seed=key, table=shape, canaries=tuple(chosen)))


def _silent(rows: "pa.Table", label: str) -> tuple[str, ...]:
    """The columns of numbers that tell least of the label: where they decide it, many secrets have it by right."""
    import pyarrow as pa
    import pyarrow.compute as pc

    numbers = [
        field.name
        for field in rows.schema
        if field.name != label
        and (pa.types.is_integer(field.type) or pa.types.is_floating(field.type))
        and pc.count_distinct(rows[field.name]).as_py() >= _FEWEST
    ]
    if not numbers:
        raise InputError("no column of numbers has ten values", remedy="name columns with --column")
    codes = np.unique([str(cell) for cell in rows[label].to_pylist()], return_inverse=True)[1]
    told = {name: _told(rows[name].to_numpy(), codes) for name in numbers}
    chosen = sorted(numbers, key=lambda name: told[name])[:_COLUMNS]
    return tuple(name for name in numbers if name in chosen)


def _told(values: NDArray[Any], codes: NDArray[np.int64]) -> float:
    """Share of the variance of a column's ranks that lies between classes."""
    ranks = np.argsort(np.argsort(values, kind="stable"), kind="stable").astype(np.float64)
    sizes = np.bincount(codes)
    means = np.bincount(codes, weights=ranks) / np.maximum(sizes, 1)
    return float((sizes * (means - ranks.mean()) ** 2).sum() / max(1.0, ((ranks - ranks.mean()) ** 2).sum()))


def _values(rows: "pa.Table", name: str, rng: np.random.Generator, many: int = MOST_VALUES) -> tuple[Any, ...]:
    """The values of a column, or so many of them."""
    import pyarrow as pa

    if pa.types.is_nested(rows[name].type):
        raise InputError(f"values of column {name!r} cannot be drawn", remedy="name other columns")
    found = {_plain(cell) for cell in rows[name].unique().to_pylist()} - {None}
    ordered = sorted(found, key=lambda value: (isinstance(value, str), value))
    if len(ordered) <= 1:
        raise InputError(f"column {name!r} has fewer than two values", remedy="choose another")
    if len(ordered) > many:
        ordered = [ordered[i] for i in np.sort(rng.choice(len(ordered), many, replace=False))]
    return tuple(ordered)


def _plain(cell: object) -> Any:  # noqa: ANN401 -- a value of JSON
    if isinstance(cell, float):
        return cell if np.isfinite(cell) else None
    return cell if cell is None or isinstance(cell, bool | int | str) else str(cell)


def _replaced(row: "pa.Table", drawn: dict[str, Any]) -> "pa.Table":
    """A row with some other values.

    Raises:
        InputError: a column has a type that values of JSON cannot be turned into.
    """
    import pyarrow as pa

    for name, value in drawn.items():
        place = row.column_names.index(name)
        field = row.schema.field(place)
        try:
            cell = pa.array([value]).cast(field.type)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
            raise InputError(f"values of column {name!r} cannot be drawn", remedy="name other columns") from error
        row = row.set_column(place, field, pa.chunked_array([cell]))
    return row
