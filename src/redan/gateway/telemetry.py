"""Metrics and traces for an OpenTelemetry collector, sent only where one is declared.

Metrics cost nothing while requests are answered: every few seconds a thread sends the counters that are there. Of
the requests one in a hundred becomes a span, drawn here and never by what a client sends, and every one that failed by
our own fault. A span names the route, the model and the decision; neither a client nor a value of a request is in it.

Source: OpenTelemetry protocol 1.x (OTLP over HTTP); semantic conventions for HTTP 1.23 and later (names, units);
W3C Trace Context (the parent that a client names).
"""

import random
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from redan.errors import MissingExtraError
from redan.gateway.metrics import INFER, ROUTES, Histogram, Metrics
from redan.gateway.steps import Decided

if TYPE_CHECKING:
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.sdk.trace import TracerProvider

EVERY_S: Final = 15.0
_TIMEOUT_S: Final = 5.0
_TRACED: Final = 100  # of so many requests one, on average
_WAITING: Final = 2048  # spans that wait to be sent; more are dropped
_FAULT: Final = 500
_NANO: Final = 1_000_000_000
_SCOPE: Final = "redan.gateway"


@dataclass(slots=True)
class Telemetry:
    """Sends what is counted, and spans of a sample of the requests.

    Args:
        metrics: that are sent.
        exporter: of them.
        provider: of the tracer.
        started: seconds since the epoch, from which is counted.
        rng: draws the sample.
    """

    metrics: Metrics
    exporter: "OTLPMetricExporter"
    provider: "TracerProvider"
    started: float
    rng: random.Random = field(repr=False)
    _tracer: Any = field(init=False, repr=False)
    _untraced: int = 0

    def __post_init__(self) -> None:
        """The tracer is asked for once."""
        self._tracer = self.provider.get_tracer(_SCOPE, version("redan"))

    def decided(self, one: Decided, event: str = "") -> None:  # noqa: ARG002 -- as every watcher is told
        """Takes a decision in; most of them at the cost of a subtraction."""
        refused = one.refusal
        if self._untraced > 0 and (refused is None or refused.problem.status < _FAULT):
            self._untraced -= 1
            return
        self._untraced = self.rng.randrange(2 * _TRACED)
        self._span(one, time.time())

    def _span(self, one: Decided, now: float) -> None:
        from opentelemetry.trace import SpanKind, Status, StatusCode
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        flow, refused = one
        method, route = ROUTES.get(str(flow.notes.get("asked", INFER)), ("", ""))
        status = 200 if refused is None else refused.problem.status
        about: dict[str, str | int] = {
            "http.request.method": method,
            "http.route": route,
            "http.response.status_code": status,
            "redan.decision": "passed" if refused is None else refused.problem.slug,
        }
        if refused is None or flow.identity is not None:
            about["redan.model"] = flow.model  # of nobody, it may be any text
        if refused is not None:
            about["redan.guard"] = refused.guard
        if status >= _FAULT:
            about["error.type"] = str(status)
        parent = flow.fields.get(b"traceparent", b"").decode("ascii", "replace")
        span = self._tracer.start_span(
            f"{method} {route}",
            TraceContextTextMapPropagator().extract({"traceparent": parent}),
            SpanKind.SERVER,
            about,
            start_time=int(flow.request.now * _NANO),
        )
        if status >= _FAULT:
            span.set_status(Status(StatusCode.ERROR))
        span.end(int(max(now, flow.request.now) * _NANO))

    def send(self, now: float) -> bool:
        """Sends the metrics as they stand; waits for the collector, and belongs into a thread.

        Args:
            now: seconds since the epoch.

        Returns:
            Whether the collector took them; what it did not take is in what it is sent next, as counts go on.
        """
        from opentelemetry.sdk.metrics.export import MetricExportResult, MetricsData, ResourceMetrics, ScopeMetrics
        from opentelemetry.sdk.util.instrumentation import InstrumentationScope

        scope = ScopeMetrics(InstrumentationScope(_SCOPE, version("redan")), list(self._told(now)), "")
        told = MetricsData([ResourceMetrics(self.provider.resource, [scope], "")])
        return self.exporter.export(told, timeout_millis=_TIMEOUT_S * 1e3) is MetricExportResult.SUCCESS

    def _told(self, now: float) -> "Iterator[Any]":
        metrics = self.metrics
        yield self._histogram(
            "http.server.request.duration", "s", {_route(*key): held for key, held in metrics.seconds.items()}, now
        )
        yield self._histogram("http.server.request.body.size", "By", {(): metrics.asked}, now)
        yield self._histogram("http.server.response.body.size", "By", {(): metrics.given}, now)
        guards = {(("guard", name),): held for name, held in metrics.guards.items()}
        yield self._histogram("redan.guard.duration", "s", guards, now)
        decisions = {(("guard", guard), ("decision", slug)): n for (guard, slug), n in metrics.decisions.items()}
        passed = {(("guard", "all"), ("decision", "passed")): metrics.passed}
        yield self._numbers("redan.guard.decisions", passed | decisions, now, counter=True)
        for name, family in metrics.families.items():
            values = {
                tuple((label, value) for label, value in zip(family.labels, labels, strict=True) if value): number
                for labels, number in family.values().items()
            }
            yield self._numbers(_dotted(name), values, now, counter=family.counter)

    def _histogram(self, name: str, unit: str, held: "Mapping[Any, Histogram]", now: float) -> Any:  # noqa: ANN401
        from opentelemetry.sdk.metrics.export import AggregationTemporality, HistogramDataPoint, Metric
        from opentelemetry.sdk.metrics.export import Histogram as Points

        points = [
            HistogramDataPoint(
                attributes=dict(about),
                start_time_unix_nano=int(self.started * _NANO),
                time_unix_nano=int(now * _NANO),
                count=sum(one.counts),
                sum=one.total,
                bucket_counts=list(one.counts),
                explicit_bounds=list(one.bounds),
                min=None,  # optional in the protocol
                max=None,
            )
            for about, one in held.items()
        ]
        return Metric(name, "", unit, Points(points, AggregationTemporality.CUMULATIVE))

    def _numbers(self, name: str, values: "Mapping[Any, float]", now: float, *, counter: bool) -> Any:  # noqa: ANN401
        from opentelemetry.sdk.metrics.export import AggregationTemporality, Gauge, Metric, NumberDataPoint, Sum

        start, at = int(self.started * _NANO), int(now * _NANO)
        points = [NumberDataPoint(dict(about), start, at, value) for about, value in values.items()]
        data = Sum(points, AggregationTemporality.CUMULATIVE, is_monotonic=True) if counter else Gauge(points)
        return Metric(name, "", "1", data)

    def close(self) -> None:
        """Sends what is left, and ends; a collector that does not answer is not waited for beyond its seconds."""
        self.send(time.time())
        self.exporter.shutdown()
        self.provider.shutdown()


def telemetry(url: str, metrics: Metrics, now: float) -> Telemetry:
    """What sends to a collector.

    Args:
        url: of the collector, without the path of a signal, such as `http://127.0.0.1:4318`.
        metrics: that are sent.
        now: seconds since the epoch.

    Raises:
        MissingExtraError: OpenTelemetry is not installed.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.sampling import ALWAYS_ON
    except ImportError as error:
        raise MissingExtraError("otel", "opentelemetry-sdk") from error
    base = url.rstrip("/")
    about = Resource.create({"service.name": "redan-gateway", "service.version": version("redan")})
    provider = TracerProvider(sampler=ALWAYS_ON, resource=about, shutdown_on_exit=False)
    spans = OTLPSpanExporter(f"{base}/v1/traces", timeout=_TIMEOUT_S)
    provider.add_span_processor(BatchSpanProcessor(spans, max_queue_size=_WAITING))
    return Telemetry(
        metrics,
        OTLPMetricExporter(f"{base}/v1/metrics", timeout=_TIMEOUT_S),
        provider,
        now,
        random.Random(),  # noqa: S311 -- which requests are looked at is no secret
    )


def _route(kind: str, status: int) -> tuple[tuple[str, str | int], ...]:
    """The attributes of a request."""
    method, route = ROUTES.get(kind, ("", ""))
    found: tuple[tuple[str, str | int], ...] = (
        ("http.request.method", method),
        ("http.route", route),
        ("http.response.status_code", status),
    )
    return (*found, ("error.type", str(status))) if status >= _FAULT else found


def _dotted(name: str) -> str:
    """A name as OpenTelemetry writes it: the first word is the namespace."""
    return (
        name.removesuffix("_total")
        .replace("http_server_active_requests", "http.server.active_requests")
        .replace("redan_", "redan.")
    )
