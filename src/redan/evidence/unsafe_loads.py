"""Loads with an `unsafe_` option, as events of the ledger: what was waved through stays on record."""

import datetime as dt

from redan.artifacts.history import Event
from redan.models import Loaded


def unsafe_load(loaded: Loaded, model: str, at: dt.datetime) -> Event | None:
    """The event that a load leaves behind.

    Args:
        loaded: from `redan.models.load`.
        model: name of the [[model]] in the description.
        at: now, UTC.

    Returns:
        A `loaded-unsafely` event with the digest of the loaded bytes, for `record_events`; None when no unsafe option
        was needed.
    """
    if not loaded.unsafe:
        return None
    return Event(kind="loaded-unsafely", at=at, key=f"model:{model}", digest=loaded.sha256)
