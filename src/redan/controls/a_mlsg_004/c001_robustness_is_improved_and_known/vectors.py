"""Networks that fall, that hide their gradients and that hold, and data from which nobody can tell."""

from redan.controls.contract import Vector
from redan.controls.planted_networks import linear, noisy, samples_csv, samples_npz, task, times
from redan.terms import Outcome

_ROBUST = "A-MLSG-004-C001/robust-accuracy-is-measured"
_MASKED = "A-MLSG-004-C001/gradients-are-not-masked"
_FALLS = "A network that a change nobody sees turns over is not robust, whatever its accuracy."
_HIDES = "A network that hides its gradients looks robust to an attack that needs them."
_LUCK = "An alarm on a model that holds, or a pass without samples, teaches people to ignore the answer."


_RULES = "".join(f"[columns.c{place}]\nlow = 0.0\nhigh = 1.0\n" for place in range(24)).encode()


def _files(
    model: bytes, *, samples: int = 8, threats: str = '"linf:0.1"', table: bool = False, extra: str = ""
) -> dict[str, bytes]:
    made = task(samples)
    data = samples_csv(made) if table else samples_npz(made)
    name = "test.csv" if table else "test.npz"
    text = f"""[system]
name = "gate"
stage = "training"

[[dataset]]
name = "test"
role = "test"
path = "{name}"
{'label = "label"' if table else ""}

[[model]]
name = "gate"
path = "gate.onnx"
validated_on = ["test"]
threats = [{threats}]
{'constraints = "columns.toml"' if table else ""}
{extra}
"""
    files = {"redan.toml": text.encode(), name: data, "gate.onnx": model}
    return files | ({"columns.toml": _RULES} if table else {})


def vectors() -> tuple[Vector, ...]:
    """Bad systems and their repaired twins."""
    made = task(1)
    firm, frail, both = linear(made.firm), linear(made.frail), '"linf:0.05", "l2:2"'
    saturated = linear(made.frail, ("Mul", times(1e4)))
    strained = linear(made.firm, ("Mul", times(1e4)))
    stepped = linear(made.firm, ("<Mul", times(8.0)), ("<Floor", None), ("<Mul", times(0.125)))
    random = noisy(made.firm, 0.3)
    strict = '[controls."A-MLSG-004-C001"]\nthreshold = 0.999\n'

    def case(check: str, name: str, outcome: Outcome, files: dict[str, bytes]) -> Vector:
        note = _LUCK if outcome is not Outcome.BROKEN else _HIDES if check == _MASKED else _FALLS
        return Vector(name=name, files=files, check=check, expect=outcome, subject="model:gate", note=note)

    return (
        case(_ROBUST, "a network that rests on small differences", Outcome.BROKEN, _files(frail)),
        case(_ROBUST, "the same with logits that saturate the loss", Outcome.BROKEN, _files(saturated)),
        case(_ROBUST, "falls in one of two declared norms", Outcome.BROKEN, _files(firm, threats=both)),
        case(_ROBUST, "rows of a table, asked by queries", Outcome.BROKEN, _files(frail, samples=40, table=True)),
        case(_ROBUST, "a network that rests on large differences", Outcome.HOLDS, _files(firm)),
        case(_ROBUST, "rows of a table that hold", Outcome.HOLDS, _files(firm, table=True)),
        case(_ROBUST, "what holds hides its gradients", Outcome.NOT_RUN, _files(stepped, threats='"linf:0.03"')),
        case(_ROBUST, "what holds saturates the loss", Outcome.NOT_RUN, _files(strained)),
        case(_ROBUST, "what holds answers otherwise each time", Outcome.NOT_RUN, _files(random, samples=16)),
        case(_ROBUST, "four samples tell nothing", Outcome.NOT_RUN, _files(firm, samples=4)),
        case(_ROBUST, "more was agreed than samples can show", Outcome.NOT_RUN, _files(firm, extra=strict)),
        case(_ROBUST, "no threat model is declared", Outcome.NOT_RUN, _files(frail, threats="")),
        case(_ROBUST, "a norm that no suite has", Outcome.NOT_RUN, _files(firm, threats='"l0:3"')),
        case(_MASKED, "logits that saturate the loss", Outcome.BROKEN, _files(saturated)),
        case(_MASKED, "input that is rounded before the network", Outcome.BROKEN, _files(stepped)),
        case(_MASKED, "fresh noise on each input", Outcome.BROKEN, _files(random, samples=16)),
        case(_MASKED, "a network that falls in the open", Outcome.HOLDS, _files(frail)),
        case(_MASKED, "a network that holds", Outcome.HOLDS, _files(firm)),
        case(_MASKED, "no threat model is declared", Outcome.NOT_RUN, _files(firm, threats="")),
    )
