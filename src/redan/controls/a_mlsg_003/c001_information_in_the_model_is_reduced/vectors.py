"""A student that parrots its teacher, a model that truly knows less, and claims that cannot be measured.

Scores come from models that are fitted here: weights of random features, without any decay before, so that they fit
each row; a student that learned from those answers; and a model with decay, which cannot fit single rows.
"""

import io
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from redan.attacks.inference.canaries import CanarySet, written
from redan.canon import digest
from redan.controls.contract import Vector
from redan.controls.planted_canaries import INPUTS, network_that_knows, rows_with_canaries
from redan.controls.planted_networks import linear, network_onnx
from redan.controls.planted_tables import features_toml, list_toml
from redan.terms import Outcome

_CONTROL = "A-MLSG-003-C001"
_MEMBERSHIP = f"{_CONTROL}/reduction-lowers-membership-leakage"
_CANARIES = f"{_CONTROL}/reduction-lowers-canary-exposure"
_NOTE = (
    "A smaller model that says the same of each person protects nobody, and the claim ends the search for what does."
)
_TWIN = "Where less is truly given away, refusing the claim would punish the remedy."
_OPEN = "Without a measurement there is neither a gain nor none."
_SAMPLES, _COLUMNS, _FEATURES, _SHADOWS = 800, 6, 500, 16
_FLIPPED, _HALF, _STEEP, _WAVES = 0.05, 0.5, 20.0, 3000
_TOML = """[system]
name = "churn"
stage = "training"

[[dataset]]
name = "train"
role = "train"
path = "train.csv"
label = "leaves"

@FEATURES@
[[model]]
name = "teacher"
path = "teacher.onnx"
trained_on = ["train"]
inputs = @INPUTS@
{before}

[[model]]
name = "small"
path = "small.onnx"
inputs = @INPUTS@
reduces = "teacher"
{after}

[controls."A-MLSG-003-C001"]
decision = "adopted"
reason = "Copies of the model go to sites that may not learn who was in its training data."
owner = "Data protection"
review = 2027-01-01
""".replace("@FEATURES@", features_toml(INPUTS)).replace("@INPUTS@", list_toml(INPUTS))


class _Pair(NamedTuple):
    """Networks that were fitted to rows, and those rows and others.

    Args:
        sharp: fits each row and says nothing elsewhere.
        student: learned from its answers.
        blunt: looks at what all rows have in common.
        members: rows as an `.npz`.
        others: likewise.
        few: fewer of them.
    """

    sharp: bytes
    student: bytes
    blunt: bytes
    members: bytes
    others: bytes
    few: bytes


class _Scores(NamedTuple):
    """Scores of a target and its shadows, shape (models, samples), by the kind of model.

    Args:
        inside: who was trained on what.
        sharp: fits each row.
        student: learned from the answers of a sharp one.
        blunt: with decay.
    """

    inside: NDArray[np.bool_]
    sharp: NDArray[np.float64]
    student: NDArray[np.float64]
    blunt: NDArray[np.float64]


@cache
def _scores() -> _Scores:
    rng = np.random.default_rng(20260605)
    x = rng.normal(size=(_SAMPLES, _COLUMNS))
    y = np.where((x[:, 0] + 0.5 * x[:, 1] > 0) ^ (rng.random(_SAMPLES) < _FLIPPED), 1.0, -1.0)
    features = np.tanh(x @ rng.normal(size=(_COLUMNS, _FEATURES)) + rng.normal(size=_FEATURES))
    inside = rng.random((_SHADOWS + 1, _SAMPLES)) < _HALF
    answers: list[list[NDArray[np.float64]]] = [[], [], []]
    for rows in inside:
        taught = _fitted(features[rows], y[rows], 1e-3)
        student = _fitted(features[rows], features[rows] @ taught, 1e-3)
        blunt = _fitted(features[rows], y[rows], 3e3)
        for kept, weights in zip(answers, (taught, student, blunt), strict=True):
            kept.append(y * (features @ weights))
    return _Scores(inside, *(np.stack(one) for one in answers))


@cache
def _networks() -> _Pair:
    rng = np.random.default_rng(20260607)
    x = rng.normal(size=(_SAMPLES, 3)).astype(np.float32)
    y = ((x[:, 0] > 0) ^ (rng.random(_SAMPLES) < 4 * _FLIPPED)).astype(np.int64)
    into, bias = _STEEP * rng.normal(size=(3, _WAVES)), rng.uniform(0.0, 2.0 * np.pi, _WAVES)
    half = _SAMPLES // 2
    features: NDArray[np.float64] = np.sin(x[:half].astype(np.float64) @ into + bias)
    taught = _fitted(features, np.where(y[:half] > 0, 1.0, -1.0), 1e-2)
    student = _fitted(features, features @ taught, 1e-2)

    def network(weights: NDArray[np.float64]) -> bytes:
        last = np.stack([-weights, weights], axis=1)
        steps = (("MatMul", into), ("Add", bias), ("Sin", None), ("MatMul", last))
        return network_onnx(3, 2, [(kind, None if v is None else v.astype(np.float32)) for kind, v in steps])

    def rows(start: int, end: int) -> bytes:
        held = io.BytesIO()
        np.savez(held, x=x[start:end], y=y[start:end])
        return held.getvalue()

    blunt = np.array([[-1, 1], [0, 0], [0, 0]], dtype=np.float32)
    return _Pair(
        network(taught), network(student), linear(blunt), rows(0, half), rows(half, _SAMPLES), rows(half, half + 20)
    )


def _fitted(features: NDArray[np.float64], goal: NDArray[np.float64], decay: float) -> NDArray[np.float64]:
    """Weights by least squares with decay."""
    whole = features @ features.T + decay * np.eye(len(features))
    return np.asarray(features.T @ np.linalg.solve(whole, goal))


def _npz(phi: NDArray[np.float64], inside: NDArray[np.bool_], model: bytes = b"") -> bytes:
    held = io.BytesIO()
    of = np.frombuffer(bytes.fromhex(digest(model)) if model else b"", dtype=np.uint8)
    np.savez(held, phi=phi.astype(np.float32), inside=inside, targets=np.array([0]), model=of)
    return held.getvalue()


def _plain(scale: float) -> bytes:
    return linear(np.full((3, 2), scale, dtype=np.float32) * np.array([1, -1], dtype=np.float32))


def _shadowed(before: bytes, after: bytes) -> dict[str, bytes]:
    text = _TOML.format(before='shadows = "teacher.npz"', after='shadows = "small.npz"')
    return {
        "redan.toml": text.encode(),
        "train.csv": b"usage,street,house,leaves\n1,2,3,0\n",
        "teacher.onnx": _plain(2.0),
        "small.onnx": _plain(1.0),
        "teacher.npz": before,
        "small.npz": after,
    }


def _of_membership() -> tuple[Vector, ...]:
    made = _scores()
    sharp, student, blunt = (_npz(one, made.inside) for one in made[1:])
    few = np.flatnonzero(made.inside[0] | (np.cumsum(~made.inside[0]) <= 20))  # noqa: PLR2004 -- non-members
    thin = [_npz(one[:, few], made.inside[:, few]) for one in (made.sharp, made.blunt)]
    others = _npz(made.blunt, ~made.inside)
    stranger = _npz(made.blunt, made.inside, b"another model")
    named = _npz(made.sharp, made.inside, _plain(2.0))
    unscored = _shadowed(sharp, blunt)
    unscored["redan.toml"] = _TOML.format(before="", after='shadows = "small.npz"').encode()

    def case(name: str, outcome: Outcome, files: dict[str, bytes], note: str = _OPEN) -> Vector:
        return Vector(name=name, files=files, check=_MEMBERSHIP, expect=outcome, subject="model:small", note=note)

    return (
        case("a student that parrots its teacher", Outcome.BROKEN, _shadowed(sharp, student), _NOTE),
        case("a model that fits no single row", Outcome.HOLDS, _shadowed(named, blunt), _TWIN),
        case("a reduction that gives away more", Outcome.BROKEN, _shadowed(blunt, sharp), _NOTE),
        case("twenty non-members", Outcome.NOT_RUN, _shadowed(*thin)),
        case("members of another training", Outcome.NOT_RUN, _shadowed(sharp, others)),
        case("scores of another model", Outcome.NOT_RUN, _shadowed(sharp, stranger)),
        case("no scores before", Outcome.NOT_RUN, unscored),
        case("scores that are none", Outcome.NOT_RUN, _shadowed(sharp, b"PK\x03\x04 no scores")),
    )


def _of_answers() -> tuple[Vector, ...]:
    made = _networks()

    def case(name: str, outcome: Outcome, models: tuple[bytes, bytes], others: bytes, note: str = _OPEN) -> Vector:
        before, after = models
        text = _TOML.format(before='validated_on = ["test"]', after="").replace("train.csv", "train.npz")
        text = text.replace('label = "leaves"\n', '\n[[dataset]]\nname = "test"\nrole = "test"\npath = "test.npz"\n')
        files = {
            "redan.toml": text.encode(),
            "train.npz": made.members,
            "test.npz": others,
            "teacher.onnx": before,
            "small.onnx": after,
        }
        return Vector(name=name, files=files, check=_MEMBERSHIP, expect=outcome, subject="model:small", note=note)

    return (
        case("answers of a student that parrots", Outcome.BROKEN, (made.sharp, made.student), made.others, _NOTE),
        case("answers of a model that knows less", Outcome.HOLDS, (made.sharp, made.blunt), made.others, _TWIN),
        case("answers that told nothing before", Outcome.NOT_RUN, (made.blunt, made.blunt), made.others),
        case("answers about twenty non-members", Outcome.NOT_RUN, (made.sharp, made.blunt), made.few),
        case("answers where one set is the other", Outcome.NOT_RUN, (made.sharp, made.blunt), made.members),
    )


def _planted(count: int) -> tuple[bytes, CanarySet]:
    return rows_with_canaries((4,) * count, rows=300, values=100, draw=20260606, seed="7" * 32)


def _of_canaries() -> tuple[Vector, ...]:
    data, canaries = _planted(8)
    sparse, few = _planted(3)
    other = canaries.model_copy(update={"data": "0" * 64})

    def case(
        name: str, outcome: Outcome, listed: CanarySet | None, known: int, note: str = _OPEN, *, swapped: bool = False
    ) -> Vector:
        text = _TOML.format(before="" if listed is None else 'canaries = "canaries.json"', after="")
        files = {
            "redan.toml": text.encode(),
            "train.csv": sparse if listed is few else data,
            "teacher.onnx": network_that_knows(canaries if listed is None else listed, 8),
            "small.onnx": network_that_knows(canaries if listed is None else listed, known, swapped=swapped),
        }
        files |= {} if listed is None else {"canaries.json": written(listed)}
        return Vector(name=name, files=files, check=_CANARIES, expect=outcome, subject="model:small", note=note)

    return (
        case("a student that knows every canary", Outcome.BROKEN, canaries, 8, _NOTE),
        case("a student that forgot one of eight", Outcome.BROKEN, canaries, 7, _NOTE),
        case("a student that knows no canary", Outcome.HOLDS, canaries, 0, _TWIN),
        case("a student that counts its classes the other way", Outcome.NOT_RUN, canaries, 0, swapped=True),
        case("three canaries", Outcome.NOT_RUN, few, 0),
        case("canaries of other data", Outcome.NOT_RUN, other, 0),
        case("no canaries", Outcome.NOT_RUN, None, 0),
    )


def vectors() -> tuple[Vector, ...]:
    """Claims that are measured and fail, their repaired twins, and what cannot be told."""
    return (*_of_membership(), *_of_answers(), *_of_canaries())
