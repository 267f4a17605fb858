"""What a model's answers tell about an attribute of a person that the other columns do not tell already.

Source: Jayaraman and Evans, Are Attribute Inference Attacks Just Imputation?, CCS 2022: only what an attack gains over
imputation is leaked by the model. Two precautions of ours: the imputer may ask a model of its own, learned from other
persons, what it would answer for every value of the attribute, so that a model that merely predicts well is not
mistaken for one that leaks; and a leak of known size is planted in the same rows, so that finding nothing means
something.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from redan.errors import IncompleteError, MissingExtraError
from redan.measures.columns import Column
from redan.stats.interval import Interval

LIMIT = 0.05  # of persons, averaged over the values of the attribute
LEAST_PER_CLASS = 50  # fewer rows of a value cannot be told from chance
MOST_CLASSES = 10
NO_OTHERS = "no labelled rows that it was not trained on can be read (validated_on)"
MOST_ANSWERS = 10  # columns of an answer; the rest of a long list of classes is summed
_Z = 1.959963984540054
_TREES = 100  # the attackers differ in what they see, not in how hard they try


class Remembered(NamedTuple):
    """What a model tells about rows that were trained on beyond what it tells about rows that were not.

    Args:
        inside: gain over imputation on rows that were trained on, by asking alone where the model can be asked.
        outside: likewise on rows that were not, by the same attackers.
        advantage: `inside` minus `outside`: what is told by memory, and not by what holds for everybody.
        interval: of the advantage at 95 %.
        rows: of both kinds together.
    """

    inside: float
    outside: float
    advantage: float
    interval: Interval
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Inference:
    """How well an attribute can be guessed with and without a model's answers.

    Args:
        attribute: its name.
        classes: values that were told apart.
        rows: rows that were guessed, each by an attacker who learned from others.
        imputed: share guessed right from the other columns, mean over the values (balanced accuracy).
        asked: likewise when the model may be asked about every value of the attribute; None where it cannot be asked.
        inferred: likewise with the model's answer for the person.
        gain: `inferred` minus `imputed`.
        interval: of the gain at 95 %, paired by row.
        planted: gain of a planted leak of twice the limit at least.
        planted_interval: likewise; the search has power when it lies above 0.
        remembered: beside rows that were not trained on; the reason where there are none to tell by.
    """

    attribute: str
    classes: int
    rows: int
    imputed: float
    asked: float | None
    inferred: float
    gain: float
    interval: Interval
    planted: float
    planted_interval: Interval
    remembered: Remembered | str = NO_OTHERS

    @property
    def has_power(self) -> bool:
        """Whether the planted leak was found."""
        return self.planted_interval.low > 0


class Seen(NamedTuple):
    """What an attacker sees of each person.

    Args:
        others: the other inputs; none of them prose.
        label: shape (n,), what the model was trained to say: class codes, or numbers; None where nobody knows it.
        numeric: whether the label is a number.
        answers: shape (n, c), what the model answered for the person.
        candidates: shape (n, m, c), what it answers when the attribute is set to each of m values; None when it
            cannot be asked.
    """

    others: Sequence[Column]
    label: NDArray[Any] | None
    numeric: bool
    answers: NDArray[np.float64]
    candidates: NDArray[np.float64] | None = None


def attribute_inference(
    attribute: str, values: NDArray[Any], seen: Seen, *, rng: np.random.Generator, limit: float = LIMIT
) -> Inference:
    """Guesses an attribute of persons from the other columns, with and without the model's answer for them.

    The attacker knows all other inputs and the label, may ask the model anything, sees the answer that was given for
    the person, and knows the attribute of half of the persons from elsewhere.

    Args:
        attribute: its name.
        values: shape (n,), class codes; -1 where missing.
        seen: what the attacker sees.
        rng: of the halves and of the planted leak.
        limit: gain that decides; the planted leak is twice as large.

    Returns:
        Values that fewer than 50 rows have are left out.

    Raises:
        IncompleteError: fewer than two values have 50 rows.
        MissingExtraError: scikit-learn is not installed.
    """
    rows, codes = _enough(values)
    halves = rng.permutation(len(rows)) % 2 == 0
    seed = int(rng.integers(2**31 - 1))
    known = _known(seen, rows, codes, halves, seed)
    asked, answered = _told(seen, rows)
    sets = [known, np.hstack([known, asked]), np.hstack([known, asked, answered])]
    imputed, by_asking, inferred = (_guessed(x, codes, halves, seed) for x in sets)
    right = _balanced(imputed, codes)[0]
    told = rng.random(len(codes)) < min(1.0, 2 * limit / max(1.0 - right, 2 * limit))
    leak = np.where(told, codes, np.nan).astype(np.float32)[:, None]
    planted = _guessed(np.hstack([sets[2], leak]), codes, halves, seed)
    gain, interval = _balanced(inferred - imputed, codes)
    found, found_interval = _balanced(planted - imputed, codes)
    return Inference(
        attribute=attribute,
        classes=int(codes.max()) + 1,
        rows=len(rows),
        imputed=right,
        asked=None if seen.candidates is None else _balanced(by_asking, codes)[0],
        inferred=_balanced(inferred, codes)[0],
        gain=gain,
        interval=interval,
        planted=found,
        planted_interval=found_interval,
    )


def remembered(values: NDArray[Any], seen: Seen, trained: NDArray[np.bool_], *, rng: np.random.Generator) -> Remembered:
    """How much more answers tell about persons who were trained on than about others.

    Where the model can be asked, the attacker does that alone, and does not see its answer for the person: that answer
    tells the value that was put in of everybody alike, while a model that learned a row by heart says its label for the
    right value only. Attackers learn from both kinds of rows, so that what they happen to learn is the same for both,
    and the difference is of the rows that are guessed alone.

    Args:
        values: shape (n,), class codes; -1 where missing.
        seen: what the attacker sees, of both kinds of rows.
        trained: shape (n,), which rows were trained on.
        rng: of the halves.

    Raises:
        IncompleteError: fewer than two values have 50 rows of each kind.
        MissingExtraError: scikit-learn is not installed.
    """
    rows, codes = _enough(values)
    inside = trained[rows]
    few = [int(min((inside & (codes == code)).sum(), (~inside & (codes == code)).sum())) for code in np.unique(codes)]
    if min(few) < LEAST_PER_CLASS:
        raise IncompleteError(f"a value of the attribute has {min(few)} rows of one kind", remedy="give more rows")
    halves, seed = rng.permutation(len(rows)) % 2 == 0, int(rng.integers(2**31 - 1))
    known = _known(seen, rows, codes, halves, seed)
    asked, answered = _told(seen, rows)
    more = np.hstack([known, answered if seen.candidates is None else asked])
    gain = _guessed(more, codes, halves, seed) - _guessed(known, codes, halves, seed)
    (a, within), (b, beyond) = (_balanced(gain[side], codes[side]) for side in (inside, ~inside))
    reach = float(np.hypot(within.high - within.low, beyond.high - beyond.low)) / 2.0
    return Remembered(a, b, a - b, Interval(max(-2.0, a - b - reach), min(2.0, a - b + reach)), len(rows))


def _enough(values: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows whose value is frequent enough, and their codes from 0."""
    codes = np.asarray(values, dtype=np.int64)
    counts = np.bincount(codes[codes >= 0], minlength=1)
    kept = [int(c) for c in np.argsort(-counts, kind="stable")[:MOST_CLASSES] if counts[c] >= LEAST_PER_CLASS]
    if len(kept) <= 1:
        raise IncompleteError(
            f"fewer than two values of the attribute have {LEAST_PER_CLASS} rows", remedy="give more rows"
        )
    rows = np.flatnonzero(np.isin(codes, kept))
    return rows, np.searchsorted(np.sort(kept), codes[rows]).astype(np.int64)


def _known(
    seen: Seen, rows: NDArray[np.int64], codes: NDArray[np.int64], halves: NDArray[np.bool_], seed: int
) -> NDArray[np.float32]:
    """What an imputer sees: other inputs, the label, and answers of a model learned from the other half of persons."""
    others = [column.values[rows] for column in seen.others]
    if seen.label is None:
        return _stacked(others, len(rows))
    label = np.asarray(seen.label)[rows]
    own = np.zeros((len(rows), int(codes.max()) + 1, 0 if seen.candidates is None else 1))
    if seen.candidates is not None:
        own = _own_model(_stacked(others, len(rows)), codes, label, halves, numeric=seen.numeric, seed=seed)
    return _stacked([*others, label, *own.reshape(len(rows), -1).T], len(rows))


def _own_model(
    x: NDArray[np.float32],
    codes: NDArray[np.int64],
    label: NDArray[Any],
    halves: NDArray[np.bool_],
    *,
    numeric: bool,
    seed: int,
) -> NDArray[np.float64]:
    """Answers of the imputer's own model for every value of the attribute, never learned from the person's own row."""
    kinds = 1 if numeric else min(len(np.unique(label)), MOST_ANSWERS)
    found = np.zeros((len(x), int(codes.max()) + 1, kinds))
    for half in (halves, ~halves):
        model = _forest(seed, classes=not numeric)
        model.fit(np.column_stack([x[half], codes[half]]), label[half])
        for code in range(found.shape[1]):
            set_to = np.column_stack([x[~half], np.full((~half).sum(), code)])
            said = model.predict(set_to)[:, None] if numeric else _short(model.predict_proba(set_to))
            found[~half, code, : said.shape[1]] = said[:, :kinds]
    return found


def _told(seen: Seen, rows: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What asking the model adds, and what its answer for the person adds."""
    answers = _short(seen.answers)[rows]
    if seen.candidates is None:
        return np.zeros((len(rows), 0), dtype=np.float32), answers.astype(np.float32)
    asked = np.stack([_short(seen.candidates[:, i]) for i in range(seen.candidates.shape[1])], axis=1)[rows]
    far = np.abs(asked - answers[:, None, :]).sum(axis=2)
    # Rank of each candidate by closeness: how close is close depends on the person, which one is closest does not.
    order = far.argsort(axis=1, kind="stable").argsort(axis=1).astype(np.float64)
    flat = asked.reshape(len(rows), -1)
    return flat.astype(np.float32), np.hstack([answers, far, order]).astype(np.float32)


def _stacked(columns: Sequence[NDArray[Any]], rows: int) -> NDArray[np.float32]:
    return np.column_stack([np.zeros(rows), *columns]).astype(np.float32)


def _short(answers: NDArray[np.float64]) -> NDArray[np.float64]:
    finite = np.nan_to_num(answers, nan=0.0, posinf=1e30, neginf=-1e30)
    if finite.shape[1] <= MOST_ANSWERS:
        return finite
    return np.hstack([finite[:, : MOST_ANSWERS - 1], finite[:, MOST_ANSWERS - 1 :].sum(axis=1, keepdims=True)])


def _guessed(
    x: NDArray[np.float32], codes: NDArray[np.int64], halves: NDArray[np.bool_], seed: int
) -> NDArray[np.float64]:
    """1 where an attacker who learned from the other half guesses right, else 0."""
    right = np.zeros(len(codes))
    for half in (halves, ~halves):
        model = _forest(seed, classes=True)
        model.fit(x[half], codes[half])
        right[~half] = model.predict(x[~half]) == codes[~half]
    return right


def _forest(seed: int, *, classes: bool) -> Any:  # noqa: ANN401 -- scikit-learn ships no types
    try:
        from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
    except ImportError as error:
        raise MissingExtraError("sklearn", "scikit-learn") from error
    # All columns are candidates at each cut, so that columns that say nothing do not crowd out the one that does.
    common = {"n_estimators": _TREES, "min_samples_leaf": 5, "max_features": None, "n_jobs": 1, "random_state": seed}
    if classes:
        return ExtraTreesClassifier(**common, class_weight="balanced")
    return ExtraTreesRegressor(**common)


def _balanced(scores: NDArray[np.float64], codes: NDArray[np.int64]) -> tuple[float, Interval]:
    """Mean over classes of the mean score, and its normal interval; never narrower than one row more or less."""
    means, variances, least = [], [], 0.0
    for code in range(int(codes.max()) + 1):
        own = scores[codes == code]
        means.append(own.mean())
        variances.append(own.var(ddof=1) / len(own))
        least = max(least, 1.0 / len(own))
    count = len(means)
    reach = max(_Z * float(np.sqrt(np.sum(variances))) / count, least / count)
    mean = float(np.mean(means))
    return mean, Interval(max(-1.0, mean - reach), min(1.0, mean + reach))
