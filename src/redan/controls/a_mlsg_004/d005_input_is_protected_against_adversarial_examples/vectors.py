"""Guards that stop one careless attack, that hide their gradients, that refuse honest input, and one that holds."""

import numpy as np

from redan.controls.contract import Vector
from redan.controls.planted_networks import Step, linear, network_onnx, samples_npz, task
from redan.terms import Outcome

_DETECTED = "A-MLSG-004-D005/adaptive-attacks-are-detected"
_HONEST = "A-MLSG-004-D005/honest-input-passes"
_PASSES = "A guard that stops what was made without it, and nothing else, stops nobody who has read about it."
_LUCK = "An alarm on a guard that holds, or a pass that nothing was learned from, teaches people to ignore the answer."
_REFUSES = "A guard that refuses honest input is switched off by its users."
_COLUMNS, _CLASSES = 24, 3


def _agreeing(limit: float, *last: Step) -> bytes:
    """Refuses where what the first half says of the classes differs from what the second half says."""
    half = _COLUMNS // 2
    own = (np.arange(half)[:, None] % _CLASSES == np.arange(_CLASSES)[None, :]) / (half // _CLASSES)
    apart = np.concatenate([own / 0.4, -own / 0.02]).astype(np.float32)
    middle = np.full(_CLASSES, 0.35 / 0.4 - 0.5 / 0.02, np.float32)
    return _scored(apart, middle, limit, last)


def _glancing(limit: float) -> bytes:
    """Refuses where three of the twelve columns that decide lie far from their middle."""
    few = np.zeros((_COLUMNS, _CLASSES), np.float32)
    few[np.arange(12, 15), np.arange(_CLASSES)] = 1.0
    return _scored(few, np.full(_CLASSES, 0.51, np.float32), limit, ())


def _scored(weights: np.ndarray, middle: np.ndarray, limit: float, last: tuple[Step, ...]) -> bytes:
    total: list[Step] = [("Abs", None), ("MatMul", np.ones((_CLASSES, 1), np.float32))]
    above: Step = ("Sub", np.array([limit], np.float32))
    return network_onnx(_COLUMNS, 1, [("MatMul", weights), ("Sub", middle), *total, above, *last])


def _files(guard: bytes | None, *, samples: int, firm: bool = False, extra: str = "") -> dict[str, bytes]:
    made = task(samples)
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
{'guard = "watch"' if guard else ""}

[[model]]
name = "watch"
{'path = "watch.onnx"' if guard else ""}
task = "anomaly"
{extra}
"""
    files = {"redan.toml": text.encode(), "test.npz": samples_npz(made)}
    files["gate.onnx"] = linear(made.firm if firm else made.frail)
    return files | ({"watch.onnx": guard} if guard else {})


def vectors() -> tuple[Vector, ...]:
    """Bad guards and their repaired twins."""
    strict = '[controls."A-MLSG-004-D005"]\nthreshold = 0.95\n'
    hiding = _agreeing(0.5, ("Sign", None))

    def case(check: str, name: str, outcome: Outcome, files: dict[str, bytes]) -> Vector:
        note = _LUCK if outcome is not Outcome.BROKEN else _REFUSES if check == _HONEST else _PASSES
        return Vector(name=name, files=files, check=check, expect=outcome, subject="model:gate", note=note)

    return (
        case(_DETECTED, "a guard that only stops FGSM", Outcome.BROKEN, _files(_glancing(0.045), samples=10)),
        case(_DETECTED, "a guard that never refuses", Outcome.BROKEN, _files(_agreeing(1e6), samples=10)),
        case(_DETECTED, "a guard that watches all that decides", Outcome.HOLDS, _files(_agreeing(0.5), samples=10)),
        case(_DETECTED, "a guard that hides its gradient", Outcome.NOT_RUN, _files(hiding, samples=10)),
        case(_DETECTED, "nothing to stop", Outcome.NOT_RUN, _files(_agreeing(0.5), samples=6, firm=True)),
        case(_DETECTED, "too few to tell", Outcome.NOT_RUN, _files(_agreeing(0.5), samples=10, extra=strict)),
        case(_DETECTED, "no guard", Outcome.NOT_RUN, _files(None, samples=6)),
        case(_HONEST, "a guard that refuses most", Outcome.BROKEN, _files(_agreeing(0.15), samples=120)),
        case(_HONEST, "a guard that lets pass", Outcome.HOLDS, _files(_agreeing(0.5), samples=200)),
        case(_HONEST, "a guard that lets few pass", Outcome.NOT_RUN, _files(_agreeing(0.5), samples=20)),
        case(_HONEST, "no guard", Outcome.NOT_RUN, _files(None, samples=6)),
    )
