"""Services that would not notice a shift: no monitor, no reference or a foreign one, few columns; and a twin."""

import io

import numpy as np

from redan.canon import digest
from redan.controls.contract import Vector
from redan.controls.planted import softmax_onnx
from redan.guards.drift import Column
from redan.guards.envelope import Bounds
from redan.guards.reference import Reference, written
from redan.terms import Outcome

_NOTICED = "A-MLSG-004-D006/shift-is-noticed-in-service"
_NOTE = "Whoever moves the model's surroundings sends not one malformed request."
_MODEL = softmax_onnx(((1.0, -1.0), (0.5, 0.0)))
_SYSTEM = """[system]
name = "churn"
stage = "operation"

[[feature]]
name = "usage"

[[feature]]
name = "tenure"

[[dataset]]
name = "test"
role = "test"
path = "test.npz"

[[model]]
name = "churn"
path = "model.onnx"
inputs = ["usage", "tenure"]
{reference}

[[endpoint]]
name = "api"
model = "churn"
gateway = true
{monitors}
"""


def service_vectors() -> tuple[Vector, ...]:
    """Bad services and their repaired twin."""
    x = np.random.default_rng(8).normal(size=(3000, 2)).astype(np.float32)
    held = io.BytesIO()
    np.savez(held, x=x, y=(x[:, 0] > 0).astype(np.int64))

    def case(name: str, outcome: Outcome, reference: bytes | None, *, monitors: str = 'monitors = ["drift"]') -> Vector:
        key = "" if reference is None else 'reference = "reference.json"'
        toml = _SYSTEM.format(reference=key, monitors=monitors)
        files = {"redan.toml": toml.encode(), "model.onnx": _MODEL, "test.npz": held.getvalue()}
        files |= {} if reference is None else {"reference.json": reference}
        return Vector(name=name, files=files, check=_NOTICED, expect=outcome, note=_NOTE)

    good = _reference(x)
    return (
        case("no monitor", Outcome.BROKEN, good, monitors=""),
        case("no reference", Outcome.BROKEN, None),
        case("the reference of another model", Outcome.BROKEN, _reference(x, model="0" * 64)),
        case("a reference of one column", Outcome.BROKEN, _reference(x[:, :1])),
        case("a reference of other input", Outcome.BROKEN, _reference(x + 2.0)),
        case("a reference and a monitor", Outcome.HOLDS, good),
    )


def _reference(x: "np.ndarray[tuple[int, ...], np.dtype[np.float32]]", model: str = digest(_MODEL)) -> bytes:
    columns = []
    for place in range(x.shape[1]):
        edges = np.quantile(x[:, place], np.linspace(0.1, 0.9, 9)).astype(np.float64)
        counts = np.bincount(np.searchsorted(edges, x[:, place], side="right"), minlength=10).astype(np.int64)
        columns.append(Column(f"c{place}", edges, counts))
    low, high = x.min(axis=0).astype(np.float64), x.max(axis=0).astype(np.float64)
    bounds = Bounds(low, high, np.zeros(0), np.zeros((0, 0)), 0.0)
    return written(Reference(model, "x", "", "", {"x": bounds}, {}, None, tuple(columns)))
