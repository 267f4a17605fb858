"""Transformations that only hide the gradient, that cost too much, and one that takes away what an attack uses."""

import numpy as np

from redan.controls.contract import Vector
from redan.controls.planted_networks import linear, samples_npz, task
from redan.terms import Outcome

_KEPT = "AIPS-EVA-02/clean-accuracy-is-kept"
_WEAKENED = "AIPS-EVA-02/adaptive-attack-is-weakened"
_HIDES = "A transformation that only hides the gradient stops nobody who attacks past it."
_COSTS = "A transformation that takes more than it gives is switched off by its users."
_LUCK = (
    "An alarm on a transformation that helps, or a pass that nothing was learned from, teaches to ignore the answer."
)
_OPEN = """
[[source]]
name = "street"
kind = "crowd"

[[flow]]
from = "source:street"
to = "model:gate"
"""


def _files(
    change: str, *, samples: int, frail: bool = False, extra: str = "", box: str = "[0.0, 1.0]"
) -> dict[str, bytes]:
    """What decides rests on details that two bits take away; the rest is enough to be right, and hard to change."""
    made = task(samples)
    half = made.x.shape[1] // 2
    x = made.x.copy()
    x[:, half:] += np.float32(0.12)
    text = f"""[system]
name = "gate"
stage = "operation"

[[dataset]]
name = "test"
role = "test"
path = "test.npz"

[[model]]
name = "gate"
path = "gate.onnx"
validated_on = ["test"]
threats = ["linf:0.05"]
box = {box}
{f'transformation = "{change}"' if change else ""}
{extra}
"""
    weights = made.frail if frail else made.firm + made.frail
    return {"redan.toml": text.encode(), "test.npz": samples_npz(made._replace(x=x)), "gate.onnx": linear(weights)}


def vectors() -> tuple[Vector, ...]:
    """Bad transformations and their repaired twins."""
    loose = '[controls."AIPS-EVA-02"]\nthreshold = 0.9\n'

    def case(check: str, name: str, outcome: Outcome, files: dict[str, bytes]) -> Vector:
        note = _LUCK if outcome is not Outcome.BROKEN else _COSTS if check == _KEPT else _HIDES
        return Vector(name=name, files=files, check=check, expect=outcome, subject="model:gate", note=note)

    return (
        case(_WEAKENED, "levels that only hide the gradient", Outcome.BROKEN, _files("bit-depth:8", samples=120)),
        case(_WEAKENED, "noise that an attacker averages", Outcome.BROKEN, _files("noise:0.002", samples=96)),
        case(_WEAKENED, "levels that take the details away", Outcome.HOLDS, _files("bit-depth:2", samples=8)),
        case(_WEAKENED, "too few to tell", Outcome.NOT_RUN, _files("bit-depth:8", samples=8)),
        case(_WEAKENED, "of another box", Outcome.NOT_RUN, _files("bit-depth:8", samples=8, box="[0, 255]")),
        case(_WEAKENED, "a filter of pictures before a table", Outcome.NOT_RUN, _files("median:3", samples=8)),
        case(_WEAKENED, "nothing before an open model", Outcome.NOT_RUN, _files("", samples=8, extra=_OPEN)),
        case(
            _KEPT,
            "levels that take away all that decides",
            Outcome.BROKEN,
            _files("bit-depth:2", samples=120, frail=True),
        ),
        case(_KEPT, "levels that leave enough", Outcome.HOLDS, _files("bit-depth:2", samples=300)),
        case(_KEPT, "more was agreed", Outcome.HOLDS, _files("bit-depth:2", samples=120, frail=True, extra=loose)),
        case(_KEPT, "too few to tell", Outcome.NOT_RUN, _files("bit-depth:2", samples=20)),
        case(_KEPT, "nothing before an open model", Outcome.NOT_RUN, _files("", samples=8, extra=_OPEN)),
    )
