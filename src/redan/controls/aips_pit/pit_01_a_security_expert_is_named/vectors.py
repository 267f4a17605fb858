"""Teams without an expert or without valid training, and their repaired twins."""

from redan.controls.contract import Vector
from redan.terms import Outcome

_NAMED = "AIPS-PIT-01/expert-is-named"
_VALID = "AIPS-PIT-01/training-is-valid"


def _case(check: str, name: str, outcome: Outcome, people: str, subject: str = "system") -> Vector:
    files = {"redan.toml": f'[system]\nname = "watch"\n\n{people}'.encode()}
    note = "A gap in a team is not missed by those who do not know what is missing."
    return Vector(name=name, files=files, check=check, expect=outcome, subject=subject, note=note)


def _person(name: str, role: str, until: str = "2027-01-01") -> str:
    return f'[[person]]\nname = "{name}"\nrole = "{role}"\n' + (f"trained_until = {until}\n" if until else "")


def vectors() -> tuple[Vector, ...]:
    """Bad systems and their repaired twins; the day of the run is 2026-06-01."""
    team = _person("ann", "data scientist") + _person("bob", "operator")
    return (
        _case(_NAMED, "no expert", Outcome.BROKEN, team),
        _case(_NAMED, "an expert by name", Outcome.HOLDS, team + _person("eve", "security expert")),
        _case(_VALID, "nobody at all", Outcome.BROKEN, ""),
        _case(_VALID, "one expired", Outcome.BROKEN, team + _person("dan", "developer", "2026-05-31"), "person:dan"),
        _case(_VALID, "one never trained", Outcome.BROKEN, team + _person("dan", "developer", ""), "person:dan"),
        _case(_VALID, "all valid", Outcome.HOLDS, team, "person:ann"),
    )
