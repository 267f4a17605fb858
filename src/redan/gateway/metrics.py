"""Counters of the data plane: plain numbers while requests are answered, Prometheus' text when somebody asks.

Source: research, section 6 (names); OpenTelemetry semantic conventions for HTTP metrics; MLServer's names as aliases.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from prometheus_client.core import Metric

_SECONDS: Final = (
    0.0001,
    0.00025,
    0.0005,
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
)
_BYTES: Final = (256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304)


@dataclass(slots=True)
class Histogram:
    """Numbers in buckets.

    Args:
        bounds: upper ends, ascending.
    """

    bounds: tuple[float, ...]
    counts: list[int] = field(default_factory=list)
    total: float = 0.0

    def __post_init__(self) -> None:
        self.counts = [0] * (len(self.bounds) + 1)

    def add(self, value: float) -> None:
        """Counts one."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def buckets(self) -> list[tuple[str, float]]:
        """Cumulated, as Prometheus has them."""
        found, sum_ = [], 0
        for bound, count in zip((*self.bounds, float("inf")), self.counts, strict=True):
            sum_ += count
            found.append(("+Inf" if bound == float("inf") else repr(float(bound)), float(sum_)))
        return found


@dataclass(slots=True)
class Metrics:
    """What is counted.

    Args:
        decisions: refusals by guard and the slug of the problem.
        statuses: answers by model and status.
        seconds: from the last byte of a request to its decision.
        asked: bytes of questions.
        more: give further families when everything is shown.
        gauges: numbers that are asked for when they are shown, by name and help.
    """

    decisions: Counter[tuple[str, str]] = field(default_factory=Counter)
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    seconds: Histogram = field(default_factory=lambda: Histogram(_SECONDS))
    asked: Histogram = field(default_factory=lambda: Histogram(_BYTES))
    gauges: dict[str, tuple[str, Callable[[], Mapping[str, float]]]] = field(default_factory=dict)

    more: "list[Callable[[], Iterable[Metric]]]" = field(default_factory=list)

    @property
    def passed(self) -> int:
        """Answered."""
        return sum(count for (_, status), count in self.statuses.items() if status == 200)  # noqa: PLR2004

    def gauge(self, name: str, text: str, value: Callable[[], Mapping[str, float]]) -> None:
        """Shows numbers besides, by model; the empty string where there is no model."""
        self.gauges[name] = (text, value)

    def collect(self) -> "Iterable[Metric]":
        """Everything, as prometheus_client's registries collect it."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

        decided = CounterMetricFamily("redan_guard_decisions", "Decisions by guard.", labels=["guard", "decision"])
        decided.add_metric(["all", "passed"], self.passed)
        for (guard, decision), count in sorted(self.decisions.items()):
            decided.add_metric([guard, decision], count)
        yield decided
        answered = CounterMetricFamily("redan_requests", "Answers by model and status.", labels=["model", "status"])
        for (model, status), count in sorted(self.statuses.items()):
            answered.add_metric([model, str(status)], count)
        yield answered
        for name, good in (("model_infer_request_success", True), ("model_infer_request_failure", False)):
            alias = CounterMetricFamily(name, "As MLServer calls it.", labels=["model"])
            sums: Counter[str] = Counter()
            for (model, status), count in self.statuses.items():
                sums[model] += count if (status == 200) is good else 0  # noqa: PLR2004
            for model in sorted(sums):
                alias.add_metric([model], sums[model])
            yield alias
        yield HistogramMetricFamily(
            "http_server_request_duration_seconds",
            "From the last byte of a question to its decision.",
            buckets=self.seconds.buckets(),
            sum_value=self.seconds.total,
        )
        yield HistogramMetricFamily(
            "http_server_request_body_size_bytes",
            "Bytes of questions.",
            buckets=self.asked.buckets(),
            sum_value=self.asked.total,
        )
        for name, (text, value) in sorted(self.gauges.items()):
            shown = GaugeMetricFamily(name, text, labels=["model"])
            for model, number in sorted(value().items()):
                shown.add_metric([model], number)
            yield shown
        for further in self.more:
            yield from further()

    def text(self) -> bytes:
        """The exposition format of Prometheus."""
        from prometheus_client import CollectorRegistry, generate_latest

        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Collector(self))
        return generate_latest(registry)


@dataclass(frozen=True, slots=True, eq=False)
class _Collector:
    metrics: Metrics

    def collect(self) -> "Iterable[Metric]":
        return self.metrics.collect()
