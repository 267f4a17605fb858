"""Endpoints whose budget is enough for a good copy, a twin whose budget is not; models that copies are measured of."""

import io

import numpy as np

from redan.controls.contract import Vector
from redan.controls.live.planted import CLASSES, SERVED, WIDTH, planted, weights
from redan.controls.planted import softmax_onnx
from redan.terms import Outcome

_MEASURED = "AIPS-ORA-01/bare-model-extraction-is-measured"
_CHECK = "AIPS-ORA-01/budget-keeps-copies-poor"
_NOTE = "A copy takes the value of the model and serves as a rehearsal room for evasion."
_BARE = b"""[system]
name = "churn"

[[model]]
name = "churn"
path = "model.onnx"

[[endpoint]]
name = "api"
model = "churn"
"""
_TRAIN = b'\n[[dataset]]\nname = "train"\nrole = "train"\n'
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
        _bare("nothing bounds questions", Outcome.BROKEN, _TEST),
        _bare("questions are bounded", Outcome.HOLDS, _TEST, bound=b"queries = 60\n"),
        _bare("answers are rounded", Outcome.HOLDS, _TEST, bound=b"decimals = 1\n"),
        _bare("no sample is there that it was not trained on", Outcome.NOT_RUN, _TRAIN),
        _bare("one answer to everything", Outcome.NOT_RUN, _TEST, still=True),
        _bare("too few samples", Outcome.NOT_RUN, _TEST, rows=60),
    )


def _bare(
    name: str, outcome: Outcome, data: bytes, *, rows: int = 400, still: bool = False, bound: bytes = b""
) -> Vector:
    x = np.random.default_rng(6).uniform(size=(rows, WIDTH)).astype(np.float32)
    made = np.concatenate([weights()[:, :1], np.full((WIDTH, CLASSES - 1), -20.0)], axis=1) if still else weights()
    held = io.BytesIO()
    np.savez(held, x=x, y=(x @ made).argmax(axis=1))
    files = {"redan.toml": _BARE + bound + data, "model.onnx": softmax_onnx(made.tolist()), "test.npz": held.getvalue()}
    note = "A budget is chosen by the curve of the bare model; without it nobody knows what it has to hold back."
    return Vector(name=name, files=files, check=_MEASURED, expect=outcome, subject="model:churn", note=note)
