"""Products that keep what their public base rests on, and one that was hardened while it was fine-tuned."""

from functools import partial

import numpy as np

from redan.controls.contract import Vector
from redan.controls.planted_networks import linear, samples_npz, task
from redan.terms import Outcome

_CHECK = "AIPS-ORA-03/base-attacks-do-not-transfer"
_NOTE = "Whoever guesses the base has most of the white box without asking the product once."
_TWIN = "A product that does not rest on what its base rests on owes the attacker nothing."
_SYSTEM = """[system]
name = "sorting"
stage = "operation"

[[dataset]]
name = "test"
role = "test"
path = "test.npz"

[[model]]
name = "downloaded"
path = "base.onnx"
publisher = "Example Laboratory"

[[model]]
name = "product"
path = "product.onnx"
base = "downloaded"
public_base = true
validated_on = ["test"]
threats = ["{threat}"]
"""


def vectors() -> tuple[Vector, ...]:
    """Pairs of a base and a product."""
    made = task(1, columns=24, classes=3)
    tuned = linear((made.frail * np.random.default_rng(8).normal(1.0, 0.003, made.frail.shape)).astype(np.float32))
    wider = linear(np.concatenate([made.frail, made.frail[:, :2]], axis=1))
    planted, twin = partial(_case, _NOTE, Outcome.BROKEN), partial(_case, _TWIN, Outcome.HOLDS)
    return (
        planted("only the last layer was tuned", linear(made.frail), tuned),
        planted("a base of other classes", wider, tuned),
        twin("hardened while it was fine-tuned", linear(made.frail), linear(made.firm)),
    )


def _case(note: str, expect: Outcome, name: str, base: bytes, product: bytes) -> Vector:
    files = {
        "redan.toml": _SYSTEM.format(threat="linf:0.02").encode(),
        "test.npz": samples_npz(task(120, seed=3)),
        "base.onnx": base,
        "product.onnx": product,
    }
    return Vector(name=name, files=files, check=_CHECK, expect=expect, subject="model:product", note=note)
