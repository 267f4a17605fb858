"""Everything that is tried, in order: what spends the client's limits comes last."""

from collections.abc import Collection
from typing import Final

from redan.errors import UsageError
from redan.probes import (
    binary,
    crypt,
    flood,
    framing,
    identity,
    integrity,
    ports,
    reach,
    routes,
    schema,
    slow,
    talk,
)
from redan.probes.rig import Probe

PLAN: Final[tuple[Probe, ...]] = (
    *crypt.PROBES,
    *identity.PROBES,
    *integrity.PROBES,
    *integrity.OTHERS,
    *routes.PROBES,
    *schema.PROBES,
    *binary.PROBES,
    *framing.PROBES,
    *reach.PROBES,
    *talk.PROBES,
    *ports.PROBES,
    *slow.PROBES,
    *flood.PROBES,
    *routes.LATE,
    *talk.LAST,
    *flood.LAST,
)


def chosen(only: Collection[str]) -> tuple[Probe, ...]:
    """The probes that are wanted, in order.

    Args:
        only: names, incidents, controls or checks; all when empty.

    Raises:
        UsageError: a word is none of them.
    """
    if not only:
        return PLAN
    words = set(only)
    found = tuple(one for one in PLAN if words & _words(one))
    unknown = sorted(words - {word for one in PLAN for word in _words(one)})
    if unknown:
        raise UsageError(
            f"there is no probe, incident, control or check '{unknown[0][:80]}'",
            remedy=f"probes are {', '.join(one.name for one in PLAN[:3])} and so on; see the documentation",
        )
    return found


def _words(one: Probe) -> set[str]:
    controls = {check.partition("/")[0] for check in one.checks}
    return {one.name, one.incident, *one.checks, *controls} - {""}
