"""Products checked late or with gaps, and their repaired twins."""

import datetime as dt
from dataclasses import replace

from redan.artifacts.history import Event, History
from redan.controls.contract import Vector
from redan.terms import Outcome

_CHECK = "AIPS-PIT-04/checks-ran-at-every-stage"
_DAY = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)


def _case(name: str, outcome: Outcome, stage: str, *checked: str) -> Vector:
    return Vector(
        name=name,
        files={"redan.toml": f'[system]\nname = "watch"\nstage = "{stage}"\n'.encode()},
        check=_CHECK,
        expect=outcome,
        subject="system",
        note="What is found before release for the first time costs the release or its honesty.",
        history=History(tuple(Event(kind="checked", at=_DAY, key=f"stage:{name}") for name in checked)),
    )


def _understated(outcome: Outcome, *checked: str) -> Vector:
    """A product said to be in the design stage, whose model is on record as trained."""
    case = _case(f"trained model, stage design, {len(checked)} stages checked", outcome, "design", *checked)
    tables = (
        b'[[dataset]]\nname = "days"\nrole = "train"\n[[model]]\nname = "watch"\ntrained_on = ["days"]\n',
        Event(kind="trained", at=_DAY, key="model:watch"),
    )
    return replace(
        case,
        files={name: content + tables[0] for name, content in case.files.items()},
        history=History((*case.history.events, tables[1])),
    )


def vectors() -> tuple[Vector, ...]:
    """Bad systems and their repaired twins."""
    return (
        _case("first run in operation", Outcome.BROKEN, "operation"),
        _case("data stage left out", Outcome.BROKEN, "training", "design"),
        _case("design checked after operation", Outcome.BROKEN, "operation", "operation", "design", "data", "training"),
        _case("first run in design", Outcome.HOLDS, "design"),
        _understated(Outcome.BROKEN, "design"),
        _understated(Outcome.HOLDS, "design", "data", "training"),
        _case("every stage in turn", Outcome.HOLDS, "operation", "design", "design", "data", "training"),
        _case("design revisited later", Outcome.HOLDS, "training", "design", "data", "training", "design"),
    )
