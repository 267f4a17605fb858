"""Runs a vector of a control for real: its files on disk, its check through the runner, its worst answer back."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

from redan.controls.contract import Vector
from redan.files import confined, write_atomic
from redan.findings import Finding
from redan.runner.answer import World
from redan.runner.plan import plan
from redan.runner.run import run
from redan.system.read import read


def write_vector(vector: Vector, folder: Path) -> None:
    """Writes the files of a vector, with the modes that it asks for.

    Raises:
        InputError: a name leaves the folder.
        UsageError: the folder cannot be written.
    """
    for name, data in vector.files.items():
        write_atomic(confined(folder, name), data, mode=vector.modes.get(name, 0o644))


def answer(vector: Vector, folder: Path) -> tuple[Finding, ...]:
    """The findings of a vector's check.

    Args:
        vector: of a control.
        folder: an empty scratch folder.

    Returns:
        The findings of `vector.check`, narrowed to `vector.subject` when it names one.

    Raises:
        RedanError: the vector's own files are refused, which a hostile vector may expect.
    """
    write_vector(vector, folder)
    with vector.around(folder):
        return _answered(vector, folder)


def _answered(vector: Vector, folder: Path) -> tuple[Finding, ...]:
    system = read(folder / "redan.toml")
    what = plan(system, only=(vector.check,), budget="gpu")
    what = replace(what, jobs=tuple(job for job in what.jobs if job.check.id == vector.check))
    now = dt.datetime.combine(vector.now, dt.time(), tzinfo=dt.UTC)
    results = run(what, World(now=now, history=vector.history, seed=0, tool="vector"), {})
    control = vector.check.partition("/")[0]
    found = next(c.findings for c in results.controls if c.control_id == control)
    mine = tuple(f for f in found if f.check == vector.check)
    return tuple(f for f in mine if vector.subject in (None, f.subject)) or mine
