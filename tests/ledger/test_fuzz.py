"""The fuzz target of the store, run on a few hundred inputs."""

import importlib.util
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

PATH = Path(__file__).resolve().parents[2] / "fuzz" / "fuzz_ledger_store.py"


@pytest.fixture(scope="module")
def target():
    """The fuzz target's module."""
    spec = importlib.util.spec_from_file_location("fuzz_ledger_store", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=40))
def test_patched_ledgers_never_crash_or_lie(target, data):
    """A few changed bytes anywhere in the file or its log: a RedanError, or the same entries as before."""
    target.TestOneInput(data)


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=400))
def test_whole_files_never_crash(target, data):
    """Files that only start like a database."""
    target.TestOneInput(b"SQLite format 3\0" + data)


def test_every_region_of_the_file_and_its_log(target):
    """One changed byte in each stretch of both files."""
    _, database, log = target.seed()
    for which, data in enumerate((database, log)):
        for place in range(0, len(data), max(1, len(data) // 60)):
            target.TestOneInput(bytes([which]) + place.to_bytes(3, "big") + bytes([data[place] ^ 0xFF]))


def test_the_seed_itself_verifies(target):
    """Unchanged, the ledger is intact with all its entries, so the target can fail."""
    target.TestOneInput(b"")
    assert target.files(b"") == target.seed()[1:]
