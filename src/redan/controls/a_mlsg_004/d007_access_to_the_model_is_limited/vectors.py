"""Servers with open metrics, limits that follow the address, sharp scores, and rights for all; and their repaired twins."""

import io

import numpy as np

from redan.controls.contract import Vector
from redan.controls.live.planted import SERVED, WIDTH, planted, weights
from redan.controls.planted import softmax_onnx
from redan.terms import Outcome

_PER_MODEL = "A-MLSG-004-D007/clients-are-authorised-per-model"
_BUDGETS = "A-MLSG-004-D007/budgets-follow-the-principal"
_CLOSED = "A-MLSG-004-D007/diagnostics-are-closed"
_FORM = "A-MLSG-004-D007/answers-are-no-finer-than-declared"
_FAIL = "A-MLSG-004-D007/attacks-fail-within-the-budget"
_TEST = b'\n[[dataset]]\nname = "test"\nrole = "test"\npath = "test.npz"\n'
_NOTE = "Extraction and query-based evasion need many answers, and sharp ones."


def _served(name: str, check: str, outcome: Outcome, *flaws: str) -> Vector:
    # Less than one and a half times the burst: what two clients share ends, however fast the rate refills.
    files = {"redan.toml": SERVED.replace(b"queries = 600", b"queries = 50")}
    around = planted(*flaws, queries=50)
    return Vector(name=name, files=files, check=check, expect=outcome, note=_NOTE, around=around)


def _attacked(name: str, outcome: Outcome, *flaws: str, queries: int = 40) -> Vector:
    """The model beside the server has the same weights."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(200, WIDTH)).astype(np.float32)
    held = io.BytesIO()
    np.savez(held, x=x, y=(x @ weights()).argmax(axis=1))
    toml = (
        SERVED.replace(
            b'name = "churn"\n\n[[endpoint]]',
            b'name = "churn"\npath = "model.onnx"\nthreats = ["linf:0.8"]\nbox = [-9, 9]\n\n[[endpoint]]',
        )
        + _TEST
    )
    files = {"redan.toml": toml, "model.onnx": softmax_onnx(weights().tolist()), "test.npz": held.getvalue()}
    around = planted(*flaws, queries=queries)
    return Vector(name=name, files=files, check=_FAIL, expect=outcome, note=_NOTE, around=around)


def vectors() -> tuple[Vector, ...]:
    """Bad servers and their repaired twins."""
    return (
        _served("rights are not looked at", _PER_MODEL, Outcome.BROKEN, "per-model"),
        _served("rights are looked at", _PER_MODEL, Outcome.HOLDS),
        _served("a limit that follows the address", _BUDGETS, Outcome.BROKEN, "address"),
        _served("limits that follow the client", _BUDGETS, Outcome.HOLDS),
        _attacked("an attack that nothing ends", Outcome.BROKEN, "unlimited"),
        _attacked("a budget that ends the attack", Outcome.HOLDS),
        _served("open metrics", _CLOSED, Outcome.BROKEN, "metrics"),
        _served("closed metrics", _CLOSED, Outcome.HOLDS),
        _served("scores of all digits", _FORM, Outcome.BROKEN, "scores"),
        _served("scores of two digits", _FORM, Outcome.HOLDS),
    )
