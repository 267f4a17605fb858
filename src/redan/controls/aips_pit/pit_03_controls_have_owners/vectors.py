"""Controls that belong to nobody, and their repaired twins."""

from redan.controls.contract import Vector
from redan.terms import Outcome

_CHECK = "AIPS-PIT-03/controls-have-owners"
_PERSON = '[[person]]\nname = "Ann.Example"\nrole = "architect"\n'


def _case(name: str, outcome: Outcome, text: str) -> Vector:
    return Vector(
        name=name,
        files={"redan.toml": f'[system]\nname = "watch"\n{text}'.encode()},
        check=_CHECK,
        expect=outcome,
        subject="system",
        note="What two teams share without a name, neither does.",
    )


def vectors() -> tuple[Vector, ...]:
    """Bad systems and their repaired twins."""
    own = '[controls."A-MLSG-001-C001"]\nowner = "Ann Example"\n'
    return (
        _case("no owner anywhere", Outcome.BROKEN, _PERSON),
        _case("the product's owner is to be decided", Outcome.BROKEN, 'owner = "TBD"\n' + _PERSON),
        _case("one control is owned, the rest is not", Outcome.BROKEN, _PERSON + own),
        _case(
            "a control is owned by another team",
            Outcome.BROKEN,
            'owner = "Ann"\n' + _PERSON + own.replace("Ann Example", "the platform team"),
        ),
        _case("the product's owner answers for all", Outcome.HOLDS, 'owner = "Ann"\n' + _PERSON + own),
        _case(
            "all that is required is owned",
            Outcome.HOLDS,
            _PERSON + '[policy]\nrequire = ["A-MLSG-001-C001"]\n' + own,
        ),
    )
