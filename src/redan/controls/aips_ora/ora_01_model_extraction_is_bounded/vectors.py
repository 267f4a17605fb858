"""Endpoints whose budget is enough for a good copy, and a twin whose budget is not."""

import io

import numpy as np

from redan.controls.contract import Vector
from redan.controls.live.planted import SERVED, WIDTH, planted, weights
from redan.controls.planted import softmax_onnx
from redan.terms import Outcome

_CHECK = "AIPS-ORA-01/budget-keeps-copies-poor"
_NOTE = "A copy takes the value of the model and serves as a rehearsal room for evasion."
_TEST = b'\n[[dataset]]\nname = "test"\nrole = "test"\npath = "test.npz"\n'


def _case(name: str, outcome: Outcome, *flaws: str, queries: int = 32) -> Vector:
    x = np.random.default_rng(5).normal(size=(600, WIDTH)).astype(np.float32)
    held = io.BytesIO()
    np.savez(held, x=x, y=(x @ weights()).argmax(axis=1))
    toml = (
        SERVED.replace(b'name = "churn"\n\n[[endpoint]]', b'name = "churn"\npath = "model.onnx"\n\n[[endpoint]]')
        + _TEST
    )
    toml = toml.replace(b"queries = 600", b"queries = 60")
    files = {"redan.toml": toml, "model.onnx": softmax_onnx(weights().tolist()), "test.npz": held.getvalue()}
    around = planted(*flaws, queries=queries, decimals=0)
    return Vector(name=name, files=files, check=_CHECK, expect=outcome, note=_NOTE, around=around)


def vectors() -> tuple[Vector, ...]:
    """Bad servers and their repaired twin."""
    return (
        _case("no budget, and sharp scores", Outcome.BROKEN, "unlimited", "scores"),
        _case("a budget and coarse answers", Outcome.HOLDS),
    )
