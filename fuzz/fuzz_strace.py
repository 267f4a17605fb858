"""Fuzz target: the reader of the tracer's lines and of the watcher's log takes any bytes and keeps absolute paths.

Run with an outside fuzzer: python fuzz/fuzz_strace.py [corpus folder]
The first byte chooses: lines as they are, arguments of a call that is known, or lines of the audit hooks' log.
"""

import sys

from redan.recording.audit import Told
from redan.recording.strace_calls import CALLS, Traced
from redan.recording.tally import Tally

LIMIT = 64


def TestOneInput(data: bytes) -> None:  # noqa: N802 -- the name that fuzzers look for
    """One input of the fuzzer; a relative path, or more files than the limit, is a failure, as is any exception."""
    tally = Tally(limit=LIMIT)
    kind, body = (data[0] % 3, data[1:]) if data else (0, b"")
    if kind == 2:  # noqa: PLR2004 -- the third choice
        told = Told(tally)
        for line in body.split(b"\n"):
            told.line(line)
    else:
        traced = Traced(tally, cwd=b"/home")
        for index, line in enumerate(body.split(b"\n")):
            name = CALLS[index % len(CALLS)].encode()
            traced.line(b"1 %s(%s) = 3</a>" % (name, line) if kind else line)
    if len(tally.files) > LIMIT or any(not path.startswith(b"/") for path in tally.files):
        raise RuntimeError("a name that is no absolute path, or too many")


def main() -> None:
    """Runs under atheris."""
    import atheris

    atheris.instrument_all()
    atheris.Setup(sys.argv, TestOneInput)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
