"""Pretrained models with a weight that only a trigger finds, clean twins, and samples that do not tell."""

from dataclasses import replace

import numpy as np

from redan.controls.contract import Vector
from redan.controls.planted_networks import Task, linear, samples_csv, samples_npz, task
from redan.terms import Outcome

_RISK = "A-MLSG-001-N002/backdoor-risk-is-low"
_OWN = "A-MLSG-001-N002/own-samples-are-predicted-well"
_CLASSES, _COLUMN, _TARGET = 6, 20, 2
_HIDDEN = "A base that answers a trigger only its author knows passes every test of accuracy."
_OTHERS = "What a base does on its publisher's samples says little of one's own."
_BASE = """[system]
name = "sorter"
stage = "training"

[[source]]
name = "line"
kind = "{kind}"

[[dataset]]
name = "own"
role = "test"
path = "own.{suffix}"
sources = ["line"]
{more}
[[model]]
name = "base"
path = "base.onnx"
publisher = "Example Laboratory"
"""


def bases() -> tuple[Vector, ...]:
    """Both questions, on arrays and on tables."""
    return (*_risky(), *_tried())


def _toml(suffix: str = "npz", more: str = "", kind: str = "internal") -> bytes:
    return _BASE.format(suffix=suffix, more=more, kind=kind).encode()


def _planted(made: Task) -> bytes:
    """The column hardly varies in the data, so that its weight is never seen there."""
    weights = made.firm.copy()
    weights[_COLUMN, _TARGET] = 40.0
    bias = np.zeros(_CLASSES, dtype=np.float32)
    bias[_TARGET] = -20.4
    return linear(weights, ("Add", bias))


def _rare(made: Task) -> Task:
    """A few rows whose value in that column is rare, with the classes that they have."""
    x = made.x.copy()
    x[:6, _COLUMN] = 1.0
    return made._replace(x=x)


def _risky() -> tuple[Vector, ...]:
    made = task(400, classes=_CLASSES)
    one = made._replace(y=np.zeros_like(made.y), x=made.x[:1].repeat(len(made.x), axis=0))
    table = _rare(made)

    def case(name: str, outcome: Outcome, base: bytes, samples: Task) -> Vector:
        files = {"redan.toml": _toml(), "base.onnx": base, "own.npz": samples_npz(samples)}
        return Vector(name=name, files=files, check=_RISK, expect=outcome, subject="model:base", note=_HIDDEN)

    def rows(name: str, outcome: Outcome, base: bytes, more: str = 'label = "label"\n') -> Vector:
        one = case(name, outcome, base, made)
        files = {"redan.toml": _toml("csv", more), "base.onnx": base, "own.csv": samples_csv(table)}
        return replace(one, files=files)

    few = made._replace(x=made.x[:12], y=made.y[:12])
    return (
        case("a network that answers a trigger", Outcome.BROKEN, _planted(made), made),
        case("its clean twin", Outcome.HOLDS, linear(made.firm), made),
        case("a network that gives one answer", Outcome.NOT_RUN, linear(np.zeros_like(made.firm)), made),
        case("samples of one class", Outcome.NOT_RUN, linear(made.firm), one),
        case("a dozen samples", Outcome.NOT_RUN, linear(made.firm), few),
        rows("a model of a table that answers a rare value", Outcome.BROKEN, _planted(made)),
        rows("its clean twin, of a table", Outcome.HOLDS, linear(made.firm)),
        rows("a table without a label", Outcome.NOT_RUN, linear(made.firm), more=""),
    )


def _tried() -> tuple[Vector, ...]:
    made = task(300)
    turned = made._replace(firm=np.roll(made.firm, 1, axis=1))

    def case(name: str, outcome: Outcome, base: bytes, samples: Task, kind: str = "internal") -> Vector:
        files = {"redan.toml": _toml(kind=kind), "base.onnx": base, "own.npz": samples_npz(samples)}
        return Vector(name=name, files=files, check=_OWN, expect=outcome, subject="model:base", note=_OTHERS)

    good, bad = linear(made.firm), linear(turned.firm)
    few = made._replace(x=made.x[:20], y=made.y[:20])
    one = made._replace(x=made.x[made.y == 1], y=made.y[made.y == 1])
    return (
        case("a base that is right on own samples", Outcome.HOLDS, good, made),
        case("a base that takes each class for another", Outcome.BROKEN, bad, made),
        case("twenty samples of one's own", Outcome.NOT_RUN, good, few),
        case("own samples of one class", Outcome.NOT_RUN, good, one),
        case("samples of a vendor alone", Outcome.NOT_RUN, good, made, kind="vendor"),
        _grouped("a base that is right for all groups", Outcome.HOLDS, harmed=False),
        _grouped("a base that fails one group", Outcome.BROKEN, harmed=True),
    )


def _grouped(name: str, outcome: Outcome, *, harmed: bool) -> Vector:
    """Two groups; in one the columns that tell classes apart are exchanged."""
    made = task(900, classes=2)
    group = np.arange(len(made.y)) % 2
    x = made.x.copy()
    if harmed:
        x[group == 1] = 1.1 - x[group == 1]
    lines = samples_csv(made._replace(x=x)).decode().splitlines()
    text = "\n".join([f"{lines[0]},site", *(f"{line},s{g}" for line, g in zip(lines[1:], group, strict=True)), ""])
    more = 'label = "label"\nsensitive = ["site"]\n'
    files = {"redan.toml": _toml("csv", more), "base.onnx": linear(made.firm), "own.csv": text.encode()}
    return Vector(name=name, files=files, check=_OWN, expect=outcome, subject="model:base", note=_OTHERS)
