"""Tensors behind the JSON whose sizes disagree, are negative, overlap or lie beyond the body.

Source: Open Inference Protocol, version 2, REST, binary tensor data extension; research notes, R14.
"""

import json
from typing import Any, Final

from redan.exchange.message_signature import JSON_LENGTH
from redan.probes import checks
from redan.probes.contract import Shot
from redan.probes.craft import Craft, whole
from redan.probes.judge import MALFORMED, refused
from redan.probes.message import Message
from redan.probes.rig import Probe, static

_BYTES: Final = {
    "FP64": 8,
    "INT64": 8,
    "UINT64": 8,
    "FP16": 2,
    "INT16": 2,
    "UINT16": 2,
    "BOOL": 1,
    "INT8": 1,
    "UINT8": 1,
}
_SIZES: Final = (0, 1, -1, -(2**31), 2**31, 2**32, 2**63, 2**64, 10**30, True, 1.5, "4", None, [4])
_LENGTHS: Final = (b"-1", b"0", b"99999999", b"9" * 30, b"x", b"0x10", b"1e3", b"+5")
_REMEDY: Final = (
    "Compare each size, as an unbounded integer, with what is left of the body and with what shape and datatype take."
)


def sizes(craft: Craft) -> tuple[Shot, ...]:
    """Sizes that are not those of the tensor, with its bytes behind."""
    right = _length(craft)
    odd = (*_SIZES, right - 1, right + 1, 2 * right)
    return whole(*(_asked(craft, size, bytes(right)) for size in odd))


def lengths(craft: Craft) -> tuple[Shot, ...]:
    """Lengths of the JSON that do not lie within the body."""
    right = _length(craft)
    body, _ = _body(craft, right)
    made = [_message(craft, body + bytes(right), length) for length in _LENGTHS]
    return whole(
        *made,
        _message(craft, body + bytes(right), b"%d" % (len(body) - 1)),
        _message(craft, body, b"%d" % (len(body) + right)),
    )


def bodies(craft: Craft) -> tuple[Shot, ...]:
    """Bytes that are missing, too many, or of two tensors at once; and data both ways."""
    right = _length(craft)
    asked: dict[str, Any] = json.loads(_body(craft, right)[0])
    first = asked["inputs"][0]
    twice = json.dumps({"inputs": [first, {**first, "name": "redan-none"}]}).encode()
    both = json.dumps({"inputs": [{**first, "data": craft.first.values()}]}).encode()
    made = [_asked(craft, right, bytes(right - 1)), _asked(craft, right, b""), _asked(craft, right, bytes(right + 7))]
    return whole(*made, *(_message(craft, one + bytes(right), b"%d" % len(one)) for one in (twice, both)))


def infinite(craft: Craft) -> tuple[Shot, ...]:
    """A NaN as bytes, which JSON could not have said; nothing where the model takes no FP32."""
    if craft.first.datatype != "FP32":
        return bodies(craft)
    right = _length(craft)
    return whole(
        *(_asked(craft, right, word * craft.first.size) for word in (b"\x00\x00\xc0\x7f", b"\x00\x00\x80\x7f"))
    )


def _length(craft: Craft) -> int:
    return craft.first.size * _BYTES.get(craft.first.datatype, 4)


def _body(craft: Craft, size: object) -> tuple[bytes, bytes]:
    body = craft.question(data=None, parameters=None)
    asked = json.loads(body)
    asked["inputs"][0]["parameters"] = {"binary_data_size": size}
    body = json.dumps(asked).encode()
    return body, b"%d" % len(body)


def _asked(craft: Craft, size: object, tail: bytes) -> Message:
    body, length = _body(craft, size)
    return _message(craft, body + tail, length)


def _message(craft: Craft, body: bytes, length: bytes) -> Message:
    fields = ((b"content-type", b"application/octet-stream"), (JSON_LENGTH, length))
    return craft.ask(body, fields=fields)


_REFUSED = refused(MALFORMED)
_CHECK: Final = (checks.MALFORMED,)
PROBES: Final = (
    Probe(
        "binary-sizes",
        "R14",
        _CHECK,
        "a tensor as bytes whose size is wrong, negative or no number",
        _REMEDY,
        static(sizes, _REFUSED),
    ),
    Probe(
        "binary-lengths",
        "R14",
        _CHECK,
        "a length of the JSON that does not lie within the body",
        _REMEDY,
        static(lengths, _REFUSED),
    ),
    Probe(
        "binary-bodies",
        "R14",
        _CHECK,
        "tensors as bytes that are missing, too many or overlap",
        _REMEDY,
        static(bodies, _REFUSED),
    ),
    Probe("binary-not-finite", "R14", _CHECK, "NaN and infinity as bytes", _REMEDY, static(infinite, _REFUSED)),
)
