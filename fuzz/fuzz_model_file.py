"""Fuzz target: model files of anyone have one format or are refused; external tensors of ONNX stay in their folder."""

import sys

from redan.errors import InputError
from redan.models.formats import Format, recognise
from redan.models.onnx_external import locations
from redan.models.tensors import tensors


def TestOneInput(data: bytes) -> None:  # noqa: N802 -- the name that fuzzers call
    try:
        kind = recognise(data)
        if kind is Format.ONNX:
            for name in locations(data):
                if name.startswith("/") or ".." in name.split("/") or not name.isprintable():
                    raise AssertionError("an external tensor lies outside the folder")
        elif kind is Format.SAFETENSORS:
            found = tensors(data)[0]
            if sum(array.nbytes for array in found.values()) > 2 * len(data):
                raise AssertionError("more numbers than bytes")
    except InputError as error:
        str(error)


if __name__ == "__main__":
    import atheris

    atheris.instrument_all()
    atheris.Setup(sys.argv, TestOneInput)
    atheris.Fuzz()
