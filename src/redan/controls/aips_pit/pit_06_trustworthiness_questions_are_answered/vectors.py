"""Answers that are missing, incomplete, unsigned or expired, and their repaired twin."""

import datetime as dt

from redan.artifacts.history import Event, History
from redan.controls.contract import Vector
from redan.terms import Outcome

_CHECK = "AIPS-PIT-06/questions-are-answered"
_PEOPLE = '[[person]]\nname = "ann"\nrole = "product owner"\n[[person]]\nname = "dan"\nrole = "developer"\n'
_TEXT = (
    "Lawful: reviewed with legal. Ethical: no group is treated worse. Robust: tested under attack. "
    "Purpose: keep customers. Consent: in the contract. Harm: a wrong offer at worst."
)


def _case(name: str, outcome: Outcome, stance: str, *events: Event) -> Vector:
    text = f'[system]\nname = "watch"\n\n{_PEOPLE}\n{stance}'
    note = "A product may resist every attack and still harm the people it judges."
    files = {"redan.toml": text.encode()}
    history = History(events)
    return Vector(name=name, files=files, check=_CHECK, expect=outcome, subject="system", note=note, history=history)


def _stance(attested: str = _TEXT, by: str = "ann", expires: str = "2026-12-31") -> str:
    ends = f"expires = {expires}\n" if expires else ""
    return f'[controls."AIPS-PIT-06"]\nattested = "{attested}"\nattested_by = "{by}"\n{ends}'


def vectors() -> tuple[Vector, ...]:
    """Bad systems and their repaired twin; the day of the run is 2026-06-01."""
    later = Event(
        kind="described", at=dt.datetime(2026, 7, 1, tzinfo=dt.UTC), key="controls:AIPS-PIT-06", digest="0" * 64
    )
    return (
        _case("not answered", Outcome.BROKEN, ""),
        _case("harm and consent left out", Outcome.BROKEN, _stance(_TEXT.partition(" Consent")[0])),
        _case("attested by a role that does not answer for it", Outcome.BROKEN, _stance(by="dan")),
        _case("expired yesterday", Outcome.BROKEN, _stance(expires="2026-05-31")),
        _case("without an end", Outcome.BROKEN, _stance(expires="")),
        _case("until the next century", Outcome.BROKEN, _stance(expires="2126-01-01")),
        _case("dated in the future", Outcome.BROKEN, _stance(), later),
        _case("answered, signed, valid", Outcome.HOLDS, _stance()),
    )
