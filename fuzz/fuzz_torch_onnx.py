"""Fuzz target: any bytes are a graph with gradients, or a refusal of one line, nothing else."""

import sys

from redan.errors import RedanError
from redan.models.torch_onnx.graph import graph_of
from redan.models.torch_onnx.module import OnnxNetwork


def TestOneInput(data: bytes) -> None:  # noqa: N802 -- the name that fuzzers call
    try:
        network = OnnxNetwork(graph_of(data, "y", {"w": data[:64]}))
    except RedanError as error:
        if "\n" in str(error):
            raise AssertionError("a refusal is one line") from error
    else:
        if network.training:
            raise AssertionError("what was converted is in evaluation mode")


if __name__ == "__main__":
    import atheris

    atheris.instrument_func(graph_of)
    atheris.instrument_func(OnnxNetwork.__init__)
    atheris.Setup(sys.argv, TestOneInput)
    atheris.Fuzz()
