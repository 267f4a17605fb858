"""Votes of members that err alike, of members that were hardened, and of members that read different things."""

from collections.abc import Mapping
from functools import partial

import numpy as np

from redan.controls.contract import Vector
from redan.controls.planted_networks import Array, Step, Task, linear, samples_npz, task, times
from redan.terms import Outcome

_TRANSFER = "A-MLSG-001-N001/examples-do-not-transfer"
_JOINT = "A-MLSG-001-N001/joint-attack-is-resisted"
_NOTE = "Models that learned from the same data err in the same places; a vote among them adds cost, not resistance."
_TWIN = "A vote whose members are each hard to move does resist; refusing it would punish the remedy."
_MASKED = "Attacks that find no gradient break nothing; taking that for resistance is the classic mistake."
_N = 30
_STEPS: tuple[Step, ...] = (("<Mul", times(1000.0)), ("<Floor", None), ("<Mul", times(0.001)))
_RADIUS = "linf:0.06"


def vectors() -> tuple[Vector, ...]:
    """Declared votes of three members each."""
    made = task(_N, columns=24, classes=3, seed=7)
    alike = {f"m{i}.onnx": linear(_tilted(made.frail, i)) for i in range(3)}
    firm = {f"m{i}.onnx": linear(_tilted(made.firm, i)) for i in range(3)}
    outvoted = {**alike, "m2.onnx": firm["m2.onnx"]}
    hidden = {f"m{i}.onnx": linear(_tilted(made.frail, i), *_STEPS) for i in range(2)}
    joined = linear(np.mean([_tilted(made.firm, i) for i in range(3)], axis=0, dtype=np.float32))
    unsure = partial(_case, made, _MASKED, Outcome.NOT_RUN)
    planted, twin = partial(_case, made, _NOTE, Outcome.BROKEN), partial(_case, made, _TWIN, Outcome.HOLDS)
    return (
        planted("three look-alikes", _TRANSFER, alike),
        planted("three look-alikes", _JOINT, alike),
        planted("two look-alikes outvote a hardened member", _JOINT, outvoted),
        unsure("members whose gradients are hidden by rounding", _TRANSFER, hidden),
        twin("two hardened members, joined in one file", _TRANSFER, dict(list(firm.items())[:2]), joined),
        twin("three hardened members, joined in one file", _JOINT, firm, joined),
    )


def _tilted(weights: Array, seed: int) -> Array:
    """A look-alike: the same weights, each a little larger or smaller."""
    noise = np.random.default_rng([5, seed]).normal(1.0, 0.005, weights.shape)
    return (weights * noise).astype(np.float32)


def _case(  # noqa: PLR0917 -- read from left to right
    made: Task, note: str, expect: Outcome, name: str, check: str, members: Mapping[str, bytes], joined: bytes = b""
) -> Vector:
    names = [file.partition(".")[0] for file in members]
    listed = ", ".join(f'"{name}"' for name in names)
    text = "\n".join(
        [
            '[system]\nname = "sorting"\nstage = "operation"\n',
            '[[dataset]]\nname = "test"\nrole = "test"\npath = "test.npz"\n',
            *(f'[[model]]\nname = "{name}"\npath = "{name}.onnx"\n' for name in names),
            f'[[model]]\nname = "vote"\nensemble_of = [{listed}]',
            f'threats = ["{_RADIUS}"]\nvalidated_on = ["test"]',
            'path = "vote.onnx"\n' if joined else "",
        ]
    )
    files = {"redan.toml": text.encode(), "test.npz": samples_npz(made), **members}
    files |= {"vote.onnx": joined} if joined else {}
    return Vector(name=name, files=files, check=check, expect=expect, subject="model:vote", note=note)
