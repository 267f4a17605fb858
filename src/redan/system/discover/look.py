"""Discovery: walks a folder once and shows each file to those who may recognise it."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from redan.system.discover import code, data, models, project
from redan.system.discover.found import Found, ModelFile, Pin, Script, Serving, TableFile, TrackedRun
from redan.system.discover.walk import Limits, walk

T = TypeVar("T")


def look(root: Path, limits: Limits | None = None, *, clock: Callable[[], float] = time.monotonic) -> Found:
    """What a folder holds.

    Args:
        root: the folder; everything in it is hostile.
        limits: where to stop; the defaults suit a repository.
        clock: seconds that only grow.

    Returns:
        The finds; files that are damaged, unreadable or of no known kind are passed over in silence.
    """
    bounds = limits or Limits()
    end = clock() + bounds.seconds
    walked = walk(root, bounds, clock)
    notes = list(walked.notes)
    tables: list[TableFile] = []
    trained: list[ModelFile] = []
    scripts: list[Script] = []
    served: list[Serving] = []
    runs: list[TrackedRun] = []
    pins: dict[str, Pin] = {}
    for number, path in enumerate(walked.files):
        if clock() > end:
            notes.append(f"stopped after {number:,} files for lack of time; name the others in redan.toml yourself")
            break
        for pin in project.pins(root, path):
            known = pins.get(pin.package)
            if known is None or (pin.version and not known.version):
                pins[pin.package] = pin
        _keep(scripts, code.script(root, path))
        _keep(runs, project.run(root, path))
        if not _keep(served, project.serving(root, path)) and not _keep(trained, models.model(root, path)):
            _keep(tables, data.table(root, path))
    return Found(
        name=root.resolve().name,
        tables=tuple(tables),
        models=tuple(trained),
        scripts=tuple(scripts),
        serving=tuple(served),
        pins=pins,
        runs=tuple(runs),
        looked_at=len(walked.files),
        notes=tuple(notes),
    )


def _keep(kept: list[T], item: T | None) -> bool:
    if item is not None:
        kept.append(item)
    return item is not None
