"""Group sizes where a missing value may be anything: every combination that a person's row is compatible with."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, TypeAlias

Group: TypeAlias = tuple[Any, ...]
Place: TypeAlias = tuple[int, ...]


def persons_by_matches(groups: Sequence[tuple[Group, int]]) -> dict[int, int]:
    """Persons by how many persons their row is compatible with, themselves included.

    Source: Ciglic, Eder and Koncilia, k-Anonymity of Microdata with NULL Values, DEXA 2014, extended match.

    Args:
        groups: values of the quasi-identifiers, None where missing, and how many persons have them; combinations
            may recur.
    """
    patterns: dict[Place, dict[Group, int]] = defaultdict(lambda: defaultdict(int))
    for group, persons in groups:
        patterns[tuple(i for i, value in enumerate(group) if value is not None)][group] += persons
    found: dict[int, int] = defaultdict(int)
    for places, members in patterns.items():
        matches = dict.fromkeys(members, 0)
        for others, theirs in patterns.items():
            both = tuple(i for i in places if i in others)
            at_hand: dict[Group, int] = defaultdict(int)
            for group, persons in theirs.items():
                at_hand[tuple(group[i] for i in both)] += persons
            for group in members:
                matches[group] += at_hand[tuple(group[i] for i in both)]
        for group, persons in members.items():
            found[matches[group]] += persons
    return dict(found)
