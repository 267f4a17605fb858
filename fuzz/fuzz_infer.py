"""Fuzz target: any bytes are a question that survives being written and read again, or a refusal, nothing else."""

import sys

from redan.exchange import encode
from redan.exchange.decode import decode
from redan.exchange.flow import Answer
from redan.exchange.limits import Limits
from redan.exchange.problem import RefusedError

LIMITS = Limits(body=1 << 16, elements=1 << 12)


def TestOneInput(data: bytes) -> None:  # noqa: N802 -- the name that fuzzers call
    length, body = (int.from_bytes(data[:2], "little"), data[2:]) if data[:1] != b"{" else (None, data)
    try:
        found = decode(body, length, LIMITS)
    except RefusedError as error:
        if error.refusal.problem.status not in {400, 413}:
            raise AssertionError("a refused question is the client's fault") from error
        return
    if sum(tensor.values.size for tensor in found.inputs) > LIMITS.elements:
        raise AssertionError("more was read than is allowed")
    asked = found._replace(outputs=(), binary=True)
    response = encode.answer("m", "", asked, Answer(found.inputs))
    head = int(dict(response.headers)[b"inference-header-content-length"])
    again = response.body[:head].replace(b'"model_name":"m",', b"", 1).replace(b'"outputs":[', b'"inputs":[', 1)
    read = decode(again + response.body[head:], len(again), LIMITS._replace(body=1 << 20))
    for one, other in zip(found.inputs, read.inputs, strict=True):
        if (one.name, one.datatype, one.values.shape) != (other.name, other.datatype, other.values.shape):
            raise AssertionError("what is written reads back to another question")
        if one.values.tolist() != other.values.tolist():
            raise AssertionError("what is written reads back to other numbers")


if __name__ == "__main__":
    import atheris

    atheris.instrument_all()
    atheris.Setup(sys.argv, TestOneInput)
    atheris.Fuzz()
