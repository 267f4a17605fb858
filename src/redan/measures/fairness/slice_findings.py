"""What the search for the worst slice comes to; that it could have found one is measured on planted slices."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from redan.canon import Json
from redan.errors import IncompleteError, MissingExtraError
from redan.findings import Finding, Measure, Remedy, broken, holds, not_run
from redan.findings.pictures import Slice, SliceTree, pictured
from redan.measures.fairness.answers import Answers
from redan.measures.fairness.slice_rows import SliceRows, slice_rows
from redan.measures.fairness.slices import Mask, Search, WorstSlice, halves, worst_slices
from redan.stats.binomial import clopper_pearson
from redan.terms import Level

MARGIN = 0.2  # one attempt in five more that passes is what makes an attacker move
PLANTS = 10
_CONFIDENCE = 0.95
BEYOND = 0.3  # planted slices are missed so much more often than the margin allows
POWER = 0.8
_SUPPORT = (0.15, 0.4)  # share of the rows that a planted slice holds
_REMEDY = Remedy(
    text="Collect more rows of this region, train again with them, or add a rule or a person for it until the model is "
    "better there.",
    effort=Level.HIGH,
)
_MORE_ROWS = Remedy(text="Give more labelled rows of the class that matters, with their inputs.", effort=Level.MEDIUM)


def slice_findings(
    check: str,
    subject: str,
    found: Answers,
    features: Sequence[str] | None,
    *,
    margin: float,
    today: dt.date,
    rng: np.random.Generator,
) -> tuple[Finding, ...]:
    """Whether there is a region of the input in which misses are far cheaper than elsewhere.

    The attacker is assumed to choose any value of any input and to know where the model erred on half of these rows.
    Where two classes are about as common and nobody named the one that matters, each is searched on its own.

    Args:
        check: full id of the question.
        subject: what the finding is about.
        found: labels and answers.
        features: columns that an attacker can choose; None for all that neither identify nor repeat the answer.
        margin: how much more often than elsewhere misses may happen.
        today: to tell dates of birth from other dates.
        rng: of the halves and of planted slices.

    Raises:
        InputError: there is no such column.
    """
    either = found.guessed and found.positive is not None
    asked = [replace(found, positive=name) for name in found.classes] if either else [found]
    return tuple(
        replace(
            _finding(check, subject, one, features, margin=margin, today=today, rng=rng, share=len(asked)),
            part=one.shown[one.positive or ""] if either else "",
        )
        for one in asked
    )


def _finding(
    check: str,
    subject: str,
    found: Answers,
    features: Sequence[str] | None,
    *,
    margin: float,
    today: dt.date,
    rng: np.random.Generator,
    share: int,
) -> Finding:
    try:
        rows = slice_rows(found, features, today=today, rng=rng)
    except MissingExtraError:
        raise
    except IncompleteError as error:
        return not_run(check, subject, f"The worst slice was not searched: {error.what}.", remedy=_MORE_ROWS)
    half, level = halves(rows.copies, rng), 1 - (1 - _CONFIDENCE) / share
    search = worst_slices(rows.conditions, rows.missed, half, confidence=level)
    worst = search.worst
    if worst is not None and worst.excess.low > margin:
        made = broken(check, subject, _told(worst, rows, search), _REMEDY, measure=_measure(worst, search, margin))
        return replace(made, detail=_detail(search, rows, None, margin))
    planted = sum(_plant_is_found(rows, half, margin, level, rng) for _ in range(PLANTS))
    return _not_broken(check, subject, _Looked(rows, search, planted), margin)


class _Looked(NamedTuple):
    rows: SliceRows
    search: Search
    planted: int


def _not_broken(check: str, subject: str, looked: _Looked, margin: float) -> Finding:
    rows, search, planted = looked
    nearest = max(search.slices, key=lambda s: s.gap, default=None)
    measure = None if nearest is None else _measure(nearest, search, margin)
    power = f"{planted} of {PLANTS} planted slices were found"
    if planted < POWER * PLANTS:
        text = f"No power to find a worst slice: {power} among {len(rows.missed):,} {rows.kind}."
        made = not_run(check, subject, text, remedy=_MORE_ROWS)
    elif nearest is not None and nearest.gap > margin:
        text = f"Not enough data to tell: {_told(nearest, rows, search)}"
        made = not_run(check, subject, text, remedy=_MORE_ROWS)
    else:
        text = (
            f"No region has misses more than {margin:.2f} above those elsewhere, among {len(rows.missed):,} "
            f"{rows.kind} and {search.tried:,} conditions; {power}."
        )
        made = holds(check, subject, text)
    return replace(made, measure=measure, detail=_detail(search, rows, planted, margin))


def _plant_is_found(rows: SliceRows, half: Mask, margin: float, level: float, rng: np.random.Generator) -> bool:
    """Whether a slice that is missed far more often, put into a copy of these rows, is found in them."""
    low, high = (share * len(rows.missed) for share in _SUPPORT)
    fit = [one for one in rows.conditions if low <= one.rows.sum() <= high]
    if not fit:
        return False
    chosen = fit[int(rng.integers(len(fit)))].rows
    elsewhere, inside = float(rows.missed[~chosen].mean()), float(rows.missed[chosen].mean())
    wanted = min(1.0, elsewhere + margin + BEYOND)
    turned = (wanted - inside) / (1 - inside) if inside < wanted else 0.0
    missed = rows.missed | (chosen & (rng.random(len(chosen)) < turned))
    worst = worst_slices(rows.conditions, missed, half, confidence=level).worst
    return worst is not None and worst.excess.low > margin


def _told(worst: WorstSlice, rows: SliceRows, search: Search) -> str:
    where = " and ".join(worst.conditions)
    inside, outside = worst.inside, worst.outside
    return (
        f"Where {where}, the model errs in {inside.hits / inside.trials:.0%} of {inside.trials:,} {rows.kind}, "
        f"elsewhere in {outside.hits / outside.trials:.0%} of {outside.trials:,}, on rows that the search did not see; "
        f"the difference lies between {worst.excess.low:.2f} and {worst.excess.high:.2f}. "
        f"Assumed is an attacker who can choose these values and saw errors on {search.searched:,} rows."
    )


def _measure(worst: WorstSlice, search: Search, margin: float) -> Measure:
    return Measure(
        name="worst_slice_gap",
        value=worst.gap,
        interval=worst.excess,
        n=worst.inside.trials + worst.outside.trials,
        threshold=margin,
        unit="share",
        confidence=search.confidence,
    )


def _detail(search: Search, rows: SliceRows, planted: int | None, margin: float) -> dict[str, Json]:
    slices: list[Json] = [
        {
            "conditions": [*one.conditions],
            "misses": one.inside.hits,
            "n": one.inside.trials,
            "searched": one.searched,
            "excess": [one.excess.low, one.excess.high],
        }
        for one in search.slices
    ]
    facts: dict[str, Json] = {
        "slices": slices,
        "rows_searched": search.searched,
        "rows_held_out": search.whole.trials,
        "rows_total": rows.total,
        "conditions": search.tried,
        "planted_found": planted,
        "planted": None if planted is None else PLANTS,
        "left_out_as_answers": [*rows.echoes],
    }
    return {**facts, **pictured([_tree(search, rows, margin)])}


def _tree(search: Search, rows: SliceRows, margin: float) -> SliceTree:
    whole = search.whole
    root = Slice(
        name="all rows",
        depth=0,
        n=whole.trials,
        value=whole.hits / max(whole.trials, 1),
        interval=clopper_pearson(whole.hits, whole.trials),
    )
    worst, drawn = search.worst, [root]
    before: tuple[str, ...] = ()
    for one in sorted(search.slices, key=lambda s: s.conditions):
        for depth, (name, share) in enumerate(zip(one.conditions, one.path, strict=True), 1):
            if one.conditions[:depth] == before[:depth]:
                continue
            last = depth == len(one.conditions)
            drawn.append(
                Slice(
                    name=name,
                    depth=depth,
                    n=share.trials,
                    value=share.hits / max(share.trials, 1),
                    interval=clopper_pearson(share.hits, share.trials),
                    flagged=last and one is worst and one.excess.low > margin,
                )
            )
        before = one.conditions
    return SliceTree(title=f"Misses among {rows.kind}, on the half not searched", unit="share", slices=tuple(drawn))
