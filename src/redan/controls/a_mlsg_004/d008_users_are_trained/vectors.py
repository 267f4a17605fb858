"""Operators without valid training, and their repaired twins."""

from redan.controls.contract import Vector
from redan.terms import Outcome

_CHECK = "A-MLSG-004-D008/operators-are-trained"
_NOTE = "An operator who never saw the model fail trusts it most where it is attacked."


def _case(name: str, outcome: Outcome, people: str, stage: str = "operation", subject: str = "system") -> Vector:
    text = f'[system]\nname = "watch"\nstage = "{stage}"\n\n{people}'
    files = {"redan.toml": text.encode()}
    return Vector(name=name, files=files, check=_CHECK, expect=outcome, subject=subject, note=_NOTE)


def _operator(name: str, until: str = "") -> str:
    return f'[[person]]\nname = "{name}"\nrole = "operator"\n' + (f"trained_until = {until}\n" if until else "")


def vectors() -> tuple[Vector, ...]:
    """Bad systems and their repaired twins; the day of the run is 2026-06-01."""
    return (
        _case("expired yesterday", Outcome.BROKEN, _operator("ann", "2026-05-31"), subject="person:ann"),
        _case("never trained", Outcome.BROKEN, _operator("ann"), subject="person:ann"),
        _case(
            "one of two expired",
            Outcome.BROKEN,
            _operator("ann", "2027-01-01") + _operator("bob", "2020-01-01"),
            subject="person:bob",
        ),
        _case("in operation without operators", Outcome.BROKEN, ""),
        _case("valid to this very day", Outcome.HOLDS, _operator("ann", "2026-06-01"), subject="person:ann"),
        _case("still being designed", Outcome.NOT_APPLICABLE, "", "design"),
    )
