"""Names that loaders know, one per line in text files beside this module: operators of TensorFlow and ONNX."""

from functools import cache
from importlib.resources import files


@cache
def tensorflow_ops() -> frozenset[str]:
    """Operators of TensorFlow 2.21 that neither read nor write files, reach a network, nor run Python."""
    return frozenset(_lines("names_tensorflow.txt"))


@cache
def onnx_ops() -> frozenset[tuple[str, str]]:
    """Domain and name of the operators of ONNX 1.23 and of ONNX Runtime 1.31 that only compute."""
    pairs = (line.split(" ") for line in _lines("names_onnx.txt"))
    return frozenset((domain, name) for domain, name in pairs)


def _lines(name: str) -> list[str]:
    return files("redan.scan.formats").joinpath(name).read_text(encoding="ascii").split("\n")[:-1]
