"""Features used unassessed and identifiers shown unmasked, and their repaired twins."""

import datetime as dt

from redan.artifacts.history import Event, History
from redan.controls.contract import Vector
from redan.terms import Outcome

_ASSESSED = "AIPS-PIT-05/features-are-assessed-before-use"
_MASKED = "AIPS-PIT-05/identifiers-are-masked"
_DAY = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
_DESCRIBED = Event(kind="described", at=_DAY, key="feature:msisdn")
_TRAINED = Event(kind="trained", at=_DAY, key="model:m")


def _case(check: str, name: str, outcome: Outcome, feature: str, *events: Event) -> Vector:
    text = f"""[system]
name = "watch"

[[dataset]]
name = "train"
role = "train"
identifiers = ["msisdn"]

[[feature]]
name = "msisdn"
from = "train"
{feature}

[[model]]
name = "m"
inputs = ["msisdn"]
"""
    return Vector(
        name=name,
        files={"redan.toml": text.encode()},
        check=check,
        expect=outcome,
        subject="feature:msisdn",
        note="A feature is hard to remove once a model depends on it, and the list behind the scores leaks persons.",
        history=History(events),
    )


def vectors() -> tuple[Vector, ...]:
    """Bad systems and their repaired twins."""
    high = 'sensitivity = "high"'
    return (
        _case(_ASSESSED, "no assessment", Outcome.BROKEN, ""),
        _case(_ASSESSED, "assessed after training", Outcome.BROKEN, high, _TRAINED, _DESCRIBED),
        _case(_ASSESSED, "assessed only now", Outcome.BROKEN, high, _TRAINED),
        _case(_ASSESSED, "assessed, then trained", Outcome.HOLDS, high, _DESCRIBED, _TRAINED),
        _case(_ASSESSED, "assessed, not trained yet", Outcome.HOLDS, high),
        _case(_MASKED, "shown to everybody", Outcome.BROKEN, high),
        _case(_MASKED, "masked for operators", Outcome.HOLDS, 'masked_for = ["operator"]'),
    )
