"""A key pair on disk: modes, no overwriting, both halves or none."""

import os

import pytest

from redan.errors import UsageError
from redan.seal import pair as pair_module
from redan.seal.keys import generate, load_public, load_signer
from redan.seal.pair import write_pair


def test_a_pair_is_written_and_read_back(tmp_path):
    """The private half has mode 0600 and both halves load."""
    signer = generate("p256")
    pair = write_pair(signer, tmp_path / "deep" / "key.pem")
    assert pair.private.stat().st_mode & 0o777 == 0o600
    assert pair.public.name == "key.pub"
    assert load_signer(pair.private).public == load_public(pair.public) == signer.public
    assert {p.name for p in pair.private.parent.iterdir()} == {"key.pem", "key.pub"}


@pytest.mark.parametrize("taken", ["key.pem", "key.pub"])
def test_nothing_is_overwritten(taken, tmp_path):
    """If either name is taken, even by a dangling link, nothing is written and nothing is left over."""
    (tmp_path / taken).symlink_to(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="never overwritten"):
        write_pair(generate(), tmp_path / "key.pem")
    assert [p.name for p in tmp_path.iterdir()] == [taken]


def test_the_private_name_cannot_be_the_public_one(tmp_path):
    """A private key named .pub would lie where the public one belongs."""
    with pytest.raises(UsageError, match="cannot end in"):
        write_pair(generate(), tmp_path / "key.pub")


def test_a_failing_disk_leaves_nothing(tmp_path, monkeypatch):
    """A full disk is one clear error and leaves no half pair and no temporary file."""

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pair_module.os, "fsync", full)
    with pytest.raises(UsageError, match="No space left"):
        write_pair(generate(), tmp_path / "key.pem")
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_way_of_the_folder(tmp_path):
    """A parent that is a file is a usage error."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UsageError, match="cannot be written"):
        write_pair(generate(), tmp_path / "file" / "key.pem")


def test_an_umask_does_not_open_the_key(tmp_path):
    """The private half is 0600 whatever the umask."""
    before = os.umask(0)
    try:
        pair = write_pair(generate(), tmp_path / "key.pem")
    finally:
        os.umask(before)
    assert pair.private.stat().st_mode & 0o777 == 0o600
