"""The walk is bounded, sorted, and neither follows links nor opens what is no file."""

import itertools
import os
import socket
from pathlib import Path

import pytest

from redan.system.discover.walk import Limits, head, walk


def steady():
    """A clock that stands still."""
    return 0.0


def test_files_are_found_shallow_first_and_sorted(tmp_path):
    """The order does not depend on the file system."""
    for name in ("b/z.csv", "a/y.csv", "c.csv", "a/k/x.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    assert walk(tmp_path, Limits(), steady).files == ["c.csv", "a/y.csv", "b/z.csv", "a/k/x.csv"]


def test_what_is_not_the_products_own_is_skipped(tmp_path):
    """Hidden folders and files, environments by their marks, installed packages, caches and described folders."""
    for name in (".git/a", ".env", "node_modules/a", "env1/pyvenv.cfg", "env1/a", "env2/conda-meta/a", "env2/b",
                 "x/__pycache__/a", "other/redan.toml", "other/data.csv", "kept/a"):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    found = walk(tmp_path, Limits(), steady)
    assert found.files == ["kept/a"]
    assert found.notes == ["1 folders have a redan.toml of their own"]


def test_links_pipes_and_sockets_are_not_opened(tmp_path):
    """A link to its own folder, a link to a file, a pipe and a socket: none is a file of the product."""
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "real").write_text("x")
    (tmp_path / "file").symlink_to(tmp_path / "real")
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(tmp_path)
        try:
            server.bind("socket")
        finally:
            os.chdir(here)
        found = walk(tmp_path, Limits(), steady)
    assert found.files == ["real"]
    assert found.notes == ["3 symbolic links were not followed"]
    assert head(tmp_path, "pipe", 4) == head(tmp_path, "file", 4) == head(tmp_path, "loop", 4) == b""


def test_names_that_toml_cannot_write_are_left_out(tmp_path):
    """A name of bytes that are no UTF-8 is counted; odd but valid names are kept."""
    try:
        (tmp_path / os.fsdecode(b"bad\xff.csv")).write_text("x")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    (tmp_path / 'a\n"b\t\x1b\\é.csv').write_text("x")
    found = walk(tmp_path, Limits(), steady)
    assert found.files == ['a\n"b\t\x1b\\é.csv']
    assert found.notes == ["1 names are not UTF-8 and cannot stand in redan.toml"]


def test_depth_has_a_limit(tmp_path):
    """Folders below the limit are counted, not entered; a chain of 200 is no recursion."""
    deep = tmp_path
    for _ in range(200):
        deep /= "d"
        deep.mkdir()
        (deep / "f").write_text("x")
    found = walk(tmp_path, Limits(depth=3), steady)
    assert found.files == ["d/f", "d/d/f", "d/d/d/f"]
    assert found.notes == ["1 folders lie deeper than 3 levels and were not looked at"]


def test_the_number_of_files_has_a_limit(tmp_path):
    """A folder of thousands is cut, and the cut is told; names count too, not only files."""
    for folder in "ab":
        (tmp_path / folder).mkdir()
        for i in range(300):
            (tmp_path / folder / f"{i:03d}").touch()
    found = walk(tmp_path, Limits(files=100), steady)
    assert len(found.files) == 100
    assert found.notes[0].startswith("stopped after 100 files")
    whole = walk(tmp_path, Limits(files=600), steady)
    assert (len(whole.files), whole.notes) == (600, [])
    for i in range(300):
        (tmp_path / "a" / f"link{i}").symlink_to("y")
    assert walk(tmp_path, Limits(files=60), steady).notes[0].startswith("stopped after 60 files")
    (tmp_path / "c").mkdir()
    for i in range(50):
        (tmp_path / "c" / f".{i}").touch()
    assert walk(tmp_path / "c", Limits(files=4), steady).notes[0].startswith("stopped after 0 files")


def test_time_has_a_limit(tmp_path):
    """A clock that jumps ends the walk, and the cut is told."""
    for folder in "abc":
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "f").touch()
    ticks = itertools.count(step=10)
    found = walk(tmp_path, Limits(seconds=25), lambda: next(ticks))
    assert found.files == ["a/f"]
    assert found.notes[0].startswith("stopped after 1 files")


def test_folders_without_permission_are_counted(tmp_path, monkeypatch):
    """They are told, and the rest is looked at."""
    (tmp_path / "a").mkdir()
    (tmp_path / "f").touch()
    scan = os.scandir

    def denied(path):
        if Path(path).name == "a":
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr("redan.system.discover.walk.os.scandir", denied)
    found = walk(tmp_path, Limits(), steady)
    assert (found.files, found.notes) == (["f"], ["1 folders could not be read"])
