"""Questions that are no question of the model: shapes, numbers, types, names, JSON itself.

Source: Open Inference Protocol, version 2, REST; research notes, R13, R14, R16, R19 and the table of decoders.
"""

import json
from collections.abc import Callable
from typing import Any, Final

from redan.probes import checks
from redan.probes.contract import Came, Verdict
from redan.probes.craft import Craft, whole
from redan.probes.judge import MALFORMED, answered, broken, holds, refused, worst
from redan.probes.rig import Probe, Rig, static

_ALLOWED = frozenset({*MALFORMED, 404})
_REFUSED = refused(_ALLOWED)
_DEEP: Final = 50_000
_NUMBERS: Final = 2_000_000
_HUGE: Final = (2**31, 2**32, 2**33, 2**63 - 1, 2**63, 2**64, 10**30)
_WIDEST: Final = {"FP16": 6, "FP32": 60, "FP64": 400, "BF16": 60}
_BOUND: Final = (
    "Multiply lengths as unbounded integers, and compare with the data and a limit before anything is allocated."
)
_STRICT: Final = (
    "Validate every question against what the model takes before the model sees it, and refuse what JSON forbids."
)
_DEPTH: Final = "Bound depth and length while the JSON is read."


def negative_shape(craft: Craft) -> tuple[bytes, ...]:
    """-1 and below, which metadata may say and a question may not."""
    shape = list(craft.first.shape)
    return tuple(craft.question(shape=[n, *shape[1:]]) for n in (-1, -2, -(2**63), -(2**31)))


def huge_shape(craft: Craft) -> tuple[bytes, ...]:
    """Lengths whose product wraps around in 32 or 64 bits, with the data of one row."""
    shape = list(craft.first.shape)
    many = [[n, *shape[1:]] for n in _HUGE] + [[2**33, 2**33], [2**32, 2**32, 2**32], [2**62, 4], [0, 2**63]]
    return tuple(craft.question(shape=one) for one in many)


def disagreeing(craft: Craft) -> tuple[bytes, ...]:
    """A shape that is not that of the data."""
    shape, data = list(craft.first.shape), _data(craft)
    more = [craft.question(shape=[shape[0] + 1 if shape else 2, *shape[1:]]), craft.question(data=data[:-1])]
    return (*more, craft.question(data=[*data, data[0]]), craft.question(data=[]), craft.question(data=[data, data]))


def odd_shape(craft: Craft) -> tuple[bytes, ...]:
    """A shape that is no list of lengths."""
    shape = list(craft.first.shape)
    many: list[Any] = [
        None,
        "x",
        {},
        ["1"],
        [1.5],
        [None],
        [True, *shape],
        [[*shape]],
        [1] * 200,
        [*shape, 1, 1, 1, 1, 1, 1, 1, 1],
    ]
    return tuple(craft.question(shape=one) for one in many)


def wrong_names(craft: Craft) -> tuple[bytes, ...]:
    """Inputs that the model does not take, twice the same, and none."""
    asked = json.loads(craft.body)
    first = asked["inputs"][0]
    none: tuple[Any, ...] = (
        {"inputs": []},
        {},
        {"inputs": None},
        {"inputs": {}},
        {"inputs": [None]},
        {"input": asked["inputs"]},
        [],
        1,
        "x",
        None,
    )
    made = [craft.question(name=name) for name in ("redan-none", "", "a" * 100_000, "../x", "__class__")]
    return (*made, _json({**asked, "inputs": [*asked["inputs"], first]}), *(_json(one) for one in none))


def further_input(craft: Craft) -> tuple[bytes, ...]:
    """A field that the model has no use for, as an application may send with personal values."""
    asked = json.loads(craft.body)
    extra = {"name": "redan_unneeded", "shape": [1], "datatype": "BYTES", "data": ["x"]}
    return (_json({**asked, "inputs": [*asked["inputs"], extra]}),)


def wrong_types(craft: Craft) -> tuple[bytes, ...]:
    """Values of other types, and datatypes that do not exist."""
    n = craft.first.size
    values: list[Any] = [None, {}, [], "x", {"a": 1}] + (["1.0", "nan"] if craft.first.datatype != "BYTES" else [1])
    made = [craft.question(data=[value] * n) for value in values]
    kinds: list[Any] = ["FP3", "fp32", "", None, 1, "OBJECT", "BYTES" if craft.first.datatype != "BYTES" else "FP32"]
    return (
        *made,
        *(craft.question(datatype=kind) for kind in kinds),
        craft.question(data="x"),
        craft.question(data={}),
    )


def not_finite(craft: Craft) -> tuple[bytes, ...]:
    """NaN and Infinity, which JSON does not have, and numbers that no double holds."""
    return tuple(_numbers(craft, said) for said in ("NaN", "Infinity", "-Infinity", "1e999", "-1e999", "nan"))


def too_large(craft: Craft) -> tuple[bytes, ...]:
    """Numbers that the datatype does not hold; 1e39 becomes infinite as FP32."""
    kind = craft.first.datatype
    if kind in {"FP32", "FP16", "BF16"}:
        return tuple(_numbers(craft, said) for said in ("1e39", "-1e39", "1e300"))
    if "INT" in kind:
        return tuple(_numbers(craft, said) for said in ("1e39", "1.5", str(2**65), "-" + "9" * 30))
    return (_numbers(craft, "1e999"),)


def long_integers(craft: Craft) -> tuple[bytes, ...]:
    """Integers of more digits than the datatype holds, and of a hundred thousand."""
    digits = _WIDEST.get(craft.first.datatype, 30)
    return tuple(_numbers(craft, "9" * n) for n in (digits, 100_000))


def deep(craft: Craft) -> tuple[bytes, ...]:
    """Lists in lists and objects in objects, closed and not."""
    lists, objects = "[" * _DEEP, '{"a":' * _DEEP
    inner = [lists + "]" * _DEEP, lists, objects + "1" + "}" * _DEEP]
    body = craft.question(data=["redan"]).decode()
    made = [body.replace('["redan"]', one).encode() for one in inner]
    return (*made, *(one.encode() for one in inner))


def no_json(craft: Craft) -> tuple[bytes, ...]:
    """Bytes that are not JSON in UTF-8."""
    body = craft.body
    return (
        b"",
        b" ",
        b"\x00",
        body[:-1],
        body + b"}",
        body + body,
        b"\xef\xbb\xbf" + body,
        body.decode().encode("utf-16"),
        body.replace(b'"inputs"', b"inputs", 1),
        body.replace(b'"', b"'"),
        b"\xff" * 64,
        body.replace(b'"inputs"', b'"\xc3\x28"', 1),
        b"/**/" + body,
        b"inputs=1&x=2",
    )


def _sent(make: "Callable[[Craft], tuple[bytes, ...]]") -> Callable[[Rig], Verdict]:
    return static(lambda craft: whole(*(craft.ask(body) for body in make(craft))), _REFUSED)


def twice_keys(rig: Rig) -> Verdict:
    """Keys that are there twice: a guard and a model that read different ones disagree on what was asked."""
    craft = rig.craft
    good = json.loads(craft.body)["inputs"]
    bad = [{**good[0], "shape": [*good[0]["shape"], 7]}]
    pairs = (good, bad), (bad, good)
    bodies = [b'{"inputs":%b,"inputs":%b}' % (_json(one), _json(other)) for one, other in pairs]
    return first_or_last(tuple(rig.line.send(shot) for shot in whole(*(craft.ask(body) for body in bodies))))


def first_or_last(came: tuple[Came, ...]) -> Verdict:
    """Judges two questions with one good and one bad reading each, in either order: one reading may count, not both.

    Args:
        came: for good before bad, and for bad before good.
    """
    if all(answered(one) for one in came):
        return broken("both orders were answered, so what is validated is not what is asked")
    rest = tuple(one for one in came if not answered(one))
    verdict = _REFUSED(rest)
    return holds("one and the same reading counts") if len(rest) == 1 and verdict.outcome == "holds" else verdict


def huge_outputs(rig: Rig) -> Verdict:
    """Outputs that do not exist, the same one often, and parameters that count: none may make a fault."""
    craft = rig.craft
    asked = json.loads(craft.body)
    many = [
        {**asked, "outputs": [{"name": "redan-none"}]},
        {**asked, "outputs": [{"name": ""}] * 2000},
        {**asked, "outputs": [1]},
    ]
    strict = _REFUSED(tuple(rig.line.send(shot) for shot in whole(*(craft.ask(_json(one)) for one in many))))
    names = ("n", "classification", "max_tokens", "best_of", "timeout", "priority", "sequence_id", "batch_size")
    params = [craft.question(parameters={name: n}) for n in (2**63, -1, 10**6) for name in names]
    loose = [harmless(one) for one in (rig.line.send(shot) for shot in whole(*(craft.ask(body) for body in params)))]
    return worst([strict, *loose])


def harmless(came: Came) -> Verdict:
    """Judges what may be passed over or refused, and may neither be a fault nor take for ever.

    Args:
        came: what came back.
    """
    return holds("it was passed over") if answered(came) else _REFUSED((came,))


def many_rows(rig: Rig) -> Verdict:
    """More rows than anybody needs, all there: either a limit or an answer within the time of a request."""
    craft = rig.craft
    numbers = min(_NUMBERS, craft.target.bounds.giant // 4)
    times = numbers // max(1, sum(port.size for port in craft.ports))
    came = rig.line.send(whole(craft.ask(craft.rows(times)))[0])
    if answered(came):
        return broken(f"a question of {times} times as many rows was answered")
    return refused(_ALLOWED | {408, 429}, cut=True)((came,))


def _numbers(craft: Craft, said: str) -> bytes:
    """The question with a number as it is spelt."""
    n = craft.first.size
    body = craft.question(data=["redan-number"] * n).decode()
    return body.replace('"redan-number"', said).encode()


def _data(craft: Craft) -> list[Any]:
    return craft.first.values()


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


_CHECK: Final = (checks.MALFORMED,)
_LARGE: Final = (checks.MALFORMED, checks.GIANT)
PROBES: Final = (
    Probe("negative-shape", "R13", _LARGE, "a shape with a negative length", _BOUND, _sent(negative_shape)),
    Probe(
        "huge-shape",
        "R14",
        _LARGE,
        "a shape whose product wraps around, with the data of one row",
        _BOUND,
        _sent(huge_shape),
    ),
    Probe("disagreeing-shape", "R14", _CHECK, "a shape that does not agree with the data", _BOUND, _sent(disagreeing)),
    Probe("odd-shape", "R14", _CHECK, "a shape that is no list of lengths", _BOUND, _sent(odd_shape)),
    Probe("many-rows", "R14", (checks.GIANT,), "a question of very many rows", _BOUND, many_rows),
    Probe("wrong-names", "", _CHECK, "inputs that the model does not take, or none", _STRICT, _sent(wrong_names)),
    Probe(
        "unneeded-input",
        "",
        (checks.NEEDED, checks.MALFORMED),
        "an input that the model has no use for",
        _STRICT,
        _sent(further_input),
    ),
    Probe("wrong-types", "", _CHECK, "values and datatypes that are not the model's", _STRICT, _sent(wrong_types)),
    Probe("not-finite", "R19", _CHECK, "NaN, Infinity and numbers beyond any double", _STRICT, _sent(not_finite)),
    Probe(
        "too-large-numbers",
        "R19",
        _CHECK,
        "numbers that the datatype does not hold, such as 1e39",
        _STRICT,
        _sent(too_large),
    ),
    Probe("long-integers", "R19", _CHECK, "integers of too many digits", _STRICT, _sent(long_integers)),
    Probe("deep-nesting", "R19", _CHECK, "lists and objects nested 50,000 deep", _DEPTH, _sent(deep)),
    Probe("no-json", "R19", _CHECK, "bytes that are no JSON", _STRICT, _sent(no_json)),
    Probe("duplicate-keys", "R19", _CHECK, "keys that are there twice, good and bad", _STRICT, twice_keys),
    Probe(
        "unbounded-integers", "R16", _CHECK, "integers of parameters far beyond what they count", _BOUND, huge_outputs
    ),
)
