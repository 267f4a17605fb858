"""The project around a publishing: where its keys lie by default, and the ledger that hears of each release."""

import datetime as dt
from pathlib import Path
from typing import NamedTuple

from redan.artifacts.history import Event
from redan.cli.state import State
from redan.evidence import record_events
from redan.system.read import FILE_NAME, read
from redan.system.records import Model
from redan.system.system import System


class Logged(NamedTuple):
    """Where a release was noted: the model of the description, and the size of the ledger afterwards."""

    model: str
    entries: int


def project_of(here: Path) -> Path | None:
    """The folder of the nearest description, here or above; None when there is none."""
    start = here.resolve()
    return next((place for place in (start, *start.parents) if (place / FILE_NAME).is_file()), None)


def key_folder(here: Path, distribution: Path) -> Path | None:
    """Where a project keeps the keys of a distribution unless told otherwise; None outside of a project."""
    root = project_of(here)
    return None if root is None else State(root).folder / "publish" / distribution.resolve().name


def log_release(here: Path, path: Path, root: str, now: dt.datetime) -> Logged | None:
    """Appends a `published` event to the project's ledger; none outside of a project, or for what is no model of it.

    Args:
        here: where the command was called.
        path: what was published.
        root: root digest of its seal.
        now: UTC, whole seconds.

    Raises:
        ConfigError: the description is wrong.
        UsageError: the key or the state folder cannot be used.
        InvalidError: the ledger was tampered with.
    """
    project = project_of(here)
    model = None if project is None else _model(read(project), path.resolve())
    if project is None or model is None:
        return None
    state = State(project)
    state.prepare()
    signer, _ = state.signer(None)
    with state.ledger(signer) as ledger:
        record_events(ledger, [Event(kind="published", at=now, key=f"model:{model.name}", digest=root)])
        return Logged(model.name, ledger.size)


def _model(system: System, path: Path) -> Model | None:
    """The model whose bundle, or else whose file, this is."""
    for key in ("bundle", "path"):
        for model in system.models:
            name = getattr(model, key)
            if name is not None and (system.origin.root / name).resolve() == path:
                return model
    return None
