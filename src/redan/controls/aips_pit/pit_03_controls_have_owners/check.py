"""Owners of controls: a declared person for each, or the product's owner for all that name none.

The product's owner in `[system]` answers for every control that has no owner of its own, so that none can be left to
another team; an owner that a control does name must be one of the declared persons.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from redan.controls.contract import Check, Have, Subject
from redan.controls.statement import is_stated, place
from redan.findings import Finding, Remedy, broken, holds
from redan.system.system import System
from redan.terms import Level

OWNED = "AIPS-PIT-03/controls-have-owners"
_REMEDY = Remedy(
    text='Name the product\'s owner in [system], or a declared [[person]] as owner in [controls."ID"].',
    effort=Level.LOW,
)


def _whole(_: System) -> Iterable[Subject]:
    return (Subject("system"),)


def _owned(have: Have) -> Iterator[Finding]:
    system = have.system
    faults = [*_unknown_owners(system), *_unowned(system)]
    yield from faults
    if not faults:
        text = f"Every control has an owner: its own for {_own(system)} of them, the product's for all others."
        yield holds(OWNED, "system", text)


def _own(system: System) -> int:
    return sum(is_stated(stance.owner) for stance in system.tables.controls.values())


def _unknown_owners(system: System) -> Iterator[Finding]:
    people = {_folded(p.name) for p in system.tables.person}
    people.add(_folded(system.about.owner or ""))
    for control, stance in system.tables.controls.items():
        if stance.owner is not None and (not is_stated(stance.owner) or _folded(stance.owner) not in people):
            text = f"The owner of {control} is none of the persons that the description declares."
            found = broken(OWNED, "system", text, _REMEDY, part=control)
            yield replace(found, location=place(system, f"controls:{control}", "owner"))


def _unowned(system: System) -> Iterator[Finding]:
    if is_stated(system.about.owner):
        return
    required = system.policy.require
    where = place(system, "system", "owner")
    if required is None:
        text = f"[system] names no owner; controls with an owner of their own: {_own(system)}."
        yield replace(broken(OWNED, "system", text, _REMEDY), location=where)
        return
    wanted = {name.partition("/")[0] for name in required} | set(system.tables.controls)
    bare = sorted(c for c in wanted if (stance := system.stance(c)) is None or not is_stated(stance.owner))
    if bare:
        text = f"[system] names no owner, and {len(bare)} required controls name none either: {', '.join(bare[:10])}."
        yield replace(broken(OWNED, "system", text, _REMEDY), location=where)


def _folded(name: str) -> str:
    return " ".join(re.sub(r"[\s._-]+", " ", name).casefold().split())


CHECKS = (Check(id=OWNED, subjects=_whole, run=_owned, dated=True),)
