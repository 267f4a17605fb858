"""A campaign by somebody who can only ask: scores or labels, counted, with a budget."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from redan.attacks.campaign.tried import Tried
from redan.attacks.evasion.black_box import hop_skip_jump, rays, square
from redan.attacks.failure.readings import agreement
from redan.attacks.failure.signs import Sign, Trust, trust
from redan.attacks.judge import Labels, judge
from redan.attacks.queries import Queries, StoppedError
from redan.attacks.result import Result
from redan.attacks.threat import Threat
from redan.errors import InputError

QUERIES = 1000
_PROBES = 32


class Asking(NamedTuple):
    """What is wanted of one.

    Args:
        threat: the threat model.
        queries: most of them for each sample and attack.
        seed: of every draw.
    """

    threat: Threat
    queries: int = QUERIES
    seed: int = 0


def attack_by_queries(
    queries: Queries,
    labels: Labels,
    x: NDArray[np.float32],
    y: NDArray[np.int64],
    wanted: Asking,
    *,
    classes: Sequence[str] = (),
) -> Tried:
    """Asks a model for scores, or for labels where it shows no scores.

    Args:
        queries: the model as the attacks ask it.
        labels: the same model as the judge asks it, shape (n, ...) to places of classes.
        x: shape (n, ...), in the box of the threat model.
        y: shape (n,), places of the true classes.
        wanted: threat model, queries and seed.
        classes: names by place; places when empty.

    Raises:
        InputError: the samples or the norm do not fit.
        StoppedError: the model does not answer any more; its work is in the error.
    """
    before = labels(x)
    signs = (_same_again(labels, x, before), _same_alone(labels, x, before))
    attacker, results = _tried(queries, x, y, wanted)
    threat = wanted.threat
    x_adv, breaker, size = x.copy(), np.full(len(x), -1, dtype=np.int64), np.zeros(len(x))
    after = before.copy()
    for place, result in enumerate(results):
        judged = judge(labels, x, y, np.where(_rows(before == y, x), result.x_adv, x), threat)
        hit = judged.broken & (before == y) & (breaker < 0)
        x_adv[hit], breaker[hit], size[hit], after[hit] = (
            result.x_adv[hit],
            place,
            judged.size[hit],
            judged.answers[hit],
        )
    told = max(int(max(before.max(), y.max(), after.max())) + 1, len(classes))
    return Tried(
        threat=str(threat),
        suite="queries",
        attacker=attacker,
        attacks=tuple(result.attack for result in results),
        classes=tuple(classes) if len(classes) == told else tuple(str(i) for i in range(told)),
        y=y,
        before=before,
        after=after,
        breaker=breaker,
        size=size,
        x=x,
        x_adv=x_adv,
        cost=sum((result.cost for result in results[1:]), start=results[0].cost),
        trust=asked_trust(signs),
        notes=("An attacker who has the weights may break more.",),
    )


def asked_trust(signs: Sequence[Sign]) -> Trust:
    """What can be told of a model that only answers: that its answers are its own and stay the same."""
    return trust(signs)


def _tried(
    queries: Queries, x: NDArray[np.float32], y: NDArray[np.int64], wanted: Asking
) -> tuple[str, tuple[Result, ...]]:
    classes = queries.source.classes
    labels = y if classes is None else np.asarray(classes)[y]
    try:
        result = square(queries, x, labels, threat=wanted.threat, queries=wanted.queries, seed=wanted.seed)
    except StoppedError:
        raise
    except InputError as error:
        if "labels only" not in error.what:
            raise
    else:
        return f"asks for scores, {wanted.queries:,} times for each sample", (result,)
    walks = {"linf": (rays, hop_skip_jump), "l2": (hop_skip_jump,)}.get(wanted.threat.norm)
    if walks is None:
        raise InputError(f"no attack by labels is made for {wanted.threat.norm}", remedy="use linf or l2")
    results = tuple(
        walk(queries, x, labels, threat=wanted.threat, queries=wanted.queries, seed=wanted.seed) for walk in walks
    )
    return f"asks for labels, {wanted.queries:,} times for each sample and attack", results


def _same_again(labels: Labels, x: NDArray[Any], before: NDArray[np.int64]) -> Sign:
    return agreement("random-answers", before[:_PROBES], labels(x[:_PROBES]), "The first and the second answer")


def _same_alone(labels: Labels, x: NDArray[Any], before: NDArray[np.int64]) -> Sign:
    some = x[: _PROBES // 4]
    alone = np.concatenate([labels(one[None]) for one in some]) if len(some) else np.empty(0, dtype=np.int64)
    return agreement("batch-dependent", before[: len(some)], alone, "Answers in a batch and alone")


def _rows(kept: NDArray[np.bool_], like: NDArray[Any]) -> NDArray[np.bool_]:
    return kept.reshape(-1, *[1] * (like.ndim - 1))
