"""Answers, refusals and metadata as bytes.

Source: Open Inference Protocol, version 2, REST; its binary tensor data extension; RFC 9457 section 3.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from redan.exchange.flow import Answer
from redan.exchange.message import Response
from redan.exchange.problem import Problem, Refusal, RefusedError
from redan.exchange.tensors import Inference, Port, Tensor

JSON = (b"content-type", b"application/json")
_PROBLEM = (b"content-type", b"application/problem+json")
_BINARY = (b"content-type", b"application/octet-stream")
_CHALLENGE = (b"www-authenticate", b"Bearer")  # RFC 9110 section 15.5.2
_UNAUTHORISED = 401
_NOTHING = b"null"  # what the encoder writes for what is not finite
_JSON_LENGTH = b"inference-header-content-length"
_ENCODER = msgspec.json.Encoder()


def answer(model: str, version: str, asked: Inference, given: Answer) -> Response:
    """An answer, its outputs in the form that was asked for.

    Args:
        model: name.
        version: in service; the empty string leaves it out.
        asked: the question.
        given: outputs, those that were asked for.

    Raises:
        RefusedError: JSON cannot say an output, as it is not finite; it would read as nothing at all.
    """
    binary = {one.name: one.binary for one in asked.outputs}
    outputs, tail = [], []
    for tensor in given.outputs:
        head: dict[str, Any] = {"name": tensor.name, "shape": tensor.values.shape, "datatype": tensor.datatype}
        if binary.get(tensor.name, asked.binary):
            data = _as_bytes(tensor)
            head["parameters"] = {"binary_data_size": len(data)}
            tail.append(data)
        else:
            head["data"] = _as_list(tensor)
        outputs.append(head)
    message: dict[str, Any] = {"model_name": model}
    if version:
        message["model_version"] = version
    if asked.id:
        message["id"] = asked.id
    if given.parameters:
        message["parameters"] = dict(given.parameters)
    message["outputs"] = outputs
    body = _ENCODER.encode(message)
    if _NOTHING in body and not all(_sayable(tensor) for tensor in given.outputs):
        raise RefusedError(Refusal(Problem.BROKEN, "encode"))
    if not tail:
        return Response(200, (JSON,), body)
    return Response(200, (_BINARY, (_JSON_LENGTH, str(len(body)).encode())), b"".join([body, *tail]))


def question(asked: Inference) -> bytes:
    """A question written anew from what was decoded, so that a server behind reads what the guards read.

    Args:
        asked: the question; its numbers are written so that they are read back exactly.
    """
    inputs = [
        {"name": one.name, "shape": one.values.shape, "datatype": one.datatype, "data": _as_list(one)}
        for one in asked.inputs
    ]
    message: dict[str, Any] = {"inputs": inputs}
    if asked.outputs:
        message["outputs"] = [{"name": one.name} for one in asked.outputs]
    return _ENCODER.encode(message)


def refusal(refused: Refusal, instance: str, *, quiet: bool) -> Response:
    """A refusal that readers of both standards understand.

    Args:
        refused: why.
        instance: opaque identifier of the event, under which the operator finds what happened.
        quiet: whether the detail is kept back.
    """
    problem = refused.problem
    detail = problem.title if quiet or not refused.detail else refused.detail
    body = {
        "type": problem.type,
        "title": problem.title,
        "status": problem.status,
        "detail": detail,
        "instance": f"urn:redan:event:{instance}",
        "error": detail,
    }
    headers = [_PROBLEM]
    if problem.status == _UNAUTHORISED:
        headers.append(_CHALLENGE)
    if refused.retry_after is not None:
        headers.append((b"retry-after", str(max(1, round(refused.retry_after))).encode()))
    return Response(problem.status, tuple(headers), _ENCODER.encode(body))


def metadata(
    model: str, versions: Sequence[str], platform: str, inputs: Sequence[Port], outputs: Sequence[Port]
) -> bytes:
    """What a model takes and gives."""
    ports = [[{"name": p.name, "datatype": p.datatype, "shape": p.shape} for p in side] for side in (inputs, outputs)]
    found = {"name": model, "versions": list(versions), "platform": platform, "inputs": ports[0], "outputs": ports[1]}
    return _ENCODER.encode(found)


def plain(found: "dict[str, Any]") -> bytes:
    """Any small object."""
    return _ENCODER.encode(found)


def _sayable(tensor: Tensor) -> bool:
    return tensor.values.dtype.kind != "f" or bool(np.isfinite(tensor.values).all())


def _as_list(tensor: Tensor) -> list[Any]:
    flat = tensor.values.ravel()
    if tensor.datatype == "BYTES":
        return [value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value) for value in flat]
    found: list[Any] = flat.tolist()
    return found


def _as_bytes(tensor: Tensor) -> bytes:
    if tensor.datatype != "BYTES":
        return tensor.values.tobytes()
    found = [value if isinstance(value, bytes) else str(value).encode() for value in tensor.values.ravel()]
    return b"".join(len(value).to_bytes(4, "little") + value for value in found)
