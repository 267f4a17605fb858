"""What vectors of several controls plant: seals by keys that everybody knows, made at the time of the test."""

import struct
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from redan.canon import digest
from redan.files import write_atomic
from redan.seal.keys import Signer, load_signer
from redan.seal.oms import sign


def known_signer(word: str) -> Signer:
    """A P-256 key that follows from a word; it protects nothing.

    Args:
        word: equal words give equal keys.
    """
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = derive_private_key(int(digest(word.encode())[:60], 16) + 1, SECP256R1())
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "key.pem"
        write_atomic(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), mode=0o600)
        return load_signer(path)


def seal_of(files: Mapping[str, bytes], signer: Signer, *, alone: bool = False) -> bytes:
    """The seal over a folder of these files, or over the one file alone.

    Args:
        files: relative path to content.
        signer: from `known_signer`.
        alone: seal the file itself instead of a folder that holds it.
    """
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch) / "bundle"
        for name, data in files.items():
            write_atomic(root / name, data)
        return sign(root / next(iter(files)) if alone else root, signer)


def tiny_onnx(weights: tuple[float, ...] = (0.5, -0.25)) -> bytes:
    """An ONNX model that multiplies a row with weights.

    Args:
        weights: one per column.
    """
    size = len(weights)
    tensor = _int(1, size) + _int(2, 1) + _text(8, "w") + _part(9, struct.pack(f"<{size}f", *weights))
    node = _text(1, "x") + _text(1, "w") + _text(2, "y") + _text(4, "Mul")
    graph = (
        _part(1, node) + _text(2, "g") + _part(5, tensor) + _part(11, _port("x", size)) + _part(12, _port("y", size))
    )
    return _int(1, 8) + _part(7, graph) + _part(8, _text(1, "") + _int(2, 13))


def linear_onnx(weights: tuple[float, ...]) -> bytes:
    """An ONNX model of any number of rows: the logistic function of their weighted sum.

    Args:
        weights: one per column.
    """
    size = len(weights)
    tensor = _int(1, size) + _int(1, 1) + _int(2, 1) + _text(8, "w") + _part(9, struct.pack(f"<{size}f", *weights))
    nodes = (
        _text(1, "x") + _text(1, "w") + _text(2, "z") + _text(4, "MatMul"),
        _text(1, "z") + _text(2, "y") + _text(4, "Sigmoid"),
    )
    ports = (_part(11, _rows_port("x", size)), _part(12, _rows_port("y", 1)))
    graph = b"".join(_part(1, node) for node in nodes) + _text(2, "g") + _part(5, tensor) + b"".join(ports)
    return _int(1, 8) + _part(7, graph) + _part(8, _text(1, "") + _int(2, 13))


def softmax_onnx(weights: Sequence[Sequence[float]]) -> bytes:
    """An ONNX model of any number of rows: a probability for each class.

    Args:
        weights: a row per column of the input, a number per class in it; at most 127 bytes of graph ports.
    """
    size, classes = len(weights), len(weights[0])
    flat = [value for row in weights for value in row]
    tensor = (
        _int(1, size) + _int(1, classes) + _int(2, 1) + _text(8, "w") + _part(9, struct.pack(f"<{len(flat)}f", *flat))
    )
    nodes = (
        _text(1, "x") + _text(1, "w") + _text(2, "z") + _text(4, "MatMul"),
        _text(1, "z") + _text(2, "probabilities") + _text(4, "Softmax"),
    )
    ports = (_part(11, _rows_port("x", size)), _part(12, _rows_port("probabilities", classes)))
    graph = b"".join(_part(1, node) for node in nodes) + _text(2, "g") + _part(5, tensor) + b"".join(ports)
    return _int(1, 8) + _part(7, graph) + _part(8, _text(1, "") + _int(2, 13))


def _rows_port(name: str, size: int) -> bytes:
    shape = _part(1, _text(2, "rows")) + _part(1, _int(1, size))
    return _text(1, name) + _part(2, _part(1, _int(1, 1) + _part(2, shape)))


def _port(name: str, size: int) -> bytes:
    tensor = _int(1, 1) + _part(2, _part(1, _int(1, size)))
    return _text(1, name) + _part(2, _part(1, tensor))


def _int(number: int, value: int) -> bytes:
    return bytes([number << 3, value])


def _text(number: int, text: str) -> bytes:
    return _part(number, text.encode())


def _part(number: int, data: bytes) -> bytes:
    length = len(data)
    return bytes([number << 3 | 2, *([length] if length < 128 else [length & 0x7F | 0x80, length >> 7])]) + data  # noqa: PLR2004
