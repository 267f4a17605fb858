"""Zones of trust: declared boundaries, and sites that somebody else runs."""

from typing import NamedTuple

from redan.system.system import System


class Zone(NamedTuple):
    """A region inside which trust does not change.

    Args:
        id: `boundary:NAME` or `site:NAME`.
        title: what is written at its edge.
        members: ids of the elements inside, those of inner zones too.
        declared: whether it is a `[[boundary]]`; otherwise it follows from a third party's site.
    """

    id: str
    title: str
    members: frozenset[str]
    declared: bool


def zones(system: System) -> tuple[Zone, ...]:
    """All zones that hold something, in the order of the description."""
    found = [
        Zone(f"boundary:{b.name}", b.name, _members(system, f"boundary:{b.name}", frozenset()), declared=True)
        for b in system.tables.boundary
    ]
    found += [
        Zone(
            f"site:{s.name}", f"{s.name} (third party)", _members(system, f"site:{s.name}", frozenset()), declared=False
        )
        for s in system.tables.site
        if s.third_party
    ]
    return tuple(zone for zone in found if zone.members)


def _members(system: System, zone: str, seen: frozenset[str]) -> frozenset[str]:
    kind, _, name = zone.partition(":")
    if kind == "site":
        return frozenset(i for i, e in system.elements.items() if getattr(e, "site", None) == name) | {zone}
    inside: set[str] = set()
    for boundary in system.tables.boundary:
        if boundary.name == name:
            for member in boundary.contains:
                inside.add(member)
                if member.startswith(("boundary:", "site:")) and member not in seen:
                    inside |= _members(system, member, seen | {zone, member})
    return frozenset(inside)
