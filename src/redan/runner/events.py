"""What a run tells the ledger before it asks anything: which statements and models it saw, so that both get dated."""

import datetime as dt
from collections.abc import Container, Iterator

from redan.artifacts.absent import Absent
from redan.artifacts.collect import collect, declared_files
from redan.artifacts.declared import PIPELINE
from redan.artifacts.history import Event
from redan.artifacts.model_file import ModelFile
from redan.artifacts.pipeline_files import AuditFile
from redan.canon import digest_of
from redan.system.system import System


def observed(system: System, at: dt.datetime) -> tuple[Event, ...]:
    """The events that a run observes.

    Training comes first on purpose: when a statement and a model are first seen together, nothing shows that the
    statement was there before.

    Args:
        system: the description.
        at: now, UTC.

    Returns:
        `trained` per model whose file exists, then `described` per requirement, assessment, stance and person, and for
        the result of the search for vulnerabilities, which often has no date of its own.

    Raises:
        InputError: a declared model file, or the result of the search, cannot be read.
    """
    return (*_trained(system, at), *_described(system, at))


def before_training(system: System, at: dt.datetime) -> tuple[Event, ...]:
    """The events that the start of a recorded training observes: as `observed`, without models that are not there yet.

    Args:
        system: the description.
        at: now, UTC.

    Raises:
        InputError: a path leaves the project, or a model file that is there cannot be read.
    """
    made = {element for element, key, path in declared_files(system) if key == "path" and path.exists()}
    return (*_trained(system, at, made), *_described(system, at))


def _trained(system: System, at: dt.datetime, made: Container[str] | None = None) -> Iterator[Event]:
    for model in system.models:
        if made is not None and f"model:{model.name}" not in made:
            continue
        found = collect(system, ModelFile, f"model:{model.name}")
        if not isinstance(found, Absent):
            yield Event(kind="trained", at=at, key=f"model:{model.name}", digest=found.digest)


def _described(system: System, at: dt.datetime) -> Iterator[Event]:
    if system.about.requirements:
        yield Event(kind="described", at=at, key="system.requirements", digest=digest_of(system.about.requirements))
    searched = collect(system, AuditFile, PIPELINE)
    if not isinstance(searched, Absent):
        yield Event(kind="described", at=at, key="pipeline.audit", digest=searched.digest)
    for feature in system.features:
        if feature.sensitivity is not None:
            yield Event(kind="described", at=at, key=f"feature:{feature.name}", digest=digest_of(feature.sensitivity))
    for control, stance in system.tables.controls.items():
        yield Event(
            kind="described", at=at, key=f"controls:{control}", digest=digest_of(stance.model_dump(mode="json"))
        )
