"""What group sizes, variety and risk come to as findings, for the controls and for the command line alike."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from redan.canon import Json
from redan.findings import Finding, Measure, Remedy, broken, holds, not_run
from redan.findings.pictures import Shares, pictured
from redan.measures.anonymity.closeness import TCloseness
from redan.measures.anonymity.diversity import LDiversity
from redan.measures.anonymity.groups import KAnonymity
from redan.measures.anonymity.risk import Risk
from redan.terms import Level

GROUPS = "A-MLSG-003-C002/groups-are-large-enough"
VARIETY = "A-MLSG-003-C002/sensitive-values-vary-within-groups"
RISK = "A-MLSG-003-C002/re-identification-risk-is-low"
K = 5  # the least group in guidance on files that do not leave an organisation: a chance of at most 20 %
L = 2  # with one value alone, who is in the group needs no guess
BOUND = 0.05  # of persons who stand in smaller groups than that
_STEPS = (2, 3, 5, 10, 20, 50, 100, 1_000)
_ADVICE = "Generalise or suppress quasi-identifiers until the groups are large enough."


def group_finding(
    subject: str,
    found: KAnonymity,
    columns: Sequence[str],
    *,
    k: int = K,
    command: str | None = None,
    blank: KAnonymity | None = None,
) -> Finding:
    """Whether the smallest group is large enough.

    Args:
        subject: what the findings are about.
        found: the groups.
        columns: the quasi-identifiers, for the message.
        k: the least group.
        command: what makes the groups larger.
        blank: the same groups where a missing value matches any value.
    """
    tail = _left_out(found)
    if found.k is None:
        return not_run(GROUPS, subject, f"No row is left to judge.{tail}")
    measure = Measure(
        name="smallest_group",
        value=float(found.k),
        n=found.persons,
        threshold=float(k),
        comparator=">=",
        unit="persons",
    )
    few = found.below(k)
    head = f"The smallest group of equal {_listed(columns)} holds {_persons(found.k)}; at least {k} are asked."
    if blank is not None and blank.k is not None and found.incomplete:
        tail += f" If a missing value may be anything, the smallest holds {_persons(blank.k)}."
    if found.k >= k:
        answer = holds(GROUPS, subject, head + tail, measure=measure)
    else:
        text = f"{head} {_persons(few)} of {found.persons:,} ({few / found.persons:.1%}) stand in smaller groups.{tail}"
        remedy = Remedy(text=_ADVICE, command=command, effort=Level.MEDIUM)
        answer = broken(GROUPS, subject, text, remedy, measure=measure)
    detail: dict[str, Json] = {
        "quasi_identifiers": [*columns],
        "groups": found.groups,
        "rows": found.rows,
        "suppressed_rows": found.suppressed,
        "incomplete_rows": found.incomplete,
        "persons_in_smaller_groups": few,
        "missing_counts_as": "a value of its own",
        "smallest_if_missing_is_any_value": None if blank is None else blank.k,
    }
    return replace(answer, detail={**detail, **pictured([_sizes(found, k)])})


def variety_finding(
    subject: str,
    column: str,
    variety: LDiversity,
    closeness: TCloseness | None,
    *,
    least: int = L,
    t: float | None = None,
    command: str | None = None,
) -> Finding:
    """Whether a sensitive value varies enough within every group.

    Args:
        subject: what the findings are about.
        column: the sensitive column.
        variety: distinct values by group.
        closeness: how far groups lie from everybody; None when there are too many combinations to tell.
        least: distinct values that each group needs.
        t: largest distance of a group from everybody; None asks for none.
        command: what makes groups more varied.
    """
    if variety.l is None or variety.levels < least:
        has = "no value" if variety.l is None else f"only {_counted(variety.levels, 'value')}"
        return not_run(VARIETY, subject, f"Column {column} has {has}, so nothing can vary.", part=column)
    groups, persons = variety.below(least)
    measure = Measure(
        name="distinct_values",
        value=float(variety.l),
        n=variety.groups,
        threshold=float(least),
        comparator=">=",
        unit="values",
    )
    text, faults = _variety_words(column, variety, closeness), []
    if groups:
        faults.append((f"{_counted(groups, 'group')} with {_persons(persons)} have fewer than {least}.", measure))
    faults += _closeness_faults(variety, closeness, t)
    if not faults:
        answer = holds(VARIETY, subject, text, part=column, measure=measure)
    else:
        remedy = Remedy(
            text="Generalise further until the values vary in every group, or leave the sensitive column out.",
            command=command,
            effort=Level.MEDIUM,
        )
        said = " ".join([text, *(fault for fault, _ in faults)])
        answer = broken(VARIETY, subject, said, remedy, part=column, measure=faults[0][1])
    return replace(answer, detail=_variety_facts(variety, closeness))


def _closeness_faults(variety: LDiversity, closeness: TCloseness | None, t: float | None) -> list[tuple[str, Measure]]:
    """Where values vary and still give themselves away, each with the number that decided."""
    if closeness is None or closeness.t is None:
        return []
    faults = []
    if closeness.skewed:
        words = f"In groups with {_persons(closeness.skewed)} one value is so frequent that it can be told."
        measure = Measure(
            name="persons_in_skewed_groups",
            value=float(closeness.skewed),
            n=variety.persons,
            threshold=0.0,
            unit="persons",
        )
        faults.append((words, measure))
    if t is not None and closeness.t > t:
        measure = Measure(name="distance_from_everybody", value=closeness.t, n=variety.groups, threshold=t)
        faults.append((f"At most {t:g} is asked of the distance.", measure))
    return faults


def _variety_words(column: str, variety: LDiversity, closeness: TCloseness | None) -> str:
    text = (
        f"In the least varied of {_counted(variety.groups, 'group')} column {column} has "
        f"{_counted(variety.l or 0, 'value')} of {variety.levels:,}, or {variety.entropy or 0:.1f} by entropy"
    )
    if closeness is None or closeness.t is None:
        return f"{text}; there are too many combinations to say how far groups lie from everybody."
    chance = "" if closeness.by_chance is None else f", and {closeness.by_chance:.2f} if values were dealt at random"
    return f"{text}; the group farthest from everybody lies {closeness.t:.2f} away (t{chance})."


def _variety_facts(variety: LDiversity, closeness: TCloseness | None) -> dict[str, Json]:
    facts: dict[str, Json] = {
        "l_distinct": variety.l,
        "l_entropy": variety.entropy,
        "groups": variety.groups,
        "persons": variety.persons,
        "rows_without_value": variety.unknown,
    }
    if closeness is not None:
        facts |= {
            "t": closeness.t,
            "t_by_chance": closeness.by_chance,
            "t_distance": "ordered" if closeness.ordered else "equal",
            "t_on_bins": closeness.binned,
            "most_confidence_gained": closeness.gain,
            "persons_in_skewed_groups": closeness.skewed,
        }
    return facts


def risk_finding(
    subject: str, found: Risk | None, columns: Sequence[str], *, bound: float = BOUND, command: str | None = None
) -> Finding:
    """Whether few enough persons can be recognised.

    Args:
        subject: what the findings are about.
        found: the risk; None when no row is left to judge.
        columns: the quasi-identifiers, for the message.
        bound: largest share of persons who may stand in groups that are too small.
        command: what lowers the risk.
    """
    if found is None:
        return not_run(RISK, subject, "No row is left to judge: every quasi-identifier is missing or taken out.")
    n = found.anonymity.persons
    measure = Measure(
        name="persons_at_risk",
        value=found.exposed,
        interval=found.exposed_interval,
        n=n,
        threshold=bound,
        unit="share",
    )
    low, high = found.interval
    text = (
        f"Who knows {_listed(columns)} of everybody and that they are in the data can narrow {found.exposed:.1%} of "
        f"{_persons(n)} down to fewer than {found.k}; at most {bound:.1%} are agreed. A guess within the group is "
        f"expected to name {found.recognised:.1%} of all (95 % interval {low:.1%} to {high:.1%}); "
        f"{found.unique:.1%} are alone.{_left_out(found.anonymity)}"
    )
    detail: dict[str, Json] = {
        "attacker": "knows the quasi-identifiers of everybody, and who is in the data (prosecutor)",
        "quasi_identifiers": [*columns],
        "expected_recognised": found.recognised,
        "expected_recognised_interval": [low, high],
        "alone": found.unique,
        "highest_chance": found.highest,
        "k": found.k,
        "suppressed_rows": found.anonymity.suppressed,
        **pictured([_sizes(found.anonymity, found.k)]),
    }
    if found.exposed <= bound:
        return replace(holds(RISK, subject, text, measure=measure), detail=detail)
    remedy = Remedy(text=_ADVICE, command=command, effort=Level.MEDIUM)
    return replace(broken(RISK, subject, text, remedy, measure=measure), detail=detail)


def _sizes(found: KAnonymity, k: int) -> Shares:
    """Share of persons by the size of their group, in steps of which `k` is one."""
    starts = sorted({1, k, *(step for step in _STEPS if step <= found.sizes[-1][0])})
    counts = [0] * len(starts)
    for size, persons in found.sizes:
        counts[bisect_right(starts, size) - 1] += persons
    names = [f"{low}" if high == low + 1 else f"{low} to {high - 1}" for low, high in pairwise(starts)]
    names.append(f"{starts[-1]} or more")
    return Shares(
        title="Persons by how many share their quasi-identifiers",
        names=tuple(names),
        values=tuple(count / found.persons for count in counts),
        flagged=tuple(name for name, start, count in zip(names, starts, counts, strict=True) if count and start < k),
    )


def _left_out(found: KAnonymity) -> str:
    parts = []
    if found.suppressed:
        share = found.suppressed / max(found.rows, 1)
        parts.append(f" {_counted(found.suppressed, 'row')} of {found.rows:,} ({share:.1%}) are suppressed.")
    if found.incomplete:
        parts.append(f" In {_counted(found.incomplete, 'row')} something is missing, which counts as a value.")
    return "".join(parts)


def _persons(count: int) -> str:
    return _counted(count, "person")


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def _listed(names: Sequence[str]) -> str:
    if len(names) <= 1:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
