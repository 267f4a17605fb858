"""`redan lock` and `redan unlock` as a user calls them."""

import json
import os
import pty
import subprocess
import sys
import time

import pytest


def _redan(*arguments, cwd):
    command = [sys.executable, "-m", "redan", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)


@pytest.fixture
def place(tmp_path):
    """A folder with a table and an identity."""
    (tmp_path / "d.csv").write_bytes(b"a,b\n1,2\n")
    made = _redan("lock", "--new-identity", "id.txt", "--format", "json", cwd=tmp_path)
    assert made.returncode == 0
    (tmp_path / "to.txt").write_text(json.loads(made.stdout)["recipient"] + "\n")
    return tmp_path


def test_round_trip(place):
    """Lock and unlock give the bytes back, and say what they wrote."""
    locked = _redan("lock", "d.csv", "--recipients-file", "to.txt", "--remove", cwd=place)
    assert (locked.returncode, locked.stdout) == (0, "locked  d.csv -> d.csv.age\n")
    assert not (place / "d.csv").exists()
    opened = _redan("unlock", "d.csv.age", "--identity", "id.txt", "--format", "json", cwd=place)
    assert json.loads(opened.stdout)["files"] == [{"from": "d.csv.age", "to": "d.csv"}]
    assert (place / "d.csv").read_bytes() == b"a,b\n1,2\n"


def test_nothing_is_written_over(place):
    """An output that exists is exit 2, for one file and before the first of a folder."""
    arguments = ("--recipients-file", "to.txt")
    assert _redan("lock", "d.csv", *arguments, cwd=place).returncode == 0
    again = _redan("lock", "d.csv", *arguments, cwd=place)
    assert (again.returncode, "exists already" in again.stderr) == (2, True)
    (place / "f").mkdir()
    for name in ("a", "z", "z.age"):
        (place / "f" / name).write_bytes(b"x")
    assert _redan("lock", "f", "--recursive", *arguments, cwd=place).returncode == 2
    assert not (place / "f/a.age").exists()


def test_folders_need_recursive(place):
    """A folder is locked file by file when asked, and opened so again."""
    (place / "f/g").mkdir(parents=True)
    (place / "f/a").write_bytes(b"1")
    (place / "f/g/b").write_bytes(b"2")
    refused = _redan("lock", "f", "--recipients-file", "to.txt", cwd=place)
    assert (refused.returncode, "--recursive" in refused.stderr) == (2, True)
    assert _redan("lock", "f", "--recursive", "--remove", "--recipients-file", "to.txt", cwd=place).returncode == 0
    assert sorted(p.name for p in (place / "f").rglob("*") if p.is_file()) == ["a.age", "b.age"]
    assert _redan("unlock", "f", "--recursive", "--identity", "id.txt", "--quiet", cwd=place).stdout == ""
    assert (place / "f/g/b").read_bytes() == b"2"


def test_damage_is_exit_4(place):
    """An altered file is exit 4, named, and leaves nothing."""
    _redan("lock", "d.csv", "--recipients-file", "to.txt", cwd=place)
    data = bytearray((place / "d.csv.age").read_bytes())
    data[-1] ^= 1
    (place / "x.age").write_bytes(data)
    found = _redan("unlock", "x.age", "--identity", "id.txt", cwd=place)
    assert (found.returncode, "x.age" in found.stderr) == (4, True)
    assert not (place / "x").exists()


def test_usage(place):
    """Both ways at once, neither without a terminal, and names that cannot be guessed are exit 2."""
    (place / "pw").write_text("four words\n")
    (place / "pw").chmod(0o600)
    for arguments in (
        ("lock", "d.csv", "--recipients-file", "to.txt", "--passphrase-file", "pw"),
        ("lock", "d.csv"),
        ("lock",),
        ("lock", "d.csv", "--new-identity", "other.txt"),
        ("lock", "--new-identity", "id.txt"),
        ("lock", "d.csv", "--to", "age1nobody"),
        ("unlock", "d.csv", "--identity", "id.txt"),
        ("unlock", "d.csv.age", "--identity", "id.txt"),
    ):
        assert _redan(*arguments, cwd=place).returncode == 2, arguments


def test_a_passphrase_is_asked_for_without_echo(place):
    """On a terminal the passphrase is asked for twice, and never shown."""
    command = [sys.executable, "-m", "redan", "lock", "d.csv"]
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(place)
        os.execv(command[0], command)
    seen = b""
    for _ in range(2):
        while seen.count(b":") == 0 or not seen.rstrip().endswith(b":"):
            seen += os.read(terminal, 1024)
        time.sleep(0.2)
        os.write(terminal, b"four words\n")
        seen += os.read(terminal, 2)
    try:
        while part := os.read(terminal, 1024):
            seen += part
    except OSError:
        pass
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    assert (os.waitstatus_to_exitcode(status), b"four words" in seen) == (0, False)
    (place / "pw").write_text("four words\n")
    (place / "pw").chmod(0o600)
    opened = _redan("unlock", "d.csv.age", "--passphrase-file", "pw", "--out", "o", cwd=place)
    assert opened.returncode == 0
    assert (place / "o").read_bytes() == b"a,b\n1,2\n"
