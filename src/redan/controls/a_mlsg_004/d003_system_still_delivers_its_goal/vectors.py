"""Models that lost three points to their predecessor, slowly or to a loop of their own answers; and twins that did not."""

import numpy as np
from numpy.typing import NDArray

from redan.controls.contract import Vector
from redan.controls.planted import linear_onnx
from redan.terms import Outcome

_PREDECESSOR = "A-MLSG-004-D003/not-worse-than-its-predecessor"
_BASELINE = "A-MLSG-004-D003/better-than-a-baseline"
_JOINED = "A-MLSG-004-D003/late-labels-are-joined"
_NOTE = "A slow loss raises no alarm on any single day."
_TWIN = "An alarm about nothing rolls a good model back."
_ROWS = 4000
_GOOD = (2.0, 1.0, 0.0)
_TILTED = (2.0, 1.0, 0.45)  # loses some three points of a hundred
_POOR = (0.2, 1.0, 1.0)
_SYSTEM = """[system]
name = "churn"
stage = "operation"

[[model]]
name = "churn"
path = "churn.onnx"
inputs = ["usage", "calls", "age"]
previous = "before"
baseline = "simple"

[[model]]
name = "before"
path = "before.onnx"
inputs = ["usage", "calls", "age"]

[[model]]
name = "simple"
path = "simple.onnx"
inputs = ["usage", "calls", "age"]

[[endpoint]]
name = "api"
model = "churn"

[[feature]]
name = "usage"

[[feature]]
name = "calls"

[[feature]]
name = "age"

[[dataset]]
name = "live"
role = "current"
path = "live.csv"
label = "left"
prediction = "said"
"""


def _rows(seed: int, rows: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 3))
    chance = 1 / (1 + np.exp(-3 * (x @ np.array(_GOOD))))
    return x, (rng.random(rows) < chance).astype(np.int64)


def _live(
    rows: int = _ROWS, *, echo: bool = False, unlabelled: bool = False, loses: tuple[float, ...] = _GOOD
) -> bytes:
    x, left = _rows(1, rows)
    said = (x @ np.array(loses) > 0).astype(int)
    left = said if echo else left
    cells = zip(x, left, said, strict=True)
    lines = [f"{a:.4f},{b:.4f},{c:.4f},{'' if unlabelled else y},{s}" for (a, b, c), y, s in cells]
    return ("\n".join(["usage,calls,age,left,said", *lines]) + "\n").encode()


def _case(
    name: str,
    check: str,
    outcome: Outcome,
    *,
    now: tuple[float, ...] = _GOOD,
    before: tuple[float, ...] = _GOOD,
    simple: tuple[float, ...] = _POOR,
    live: bytes = b"",
    toml: str = _SYSTEM,
) -> Vector:
    files = {
        "redan.toml": toml.encode(),
        "churn.onnx": linear_onnx(now),
        "before.onnx": linear_onnx(before),
        "simple.onnx": linear_onnx(simple),
        "live.csv": live or _live(),
    }
    note = _NOTE if outcome is Outcome.BROKEN else _TWIN
    return Vector(name=name, files=files, check=check, expect=outcome, note=note)


def vectors() -> tuple[Vector, ...]:
    """Bad systems and their repaired twins."""
    unjoined = _SYSTEM.replace('prediction = "said"\n', "")
    none = _SYSTEM.partition("[[dataset]]")[0]
    return (
        _case("three points lost", _PREDECESSOR, Outcome.BROKEN, now=_TILTED),
        _case("equal to its predecessor", _PREDECESSOR, Outcome.HOLDS),
        _case("better than its predecessor", _PREDECESSOR, Outcome.HOLDS, before=_POOR),
        _case("too few rows to tell", _PREDECESSOR, Outcome.NOT_RUN, live=_live(60)),
        _case("no traffic with labels", _PREDECESSOR, Outcome.NOT_RUN, toml=none),
        _case("a loop of its own answers", _BASELINE, Outcome.BROKEN, now=_POOR, simple=_GOOD),
        _case("no better than the baseline", _BASELINE, Outcome.BROKEN, simple=_GOOD),
        _case("better than the baseline", _BASELINE, Outcome.HOLDS),
        _case("no baseline", _BASELINE, Outcome.NOT_RUN, toml=_SYSTEM.replace('baseline = "simple"\n', "")),
        _case("labels that echo the answers", _JOINED, Outcome.BROKEN, live=_live(echo=True)),
        _case("no label ever came", _JOINED, Outcome.BROKEN, live=_live(unlabelled=True)),
        _case("answers are not kept", _JOINED, Outcome.BROKEN, toml=unjoined),
        _case("nothing is kept", _JOINED, Outcome.BROKEN, toml=none),
        _case("labels beside answers", _JOINED, Outcome.HOLDS),
        _case("few labels", _JOINED, Outcome.NOT_RUN, live=_live(20)),
    )
