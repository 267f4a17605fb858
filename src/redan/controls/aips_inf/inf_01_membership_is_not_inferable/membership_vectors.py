"""Models that remember their records, one that does not, and data from which nothing can be told."""

import io
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from redan.controls.contract import Vector
from redan.controls.planted_networks import linear
from redan.terms import Outcome

_CHECK = "AIPS-INF-01/membership-leak-is-bounded"
_NOTE = "Whoever is recognised as a record of a clinic's training data is known as its patient."
_TWIN = "A model that scores its own records like any other must not be blamed."
_WIDTH, _CLASSES, _CUT = 24, 3, 700
_SYSTEM = """[system]
name = "clinic"
stage = "operation"

[[dataset]]
name = "train"
role = "train"
path = "train.npz"

[[dataset]]
name = "test"
role = "test"
path = "test.npz"

[[model]]
name = "triage"
path = "model.onnx"
trained_on = ["train"]
validated_on = ["test"]
"""


def vectors() -> tuple[Vector, ...]:
    """Scores of shadows that leak, or not, and models without any."""
    rng = np.random.default_rng(20260601)
    x, y = rng.normal(size=(1400, _WIDTH)).astype(np.float32), rng.integers(0, _CLASSES, 1400)
    learnt = _learnt(x[:_CUT], y[:_CUT])
    # of customers, which nothing else can be told by; columns of one size have no principal components of their own
    numbers = np.diag(np.geomspace(1.0, 3.0, 900).astype(np.float32))[rng.permutation(900)]
    whys = rng.integers(0, _CLASSES, 900)
    moved = (x + 0.5 * (np.arange(len(x)) >= _CUT)[:, None]).astype(np.float32)
    return (
        _case("shadows show that members stand out", Outcome.BROKEN, learnt, (x, y, _CUT), _scores(3.0, learnt)),
        _case("shadows show nothing", Outcome.HOLDS, learnt, (x, y, _CUT), _scores(0.0, learnt), note=_TWIN),
        _case("shadows that are unlike the model", Outcome.NOT_RUN, learnt, (x, y, _CUT), _scores(0.0, learnt, shift=9)),
        _case("scores of another model", Outcome.NOT_RUN, learnt, (x, y, _CUT), _scores(3.0, b"another")),
        _case("a network that learnt numbers of customers by heart", Outcome.BROKEN, _learnt(numbers[:300], whys[:300]), (numbers, whys, 300)),
        _case("too few non-members", Outcome.NOT_RUN, learnt, (x[:760], y[:760], _CUT)),
        _case("members from another population", Outcome.NOT_RUN, learnt, (moved, y, _CUT)),
        _case("non-members that are members", Outcome.NOT_RUN, learnt, (np.tile(x[:_CUT], (2, 1)), np.tile(y[:_CUT], 2), _CUT)),
        _case("a constant model", Outcome.NOT_RUN, linear(np.zeros((_WIDTH, _CLASSES), dtype=np.float32)), (x, 0 * y, _CUT)),
    )  # fmt: skip


def _learnt(x: NDArray[np.float32], y: NDArray[np.int64]) -> bytes:
    """A linear network by least squares; with more columns than it needs it knows each record."""
    weights = np.linalg.lstsq(x, 8.0 * np.eye(_CLASSES)[y] - 4.0, rcond=None)[0]
    return linear(weights.astype(np.float32))


def _scores(effect: float, model: bytes, shift: float = 0.0) -> bytes:
    """Twenty shadows whose members score higher by so many deviations; the target is moved against them."""
    rng = np.random.default_rng(7)
    inside = rng.integers(0, 2, (21, 1600)).astype(bool)
    phi = rng.normal(1, 2, 1600) + effect * inside + rng.normal(size=inside.shape)
    phi[0] += shift
    held = io.BytesIO()
    digest = np.frombuffer(sha256(model).digest(), dtype=np.uint8)
    np.savez(held, phi=phi.astype(np.float32), inside=inside, targets=np.array([0]), model=digest)
    return held.getvalue()


def _case(
    name: str,
    expect: Outcome,
    model: bytes,
    data: tuple[NDArray[np.float32], NDArray[np.int64], int],
    shadows: bytes | None = None,
    *,
    note: str = _NOTE,
) -> Vector:
    x, y, cut = data
    files = {"redan.toml": _SYSTEM.encode(), "model.onnx": model}
    for where, rows in (("train.npz", slice(None, cut)), ("test.npz", slice(cut, None))):
        held = io.BytesIO()
        np.savez_compressed(held, x=x[rows], y=y[rows])
        files[where] = held.getvalue()
    if shadows is not None:
        files["redan.toml"] += b'shadows = "shadows.npz"\n'
        files["shadows.npz"] = shadows
    return Vector(name=name, files=files, check=_CHECK, expect=expect, subject="model:triage", note=note)
