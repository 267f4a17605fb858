"""What a control and its checks are: data from `control.toml`, pure functions from `check.py`."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np

from redan.artifacts.artifact import Artifact
from redan.artifacts.history import History
from redan.findings import Finding
from redan.system.system import System
from redan.terms import Outcome, Tier

A = TypeVar("A", bound=Artifact)


@dataclass(frozen=True, slots=True)
class Subject:
    """What one run of a check is about.

    Args:
        id: how findings name it: an element id, several joined by `+`, or `system`.
        elements: ids of the elements whose artifacts the run reads; their digests key the cache.
    """

    id: str
    elements: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Have:
    """All that a check may look at; a check does nothing but read it and yield findings.

    Args:
        system: the description.
        subject: what this run is about.
        artifacts: by (kind, element id).
        history: what the ledger says happened when.
        now: today, in UTC.
        rng: seeded for this check and subject.
    """

    system: System
    subject: Subject
    artifacts: Mapping[tuple[type[Artifact], str], Artifact]
    history: History
    now: dt.date
    rng: np.random.Generator

    def get(self, kind: type[A], element: str) -> A:
        """The artifact of one kind of one element.

        Raises:
            KeyError: the check did not name the kind in `needs` or the element in its subject.
        """
        found = self.artifacts[(kind, element)]
        if not isinstance(found, kind):
            raise KeyError(f"{kind.__name__} of {element}")
        return found

    def all(self, kind: type[A]) -> tuple[A, ...]:
        """The artifacts of one kind, in the order of the subject's elements; elements without one are left out."""
        pairs = ((kind, element) for element in self.subject.elements)
        return tuple(self.get(kind, pair[1]) for pair in pairs if pair in self.artifacts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """An executable yes/no question of a control.

    Args:
        id: `CONTROL-ID/check-name`, as in `control.toml`.
        subjects: what to ask it about; an empty answer means the control does not apply.
        run: yields one finding at least.
        needs: kinds of artifacts of the subject's elements, collected before the run.
        tier: what it costs.
        version: raised whenever the answer to the same input may change; part of the cache key.
        extra: the optional dependency it needs; missing means `not-run` with the install line.
        dated: whether the answer depends on today's date, the product's stage or the ledger; such answers are never
            cached.
        adjustable: whether the check judges by `threshold` of `[controls."ID"]` when the description sets one.
    """

    id: str
    subjects: Callable[[System], Iterable[Subject]]
    run: Callable[[Have], Iterable[Finding]]
    needs: tuple[type[Artifact], ...] = ()
    tier: Tier = Tier.INSTANT
    version: int = 1
    extra: str | None = None
    dated: bool = False
    adjustable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    """A small system that a check is tried on: the calibration of the instrument.

    Args:
        name: what is planted or repaired.
        files: relative path to content; `redan.toml` is one of them.
        check: full id of the check that is tried.
        expect: the worst outcome that the check must come to.
        subject: finding that must have that outcome; any when None.
        note: why a wrong answer would matter.
        history: the events that the ledger holds.
        now: the day of the run.
        modes: permission bits of files, such as 0o640; 0o644 for files not named.
        around: what happens while the check runs, such as a planted server; given the folder of the written files, of
            which it may change any before the description is read.
    """

    name: str
    files: Mapping[str, bytes]
    check: str
    expect: Outcome
    note: str
    subject: str | None = None
    history: History = field(default_factory=History)
    now: dt.date = dt.date(2026, 6, 1)
    modes: Mapping[str, int] = field(default_factory=dict)
    around: Callable[[Path], AbstractContextManager[object]] = nullcontext
