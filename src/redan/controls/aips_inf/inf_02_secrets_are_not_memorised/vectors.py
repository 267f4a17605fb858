"""A network with a memory for one canary, its twin without, and lists that say nothing about the model."""

from collections.abc import Sequence

from redan.attacks.inference.canaries import CanarySet, written
from redan.controls.contract import Vector
from redan.controls.planted_canaries import INPUTS, network_that_knows, rows_with_canaries
from redan.controls.planted_tables import features_toml, list_toml
from redan.terms import Outcome

_CHECK = "AIPS-INF-02/canaries-are-not-exposed"
_NOTE = "What a model has memorised of one person can be drawn out again by whoever may ask it."


def _planted(repeats: Sequence[int], values: int = 300) -> tuple[bytes, CanarySet]:
    return rows_with_canaries(repeats, rows=400, values=values, draw=20260604, seed="5" * 32)


def _network(canaries: CanarySet, *, remembers: bool, swapped: bool = False) -> bytes:
    """One that knows all of them by heart, or none."""
    return network_that_knows(canaries, len(canaries.canaries) if remembers else 0, swapped=swapped)


def _files(data: bytes, canaries: bytes | None, model: bytes, more: str = "") -> dict[str, bytes]:
    named = "" if canaries is None else 'canaries = "canaries.json"\n'
    text = f"""[system]
name = "churn"
stage = "training"

[[dataset]]
name = "train"
role = "train"
path = "train.csv"
label = "leaves"

{features_toml(INPUTS)}
[[model]]
name = "m"
path = "model.onnx"
trained_on = ["train"]
inputs = {list_toml(INPUTS)}
{named}{more}
"""
    held = {"redan.toml": text.encode(), "train.csv": data, "model.onnx": model}
    return held if canaries is None else {**held, "canaries.json": canaries}


def vectors() -> tuple[Vector, ...]:
    """A model that memorised, its twin, and what cannot be told."""
    data, canaries = _planted((1, 4))
    known, remembers, twin = written(canaries), _network(canaries, remembers=True), _network(canaries, remembers=False)
    other = written(canaries.model_copy(update={"data": "0" * 64}))
    few, small = _planted((1, 4), values=20)
    low = '\n[controls."AIPS-INF-02"]\nthreshold = 5.0\n'

    def case(name: str, outcome: Outcome, files: dict[str, bytes]) -> Vector:
        return Vector(name=name, files=files, check=_CHECK, expect=outcome, subject="model:m", note=_NOTE)

    return (
        case("the canaries are memorised", Outcome.BROKEN, _files(data, known, remembers)),
        case("the canaries are read over", Outcome.HOLDS, _files(data, known, twin)),
        case("memorised, in a small space with a low bound", Outcome.BROKEN,
             _files(few, written(small), _network(small, remembers=True), low)),
        case("a space that is too small for the bound", Outcome.NOT_RUN,
             _files(few, written(small), _network(small, remembers=True))),
        case("canaries of other data", Outcome.NOT_RUN, _files(data, other, remembers)),
        case("no canaries", Outcome.NOT_RUN, _files(data, None, remembers)),
        case("a model that counts its classes in another order", Outcome.NOT_RUN,
             _files(data, known, _network(canaries, remembers=True, swapped=True))),
        case("a list that is none", Outcome.NOT_RUN, _files(data, b'{"schema": "redan/canaries/v1"}', remembers)),
        case("a model that is none", Outcome.NOT_RUN, _files(data, known, b"weights: 1, 2, 3")),
    )  # fmt: skip
