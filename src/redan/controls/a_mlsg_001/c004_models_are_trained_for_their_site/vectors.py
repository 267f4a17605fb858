"""One model for two sites, models that were hardly changed for theirs, and models that rest on what is theirs alone."""

from collections.abc import Mapping
from functools import partial

import numpy as np

from redan.controls.contract import Vector
from redan.controls.planted_networks import Array, linear, samples_npz, task
from redan.terms import Outcome

_CARRIES = "A-MLSG-001-C004/evasion-does-not-carry-to-other-sites"
_LOWERS = "A-MLSG-001-C004/local-training-lowers-transfer"
_NOTE = "One model for every customer is one target: what is found on a device at home works everywhere."
_TWIN = "Where models of sites rest on different things, examples stay where they were made."
_HEAD = """[system]
name = "gate"
stage = "operation"

[[site]]
name = "north"

[[site]]
name = "south"

[[dataset]]
name = "of-north"
role = "site"
path = "north.npz"
site = "north"

[[dataset]]
name = "of-south"
role = "site"
path = "south.npz"
site = "south"

[[model]]
name = "shared"
path = "shared.onnx"
threats = ["linf:0.02"]
"""
_OWN = """
[[model]]
name = "{site}-model"
path = "{site}.onnx"
base = "shared"
site = "{site}"
threats = ["linf:0.02"]
"""
_BOTH = 'validated_on = ["of-north", "of-south"]\n'
_OWN_MODELS = "model:north-model+model:south-model"


def vectors() -> tuple[Vector, ...]:
    """Shared and site-trained models."""
    made = task(1, columns=24, classes=3)
    shared = {"shared.onnx": linear(made.frail)}
    alike = shared | {f"{site}.onnx": linear(_tuned(made.frail, i)) for i, site in enumerate(("north", "south"))}
    apart = shared | {f"{site}.onnx": linear(_part(made.frail, i)) for i, site in enumerate(("north", "south"))}
    own = _HEAD + "".join(_OWN.format(site=site) for site in ("north", "south"))
    planted, twin = partial(_case, _NOTE, Outcome.BROKEN), partial(_case, _TWIN, Outcome.HOLDS)
    firm = {"shared.onnx": linear(made.firm)}
    return (
        planted("one model for two sites", _CARRIES, _HEAD + _BOTH, shared, "model:shared", 30),
        planted("models that were hardly changed", _CARRIES, own, alike, _OWN_MODELS, 30),
        planted("models that were hardly changed", _LOWERS, own, alike, _OWN_MODELS, 90),
        twin("models that rest on different columns", _CARRIES, own, apart, _OWN_MODELS, 30),
        twin("models that rest on different columns", _LOWERS, own, apart, _OWN_MODELS, 40),
        twin("one hardened model for two sites", _CARRIES, _HEAD + _BOTH, firm, "model:shared", 30),
    )


def _tuned(weights: Array, seed: int) -> Array:
    """The same weights, each a little larger or smaller, as after a few steps on data of a site."""
    noise = np.random.default_rng([6, seed]).normal(1.0, 0.003, weights.shape)
    return (weights * noise).astype(np.float32)


def _part(weights: Array, place: int) -> Array:
    """Two columns of four for each class, so that what moves one model is not seen by the other."""
    kept = np.arange(len(weights)) // 3 % 2 == place
    return np.where(kept[:, None], 2.0 * weights, 0.0).astype(np.float32)


def _case(  # noqa: PLR0917 -- read from left to right
    note: str, expect: Outcome, name: str, check: str, text: str, models: Mapping[str, bytes], subject: str, n: int
) -> Vector:
    data = {f"{site}.npz": samples_npz(task(n, seed=seed)) for seed, site in ((1, "north"), (2, "south"))}
    files = {"redan.toml": text.encode(), **data, **models}
    return Vector(name=name, files=files, check=check, expect=expect, subject=subject, note=note)
