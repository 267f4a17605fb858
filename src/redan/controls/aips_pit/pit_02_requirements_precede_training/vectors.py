"""Requirements that are missing or came after the model, and their repaired twins."""

import datetime as dt

from redan.artifacts.history import Event, History
from redan.controls.contract import Vector
from redan.terms import Outcome

_CHECK = "AIPS-PIT-02/requirements-precede-training"
_DAY = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
_DESCRIBED = Event(kind="described", at=_DAY, key="system.requirements")
_TRAINED = Event(kind="trained", at=_DAY, key="model:m")


def _case(name: str, outcome: Outcome, requirements: str, *events: Event) -> Vector:
    return Vector(
        name=name,
        files={"redan.toml": f'[system]\nname = "watch"\n{requirements}\n'.encode()},
        check=_CHECK,
        expect=outcome,
        subject="system",
        note="Requirements written after the model describe the model.",
        history=History(events),
    )


def vectors() -> tuple[Vector, ...]:
    """Bad systems and their repaired twins; only the order of the ledger's entries counts, not their clocks."""
    stated = 'requirements = "docs/security-requirements.md"'
    return (
        _case("not written down", Outcome.BROKEN, ""),
        _case("to be written", Outcome.BROKEN, 'requirements = "TODO"'),
        _case("trained before, described after", Outcome.BROKEN, stated, _TRAINED, _DESCRIBED),
        _case("trained, never described before", Outcome.BROKEN, stated, _TRAINED),
        _case("described, then trained", Outcome.HOLDS, stated, _DESCRIBED, _TRAINED),
        _case("described, nothing trained yet", Outcome.HOLDS, stated, _DESCRIBED),
    )
