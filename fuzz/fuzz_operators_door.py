"""Fuzz target: any headers and any form get nothing from the operators' plane without its token and the form's word."""

import asyncio
import sys

from redan.gateway.door import Door, Words, browsed

TOKEN = b"7f1c9a0e5b3d48629a7c0d1e2f3a4b5c"
WORDS = Words(b"k" * 32)


async def _inside(*_given):
    raise AssertionError("somebody without the token is inside")


async def _receive():
    return {"type": "http.request", "body": b"", "more_body": False}


def TestOneInput(data: bytes) -> None:  # noqa: N802 -- the name that fuzzers call
    parts = data.split(b"\n")
    names = (b"authorization", b"host", b"origin", b"sec-fetch-site", b"sec-fetch-mode", b"content-type")
    headers = list(zip(names, parts, strict=False))
    if any(TOKEN in value for _, value in headers):
        return
    statuses = []

    async def send(message):
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    for scheme in (b"", b"Bearer ", b"Basic "):
        given = [(k, scheme + v if k == b"authorization" else v) for k, v in headers]
        scope = {"type": "http", "method": "POST", "path": "/", "raw_path": b"/", "query_string": b"", "headers": given}
        asyncio.run(Door(_inside, TOKEN)(scope, _receive, send))
    if set(statuses) != {401}:
        raise AssertionError(statuses)
    browsed({k.decode(): v.decode("latin-1") for k, v in headers})
    if WORDS.fits(data.decode("utf-8", "replace"), "rollback", "churn"):
        raise AssertionError("a word was guessed")


if __name__ == "__main__":
    import atheris

    atheris.instrument_all()
    atheris.Setup(sys.argv, TestOneInput)
    atheris.Fuzz()
