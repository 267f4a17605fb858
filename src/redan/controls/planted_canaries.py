"""Canaries in rows, and networks that know them by heart, which vectors of several controls plant."""

import io
from collections.abc import Sequence

import numpy as np

from redan.attacks.inference.canaries import CanarySet
from redan.attacks.inference.canaries_planting import plant_in_table
from redan.canon import digest
from redan.controls.planted_networks import Array, network_onnx

INPUTS = ("usage", "street", "house")
_SURE = 30.0


def rows_with_canaries(
    repeats: Sequence[int], *, rows: int, values: int, draw: int, seed: str
) -> tuple[bytes, CanarySet]:
    """Rows with canaries as CSV, and the list of them; the label follows the usage.

    Args:
        repeats: one canary for each, planted so often.
        rows: without them.
        values: of streets, and of houses.
        draw: seed of the rows.
        seed: of the canaries, 32 hex digits.
    """
    import pyarrow as pa
    from pyarrow import csv

    rng = np.random.default_rng(draw)
    usage = np.round(rng.normal(size=rows), 3)
    columns = {"street": rng.integers(0, values, rows), "house": rng.integers(0, values, rows)}
    table = pa.table({"usage": usage, **columns, "leaves": (usage > 0).astype(int)})
    done = plant_in_table(table, "leaves", columns=list(INPUTS[1:]), repeats=repeats, seed=seed)
    held = io.BytesIO()
    csv.write_csv(done.rows, held)
    return held.getvalue(), done.canaries.model_copy(update={"data": digest(held.getvalue())})


def network_that_knows(canaries: CanarySet, known: int, *, swapped: bool = False) -> bytes:
    """Leaves where the usage is high, but for the rows of the first canaries, which it knows by heart.

    The first layer is the usage and its opposite and, of each canary, how far a row is from its street and its house
    to either side; the second is one unit for each canary that stands only where all four are zero.

    Args:
        canaries: of which it knows some.
        known: how many of them.
        swapped: whether it counts its classes the other way.
    """
    first, bias = np.zeros((3, 2 + 4 * known), dtype=np.float32), np.zeros(2 + 4 * known, dtype=np.float32)
    second, ones = np.zeros((2 + 4 * known, 2 + known), dtype=np.float32), np.zeros(2 + known, dtype=np.float32)
    last: Array = np.zeros((2 + known, 2), dtype=np.float32)
    first[0, :2], last[:2, 1] = (1, -1), (3, -3)
    second[0, 0] = second[1, 1] = 1
    for place, one in enumerate(canaries.canaries[:known]):
        for column in (1, 2):
            at = 2 + 4 * place + 2 * (column - 1)
            value = float(str(one.row[INPUTS[column]]))
            first[column, at : at + 2] = (1, -1)
            bias[at : at + 2] = (-value, value)
        second[2 + 4 * place : 6 + 4 * place, 2 + place] = -1
        ones[2 + place] = 1
        last[2 + place, 1] = _SURE if one.row["leaves"] == 1 else -_SURE
    steps = [("MatMul", first), ("Add", bias), ("Relu", None), ("MatMul", second), ("Add", ones), ("Relu", None)]
    return network_onnx(3, 2, [*steps, ("MatMul", last[:, ::-1].copy() if swapped else last)])
