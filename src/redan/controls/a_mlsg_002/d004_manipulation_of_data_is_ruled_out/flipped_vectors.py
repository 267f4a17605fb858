"""Changed labels from one contributor and spread over all; honest contributors who differ; data that cannot tell."""

import numpy as np
from numpy.typing import NDArray

from redan.controls.contract import Vector
from redan.terms import Outcome

_CHECK = "A-MLSG-002-D004/labels-are-not-flipped"
_NOTE = "A few per cent of changed labels bend a model where the attacker wants it."
_TWIN = "A contributor who is different is not an attacker; nobody listens to an alarm about everybody."
_ROWS = 800
_CLASSES = ("stay", "leave", "upgrade")
_SYSTEM = """[system]
name = "offers"
stage = "training"

[[dataset]]
name = "train"
role = "train"
path = "train.csv"
{declared}
"""
_LABEL = 'label = "what"'
_BOTH = 'label = "what"\ncontributor = "agency"'


def vectors() -> tuple[Vector, ...]:
    """Bad tables and their repaired twins."""
    x, y, who, rng = _clean()
    one = np.flatnonzero(who == 3)  # noqa: PLR2004 -- any of them
    half = one[: 2 * len(one) // 3]
    every = rng.choice(_ROWS, _ROWS // 20, replace=False)
    mixed = np.where((y == 0) & (rng.random(_ROWS) < 0.8), 0, rng.integers(1, 8, _ROWS))  # noqa: PLR2004 -- most
    noise = rng.normal(size=x.shape)
    return (
        _case("one contributor changed two thirds of its labels", Outcome.BROKEN, _csv(x, _changed(y, half), who)),
        _case("the same attack without knowing who gave what", Outcome.BROKEN, _csv(x, _changed(y, half)), _LABEL),
        _case("changed labels spread over all contributors", Outcome.BROKEN, _csv(x, _changed(y, every), who)),
        _case("labels as they were", Outcome.HOLDS, _csv(x, y, who), note=_TWIN),
        _case("an honest contributor with another mix of classes", Outcome.HOLDS, _csv(x, y, mixed), note=_TWIN),
        _case("features that say nothing about the label", Outcome.NOT_RUN, _csv(noise, y, who), note=_TWIN),
        _case("no label is declared", Outcome.NOT_RUN, _csv(x, y, who), declared="", note=_TWIN),
    )


def _clean() -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64], np.random.Generator]:
    rng = np.random.default_rng(20260601)
    y = rng.choice(3, _ROWS, p=[0.5, 0.3, 0.2])
    centres = np.array([[0.0, 0.0, 2.0, 1.0], [4.0, 0.0, -2.0, 1.0], [0.0, 4.0, 0.0, -2.0]])
    return 1.5 * centres[y] + rng.normal(size=(_ROWS, 4)), y, rng.integers(0, 8, _ROWS), rng


def _changed(y: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    found = y.copy()
    found[rows] = (found[rows] + 1) % len(_CLASSES)
    return found


def _csv(x: NDArray[np.float64], y: NDArray[np.int64], who: NDArray[np.int64] | None = None) -> bytes:
    lines = [f"usage,calls,tenure,load,{'' if who is None else 'agency,'}what"]
    for i, (values, label) in enumerate(zip(x, y, strict=True)):
        given = [] if who is None else [f"a{who[i]}"]
        lines.append(",".join([*(f"{value:.2f}" for value in values), *given, _CLASSES[label]]))
    return ("\n".join(lines) + "\n").encode()


def _case(name: str, expect: Outcome, table: bytes, declared: str = _BOTH, note: str = _NOTE) -> Vector:
    files = {"redan.toml": _SYSTEM.format(declared=declared).encode(), "train.csv": table}
    return Vector(name=name, files=files, check=_CHECK, expect=expect, subject="dataset:train", note=note)
