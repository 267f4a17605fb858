"""Noise, customer numbers and birth dates among the inputs, each with its repaired twin."""

import datetime as dt

import numpy as np

from redan.controls.a_mlsg_003.d001_features_the_problem_does_not_need_are_removed import inferable_vectors
from redan.controls.contract import Vector
from redan.controls.planted_tables import csv_of, features_toml, list_toml
from redan.terms import Outcome

_RELEVANT = "A-MLSG-003-D001/features-are-relevant"
_CLEAN = "A-MLSG-003-D001/no-identifiers-among-inputs"
_ROWS = 600
_BLIND = "An input without use is a lever for an attacker and a secret for the model to give away."
_MEMORY = "A model that reads who a row is about memorises persons instead of learning the task."


def _columns() -> dict[str, list[str]]:
    rng = np.random.default_rng(20260601)
    usage, tenure = rng.gamma(2.0, 50.0, _ROWS), rng.integers(0, 72, _ROWS)
    plan = rng.choice(["prepaid", "monthly", "yearly"], _ROWS)
    score = usage / 60 - tenure / 20 + 1.5 * (plan == "monthly") + rng.logistic(0, 0.7, _ROWS)
    born = [dt.date(1940, 1, 1) + dt.timedelta(days=int(days)) for days in rng.integers(0, 23_000, _ROWS)]
    return {
        "usage": [f"{value:.3f}" for value in usage],
        "tenure": [str(value) for value in tenure],
        "plan": plan.tolist(),
        "noise": [f"{value:.4f}" for value in rng.normal(size=_ROWS)],
        "coin": rng.choice(["heads", "tails"], _ROWS).tolist(),
        "customer": [f"{rng.integers(1000, 9999)}-{''.join(rng.choice(list('ABCDEFGH'), 5))}" for _ in range(_ROWS)],
        "line": [str(48_500_000_000 + value) for value in rng.permutation(10**6)[:_ROWS] * 97],
        "row": [str(value) for value in rng.permutation(_ROWS) + 1],
        "born": [str(day) for day in born],
        "churn": np.where(score > np.median(score), "yes", "no").tolist(),
    }


def _files(inputs: tuple[str, ...], dataset: str = "") -> dict[str, bytes]:
    columns, more = _columns(), 'sensitivity = "low"\n'
    text = f"""[system]
name = "churn"
stage = "training"

[[dataset]]
name = "train"
role = "train"
path = "train.csv"
label = "churn"
{dataset}

{features_toml(inputs, more)}
[[model]]
name = "m"
trained_on = ["train"]
inputs = {list_toml(inputs)}
"""
    return {"redan.toml": text.encode(), "train.csv": csv_of([*columns], [*zip(*columns.values(), strict=True)])}


def vectors() -> tuple[Vector, ...]:
    """Bad systems and their repaired twins."""
    needed = ("usage", "tenure", "plan")

    def case(check: str, name: str, outcome: Outcome, inputs: tuple[str, ...], dataset: str = "") -> Vector:
        note = _BLIND if check == _RELEVANT else _MEMORY
        files = _files(inputs, dataset)
        return Vector(name=name, files=files, check=check, expect=outcome, subject="model:m", note=note)

    return (
        case(_RELEVANT, "a column of noise", Outcome.BROKEN, (*needed, "noise")),
        case(_RELEVANT, "a thrown coin", Outcome.BROKEN, (*needed, "coin")),
        case(_RELEVANT, "a customer number, one per row", Outcome.BROKEN, (*needed, "customer")),
        case(_RELEVANT, "only what the task needs", Outcome.HOLDS, needed),
        case(_RELEVANT, "inputs are not listed", Outcome.NOT_RUN, ()),
        case(_CLEAN, "a customer number", Outcome.BROKEN, (*needed, "customer")),
        case(_CLEAN, "a telephone number", Outcome.BROKEN, (*needed, "line")),
        case(_CLEAN, "a row number", Outcome.BROKEN, (*needed, "row")),
        case(_CLEAN, "a date of birth", Outcome.BROKEN, (*needed, "born")),
        case(_CLEAN, "a declared identifier", Outcome.BROKEN, needed, 'identifiers = ["plan"]'),
        case(_CLEAN, "fractions that never repeat", Outcome.HOLDS, (*needed, "noise")),
        case(_CLEAN, "inputs are not listed", Outcome.NOT_RUN, ()),
        *inferable_vectors.vectors(),
    )
