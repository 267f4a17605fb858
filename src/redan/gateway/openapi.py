"""The data plane as an OpenAPI 3.1 document, with the models that are in service; served to operators only.

Source: OpenAPI 3.1.1; Open Inference Protocol, version 2, REST, with its binary tensor data extension.
"""

import math
from collections.abc import Collection, Mapping
from typing import Any

from redan.exchange.problem import Problem
from redan.exchange.tensors import DTYPES, Port
from redan.gateway.upstream import Described
from redan.guards.feedback import schema

_JSON = "application/json"
_BINARY = "application/octet-stream"
_PROBLEM = "application/problem+json"
_NOUGHT: Mapping[str, Any] = {"boolean": False, "integer": 0, "number": 0.0, "string": ""}
_NUMBERS = {"b": "boolean", "u": "integer", "i": "integer", "f": "number", "O": "string"}


def document(
    models: Mapping[str, Described],
    version: str,
    *,
    body: int,
    secured: bool = True,
    labelled: Collection[str] = (),
) -> dict[str, Any]:
    """The document.

    Args:
        models: in service, by name.
        version: of redan.
        body: bytes of a question at most.
        secured: whether clients have to show who they are.
        labelled: models whose answers may be told what was right.
    """
    paths: dict[str, Any] = {
        "/v2/health/live": {"get": _op("live", "Whether the service lives.", {"200": _plain("It lives.")}, free=True)},
        "/v2/health/ready": {
            "get": _op("ready", "Whether it can answer.", {"200": _plain("It can."), **_refused(503)}, free=True)
        },
        "/v2": {"get": _op("server", "The service.", {"200": _plain("Name and extensions."), **_refused(401)})},
    }
    for name, one in models.items():
        for path in (f"/v2/models/{name}", f"/v2/models/{name}/versions/{one.version}"):
            word = f"{name}-{one.version}" if "versions" in path else name
            told = _refused(401, 403, 404)
            paths[path] = {"get": _op(f"{word}-metadata", "What it takes.", {"200": _plain("Its ports."), **told})}
            paths[f"{path}/ready"] = {
                "get": _op(f"{word}-ready", "Whether it can.", {"200": _plain("It can."), **told})
            }
            paths[f"{path}/infer"] = {"post": _infer(word, one, body)}
        if name in labelled:
            paths[f"/v2/models/{name}/feedback"] = {"post": _feedback(name)}
    return {
        "openapi": "3.1.1",
        "info": {"title": "redan gateway", "version": version, "summary": "Open Inference Protocol, version 2."},
        "paths": paths,
        "components": {
            "schemas": {"Problem": _problem()},
            "responses": {
                str(status): {
                    "description": text,
                    "headers": _headers(status),
                    "content": {_PROBLEM: {"schema": _ref("Problem")}},
                }
                for status, text in _statuses().items()
            },
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"bearer": []}] if secured else [],
    }


def _headers(status: int) -> dict[str, Any]:
    """What an answer may say in its head."""
    text = {"schema": {"type": "string"}}
    found: dict[str, Any] = {}
    if status == Problem.UNAUTHENTICATED.status:
        return {"WWW-Authenticate": {"required": True, **text}}
    if status == Problem.METHOD.status:
        found["Allow"] = {"required": True, **text}
    if status in {Problem.THROTTLED.status, Problem.UNREADY.status}:
        found["Retry-After"] = {"schema": {"type": "integer", "minimum": 1}}
    if status != Problem.FORBIDDEN.status:
        found |= {"RateLimit-Policy": text, "RateLimit": text}
    return found


def _statuses() -> dict[int, str]:
    found: dict[int, str] = {}
    for one in Problem:
        found.setdefault(one.status, one.title)
    return dict(sorted(found.items()))


def _op(name: str, text: str, responses: dict[str, Any], *, free: bool = False) -> dict[str, Any]:
    found: dict[str, Any] = {"operationId": name, "summary": text, "responses": responses}
    if free:
        found["security"] = []
    return found


def _plain(text: str) -> dict[str, Any]:
    return {"description": text, "content": {_JSON: {"schema": {"type": "object"}}}}


def _refused(*statuses: int) -> dict[str, Any]:
    return {str(status): {"$ref": f"#/components/responses/{status}"} for status in statuses}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _infer(word: str, one: Described, body: int) -> dict[str, Any]:
    asked = {
        "type": "object",
        "required": ["inputs"],
        "additionalProperties": False,
        "properties": {
            "id": {"type": "string"},
            "parameters": {"type": "object"},
            "inputs": _tensors(one.inputs, asked=True),
            "outputs": {"type": "array", "items": _named([port.name for port in one.outputs])},
        },
    }
    given = {
        "type": "object",
        "required": ["model_name", "outputs"],
        "properties": {
            "model_name": {"type": "string"},
            "model_version": {"type": "string"},
            "id": {"type": "string"},
            "parameters": {"type": "object"},
            "outputs": {"type": "array", "items": {"type": "object", "required": ["name", "shape", "datatype"]}},
        },
    }
    answer = {
        "description": "The answer; as bytes where they were asked for.",
        "headers": _headers(200),
        "content": {_JSON: {"schema": given}, _BINARY: {}},
    }
    refused = _refused(*(status for status in _statuses() if status not in {405, 411}))
    return {
        **_op(f"{word}-infer", f"Asks the model; at most {body} bytes.", {"200": answer, **refused}),
        "parameters": [
            {
                "name": "Inference-Header-Content-Length",
                "in": "header",
                "description": "Bytes of the JSON before the tensors, where tensors are sent as bytes.",
                "schema": {"type": "integer", "minimum": 0},
            }
        ],
        "requestBody": {
            "required": True,
            "content": {_JSON: {"schema": asked, "example": _example(one)}, _BINARY: {}},
        },
    }


def _feedback(name: str) -> dict[str, Any]:
    refused = _refused(400, 401, 403, 404, 408, 413, 415, 429, 431, 503)
    taken = {**_plain("They are taken."), "headers": _headers(202)}
    return {
        **_op(f"{name}-feedback", "Tells the right classes of an answer.", {"202": taken, **refused}),
        "requestBody": {"required": True, "content": {_JSON: {"schema": schema()}}},
    }


def _named(names: list[str]) -> dict[str, Any]:
    properties = {"name": {"enum": names}, "parameters": {"type": "object"}}
    return {"type": "object", "required": ["name"], "additionalProperties": False, "properties": properties}


def _tensors(ports: tuple[Port, ...], *, asked: bool) -> dict[str, Any]:
    options = [
        {
            "type": "object",
            "required": ["name", "shape", "datatype", *(("data",) if asked else ())],
            "additionalProperties": False,
            "properties": {
                "name": {"const": port.name},
                "shape": {
                    "type": "array",
                    "prefixItems": [_size(n) for n in port.shape],
                    "items": False,
                    "minItems": len(port.shape),
                },
                "datatype": {"const": port.datatype},
                "parameters": {"type": "object"},
                "data": {"type": "array", "items": _values(port.datatype)},
            },
        }
        for port in ports
    ]
    count = len(options)
    return {"type": "array", "minItems": count, "maxItems": count, "items": {"oneOf": options}}


def _example(one: Described) -> dict[str, Any]:
    """A question of one row that is answered; whether data are as many as a shape says is not for a schema to say."""
    inputs = []
    for port in one.inputs:
        shape = [max(1, n) for n in port.shape]
        data = [_NOUGHT[_NUMBERS[DTYPES[port.datatype].kind]]] * math.prod(shape)
        inputs.append({"name": port.name, "shape": shape, "datatype": port.datatype, "data": data})
    return {"inputs": inputs}


def _size(length: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": 0} if length < 0 else {"const": length}


def _values(datatype: str) -> dict[str, Any]:
    element = {"type": _NUMBERS[DTYPES[datatype].kind]}
    return {"anyOf": [element, {"type": "array"}]}


def _problem() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["type", "title", "status", "detail", "error"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "instance": {"type": "string"},
            "error": {"type": "string"},
        },
    }
