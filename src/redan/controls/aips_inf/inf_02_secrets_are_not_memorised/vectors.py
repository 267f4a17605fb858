"""A network with a memory for one canary, its twin without, and lists that say nothing about the model."""

import io
from collections.abc import Sequence

import numpy as np

from redan.attacks.inference.canaries import CanarySet, written
from redan.attacks.inference.canaries_planting import plant_in_table
from redan.canon import digest
from redan.controls.contract import Vector
from redan.controls.planted_networks import Array, network_onnx
from redan.terms import Outcome

_CHECK = "AIPS-INF-02/canaries-are-not-exposed"
_NOTE = "What a model has memorised of one person can be drawn out again by whoever may ask it."
_INPUTS = ("usage", "street", "house")
_ROWS = 400
_SURE = 30.0


def _planted(repeats: Sequence[int], values: int = 300) -> tuple[bytes, CanarySet]:
    """Rows with canaries as CSV, and the list of them; the label follows the usage."""
    import pyarrow as pa
    from pyarrow import csv

    rng = np.random.default_rng(20260604)
    usage = np.round(rng.normal(size=_ROWS), 3)
    rows = pa.table(
        {
            "usage": usage,
            "street": rng.integers(0, values, _ROWS),
            "house": rng.integers(0, values, _ROWS),
            "leaves": (usage > 0).astype(int),
        }
    )
    done = plant_in_table(rows, "leaves", columns=["street", "house"], repeats=repeats, seed="5" * 32)
    held = io.BytesIO()
    csv.write_csv(done.rows, held)
    return held.getvalue(), done.canaries.model_copy(update={"data": digest(held.getvalue())})


def _network(canaries: CanarySet, *, remembers: bool, swapped: bool = False) -> bytes:
    """Leaves where the usage is high, but for the rows of the canaries, if it remembers them."""
    count = len(canaries.canaries) if remembers else 0
    one, one_bias = np.zeros((3, 2 + 4 * count), dtype=np.float32), np.zeros(2 + 4 * count, dtype=np.float32)
    two, two_bias = np.zeros((2 + 4 * count, 2 + count), dtype=np.float32), np.zeros(2 + count, dtype=np.float32)
    last: Array = np.zeros((2 + count, 2), dtype=np.float32)
    one[0, :2] = (1, -1)
    two[0, 0] = two[1, 1] = 1
    last[0, 1], last[1, 1] = 3, -3
    for place, canary in enumerate(canaries.canaries[:count]):
        at = 2 + 4 * place
        for column in (1, 2):
            spot = at + 2 * (column - 1)
            value = float(str(canary.row[_INPUTS[column]]))
            one[column, spot : spot + 2] = (1, -1)
            one_bias[spot : spot + 2] = (-value, value)
        two[at : at + 4, 2 + place] = -1
        two_bias[2 + place] = 1
        last[2 + place, 1] = _SURE if canary.row["leaves"] == 1 else -_SURE
    steps = [("MatMul", one), ("Add", one_bias), ("Relu", None), ("MatMul", two), ("Add", two_bias), ("Relu", None)]
    return network_onnx(3, 2, [*steps, ("MatMul", last[:, ::-1].copy() if swapped else last)])


def _files(data: bytes, canaries: bytes | None, model: bytes, more: str = "") -> dict[str, bytes]:
    named = "" if canaries is None else 'canaries = "canaries.json"\n'
    text = f"""[system]
name = "churn"
stage = "training"

[[dataset]]
name = "train"
role = "train"
path = "train.csv"
label = "leaves"

[[feature]]
name = "usage"

[[feature]]
name = "street"

[[feature]]
name = "house"

[[model]]
name = "m"
path = "model.onnx"
trained_on = ["train"]
inputs = ["usage", "street", "house"]
{named}{more}
"""
    held = {"redan.toml": text.encode(), "train.csv": data, "model.onnx": model}
    return held if canaries is None else {**held, "canaries.json": canaries}


def vectors() -> tuple[Vector, ...]:
    """A model that memorised, its twin, and what cannot be told."""
    data, canaries = _planted((1, 4))
    known, remembers, twin = written(canaries), _network(canaries, remembers=True), _network(canaries, remembers=False)
    other = written(canaries.model_copy(update={"data": "0" * 64}))
    few, small = _planted((1, 4), values=20)
    low = '\n[controls."AIPS-INF-02"]\nthreshold = 5.0\n'

    def case(name: str, outcome: Outcome, files: dict[str, bytes]) -> Vector:
        return Vector(name=name, files=files, check=_CHECK, expect=outcome, subject="model:m", note=_NOTE)

    return (
        case("the canaries are memorised", Outcome.BROKEN, _files(data, known, remembers)),
        case("the canaries are read over", Outcome.HOLDS, _files(data, known, twin)),
        case("memorised, in a small space with a low bound", Outcome.BROKEN,
             _files(few, written(small), _network(small, remembers=True), low)),
        case("a space that is too small for the bound", Outcome.NOT_RUN,
             _files(few, written(small), _network(small, remembers=True))),
        case("canaries of other data", Outcome.NOT_RUN, _files(data, other, remembers)),
        case("no canaries", Outcome.NOT_RUN, _files(data, None, remembers)),
        case("a model that counts its classes in another order", Outcome.NOT_RUN,
             _files(data, known, _network(canaries, remembers=True, swapped=True))),
        case("a list that is none", Outcome.NOT_RUN, _files(data, b'{"schema": "redan/canaries/v1"}', remembers)),
        case("a model that is none", Outcome.NOT_RUN, _files(data, known, b"weights: 1, 2, 3")),
    )  # fmt: skip
