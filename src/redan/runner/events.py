"""What a run tells the ledger before it asks anything: which statements and models it saw, so that both get dated."""

import datetime as dt
from collections.abc import Iterator

from redan.artifacts.absent import Absent
from redan.artifacts.collect import collect
from redan.artifacts.history import Event
from redan.artifacts.model_file import ModelFile
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
        `trained` per model whose file exists, then `described` per requirement, assessment, stance and person.

    Raises:
        InputError: a declared model file cannot be read.
    """
    return (*_trained(system, at), *_described(system, at))


def _trained(system: System, at: dt.datetime) -> Iterator[Event]:
    for model in system.models:
        found = collect(system, ModelFile, f"model:{model.name}")
        if not isinstance(found, Absent):
            yield Event(kind="trained", at=at, key=f"model:{model.name}", digest=found.digest)


def _described(system: System, at: dt.datetime) -> Iterator[Event]:
    if system.about.requirements:
        yield Event(kind="described", at=at, key="system.requirements", digest=digest_of(system.about.requirements))
    for feature in system.features:
        if feature.sensitivity is not None:
            yield Event(kind="described", at=at, key=f"feature:{feature.name}", digest=digest_of(feature.sensitivity))
    for control, stance in system.tables.controls.items():
        yield Event(
            kind="described", at=at, key=f"controls:{control}", digest=digest_of(stance.model_dump(mode="json"))
        )
