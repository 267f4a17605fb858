"""Which inputs of a model matter to its label: every input against shadows of all inputs.

Source: Kursa and Rudnicki, Feature Selection with the Boruta Package, Journal of Statistical Software 36(11), 2010.
Three deviations, each against a known fault: importance is the impurity decrease on rows that a tree did not see
(Li et al., A Debiased MDI Feature Importance Measure for Random Forests, NeurIPS 2019), so that columns of many levels
gain nothing by memorising; at least 20 shadows are made, so that few inputs are not confirmed by luck; and the binomial
tests are corrected for the number of looks as well as for the number of inputs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.errors import IncompleteError, MissingExtraError
from redan.measures.columns import Column, ranks
from redan.measures.unseen_gain import unseen_gain
from redan.stats.binomial import chance_of_at_least, clopper_pearson
from redan.stats.interval import Interval

Task: TypeAlias = Literal["classification", "regression"]
Standing: TypeAlias = Literal["confirmed", "tentative", "rejected"]
LEAST_ROWS = 100  # below this, shadows of noise and of real inputs cannot be told apart
LEAST_PER_CLASS = 20
MOST_CLASSES = 20
LEAST_SHADOWS = 20
LOOK_EVERY = 15


class Settings(NamedTuple):
    """How long to look.

    Args:
        rounds: fresh sets of shadows at most.
        trees: per round.
        alpha: chance of deciding about any input against the odds, over all inputs, looks and both directions.
        leaf_rows: fewest rows in a leaf.
    """

    rounds: int = 60
    trees: int = 30
    alpha: float = 0.05
    leaf_rows: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Relevance:
    """What one input came to.

    Args:
        name: of the input.
        standing: confirmed (beats the best shadow in more than half of all rounds), rejected (in less than half) or
            tentative (the rounds do not tell).
        hits: rounds in which it beat the best shadow.
        rounds: rounds it took part in.
    """

    name: str
    standing: Standing
    hits: int
    rounds: int

    @property
    def share(self) -> float:
        """Hits per round."""
        return self.hits / self.rounds

    @property
    def interval(self) -> Interval:
        """Exact 95 % interval of the share."""
        return clopper_pearson(self.hits, self.rounds)


def relevance(
    columns: Sequence[Column],
    label: NDArray[Any],
    *,
    task: Task,
    rng: np.random.Generator,
    settings: Settings = Settings(),  # noqa: B008 -- frozen
) -> tuple[Relevance, ...]:
    """Tells inputs that say something about a label, alone or with others, from inputs that say nothing.

    A redundant input is relevant: it carries what the label needs, even if another carries it too.

    Args:
        columns: p inputs of n rows each, none of them prose.
        label: shape (n,), class codes (classification) or numbers (regression), without missing values.
        task: what the label is.
        rng: of permutations and forests.
        settings: rounds, trees and error budget.

    Returns:
        One record per input, in order; empty when there is none.

    Raises:
        IncompleteError: not enough data: fewer than 100 rows, one class alone or one label value alone.
        MissingExtraError: scikit-learn is not installed.
    """
    if not columns:
        return ()
    target = _target(label, task)
    data = _Data(columns, target, task)
    hits, rounds, standing = _play(data, rng, settings)
    return tuple(
        Relevance(name=c.name, standing=_WORDS[int(standing[i])], hits=int(hits[i]), rounds=int(rounds[i]))
        for i, c in enumerate(columns)
    )


_WORDS: dict[int, Standing] = {1: "confirmed", 0: "tentative", -1: "rejected"}


class _Data(NamedTuple):
    columns: Sequence[Column]
    target: NDArray[np.float64]  # (n, k): class indicators, or centred ranks
    task: Task


def _target(label: NDArray[Any], task: Task) -> NDArray[np.float64]:
    if len(label) < LEAST_ROWS:
        raise IncompleteError(
            f"{len(label)} labelled rows are not enough data", remedy=f"give at least {LEAST_ROWS} rows"
        )
    if task == "regression":
        order = ranks(np.asarray(label, dtype=np.float64)).astype(np.float64)
        if order.max() == 0:
            raise IncompleteError("the label has one value only", remedy="choose another label")
        scaled: NDArray[np.float64] = ((order - order.mean()) / order.std())[:, None]
        return scaled
    codes, counts = np.unique(label, return_counts=True)
    kept = codes[np.argsort(-counts, kind="stable")][:MOST_CLASSES]
    kept = kept[[counts[np.searchsorted(codes, code)] >= LEAST_PER_CLASS for code in kept]]
    found = np.column_stack([label == code for code in kept]) if len(kept) else np.zeros((len(label), 0))
    rest = ~found.astype(bool).any(axis=1)
    if rest.sum() >= LEAST_PER_CLASS:
        found = np.column_stack([found, rest])
    if found.shape[1] <= 1:
        raise IncompleteError("fewer than two classes have 20 rows", remedy="give more rows of each class")
    return found.astype(np.float64)


def _play(
    data: _Data, rng: np.random.Generator, settings: Settings
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    count = len(data.columns)
    hits, rounds, standing = (np.zeros(count, dtype=np.int64) for _ in range(3))
    looks = -(-settings.rounds // LOOK_EVERY)
    level = settings.alpha / (2 * count * looks)
    for done in range(1, settings.rounds + 1):
        active = np.flatnonzero(standing >= 0)
        won = _round(data, active, rng, settings)
        rounds[active] += 1
        hits[active] += won
        if done % LOOK_EVERY == 0 or done == settings.rounds:
            for i in np.flatnonzero(standing == 0):
                standing[i] = _decide(int(hits[i]), int(rounds[i]), level)
            if standing.all():
                break
    return hits, rounds, standing


def _decide(hits: int, rounds: int, level: float) -> int:
    if chance_of_at_least(hits, rounds, 0.5) < level:
        return 1
    return -1 if chance_of_at_least(rounds - hits, rounds, 0.5) < level else 0


def _round(data: _Data, active: NDArray[np.int64], rng: np.random.Generator, settings: Settings) -> NDArray[np.bool_]:
    focus = data.target[:, rng.integers(data.target.shape[1])]
    fold = rng.random(len(focus)) < 0.5  # noqa: PLR2004 -- two halves
    chosen = [data.columns[i] for i in active]
    sources = [chosen[i % len(chosen)] for i in range(max(len(chosen), LEAST_SHADOWS))]
    shown = [_shown(c.kind, c.values, focus, fold) for c in chosen]
    shadows = [_shown(c.kind, rng.permutation(c.values), focus, fold) for c in sources]
    seen = np.column_stack([*shown, *shadows])
    forest = _forest(data.task, settings, int(rng.integers(2**31 - 1)))
    truth = data.target.argmax(axis=1) if data.task == "classification" else data.target[:, 0]
    forest.fit(seen, truth)
    gained = unseen_gain(forest, seen, data.target)
    return np.asarray(gained[: len(active)] > gained[len(active) :].max())


def _shown(
    kind: str, values: NDArray[np.float32], focus: NDArray[np.float64], fold: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Levels without an order are put in the order of their mean label in the half that a row is not in."""
    if kind != "nominal":
        return values
    codes = np.where(np.isnan(values), values[~np.isnan(values)].max() + 1, values).astype(np.int64)
    found = np.empty(len(values), dtype=np.float32)
    for half in (fold, ~fold):
        sums = np.bincount(codes[~half], weights=focus[~half], minlength=codes.max() + 1)
        counts = np.bincount(codes[~half], minlength=codes.max() + 1)
        mean = focus[~half].mean() if (~half).any() else 0.0
        found[half] = ((sums + mean) / (counts + 1))[codes[half]]
    return found


def _forest(task: Task, settings: Settings, seed: int) -> Any:  # noqa: ANN401 -- scikit-learn ships no types
    try:
        from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
    except ImportError as error:
        raise MissingExtraError("sklearn", "scikit-learn") from error
    made = ExtraTreesClassifier if task == "classification" else ExtraTreesRegressor
    return made(
        n_estimators=settings.trees,
        min_samples_leaf=settings.leaf_rows,
        max_features="sqrt",
        bootstrap=True,
        max_samples=0.632,
        n_jobs=1,
        random_state=seed,
    )
