"""Models whose answers tell a sensitive column, or how frequent a group was, and twins that tell neither."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from redan.controls.contract import Vector
from redan.controls.planted import linear_onnx
from redan.controls.planted_tables import features_toml, leavers_csv, list_toml
from redan.terms import Outcome

_ATTRIBUTE = "AIPS-INF-03/attribute-inference-gains-nothing"
_SHARE = "AIPS-INF-03/property-inference-gains-nothing"
_PERSON = "Who sees an answer learns of a person what was kept from them."
_CROWD = "Who may ask a model learns how many of a group its training data had, which may be a secret of the business."
_INPUTS = ("usage", "tenure", "ill")
_LEAKS, _KEEPS = (1.0, -1.0, 1.2), (1.0, -1.0, 0.0)


def _table(rows: int, tied: float, seed: int = 20260605) -> bytes:
    """Rows whose label follows usage and tenure, and who is ill by so much."""
    return leavers_csv("ill", rows, share=0.45, seed=seed, tied=tied)


def _files(inputs: tuple[str, ...], data: bytes, model: bytes, name: str) -> dict[str, bytes]:
    text = f"""[system]
name = "churn"
stage = "training"

[[dataset]]
name = "train"
role = "train"
path = "train.csv"
label = "leaves"
sensitive = ["ill"]

{features_toml(inputs)}
[[model]]
name = "m"
path = "{name}"
trained_on = ["train"]
inputs = {list_toml(inputs)}
"""
    return {"redan.toml": text.encode(), "train.csv": data, name: model}


@contextmanager
def _trained(folder: Path) -> Iterator[None]:
    """Puts a trained estimator where the description has one; nothing where scikit-learn is not installed."""
    if find_spec("sklearn") is not None and find_spec("skops") is not None:
        from sklearn.naive_bayes import GaussianNB
        from skops.io import dumps

        lines = (folder / "train.csv").read_text().splitlines()[1:]
        cells = [line.split(",") for line in lines]
        x = np.array([row[:2] for row in cells], dtype=np.float64)
        (folder / "m.skops").write_bytes(dumps(GaussianNB().fit(x, [row[3] for row in cells])))
    yield


def vectors() -> tuple[Vector, ...]:
    """Bad systems and their repaired twins."""
    by_rows, tied, free = _table(1600, 0.0), _table(900, 5.0), _table(900, 0.0)

    def attribute(name: str, outcome: Outcome, inputs: tuple[str, ...], data: bytes, model: bytes) -> Vector:
        files = _files(inputs, data, model, "m.onnx")
        return Vector(name=name, files=files, check=_ATTRIBUTE, expect=outcome, subject="model:m", note=_PERSON)

    def share(name: str, outcome: Outcome, data: bytes) -> Vector:
        return Vector(
            name=name, files=_files(_INPUTS[:2], data, b"", "m.skops"), check=_SHARE, expect=outcome,
            subject="model:m", note=_CROWD, around=_trained,
        )  # fmt: skip

    onnx = _files(_INPUTS[:2], tied, linear_onnx(_KEEPS[:2]), "m.onnx")
    return (
        attribute("answers rise with who is ill", Outcome.BROKEN, _INPUTS, by_rows, linear_onnx(_LEAKS)),
        attribute("who is ill has no weight", Outcome.HOLDS, _INPUTS, by_rows, linear_onnx(_KEEPS)),
        attribute("who is ill is not read", Outcome.HOLDS, _INPUTS[:2], by_rows, linear_onnx(_KEEPS[:2])),
        attribute("too few rows", Outcome.NOT_RUN, _INPUTS, _table(120, 0.0), linear_onnx(_LEAKS)),
        attribute("a model that is none", Outcome.NOT_RUN, _INPUTS, by_rows, b"weights: 1, 2, 3"),
        share("the ill leave, so that answers shift with their share", Outcome.BROKEN, tied),
        share("who is ill has nothing to do with leaving", Outcome.HOLDS, free),
        share("too few rows", Outcome.NOT_RUN, _table(150, 5.0)),
        Vector(
            name="a model that cannot be trained again", files=onnx, check=_SHARE, expect=Outcome.NOT_RUN,
            subject="model:m", note=_CROWD,
        ),
    )  # fmt: skip
