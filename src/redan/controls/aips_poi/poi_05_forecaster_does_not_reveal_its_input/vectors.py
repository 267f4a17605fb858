"""Forecasters that show their inputs or follow one participant, and twins that publish or weigh otherwise."""

import numpy as np

from redan.controls.contract import Vector
from redan.controls.planted_networks import Array, Step, network_onnx
from redan.terms import Outcome

_INFERABLE = "AIPS-POI-05/input-distribution-is-not-inferable"
_REWARDED = "AIPS-POI-05/moving-the-input-is-not-rewarded"
_SEEN = "Who reads the inputs off the forecast knows what to move, and when it pays."
_MOVED = "Who moves a forecast alone can walk it to where it pays."
_COLUMNS = 6
_SYSTEM = """[system]
name = "load"
stage = "operation"

[[source]]
name = "north"
kind = "vendor"

[[source]]
name = "south"
kind = "vendor"

[[source]]
name = "west"
kind = "vendor"

[[dataset]]
name = "meters"
role = "test"
path = "meters.csv"
label = "next"
@WHO@
[[model]]
name = "forecaster"
path = "model.onnx"
task = "forecast"
inputs = [@NAMES@]
validated_on = ["meters"]

[[endpoint]]
name = "board"
model = "forecaster"
@DECIMALS@
"""
_FEATURE = '\n[[feature]]\nname = "c{place}"\n{range}from = "{source}"\n'


def vectors() -> tuple[Vector, ...]:
    """Means, differences, and participants of equal and unequal weight."""
    mean = np.full((_COLUMNS, 1), 1 / 12, dtype=np.float32)
    signs = (np.array([[1], [-1], [1], [-1], [1], [-1]]) / _COLUMNS).astype(np.float32)
    heavy = np.array([[3.0], [3.0], [0.5], [0.5], [0.5], [0.5]], dtype=np.float32)
    even = np.ones((_COLUMNS, 1), dtype=np.float32)
    few, many = 'contributor = "who"\n', "few"
    return (
        _case("a mean in full", _INFERABLE, Outcome.BROKEN, [("MatMul", mean)]),
        _case("a mean, published coarsely", _INFERABLE, Outcome.HOLDS, [("MatMul", mean)], decimals="decimals = 0"),
        _case("differences", _INFERABLE, Outcome.HOLDS, [("MatMul", signs)]),
        _case("too few rows", _INFERABLE, Outcome.NOT_RUN, [("MatMul", mean)], rows=40),
        _case("a source that outweighs the others", _REWARDED, Outcome.BROKEN, [("MatMul", heavy)]),
        _case("a range far wider than the others", _REWARDED, Outcome.BROKEN, [("MatMul", even)], wide=True),
        _case(
            "the same range, clipped",
            _REWARDED,
            Outcome.HOLDS,
            [("Min", _one()), ("MatMul", even)],
            wide=True,
        ),
        _case("a contributor of most rows", _REWARDED, Outcome.BROKEN, [("MatMul", even)], who=few, crowd="one"),
        _case("rows of many", _REWARDED, Outcome.HOLDS, [("MatMul", even)], who=few, crowd=many),
        _case("no range is declared", _REWARDED, Outcome.NOT_RUN, [("MatMul", even)], ranged=False),
        _case("an answer that never moves", _REWARDED, Outcome.NOT_RUN, [("MatMul", 0 * even)]),
    )


def _one() -> Array:
    return np.ones(1, dtype=np.float32)


def _case(
    name: str,
    check: str,
    expect: Outcome,
    steps: list[Step],
    *,
    decimals: str = "",
    rows: int = 300,
    wide: bool = False,
    ranged: bool = True,
    who: str = "",
    crowd: str = "",
) -> Vector:
    rng = np.random.default_rng(11)
    x = rng.uniform(size=(rows, _COLUMNS))
    share = np.where(np.arange(rows) < 0.6 * rows, 0, np.arange(rows)) if crowd == "one" else np.arange(rows) % 20
    names = [f"c{place}" for place in range(_COLUMNS)]
    head = ",".join([*names, "next", "who"])
    lines = [
        ",".join([*(f"{v:.4f}" for v in row), f"{row.mean():.4f}", f"m{by}"]) for row, by in zip(x, share, strict=True)
    ]
    toml = _SYSTEM.replace("@WHO@", who).replace("@DECIMALS@", decimals)
    toml = toml.replace("@NAMES@", ", ".join(f'"{one}"' for one in names))
    for place in range(_COLUMNS):
        top = 40.0 if wide and place < 2 else 1.0  # noqa: PLR2004 -- both inputs of the first source
        span = f"range = [0.0, {top}]\n" if ranged else ""
        toml += _FEATURE.format(place=place, range=span, source=("north", "south", "west")[place // 2])
    files = {
        "redan.toml": toml.encode(),
        "meters.csv": "\n".join([head, *lines, ""]).encode(),
        "model.onnx": network_onnx(_COLUMNS, 1, steps),
    }
    note = _SEEN if check == _INFERABLE else _MOVED
    return Vector(name=name, files=files, check=check, expect=expect, subject="model:forecaster", note=note)
