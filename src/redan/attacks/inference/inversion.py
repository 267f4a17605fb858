"""Draws what a model takes for typical of each class, and says how much that resembles those who are in the class.

Source: Fredrikson, Jha and Ristenpart, Model Inversion Attacks that Exploit Confidence Information, CCS 2015 (MIFace):
descend on minus the confidence in a class, starting from what is known anyway. Ours: by queries, too; and a likeness
beyond the prior, beside the likeness to the other classes, with its interval.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.attacks.queries import Queries, SpentError, log_scores
from redan.attacks.sources import queries_of
from redan.errors import IncompleteError, InputError
from redan.findings.attack_pictures import Gallery
from redan.stats.binomial import clopper_pearson
from redan.stats.interval import Interval

Array: TypeAlias = NDArray[np.float64]
Descent: TypeAlias = Callable[[Array], Array]
_FAST, _SLOW, _SMALL = 0.9, 0.99, 1e-12
_PICTURE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How hard it is tried.

    Args:
        steps: of the descent.
        rate: the first steps' length, as a share of the box; it falls to a tenth.
        smooth: weight of differences between neighbours, for pictures.
        directions: for one step by queries; each costs two questions for each class.
        reach: how far it asks away from where it is, as a share of the box.
    """

    steps: int = 200
    rate: float = 0.02
    smooth: float = 0.05
    directions: int = 20
    reach: float = 0.05


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reconstruction:
    """One input for each class.

    Args:
        x: shape (classes, ...).
        confidence: the model's in each, shape (classes,).
        start: what all began with, shape (...).
        queries: inputs that were asked; 0 where gradients were followed.
        spent: whether the budget ended it early.
    """

    x: Array
    confidence: Array
    start: Array
    queries: int = 0
    spent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """How much reconstructions resemble the real means of their classes.

    Args:
        own: correlation of each with the mean of its class, after what all classes have in common is taken away from
            both; 0 is what the prior alone gives.
        others: its mean correlation with the means of the other classes.
        gain: mean over classes of `own`.
        interval: of the gain at 95 % (Student over classes).
        told: classes whose own mean is the nearest of all.
        told_interval: exact, of the share of classes told; by chance it is one of their number.
        plain: mean correlation with the class means as they are.
        prior: that of the common mean, which needs no model.
    """

    own: tuple[float, ...]
    others: tuple[float, ...]
    gain: float
    interval: Interval
    told: int
    told_interval: Interval
    plain: float
    prior: float


def invert(
    model: object,
    start: NDArray[Any],
    classes: int,
    *,
    rng: np.random.Generator,
    effort: Effort | None = None,
    box: tuple[float, float] = (0.0, 1.0),
    budget: int | None = None,
) -> Reconstruction:
    """An input for each class that the model is sure of, near what is known anyway.

    Args:
        model: a `Network` of PyTorch, whose gradients are followed; anything else that gives scores is asked.
        start: where the descent begins, shape (...): the middle of the box, or the mean of public data.
        classes: how many.
        rng: of the directions that are asked.
        effort: steps and their length.
        box: least and largest valid value.
        budget: questions at most; the work until then is kept.

    Raises:
        InputError: the model shows labels only, or has fewer classes.
        IncompleteError: the budget does not reach for one step.
    """
    tried = effort or Effort()
    begun = np.repeat(np.asarray(start, dtype=np.float64)[None], classes, axis=0)
    if hasattr(model, "gradient") and hasattr(model, "meter"):
        x, spent = _descended(begun, _by_gradient(model), tried, box)
        return Reconstruction(x=x, confidence=_sure(_network_scores(model, x)), start=begun[0], spent=spent)
    queries = queries_of(model, budget=None if budget is None else max(0, budget - classes))
    x, spent = _descended(begun, _by_queries(queries, tried, box, rng), tried, box)
    if spent and (x == begun).all():
        raise IncompleteError(
            "the budget does not reach for one step", remedy="give more questions, or fewer directions"
        )
    queries.budget = None  # the last question, after the descent, was kept back
    told = queries.scores(x.astype(np.float32))
    return Reconstruction(x=x, confidence=_sure(told), start=begun[0], queries=queries.asked, spent=spent)


def likeness(made: Reconstruction, x: NDArray[Any], y: NDArray[np.int64]) -> Likeness:
    """How much reconstructions resemble the real means of their classes.

    Args:
        made: one for each class.
        x: real inputs, such as the training data, shape (n, ...).
        y: their classes, shape (n,).

    Raises:
        IncompleteError: a class has no input, or there are fewer than three, of which no interval can be had.
        InputError: shapes differ.
    """
    count = len(made.x)
    if np.asarray(x).shape[1:] != made.x.shape[1:]:
        raise InputError(f"inputs of shape {np.asarray(x).shape[1:]} are not like those of shape {made.x.shape[1:]}")
    sizes = np.bincount(y, minlength=count)[:count]
    if count < 3 or not sizes.all():  # noqa: PLR2004 -- an interval over classes needs some
        raise IncompleteError(f"{int((sizes > 0).sum())} of {count} classes have inputs; three at least need some")
    flat = np.asarray(x, dtype=np.float64).reshape(len(x), -1)
    means = np.stack([flat[y == label].mean(axis=0) for label in range(count)])
    drawn, common = made.x.reshape(count, -1), means.mean(axis=0)
    centred = drawn - made.start.reshape(-1)
    table = _correlations(centred - centred.mean(axis=0), means - common)
    own = np.diag(table)
    others = (table.sum(axis=1) - own) / (count - 1)
    told = int((table.argmax(axis=1) == np.arange(count)).sum())
    return Likeness(
        own=tuple(own.tolist()),
        others=tuple(others.tolist()),
        gain=float(own.mean()),
        interval=_student(own),
        told=told,
        told_interval=clopper_pearson(told, count),
        plain=float(np.diag(_correlations(drawn, means)).mean()),
        prior=float(_correlations(common[None], means).mean()),
    )


def picture(
    made: Reconstruction, x: NDArray[Any], y: NDArray[np.int64], *, box: tuple[float, float] = (0.0, 1.0)
) -> Gallery | None:
    """The mean of each class beside what was drawn for it; None where inputs are no pictures.

    Args:
        made: one for each class.
        x: real inputs, shape (n, ...).
        y: their classes.
        box: least and largest valid value.
    """
    from redan.measures.robustness.gallery import gallery

    shown = [label for label in range(len(made.x)) if (y == label).any()]
    means = np.stack([np.asarray(x, dtype=np.float64)[y == label].mean(axis=0) for label in shown])
    words = [f"class {label}, confidence {made.confidence[label]:.0%}" for label in shown]
    title = "What the model gives away of each class"
    drawn = gallery(means, made.x[shown], np.ones(len(shown), dtype=bool), words, title=title, box=box, most=10)
    return None if drawn is None else replace(drawn, names=("mean of the class", "what was drawn for it", "difference"))


def _descended(x: Array, descent: Descent, tried: Effort, box: tuple[float, float]) -> tuple[Array, bool]:
    """Adam with a falling rate; whether the budget ended it."""
    low, high = box
    first, second = np.zeros_like(x), np.zeros_like(x)
    for step in range(1, tried.steps + 1):
        try:
            slope = descent(x) + tried.smooth * _roughness(x)
        except SpentError:
            return x, True
        first = _FAST * first + (1 - _FAST) * slope
        second = _SLOW * second + (1 - _SLOW) * slope**2
        pace = tried.rate * (high - low) * 10.0 ** (-step / tried.steps)
        move = first / (1 - _FAST**step) / (np.sqrt(second / (1 - _SLOW**step)) + _SMALL)
        x = np.clip(x - pace * move, low, high)
    return x, False


def _by_gradient(network: Any) -> Descent:  # noqa: ANN401 -- redan.attacks.evasion.Network
    import torch

    def descent(x: Array) -> Array:
        labels = torch.arange(len(x), device=network.device)

        def loss(logits: Any, rows: slice) -> Any:  # noqa: ANN401 -- tensors
            return torch.nn.functional.cross_entropy(logits, labels[rows], reduction="none")

        given = torch.as_tensor(x, dtype=torch.float32, device=network.device)
        try:
            return np.asarray(network.gradient(given, loss).gradient.double().cpu().numpy())
        except IndexError as error:
            raise InputError(f"the model has fewer than {len(x)} classes") from error

    return descent


def _by_queries(queries: Queries, tried: Effort, box: tuple[float, float], rng: np.random.Generator) -> Descent:
    reach = tried.reach * (box[1] - box[0])

    def descent(x: Array) -> Array:
        count = len(x)
        directions = rng.normal(size=(tried.directions, *x.shape))
        asked = np.concatenate([x + reach * directions, x - reach * directions])
        told = queries.scores(np.clip(asked, *box).reshape(-1, *x.shape[1:]).astype(np.float32))
        if told.shape[1] < count:
            raise InputError(f"the model has {told.shape[1]} classes, not {count}")
        losses = _losses(told, np.tile(np.arange(count), 2 * tried.directions)).reshape(2, tried.directions, count)
        slopes = (losses[0] - losses[1]) / (2 * reach)
        return np.asarray((slopes.reshape(*slopes.shape, *[1] * (x.ndim - 1)) * directions).mean(axis=0))

    return descent


def _losses(told: NDArray[np.float32], labels: NDArray[np.int64]) -> Array:
    """Minus the logarithm of the confidence in a class, of scores or logits."""
    logs = log_scores(told).astype(np.float64)
    high = logs.max(axis=1)
    whole = high + np.log(np.exp(logs - high[:, None]).sum(axis=1))
    return np.asarray(whole - logs[np.arange(len(logs)), labels])


def _sure(told: NDArray[np.float32]) -> Array:
    return np.exp(-_losses(told, np.arange(len(told))))


def _network_scores(network: Any, x: Array) -> NDArray[np.float32]:  # noqa: ANN401 -- redan.attacks.evasion.Network
    import torch

    return np.asarray(network.logits(torch.as_tensor(x, dtype=torch.float32, device=network.device)).cpu().numpy())


def _roughness(x: Array) -> Array:
    """The slope of the squared differences between neighbours in the last two axes; none for rows."""
    if x.ndim <= _PICTURE:
        return np.zeros_like(x)
    slope = np.zeros_like(x)
    for axis in (-1, -2):
        steps = np.diff(x, axis=axis)
        before, after = [(0, 0)] * x.ndim, [(0, 0)] * x.ndim
        before[axis], after[axis] = (1, 0), (0, 1)
        slope += np.pad(steps, before) - np.pad(steps, after)
    return slope


def _correlations(one: Array, other: Array) -> Array:
    """Between rows of two tables; 0 with a constant row."""
    a, b = (part - part.mean(axis=1, keepdims=True) for part in (one, other))
    scale = np.sqrt((a**2).sum(axis=1))[:, None] * np.sqrt((b**2).sum(axis=1))[None]
    return np.asarray(np.divide(a @ b.T, scale, out=np.zeros_like(scale), where=scale > _SMALL))


def _student(values: Array) -> Interval:
    from scipy.special import stdtrit

    mean, n = float(values.mean()), len(values)
    reach = float(stdtrit(n - 1, 0.975) * values.std(ddof=1) / np.sqrt(n))
    return Interval(max(-1.0, mean - reach), min(1.0, mean + reach))
