"""What unequal error rates come to: one answer per column of groups, and one for the groups that are too small."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from redan.canon import Json
from redan.errors import IncompleteError, MissingExtraError
from redan.findings import Finding, Measure, Remedy, broken, holds, not_run
from redan.findings.pictures import Grid, Picture, Shares, pictured
from redan.measures.fairness.answers import Answers
from redan.measures.fairness.confusion import Confusion, confusion
from redan.measures.fairness.gaps import Equality, Gap, Rate, equality
from redan.terms import Level, Outcome

MARGIN = 0.1  # a tenth of a group missed more than of another is where fairness audits begin to object
_FEW_CLASSES = 3
_REMEDY = Remedy(
    text="Collect more rows of the group that is judged worst, reweight or recalibrate for it, or add a rule or a "
    "person there until its errors come down.",
    effort=Level.HIGH,
)
_MORE_ROWS = Remedy(text="Give more labelled rows of these groups, or declare coarser ones.", effort=Level.MEDIUM)


def group_findings(
    check: str,
    subject: str,
    found: Answers,
    sensitive: Sequence[str],
    *,
    margin: float,
    rng: np.random.Generator,
) -> Iterator[Finding]:
    """Whether the error rates of the groups of each column agree within a margin.

    A gap counts as found when its interval lies above the margin, and as absent when the gap beyond what chance gives
    stays within the margin among groups large enough to show one; anything else could not be told.

    Args:
        check: full id of the question.
        subject: what the findings are about.
        found: labels and answers.
        sensitive: columns of groups; the error budget is shared among them.
        margin: gap that is agreed to be acceptable.
        rng: of simulated chance.

    Raises:
        InputError: there is no such column.
        UsageError: a column is the label or the answer.
    """
    for column in sensitive:
        try:
            counted = confusion(found, column)
        except MissingExtraError:
            raise
        except IncompleteError as error:
            yield not_run(check, subject, f"Groups of {column}: {error.what}.", part=column, remedy=_MORE_ROWS)
            continue
        told = equality(counted, margin=margin, rng=rng, columns=len(sensitive))
        verdict = _verdict(check, subject, told)
        yield verdict
        if told.small and (told.told is not None or verdict.outcome is Outcome.BROKEN):
            yield _small(check, subject, told)


def _verdict(check: str, subject: str, told: Equality) -> Finding:
    column = told.confusion.column
    if told.odds is not None and told.odds.interval.low > told.margin:
        text = f"Groups of {column} are not judged alike: {_gap_text(told.odds, told)}."
        made = broken(check, subject, text, _REMEDY, part=column, measure=_measure(told.odds, told))
        return replace(made, detail=_detail(told, {told.odds.pair.high, told.odds.pair.low}))
    if told.told is None:
        return replace(_small(check, subject, told), part=column, detail=_detail(told, set()))
    measure = _measure(told.told, told)
    if told.told.beyond_chance > told.margin:
        text = f"Groups of {column}: not enough data to tell; {_gap_text(told.told, told)}."
        made = replace(not_run(check, subject, text, part=column, remedy=_MORE_ROWS), measure=measure)
        return replace(made, detail=_detail(told, set()))
    text = (
        f"No gap beyond {told.margin:.2f} was found between groups of {column}: {_gap_text(told.told, told)}; "
        f"a gap of {told.noticed:.2f} would have been found four times in five."
    )
    return replace(holds(check, subject, text, part=column, measure=measure), detail=_detail(told, set()))


def _gap_text(gap: Gap, told: Equality) -> str:
    rate, groups = gap.pair.rate, told.confusion.groups
    high, low = (rate.shares[groups.index(name)] for name in (gap.pair.high, gap.pair.low))
    chance = f"chance alone gives {gap.by_chance:.2f} to groups of this size"
    bounds = f"the largest gap lies between {gap.interval.low:.2f} and {gap.interval.high:.2f}"
    pair = f"the {rate.name} of {rate.of} is {high:.2f} for {gap.pair.high} and {low:.2f} for {gap.pair.low}"
    return f"{pair}; {bounds}, {chance}"


def _small(check: str, subject: str, told: Equality) -> Finding:
    column = told.confusion.column
    listed = [f"{name} ({lacks})" for name, lacks in told.small.items()]
    more = f" and {len(listed) - 5} more" if len(listed) > 5 else ""  # noqa: PLR2004 -- a line stays readable
    text = f"Groups of {column} with not enough data: {'; '.join(listed[:5])}{more}."
    return not_run(check, subject, text, part=f"{column}: small groups", remedy=_MORE_ROWS)


def _measure(gap: Gap, told: Equality) -> Measure:
    return Measure(
        name="equalised_odds_gap",
        value=gap.beyond_chance,
        interval=gap.interval,
        n=gap.n,
        threshold=told.margin,
        unit="share",
        confidence=told.confidence,
    )


def _detail(told: Equality, flagged: set[str]) -> dict[str, Json]:
    facts: dict[str, Json] = {
        "column": told.confusion.column,
        "rows": told.confusion.rows,
        "rows_left_out": told.confusion.left_out,
        "noticed": None if math.isnan(told.noticed) else told.noticed,
        "equality_of_odds": _gap_json(told.odds),
        "equality_of_opportunity": _gap_json(told.opportunity),
        "groups": [_group_json(told, i) for i in range(len(told.confusion.groups))],
    }
    pictures: list[Picture] = [_shares(told, rate, flagged) for rate in told.rates if (rate.trials > 0).any()]
    return {**facts, **pictured([*pictures, _grid(told.confusion)])}


def _gap_json(gap: Gap | None) -> Json:
    if gap is None:
        return None
    return {
        "observed": gap.observed,
        "by_chance": gap.by_chance,
        "interval": [gap.interval.low, gap.interval.high],
        "n": gap.n,
    }


def _group_json(told: Equality, i: int) -> Json:
    rates: list[Json] = [
        {"rate": rate.name, "of": rate.of, "hits": int(rate.hits[i]), "n": int(rate.trials[i])} for rate in told.rates
    ]
    return {"group": told.confusion.groups[i], "n": int(told.confusion.counts[i].sum()), "rates": rates}


def _shares(told: Equality, rate: Rate, flagged: set[str]) -> Shares:
    chosen = [i for i in range(len(rate.trials)) if rate.trials[i] > 0]
    names = tuple(told.confusion.groups[i] for i in chosen)
    intervals = told.intervals(rate)
    return Shares(
        title=f"{rate.name.capitalize()} of {rate.of} by {told.confusion.column}",
        names=names,
        values=tuple(float(rate.shares[i]) for i in chosen),
        intervals=tuple(intervals[i] for i in chosen),
        expected=float(rate.hits.sum() / rate.trials.sum()),
        flagged=tuple(name for name in names if name in flagged),
    )


def _grid(found: Confusion) -> Grid:
    """The confusion matrix of each group, one group a line: shares of each true class."""
    k = len(found.classes)
    every = [(i, j) for i in range(k) for j in range(k)] if k <= _FEW_CLASSES else [(i, i) for i in range(k)]
    totals = found.counts.sum(axis=2)
    values = tuple(
        tuple(float(found.counts[g, i, j] / totals[g, i]) if totals[g, i] else None for i, j in every)
        for g in range(len(found.groups))
    )
    columns = tuple(f"{found.classes[i]} answered {found.classes[j]}" for i, j in every)
    return Grid(title=f"Answers by {found.column} and true class", rows=found.groups, columns=columns, values=values)
