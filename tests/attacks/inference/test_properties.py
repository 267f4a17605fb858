"""Property inference: a share that answers reveal is told, one that they do not is at the prior."""

import numpy as np
import pytest
from scipy.stats import binom

pytest.importorskip("sklearn")

from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from redan.attacks.inference.properties import Effort, Leak, property_inference, records_leaked
from redan.errors import IncompleteError, InputError

_EFFORT = Effort(partitions=3, models=10)


def _rows(seed: int, tied: float, n: int = 1600) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Inputs, labels, and a group that is tied to the label so strongly."""
    rng = np.random.default_rng(seed)
    group = rng.random(n) < 0.5
    x = rng.normal(size=(n, 4))
    y = (x[:, 0] + tied * (group - 0.5) + rng.logistic(0, 0.4, n) > 0).astype(int)
    return x, y, group


def _train(x: np.ndarray, y: np.ndarray, make=lambda seed: LogisticRegression()):
    def train(rows, seed):
        model = make(seed).fit(x[rows], y[rows])
        return lambda asked: model.predict_proba(x[asked])

    return train


@pytest.mark.parametrize("seed", [0, 1])
def test_a_share_that_moves_the_answers_is_told(seed: int) -> None:
    """Where the group goes with the label, the answers shift with its share."""
    x, y, group = _rows(seed, 3.0)
    found = property_inference(group, _train(x, y), rng=np.random.default_rng(seed), effort=_EFFORT)
    assert found.accuracy > 0.85
    assert found.interval.low > 0.7
    assert found.leaked.records >= 3


@pytest.mark.parametrize("seed", [0, 1])
def test_a_share_that_moves_nothing_is_at_the_prior(seed: int) -> None:
    """Where the group has nothing to do with what the model learns, guesses are right half of the time."""
    x, y, group = _rows(seed, 0.0)
    found = property_inference(group, _train(x, y), rng=np.random.default_rng(seed), effort=_EFFORT)
    assert found.interval.low <= 0.5 <= found.interval.high


def test_the_model_that_is_there_is_judged_but_does_not_count() -> None:
    """One that was trained on many of the group is called so."""
    x, y, group = _rows(3, 3.0)
    train = _train(x, y)
    rows = np.concatenate([np.flatnonzero(group)[:500], np.flatnonzero(~group)[:200]])
    found = property_inference(group, train, rng=np.random.default_rng(0), effort=_EFFORT, target=train(rows, 0))
    assert found.told is not None
    assert found.told > 0.5


def test_constant_models_tell_nothing() -> None:
    """Models that answer one thing to everything are no better than guessing, and it does not fail."""
    x, y, group = _rows(4, 3.0)
    train = _train(x, np.zeros_like(y), lambda seed: DecisionTreeClassifier(random_state=seed))
    found = property_inference(group, train, rng=np.random.default_rng(0), effort=_EFFORT)
    assert found.accuracy == 0.5
    assert found.leaked == Leak(0)


def test_same_seed_same_answer() -> None:
    """Nothing but the generator decides."""
    x, y, group = _rows(5, 1.0, 600)
    effort = Effort(partitions=2, models=5)
    one, two = (property_inference(group, _train(x, y), rng=np.random.default_rng(9), effort=effort) for _ in range(2))
    assert one == two


def test_no_attackers_record_is_in_a_victims_training_data() -> None:
    """Sets of the four blocks are disjoint, of one size, and have their shares."""
    group = np.random.default_rng(0).random(1800) < 0.4
    seen: list[np.ndarray] = []

    def train(rows, seed):
        seen.append(rows)
        return lambda asked: np.full((len(asked), 2), 0.5)

    effort = Effort(partitions=3, models=3, levels=(0.2, 0.6))
    found = property_inference(group, train, rng=np.random.default_rng(0), effort=effort)
    assert (len(seen), found.models, found.shadows) == (72, 72, 6)
    for start in (0, 24, 48):
        blocks = [set(np.concatenate(seen[start + 6 * i : start + 6 * i + 6])) for i in range(4)]
        assert sum(map(len, blocks)) == len(set.union(*blocks))
    assert {len(rows) for rows in seen} == {found.rows}
    assert [round(group[rows].mean(), 2) for rows in seen[:2]] == [0.2, 0.6]


def test_too_few_rows_and_wrong_levels_are_refused() -> None:
    """A group of ten, and levels that are no shares."""
    group = np.arange(500) < 10
    train = _train(*_rows(0, 1.0, 500)[:2])
    with pytest.raises(IncompleteError, match="training sets of"):
        property_inference(group, train, rng=np.random.default_rng(0))
    for levels in ((0.7, 0.3), (0.0, 0.5), (0.5, 0.5)):
        with pytest.raises(InputError):
            property_inference(group, train, rng=np.random.default_rng(0), effort=Effort(levels=levels))


def test_records_that_tell_as_much() -> None:
    """One record tells 0.3 from 0.7 right in 7 of 10 cases; more tell more; a perfect judge needs very many."""
    assert records_leaked(0.5, (0.3, 0.7)) == Leak(0)
    assert records_leaked(0.7, (0.3, 0.7)) == Leak(1)
    nine = 0.5 * sum(max(binom.pmf(k, 9, 0.3), binom.pmf(k, 9, 0.7)) for k in range(10))
    assert records_leaked(nine, (0.3, 0.7)) == Leak(9)
    assert records_leaked(1.0, (0.49, 0.51)).at_least
