"""Attestations: a named person signs for what no machine can measure; it never hides a failing measurement."""

import datetime as dt
from collections.abc import Collection

from redan.controls.statement import is_stated
from redan.system.records import Person, Stance
from redan.system.system import System

# An attestation without an end decays into permanent suppression; certificates of management systems run three years.
LONGEST = dt.timedelta(days=3 * 366)
ACCOUNTABLE = frozenset({"security expert", "architect", "auditor", "product owner"})


def fault(stance: Stance | None, system: System, now: dt.date, roles: Collection[str] = ACCOUNTABLE) -> str | None:
    """Why an attestation does not count today; None when it does.

    Args:
        stance: what the team says about the control; None when it says nothing.
        system: the description, for its people.
        now: today, in UTC.
        roles: roles that may attest.

    Returns:
        A clause without a full stop: nothing attested, nobody declared, a role that may not, no expiry, expired, or
        an expiry more than three years ahead.
    """
    if stance is None or not is_stated(stance.attested):
        return "nothing is attested"
    if not is_stated(stance.attested_by):
        return "nobody attests it: attested_by is not stated"
    person = next((p for p in system.tables.person if p.name == stance.attested_by), None)
    return _person_fault(person, roles) or _expiry_fault(stance.expires, now)


def _person_fault(person: Person | None, roles: Collection[str]) -> str | None:
    if person is None:
        return "attested_by names no [[person]] of the description"
    if person.role not in roles:
        return f"{person.name} is {person.role}; only {', '.join(sorted(roles))} may attest this"
    return None


def _expiry_fault(expires: dt.date | None, now: dt.date) -> str | None:
    if expires is None:
        return "the attestation has no expiry"
    if expires < now:
        return f"the attestation expired on {expires}"
    if expires - now > LONGEST:
        return f"the attestation runs until {expires}, more than three years ahead"
    return None
