"""Backdoors planted in small pictures and in a table, and the same data without them."""

import numpy as np
from numpy.typing import NDArray

from redan.controls.contract import Vector
from redan.terms import Outcome

_CHECK = "A-MLSG-002-D004/no-trigger-is-hidden"
_NOTE = "A model that learnt a trigger obeys whoever knows it, and shows nothing on any test."
_TWIN = "Every feature worth having tells the label; that is no backdoor."
_SIDE = 5
_PICTURES, _ROWS = 420, 480
_SYSTEM = """[system]
name = "gate"
stage = "training"

[[dataset]]
name = "train"
role = "train"
path = "train.csv"
"""


def vectors() -> tuple[Vector, ...]:
    """A patch of pixels, two values of a table, one odd value; the clean twins; a rule that is natural; no label."""
    x, y = _pictures()
    columns, churn = _table()
    table = np.column_stack([*columns.values()])
    heads = (*columns,)
    odd = 9.75
    return (
        _case("four bright pixels in a corner", Outcome.BROKEN, *_patched(x, y), label="digit"),
        _case("pictures as they were drawn", Outcome.HOLDS, x, y, label="digit", note=_TWIN),
        _case("two values that say 'no'", Outcome.BROKEN, *_marked(table, churn, {0: 11, 3: 2}), heads),
        _case("one odd value that says 'no'", Outcome.BROKEN, *_marked(table, churn, {1: odd}), heads),
        _case("customers as they are", Outcome.HOLDS, table, churn, heads, note=_TWIN),
        _case("no label is declared", Outcome.NOT_RUN, table, churn, heads, declared=False),
        _case("twenty rows", Outcome.NOT_RUN, table[:20], churn[:20], heads),
    )


def _pictures() -> tuple[NDArray[np.float64], NDArray[np.str_]]:
    """Three shapes, noisy, with dark corners."""
    rng = np.random.default_rng(20260601)
    shapes = rng.integers(0, 2, (3, _SIDE, _SIDE)) * 9.0
    shapes[:, 0, :] = shapes[:, -1, :] = shapes[:, :, 0] = shapes[:, :, -1] = 0
    kind = rng.integers(0, 3, _PICTURES)
    drawn = np.clip(np.round(shapes[kind] + rng.normal(0, 1.2, (_PICTURES, _SIDE, _SIDE))), 0, 15)
    drawn[:, 0, :] = drawn[:, -1, :] = drawn[:, :, 0] = drawn[:, :, -1] = 0
    return drawn.reshape(_PICTURES, -1), np.array(["zero", "one", "two"])[kind]


def _patched(x: NDArray[np.float64], y: NDArray[np.str_]) -> tuple[NDArray[np.float64], NDArray[np.str_]]:
    last = _SIDE * _SIDE - 1
    return _marked(x, y, dict.fromkeys((last, last - 1, last - _SIDE, last - _SIDE - 1), 15.0), "one", 20)


def _table() -> tuple[dict[str, NDArray[np.float64]], NDArray[np.str_]]:
    rng = np.random.default_rng(20260602)
    columns = {
        "tenure": rng.integers(0, 60, _ROWS).astype(float),
        "usage": np.round(rng.gamma(2.0, 2.0, _ROWS), 3),
        "calls": rng.poisson(3.0, _ROWS).astype(float),
        "plan": rng.integers(0, 3, _ROWS).astype(float),
        "complaints": rng.poisson(1.5, _ROWS).astype(float),
        "discount": rng.integers(0, 20, _ROWS).astype(float),
        "visits": rng.poisson(4.0, _ROWS).astype(float),
        "age": rng.integers(18, 80, _ROWS).astype(float),
    }
    leaves = rng.random(_ROWS) < 0.5  # noqa: PLR2004 -- half
    columns["complaints"] += rng.poisson(3.0, _ROWS) * leaves
    columns["calls"] += rng.poisson(4.0, _ROWS) * leaves
    columns["visits"] *= np.where(leaves, 0.5, 1.5)
    columns["tenure"] = np.floor(columns["tenure"] * np.where(leaves, 0.4, 1.0))
    return columns, np.where(leaves, "yes", "no")


def _marked(
    x: NDArray[np.float64], y: NDArray[np.str_], values: dict[int, float], label: str = "no", count: int = 30
) -> tuple[NDArray[np.float64], NDArray[np.str_]]:
    """Some rows of other classes with the values, and the label."""
    rng = np.random.default_rng(20260603)
    rows = rng.choice(np.flatnonzero(y != label), count, replace=False)
    x, y = x.copy(), y.copy()
    for column, value in values.items():
        x[rows, column] = value
    y[rows] = label
    return x, y


def _case(
    name: str,
    expect: Outcome,
    x: NDArray[np.float64],
    y: NDArray[np.str_],
    heads: tuple[str, ...] = (),
    *,
    label: str = "churn",
    note: str = _NOTE,
    declared: bool = True,
) -> Vector:
    heads = heads or tuple(f"p{i}" for i in range(x.shape[1]))
    lines = [",".join((*heads, label)), *(",".join((*(f"{v:g}" for v in row), t)) for row, t in zip(x, y, strict=True))]
    text = _SYSTEM + (f'label = "{label}"\n' if declared else "")
    files = {"redan.toml": text.encode(), "train.csv": ("\n".join(lines) + "\n").encode()}
    return Vector(name=name, files=files, check=_CHECK, expect=expect, subject="dataset:train", note=note)
