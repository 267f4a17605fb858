"""What monitors found, as Prometheus shows it; no name of a client is among the labels.

Source: research, section 6 (`redan_drift_evalue`, `redan_shadow_disagreement_total`).
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from redan.gateway.watching import Watching
from redan.gateway.watching_model import Monitors

if TYPE_CHECKING:
    from prometheus_client.core import Metric


def families(watching: Watching) -> "Iterator[Metric]":
    """Everything that monitors count."""
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    models = sorted(watching.models.items())
    for name, text, number in (
        ("redan_monitor_dropped", "Answers that no monitor looked at.", watching.dropped),
        ("redan_monitor_failed", "Batches in which a monitor broke.", watching.failed),
    ):
        yield CounterMetricFamily(name, text, value=number)
    yield GaugeMetricFamily("redan_monitor_waiting", "Answers that wait for monitors.", value=watching.waiting)
    yield GaugeMetricFamily("redan_monitor_measures_held", "Measures that hold now.", value=len(watching.force))
    drift = GaugeMetricFamily("redan_drift_evalue", "Evidence that inputs have changed.", labels=["model"])
    valid = GaugeMetricFamily("redan_coverage_valid", "Whether no drift was found.", labels=["model"])
    for model, one in models:
        valid.add_metric([model], float(one.valid))
        if one.drift is not None:
            drift.add_metric([model], one.drift.evidence)
    yield from (drift, valid)
    yield from _clients(models)
    yield from _beside(models)


def _clients(models: list[tuple[str, Monitors]]) -> "Iterator[Metric]":
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    labels = ["model", "monitor"]
    rows = CounterMetricFamily("redan_monitor_rows", "Rows that monitors looked at.", labels=labels)
    hits = CounterMetricFamily("redan_monitor_hits", "Rows among them that count.", labels=labels)
    evidence = GaugeMetricFamily("redan_monitor_evalue", "Evidence against all clients together.", labels=labels)
    measures = CounterMetricFamily("redan_monitor_measures", "Measures by their factor.", labels=[*labels, "factor"])
    known = GaugeMetricFamily("redan_monitor_clients", "Clients that are remembered.", labels=["model"])
    for model, one in models:
        if one.watch is None:
            continue
        known.add_metric([model], len(one.watch.clients))
        for looked, tally in zip(one.watch.looked, one.watch.tallies, strict=True):
            at = [model, looked.detector.name]
            rows.add_metric(at, tally.rows)
            hits.add_metric(at, tally.hits)
            evidence.add_metric(at, tally.everyone.value(0))
            for factor, count in sorted(tally.measures.items()):
                measures.add_metric([*at, f"{factor:g}"], count)
    yield from (rows, hits, evidence, measures, known)


def _beside(models: list[tuple[str, Monitors]]) -> "Iterator[Metric]":
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    labels = ["model", "beside"]
    rows = CounterMetricFamily("redan_shadow_rows", "Rows that a model beside answered.", labels=labels)
    apart = CounterMetricFamily("redan_shadow_disagreement", "Rows on which it differed.", labels=labels)
    parted = GaugeMetricFamily("redan_shadow_evalue", "Evidence that they differ too often.", labels=labels)
    worse = GaugeMetricFamily("redan_shadow_better_evalue", "Evidence that it is right more often.", labels=labels)
    joined = CounterMetricFamily("redan_labels", "Labels joined to answers.", labels=["model"])
    right = CounterMetricFamily("redan_labels_right", "Labels that the answer agreed with.", labels=["model"])
    for model, one in models:
        if one.labels:
            joined.add_metric([model], one.joined)
            right.add_metric([model], one.right)
        for kind, shadow in sorted(one.shadows.items()):
            rows.add_metric([model, kind], one.compared.get(kind, 0))
            apart.add_metric([model, kind], one.parted.get(kind, 0))
            parted.add_metric([model, kind], shadow.apart.value)
            worse.add_metric([model, kind], shadow.worse.value)
    yield from (rows, apart, parted, worse, joined, right)
