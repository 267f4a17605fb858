"""What a model was made for and how sure it is of what, made offline from real data and sealed with the model.

Envelope, calibration and the reference of drift lie in one file, since they hold for exactly one model: its digest is
in it, and a file of another model stops the start.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from redan.canon import Json, canonical, parse_strict
from redan.errors import InputError
from redan.exchange.tensors import Array, Tensor
from redan.guards.conformal import Calibration
from redan.guards.drift import Column
from redan.guards.envelope import Bounds, side_by_side

SCHEMA: Final = "redan/reference/v1"
LIMIT_BYTES: Final = 64 << 20
MOST_COLUMNS: Final = 16_384
MOST_WHITENED: Final = 1_024  # columns of a distance, whose matrix is square
MOST_CLASSES: Final = 10_000
MOST_LEVELS: Final = 100_000
_DEPTH: Final = 6
_HEX: Final = frozenset("0123456789abcdef")
_DIGEST: Final = 64
_NAME: Final = 512
_MOST_COUNT: Final = 2**53
_KEYS: Final = frozenset(
    {
        *("schema", "model", "guard", "input", "beside", "output", "transformation"),
        *("bounds", "whole", "levels", "calibration", "columns"),
    }
)


class Reference(NamedTuple):
    """What was measured of one model on real data.

    Args:
        model: SHA-256 of the model that it holds for, with its external tensors; see `Generation.sha256`.
        input: name of the numeric input whose columns are looked at; the empty string when there is none.
        output: name of the output that was calibrated; the empty string when none was.
        transformation: that inputs went through before the model, such as `bit-depth:4`; the empty string for none.
        bounds: of each numeric input, by its name.
        levels: of each input of texts, by its name.
        calibration: of the output; None when there are no classes, or too few rows.
        columns: of the input and those beside it, in order, as drift counts them.
        beside: further numeric inputs that are looked at with it, in order; then each has one column.
        whole: ranges and distance of all of them side by side; None where there is one input.
        guard: SHA-256 of the model that looked at the rows first; the empty string for none.
    """

    model: str
    input: str
    output: str
    transformation: str
    bounds: Mapping[str, Bounds]
    levels: Mapping[str, frozenset[bytes]]
    calibration: Calibration | None
    columns: tuple[Column, ...]
    beside: tuple[str, ...] = ()
    whole: Bounds | None = None
    guard: str = ""

    @property
    def looked(self) -> tuple[str, ...]:
        """Names of the inputs that are looked at, in the order of the columns."""
        return (self.input, *self.beside) if self.input else ()

    def rows(self, inputs: Sequence[Tensor]) -> Array | None:
        """What is looked at of a question; shape (rows, columns).

        Args:
            inputs: of the question, in any order.

        Returns:
            None when nothing is looked at, or an input is not there.
        """
        return side_by_side(inputs, self.looked)


def written(reference: Reference) -> bytes:
    """The file of a reference: canonical JSON.

    Raises:
        ValueError: a number of it is not finite.
    """
    held = reference.calibration
    calibration: Json = None
    if held is not None:
        calibration = {
            "logits": held.logits,
            "temperature": held.temperature,
            "scores": [_listed(one) for one in held.scores],
        }
    return canonical(
        {
            "schema": SCHEMA,
            "model": reference.model,
            "guard": reference.guard,
            "input": reference.input,
            "beside": [*reference.beside],
            "output": reference.output,
            "transformation": reference.transformation,
            "bounds": {name: _bounds_out(one) for name, one in reference.bounds.items()},
            "whole": None if reference.whole is None else _bounds_out(reference.whole),
            "levels": {name: [*sorted(one.decode() for one in held)] for name, held in reference.levels.items()},
            "calibration": calibration,
            "columns": [
                {"name": one.name, "edges": _listed(one.edges), "counts": [int(n) for n in one.counts]}
                for one in reference.columns
            ],
        }
    )


def read_reference(data: bytes, where: str = "reference") -> Reference:
    """A reference from the bytes of its file.

    Args:
        data: bytes of anyone; which of them are believed, the seal says.
        where: for the error.

    Raises:
        InputError: it is not exactly such a file.
    """
    try:
        return _reference(parse_strict(data, limit_bytes=LIMIT_BYTES, depth=_DEPTH))
    except ValueError as error:
        raise InputError(
            f"is no reference of a model: {error}", where=where, remedy="make it anew: redan defend reference"
        ) from error


def _reference(found: Json) -> Reference:
    table = _table(found, _KEYS, "the file")
    if table["schema"] != SCHEMA:
        raise ValueError(f"its schema is not {SCHEMA}")
    model, guard = _text(table["model"]), _text(table["guard"])
    if any(len(one) != _DIGEST or not _HEX.issuperset(one) for one in (model, guard or model)):
        raise ValueError("a model is not named by its SHA-256")
    bounds = {_text(name): _bounds(one) for name, one in _names(table["bounds"]).items()}
    name, columns = _text(table["input"]), tuple(_column(one) for one in _list(table["columns"], MOST_COLUMNS))
    beside = tuple(_text(one) for one in _list(table["beside"], MOST_COLUMNS))
    whole = None if table["whole"] is None else _bounds(table["whole"])
    width = _width(name, beside, bounds)
    if (whole is not None) != bool(beside) or (whole is not None and len(whole.low) != width):
        raise ValueError("inputs side by side have no bounds of all of them")
    if columns and len(columns) != width:
        raise ValueError("the columns are not those of the input")
    return Reference(
        model,
        name,
        _text(table["output"]),
        _text(table["transformation"]),
        bounds,
        {_text(name): _levels(one) for name, one in _names(table["levels"]).items()},
        None if table["calibration"] is None else _calibration(table["calibration"]),
        columns,
        beside,
        whole,
        guard,
    )


def _width(name: str, beside: Sequence[str], bounds: Mapping[str, Bounds]) -> int:
    """Columns that are looked at."""
    names = (name, *beside) if name else (*beside,)
    if (name in bounds) != bool(name) or not bounds.keys() >= {*names} or len({*names}) != len(names):
        raise ValueError("an input that is looked at has no bounds, or is named twice")
    if beside and (not name or any(len(bounds[one].low) != 1 for one in names)):
        raise ValueError("inputs side by side have one column each")
    return sum(len(bounds[one].low) for one in names)


def _bounds(found: Json) -> Bounds:
    table = _table(found, frozenset({"low", "high", "mean", "whiten", "furthest"}), "the bounds of an input")
    low, high = _numbers(table["low"], MOST_COLUMNS), _numbers(table["high"], MOST_COLUMNS)
    if not len(low) or len(low) != len(high) or (low > high).any():
        raise ValueError("the least values of an input are not below its largest ones")
    mean = _numbers(table["mean"], MOST_WHITENED)
    rows = [_numbers(row, MOST_WHITENED) for row in _list(table["whiten"], MOST_WHITENED)]
    if len(mean) not in {0, len(low)} or len(rows) != len(mean) or any(len(row) != len(mean) for row in rows):
        raise ValueError("the distance is not one over the columns of the input")
    whiten = np.array(rows) if rows else np.zeros((0, 0))
    whiten.flags.writeable = False
    furthest = _number(table["furthest"])
    if furthest < 0:
        raise ValueError("a distance is below zero")
    return Bounds(low, high, mean, whiten, furthest)


def _bounds_out(one: Bounds) -> Json:
    return {
        "low": _listed(one.low),
        "high": _listed(one.high),
        "mean": _listed(one.mean),
        "whiten": [_listed(row) for row in one.whiten] if len(one.mean) else [],
        "furthest": float(one.furthest),
    }


def _levels(found: Json) -> frozenset[bytes]:
    levels = [_text(one) for one in _list(found, MOST_LEVELS)]
    if not levels or len(set(levels)) != len(levels):
        raise ValueError("an input of texts has no levels, or one of them twice")
    return frozenset(one.encode() for one in levels)


def _calibration(found: Json) -> Calibration:
    table = _table(found, frozenset({"logits", "temperature", "scores"}), "the calibration")
    logits, temperature = table["logits"], _number(table["temperature"])
    if not isinstance(logits, bool) or not 0 < temperature <= 1e6:  # noqa: PLR2004 -- beyond it all classes are alike
        raise ValueError("the temperature is not above zero, or what is calibrated is not said")
    scores = tuple(_numbers(one, MOST_LEVELS) for one in _list(table["scores"], MOST_CLASSES))
    if len(scores) < 2:  # noqa: PLR2004 -- classes
        raise ValueError("there are fewer than two classes")
    for one in scores:
        if len(one) and (one[0] < 0 or one[-1] > 1 or (np.diff(one) < 0).any()):
            raise ValueError("the scores of a class do not rise from 0 to 1")
    return Calibration(temperature, scores, logits)


def _column(found: Json) -> Column:
    table = _table(found, frozenset({"name", "edges", "counts"}), "a column")
    edges, counts = _numbers(table["edges"], MOST_COLUMNS), _list(table["counts"], MOST_COLUMNS + 1)
    if len(counts) != len(edges) + 1 or (np.diff(edges) <= 0).any():
        raise ValueError("the edges of a column do not rise, or its counts are not one more")
    if any(type(n) is not int or not 0 <= n < _MOST_COUNT for n in counts):
        raise ValueError("a count of a column is none")
    return Column(_text(table["name"]), edges, np.array(counts, dtype=np.int64))


def _table(found: Json, keys: frozenset[str], what: str) -> dict[str, Json]:
    if not isinstance(found, dict) or found.keys() != keys:
        raise ValueError(f"{what} has not exactly the names {', '.join(sorted(keys))}")
    return found


def _names(found: Json) -> dict[str, Json]:
    if not isinstance(found, dict) or len(found) > MOST_COLUMNS or not all(found):
        raise ValueError("inputs are not named")
    return found


def _list(found: Json, most: int) -> Sequence[Any]:
    if not isinstance(found, list) or len(found) > most:
        raise ValueError(f"a list is none, or longer than {most:,}")
    return found


def _text(found: Json) -> str:
    if not isinstance(found, str) or len(found) > _NAME:
        raise ValueError(f"a name is none, or longer than {_NAME} characters")
    return found


def _number(found: Json) -> float:
    if type(found) not in {int, float} or not math.isfinite(found):  # type: ignore[arg-type]
        raise ValueError("a number is none, or not finite")
    return float(found)  # type: ignore[arg-type]


def _numbers(found: Json, most: int) -> Array:
    values = np.array([_number(one) for one in _list(found, most)], dtype=np.float64)
    values.flags.writeable = False
    return values


def _listed(values: Array) -> list[Json]:
    return [float(one) for one in values]
