"""Small networks and data that vectors of several controls attack; weights are written down, nothing is trained."""

import io
import struct
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float32]
Step: TypeAlias = tuple[str, Array | str | None]
_OPSET = 13
_BYTE = 7  # bits of a number that go into each byte
_FLOAT = 1  # the type of ONNX


class Task(NamedTuple):
    """Inputs in [0, 1] and their classes.

    The first half of the columns tells classes apart by far, with noise; the second half by little, without noise.

    Args:
        x: shape (n, columns).
        y: shape (n,).
        firm: shape (columns, classes), weights that rest on the first half.
        frail: likewise, on the second half.
    """

    x: Array
    y: NDArray[np.int64]
    firm: Array
    frail: Array


def task(n: int, *, columns: int = 24, classes: int = 3, seed: int = 0) -> Task:
    """Samples of a task.

    Args:
        n: samples.
        columns: twice a multiple of the classes.
        classes: their number.
        seed: of the samples; the task is the same for each.
    """
    rng = np.random.default_rng([20260601, seed])
    half = columns // 2
    own = (np.arange(half)[:, None] % classes == np.arange(classes)[None, :]).astype(np.float64)
    y = rng.integers(0, classes, n)
    first = 0.35 + 0.4 * own.T[y] + rng.normal(0.0, 0.05, (n, half))
    second = 0.5 + 0.02 * own.T[y] + rng.normal(0.0, 0.002, (n, half))
    x = np.clip(np.concatenate([first, second], axis=1), 0.0, 1.0).astype(np.float32)
    nothing, each = np.zeros_like(own), 4.0 * own / own.sum(axis=0)
    firm = np.concatenate([each, nothing]).astype(np.float32)
    frail = np.concatenate([nothing, 20.0 * each]).astype(np.float32)
    return Task(x, y, firm, frail)


def samples_npz(made: Task) -> bytes:
    """The samples as an `.npz` with arrays x and y."""
    held = io.BytesIO()
    np.savez(held, x=made.x, y=made.y)
    return held.getvalue()


def samples_csv(made: Task) -> bytes:
    """The samples as a table with columns `c0`, `c1` ... and `label`."""
    head = ",".join([*(f"c{i}" for i in range(made.x.shape[1])), "label"])
    rows = (",".join([*(f"{v:.4f}" for v in row), str(kind)]) for row, kind in zip(made.x, made.y, strict=True))
    return "\n".join([head, *rows, ""]).encode()


def network_onnx(columns: int, classes: int, steps: Sequence[Step]) -> bytes:
    """An ONNX network of any number of rows: operators one after the other, each with one further input or none.

    Args:
        columns: of the input.
        classes: of the output.
        steps: operator and constant, such as `("MatMul", weights)`, or the name of an earlier value: `x`, `h0` ...
    """
    nodes, constants, at = b"", b"", "x"
    for place, (kind, constant) in enumerate(steps):
        out = "logits" if place == len(steps) - 1 else f"h{place}"
        names = _text(1, at)
        if isinstance(constant, str):
            names += _text(1, constant)
        elif constant is not None:
            names += _text(1, f"w{place}")
            constants += _part(5, _tensor(f"w{place}", constant))
        nodes += _part(1, names + _text(2, out) + _text(4, kind) + _SEEDED.get(kind, b""))
        at = out
    ports = _part(11, _port("x", columns)) + _part(12, _port("logits", classes))
    graph = nodes + _text(2, "g") + constants + ports
    return _int(1, 8) + _part(7, graph) + _part(8, _text(1, "") + _int(2, _OPSET))


def linear(weights: Array, *around: Step) -> bytes:
    """The product with weights; further operators before it where their name begins with `<`, else after it."""
    before = [(kind[1:], value) for kind, value in around if kind.startswith("<")]
    after = [step for step in around if not step[0].startswith("<")]
    return network_onnx(weights.shape[0], weights.shape[1], [*before, ("MatMul", weights), *after])


def noisy(weights: Array, sigma: float) -> bytes:
    """The product with weights after fresh noise on each input: other answers each time it is asked."""
    noise: list[Step] = [("RandomNormalLike", None), ("Mul", times(sigma)), ("Add", "x")]
    return network_onnx(weights.shape[0], weights.shape[1], [*noise, ("MatMul", weights)])


def times(factor: float) -> Array:
    """A constant for `Mul`."""
    return np.array([factor], dtype=np.float32)


def _tensor(name: str, value: Array) -> bytes:
    shape = b"".join(_int(1, size) for size in value.shape)
    return shape + _int(2, _FLOAT) + _text(8, name) + _part(9, struct.pack(f"<{value.size}f", *value.ravel().tolist()))


def _port(name: str, size: int) -> bytes:
    shape = _part(1, _text(2, "rows")) + _part(1, _int(1, size))
    return _text(1, name) + _part(2, _part(1, _int(1, _FLOAT) + _part(2, shape)))


def _int(number: int, value: int) -> bytes:
    return bytes([number << 3]) + _number(value)


def _text(number: int, text: str) -> bytes:
    return _part(number, text.encode())


def _part(number: int, data: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _number(len(data)) + data


def _number(value: int) -> bytes:
    found = bytearray()
    while value >> _BYTE:
        found.append(value & 0x7F | 0x80)
        value >>= _BYTE
    return bytes([*found, value])


_SEEDED = {"RandomNormalLike": _part(5, _text(1, "seed") + b"\x15" + struct.pack("<f", 1.0) + b"\xa0\x01\x01")}
