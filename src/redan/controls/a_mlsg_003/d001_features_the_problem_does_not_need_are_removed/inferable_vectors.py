"""Models whose answers tell who is disabled, and twins whose answers tell nothing that their inputs do not."""

from redan.controls.contract import Vector
from redan.controls.planted import linear_onnx
from redan.controls.planted_tables import features_toml, leavers_csv, list_toml
from redan.terms import Outcome

_CHECK = "A-MLSG-003-D001/attributes-are-not-inferable"
_NOTE = "Whoever sees an answer and knows the rest of the row can work back to the input that was kept from them."
_INPUTS = ("usage", "tenure", "disabled")
_LEAKS, _KEEPS = (1.0, -1.0, 1.2), (1.0, -1.0, 0.0)


def _files(weights: tuple[float, ...], rows: int = 900, more: str = "", model: bytes | None = None) -> dict[str, bytes]:
    text = f"""[system]
name = "churn"
stage = "training"

[[dataset]]
name = "train"
role = "train"
path = "train.csv"
label = "leaves"
sensitive = ["disabled"]

{features_toml(_INPUTS)}
[[model]]
name = "m"
path = "model.onnx"
trained_on = ["train"]
inputs = {list_toml(_INPUTS)}
{more}
"""
    held = linear_onnx(weights) if model is None else model
    data = leavers_csv("disabled", rows, share=0.4, seed=20260603)
    return {"redan.toml": text.encode(), "train.csv": data, "model.onnx": held}


def vectors() -> tuple[Vector, ...]:
    """Bad systems and their repaired twins."""

    def case(name: str, outcome: Outcome, files: dict[str, bytes]) -> Vector:
        return Vector(name=name, files=files, check=_CHECK, expect=outcome, subject="model:m", note=_NOTE)

    label = '[[endpoint]]\nname = "e"\nmodel = "m"\nanswers = "label"\n'
    return (
        case("chances rise with the input", Outcome.BROKEN, _files(_LEAKS)),
        case("the label alone turns with the input", Outcome.BROKEN, _files((0.5, -0.5, 3.0), more=label)),
        case("the input has no weight", Outcome.HOLDS, _files(_KEEPS)),
        case("the label alone, which hardly turns", Outcome.HOLDS, _files((1.0, -1.0, 0.02), more=label)),
        case("too few rows", Outcome.NOT_RUN, _files(_LEAKS, rows=120)),
        case("the model answers about something else", Outcome.NOT_RUN, _files((0.0, 0.0, 0.0))),
        case("the model is no model", Outcome.NOT_RUN, _files(_LEAKS, model=b"weights: 1, 2, 3")),
        case("a pickle", Outcome.NOT_RUN, _files(_LEAKS, model=b"\x80\x04}\x94\x8c\x01a\x94K\x01s.")),
    )
