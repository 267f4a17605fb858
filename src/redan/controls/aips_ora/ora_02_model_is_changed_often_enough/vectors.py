"""Models that were released again as they were, and generations that really differ."""

import numpy as np

from redan.controls.contract import Vector
from redan.controls.planted_networks import linear, samples_npz, task
from redan.terms import Outcome

_OUTPACES = "AIPS-ORA-02/rotation-outpaces-extraction"
_DIFFER = "AIPS-ORA-02/generations-differ-enough"
_NOTE = "A change that leaves answers as they were leaves copies and attacks as they were."
_TWIN = "Generations that rest on other inputs owe whoever prepared on the last one little."
_SYSTEM = """[system]
name = "sorting"
stage = "operation"

[[dataset]]
name = "test"
role = "test"
path = "test.npz"

[[model]]
name = "first"
path = "first.onnx"

[[model]]
name = "second"
path = "second.onnx"
previous = "first"
validated_on = ["test"]
threats = ["linf:0.02"]
@LIFETIME@
[[endpoint]]
name = "api"
model = "first"
answers = "@ANSWERS@"
queries = @QUERIES@
"""


def vectors() -> tuple[Vector, ...]:
    """Pairs of generations."""
    made = task(1)
    shaken = (made.frail * np.random.default_rng(8).normal(1.0, 0.003, made.frail.shape)).astype(np.float32)
    turned = np.roll(made.firm, 1, axis=1)
    first, soft = linear(made.frail), linear(made.firm)
    return (
        _case("the same model again", _OUTPACES, Outcome.BROKEN, (soft, soft)),
        _case("a copy of what changed its mind", _OUTPACES, Outcome.HOLDS, (soft, linear(turned))),
        _case("the same model again, but few labels", _OUTPACES, Outcome.HOLDS, (soft, soft), few=True),
        _case("nobody says for how long", _OUTPACES, Outcome.NOT_RUN, (soft, soft), lifetime=""),
        _case("nobody kept the generation before", _OUTPACES, Outcome.NOT_RUN, (None, soft)),
        _case("its file is no model", _OUTPACES, Outcome.NOT_RUN, (b"no model", soft)),
        _case("nobody kept the generation before", _DIFFER, Outcome.NOT_RUN, (None, first)),
        _case("the same weights, a little shaken", _DIFFER, Outcome.BROKEN, (first, linear(shaken))),
        _case("hardened by the change", _DIFFER, Outcome.HOLDS, (first, soft)),
    )


def _case(
    name: str,
    check: str,
    expect: Outcome,
    pair: tuple[bytes | None, bytes],
    *,
    few: bool = False,
    lifetime: str = 'lifetime = "90 days"\n',
) -> Vector:
    answers, queries = ("label", "3") if few else ("probabilities", "120")
    toml = _SYSTEM.replace("@LIFETIME@", lifetime).replace("@ANSWERS@", answers).replace("@QUERIES@", queries)
    n = 120 if check == _DIFFER else 400
    files: dict[str, bytes] = {
        "redan.toml": toml.encode(),
        "test.npz": samples_npz(task(n, seed=3)),
        "second.onnx": pair[1],
    }
    if pair[0] is None:  # the generation before is named, and nobody kept it
        files["redan.toml"] = toml.replace('path = "first.onnx"\n', "").encode()
    else:
        files["first.onnx"] = pair[0]
    note = _TWIN if expect is Outcome.HOLDS else _NOTE
    return Vector(name=name, files=files, check=check, expect=expect, subject="model:second", note=note)
