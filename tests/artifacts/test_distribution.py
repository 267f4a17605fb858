"""The distribution of a model as an artifact: where there is none, and that its digest moves with what it says."""

import datetime as dt
import re
from dataclasses import replace

import pytest

from redan import extras
from redan.artifacts import distribution as module
from redan.artifacts.absent import Absent
from redan.artifacts.distribution import Distribution, distribution
from redan.controls.a_mlsg_004.d002_model_and_configuration_are_protected.rollback_vectors import rollback_vectors
from redan.errors import ConfigError, InputError
from redan.system.read import read
from redan.testing.vectors import write_vector


@pytest.fixture
def project(tmp_path):
    """The sound vector on the disk."""
    write_vector(next(v for v in rollback_vectors() if v.name == "two releases, fresh"), tmp_path)
    return tmp_path


def described(project, stage, folder="dist"):
    """The project's description at another stage, or with another folder."""
    text = (project / "redan.toml").read_text()
    text = re.sub(r'stage = "\w+"', f'stage = "{stage}"', text).replace('"dist"', f'"{folder}"')
    (project / "redan.toml").write_text(text)
    return read(project / "redan.toml")


def test_what_is_found(project):
    """Versions, expiry, the newest release and the rehearsed attacks; the same at each look."""
    system = read(project / "redan.toml")
    found = distribution(system, "model:churn")
    assert found.versions == {"root": 1, "targets": 2, "snapshot": 2, "timestamp": 2}
    assert (found.fault, found.version, found.unsound, found.shared) == ("", "2", 0, ())
    assert found.expires["timestamp"] == dt.datetime(2026, 6, 6, tzinfo=dt.UTC)
    assert distribution(system, "model:churn") == found


def test_every_fact_moves_the_digest():
    """Evidence goes stale with each of them."""
    bare = Distribution(element="model:churn")
    changes = [
        {"fault": "x"},
        {"stamp": "x"},
        {"versions": {"root": 1}},
        {"expires": {"root": dt.datetime(2026, 1, 1, tzinfo=dt.UTC)}},
        {"version": "x"},
        {"root": "x"},
        {"files": frozenset({"x"})},
        {"unsound": 1},
        {"played": (("freeze", True, "x"),)},
        {"shared": ("root and timestamp",)},
    ]
    digests = {replace(bare, **change).digest for change in changes}
    assert len(digests | {bare.digest}) == len(changes) + 1


def test_before_operation_a_distribution_may_be_missing(project):
    """It is published when the model is trained; in operation, a folder that is stated must be there."""
    assert isinstance(distribution(described(project, "training", "later"), "model:churn"), Absent)
    with pytest.raises(InputError, match="is no distribution") as told:
        distribution(described(project, "operation", "later"), "model:churn")
    assert told.value.where.endswith("redan.toml:12")


def test_without_the_extra_it_is_absent(project, monkeypatch):
    """The reason is the install line."""
    monkeypatch.setattr(module, "missing_import", lambda _: "tuf")
    found = distribution(read(project / "redan.toml"), "model:churn")
    assert isinstance(found, Absent)
    assert "pip install 'redan[tuf]'" in found.reason
    assert extras.missing_import("tuf") is None


def test_a_folder_outside_of_the_project_is_refused(project):
    """As every path of a description."""
    with pytest.raises(ConfigError, match="leaves the project"):
        distribution(described(project, "operation", "../dist"), "model:churn")
