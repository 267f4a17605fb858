"""What a collector of OpenTelemetry is sent, where one is declared; nothing where none is."""

import http.server
import threading
import time

import pytest

from gateway import houses
from gateway.pages import ask
from gateway.test_guarded import project
from redan.errors import ConfigError, MissingExtraError
from redan.exchange.flow import Flow, Identity
from redan.exchange.message import Request
from redan.exchange.problem import Problem, Refusal
from redan.gateway.assembly import assemble
from redan.gateway.steps import Decided


@pytest.fixture
def collector():
    """A collector that keeps what it is sent: address, and bodies by path."""
    kept = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            kept.setdefault(self.path, []).append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_):
            """Says nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", kept
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_address_that_is_none_is_refused(tmp_path):
    """Before anything starts."""
    for text in ("collector:4318", "ftp://x", "http://", "http://x/?a=b"):
        houses.project(tmp_path / "p", gateway=f'telemetry = "{text}"')
        with pytest.raises(ConfigError, match="collector"):
            houses.read(tmp_path / "p")


def test_without_the_extra_a_declared_collector_is_a_clear_refusal(tmp_path):
    """Never silence: what is declared and cannot be done stops the start."""
    try:
        import opentelemetry.sdk  # noqa: F401
    except ImportError:
        folder = houses.project(tmp_path / "p", gateway='telemetry = "http://127.0.0.1:4318"')
        with pytest.raises(MissingExtraError, match="opentelemetry"):
            assemble(houses.read(folder))


def test_nothing_is_imported_or_sent_where_nothing_is_declared(tmp_path):
    """The gateway holds no sender."""
    with houses.gateway(tmp_path / "p") as made:
        assert made.telemetry is None


def test_metrics_arrive_under_their_names(tmp_path, collector):
    """Counts, buckets and attributes, decoded by the protocol's own messages; no name of a client."""
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http")
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

    url, kept = collector
    with houses.gateway(project(tmp_path / "p", gateway=f'telemetry = "{url}"')) as made:
        ask(made.plane, 3)
        ask(made.plane, 1, good=False)
        assert made.telemetry.send(time.time())
    told = ExportMetricsServiceRequest()
    told.ParseFromString(kept["/v1/metrics"][0])
    assert b"alice" not in kept["/v1/metrics"][0]
    found = {one.name: one for one in told.resource_metrics[0].scope_metrics[0].metrics}
    seconds = found["http.server.request.duration"]
    assert seconds.unit == "s"
    counts = {
        next(a.value.int_value for a in point.attributes if a.key == "http.response.status_code"): point.count
        for point in seconds.histogram.data_points
    }
    assert counts == {200: 3, 401: 1}
    assert found["http.server.request.body.size"].histogram.data_points[0].count == 4
    assert sum(point.as_int for point in found["redan.guard.decisions"].sum.data_points) == 4
    assert {"redan.budget_remaining", "redan.model_verified", "http.server.active_requests"} <= set(found)


def test_spans_are_a_sample_and_every_fault(tmp_path, collector):
    """A hundred requests give about one, each of our own faults gives one; a client's word changes nothing but the parent."""
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http")
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    url, kept = collector
    parent = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with houses.gateway(houses.project(tmp_path / "p", gateway=f'telemetry = "{url}"')) as made:
        request = Request("POST", b"/", b"", ((b"traceparent", parent),), b"", "", time.time())
        for place in range(1000):
            flow = Flow(request, "churn")
            flow.identity = Identity("alice", frozenset({"*"}))
            fault = Refusal(Problem.BROKEN, "gateway") if place % 100 == 7 else None
            made.telemetry.decided(Decided(flow, fault))
        strange = Flow(request._replace(headers=((b"traceparent", b"\xff; drop"),)), "x" * 50)
        made.telemetry.decided(Decided(strange, Refusal(Problem.BROKEN, "gateway")))
        made.telemetry.provider.force_flush()
    spans = []
    for body in kept["/v1/traces"]:
        told = ExportTraceServiceRequest()
        told.ParseFromString(body)
        spans += told.resource_spans[0].scope_spans[0].spans
        assert b"alice" not in body
        assert b"xxxx" not in body
    faults = [one for one in spans if any(a.key == "error.type" for a in one.attributes)]
    assert len(faults) == 11
    assert 11 <= len(spans) <= 60
    assert {one.name for one in spans} == {"POST /v2/models/{model}/infer"}
    assert sum(one.trace_id.hex() == "0af7651916cd43dd8448eb211c80319c" for one in spans) == len(spans) - 1


def test_a_collector_that_is_not_there_costs_nobody_an_answer(tmp_path):
    """Questions are answered; the sender says that it could not send."""
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http")
    with houses.gateway(houses.project(tmp_path / "p", gateway='telemetry = "http://127.0.0.1:9"')) as made:
        assert houses.asked(made.plane)[0] == 200
        made.telemetry.exporter._timeout = 0.2
