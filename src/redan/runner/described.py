"""Which statements of the description are dated when they are first seen; nothing is read for it."""

import datetime as dt
from collections.abc import Iterator

from redan.artifacts.history import Event
from redan.canon import digest_of
from redan.system.system import System


def described(system: System, at: dt.datetime) -> Iterator[Event]:
    """`described` per requirement, assessment and stance.

    Args:
        system: the description.
        at: now, UTC.
    """
    if system.about.requirements:
        yield Event(kind="described", at=at, key="system.requirements", digest=digest_of(system.about.requirements))
    for feature in system.features:
        if feature.sensitivity is not None:
            yield Event(kind="described", at=at, key=f"feature:{feature.name}", digest=digest_of(feature.sensitivity))
    for control, stance in system.tables.controls.items():
        yield Event(
            kind="described", at=at, key=f"controls:{control}", digest=digest_of(stance.model_dump(mode="json"))
        )
