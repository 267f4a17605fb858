"""The monitors of one model: clients, drift, the models beside it, and labels that come late; one generation at a time.

All evidence is about one generation: when another is in service, whether exchanged or rolled back, it begins anew.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np

from redan.canon import Json
from redan.exchange.tensors import Array, Tensor
from redan.gateway.generation import Generation
from redan.gateway.service import Service
from redan.gateway.watching_shadow import PREVIOUS, Other, answered, classes_of
from redan.guards.contract import Measure, Seen
from redan.guards.drift import Drift
from redan.guards.near_duplicates import NearDuplicates
from redan.guards.one_program import OneProgram
from redan.guards.outlying import Outlying
from redan.guards.scales import Ordinary, ordinary
from redan.guards.shadow import Shadow
from redan.guards.watching import Looked, Watch

TOLERATED: Final = {"near-duplicates": 0.4, "outlying-queries": 0.1, "one-program": 0.1}
_POOLED: Final = 256  # rows of everyone that near duplicates are looked for among
_ROWS: Final = 64  # of one question that monitors look at
_WAIT: Final = 20_000  # answers that wait for their labels
_NO_SCORES: Final = np.zeros((0, 0))


class Passed(NamedTuple):
    """An answered question, or one that the envelope refused.

    Args:
        principal: who asked; the empty string where nobody asks who asks.
        model: name.
        event: identifier of the answer's event.
        inputs: of the question.
        outputs: of the model as it gave them; none where the question was refused, as it lies outside of the envelope.
        generation: that answered.
        now: seconds since the epoch.
        size: bytes that it holds.
    """

    principal: str
    model: str
    event: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    generation: Generation | None
    now: float
    size: int


class Labelled(NamedTuple):
    """Labels that came late.

    Args:
        model: name.
        event: identifier of the answer's event.
        labels: the right class of each row.
    """

    model: str
    event: str
    labels: Array


class Alarm(NamedTuple):
    """What is written down once.

    Args:
        model: name.
        what: `drift`, `shadow-disagrees` or `shadow-is-better`.
        about: numbers and short names.
    """

    model: str
    what: str
    about: dict[str, Json]


@dataclass(slots=True, kw_only=True)
class Monitors:
    """What looks at one model's answers once they are out.

    Args:
        service: of the model.
        kinds: names of monitors that are declared.
        tolerated: share of a client's rows that may be hits; None for each monitor's own.
        share: of questions that the models beside it answer, too.
        labels: whether labels are taken.
        others: declared models beside it.
        rng: of sketches, which are secret, and of samples.
        generation: digest of what the evidence is about.
    """

    service: Service
    kinds: frozenset[str]
    rng: np.random.Generator
    tolerated: float | None = None
    share: float = 0.05
    labels: bool = False
    others: tuple[Other, ...] = ()
    generation: str = ""
    watch: Watch | None = None
    drift: Drift | None = None
    beside: tuple[Other, ...] = ()
    shadows: dict[str, Shadow] = field(default_factory=dict)
    compared: dict[str, int] = field(default_factory=dict)
    parted: dict[str, int] = field(default_factory=dict)
    given: "OrderedDict[str, Array]" = field(default_factory=OrderedDict)
    right: int = 0
    joined: int = 0
    already: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Begins with what is in service."""
        self.begin(self.service.current)

    @property
    def valid(self) -> bool:
        """Whether inputs come as the reference of the generation in service did, as far as is known."""
        drift = self.drift
        return drift is None or not drift.alarmed or self.generation != self.service.current.sha256

    def begin(self, generation: Generation) -> None:
        """Begins anew with a generation.

        Raises:
            InputError: monitors are declared that its reference says nothing for.
        """
        self.generation = generation.sha256
        reference = generation.reference
        looking = sorted(self.kinds & TOLERATED.keys())
        self.watch = self.drift = None
        if reference is not None and looking:
            found = ordinary(reference, self.rng)
            self.watch = Watch(
                self.service.name, found.sketch, tuple(looked(kind, found, self.tolerated) for kind in looking)
            )
        if reference is not None and "drift" in self.kinds and reference.columns:
            self.drift = Drift(self.service.name, reference.columns)
        before = self.service.previous
        declared = {one.kind: one for one in self.others}
        if before is not None and "shadow" in self.kinds:
            declared[PREVIOUS] = Other(PREVIOUS, before)
        self.beside = tuple(declared.values())
        self.shadows = {one.kind: Shadow(most=_WAIT) for one in self.beside}
        self.given, self.right, self.joined, self.already = OrderedDict(), 0, 0, set()

    def after(self, passed: Sequence[Passed]) -> list[Measure]:
        """Takes answered questions in, in their order; gives what follows for clients."""
        mine = []
        for one in passed:
            if one.generation is None or one.generation.sha256 != self.service.current.sha256:
                continue  # answered before an exchange: the evidence about that generation has ended
            if one.generation.sha256 != self.generation:
                self.begin(one.generation)
            self._compare(one)
            mine.append(one)
        seen = list(self._seen(mine))
        if not seen:
            return []
        if self.drift is not None:
            self.drift.observe(seen)
        named = [one for one in seen if one.principal]
        return [] if self.watch is None or not named else self.watch.observe(named)

    def alarms(self) -> Iterator[Alarm]:
        """What has become certain since the last time."""
        if self.drift is not None and self.drift.alarmed and self._first("drift", ""):
            columns = ",".join(self.drift.shifted()[:8])
            about: dict[str, Json] = {"evidence": f"{self.drift.evidence:.4g}", "columns": columns[:120]}
            yield Alarm(self.service.name, "drift", about)
        for kind, shadow in self.shadows.items():
            for what, certain, bet in (
                ("shadow-disagrees", shadow.parted(), shadow.apart),
                ("shadow-is-better", shadow.fallen(), shadow.worse),
            ):
                if certain and self._first(what, kind):
                    rows = bet.n
                    yield Alarm(self.service.name, what, {"beside": kind, "evidence": f"{bet.value:.4g}", "rows": rows})

    def label(self, one: Labelled) -> None:
        """Takes labels in; each answer's come once."""
        ours = self.given.pop(one.event, None)
        if ours is None or ours.shape != one.labels.shape:
            return
        self.right += int((ours == one.labels).sum())
        self.joined += len(ours)
        for shadow in self.shadows.values():
            shadow.labelled(one.event, one.labels)

    def _first(self, what: str, kind: str) -> bool:
        if (what, kind) in self.already:
            return False
        self.already.add((what, kind))
        return True

    def _compare(self, one: Passed) -> None:
        sampled = bool(self.beside) and float(self.rng.random()) < self.share
        if not sampled and not self.labels:
            return
        if one.generation is None or not one.outputs:
            return
        change = self.service.around.change
        ours = classes_of(one.outputs, one.generation)
        ours = answered(one.generation, one.inputs, change) if ours is None else ours
        if ours is None:
            return
        if self.labels:
            self.given[one.event] = ours
            while len(self.given) > _WAIT:
                self.given.popitem(last=False)
        for other in self.beside if sampled else ():
            # What was in service before went through the same change; another declared model has none of its own.
            same = self.service.previous is not None and other.generation is self.service.previous
            theirs = answered(other.generation, one.inputs, change if same else None)
            if theirs is not None and theirs.shape == ours.shape:
                self.shadows[other.kind].answered(one.event, ours, theirs)
                self.compared[other.kind] = self.compared.get(other.kind, 0) + len(ours)
                self.parted[other.kind] = self.parted.get(other.kind, 0) + int((ours != theirs).sum())

    def _seen(self, passed: Sequence[Passed]) -> Iterator[Seen]:
        reference = self.service.current.reference
        if reference is None or (self.watch is None and self.drift is None):
            return
        for one in passed:
            rows = reference.rows(one.inputs)
            if rows is not None and len(rows) and rows.shape[1] == len(reference.columns):
                yield Seen(one.principal, one.model, self._some(rows), _NO_SCORES, one.now)

    def _some(self, rows: Array) -> Array:
        """A sample of a large question's rows, in their order."""
        if len(rows) <= _ROWS:
            return rows
        return np.asarray(rows[np.sort(self.rng.choice(len(rows), _ROWS, replace=False))])


def looked(kind: str, found: Ordinary, tolerated: float | None) -> Looked:
    """A monitor of clients by its declared name.

    Args:
        kind: one of `TOLERATED`.
        found: what ordinary rows are.
        tolerated: share of a client's rows that may be hits; None for the monitor's own.
    """
    share = TOLERATED[kind] if tolerated is None else tolerated
    if kind == "near-duplicates":
        return Looked(NearDuplicates(found.radius), NearDuplicates(found.radius / 2, _POOLED), share)
    detector = Outlying(found.bounds, found.whole) if kind == "outlying-queries" else OneProgram(found.far)
    return Looked(detector, detector, share)
