"""Fuzz target: ONNX from anyone gets a verdict, and a clean one only where onnx itself parses the file."""

import sys

import onnx

from redan.scan import scan_bytes


def TestOneInput(data: bytes) -> None:  # noqa: N802 -- the name that fuzzers call
    for candidate in (data, b"\x3a" + _varint(len(data)) + data, b"\x08\x01\x12" + _varint(len(data)) + data):
        found = scan_bytes(candidate, "m.onnx")
        if found.verdict.value == "clean" and found.format == "onnx":
            onnx.load_model_from_string(candidate)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:  # noqa: PLR2004
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


if __name__ == "__main__":
    import atheris

    atheris.instrument_all()
    atheris.Setup(sys.argv, TestOneInput)
    atheris.Fuzz()
