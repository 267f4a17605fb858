"""The command, the environment and the commit: what explains a result is written, what is secret is not."""

import hashlib
import os
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redan.recording.surroundings import commit, masked, settings, variables

KEY = "AbCdEf0123456789AbCdEf0123456789"


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["python", "train.py", "--epochs", "3"], ["python", "train.py", "--epochs", "3"]),
        (["t", "--password", "hunter2"], ["t", "--password", "***"]),
        (["t", "--api-key=hunter2"], ["t", "--api-key=***"]),
        (["t", "-token", "x", "y"], ["t", "-token", "***", "y"]),
        (["env", "AWS_SECRET_ACCESS_KEY=abc", "t"], ["env", "AWS_SECRET_ACCESS_KEY=***", "t"]),
        (["t", KEY], ["t", "***"]),
        (["t", f"--run={KEY}"], ["t", "--run=***"]),
        (["t", "postgresql://ml:pw@db.example/crm"], ["t", "postgresql://***@db.example/crm"]),
        (["t", "https://s3.example/a?X-Amz-Signature=abc#f"], ["t", "https://s3.example/a?***#f"]),
        (["python", "-c", "print('s')"], ["python", "-c", "sha256:" + hashlib.sha256(b"print('s')").hexdigest()]),
        (["t", "a\x1b[31mb"], ["t", "a\\x1b[31mb"]),
    ],
)
def test_secrets_in_arguments_are_not_written(words, shown, tmp_path):
    """Values of telling options, user names and passwords in addresses, and long random words are left out."""
    assert masked(words, tmp_path) == tuple(shown)


def test_a_file_with_a_random_name_is_shown(tmp_path):
    """A word that names a file is a file."""
    (tmp_path / KEY).write_text("", encoding="utf-8")
    assert masked(["t", KEY], tmp_path) == ("t", KEY)


@given(st.lists(st.text(max_size=40), max_size=5))
def test_any_words_can_be_shown(words):
    """Whatever a command line holds, its words are printable text, one for one."""
    from pathlib import Path

    shown = masked(words, Path("/nowhere"))
    assert len(shown) == len(words)
    assert all(word.isprintable() for word in shown)


def test_values_of_variables_are_not_written():
    """All names, and the values of a few that hold no secret."""
    env = {"TOKEN": "s3cret", "OMP_NUM_THREADS": "2"}
    assert variables(env) == ("OMP_NUM_THREADS", "TOKEN")
    assert settings(env) == {"OMP_NUM_THREADS": "2"}


@pytest.fixture
def repository(tmp_path):
    """A repository with one commit of one file."""
    quiet = {"cwd": tmp_path, "check": True, "capture_output": True}
    who = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run(["git", "init", "-q"], **quiet)  # noqa: PLW1510 -- it is in `quiet`
    (tmp_path / "train.py").write_text("x = 1\n", encoding="utf-8")
    subprocess.run(["git", "add", "train.py"], **quiet)  # noqa: PLW1510
    subprocess.run(["git", *who, "commit", "-qm", "one"], **quiet)  # noqa: PLW1510
    return tmp_path.resolve()


def head(repository):
    """What git says the commit is."""
    done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=repository, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_the_commit_and_what_differs_from_it(repository):
    """A committed file is as committed until it changes; a new one never is."""
    (repository / "new.csv").write_text("1\n", encoding="utf-8")
    files = [repository / "train.py", repository / "new.csv"]
    assert commit(repository, files) == (head(repository), ("new.csv",))
    (repository / "train.py").write_text("x = 2\n", encoding="utf-8")
    assert commit(repository, files).differing == ("train.py", "new.csv")


def test_a_hostile_repository_starts_nothing(repository):
    """Programs that a repository configures (monitor, hooks, filters, pagers) are not run."""
    trap = repository / "ran"
    for key in (
        "core.fsmonitor",
        "core.pager",
        "filter.x.clean",
        "diff.external",
        "core.sshCommand",
        "alias.rev-parse",
    ):
        subprocess.run(
            ["git", "config", key, f"!touch {trap}" if "alias" in key else f"touch {trap}"], cwd=repository, check=True
        )
    (repository / ".gitattributes").write_text("* filter=x\n", encoding="utf-8")
    (repository / "train.py").write_text("x = 2\n", encoding="utf-8")
    assert commit(repository, [repository / "train.py"]).differing == ("train.py",)
    assert not trap.exists()


def test_no_repository_is_no_commit(tmp_path, monkeypatch):
    """Without a repository, or without git, nothing is said."""
    assert commit(tmp_path, []) is None
    monkeypatch.setenv("PATH", os.devnull)
    assert commit(tmp_path, []) is None
