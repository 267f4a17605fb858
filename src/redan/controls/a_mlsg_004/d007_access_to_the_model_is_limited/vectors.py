"""Servers with open metrics, limits that follow the address, sharp scores, and rights for all; and their repaired twins."""

from redan.controls.contract import Vector
from redan.controls.live.planted import SERVED, planted
from redan.terms import Outcome

_PER_MODEL = "A-MLSG-004-D007/clients-are-authorised-per-model"
_BUDGETS = "A-MLSG-004-D007/budgets-follow-the-principal"
_CLOSED = "A-MLSG-004-D007/diagnostics-are-closed"
_FORM = "A-MLSG-004-D007/answers-are-no-finer-than-declared"
_NOTE = "Extraction and query-based evasion need many answers, and sharp ones."


def _served(name: str, check: str, outcome: Outcome, *flaws: str) -> Vector:
    files = {"redan.toml": SERVED.replace(b"queries = 600", b"queries = 60")}
    around = planted(*flaws, queries=60)
    return Vector(name=name, files=files, check=check, expect=outcome, note=_NOTE, around=around)


def vectors() -> tuple[Vector, ...]:
    """Bad servers and their repaired twins."""
    return (
        _served("rights are not looked at", _PER_MODEL, Outcome.BROKEN, "per-model"),
        _served("rights are looked at", _PER_MODEL, Outcome.HOLDS),
        _served("a limit that follows the address", _BUDGETS, Outcome.BROKEN, "address"),
        _served("limits that follow the client", _BUDGETS, Outcome.HOLDS),
        _served("open metrics", _CLOSED, Outcome.BROKEN, "metrics"),
        _served("closed metrics", _CLOSED, Outcome.HOLDS),
        _served("scores of all digits", _FORM, Outcome.BROKEN, "scores"),
        _served("scores of two digits", _FORM, Outcome.HOLDS),
    )
