"""What an answer tells that it should not: where code lies, what failed inside, which software in which version.

Source: CVE-2025-23319 (an error text named internal memory); CWE-209.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from redan.probes.reply import Reply

_SIGNS: Final = (
    (
        "a stack trace",
        re.compile(
            rb"Traceback \(most recent call last\)|(?:\n|\\n)(?:\s|\\t)+at [\w.$]+\([\w.]+:\d+\)|"
            rb"line \d+, in |goroutine \d+ \["
        ),
    ),
    (
        "a file of the server's code",
        re.compile(rb'File \\?"[^"\n]{1,300}\.py\\?"|[\w/.-]{3,200}\.(?:py|cc|cpp|go|rs|java):\d+'),
    ),
    (
        "a path of the server's disk",
        re.compile(rb"(?:/(?:home|root|usr|opt|app|var|tmp|mnt|srv|etc)/[\w.-]+/[\w./-]+|[A-Z]:\\\\?\w+\\)"),
    ),
    (
        "the name of internal memory or of a socket",
        re.compile(rb"triton_python_backend_shm|/dev/shm/|psm_[0-9a-f]{8}|shared[_ ]memory (?:region|key) '"),
    ),
    (
        "the text of an exception",
        re.compile(rb"\b(?:[A-Z]\w+(?:Error|Exception)\b(?:\(|:)|std::\w+|SQLSTATE|near \\?\"[^\"]*\\?\": syntax)"),
    ),
    ("an address of memory", re.compile(rb"\b0x[0-9a-f]{8,16}\b")),
    (
        "an address of the inner network",
        re.compile(rb"\b(?:10\.\d{1,3}|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.\d{1,3}\.\d{1,3}\b"),
    ),
    ("how the server's validation is written", re.compile(rb"errors\.pydantic\.dev|\"loc\":\s*\[|pydantic_core")),
)
_VERSION = re.compile(rb"[A-Za-z][\w.+-]*/v?\d+(?:\.\d+)+|\b\d+\.\d+\.\d+\b")
_NAMING: Final = (b"server", b"x-powered-by", b"via", b"x-aspnet-version", b"x-runtime")
_REFUSED: Final = 400
_CHANGING = re.compile(rb"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}|[0-9a-f]{12,64}|redan-none-[0-9a-z]+")


def signs(reply: Reply) -> Iterator[str]:
    """What a refusal tells of the inside of the server, in plain words.

    Args:
        reply: an answer of it; those that are no refusal tell nothing here.
    """
    if reply.status >= _REFUSED:
        yield from (what for what, sign in _SIGNS if sign.search(reply.body))


def versions(replies: Iterable[Reply]) -> tuple[str, ...]:
    """Names of fields that tell which software answers, in which version."""
    return tuple(
        name.decode() for name in _NAMING if any(_VERSION.search(reply.field(name)) is not None for reply in replies)
    )


def without_identifiers(body: bytes) -> bytes:
    """A body without what differs from one answer to the next."""
    return _CHANGING.sub(b"*", body)
