"""The data plane without sockets: what is told, to whom, and what is refused."""

import asyncio
import json

import pytest

from gateway import houses
from redan.gateway import assembly
from redan.gateway.asgi import DataPlane

ROUTES = [
    "/v2",
    "/v2/",
    "/v2/models/churn",
    "/v2/models/churn/ready",
    "/v2/models/churn/infer",
    "/v2/models/other",
    "/v2/models/other/infer",
    "/v2/models/churn/versions/1",
    "/v2/models/churn/versions/1/ready",
    "/v2/models/churn/versions/1/infer",
    "/v2/repository/index",
    "/v2/repository/models/churn/load",
    "/v2/models",
    "/v2/models/",
    "/v2//models/churn",
    "/v2/models/churn/../churn",
    "/v2/models/%63hurn",
    "/v2/models/%2e%2e/churn",
    "/v2/models/..",
    "/V2/models/churn",
    "/v2/health/live/",
    "/v2/health/../models/churn",
    "/metrics",
    "/openapi.json",
    "/docs",
    "/admin",
    "/health",
    "/models",
    "/predictions/churn",
    "/invocations",
    "/",
    "",
    "*",
    "http://x/v2/models/churn",
]
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "POST "]


@pytest.fixture
def locked(tmp_path, monkeypatch):
    """A gateway that knows one client."""
    monkeypatch.setattr(assembly, "guards_of", houses.locked)
    with houses.gateway(tmp_path / "p") as made:
        yield made.plane


@pytest.fixture
def plane(tmp_path):
    """A gateway that knows nobody."""
    with houses.gateway(tmp_path / "p") as made:
        yield made.plane


def test_every_route_refuses_every_method_without_credentials(locked):
    """R1, R3, R4, R5: nothing but the two health checks answers a stranger, whatever the method or the spelling."""

    async def each():
        return {
            (method, path): (await houses.ask(locked, method, path, body=houses.BODY if method == "POST" else b""))[0]
            for path in ROUTES
            for method in METHODS
        }

    statuses = asyncio.run(each())
    assert {key: status for key, status in statuses.items() if status not in {401, 404, 405}} == {}
    assert statuses["GET", "/v2/models/churn"] == statuses["POST", "/v2/models/churn/infer"] == 401
    assert statuses["GET", "/v2/models/other"] == statuses["POST", "/v2/models/other/infer"] == 401
    assert statuses["DELETE", "/v2/models/churn"] == 405


def test_with_credentials_the_same_routes_answer(locked):
    """The test above does not pass because nothing answers at all."""
    good = [("authorization", "Bearer good")]
    assert houses.asked(locked, "GET", "/v2/models/churn", b"", good)[0] == 200
    assert houses.asked(locked, headers=good)[0] == 200
    assert houses.asked(locked, "GET", "/v2/models/other", b"", good)[0] == 404
    assert houses.asked(locked, "POST", "/v2/models/other/infer", headers=good)[0] == 404


@pytest.mark.parametrize("path", ["/v2/health/live", "/v2/health/ready"])
def test_health_is_told_to_everybody_by_get_alone(locked, path):
    """A status and nothing about the models."""
    status, _, body = houses.asked(locked, "GET", path, b"")
    assert status == 200
    assert b"churn" not in body
    assert houses.asked(locked, "HEAD", path, b"")[0] == 405


def test_a_method_that_is_not_taken_names_the_one_that_is(plane):
    """RFC 9110 section 15.5.6."""
    assert houses.asked(plane, "OPTIONS", "/v2/models/churn/infer", b"")[1][b"allow"] == b"POST"
    assert houses.asked(plane, "HEAD", "/v2/models/churn", b"")[1][b"allow"] == b"GET"


def test_an_answer_is_the_models(plane):
    """The numbers are those of the matrix, the version that of the bytes."""
    status, headers, body = houses.asked(plane)
    found = json.loads(body)
    assert (status, headers[b"content-type"]) == (200, b"application/json")
    assert found["outputs"][0]["data"] == [1, 0, 0, 0, 2, 0]
    assert found["outputs"][1]["data"] == [0, 1]
    assert found["model_version"] == plane.models["churn"].version


@pytest.mark.parametrize(
    "kind",
    [None, "application/json", "application/json; charset=utf-8", "APPLICATION/JSON", "application/octet-stream"],
)
def test_types_that_clients_send_are_taken(plane, kind):
    """tritonclient sends none at all."""
    assert houses.asked(plane, headers=[] if kind is None else [("content-type", kind)])[0] == 200


@pytest.mark.parametrize(
    "header",
    [
        ("content-type", "multipart/form-data; boundary=x"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("content-type", "text/plain"),
        ("content-type", "application/python-pickle"),
        ("content-type", ""),
        ("content-encoding", "gzip"),
        ("content-encoding", "deflate, gzip"),
    ],
)
def test_other_types_and_encodings_are_not_taken(plane, header):
    """R6, R13, R17: no forms, no pickles, nothing packed."""
    assert houses.asked(plane, headers=[header])[0] == 415


@pytest.mark.parametrize(
    "name", ["Host", "Authorization", "Content-Type", "Content-Digest", "Content-Length", "Client-Cert"]
)
def test_what_counts_once_is_not_said_twice(plane, name):
    """Two readers of such a request could each read another of them."""
    value = "application/json" if name == "Content-Type" else "0"
    assert houses.asked(plane, headers=[(name, value), (name.lower(), value)])[0] == 400
    assert houses.asked(plane, "GET", "/v2", b"", [(name, "0"), (name.lower(), "0")])[0] == 400


def test_what_says_that_it_is_too_large_is_not_read(plane):
    """R14: by its length alone."""
    status, headers, _ = houses.asked(plane, headers=[("content-length", str(5 << 20))], pieces=[])
    assert (status, headers[b"connection"]) == (413, b"close")
    assert houses.asked(plane, headers=[("content-length", "9" * 40)], pieces=[])[0] == 400


def test_what_is_too_large_is_cut_off(plane):
    """R12: in one piece, in many, and in very many."""
    assert houses.asked(plane, body=b"x" * (4 << 20) + b"y")[0] == 413
    assert houses.asked(plane, pieces=[b"x" * (1 << 20)] * 5)[0] == 413
    assert houses.asked(plane, pieces=[b"x"] * 9000)[0] == 413


def test_a_client_that_goes_away_is_no_fault(plane):
    """A body that never ends is refused, and what it held is given back."""
    assert houses.asked(plane, pieces=[b"{", b"}"][:1] + [b""] * 0 + [])[0] == 400

    async def leave():
        async def receive():
            return next(messages)

        sent = []

        async def send(message):
            sent.append(message)

        messages = iter([{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}])
        scope = {
            "type": "http",
            "method": "POST",
            "raw_path": b"/v2/models/churn/infer",
            "query_string": b"",
            "headers": [],
        }
        await plane(scope, receive, send)
        return sent[0]["status"]

    assert asyncio.run(leave()) == 400
    assert (plane.load.requests, plane.load.held) == (0, 0)


def test_bodies_that_are_under_way_are_bounded_together(plane):
    """Who sends half of many bodies does not fill the memory."""
    small = DataPlane(plane.pipeline, plane.models, plane.store, plane.decided, held=1000)
    assert houses.asked(small, pieces=[b"x" * 600, b"x" * 600])[0] == 503
    assert small.load.held == 0


def test_a_body_that_does_not_arrive_is_given_up(plane):
    """A host without watched connections gives up by itself."""
    slow = DataPlane(plane.pipeline, plane.models, plane.store, plane.decided, arrive_s=0.05)

    async def never():
        await asyncio.sleep(60)

    async def one():
        sent = []

        async def send(message):
            sent.append(message)

        scope = {
            "type": "http",
            "method": "POST",
            "raw_path": b"/v2/models/churn/infer",
            "query_string": b"",
            "headers": [],
        }
        await slow(scope, never, send)
        return sent[0]["status"]

    assert asyncio.run(one()) == 408


def test_more_than_agreed_at_once_is_refused(plane):
    """A full server says so and answers what it has."""
    full = DataPlane(plane.pipeline, plane.models, plane.store, plane.decided, busy=0)
    assert houses.asked(full)[0] == 503
    assert houses.asked(full, "GET", "/v2/health/live", b"")[0] == 200


def test_a_question_about_another_version_is_not_answered_by_this_one(plane):
    """The version in service may be named; any other is not there."""
    version = plane.models["churn"].version
    assert houses.asked(plane, path=f"/v2/models/churn/versions/{version}/infer")[0] == 200
    assert houses.asked(plane, path="/v2/models/churn/versions/7/infer")[0] == 404
    assert houses.asked(plane, "GET", "/v2/models/churn/versions/7", b"")[0] == 404


def test_a_body_where_none_belongs_is_refused(plane):
    """What is not read may not be sent, as it would be read as the next request."""
    assert houses.asked(plane, "GET", "/v2/models/churn", b"", [("content-length", "3")])[0] == 400
    assert houses.asked(plane, "GET", "/v2/health/live", b"", [("transfer-encoding", "chunked")])[0] == 400
    assert houses.asked(plane, "GET", "/v2/health/live", b"", [("content-length", "0")])[0] == 200


def test_a_guard_that_raises_blocks_and_tells_nothing(plane, caplog):
    """R15: an opaque identifier goes out, the text stays in the log under it."""

    class Broken:
        name = "broken"

        def inbound(self, flow):
            raise KeyError("shm_region_42")

    pipeline = plane.pipeline.__class__((Broken(),), (), (), plane.pipeline.version, quiet=False)
    status, _, body = houses.asked(DataPlane(pipeline, plane.models, plane.store, plane.decided))
    assert status == 500
    assert b"shm_region" not in body
    instance = json.loads(body)["instance"].rpartition(":")[2]
    assert instance in caplog.text


def test_errors_say_the_same_whatever_was_wrong(plane):
    """R15, quiet: two malformed questions differ in their identifier alone."""
    one = json.loads(houses.asked(plane, body=b"{")[2])
    other = json.loads(houses.asked(plane, body=houses.BODY.replace(b"FP32", b"FP33"))[2])
    assert one.pop("instance") != other.pop("instance")
    assert one == other
    assert {"type", "title", "status", "detail", "error"} == set(one)
    assert houses.asked(plane, body=b"{")[1][b"content-type"] == b"application/problem+json"


def test_no_field_of_a_trailer_joins_the_headers(plane):
    """Fields that a server appends while the body is read are not seen by guards."""
    seen = []

    class Look:
        name = "look"

        def inbound(self, flow):
            seen.append(flow.request.headers)

    pipeline = plane.pipeline.__class__((Look(), *plane.pipeline.inbound), (), (), plane.pipeline.version)
    watched = DataPlane(pipeline, plane.models, plane.store, plane.decided)
    headers = [(b"host", b"x")]

    async def receive():
        headers.append((b"authorization", b"Bearer good"))
        return {"type": "http.request", "body": houses.BODY, "more_body": False}

    async def send(message):
        pass

    scope = {
        "type": "http",
        "method": "POST",
        "raw_path": b"/v2/models/churn/infer",
        "query_string": b"",
        "headers": headers,
    }
    asyncio.run(watched(scope, receive, send))
    assert seen == [((b"host", b"x"),)]
