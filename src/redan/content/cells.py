"""Canonical bytes of cells and rows, whole batches at a time.

A cell is one tag byte and its value; a row is its cells in the order of the columns' names. No cell is the beginning of
another, so a row can be read in one way only; docs/spec/content.md gives the rules and vectors.
"""

import hashlib
import zlib
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.content.columns import Column, Form
from redan.tables.encoded import scattered

if TYPE_CHECKING:
    import pyarrow as pa

Bytes: TypeAlias = NDArray[np.uint8]
Words: TypeAlias = NDArray[np.uint64]
Truths: TypeAlias = NDArray[np.bool_]

MISSING, NUMBER, TEXT, BOOL, TIME, BYTES = range(6)
_THOUSAND = 1000
# Multiples of SplitMix64's increment: the kinds of cells get hints of their own.
_OWN = tuple(np.uint64(0x9E3779B97F4A7C15 * tag % (1 << 64)) for tag in range(6))
_ABOVE_CRC = np.uint64(1 << 32)


class Cells(NamedTuple):
    """The cells of one column of a batch.

    Args:
        encoded: large binary, one value per row, none null.
        hints: one byte per cell, equal for equal cells; tells which columns of a changed row differ.
    """

    encoded: Any
    hints: Bytes


def cells(column: Column, values: "list[pa.Array]") -> Cells:
    """The cells of a column.

    Args:
        column: says how each array is encoded.
        values: one Arrow array per part of the column.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    encoded, words = None, np.zeros(len(values[0]), dtype=np.uint64)
    for part, array in zip(column.parts, values, strict=True):
        if encoded is not None and array.null_count == len(array):
            continue
        present, own, written = _part(part.form, array)
        words = np.where(present, own, words)
        encoded = written if encoded is None else pc.if_else(pa.array(present), written, encoded)
    hints = (scattered(words) >> np.uint64(56)).astype(np.uint8)
    return Cells(encoded, hints)


def joined(columns: "list[pa.Array]") -> "pa.Array":
    """The rows: their cells one behind the other."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.binary_join_element_wise(*columns, pa.scalar(b"", pa.large_binary()))


def digests(rows: "pa.Array") -> Bytes:
    """SHA-256 of each row, rows x 32."""
    _, offsets, data = rows.buffers()
    whole = memoryview(data) if data is not None else memoryview(b"")
    ends = np.frombuffer(offsets, dtype=np.int64)[rows.offset : rows.offset + len(rows) + 1].tolist()
    sha256 = hashlib.sha256
    flat = b"".join([sha256(whole[start:end]).digest() for start, end in pairwise(ends)])
    return np.frombuffer(flat, dtype=np.uint8).reshape(len(rows), 32)


def _part(form: Form, array: "pa.Array") -> "tuple[Truths, Words, pa.Array]":
    if form in {"text", "bytes"}:
        return _texts(TEXT if form == "text" else BYTES, array)
    if form in {"number", "float32"}:
        return _numbers(form, array)
    present = np.asarray(array.is_valid())
    if form == "bool":
        truths = array.fill_null(False).to_numpy(zero_copy_only=False).astype(np.uint8)
        return present, truths.astype(np.uint64) + _OWN[BOOL], _fixed(BOOL, present, truths[:, None])
    whole = array.fill_null(0).to_numpy()
    rest = np.zeros(len(whole), dtype=np.int64)
    if form == "nanoseconds":
        whole, rest = np.divmod(whole, _THOUSAND)
    raw = np.empty((len(whole), 10), dtype=np.uint8)
    raw[:, :8] = whole.astype(">i8").view(np.uint8).reshape(-1, 8)
    raw[:, 8:] = rest.astype(">u2").view(np.uint8).reshape(-1, 2)
    words = whole.view(np.uint64) + (rest.view(np.uint64) << np.uint64(54)) + _OWN[TIME]
    return present, words, _fixed(TIME, present, raw)


def _numbers(form: Form, array: "pa.Array") -> "tuple[Truths, Words, pa.Array]":
    if form == "float32":
        array = _shortest(array)
    numbers = array.to_numpy(zero_copy_only=False) + 0.0  # -0.0 and 0.0 are one number
    present = ~np.isnan(numbers)
    raw = numbers.astype(">f8").view(np.uint8).reshape(-1, 8)
    return present, numbers.view(np.uint64) + _OWN[NUMBER], _fixed(NUMBER, present, raw)


def _shortest(array: "pa.Array") -> "pa.Array":
    """Single precision as the shortest decimal that gives it back, which is what text files hold of it."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.cast(pc.cast(array, pa.string()), pa.float64())


def _texts(tag: int, array: "pa.Array") -> "tuple[Truths, Words, pa.Array]":
    import pyarrow as pa
    import pyarrow.compute as pc

    present = np.asarray(array.is_valid())
    plain = pc.cast(array, pa.large_binary()).fill_null(b"")
    lengths = pc.binary_length(plain).to_numpy().astype(">u4").view(np.uint8).reshape(-1, 4)
    coded = plain.dictionary_encode()
    sums = np.array([zlib.crc32(value) for value in coded.dictionary.to_pylist()], dtype=np.uint64)
    words = (sums + _ABOVE_CRC + _OWN[tag])[coded.indices.to_numpy()]
    return present, words, joined([_fixed(tag, present, lengths), plain])


def _fixed(tag: int, present: Truths, raw: Bytes) -> "pa.Array":
    """Cells of one width; a missing one is the one byte that says so."""
    import pyarrow as pa

    rows, width = raw.shape[0], raw.shape[1] + 1
    whole = np.empty((rows, width), dtype=np.uint8)
    whole[:, 0] = np.where(present, tag, MISSING)
    whole[:, 1:] = raw
    if present.all():
        data, offsets = whole, np.arange(0, (rows + 1) * width, width, dtype=np.int64)
    else:
        kept = np.ones((rows, width), dtype=bool)
        kept[~present, 1:] = False
        data = whole[kept]
        offsets = np.concatenate([[0], np.cumsum(np.where(present, width, 1))]).astype(np.int64)
    parts = [None, pa.py_buffer(offsets), pa.py_buffer(data.tobytes())]
    return pa.Array.from_buffers(pa.large_binary(), rows, parts)
