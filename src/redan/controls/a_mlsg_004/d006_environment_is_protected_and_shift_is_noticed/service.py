"""Whether the service itself would notice a shift: its reference, its monitor, and a replay of shifted input."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from redan.artifacts.dataset_file import DatasetFile
from redan.artifacts.model_file import ModelFile
from redan.artifacts.model_parts import ReferenceFile
from redan.artifacts.served_endpoint import served_here
from redan.controls.attacked import data_of, model_of_id
from redan.controls.contract import Check, Have, Subject
from redan.controls.live.rows import rows_of
from redan.controls.live.survey import endpoint_of, told
from redan.errors import IncompleteError
from redan.files import read_bounded
from redan.findings import Finding, Measure, Remedy, broken, holds
from redan.guards.contract import Seen
from redan.guards.drift import Drift
from redan.guards.reference import LIMIT_BYTES, Reference, read_reference
from redan.system.system import System
from redan.terms import Level, Tier

NOTICED = "A-MLSG-004-D006/shift-is-noticed-in-service"
BATCH, BATCHES = 512, 16
_COLUMNS = 24  # that are shifted, one after the other
_LEAST = 200
_MONITOR = Remedy(text='Name the monitor in the endpoint\'s key: monitors = ["drift"].', effort=Level.LOW)
_REFERENCE = Remedy(
    text="Measure the model on the data that it was made for, seal what comes of it with the model, and name the file "
    "as the model's key 'reference'.",
    command="redan defend reference",
    effort=Level.LOW,
)


class _Replay(NamedTuple):
    """What a replay came to.

    Args:
        quiet: whether the monitor stayed silent on the rows as they are.
        noticed: columns whose shift it noticed.
        tried: columns that were shifted.
        rows: that it needed, for the slowest column.
    """

    quiet: bool
    noticed: int
    tried: int
    rows: int


def _served(system: System) -> Iterator[Subject]:
    """Endpoints of the gateway, with their model and the data that it was tried on."""
    for one in system.endpoints:
        if served_here(system, one):
            model = next(m for m in system.models if m.name == one.model)
            data = data_of(system, model)
            more = () if data is None else (f"dataset:{data.name}",)
            yield Subject(f"endpoint:{one.name}", (f"model:{model.name}", *more))


def _noticed(check: str, have: Have) -> list[Finding]:
    subject = have.subject.id
    record, model = endpoint_of(have.system, subject), model_of_id(have.system, have.subject.elements[0])
    if "drift" not in record.monitors:
        return [broken(check, subject, "No monitor of the endpoint looks for a shift of its input.", _MONITOR)]
    held = have.all(ReferenceFile)
    if not held:
        text = f"Model {model.name} has no reference, so a monitor has nothing to compare input with."
        return [broken(check, subject, text, _REFERENCE)]
    reference = read_reference(read_bounded(held[0].path, LIMIT_BYTES))
    fault = _fault(have, reference, len(model.inputs))
    if fault:
        return [broken(check, subject, fault, _REFERENCE)]
    data = data_of(have.system, model)
    if data is None:
        raise IncompleteError(f"there is no data of model {model.name} to replay", remedy="name it in 'validated_on'")
    rows = rows_of(have.get(DatasetFile, f"dataset:{data.name}"), data, model)
    if len(rows.x) < _LEAST or rows.x.shape[1] != len(reference.columns):
        raise IncompleteError(f"{len(rows.x)} rows of {rows.x.shape[1]} columns do not do for a replay")
    return [_told(check, subject, replay(reference, rows.x, np.random.default_rng([int(have.system.policy.seed), 3])))]


def _fault(have: Have, reference: Reference, inputs: int) -> str:
    """Why a reference is not that of the model; the empty string where it is."""
    models = have.all(ModelFile)
    if models and reference.model != models[0].digest:
        return "The reference is of another model than the one that is served."
    if not reference.columns:
        return "The reference holds no column, so a monitor has nothing to compare input with."
    if inputs and len(reference.columns) < inputs:
        return f"The reference covers {len(reference.columns)} of the model's {inputs} inputs."
    return ""


def _told(check: str, subject: str, found: _Replay) -> Finding:
    share = found.noticed / found.tried
    measure = Measure(name="shifts_noticed", value=share, n=found.tried, threshold=1.0, comparator=">=", unit="share")
    if not found.quiet:
        text = "The monitor raises its alarm on the data that the model was tried on: the reference is of other input."
        return broken(check, subject, text, _REFERENCE)
    text = (
        f"A replay with one column shifted by one standard deviation was noticed for {found.noticed} of {found.tried} "
        f"columns, within {found.rows:,} rows at most; the same rows unshifted raised no alarm."
    )
    if found.noticed < found.tried:
        return broken(check, subject, text, _REFERENCE, measure=measure)
    return holds(check, subject, text, measure=measure)


def replay(reference: Reference, x: NDArray[Any], rng: np.random.Generator) -> _Replay:
    """Plays rows to the gateway's own monitor, as they are and with one column shifted after the other.

    Args:
        reference: of the model.
        x: rows, shape (n, columns).
        rng: draws which rows come when.
    """
    order = rng.integers(len(x), size=BATCH * BATCHES)
    quiet = _rows_until(reference, x[order]) is None
    spread = x.std(axis=0)
    able = np.flatnonzero(spread > 0)
    columns = able[rng.permutation(len(able))[:_COLUMNS]]
    needed = []
    for column in columns:
        moved = x[order].copy()
        moved[:, column] += spread[column]
        needed.append(_rows_until(reference, moved))
    told = [rows for rows in needed if rows is not None]
    return _Replay(quiet, len(told), max(1, len(needed)), max(told, default=0))


def _rows_until(reference: Reference, x: NDArray[Any]) -> int | None:
    """Rows until the alarm; None where there is none."""
    monitor = Drift("m", reference.columns, rows=BATCH)
    for start in range(0, len(x), BATCH):
        monitor.observe([_seen(x[start : start + BATCH])])
        if monitor.alarm:
            return start + BATCH
    return None


def _seen(x: NDArray[Any]) -> Seen:
    return Seen("replay", "m", x.astype(np.float64), np.zeros((len(x), 1)), 0.0)


CHECK = Check(
    id=NOTICED,
    subjects=_served,
    run=told(NOTICED, _noticed),
    needs=(ModelFile, ReferenceFile, DatasetFile),
    tier=Tier.MINUTES,
)
