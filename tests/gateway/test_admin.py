"""The operators' plane: nothing without the token, metrics that Prometheus reads, exchange and rollback."""

import asyncio
import contextlib

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette

from gateway import houses
from redan.gateway.admin import admin

PATHS = [
    "/",
    "/live",
    "/live.js",
    "/page.css",
    "/icon.svg",
    "/health",
    "/state",
    "/metrics",
    "/openapi.json",
    "/verify",
    "/models/churn/swap",
    "/models/churn/rollback",
    "/docs",
    "/x",
]
METHODS = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"]
GOOD = {"authorization": "Bearer abc", "host": "127.0.0.1:9"}


@pytest.fixture
def made(tmp_path):
    """A gateway."""
    with houses.gateway(tmp_path / "p") as found:
        yield found


def asked(made, *calls, token=b"abc"):
    """Answers of the operators' plane to (method, path, headers)."""

    async def each():
        transport = httpx.ASGITransport(admin(made, token))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:9") as client:
            return [await client.request(method, path, headers=headers) for method, path, headers in calls]

    return asyncio.run(each())


def test_nothing_answers_without_the_token(made):
    """R3, R4: every route, every method; a wrong one, a prefix, another scheme, or another host's name is none."""
    for headers in ({}, {"authorization": "Bearer ab"}, {"authorization": "Bearer abcd"}, {"authorization": "Basic abc"},
                    {**GOOD, "host": "evil.example"}, {**GOOD, "host": "127.0.0.1.evil.example"}):  # fmt: skip
        found = asked(made, *((method, path, headers) for method in METHODS for path in PATHS))
        assert {one.status_code for one in found} == {401}


def test_who_may_open_the_socket_needs_no_token(made):
    """Where the plane is a unix socket."""
    assert asked(made, ("GET", "/health", {"host": "x"}), token=None)[0].status_code == 200


def test_metrics_are_what_prometheus_reads(made):
    """Counts, buckets and gauges; no name of a client."""
    for _ in range(3):
        houses.asked(made.plane)
    houses.asked(made.plane, body=b"{}")
    text = asked(made, ("GET", "/metrics", GOOD))[0].text
    found = {
        sample.name + str(sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert found["redan_guard_decisions_total[('decision', 'passed'), ('guard', 'all')]"] == 3
    assert found["redan_guard_decisions_total[('decision', 'malformed'), ('guard', 'schema')]"] == 1
    assert found["model_infer_request_success_total[('model', 'churn')]"] == 3
    spent = [value for name, value in found.items() if name.startswith("http_server_request_duration_seconds_count")]
    assert sorted(spent) == [1, 3]
    labels = "[('error_type', ''), ('http_request_method', 'POST'), ('http_response_status_code', '200'), ('http_route', '/v2/models/{model}/infer')]"
    assert found["http_server_request_duration_seconds_count" + labels] == 3
    assert found["http_server_request_body_size_bytes_count[]"] == 4
    assert found["http_server_response_body_size_bytes_count[]"] == 4
    assert found["redan_guard_seconds_count[('guard', 'schema')]"] >= 1
    assert not any("alice" in name for name in found)
    assert found["redan_model_verified[('model', 'churn')]"] == 1


def test_health_tells_counts_and_digests(made):
    """And 503 when something is wrong."""
    found = asked(made, ("GET", "/health", GOOD))[0]
    assert found.status_code == 200
    assert found.json()["models"]["churn"]["current"]["version"] == made.models["churn"].version
    made.models["churn"].fault = "InvalidError"
    assert asked(made, ("GET", "/health", GOOD))[0].status_code == 503


def test_exchange_and_rollback_are_one_call_each(made, tmp_path):
    """Both say what is in service now; what is refused says why."""
    houses.seal(tmp_path / "p", houses.model(2.0))
    swap, back, again, unknown = asked(
        made, ("POST", "/models/churn/swap", GOOD), ("POST", "/models/churn/rollback", GOOD),
        ("GET", "/models/churn/swap", GOOD), ("POST", "/models/other/swap", GOOD),
    )  # fmt: skip
    assert swap.json()["models"]["churn"]["previous"]["version"] == back.json()["models"]["churn"]["current"]["version"]
    assert (again.status_code, unknown.status_code) == (405, 409)
    (tmp_path / "p" / "model.onnx").write_bytes(b"x")
    refused, verified = asked(made, ("POST", "/models/churn/swap", GOOD), ("POST", "/verify", GOOD))
    assert refused.status_code == 409
    assert verified.json()["models"]["churn"]["fault"]


def test_the_document_of_the_data_plane_is_one(made):
    """OpenAPI 3.1: every reference leads somewhere, and the question of these tests fits its schema."""
    import jsonschema

    found = asked(made, ("GET", "/openapi.json", GOOD))[0].json()
    assert found["openapi"].startswith("3.1")
    names = [op["operationId"] for path in found["paths"].values() for op in path.values()]
    assert len(names) == len(set(names))
    for path in found["paths"].values():
        for op in path.values():
            for response in op["responses"].values():
                if "$ref" in response:
                    assert response["$ref"].rpartition("/")[2] in found["components"]["responses"]
    asked_for = found["paths"]["/v2/models/churn/infer"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    validator = jsonschema.Draft202012Validator(asked_for)
    validator.validate(houses.QUESTION)
    with pytest.raises(jsonschema.ValidationError):
        validator.validate({"inputs": []})
    with contextlib.suppress(AttributeError):
        assert isinstance(admin(made, None).inside, Starlette)
