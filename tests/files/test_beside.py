"""Files and secrets that a file refers to: read once, bounded, private where they hold secrets, never told."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redan.errors import ConfigError
from redan.files.beside import Beside

HIDDEN = b"very-hidden"


def kept(folder, *, mode=0o600, name="secret", data=HIDDEN):
    """A file of a mode."""
    path = folder / name
    path.write_bytes(data)
    path.chmod(mode)
    return path


def test_a_secret_comes_from_a_file_or_a_variable(tmp_path):
    """Without the space around it."""
    kept(tmp_path, data=b" " + HIDDEN + b"\n")
    here = Beside(tmp_path, {"NAME": "\tother\n"})
    assert here.secret("file:secret") == HIDDEN
    assert here.secret("env:NAME") == b"other"
    assert here.file("secret") == b" " + HIDDEN + b"\n"


@pytest.mark.parametrize("mode", [0o400, 0o600, 0o440, 0o640])
def test_its_user_and_group_may_read_a_secret(tmp_path, mode):
    """A group is how an orchestrator mounts them."""
    kept(tmp_path, mode=mode)
    assert Beside(tmp_path, {}).secret("file:secret") == HIDDEN


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o602, 0o601, 0o620, 0o660])
def test_a_secret_that_others_may_read_or_write_is_refused(tmp_path, mode):
    """It is no secret any more; a file that is none may be read by all."""
    kept(tmp_path, mode=mode)
    with pytest.raises(ConfigError, match="read by others") as caught:
        Beside(tmp_path, {}).secret("file:secret")
    assert "very-hidden" not in str(caught.value)
    assert Beside(tmp_path, {}).file("secret") == HIDDEN


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("file:nothing", "cannot be opened"),
        ("file:../secret", "leaves"),
        ("file:/etc/hostname", "leaves"),
        ("file:.", "cannot be opened|regular"),
        ("file:linked", "leaves|symbolic"),
        ("file:pipe", "regular"),
        ("file:large", "larger"),
        ("env:NOTHING", "not set, or empty"),
        ("env:EMPTY", "not set, or empty"),
        ("env:", "neither"),
        ("NAME", "neither"),
        ("", "neither"),
        ("literal:very-hidden", "neither"),
    ],
)
def test_what_leads_nowhere_is_refused(tmp_path, reference, says):
    """With the reference, and nothing of what may be a secret in the wrong place."""
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "linked").symlink_to(kept(tmp_path))
    os.mkfifo(inside / "pipe", 0o600)
    kept(inside, name="large", data=b"x" * ((1 << 20) + 1))
    with pytest.raises(ConfigError, match=says) as caught:
        Beside(inside, {"EMPTY": " "}).secret(reference)
    assert "very-hidden" not in str(caught.value)


@given(st.text(max_size=40))
def test_any_reference_ends_in_bytes_or_a_refusal(tmp_path_factory, reference):
    """Whatever is written there."""
    try:
        found = Beside(tmp_path_factory.getbasetemp(), {"A": "a"}).secret(reference)
    except ConfigError:
        return
    assert found == b"a"
