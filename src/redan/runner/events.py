"""What a run tells the ledger before it asks anything: which statements and models it saw, so that both get dated."""

import datetime as dt
from collections.abc import Iterator

from redan.artifacts.absent import Absent
from redan.artifacts.collect import collect
from redan.artifacts.declared import PIPELINE
from redan.artifacts.history import Event
from redan.artifacts.model_file import ModelFile
from redan.artifacts.pipeline_files import AuditFile
from redan.runner.described import described
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
    return (*_trained(system, at), *_searched(system, at), *described(system, at))


def _trained(system: System, at: dt.datetime) -> Iterator[Event]:
    for model in system.models:
        found = collect(system, ModelFile, f"model:{model.name}")
        if not isinstance(found, Absent):
            yield Event(kind="trained", at=at, key=f"model:{model.name}", digest=found.digest)


def _searched(system: System, at: dt.datetime) -> Iterator[Event]:
    found = collect(system, AuditFile, PIPELINE)
    if not isinstance(found, Absent):
        yield Event(kind="described", at=at, key="pipeline.audit", digest=found.digest)
