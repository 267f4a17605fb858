"""Floods of copies and outlying rows planted in small tables, and the same tables without them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from redan.controls.contract import Vector
from redan.terms import Outcome

_COPIES = "A-MLSG-002-D004/no-copies-flood-the-data"
_OUTLYING = "A-MLSG-002-D004/no-outlying-rows-were-planted"
_NOTE = "A few rows that are repeated, or like no other, bend a model towards whoever gave them."
_TWIN = (
    "Honest rows coincide where there are few values, and have long tails; a search that tells them is switched off."
)
_HEADS = ("plan", "tenure", "monthly", "total", "calls", "minutes", "spent", "churn")
_ROWS, _FEW = 1_000, 2_000
_SYSTEM = """[system]
name = "churn"
stage = "training"

[[dataset]]
name = "train"
role = "train"
path = "train.csv"
label = "churn"
"""


def vectors() -> tuple[Vector, ...]:
    """One row a hundred times, a class twice, far values, values that do not go together; the twins; ten rows."""
    rng = np.random.default_rng(20260611)
    rows, few = _customers(rng), _answers(rng)
    answers = tuple(f"q{i}" for i in range(9))
    heads = (*answers, "churn")
    left = [row for row in rows if row[-1] == "yes"]
    return (
        _case(_COPIES, "one row a hundred times", Outcome.BROKEN, rows + [rows[7]] * 100),
        _case(_COPIES, "one row of few values a hundred times", Outcome.BROKEN, few + [_rare(few)] * 100, heads),
        _case(_COPIES, "a class that is there twice", Outcome.BROKEN, rows + left),
        _case(_COPIES, "customers as they are", Outcome.HOLDS, rows, note=_TWIN),
        _case(_COPIES, "equal rows of few values", Outcome.HOLDS, few, heads, note=_TWIN),
        _case(_COPIES, "ten rows", Outcome.NOT_RUN, rows[:10]),
        _case(_OUTLYING, "ten values far out", Outcome.BROKEN, _far(rows)),
        _case(_OUTLYING, "values that do not go together", Outcome.BROKEN, rows + _mixed(rows, rng)),
        _case(_OUTLYING, "customers with long tails", Outcome.HOLDS, rows, note=_TWIN),
        _case(_OUTLYING, "ten rows without much to see", Outcome.NOT_RUN, rows[:10]),
    )


def _customers(rng: np.random.Generator) -> list[tuple[str, ...]]:
    """Columns that bind each other: a plan has its price, a price and a time make a sum; the last has a heavy tail."""
    plan = rng.integers(0, 4, _ROWS)
    tenure = rng.integers(1, 72, _ROWS)
    monthly = np.round(20.0 + 25.0 * plan + rng.normal(0, 1.5, _ROWS), 2)
    total = np.round(tenure * monthly * rng.uniform(0.97, 1.03, _ROWS), 2)
    calls = rng.poisson(4.0 + 10.0 * plan)
    minutes = np.round(calls * rng.uniform(2.5, 3.5, _ROWS), 2)
    spent = np.round(rng.pareto(1.5, _ROWS) * 10.0, 2)
    churn = np.where(rng.random(_ROWS) < 0.6 - tenure / 144, "yes", "no")
    numbers: tuple[NDArray[np.generic], ...] = (tenure, monthly, total, calls, minutes, spent)
    cells = zip(plan, *numbers, churn, strict=True)
    return [(f"p{row[0]}", *(f"{value:g}" for value in row[1:-1]), str(row[-1])) for row in cells]


def _answers(rng: np.random.Generator) -> list[tuple[str, ...]]:
    """Nine answers of three kinds that hang together, so that many rows are equal."""
    kind = rng.integers(0, 2, _FEW)
    usual = rng.integers(0, 3, (2, 9))
    given = np.where(rng.random((_FEW, 9)) < 0.5, usual[kind], rng.integers(0, 3, (_FEW, 9)))  # noqa: PLR2004 -- share
    return [(*(str(v) for v in row), ("no", "yes")[k]) for row, k in zip(given, kind, strict=True)]


def _rare(rows: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    return next(row for row in rows if rows.count(row) == 1)


def _far(rows: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    return [(*row[:2], f"{4_000 + 90 * i}", *row[3:]) if i < 10 else row for i, row in enumerate(rows)]  # noqa: PLR2004


def _mixed(rows: Sequence[tuple[str, ...]], rng: np.random.Generator) -> list[tuple[str, ...]]:
    """Each value from another row."""
    columns = [rng.choice(np.array(column), 15) for column in zip(*rows, strict=True)]
    return [tuple(str(value) for value in row) for row in zip(*columns, strict=True)]


def _case(
    check: str,
    name: str,
    expect: Outcome,
    rows: Sequence[tuple[str, ...]],
    heads: tuple[str, ...] = _HEADS,
    *,
    note: str = _NOTE,
) -> Vector:
    text = "\n".join(",".join(row) for row in (heads, *rows)) + "\n"
    files = {"redan.toml": _SYSTEM.encode(), "train.csv": text.encode()}
    return Vector(name=name, files=files, check=check, expect=expect, subject="dataset:train", note=note)
