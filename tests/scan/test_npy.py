"""NumPy files: the header is believed only where the bytes are there, and objects are a pickle like any other."""

import io

import numpy as np
import pytest

from redan.scan import ScanVerdict, scan_bytes
from scan.hostile import npy_of, object_array, styles

EVIL = styles("os", "system")["global-0"]
CLEAN, UNCLEAR, MALICIOUS = ScanVerdict.CLEAN, ScanVerdict.NOT_UNDERSTOOD, ScanVerdict.MALICIOUS


def verdict(data: bytes) -> str:
    """The verdict of the bytes."""
    return scan_bytes(data, "m.npy").verdict


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((3, 4)),
        np.zeros(0),
        np.array(1),
        np.array(["a", "bb"]),
        np.array([b"a"]),
        np.zeros(2, dtype=[("a", "<i4"), ("b", ">f8", (2, 2)), ("c", [("d", "S3")])]),
        np.array(["2020-01-01"], dtype="M8[ns]"),
        np.zeros(3, dtype=bool),
        np.zeros(3, dtype="V7"),
        np.asfortranarray(np.ones((2, 3), dtype=complex)),
    ],
    ids=str,
)
def test_what_numpy_writes_is_clean(array):
    """Every kind of array without objects."""
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    assert verdict(file.getvalue()) is CLEAN


def test_an_array_of_objects_is_its_pickle():
    """Harmless objects are clean; a payload is malicious, with its offset in the file."""
    assert verdict(object_array()) is CLEAN
    data = npy_of(EVIL)
    [found] = scan_bytes(data, "m.npy").detections
    assert data[found.offset : found.offset + 10] == b"cos\nsystem"
    assert verdict(npy_of(EVIL, "[('a', '<i4'), ('b', '|O')]")) is MALICIOUS


@pytest.mark.parametrize(
    "data",
    [
        npy_of(b"", "'<f8'", "(4611686018427387904,)"),
        npy_of(b"", "'<f8'", "(-1,)"),
        npy_of(bytes(8), "'<f8'", "(2,)"),
        npy_of(bytes(24), "'<f8'", "(2,)"),
        npy_of(bytes(8), "'<f8'", "(1,) + (2,)"),
        npy_of(bytes(8), "'<f8'", "__import__('os')"),
        npy_of(bytes(8), "'q8x'"),
        npy_of(bytes(8), "'<f8'", "(True,)"),
        npy_of(b"", "'|O'"),
        npy_of(bytes(8), "[" * 300 + "]" * 300),
        npy_of(bytes(8), "'<f8'", "-" * 3000 + "1"),
        b"\x93NUMPY\x04\x00" + bytes(100),
        b"\x93NUMPY\x01\x00\xff\xff{",
        b"\x93NUMPY\x02\x00\xff\xff\xff\x7f{",
        b"\x93NUMPY",
    ],
)
def test_a_header_that_lies_is_not_clean(data):
    """Shapes that do not fit, types that do not exist, expressions, nesting, huge lengths."""
    assert verdict(data) is UNCLEAR


def test_numbers_of_python_2_are_read():
    """A shape with the suffix of Python 2's long integers is the shape that it was."""
    assert verdict(npy_of(bytes(16), "'<f8'", "(2L,)")) is CLEAN


def test_a_second_array_behind_the_first_is_read():
    """Loaders that are called again on the same file read on."""
    assert verdict(npy_of(bytes(8), "'<f8'") + npy_of(EVIL)) is MALICIOUS
