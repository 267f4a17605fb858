"""What the policy requires: control and check ids, each known to the catalogue, none of it by default left out."""

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from redan.errors import ConfigError
from redan.system.records import Policy

DECISION_CHECK = "decision-is-recorded"  # every Consider is asked it, whether or not its control.toml lists it


@dataclass(frozen=True, slots=True)
class Required:
    """What must hold.

    Args:
        controls: ids of controls that are required whole.
        checks: full ids of checks that are required alone.
        whole_catalogue: whether the policy left `require` out, so that every control is required.
    """

    controls: frozenset[str]
    checks: frozenset[str] = frozenset()
    whole_catalogue: bool = False

    def covers(self, check: str) -> bool:
        """Whether a finding of this check counts for the verdict."""
        return check in self.checks or check.partition("/")[0] in self.controls


def required(policy: Policy, known: Mapping[str, Collection[str]], *, where: str = "policy.require") -> Required:
    """What a policy requires, checked against the catalogue; called before the first check starts.

    Args:
        policy: the `[policy]` table.
        known: control id to the full ids of its checks.
        where: `file:line` of the list, for messages.

    Returns:
        The required ids; every control of the catalogue when the policy has no list.

    Raises:
        ConfigError: the list is empty, names something twice, or names what the catalogue does not hold.
    """
    if policy.require is None:
        return Required(frozenset(known), whole_catalogue=True)
    if not policy.require:
        raise ConfigError(
            "an empty policy requires nothing, so nothing could fail",
            where=where,
            remedy="list control ids, or leave 'require' out to require every control",
        )
    names = {*known, *(check for checks in known.values() for check in checks)}
    names.update(f"{control}/{DECISION_CHECK}" for control in known)
    for entry in policy.require:
        if entry not in names:
            raise ConfigError(f"{entry!r} is no control or check", where=where, remedy=_nearest(entry, names))
    if len(set(policy.require)) != len(policy.require):
        raise ConfigError("an id stands twice in the list", where=where, remedy="remove one of them")
    checks = frozenset(entry for entry in policy.require if "/" in entry)
    return Required(frozenset(policy.require) - checks, checks)


def _nearest(entry: str, names: Collection[str]) -> str:
    close = difflib.get_close_matches(entry[:200], sorted(names), n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else "'redan explain' lists the ids"
