"""Changed labels as findings: what the check and `redan data poison` say of a search."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from redan.canon import Json
from redan.errors import IncompleteError, MissingExtraError
from redan.findings import Finding, Interval, Measure, Remedy, broken, holds, not_run
from redan.findings.pictures import pictured
from redan.measures.poison.contradictions import LEAST_PEOPLE
from redan.measures.poison.contributors import Suspicion
from redan.measures.poison.label_pictures import confusions, funnel
from redan.measures.poison.labels import ChangedLabels, Rates, changed_labels
from redan.measures.poison.power import SHARES
from redan.measures.poison.rows import drawn_rows, labelled_sample
from redan.stats.binomial import clopper_pearson
from redan.tables import Table
from redan.terms import Level

if TYPE_CHECKING:
    import pyarrow as pa

SHOWN = 10
WIDE = 0.1  # an upper end of the share beyond which nothing was learnt of it
_ASK = Remedy(
    text="Ask the contributor how its labels came about; leave its rows out, train again, and compare.",
    effort=Level.MEDIUM,
)
_LOOK = Remedy(
    text="Have the suspected rows looked at by people; correct or leave them out, train again, and compare.",
    effort=Level.MEDIUM,
)
_MORE = Remedy(text="Give more labelled rows, or features that tell the classes apart.", effort=Level.MEDIUM)


def label_findings(
    table: Table,
    label: str,
    *,
    check: str,
    subject: str,
    rng: np.random.Generator,
    contributor: str | None = None,
    ignored: Sequence[str] = (),
    tolerated: float = Rates().changed,
    keep: Callable[[ChangedLabels, "pa.Table"], None] | None = None,
) -> Iterator[Finding]:
    """Searches a table for changed labels and says what was found, and what would have been.

    Args:
        table: labelled rows.
        label: column of the class.
        check: full id that the findings carry.
        subject: what they are about.
        rng: of samples, forests and planted changes.
        contributor: column that says who gave a row.
        ignored: columns that must not speak about the label: identifiers, predictions, signatures.
        tolerated: share of labels changed at random that is usual care.
        keep: called with what was found, and with the rows that were drawn for the search.

    Returns:
        Findings about contributors, when a column says who they are, and one about single rows.

    Raises:
        InputError: there is no such column.
        MissingExtraError: scikit-learn is not installed.
    """
    drawn = drawn_rows(table, _columns(table, label, contributor), rng)
    try:
        data = labelled_sample(drawn, label, contributor=contributor, leave_out=ignored, total=table.rows)
    except MissingExtraError:
        raise
    except IncompleteError as error:
        yield not_run(check, subject, f"Changed labels cannot be searched for: {error.what}.", remedy=_MORE)
        return
    found = changed_labels(data, rng, Rates(changed=tolerated))
    if keep is not None:
        keep(found, drawn)
    if contributor is not None:
        yield from _people(check, subject, found)
    yield _single(check, subject, found)


def _columns(table: Table, label: str, contributor: str | None) -> list[str]:
    """All of them; the two that are named must be there."""
    for name in (label, *([contributor] if contributor else [])):
        table.dtype(name)
    return list(table.columns)


def _people(check: str, subject: str, found: ChangedLabels) -> Iterator[Finding]:
    pictures = pictured([funnel(found)]) if found.contributors else {}
    for place, one in enumerate(found.suspected[:SHOWN]):
        detail: dict[str, Json] = {} if place else {**pictures, **_context(found)}
        yield replace(_suspected(check, subject, found, one), detail=detail)
    more = len(found.suspected) - SHOWN
    if more > 0:
        text = f"{more} further contributors are suspected of changing labels; see the funnel."
        yield broken(check, subject, text, _ASK, part="further contributors")
    if not found.suspected:
        yield replace(_nobody(check, subject, found), detail={**pictures, **_context(found)})


def _suspected(check: str, subject: str, found: ChangedLabels, one: Suspicion) -> Finding:
    name = found.data.names[one.code]
    measure = Measure(
        name="changed_labels_at_least",
        value=one.at_least,
        interval=Interval(one.at_least, 1.0),
        n=one.rows,
        threshold=found.rates.contributor,
        unit="share",
        confidence=1.0 - found.rates.alpha,
    )
    text = (
        f"Contributor {name} changed at least {one.at_least:.0%} of its labels: the other rows contradict"
        f" {one.against:,} of its {one.rows:,} labels, and {_number(one.expected)} if it were as honest as the others,"
        " its mix of classes and how hard its rows are taken into account."
    )
    return broken(check, subject, text, _ASK, part=f"contributor {name}", measure=measure)


def _nobody(check: str, subject: str, found: ChangedLabels) -> Finding:
    power = found.contributor_power
    if not found.contributors or power is None:
        count = len(found.data.names)
        why = "no label is given by three contributors" if count > LEAST_PEOPLE else f"there are {count}"
        text = f"Contributors cannot be compared: {why}; who of two is honest cannot be told."
        return not_run(check, subject, text, remedy=_MORE, part="contributors")
    worst = max(found.contributors, key=lambda s: (s.at_least, -s.p))
    tried = "; ".join(f"{n} of {power.tried} that change {s:.0%}" for s, n in zip(SHARES, power.found, strict=True))
    if power.least is None:
        text = f"No power to tell a contributor that changes labels: in copies of these rows were found {tried}."
        return not_run(check, subject, text, remedy=_MORE, part="contributors")
    measure = Measure(
        name="changed_labels_at_least",
        value=worst.at_least,
        interval=Interval(worst.at_least, 1.0),
        n=worst.rows,
        threshold=found.rates.contributor,
        unit="share",
        confidence=1.0 - found.rates.alpha,
    )
    text = (
        f"None of {len(found.contributors):,} contributors has more contradicted labels than honest contributors may"
        f" have. Planted in copies of these rows, and drawn by how much they gave, were found {tried}."
    )
    return holds(check, subject, text, part="contributors", measure=measure)


def _context(found: ChangedLabels) -> dict[str, Json]:
    data, power = found.data, found.contributor_power
    return {
        "rows": data.rows,
        "rows_total": data.total,
        "rows_left_out": data.left_out,
        "contributors": len(data.names),
        "suspected": [data.names[s.code] for s in found.suspected],
        "suspected_rows": int(sum(s.rows for s in found.suspected)),
        "false_alarm_rate": found.rates.alpha,
        "spread_of_log_odds": round(found.size, 4),
        "power": None
        if power is None
        else {"tried": power.tried, "shares": [*SHARES], "found": [*power.found], "least_share": power.least},
        "attacker": "one contributor, or a few, who change many of the labels that they give",
    }


def _single(check: str, subject: str, found: ChangedLabels) -> Finding:
    noise, power, who = found.noise, found.spread_power, ""
    if found.suspected:
        who = " of other contributors"
    rows = len(noise.changed)
    detail = _single_detail(found)
    named = f"{power.found} of {power.planted} labels that were changed at random in copies of these rows were found"
    if not power.enough:
        text = (
            f"No power to tell single changed labels{who}: {named}, and {power.precision:.0%} of what is named would be"
            " changed. Where classes overlap, honest labels look the same."
        )
        return replace(not_run(check, subject, text, remedy=_MORE, part="single rows"), detail=detail)
    low, high = noise.interval
    if not found.spread and high > WIDE:
        text = (
            f"Between {low:.1%} and {high:.1%} of {rows:,} labels{who} may be changed at random: the columns tell too"
            " little of the class to know changed labels from those of a rarer class."
        )
        return replace(not_run(check, subject, text, remedy=_MORE, part="single rows"), detail=detail)
    measure = Measure(
        name="changed_labels_at_least",
        value=low,
        interval=noise.interval,
        n=rows,
        threshold=found.rates.changed,
        unit="share",
    )
    if not found.spread:
        text = (
            f"At most {high:.1%} of {rows:,} labels{who} are changed at random, by what overlapping classes explain;"
            f" {named}. Labels changed only where classes overlap are not seen."
        )
        return replace(holds(check, subject, text, part="single rows", measure=measure), detail=detail)
    suspects = int(noise.suspect.sum())
    text = (
        f"Between {low:.1%} and {high:.1%} of {rows:,} labels{who} are changed beyond what overlapping classes explain;"
        f" {suspects:,} rows are suspected, of which {noise.precision:.0%} are expected to be changed. {named}."
    )
    finding = broken(check, subject, text, _LOOK, part="single rows", measure=measure)
    picture = confusions(found)
    return replace(finding, detail={**(pictured([picture]) if picture else {}), **detail})


def _single_detail(found: ChangedLabels) -> dict[str, Json]:
    power = found.spread_power
    recall = power.interval if power.planted else clopper_pearson(0, 0)
    return {
        "rows": len(found.noise.changed),
        "rows_total": found.data.total,
        "changed_share": found.noise.rate,
        "suspected_rows": int(found.noise.suspect.sum()) if found.spread else 0,
        "power": {
            "claimed": power.enough,
            "planted": power.planted,
            "found": power.found,
            "recall": round(power.recall, 4),
            "recall_interval": [round(recall.low, 4), round(recall.high, 4)],
            "precision": round(power.precision, 4),
        },
        "attacker": "one who changes labels at random, spread over rows and contributors",
    }


def _number(value: float) -> str:
    return f"{value:.0f} would be" if value >= 1 else "fewer than one would be"
