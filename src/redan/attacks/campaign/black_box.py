"""A campaign by somebody who can only ask: scores or labels, counted, with a budget."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from redan.attacks.campaign.parts import SIZE, Part, cut
from redan.attacks.campaign.radii import at_radii, curve_over, radii_of
from redan.attacks.campaign.tried import Tried
from redan.attacks.cost import Cost
from redan.attacks.evasion.black_box import hop_skip_jump, rays, square
from redan.attacks.evasion.samples import checked
from redan.attacks.failure.readings import agreement
from redan.attacks.failure.signs import Sign, trust
from redan.attacks.judge import Labels, judge
from redan.attacks.memory import Memory
from redan.attacks.queries import Queries, Source, StoppedError
from redan.attacks.result import Result
from redan.attacks.threat import Threat
from redan.errors import IncompleteError, InputError

QUERIES = 1000
_PROBES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedCampaign:
    """Scores, or labels where a model shows no scores.

    Args:
        source: gives what answers, with counts that begin at zero.
        of: what answers, as its work file names it.
        x: shape (n, ...), in the box of the threat model.
        y: shape (n,), labels as the data has them.
        threat: the threat model.
        queries: most of them for each sample and attack.
        radii: further radii for the curve.
        seed: of every draw.
        size: samples of a part.
        notes: what a reader has to know.
    """

    source: Callable[[], Source]
    of: str
    x: NDArray[np.float32]
    y: NDArray[Any]
    threat: Threat
    queries: int = QUERIES
    radii: tuple[float, ...] = ()
    seed: int = 0
    size: int = SIZE
    notes: tuple[str, ...] = ()

    def parts(self) -> tuple[Part, ...]:
        """Parts of the samples for each radius.

        Raises:
            InputError: the samples do not fit; told before anything is asked.
        """
        checked(self.x, self.y, self.threat, Queries(self.source()))
        return cut(len(self.x), radii_of(self.threat, self.radii), self.size)

    def attempt(self, part: Part, work: Path | None) -> Tried:
        """Asks for one part.

        Raises:
            InputError: the samples or the norm do not fit.
            IncompleteError: the model does not answer any more; its answers are in the work file.
        """
        began, source, apart = perf_counter(), self.source(), self.source()
        x, threat = self.x[part.start : part.stop], type(self.threat)(part.eps, self.threat.low, self.threat.high)
        memory = None if work is None else Memory(work, self.of)
        queries, labels = Queries(source, memory=memory), Queries(apart).labels
        y = queries.indices(self.y[part.start : part.stop])
        before = labels(x)
        attacker, results = self._attacked(queries, x, self.y[part.start : part.stop], threat)
        x_adv, breaker, size, after = x.copy(), np.full(len(x), -1), np.zeros(len(x)), before.copy()
        for place, result in enumerate(results):
            judged = judge(labels, x, y, np.where(_rows(before == y, x), result.x_adv, x), threat)
            hit = judged.broken & (before == y) & (breaker < 0)
            x_adv[hit], breaker[hit] = result.x_adv[hit], place
            size[hit], after[hit] = judged.size[hit], judged.answers[hit]
        asked = queries.asked if memory is None else len(memory)
        forward = source.forward + apart.forward
        return Tried(
            threat=str(threat),
            suite="queries",
            attacker=attacker,
            attacks=tuple(result.attack for result in results),
            classes=self._classes(source, int(max(before.max(), y.max(), after.max())) + 1),
            y=y,
            before=before,
            after=after,
            breaker=breaker,
            size=size,
            x=x,
            x_adv=x_adv,
            cost=Cost(forward=forward, queries=asked, seconds=perf_counter() - began),
            notes=(*self.notes, "An attacker who has the weights may break more."),
        )

    def joined(self, tried: Sequence[Tried]) -> Tried:
        """One campaign, with its curve, and with what can be told of a model that only answers."""
        radii = radii_of(self.threat, self.radii)
        made = at_radii(tried, len(radii))
        whole, labels = made[0], Queries(self.source()).labels
        signs = (_same_again(labels, self.x, whole.before), _same_alone(labels, self.x, whole.before))
        return replace(
            whole,
            threat=str(self.threat),
            trust=trust(signs),
            cost=sum((one.cost for one in made), start=Cost()),
            curve=curve_over(radii, made),
        )

    def _classes(self, source: Source, told: int) -> tuple[str, ...]:
        known = [] if source.classes is None else [str(name) for name in source.classes.tolist()]
        return tuple(known) if len(known) >= told else tuple(str(place) for place in range(told))

    def _attacked(
        self, queries: Queries, x: NDArray[np.float32], y: NDArray[Any], threat: Threat
    ) -> tuple[str, tuple[Result, ...]]:
        try:
            result = square(queries, x, y, threat=threat, queries=self.queries, seed=self.seed)
        except StoppedError as error:
            raise _stopped(error) from error
        except InputError as error:
            if "labels only" not in error.what:
                raise
        else:
            return f"asks for scores, {self.queries:,} times for each sample", (result,)
        walks = {"linf": (rays, hop_skip_jump), "l2": (hop_skip_jump,)}.get(threat.norm)
        if walks is None:
            raise InputError(f"no attack by labels is made for {threat.norm}", remedy="use linf or l2")
        try:
            results = tuple(walk(queries, x, y, threat=threat, queries=self.queries, seed=self.seed) for walk in walks)
        except StoppedError as error:
            raise _stopped(error) from error
        return f"asks for labels, {self.queries:,} times for each sample and attack", results


def _stopped(error: StoppedError) -> IncompleteError:
    """The error with what was found until then, which no judge has seen."""
    found, asked = int((error.result.step > 0).sum()), error.result.cost.queries
    text = f"{error.what}; until then {asked:,} queries broke {found:,} of {len(error.result.step):,} samples"
    return IncompleteError(text, where=error.where, remedy=error.remedy)


def _same_again(labels: Labels, x: NDArray[Any], before: NDArray[np.int64]) -> Sign:
    return agreement("random-answers", before[:_PROBES], labels(x[:_PROBES]), "The first and the second answer")


def _same_alone(labels: Labels, x: NDArray[Any], before: NDArray[np.int64]) -> Sign:
    some = x[: _PROBES // 4]
    alone = np.concatenate([labels(one[None]) for one in some]) if len(some) else np.empty(0, dtype=np.int64)
    return agreement("batch-dependent", before[: len(some)], alone, "Answers in a batch and alone")


def _rows(kept: NDArray[np.bool_], like: NDArray[Any]) -> NDArray[np.bool_]:
    return kept.reshape(-1, *[1] * (like.ndim - 1))
