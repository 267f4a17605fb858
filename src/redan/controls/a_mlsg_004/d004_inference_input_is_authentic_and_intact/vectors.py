"""Servers that take what nobody signed, what another signed, and what breaks the schema; and their repaired twins."""

from redan.controls.contract import Vector
from redan.controls.live.planted import SERVED, planted
from redan.terms import Outcome

_NOTE = "Input from an unknown sender is the cheapest way to probe and to mislead a model."


def _served(name: str, check: str, outcome: Outcome, *flaws: str) -> Vector:
    files = {"redan.toml": SERVED}
    return Vector(name=name, files=files, check=check, expect=outcome, note=_NOTE, around=planted(*flaws))


def vectors() -> tuple[Vector, ...]:
    """Bad servers and their repaired twins."""
    return (
        _served(
            "unsigned questions are answered",
            "A-MLSG-004-D004/unsigned-and-foreign-input-is-refused",
            Outcome.BROKEN,
            "unsigned",
        ),
        _served(
            "questions of foreign keys are answered",
            "A-MLSG-004-D004/unsigned-and-foreign-input-is-refused",
            Outcome.BROKEN,
            "foreign",
        ),
        _served(
            "only signed questions are answered", "A-MLSG-004-D004/unsigned-and-foreign-input-is-refused", Outcome.HOLDS
        ),
        _served("anything is answered", "A-MLSG-004-D004/malformed-input-is-refused", Outcome.BROKEN, "malformed"),
        _served("what breaks the schema is refused", "A-MLSG-004-D004/malformed-input-is-refused", Outcome.HOLDS),
    )
