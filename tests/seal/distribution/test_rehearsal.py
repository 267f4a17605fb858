"""The rehearsal finds what a client would accept, not only what it refuses."""

import shutil

import pytest
from tuf.api.metadata import Timestamp

from redan.seal.distribution.rehearsal import examine


def test_a_sound_distribution_refuses_its_past(two):
    """Rollback, mixtures and freeze are each tried and refused, in the client's words."""
    two.publish(b"weights three")
    found = examine(two.dist, "churn")
    assert found.fault == ""
    assert found.release.version == "3"
    assert {one.attack for one in found.played} == {"rollback", "mix-and-match", "freeze"}
    assert all(one.refused for one in found.played)
    assert sum(one.attack == "rollback" for one in found.played) == 2
    assert not any(one.said.startswith("not reached") for one in found.played)
    assert found.shared == ()


def test_examining_writes_nothing(two):
    """The folder is the same before and after."""
    before = {path: path.read_bytes() for path in two.dist.rglob("*") if path.is_file()}
    examine(two.dist, "churn")
    assert {path: path.read_bytes() for path in two.dist.rglob("*") if path.is_file()} == before


def test_an_attack_that_gets_through_is_told(two, tools):
    """A kept timestamp that is older by name and newer by content is accepted by clients: the rehearsal says so."""
    stamp = tools["body"](two.read("timestamp.json"), Timestamp)
    stamp.version = 9
    (two.meta / "1.timestamp.json").write_bytes(tools["signed"](stamp, [two.stolen("timestamp")]))
    found = examine(two.dist, "churn")
    through = [one for one in found.played if not one.refused]
    assert [one.attack for one in through] == ["rollback"]
    assert "accepted root 1" in through[0].said


def test_a_folder_that_was_set_back(two):
    """The newer state beside the older timestamp gives it away."""
    shutil.copy(two.meta / "1.timestamp.json", two.meta / "timestamp.json")
    assert examine(two.dist, "churn").fault == "rollback: timestamp version 1 is offered, and version 2 lies beside it"


def test_a_newer_timestamp_by_nobody_is_no_setting_back(two):
    """Whoever can write a file into the folder cannot make it look set back without a key."""
    (two.meta / "9.timestamp.json").write_bytes(two.read("1.timestamp.json").replace(b'"version":1', b'"version":9'))
    assert examine(two.dist, "churn").fault == ""


@pytest.mark.parametrize("deed", ["missing", "changed"])
def test_files_that_are_not_as_signed(two, deed):
    """Each is counted."""
    for path in two.dist.rglob("2/files/*.model.onnx"):
        path.unlink() if deed == "missing" else path.write_bytes(b"evil")
    assert examine(two.dist, "churn").unsound == 1


def test_one_key_for_two_roles_is_told(two, tools):
    """A timestamp key that is the root key too is named."""
    from tuf.api.metadata import Root

    root = tools["body"](two.pin, Root)
    key = two.stolen("root")
    root.add_key(root.keys[tools["key_id"](key)], "timestamp")
    root.version = 2
    (two.meta / "2.root.json").write_bytes(tools["signed"](root, [key]))
    assert examine(two.dist, "churn").shared == ("root and timestamp",)
