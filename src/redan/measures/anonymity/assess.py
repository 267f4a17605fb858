"""Measures a table and says what it comes to: the questions that a control and the command line both ask."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from redan.errors import InputError
from redan.findings import Finding
from redan.measures.anonymity.closeness import t_closeness
from redan.measures.anonymity.diversity import l_diversity
from redan.measures.anonymity.findings import BOUND, K, L, group_finding, risk_finding, variety_finding
from redan.measures.anonymity.groups import k_anonymity
from redan.measures.anonymity.risk import risk_of
from redan.tables import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the columns of a table are to an attacker.

    Args:
        quasi_identifiers: columns that outsiders may know.
        sensitive: columns whose value nobody should be able to tell of a person.
        person: column that tells persons apart; None when each row is a person.
    """

    quasi_identifiers: tuple[str, ...]
    sensitive: tuple[str, ...] = ()
    person: str | None = None


def groups(table: Table, parts: Parts, subject: str, *, k: int = K, command: str | None = None) -> Finding:
    """Whether every combination of quasi-identifiers occurs often enough.

    Args:
        table: the data.
        parts: what its columns are.
        subject: what the finding is about.
        k: the least group.
        command: what makes the groups larger.

    Raises:
        InputError: there is no such column.
    """
    found = k_anonymity(table, parts.quasi_identifiers, person=parts.person)
    blank = None
    if found.incomplete:
        try:
            blank = k_anonymity(table, parts.quasi_identifiers, person=parts.person, missing="any")
        except InputError:  # too many groups to compare; the stricter count stands alone
            blank = None
    return group_finding(subject, found, parts.quasi_identifiers, k=k, command=command, blank=blank)


def variety(
    table: Table,
    parts: Parts,
    subject: str,
    rng: np.random.Generator,
    *,
    least: int = L,
    t: float | None = None,
    command: str | None = None,
) -> Iterator[Finding]:
    """Whether each sensitive column varies enough within every group.

    Args:
        table: the data.
        parts: what its columns are.
        subject: what the findings are about.
        rng: deals values at random for comparison.
        least: distinct values that each group needs.
        t: largest distance of a group from everybody; None asks for none.
        command: what makes groups more varied.

    Raises:
        InputError: there is no such column.
    """
    for column in parts.sensitive:
        found = l_diversity(table, parts.quasi_identifiers, column, person=parts.person)
        try:
            close = t_closeness(table, parts.quasi_identifiers, column, person=parts.person, rng=rng)
        except InputError:  # columns are known to exist by now: there are too many combinations
            close = None
        yield variety_finding(subject, column, found, close, least=least, t=t, command=command)


def risk(
    table: Table,
    parts: Parts,
    subject: str,
    *,
    k: int = K,
    bound: float = BOUND,
    command: str | None = None,
) -> Finding:
    """Whether few enough persons can be recognised.

    Args:
        table: the data.
        parts: what its columns are.
        subject: what the finding is about.
        k: group size from which on a person counts as hidden.
        bound: largest share of persons who are not.
        command: what lowers the risk.

    Raises:
        InputError: there is no such column.
    """
    found = k_anonymity(table, parts.quasi_identifiers, person=parts.person)
    at_risk = risk_of(found, k=k)
    return risk_finding(subject, at_risk, parts.quasi_identifiers, bound=bound, command=command)
