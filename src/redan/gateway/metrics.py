"""Counters of the data plane: plain numbers while requests are answered, Prometheus' text when somebody asks.

Source: research, section 6 (names); OpenTelemetry semantic conventions for HTTP metrics; MLServer's names as aliases.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from prometheus_client.core import Metric

Labels: TypeAlias = tuple[str, ...]
SECONDS: Final = (
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
_GUARD_SECONDS: Final = (1e-6, 2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 1e-2, 1e-1)
_BYTES: Final = (256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304)
_OK: Final = 200
_FAULT: Final = 500
INFER: Final = "infer"
ROUTES: Final = MappingProxyType(  # as OpenTelemetry's http.route: the path's pattern, never the path
    {
        INFER: ("POST", "/v2/models/{model}/infer"),
        "model": ("GET", "/v2/models/{model}"),
        "model-ready": ("GET", "/v2/models/{model}/ready"),
        "feedback": ("POST", "/v2/models/{model}/feedback"),
        "server": ("GET", "/v2"),
    }
)


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


class Family(NamedTuple):
    """Numbers that are asked for when they are shown.

    Args:
        text: what they are.
        labels: names of the labels.
        values: by values of the labels; an empty value is no label.
        counter: whether they only rise.
    """

    text: str
    labels: Labels
    values: Callable[[], Mapping[Labels, float]]
    counter: bool = False


@dataclass(slots=True)
class Metrics:
    """What is counted.

    Args:
        decisions: refusals by guard and the slug of the problem.
        statuses: answers by model and status.
        seconds: from the last byte of a request to its decision, by the kind of its route and status.
        asked: bytes of questions.
        more: give further families when everything is shown.
        given: bytes of answers and refusals.
        guards: seconds of guards, of a sample of the requests.
        families: numbers that are asked for when they are shown, by name.
    """

    decisions: Counter[tuple[str, str]] = field(default_factory=Counter)
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    seconds: dict[tuple[str, int], Histogram] = field(default_factory=dict)
    asked: Histogram = field(default_factory=lambda: Histogram(_BYTES))
    given: Histogram = field(default_factory=lambda: Histogram(_BYTES))
    guards: dict[str, Histogram] = field(default_factory=dict)
    families: dict[str, Family] = field(default_factory=dict)

    more: "list[Callable[[], Iterable[Metric]]]" = field(default_factory=list)

    @property
    def passed(self) -> int:
        """Answered."""
        return sum(count for (_, status), count in self.statuses.items() if status == _OK)

    @property
    def refused(self) -> int:
        """Not answered."""
        return sum(self.decisions.values())

    def took(self, kind: str, status: int, seconds: float, size: int) -> None:
        """Counts a request that was decided.

        Args:
            kind: of its route.
            status: of HTTP.
            seconds: from its last byte to the decision.
            size: bytes of its body.
        """
        held = self.seconds.get((kind, status))
        if held is None:
            held = self.seconds[kind, status] = Histogram(SECONDS)
        held.add(seconds)
        if kind == INFER:
            self.asked.add(size)

    def guard(self, name: str) -> Histogram:
        """The seconds of one guard."""
        return self.guards.setdefault(name, Histogram(_GUARD_SECONDS))

    def gauge(self, name: str, text: str, value: Callable[[], Mapping[str, float]]) -> None:
        """Shows numbers besides, by model; the empty string where there is no model."""
        self.families[name] = Family(text, ("model",), lambda: {(model,): found for model, found in value().items()})

    def collect(self) -> "Iterator[Metric]":
        """Everything, as prometheus_client's registries collect it."""
        yield from self._counters()
        yield from self._histograms()
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        for name, family in sorted(self.families.items()):
            kind = CounterMetricFamily if family.counter else GaugeMetricFamily
            shown = kind(name.removesuffix("_total") if family.counter else name, family.text, labels=family.labels)
            for labels, number in sorted(family.values().items()):
                shown.add_metric(list(labels), number)
            yield shown

    def _counters(self) -> "Iterator[Metric]":
        from prometheus_client.core import CounterMetricFamily

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
                sums[model] += count if (status == _OK) is good else 0
            for model in sorted(sums):
                alias.add_metric([model], sums[model])
            yield alias

    def _histograms(self) -> "Iterator[Metric]":
        from prometheus_client.core import HistogramMetricFamily

        named = ["http_request_method", "http_route", "http_response_status_code", "error_type"]
        text = "From the last byte of a request to its decision."
        duration = HistogramMetricFamily("http_server_request_duration_seconds", text, labels=named)
        for (kind, status), held in sorted(self.seconds.items()):
            fault = str(status) if status >= _FAULT else ""
            duration.add_metric([*ROUTES.get(kind, ("", "")), str(status), fault], held.buckets(), held.total)
        yield duration
        for name, text, held in (
            ("http_server_request_body_size_bytes", "Bytes of questions.", self.asked),
            ("http_server_response_body_size_bytes", "Bytes of answers and refusals.", self.given),
        ):
            yield HistogramMetricFamily(name, text, buckets=held.buckets(), sum_value=held.total)
        guards = HistogramMetricFamily(
            "redan_guard_seconds", "Seconds of each guard, of a sample of the questions.", labels=["guard"]
        )
        for name, held in sorted(self.guards.items()):
            guards.add_metric([name], held.buckets(), held.total)
        yield guards
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
