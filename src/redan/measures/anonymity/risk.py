"""Risk that persons are recognised by their quasi-identifiers, with an interval and the attacker it assumes."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from redan.errors import UsageError
from redan.measures.anonymity.groups import KAnonymity, k_anonymity
from redan.stats.binomial import clopper_pearson
from redan.stats.interval import Interval

_Z = 1.959963984540054  # 97.5 % of the normal distribution


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """What an attacker who knows everybody's quasi-identifiers would recognise.

    The attacker is the prosecutor of the disclosure literature: they know that their target is in the data. Who does
    not know that recognises fewer; how many fewer no sample tells reliably, so it is not estimated.

    Args:
        recognised: share of persons whom a guess within their group is expected to name.
        interval: of `recognised` at 95 %, over data sets of this size from the same people.
        exposed: share of persons in groups of fewer than `k`: the attacker's chance is above 1/k.
        exposed_interval: likewise of `exposed`.
        unique: share of persons who are alone in their group.
        highest: the largest chance of any person.
        k: group size from which on a person counts as hidden.
        anonymity: the groups it was computed from.
    """

    recognised: float
    interval: Interval
    exposed: float
    exposed_interval: Interval
    unique: float
    highest: float
    k: int
    anonymity: KAnonymity


def reidentification_risk(
    data: Any,  # noqa: ANN401 -- whatever `table_of` understands
    quasi_identifiers: Sequence[str],
    *,
    person: str | None = None,
    k: int = 5,
) -> Risk | None:
    """The share of persons who can be recognised by their quasi-identifiers.

    Source: El Emam, Guide to the De-Identification of Personal Health Information, 2013, chapter 16 (average and
    threshold risk); intervals by the jackknife over persons, whose variance is biased upward (Efron and Stein, Annals
    of Statistics 9, 1981).

    Args:
        data: a table, or a frame of any kind that `redan.tables.table_of` takes.
        quasi_identifiers: columns that an outsider may know.
        person: column that tells persons apart where one person has several rows.
        k: group size from which on a person counts as hidden.

    Returns:
        None when no row is left to judge.

    Raises:
        InputError: there is no such column or no quasi-identifier.
        UsageError: `k` is less than 1.
    """
    if k < 1:
        raise UsageError("k is at least 1")
    return risk_of(k_anonymity(data, quasi_identifiers, person=person), k=k)


def risk_of(anonymity: KAnonymity, *, k: int) -> Risk | None:
    """The risk that follows from group sizes; see `reidentification_risk`."""
    if not anonymity.persons:
        return None
    recognised, interval = _share(anonymity, lambda _: 1.0)  # a guess within a group is right for one of it
    exposed, exposed_interval = _share(anonymity, lambda size: float(size) if size < k else 0.0)
    return Risk(
        recognised=recognised,
        interval=interval,
        exposed=exposed,
        exposed_interval=exposed_interval,
        unique=anonymity.below(2) / anonymity.persons,
        highest=1.0 / anonymity.sizes[0][0],
        k=k,
        anonymity=anonymity,
    )


def _share(anonymity: KAnonymity, of_group: Callable[[int], float]) -> tuple[float, Interval]:
    """The sum of something over groups per person, and its jackknife interval over persons.

    A person more or less changes only their own group, so the variance follows from the sizes alone.
    """
    n = anonymity.persons
    value = sum(persons / size * of_group(size) for size, persons in anonymity.sizes) / n
    moved = [(of_group(size) - (of_group(size - 1) if size > 1 else 0.0), persons) for size, persons in anonymity.sizes]
    mean = sum(change * persons for change, persons in moved) / n
    variance = sum((change - mean) ** 2 * persons for change, persons in moved) / n**2
    # Where no change was seen the jackknife says 0; the exact interval of a share of 0 or 1 of n does not.
    least = clopper_pearson(0, n).high
    reach = max(_Z * math.sqrt(variance), least)
    return value, Interval(max(0.0, value - reach), min(1.0, value + reach))
