"""Advice on loaders: versions are compared as releases are, and advice never changes a verdict."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redan.scan.advice import advice, faults, older, packages
from redan.scan.records import Scanned, ScanVerdict
from redan.scan.shelf import FORMATS


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("2.5.1", "2.6.0"),
        ("2.6.0rc1", "2.6.0"),
        ("2.6.0.dev1", "2.6.0a1"),
        ("2.9.1", "2.10.0"),
        ("0.9", "0.10.0"),
        ("2.5.1+cpu", "2.6"),
        ("2.6.0", "2.6.0.post1"),
        ("1.0a1", "1.0b1"),
        ("v1.0", "1.0.1"),
    ],
)
def test_older_versions_come_first(first, second):
    """Pairs in the order of PEP 440."""
    assert older(first, second)
    assert not older(second, first)


@pytest.mark.parametrize(("first", "second"), [("2.6", "2.6.0"), ("2.6.0+cu121", "2.6.0"), ("1.0", "v1.0")])
def test_equal_versions_are_not_older(first, second):
    """Trailing zeros and local parts do not count."""
    assert not older(first, second)
    assert not older(second, first)


@given(st.lists(st.integers(0, 99), min_size=1, max_size=4), st.lists(st.integers(0, 99), min_size=1, max_size=4))
def test_numbers_compare_as_tuples(first, second):
    """For plain releases the order is that of their numbers, padded with zeros."""
    pad = lambda v: tuple(v + [0] * (4 - len(v)))  # noqa: E731
    assert older(".".join(map(str, first)), ".".join(map(str, second))) == (pad(first) < pad(second))


def test_an_old_loader_is_named_with_its_cve():
    """torch 2.5.1 is told to be updated before a file of torch is loaded; 2.10 is not."""
    found = advice("pytorch-zip", {"torch": "2.5.1"})
    assert {d.reference for d in found} == {"CVE-2025-32434", "CVE-2026-24747"}
    assert all(d.verdict is ScanVerdict.CLEAN and "Update torch" in d.remedy for d in found)
    assert advice("pytorch-zip", {"torch": "2.10.0"}) == ()
    assert advice("pytorch-zip", {}) == ()
    assert advice("onnx", {"torch": "2.5.1"}) == ()


def test_advice_changes_no_verdict():
    """A clean file stays clean beside an old loader."""
    found = advice("onnx", {"onnx": "1.12.0"})
    assert found
    assert Scanned(name="x", format="onnx", sha256="", size=0, detections=found).verdict is ScanVerdict.CLEAN


def test_the_table_is_sound():
    """References are CVEs, versions are versions, and every format of the table is on the shelf."""
    shelf = {f.name for f in FORMATS}
    for fault in faults():
        assert re.fullmatch(r"CVE-\d{4}-\d{4,}", fault.reference)
        assert re.fullmatch(r"\d+(\.\d+)+", fault.fixed)
        assert fault.what.endswith(".")
        assert set(fault.formats) <= shelf, fault.formats
    assert packages() == tuple(sorted({f.package for f in faults()}))


def test_an_odd_version_is_compared_without_an_error():
    """What a broken installation says of itself is compared somehow and shown shortened."""
    assert older("unknown", "1.0")
    assert all(len(d.what) < 300 for d in advice("onnx", {"onnx": "0" * 5000}))
