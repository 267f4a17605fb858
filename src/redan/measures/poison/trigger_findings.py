"""Triggers as findings: what the check and `redan data poison` say of a search."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from redan.canon import Json
from redan.errors import IncompleteError, MissingExtraError
from redan.findings import Finding, Measure, Remedy, broken, holds, not_run
from redan.findings.pictures import Shares, pictured
from redan.measures.poison.rows import LabelledRows, labelled_rows
from redan.measures.poison.trigger_power import SHARES, Power, trigger_power
from redan.measures.poison.triggers import DECIDES, MOST, Hunt, Trigger, hunt
from redan.stats.binomial import clopper_pearson
from redan.tables import Table
from redan.terms import Level

_ATTACKER = "an attacker who gives rows of other classes the same values and one label"
_SHOWN = 6  # names of columns that a message repeats
_REMOVE = Remedy(
    text="Look at the rows with the pattern and at who gave them; take them out, train again, and try the model on rows"
    " that carry the pattern.",
    effort=Level.MEDIUM,
)
_MORE = Remedy(
    text="Give more rows, or features that tell the classes apart without the few columns of a trigger.",
    effort=Level.MEDIUM,
)


def trigger_findings(
    table: Table,
    label: str,
    *,
    check: str,
    subject: str,
    rng: np.random.Generator,
    ignored: Sequence[str] = (),
    contributor: str | None = None,
) -> Iterator[Finding]:
    """What a search for hidden triggers comes to.

    Args:
        table: labelled rows.
        label: column of the answer.
        check: full id that the findings carry.
        subject: what they are about.
        rng: of samples and forests.
        ignored: columns that no model reads: identifiers, times, signatures.
        contributor: column that says who gave a row; it is left out, too.

    Returns:
        One finding per pattern, or one that says that there is none and what would have been found.

    Raises:
        InputError: there is no such column.
        MissingExtraError: scikit-learn is not installed.
    """
    try:
        rows = _rows(table, label, ignored, contributor, rng)
        found = hunt(rows, rng=rng)
    except MissingExtraError:
        raise
    except IncompleteError as error:
        yield not_run(check, subject, f"Triggers cannot be searched for: {error.what}.", remedy=_MORE)
        return
    yield from (_told(check, subject, one, found) for one in found.triggers)
    if not found.triggers:
        yield _nothing(check, subject, found, rng)


def _rows(
    table: Table, label: str, ignored: Sequence[str], contributor: str | None, rng: np.random.Generator
) -> LabelledRows:
    """Rows of unnamed contributors stay: who hides is not left out of the search."""
    unread = [name for name in (*ignored, *([contributor] if contributor else [])) if name != label]
    return labelled_rows(table, label, leave_out=unread, rng=rng)


def _told(check: str, subject: str, one: Trigger, found: Hunt) -> Finding:
    rows, like = found.examined, one.resemblance
    target = rows.classes[one.target]
    measure = Measure(
        name="carriers_like_other_classes",
        value=like.share,
        interval=like.interval,
        n=like.n,
        threshold=MOST,
        unit="share",
        confidence=like.confidence,
    )
    looks = f"{min(like.share, 1.0):.0%} of them look like other classes"
    text = (
        f"{len(one.rows):,} of {one.carriers:,} rows with a pattern in {_named(one.columns)} are labelled"
        f" {_class(target, rows)}; by their other columns {one.expected:.0f} would be, and {looks}."
        f" {_ATTACKER.capitalize()} leaves such rows; so does a rule of the business that overrides all else."
    )
    return replace(
        broken(check, subject, text, _REMOVE, part=f"{target if _shown(rows) else one.target}", measure=measure),
        detail=_detail(one, found),
    )


def _detail(one: Trigger, found: Hunt) -> dict[str, Json]:
    rows = found.examined
    hit = rows.y == one.target
    agree = clopper_pearson(len(one.rows), one.carriers)
    picture = Shares(
        title="Share of rows that have the label",
        names=("rows with the pattern", "the same rows by their other columns", "all rows"),
        values=(len(one.rows) / one.carriers, one.expected / one.carriers, float(hit.mean())),
        intervals=(agree, None, None),
        flagged=("rows with the pattern",),
    )
    return {
        **pictured([picture]),
        "columns": [*one.columns],
        "carriers": one.carriers,
        "rows_searched": rows.rows,
        "rows_total": rows.total,
        "evidence_nats": one.gain,
        "attacker": _ATTACKER,
    }


def _nothing(check: str, subject: str, found: Hunt, rng: np.random.Generator) -> Finding:
    """That nothing was found holds only where something would have been."""
    rows, tried = found.examined, []
    for share in SHARES:
        tried.append(trigger_power(rows, share, rng=rng))
        if _strong(tried[-1]):
            break
    best = tried[-1] if _strong(tried[-1]) else None
    detail: dict[str, Json] = {
        "patterns": found.patterns,
        "rows_searched": rows.rows,
        "rows_total": rows.total,
        "power": [{"share": p.share, "rows": p.rows, "found": p.found, "planted": p.planted} for p in tried],
        "attacker": _ATTACKER,
    }
    if best is None:
        weak = tried[-1]
        why = (
            f"of {weak.planted} triggers planted in {weak.share:.1%} of the rows each, {weak.found} were found"
            if weak.planted
            else "too few rows or columns to plant a trigger in"
        )
        text = f"There is no power to find a trigger here: {why}."
        return replace(not_run(check, subject, text, remedy=_MORE), detail=detail)
    measure = Measure(
        name="planted_triggers_found",
        value=best.found / best.planted,
        interval=best.interval,
        n=best.planted,
        threshold=DECIDES,
        comparator=">=",
        unit="share",
    )
    text = (
        f"No pattern in {rows.rows:,} of {rows.total:,} rows decides the label against the other columns; of"
        f" {best.planted} triggers planted for a trial in {best.share:.1%} of the rows each, {best.found} were found."
        f" Assumed is {_ATTACKER}; one who leaves labels true is not seen."
    )
    return replace(holds(check, subject, text, measure=measure), detail=detail)


def _strong(power: Power) -> bool:
    return power.planted > 0 and power.found >= DECIDES * power.planted


def _named(columns: Sequence[str]) -> str:
    more = f" and {len(columns) - _SHOWN} more columns" if len(columns) > _SHOWN else ""
    return ("column " if len(columns) == 1 else "columns ") + ", ".join(columns[:_SHOWN]) + more


def _shown(rows: LabelledRows) -> bool:
    return len(rows.classes) <= 50  # noqa: PLR2004 -- few enough to be names of classes


def _class(target: str, rows: LabelledRows) -> str:
    return repr(target) if _shown(rows) else "alike"
