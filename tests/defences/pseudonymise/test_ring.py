"""Rings of keys: separation by project, field and purpose; files that others can read or that are damaged."""

import base64
import datetime as dt
import importlib.util
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redan.defences.pseudonymise.ring import Ring, load_ring, new_ring, parse_ring, rotated, save_ring
from redan.errors import RedanError, UsageError

DAY = dt.date(2026, 6, 1)
FUZZ = Path(__file__).resolve().parents[3] / "fuzz" / "fuzz_pseudonyms.py"


def test_a_ring_is_what_was_saved(tmp_path):
    """Saved and loaded, old key included; the file is for its owner alone."""
    ring = rotated(new_ring("churn", DAY), DAY)
    save_ring(ring, tmp_path / "ring.json")
    assert load_ring(tmp_path / "ring.json") == ring
    assert (tmp_path / "ring.json").stat().st_mode & 0o777 == 0o600


def test_a_ring_never_shows_its_secret():
    """Neither the representation nor the id holds the secret."""
    ring = new_ring("churn", DAY)
    secret = ring.active.secret
    assert secret.hex() not in repr(ring)
    assert repr(secret) not in repr(ring)
    assert not secret.hex().startswith(ring.active.id)


def test_a_ring_is_not_overwritten(tmp_path):
    """A file that is there stays, unless replacing is asked for."""
    path = tmp_path / "ring.json"
    save_ring(new_ring("a", DAY), path)
    with pytest.raises(UsageError, match="exists"):
        save_ring(new_ring("b", DAY), path)
    assert load_ring(path).project == "a"


def test_a_ring_that_others_can_read_is_refused(tmp_path):
    """Mode 0640 is refused with the command that repairs it."""
    path = tmp_path / "ring.json"
    save_ring(new_ring("a", DAY), path)
    path.chmod(0o640)
    with pytest.raises(UsageError, match="chmod 600"):
        load_ring(path)


@given(st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5), st.text(min_size=1, max_size=5)), unique=True))
@settings(max_examples=100)
def test_derived_keys_are_apart(inputs):
    """Different purposes, fields or projects never share a key, wherever one word ends and the next begins."""
    keys = new_ring("x", DAY).keys
    found = {Ring(project, keys).derived(purpose, about) for purpose, about, project in inputs}
    assert len(found) == len(inputs)


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "other"},
        {"keys": []},
        {"project": " "},
        {"project": 3},
        {"keys": [{"id": "00000000", "created": "2026-06-01", "secret": base64.b64encode(bytes(32)).decode()}]},
        {"keys": [{"id": "00000000", "created": "2026-06-01", "secret": "AA=="}]},
        {"keys": [{"id": "00000000", "created": "yesterday", "secret": "*"}]},
        {"keys": "none"},
    ],
)
def test_damaged_rings_are_refused(tmp_path, change):
    """Wrong schema, no keys, a key under another's id."""
    save_ring(new_ring("a", DAY), tmp_path / "ring.json")
    whole = json.loads((tmp_path / "ring.json").read_text())
    with pytest.raises(UsageError):
        parse_ring(json.dumps({**whole, **change}).encode())


def test_an_unknown_key_is_named():
    """The error lists the ids that are known."""
    ring = new_ring("a", DAY)
    with pytest.raises(UsageError, match=ring.active.id):
        ring.key("ffffffff0")


def test_a_project_needs_a_name():
    """The name is part of every pseudonym."""
    with pytest.raises(UsageError):
        new_ring("  ", DAY)


@given(st.binary(max_size=300))
def test_any_bytes_are_answered(data):
    """Bytes that are no ring raise an error of redan, nothing else."""
    with pytest.raises(RedanError):
        parse_ring(data)


def test_fuzz_target_runs_on_bytes():
    """The fuzz target takes whatever bytes it is given."""
    spec = importlib.util.spec_from_file_location("fuzz_pseudonyms", FUZZ)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    given(st.binary(max_size=300))(settings(max_examples=100, deadline=None)(module.TestOneInput))()
