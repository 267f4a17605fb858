"""Load before training: volume, shares of classes, silence, and a fair sample of what is above the limit."""

from collections.abc import Iterator
from dataclasses import replace

from redan.artifacts.dataset_file import DatasetFile
from redan.controls.aips_poi.poi_02_load_is_evaluated_before_training.feed import FED, Feed, each_fed
from redan.controls.contract import Check, Have
from redan.controls.statement import place
from redan.errors import IncompleteError
from redan.findings import Finding, Measure, Remedy, broken, not_applicable, not_run
from redan.measures.load import arrivals, over_limit
from redan.measures.load import findings as say
from redan.measures.load.arrivals import classes_of
from redan.measures.load.moments import cut_in_order, drawn_in_order, moments_of
from redan.measures.load.overload import Overload
from redan.system.records import Dataset
from redan.terms import Level, Outcome, Stage, Tier


def _volume(have: Have) -> Iterator[Finding]:
    feed = Feed(have)
    source = feed.source
    single = [d for d in feed.arrived if d.sources == (source.name,)]
    if source.volume and not source.every and single and all(d.time is None for d in single):
        yield from (_one_delivery(feed, dataset) for dataset in single)
        return
    try:
        days = feed.days(feed.arrived)
    except IncompleteError as error:
        yield _untold(feed, say.VOLUME, "The volume", error)
        return
    yield _placed(feed, say.volume_finding(feed.about, days, source.every, source.volume))


def _one_delivery(feed: Feed, dataset: Dataset) -> Finding:
    """A dataset without times, of a source that does not say how often it delivers, is one delivery."""
    low, high = feed.source.volume or (0.0, 0.0)
    rows = feed.table(dataset).rows
    outside = float(not low <= rows <= high)
    measure = Measure(name="intervals_out_of_range", value=outside, n=1, threshold=0.0, unit="intervals")
    usual = f"{low:,.0f} to {high:,.0f} are usual"
    text = f"Dataset {dataset.name}, one delivery of {feed.about.name}, holds {rows:,} rows; {usual}."
    if outside:
        advice = Remedy(
            text="Hold the delivery back until a person knows why it is so large or small.", effort=Level.LOW
        )
        return _placed(feed, broken(say.VOLUME, feed.about.subject, text, advice, part=dataset.name, measure=measure))
    finding = Finding(
        check=say.VOLUME,
        subject=feed.about.subject,
        outcome=Outcome.HOLDS,
        message=text,
        part=dataset.name,
        measure=measure,
    )
    return _placed(feed, finding)


def _floods(have: Have) -> Iterator[Finding]:
    feed = Feed(have)
    labelled = tuple(d for d in feed.arrived if d.label is not None)
    if not labelled:
        yield not_applicable(say.FLOODS, feed.about.subject, f"No dataset of {feed.about.name} has a label.")
        return
    compared = [d for d in labelled if _reference(feed, d) is not None]
    for dataset in compared:
        yield _placed(feed, replace(_against(feed, dataset), part=dataset.name))
    rest = tuple(d for d in labelled if d not in compared)
    timed = rest or tuple(d for d in labelled if d.time is not None)
    if not timed:
        return
    try:
        days = feed.days(timed, labelled=True)
    except IncompleteError as error:
        if rest:
            yield _untold(feed, say.FLOODS, "The share of each class", error)
        return
    found = say.flood_finding(feed.about, days, feed.source.every)
    if rest or found.outcome is not Outcome.NOT_RUN:
        yield _placed(feed, found)


def _reference(feed: Feed, dataset: Dataset) -> Dataset | None:
    """The dataset that the class shares are compared with, when it has been read."""
    known = {d.name: d for d in feed.read}
    named = known.get(dataset.reference or "")
    trusted = [d for d in feed.datasets if d.trusted and d.label == dataset.label and d is not dataset]
    return named if named is not None and named.label is not None else next(iter(trusted), None)


def _against(feed: Feed, dataset: Dataset) -> Finding:
    other = _reference(feed, dataset) or dataset
    try:
        ours, theirs = (classes_of(feed.table(d), d.label or "") for d in (dataset, other))
    except IncompleteError as error:
        return _untold(feed, say.FLOODS, "The share of each class", error)
    about = say.About(feed.about.subject, f"dataset {dataset.name}")
    return say.reference_finding(about, ours, theirs, f"dataset {other.name}")


def _stalled(have: Have) -> Iterator[Finding]:
    feed = Feed(have)
    try:
        days = feed.days(feed.arrived)
    except IncompleteError as error:
        yield _untold(feed, say.STALLED, "Whether deliveries were missed", error)
        return
    arriving = have.system.about.stage is Stage.OPERATION and any(d.role in {"current", "site"} for d in feed.arrived)
    yield _placed(feed, say.stall_finding(feed.about, days, feed.source.every, have.now if arriving else None))


def _overload(have: Have) -> Iterator[Finding]:
    feed = Feed(have)
    source = feed.source
    if source.limit is None:
        if source.kind not in FED:
            yield not_applicable(
                say.SAMPLED, feed.about.subject, f"{feed.about.name} has no limit, and nobody feeds it."
            )
            return
        text = f"Nothing bounds what {feed.about.name} can push into training: it declares no 'limit'."
        advice = Remedy(
            text="Declare 'limit', the most rows of one interval that are used, and sample what is above it, "
            "such as redan.defences.sampling.fair_sample does.",
            effort=Level.LOW,
        )
        yield _placed(feed, broken(say.SAMPLED, feed.about.subject, text, advice))
        return
    try:
        found, why = _limited(feed, source.limit)
    except IncompleteError as error:
        yield _untold(feed, say.SAMPLED, "Whether data above the limit was sampled", error)
        return
    yield _placed(feed, say.overload_finding(feed.about, found, why))


def _limited(feed: Feed, limit: int) -> tuple[Overload, str]:
    """The used rows against the limit, and what the test of fairness lacks."""
    every, seed = feed.source.every, int(feed.have.rng.integers(2**31 - 1))
    used = arrivals(feed.days(feed.used), every)
    pooled = [d for d in feed.used if d.drawn_from in {p.name for p in feed.datasets}]
    if len(feed.used) == 1 and pooled:
        set_, pool = pooled[0], next(p for p in feed.datasets if p.name == pooled[0].drawn_from)
        sent = arrivals(feed.days((pool,)), every)
        found = over_limit(used, limit, sent)
        if found.over or not (sent.totals > limit).any():
            return replace(found, full=()), ""
        who = set_.contributor if set_.contributor and set_.contributor == pool.contributor else None
        all_, taken = (moments_of(feed.table(d), d.time or "", who, seed) for d in (pool, set_))
        order = drawn_in_order(all_, taken, sent, limit)
        full = tuple(range(int((sent.totals > limit).sum())))
        if order is None:
            return replace(found, full=full), "the times of arrival are too coarse"
        return replace(found, full=full, p_value=order.p_value, rows=order.rows), ""
    found = over_limit(used, limit)
    if found.over or not found.full or len(feed.used) != 1:
        return found, "the full intervals are spread over several datasets"
    taken = moments_of(feed.table(feed.used[0]), feed.used[0].time or "", None, seed)
    p_value, rows = cut_in_order(taken, used, found.full)
    return replace(found, p_value=p_value, rows=rows), "no contributions were kept to compare with"


def _untold(feed: Feed, check: str, what: str, error: IncompleteError) -> Finding:
    advice = Remedy(
        text="Declare 'time' at each dataset of the source, and describe the rows of each source as a dataset.",
        effort=Level.LOW,
    )
    text = f"{what} of {feed.about.name} cannot be told: {error.what}."
    return _placed(feed, not_run(check, feed.about.subject, text, remedy=advice))


def _placed(feed: Feed, finding: Finding) -> Finding:
    return replace(finding, location=place(feed.have.system, feed.about.subject))


CHECKS = tuple(
    Check(id=id_, subjects=each_fed, run=run, needs=(DatasetFile,), tier=Tier.SECONDS, dated=dated)
    for id_, run, dated in (
        (say.VOLUME, _volume, False),
        (say.FLOODS, _floods, False),
        (say.STALLED, _stalled, True),
        (say.SAMPLED, _overload, False),
    )
)
