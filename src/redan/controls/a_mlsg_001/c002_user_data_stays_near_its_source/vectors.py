"""A customer number that crosses to a cloud that does not read it, nobody who looked at a local model; and their twins."""

import io

import numpy as np

from redan.controls.contract import Vector
from redan.controls.planted import softmax_onnx
from redan.terms import Outcome

_FIELDS = "A-MLSG-001-C002/only-needed-fields-cross-boundaries"
_LOCAL = "A-MLSG-001-C002/local-model-is-measured"
_NOTE = "Data that never leaves its source cannot be read on the way."
_SYSTEM = """[system]
name = "churn"
stage = "operation"

[[boundary]]
name = "company"
contains = ["source:crm"]

[[source]]
name = "crm"
kind = "internal"

[[feature]]
name = "usage"

[[feature]]
name = "tenure"

[[dataset]]
name = "train"
role = "test"
path = "test.npz"
identifiers = ["customer"]

[[model]]
name = "churn"
path = "churn.onnx"
inputs = ["usage", "tenure"]

[[endpoint]]
name = "cloud"
model = "churn"
exposure = "partner"

[[flow]]
from = "source:crm"
to = "endpoint:cloud"
data = {0}
protection = "tls"

[controls."A-MLSG-001-C002"]
decision = "adopted"
reason = "Customers trust us with their data"
owner = "ann"
review = 2027-01-01
"""
_SMALL = """
[[model]]
name = "small"
path = "small.onnx"
base = "churn"
"""
_WEIGHTS = ((1.0, -1.0), (0.5, 0.0))
_ROUNDED = ((1.02, -1.0), (0.5, 0.01))
_OTHER = ((-1.0, 1.0), (0.5, 0.0))


def _case(
    name: str, check: str, outcome: Outcome, data: str, local: tuple[tuple[float, ...], ...] | None = None
) -> Vector:
    x = np.random.default_rng(3).normal(size=(400, 2)).astype(np.float32)
    held = io.BytesIO()
    np.savez(held, x=x, y=(x @ np.array(_WEIGHTS)).argmax(axis=1))
    toml = _SYSTEM.format(data) + ("" if local is None else _SMALL)
    files = {"redan.toml": toml.encode(), "churn.onnx": softmax_onnx(_WEIGHTS), "test.npz": held.getvalue()}
    files |= {} if local is None else {"small.onnx": softmax_onnx(local)}
    return Vector(name=name, files=files, check=check, expect=outcome, note=_NOTE)


def vectors() -> tuple[Vector, ...]:
    """Bad systems and their repaired twins."""
    needed = '["usage", "tenure"]'
    return (
        _case("a customer number crosses", _FIELDS, Outcome.BROKEN, '["usage", "tenure", "customer"]'),
        _case("only inputs cross", _FIELDS, Outcome.HOLDS, needed),
        _case("nobody says what crosses", _FIELDS, Outcome.NOT_RUN, "[]"),
        _case("nobody looked at a local model", _LOCAL, Outcome.BROKEN, needed),
        _case("a local model that answers otherwise", _LOCAL, Outcome.BROKEN, needed, _OTHER),
        _case("a faithful local model", _LOCAL, Outcome.HOLDS, needed, _ROUNDED),
    )
