"""The smallest set of features that costs no more accuracy than was agreed: what a model needs to know.

Source: recursive elimination (Guyon et al., Gene Selection for Cancer Classification, Machine Learning 46, 2002) by
permutation importance on rows that were not learned from. The search and the proof use different rows, and the proof
goes down the sets in a fixed order until one fails, so that its level holds over all sets (Maurer, Hothorn and
Lehmacher 1995), whichever of them the search liked.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from redan.errors import IncompleteError, InputError, MissingExtraError, UsageError
from redan.measures.columns import Column
from redan.measures.inputs import prepare
from redan.measures.relevance import Task
from redan.stats.interval import Interval
from redan.tables import Table, table_of

ROWS = 10_000
LEAST_ROWS = 300
LEAST_PER_CLASS = 30
SEARCHED = 0.35  # of the rows choose the sets; the others prove them
_AT_ONCE = 0.1  # of many features that go in one step
_SHUFFLES = 3
_TREES = 80
_Z = 1.6448536269514722  # one-sided 95 %: only a loss that is too large matters


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One set of features.

    Args:
        features: in the order of the table.
        accuracy: share of right answers, mean over classes; for numbers the share of variance explained.
        loss: accuracy of all features minus that of these, on the same rows.
        interval: of the loss, two-sided at 90 %: its upper end is the one-sided bound at 95 %.
        proven: whether the loss is below what was agreed, and was for every larger set.
    """

    features: tuple[str, ...]
    accuracy: float
    loss: float
    interval: Interval
    proven: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Minimised:
    """What is needed to know, and how that was proven.

    Args:
        kept: the smallest proven set.
        dropped: features that the task does not need, those that identify not among them.
        unassessed: free text and nested values, about which nothing is known.
        steps: sets from all features downwards, the first that failed last.
        agreed: the loss that was accepted.
        rows: that the losses rest on.
        total: rows of the data.
        task: what the label is.
    """

    kept: tuple[str, ...]
    dropped: tuple[str, ...]
    unassessed: tuple[str, ...]
    steps: tuple[Step, ...]
    agreed: float
    rows: int
    total: int
    task: Task

    @property
    def proof(self) -> Step:
        """The step of the smallest proven set."""
        return [step for step in self.steps if step.proven][-1]


class _Data(NamedTuple):
    x: NDArray[np.float32]
    label: NDArray[Any]
    task: Task
    seed: int


def minimise(
    data: Any,  # noqa: ANN401 -- whatever `table_of` understands
    label: str,
    *,
    rng: np.random.Generator,
    features: Sequence[str] | None = None,
    loss: float = 0.02,
    keep: Sequence[str] = (),
    sensitive: Sequence[str] = (),
    task: str = "classification",
    progress: Callable[[int, int], None] | None = None,
) -> Minimised:
    """Finds a small set of features whose loss of accuracy is proven to be below a bound.

    Args:
        data: a table, or a frame of any kind that `redan.tables.table_of` takes.
        label: column that holds the true answer.
        rng: of the sample, the split and the forests.
        features: candidates; None for every other column.
        loss: accepted loss of accuracy, absolute: 0.02 is two of a hundred answers, averaged over the classes.
        keep: features that stay in any case.
        sensitive: features that go first among those that hardly matter.
        task: what the label is, as a description says it.
        progress: told how many sets of how many were measured.

    Returns:
        All features where not even one can go.

    Raises:
        InputError: there is no such column.
        UsageError: the loss is out of range.
        IncompleteError: there are too few rows, or the features say nothing about the label.
        MissingExtraError: scikit-learn is not installed.
    """
    if not 0.0 < loss < 1.0:
        raise UsageError("the accepted loss lies between 0 and 1", remedy="0.02 is two answers of a hundred")
    table = table_of(data)
    names = _candidates(table, label, features, (*keep, *sensitive))
    inputs = prepare([(table, label)], names, task, rng, most=ROWS)
    data_ = _data(inputs.columns, inputs.label, inputs.task, rng)
    order = rng.permutation(len(data_.label))
    cut = int(SEARCHED * len(order))
    parts = (order[:cut], order[cut:])  # at random: the sample comes in the order of its values
    held = [c.name for c in inputs.columns]
    sets = _nested(data_, parts[0], held, keep=set(keep), first=set(sensitive), slack=loss / 2)
    steps = _proven(data_, parts, held, sets, agreed=loss, progress=progress)
    kept = [step for step in steps if step.proven][-1].features
    return Minimised(
        kept=kept,
        dropped=tuple(name for name in held if name not in kept),
        unassessed=inputs.prose,
        steps=tuple(steps),
        agreed=loss,
        rows=len(order) - cut,
        total=inputs.total,
        task=inputs.task,
    )


def _candidates(table: Table, label: str, features: Sequence[str] | None, named: Sequence[str]) -> list[str]:
    names = [name for name in table.columns if name != label] if features is None else list(features)
    table.select([label, *names, *named])
    strangers = [name for name in named if name not in names]
    if strangers or label in names or not names:
        what = f"column {strangers[0]!r} is not among the features" if strangers else "there is no feature to look at"
        raise InputError(what if label not in names else "the label is among the features", where=table.place)
    return names


def _data(columns: Sequence[Column], label: NDArray[Any], task: Task, rng: np.random.Generator) -> _Data:
    """The features as a matrix; classes of few rows are left out.

    Raises:
        IncompleteError: there are too few rows or classes.
    """
    kept = np.arange(len(label))
    if task == "classification":
        codes, counts = np.unique(label, return_counts=True)
        kept = np.flatnonzero(np.isin(label, codes[counts >= LEAST_PER_CLASS]))
    if len(kept) < LEAST_ROWS or not columns or len(np.unique(label[kept])) <= 1:
        raise IncompleteError(
            f"{len(kept):,} labelled rows in classes of {LEAST_PER_CLASS} or more are not enough data",
            remedy=f"give at least {LEAST_ROWS} rows of two classes",
        )
    x = np.column_stack([column.values[kept] for column in columns]).astype(np.float32)
    return _Data(x, label[kept], task, int(rng.integers(2**31 - 1)))


def _nested(
    data: _Data, rows: NDArray[np.int64], names: Sequence[str], *, keep: set[str], first: set[str], slack: float
) -> list[list[int]]:
    """Sets of features from all of them downwards, each without those that mattered least."""
    rng = np.random.default_rng(data.seed)
    learn, judge = rows[: len(rows) * 2 // 3], rows[len(rows) * 2 // 3 :]
    sets = [list(range(len(names)))]
    while len(sets[-1]) > 1:
        current = sets[-1]
        going = [i for i in current if names[i] not in keep]
        if not going:
            break
        weight = dict(zip(current, _importance(data, learn, judge, current, rng), strict=True))
        least = min(weight[i] for i in going)
        going.sort(key=lambda i: (names[i] not in first or weight[i] > least + slack, weight[i], i))
        gone = set(going[: max(1, int(_AT_ONCE * len(current)))])
        sets.append([i for i in current if i not in gone])
    return sets


def _importance(
    data: _Data, learn: NDArray[np.int64], judge: NDArray[np.int64], features: list[int], rng: np.random.Generator
) -> list[float]:
    """Accuracy lost on unseen rows when one feature is shuffled."""
    model = _fitted(data, learn, features)
    seen = data.x[judge][:, features]
    base = float(_scores(data, model.predict(seen), judge).mean())
    found = []
    for place in range(len(features)):
        lost = []
        for _ in range(_SHUFFLES):
            changed = seen.copy()
            changed[:, place] = rng.permutation(changed[:, place])
            lost.append(base - float(_scores(data, model.predict(changed), judge).mean()))
        found.append(float(np.mean(lost)))
    return found


def _proven(
    data: _Data,
    parts: tuple[NDArray[np.int64], NDArray[np.int64]],
    names: Sequence[str],
    sets: Sequence[list[int]],
    *,
    agreed: float,
    progress: Callable[[int, int], None] | None,
) -> list[Step]:
    searched, rest = parts
    whole = _right(data, searched, rest, sets[0])
    accuracy, interval = _mean(data, whole, rest)
    _learnable(data, rest, accuracy, interval)
    steps = [
        Step(features=tuple(names), accuracy=accuracy, loss=0.0, interval=Interval(0.0, 0.0), proven=True),
    ]
    for done, features in enumerate(sets[1:], start=1):
        right = _right(data, searched, rest, features)
        lost, interval = _mean(data, whole - right, rest)
        proven = interval.high <= agreed
        steps.append(
            Step(
                features=tuple(names[i] for i in features),
                accuracy=_mean(data, right, rest)[0],
                loss=lost,
                interval=interval,
                proven=proven,
            )
        )
        if progress is not None:
            progress(done, len(sets) - 1)
        if not proven:
            break
    return steps


def _learnable(data: _Data, rows: NDArray[np.int64], accuracy: float, interval: Interval) -> None:
    guess = 1.0 / len(np.unique(data.label[rows])) if data.task == "classification" else 0.0
    if interval.low <= guess:
        raise IncompleteError(
            f"all features together do no better ({accuracy:.1%}) than a guess ({guess:.1%})",
            remedy="choose another label, or give more rows",
        )


def _right(
    data: _Data, searched: NDArray[np.int64], rest: NDArray[np.int64], features: list[int]
) -> NDArray[np.float64]:
    """Scores of the rows that prove, each by a forest that learned from the searched rows and the other half."""
    found = np.zeros(len(rest))
    for fold in (0, 1):
        mine = np.arange(len(rest)) % 2 == fold
        model = _fitted(data, np.concatenate([searched, rest[~mine]]), features)
        found[mine] = _scores(data, model.predict(data.x[rest[mine]][:, features]), rest[mine], raw=True)
    return found


def _scores(data: _Data, answer: NDArray[Any], rows: NDArray[np.int64], *, raw: bool = False) -> NDArray[np.float64]:
    """1 for a right answer, else 0, weighted unless raw so that classes count alike; of a number what is explained."""
    truth = data.label[rows]
    if data.task == "regression":
        return np.asarray(1.0 - (truth - answer) ** 2 / data.label.var(), dtype=np.float64)
    right = np.asarray(answer == truth, dtype=np.float64)
    if raw:
        return right
    codes, counts = np.unique(truth, return_counts=True)
    weights = len(truth) / (len(codes) * counts)
    return np.asarray(right * weights[np.searchsorted(codes, truth)], dtype=np.float64)


def _mean(data: _Data, scores: NDArray[np.float64], rows: NDArray[np.int64]) -> tuple[float, Interval]:
    """Mean over classes of the mean score, and its normal interval; never narrower than one row more or less."""
    truth = data.label[rows] if data.task == "classification" else np.zeros(len(rows))
    groups = [scores[truth == code] for code in np.unique(truth)]
    mean = float(np.mean([group.mean() for group in groups]))
    variance = sum(float(group.var(ddof=1)) / len(group) for group in groups) / len(groups) ** 2
    reach = max(_Z * variance**0.5, max(1.0 / len(group) for group in groups) / len(groups))
    return mean, Interval(mean - reach, mean + reach)


def _fitted(data: _Data, rows: NDArray[np.int64], features: list[int]) -> Any:  # noqa: ANN401 -- scikit-learn ships no types
    try:
        from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
    except ImportError as error:
        raise MissingExtraError("sklearn", "scikit-learn") from error
    common = {
        "n_estimators": _TREES,
        "min_samples_leaf": 5,
        "max_features": None,
        "n_jobs": 1,
        "random_state": data.seed,
    }
    model = (
        ExtraTreesClassifier(**common, class_weight="balanced")
        if data.task == "classification"
        else ExtraTreesRegressor(**common)
    )
    return model.fit(data.x[rows][:, features], data.label[rows])
