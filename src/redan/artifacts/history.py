"""What the ledger says happened when, as checks of process and dates read it."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from redan.terms import Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One dated entry of the ledger.

    Args:
        kind: `described` (a statement of redan.toml was first seen), `trained` (a model's bytes were first seen,
            or a training run was recorded), `checked` (checks ran while the product was in a stage), `recorded` (the
            sealed record of a training run was kept), `verified` (a seal was verified over an element's files),
            `published` (a release joined a signed distribution), `loaded-unsafely` (a model was loaded with an
            `unsafe_` option).
        at: when the entry was appended, in UTC.
        key: what it is about: `controls:ID`, `feature:NAME`, `model:NAME`, `system.requirements`,
            `pipeline.audit` or `stage:NAME`.
        digest: SHA-256 of the statement or bytes; of the sealed record for `recorded`, of the verified file's or
            bundle's root for `verified` and `published`.
    """

    kind: str
    at: dt.datetime
    key: str
    digest: str = ""


@dataclass(frozen=True, slots=True)
class History:
    """The ledger's events in the order of their entries."""

    events: tuple[Event, ...] = ()

    def first(self, kind: str, key: str, digest: str | None = None) -> Event | None:
        """The earliest event of a kind about a key (and, if given, with that digest); None when there is none."""
        return next(iter(self._of(kind, key, digest)), None)

    def last(self, kind: str, key: str, digest: str | None = None) -> Event | None:
        """The latest event of a kind about a key (and, if given, with that digest); None when there is none."""
        return next(iter(tuple(self._of(kind, key, digest))[::-1]), None)

    def first_training(self) -> Event | None:
        """The earliest training event of any model; None when no model was ever seen."""
        return next((e for e in self.events if e.kind == "trained"), None)

    def stages_checked(self) -> frozenset[Stage]:
        """The life-cycle stages during which checks ran."""
        names = (e.key.removeprefix("stage:") for e in self.events if e.kind == "checked")
        return frozenset(Stage(n) for n in names)

    def before(self, first: Event | None, second: Event | None) -> bool:
        """Whether `first` exists and its entry stands before that of `second` (or `second` never happened)."""
        if first is None:
            return False
        return second is None or self.events.index(first) < self.events.index(second)

    def _of(self, kind: str, key: str, digest: str | None) -> Iterable[Event]:
        return (e for e in self.events if e.kind == kind and e.key == key and digest in (None, e.digest))
