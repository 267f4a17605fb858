"""Fuzz target: any bytes are answers, metadata and scores of a server, or a file of credentials; none is a fault."""

import sys

from redan.errors import ConfigError
from redan.probes import leaks, ports, talk
from redan.probes.contract import Came
from redan.probes.craft import ports_of, question_for
from redan.probes.held import parse_held
from redan.probes.identity import claims_of
from redan.probes.judge import DENIED, refused
from redan.probes.reply import Reply, replies_of
from redan.terms import Outcome


def TestOneInput(data: bytes) -> None:  # noqa: N802 -- the name that fuzzers call
    for ended in (False, True):
        found = replies_of(data, (b"HEAD", b"POST"), ended=ended)
        if sum(len(one.body) for one in found.replies) + len(found.rest) > len(data):
            raise AssertionError("more came out than went in")
        verdict = refused(DENIED)((Came(found.replies, ended),))
        if any(200 <= one.status < 300 for one in found.replies) and verdict.outcome is not Outcome.BROKEN:  # noqa: PLR2004
            raise AssertionError("an answer is no refusal")
    reply = Reply(400, ((b"inference-header-content-length", data[:4]),), data)
    list(leaks.signs(reply))
    talk.scores(reply)
    talk.identifier(reply)
    claims_of(data.decode("latin-1"))
    ports.listening(data, data)
    made = ports_of(data)
    if sum(one.size for one in made) < 1 << 16:
        question_for(made)
    try:
        parse_held(data)
    except ConfigError as error:
        if "\n" in str(error):
            raise AssertionError("a refusal is one line") from error


if __name__ == "__main__":
    import atheris

    atheris.instrument_all()
    atheris.Setup(sys.argv, TestOneInput)
    atheris.Fuzz()
