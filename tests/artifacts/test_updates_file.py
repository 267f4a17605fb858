"""Recorded updates of a federation: read as numbers, or refused; no bytes raise anything else."""

import io
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redan.artifacts.updates_file import read_updates
from redan.errors import InputError


def packed(**arrays):
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def member(data, name="updates.npy"):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, data)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["float32", "float64", "float16", "int64"])
def test_arrays_come_back(kind):
    """What numpy wrote is read as float64."""
    sent = np.arange(24).reshape(2, 3, 4).astype(kind)
    found = read_updates(packed(updates=sent))
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, sent)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK",
        packed(other=np.ones((1, 2, 3))),
        packed(updates=np.ones((2, 3))),
        packed(updates=np.ones((0, 2, 3))),
        packed(updates=np.array([[["a"]]])),
        packed(updates=np.array([[[1j]]])),
        packed(updates=np.array([[[None]]], dtype=object)),
        member(b"not an array"),
        member(b"\x93NUMPY\x01\x00v\x00{'descr': '<f8', 'fortran_order': False, 'shape': (9, 9, 99999999999), }\n"),
    ],
)
def test_other_files_are_refused(data):
    """Other archives, shapes, types, pickled objects and headers that promise too much."""
    with pytest.raises(InputError):
        read_updates(data)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 400), st.integers(0, 255))
def test_any_bytes_are_an_array_or_refused(data, place, value):
    """Random bytes, random members, and a good file with one byte changed."""
    good = bytearray(packed(updates=np.ones((2, 3, 4))))
    good[place % len(good)] = value
    for candidate in (data, member(data), bytes(good)):
        try:
            assert read_updates(candidate).ndim == 3
        except InputError:
            continue
