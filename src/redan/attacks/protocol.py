"""Messages of the Open Inference Protocol, version 2: what a stranger sends, and what may come back."""

import json
import math
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.errors import IncompleteError, InputError
from redan.exchange.tensors import DTYPES

Array: TypeAlias = NDArray[Any]
_SCORES = ("probabilities", "output_probability", "probability", "probs", "scores", "logits")
_NUMBERS = frozenset(DTYPES) - {"BOOL", "BYTES"}


class Named(NamedTuple):
    """What a model is asked by.

    Args:
        given: name of its input.
        datatype: of its input.
        output: name of the output that is looked at.
    """

    given: str
    datatype: str
    output: str


def signature(body: bytes, output: str | None, where: str) -> Named:
    """Reads the metadata of a model.

    Args:
        body: of the answer.
        output: that is wanted; None for the first that is named like scores, else the first.
        where: for messages.

    Raises:
        IncompleteError: it is no metadata.
        InputError: the model has several inputs, none of numbers, or no such output.
    """
    found = _object(body, where)
    inputs, outputs = _tensors(found, "inputs", where), _tensors(found, "outputs", where)
    if len(inputs) != 1 or inputs[0].get("datatype") not in _NUMBERS:
        raise InputError("the model takes more than one array of numbers", where=where, remedy="put one in front of it")
    names = [str(each["name"]) for each in outputs]
    like = {name.lower(): name for name in names}
    first = next((like[word] for word in _SCORES if word in like), names[0] if names else "")
    wanted = output or first
    if wanted not in names:
        raise InputError("the model has no such output", where=where, remedy=f"it has {', '.join(names) or 'none'}")
    return Named(str(inputs[0]["name"]), str(inputs[0]["datatype"]), wanted)


def request(x: Array, named: Named) -> bytes:
    """A question; values are rounded where the model takes whole numbers."""
    dtype = DTYPES[named.datatype]
    values = x
    if dtype.kind in "iu":
        limits = np.iinfo(dtype.name)
        values = np.clip(np.rint(x.astype(np.float64)), limits.min, limits.max)
    tensor = {
        "name": named.given,
        "shape": list(x.shape),
        "datatype": named.datatype,
        "data": values.astype(dtype).ravel().tolist(),
    }
    return json.dumps({"inputs": [tensor], "outputs": [{"name": named.output}]}, allow_nan=False).encode()


def response(body: bytes, named: Named, where: str) -> Array:
    """Reads an answer.

    Args:
        body: of it.
        named: what was asked.
        where: for messages.

    Returns:
        The output, in its shape.

    Raises:
        IncompleteError: it is no answer of the protocol, or lacks the output.
    """
    tensors = [each for each in _tensors(_object(body, where), "outputs", where) if each["name"] == named.output]
    if not tensors:
        raise IncompleteError("the endpoint's answer lacks the output", where=where, remedy="name another output")
    shape, data, datatype = (tensors[0].get(part) for part in ("shape", "data", "datatype"))
    sizes = isinstance(shape, list) and all(type(side) is int and 0 <= side < 2**31 for side in shape)
    try:
        with np.errstate(over="raise"):
            values = np.asarray(data, dtype=str if datatype == "BYTES" else DTYPES[str(datatype)])
    except (ValueError, TypeError, ArithmeticError, KeyError, RecursionError) as error:
        raise _foreign(where) from error
    if not isinstance(shape, list) or not sizes or values.size != math.prod(shape):
        raise _foreign(where)
    return values.reshape(shape)


def _object(body: bytes, where: str) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _foreign(where) from error
    if not isinstance(found, dict):
        raise _foreign(where)
    return found


def _tensors(found: dict[str, Any], name: str, where: str) -> list[dict[str, Any]]:
    listed = found.get(name)
    if not isinstance(listed, list) or not all(isinstance(each, dict) and "name" in each for each in listed):
        raise _foreign(where)
    return listed


def _foreign(where: str) -> IncompleteError:
    return IncompleteError(
        "the answer is none of the Open Inference Protocol", where=where, remedy="look at the address of the endpoint"
    )
