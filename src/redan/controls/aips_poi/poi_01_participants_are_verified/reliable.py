"""Reliability: how far each participant agrees with what is known of its rows otherwise."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from redan.artifacts.dataset_file import DatasetFile
from redan.controls.contract import Have
from redan.errors import IncompleteError
from redan.findings import Finding, Measure, Remedy, broken, holds, not_run
from redan.findings.pictures import Funnel, Point, pictured
from redan.measures.participants import Reliability, reliability
from redan.measures.participants.authentic import short
from redan.measures.participants.reliability import PLANTED
from redan.measures.participants.truth import LEAST_ROWS, ROWS, by_forest, by_trusted
from redan.system.records import Dataset
from redan.terms import Level

if TYPE_CHECKING:
    import pyarrow as pa

RELIABLE = "AIPS-POI-01/participants-are-reliable"
_POINTS = 500
_NAMED = 5


def reliable(have: Have) -> Iterator[Finding]:
    """Whether every participant agrees with what is known as well as its peers do."""
    subject = have.subject.id
    dataset = have.system.dataset(subject.partition(":")[2])
    if dataset.contributor is None:
        text = f"How reliable participants are cannot be told: dataset {dataset.name} does not say who gave a row."
        yield not_run(RELIABLE, subject, text, remedy=_NAME)
        return
    try:
        found, known = _judged(have, dataset)
    except IncompleteError as error:
        if type(error) is not IncompleteError:
            raise
        text = f"How reliable the participants of dataset {dataset.name} are cannot be told: {error.what}."
        yield not_run(RELIABLE, subject, text, remedy=_MORE)
        return
    yield _answer(subject, dataset, found, known)


def _judged(have: Have, dataset: Dataset) -> tuple[Reliability, str]:
    label, contributor = dataset.label or "", dataset.contributor or ""
    seed = int(have.rng.integers(2**31 - 1))
    table = have.get(DatasetFile, have.subject.id).table().complete([label, contributor])
    rows = table.sample(ROWS, seed)
    who = [str(v) for v in rows[contributor].to_pylist()]
    truths, known = _truths(have, dataset, rows, who, seed)
    kept = [i for i, truth in enumerate(truths) if truth is not None]
    if len(kept) < LEAST_ROWS:
        raise IncompleteError(f"of {len(kept)} rows alone is the truth known otherwise")
    said = rows[label].to_pylist()
    found = reliability([who[i] for i in kept], [said[i] for i in kept], [truths[i] for i in kept], have.rng)
    return found, known


def _truths(have: Have, dataset: Dataset, rows: "pa.Table", who: list[str], seed: int) -> tuple[list[Any], str]:
    """What is known of each row: from a trusted set that holds enough of them, the model's answer, or its peers."""
    for element in have.subject.elements[1:]:
        trusted = have.system.dataset(element.partition(":")[2])
        table = have.get(DatasetFile, element).table()
        keys = [c for c in dataset.identifiers if c in table.columns and c in rows.column_names]
        if keys:
            truths = by_trusted(rows, table, keys, trusted.label or "", dataset.label or "")
            if sum(t is not None for t in truths) >= LEAST_ROWS:
                return truths, f"trusted dataset {trusted.name}"
    if dataset.prediction is not None:
        return rows[dataset.prediction].to_pylist(), f"the answers in column {dataset.prediction}"
    named = {dataset.label, dataset.contributor, dataset.time, dataset.signature, *dataset.identifiers}
    features = [c for c in rows.column_names if c not in named]
    return by_forest(rows, features, dataset.label or "", who, seed), "what trees learned from other participants"


def _answer(subject: str, dataset: Dataset, found: Reliability, known: str) -> Finding:
    bad = found.unreliable
    measure = Measure(
        name="unreliable_participants",
        value=float(len(bad)),
        n=len(found.standings),
        threshold=0.0,
        unit="participants",
    )
    spoiled = f"{PLANTED:.0%} wrong labels"
    if bad:
        names = ", ".join(
            f"contributor {short(s.participant)}… ({s.agreed:,} of {s.rows:,} rows agree)" for s in bad[:_NAMED]
        )
        text = (
            f"{len(bad):,} of {len(found.standings):,} participants of dataset {dataset.name} agree with {known} less "
            f"than their peers do ({found.centre:.0%}): {names}."
        )
        finding = broken(RELIABLE, subject, text, _WITHHOLD, measure=measure)
    elif not found.powerful:
        text = (
            f"No participant of dataset {dataset.name} is told as unreliable, but {spoiled} of one participant would "
            f"have been noticed for {found.noticed:.0%} of the rows only: most participants gave too few."
        )
        finding = not_run(RELIABLE, subject, text, remedy=_MORE)
    else:
        text = (
            f"All {len(found.standings):,} participants of dataset {dataset.name} agree with {known} as their peers "
            f"do; {spoiled} of one participant would have been noticed for {found.noticed:.0%} of the rows."
        )
        finding = holds(RELIABLE, subject, text, measure=measure)
    return replace(finding, detail={"noticed": round(found.noticed, 4), **pictured([_funnel(found)])})


def _funnel(found: Reliability) -> Funnel:
    from scipy.stats import binom

    telling = sorted(found.standings, key=lambda s: (s.p_value, -s.rows, s.participant))[:_POINTS]
    points = tuple(
        Point(name=short(s.participant), n=s.rows, value=s.agreed / s.rows, flagged=s.unreliable) for s in telling
    )
    sizes = sorted({s.rows for s in telling})
    chosen = sizes[:: max(1, len(sizes) // 40)]
    limits = tuple(
        (float(n), float(binom.ppf(0.001, n, found.centre)) / n, float(binom.ppf(0.999, n, found.centre)) / n)
        for n in chosen
    )
    return Funnel(
        title="Agreement of each participant", unit="rows that agree", points=points, centre=found.centre, limits=limits
    )


_NAME = Remedy(text="Write into each row who gave it, and declare that column as 'contributor'.", effort=Level.MEDIUM)
_MORE = Remedy(
    text="Have people label rows that several participants gave, as a dataset with 'trusted = true' and the same "
    "identifiers, or collect more rows of each participant.",
    effort=Level.MEDIUM,
)
_WITHHOLD = Remedy(
    text="Withhold the rows of these participants until a person looked at a sample of them; weight the others by "
    "redan.measures.participants.scores.",
    effort=Level.MEDIUM,
)
