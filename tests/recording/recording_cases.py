"""Runs that several tests of recording watch, for real."""

import os
import sys
from pathlib import Path

import pytest

from redan.recording import strace
from redan.recording.run import run
from redan.recording.session import Session

TOOL = strace.probe()
needs_strace = pytest.mark.skipif(isinstance(TOOL, str), reason=f"strace: {TOOL}")
METHODS = [pytest.param("strace", marks=needs_strace), "audit"]


def ran(root, code, *, method="strace", env=None, program=None, output=None):
    """One watched run of Python text, started in `root`."""
    script = root / "run.py"
    script.write_text(code, encoding="utf-8")
    before = Path.cwd()
    os.chdir(root)
    try:
        session = Session(root.resolve(), home=Path("/nowhere"))
        command = program or [sys.executable, str(script)]
        return run(command, session, env={**os.environ, **(env or {})}, method=method, output=output)
    finally:
        os.chdir(before)


def inside(done, root):
    """What happened to each file of the project, by name."""
    base = os.fsencode(root.resolve()) + b"/"
    return {
        path[len(base) :]: access
        for path, access in done.watched.files.items()
        if path.startswith(base) and b"__pycache__" not in path
    }


def read(done, root):
    """Names of project files whose earlier content was read, the script aside."""
    return {name for name, access in inside(done, root).items() if access.read} - {b"run.py"}
