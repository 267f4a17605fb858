"""Fuzz target: the reader of records says believed or not of any bytes, nothing else, and never wrongly.

Run with an outside fuzzer: python fuzz/fuzz_record.py [corpus folder]
The first byte chooses: raw bytes, an edit of a real envelope's bytes, or an edit of its payload sealed again.
"""

import functools
import sys

from redan.canon import canonical
from redan.errors import InvalidError
from redan.recording import form
from redan.recording.digests import State
from redan.recording.keep import sealed
from redan.recording.observation import BLIND, Method
from redan.recording.reader import read_record
from redan.recording.statement import payload
from redan.seal import dsse, in_toto, keys
from redan.seal.strict import DigestSet

HEAD_BYTES = 4  # what to do, and where


@functools.cache
def real() -> tuple[form.TrainingRecord, bytes, keys.Signer]:
    """A real record, its envelope and its key, made once."""
    note = form.FileNote(use="read", state=State.UNCHANGED, size=1, declared=("dataset:train",))
    item = form.FileResource(name="train.csv", digest=DigestSet(sha256="0" * 64), annotations=note)
    seen = form.Seen(
        method=Method.STRACE,
        fallback="",
        blind_to=BLIND[Method.STRACE],
        gaps=(),
        unwatched=(),
        exit_status=0,
        wall_seconds=1.5,
        own_seconds=0.25,
        processes=1,
        addresses=0,
        counted={"system": 1},
        unlisted=(),
    )
    definition = form.Definition(
        external_parameters=form.External(command=("python",), directory=".", models=("m",)),
        internal_parameters=form.Internal(python="3.11", platform="Linux", variables=(), settings={}),
        resolved_dependencies=(item,),
    )
    when = form.Metadata(invocation_id="1", started_on="2026-06-01T12:00:00Z", finished_on="2026-06-01T12:00:01Z")
    details = form.RunDetails(
        builder=form.Builder(version={}), metadata=when, byproducts=(form.Observation(annotations=seen),)
    )
    subject = form.Output(name="m.bin", digest=DigestSet(sha256="1" * 64), annotations=form.OutputNote(size=1))
    record = form.TrainingRecord(
        subject=(subject,), predicate=form.Provenance(build_definition=definition, run_details=details)
    )
    signer = keys.generate("ed25519")
    return record, sealed(record, signer), signer


def TestOneInput(data: bytes) -> None:  # noqa: N802 -- the name that fuzzers look for
    """One input of the fuzzer; a believed envelope that is not the real one is a failure, as is any other exception."""
    record, envelope, signer = real()
    place, body = int.from_bytes(data[1:HEAD_BYTES], "big"), data[HEAD_BYTES:]
    again = data[:1] and data[0] % 3 == 2  # noqa: PLR2004 -- the third choice
    if not data[:1] or data[0] % 3 == 0:
        candidate = data[1:]
    else:
        base = payload(record) if again else envelope
        start = place % len(base)
        candidate = base[:start] + body + base[start + len(body) :]
        if again:
            candidate = canonical(dsse.seal(candidate, in_toto.PAYLOAD_TYPE, signer))
    try:
        found = read_record(candidate, (signer.public,))
    except InvalidError:
        return
    if payload(found) not in (payload(record), candidate) and not again:
        raise RuntimeError("a changed record was believed")
    if sealed(found, signer) != candidate:
        raise RuntimeError("a record was read that is not what was signed")


def main() -> None:
    """Runs under atheris."""
    import atheris

    atheris.instrument_all()
    atheris.Setup(sys.argv, TestOneInput)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
