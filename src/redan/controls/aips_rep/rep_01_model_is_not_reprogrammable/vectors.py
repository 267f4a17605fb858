"""Small services of pictures: one that can be reprogrammed, and twins that cannot."""

import io

import numpy as np

from redan.controls.contract import Vector
from redan.controls.planted_networks import Array, network_onnx
from redan.terms import Outcome

_WHITE = "AIPS-REP-01/white-box-reprogramming-fails"
_QUERIES = "AIPS-REP-01/query-only-reprogramming-fails"
_NOTICED = "AIPS-REP-01/reprogramming-is-noticed"
_NOTE = "A reprogrammed model works for strangers, at its owner's cost and under the owner's name."
_SIDE, _CLASSES = 16, 4
_RNG = 20260601


def _levels(looked: np.ndarray, sharp: float) -> bytes:
    """A model that tells four levels of brightness of the pixels that it looks at."""
    share = looked.reshape(-1) / looked.sum()
    at = np.arange(_CLASSES) / (_CLASSES - 1)
    weights = (2 * sharp * share[:, None] * at[None, :]).astype(np.float32)
    offset: Array = (-sharp * at**2).astype(np.float32)[None, :]
    return network_onnx(_SIDE * _SIDE, _CLASSES, [("MatMul", weights), ("Add", offset)])


def _data(rows: int, bright_in: Array) -> bytes:
    """Pictures whose brightness tells their class, in some places; elsewhere they are dark."""
    rng = np.random.default_rng(_RNG)
    y = rng.integers(0, _CLASSES, rows)
    bright = y[:, None] / (_CLASSES - 1) * 0.8 + 0.2 * rng.random((rows, _SIDE * _SIDE))
    dark = 0.05 * rng.random((rows, _SIDE * _SIDE))
    x = np.where(bright_in.reshape(-1) > 0, bright, dark)
    held = io.BytesIO()
    np.savez(held, x=x.astype(np.float32), y=y)
    return held.getvalue()


def _middle() -> Array:
    found = np.zeros((_SIDE, _SIDE), np.float32)
    found[4:12, 4:12] = 1.0
    return found


def _border() -> Array:
    """What a foreign picture, which takes nine pixels of a side, leaves free."""
    found = np.ones((_SIDE, _SIDE), np.float32)
    found[3:13, 3:13] = 0.0
    return found


def _case(
    check: str,
    name: str,
    outcome: Outcome,
    model: bytes,
    *,
    endpoint: str = "",
    rows: int = 400,
    own: Array | None = None,
) -> Vector:
    toml = (
        '[system]\nname = "levels"\nstage = "design"\n\n[[dataset]]\nname = "test"\nrole = "test"\npath = "test.npz"\n'
        '\n[[model]]\nname = "levels"\npath = "model.onnx"\ntask = "classification"\nbox = [0.0, 1.0]\n'
        f'\n[[endpoint]]\nname = "api"\nmodel = "levels"\n{endpoint}'
    )
    files = {
        "redan.toml": toml.encode(),
        "model.onnx": model,
        "test.npz": _data(rows, _middle() if own is None else own),
    }
    return Vector(name=name, files=files, check=check, expect=outcome, note=_NOTE)


def vectors() -> tuple[Vector, ...]:
    """Bad services and their repaired twins."""
    whole, there = np.ones((_SIDE, _SIDE)), _border()
    bendable, border = _levels(_middle() + 0.05 * whole, 400.0), _levels(there, 400.0)
    constant = _levels(whole, 0.0)
    tight, watched = 'queries = 60\nanswers = "label"\n', 'gateway = true\nmonitors = ["one-program"]\n'
    return (
        _case(_WHITE, "brightness of the middle tells how many squares there are", Outcome.BROKEN, bendable),
        _case(_WHITE, "a model that does not look where the foreign picture lies", Outcome.HOLDS, border, own=there),
        _case(_WHITE, "the same with data that it does not know", Outcome.NOT_RUN, border),
        _case(_WHITE, "a model that gives one answer to everything", Outcome.NOT_RUN, constant),
        _case(_QUERIES, "full scores and no budget", Outcome.BROKEN, bendable),
        _case(
            _QUERIES,
            "labels alone and sixty questions, when a label map is all it takes",
            Outcome.BROKEN,
            bendable,
            endpoint=tight,
        ),
        _case(_QUERIES, "a model that does not look where the foreign picture lies", Outcome.HOLDS, border, own=there),
        _case(_QUERIES, "the same with data that it does not know", Outcome.NOT_RUN, border),
        _case(_QUERIES, "a model that gives one answer to everything", Outcome.NOT_RUN, constant),
        _case(_NOTICED, "nobody watches", Outcome.BROKEN, bendable),
        _case(_NOTICED, "the gateway watches for one program", Outcome.HOLDS, bendable, endpoint=watched),
        _case(
            _NOTICED,
            "too little of its own data to tell what is honest",
            Outcome.NOT_RUN,
            bendable,
            endpoint=watched,
            rows=40,
        ),
    )
