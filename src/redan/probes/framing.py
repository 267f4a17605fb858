"""HTTP itself: two lengths, tiny chunks, giant bodies and heads, encodings and types that nobody agreed on.

Source: RFC 9112 sections 6.1, 6.3 and 11.2; research notes, R12 (tiny chunks), R13, R14, R17 (forms and ranges).
"""

import gzip
from typing import Final

from redan.probes import checks
from redan.probes.contract import Came, Shot, Verdict
from redan.probes.craft import Craft, whole
from redan.probes.judge import FORGED, MALFORMED, answered, broken, holds, never_two, refused, worst
from redan.probes.rig import Probe, Rig, static

_ALLOWED = MALFORMED | FORGED
_CUT = refused(_ALLOWED, cut=True)
_TRAIL: Final = b"GET /v2/health/live HTTP/1.1\r\nhost: x\r\n\r\n"
_TERA: Final = 10**12
_FIELDS: Final = 1000
_LONG: Final = 1 << 20
_BOMB: Final = 32 << 20
_ONE: Final = "Refuse every message whose length can be read in two ways, and end the connection."
_CAP: Final = "Bound size, number of chunks and number of fields before anything is kept, and answer 413 or 431."
_AGREED: Final = "Take the types and encodings that are agreed on and no others."


def two_lengths(craft: Craft) -> tuple[Shot, ...]:
    """Lengths and codings of which two servers see different ends; another request lies where one of them ends."""
    made = craft.ask()
    head = made.head
    size = b"content-length: %d\r\n" % len(made.body)
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(made.body), made.body)
    te = b"transfer-encoding: "
    heads = (
        size + te + b"chunked\r\n",
        te + b"chunked\r\n" + size,
        te + b"chunked\r\n" + te + b"identity\r\n",
        te + b"identity, chunked, identity\r\n",
        te + b"xchunked\r\n" + size,
        te + b"\x0bchunked\r\n" + size,
        b"transfer-encoding : chunked\r\n" + size,
        b"content-length: 5\r\n" + size,
        b"content-length: %d, 5\r\n" % len(made.body),
        b"content-length: +%d\r\n" % len(made.body),
        b"content-length: 0x%x\r\n" % len(made.body),
        b"content-length: -1\r\n",
        b"content-length: %b\r\n" % (b"9" * 30),
    )
    return tuple(_shot(head + one + b"\r\n" + chunked + _TRAIL) for one in heads)


def odd_chunks(craft: Craft) -> tuple[Shot, ...]:
    """Chunks whose size is no size."""
    made = craft.ask().with_field(b"transfer-encoding", b"chunked")
    body, size = made.body, len(made.body)
    odd = (
        b"-%x" % size,
        b"%b%x" % (b"F" * 16, size),
        b"0x%x" % size,
        b"g",
        b"",
        b"%x\x00" % size,
    )
    return tuple(_shot(made.head + b"\r\n" + one + b"\r\n" + body + b"\r\n0\r\n\r\n" + _TRAIL) for one in odd)


def odd_heads(craft: Craft) -> tuple[Shot, ...]:
    """Heads that readers take apart differently."""
    made = craft.ask()
    raw = made.raw()
    line, rest = raw.split(b"\r\n", 1)
    return tuple(
        _shot(one + _TRAIL)
        for one in (
            line + b"\r\n x-folded: 1\r\n" + rest,
            line + b"\r\nx-null: a\x00b\r\n" + rest,
            line + b"\r\nx-line: a\nx-more: b\x01\r\n" + rest,
            line + b"\r\n: empty\r\n" + rest,
            line + b"\r\nno colon\r\n" + rest,
            line + b"\r\nhost: other.invalid\r\n" + rest,
            line.replace(b"HTTP/1.1", b"HTTP/9.9") + b"\r\n" + rest,
            line.replace(b"HTTP/1.1", b"HTTP/1.1 x") + b"\r\n" + rest,
            line.replace(b"POST ", b"POST\x0b") + b"\r\n" + rest,
        )
    )


def tiny_chunks(rig: Rig) -> Verdict:
    """A good question, padded, in chunks of one byte."""
    craft = rig.craft
    body = craft.body + b" " * max(0, craft.target.bounds.pieces - len(craft.body))
    came = rig.line.send(_shot(craft.ask(body).in_chunks(1)))
    if answered(came):
        return broken(f"a body in {len(body)} chunks of one byte was taken")
    return _CUT((came,))


def announced(craft: Craft) -> tuple[Shot, ...]:
    """The head of a body of a terabyte: what is never taken need not be waited for."""
    head = craft.ask().with_field(b"content-length", b"%d" % _TERA)
    return (_shot(head.head + b"\r\n"), _shot(head.with_field(b"expect", b"100-continue").head + b"\r\n"))


def giant(rig: Rig) -> Verdict:
    """A good question, padded beyond what is declared or what anybody needs, with its length and in chunks."""
    craft = rig.craft
    size = min(craft.target.declared.body or craft.target.bounds.giant, craft.target.bounds.giant) + 1
    made = craft.ask(craft.body + b" " * max(0, size - len(craft.body)))
    came = [rig.line.send(_shot(one)) for one in (made.raw(), made.in_chunks(1 << 16))]
    return worst([broken(f"a body of {size} bytes was taken") if answered(one) else _CUT((one,)) for one in came])


def many_fields(craft: Craft) -> tuple[Shot, ...]:
    """Thousands of fields, one of a megabyte, and a path of one."""
    made = craft.ask()
    fields = tuple((b"x-redan-%d" % n, b"1") for n in range(_FIELDS))
    long = craft.get(f"{craft.place.prefix}/v2/{'a' * _LONG}")
    return (
        *whole(made._replace(fields=(*made.fields, *fields)), made.also(b"x-redan", b"a" * _LONG), long),
        *whole(made.also(b"a" * (_LONG // 16), b"1")),
    )


def compressed(craft: Craft) -> tuple[Shot, ...]:
    """A good question, compressed, and one that grows a thousandfold."""
    bomb = gzip.compress(craft.body[:-1] + b" " * _BOMB + b"}", mtime=0)
    coded = [
        (gzip.compress(craft.body, mtime=0), b"gzip"),
        (bomb, b"gzip"),
        (craft.body, b"redan"),
        (bomb, b"gzip, gzip"),
    ]
    return whole(*(craft.ask(body, fields=((b"content-encoding", how),)) for body, how in coded))


def other_types(craft: Craft) -> tuple[Shot, ...]:
    """The question under types that have parsers of their own, and forms."""
    form = (
        b'--x\r\ncontent-disposition: form-data; name="f"; filename="../../x"\r\n\r\n' + craft.body + b"\r\n--x--\r\n"
    )
    kinds = (
        b"multipart/form-data; boundary=x",
        b"multipart/form-data; boundary=" + b"x" * 5000,
        b"application/x-www-form-urlencoded",
        b"text/xml",
        b"application/x-yaml",
        b"application/x-ndarray",
        b"a" * 20_000,
        b"/",
    )
    return whole(
        *(
            craft.ask(form if kind.startswith(b"multi") else craft.body, fields=((b"content-type", kind),))
            for kind in kinds
        )
    )


def ranges(rig: Rig) -> Verdict:
    """Very many ranges of an answer: passed over or refused, and no work for the server."""
    value = b"bytes=" + b",".join(b"%d-%d" % (n, n + 1) for n in range(1500))
    came = rig.line.send(whole(rig.craft.ask(fields=((b"range", value),)))[0])
    return holds("they were passed over") if answered(came) else refused(_ALLOWED | {416}, cut=True)((came,))


def other_protocols(rig: Rig) -> Verdict:
    """Upgrades to other protocols, and the preface of HTTP/2 in the clear: none may be spoken unasked."""
    craft = rig.craft
    ask = craft.ask()
    upgrades = [
        ask.with_field(b"connection", b"upgrade").also(b"upgrade", kind) for kind in (b"websocket", b"h2c", b"tcp")
    ]
    came = [rig.line.send(shot) for shot in whole(*upgrades)]
    came.append(rig.line.send(_shot(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9))))
    return worst([upgraded(one) for one in came])


def upgraded(came: Came) -> Verdict:
    """Judges an upgrade: passed over or refused.

    Args:
        came: what came back; 101 is an interim answer, after which no answer of HTTP follows.
    """
    if answered(came):
        return holds("it was passed over")
    return (
        refused(_ALLOWED | {426, 505, 404}, cut=True)((came,))
        if not came.rest
        else broken("another protocol was spoken")
    )


def _shot(data: bytes) -> Shot:
    return Shot((data,), (b"POST",), linger=0.15)


_CHECK: Final = (checks.MALFORMED,)
PROBES: Final = (
    Probe(
        "two-lengths",
        "R12",
        _CHECK,
        "a body with two lengths, and another request behind it",
        _ONE,
        static(two_lengths, never_two(_ALLOWED)),
    ),
    Probe("odd-chunks", "R12", _CHECK, "chunks whose size is none", _ONE, static(odd_chunks, never_two(_ALLOWED))),
    Probe(
        "odd-heads",
        "R12",
        _CHECK,
        "heads that readers take apart differently",
        _ONE,
        static(odd_heads, never_two(_ALLOWED | {505})),
    ),
    Probe("tiny-chunks", "R12", (checks.MALFORMED, checks.GIANT), "a body in chunks of one byte", _CAP, tiny_chunks),
    Probe(
        "announced-giant",
        "R14",
        (checks.GIANT,),
        "the announcement of a body of a terabyte",
        _CAP,
        static(announced, _CUT),
    ),
    Probe("giant-body", "R14", (checks.GIANT, checks.MALFORMED), "a good question in a giant body", _CAP, giant),
    Probe(
        "many-fields",
        "R12",
        (checks.GIANT,),
        "a thousand header fields, and fields and paths of a megabyte",
        _CAP,
        static(many_fields, refused(_ALLOWED | {404}, cut=True)),
    ),
    Probe(
        "compressed-body",
        "R24",
        (checks.GIANT, checks.MALFORMED),
        "compressed bodies, one of which grows a thousandfold",
        _AGREED,
        static(compressed, _CUT),
    ),
    Probe("other-types", "R17", _CHECK, "forms, XML, YAML and enormous types", _AGREED, static(other_types, _CUT)),
    Probe("many-ranges", "R17", (checks.GIANT,), "1,500 ranges of an answer", _AGREED, ranges),
    Probe("other-protocols", "R3", _CHECK, "upgrades to other protocols", _AGREED, other_protocols),
)
