"""Inversion: a model that holds its classes' means gives them away, one without knowledge does not."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from redan.attacks.inference.inversion import Effort, Reconstruction, _roughness, invert, likeness, picture
from redan.errors import IncompleteError, InputError


def _digits() -> tuple[np.ndarray, np.ndarray]:
    x, y = load_digits(return_X_y=True)
    return x / 16, y


def _rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_a_linear_model_gives_its_classes_away_by_gradients() -> None:
    """What is drawn resembles the mean of its class beyond the prior, and every class is told."""
    torch = pytest.importorskip("torch")
    from redan.attacks.evasion.network import Network

    x, y = _digits()
    learned = LogisticRegression(C=0.1, max_iter=300).fit(x, y)
    module = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 10))
    with torch.no_grad():
        module[1].weight.copy_(torch.tensor(learned.coef_))
        module[1].bias.copy_(torch.tensor(learned.intercept_))
    pictures = x.reshape(-1, 1, 8, 8)
    made = invert(Network(module.eval()), pictures.mean(axis=0), 10, rng=_rng())
    found = likeness(made, pictures, y)
    assert made.queries == 0
    assert found.gain > 0.5
    assert found.interval.low > 0.3
    assert found.told >= 9
    assert found.told_interval.low > 0.5
    assert made.confidence.min() > 0.9
    drawn = picture(made, pictures, y)
    assert drawn is not None
    assert len(drawn.shots) == 10


def test_it_does_so_by_queries_alone() -> None:
    """An estimator that is only asked gives away most of it, and questions are counted."""
    x, y = _digits()
    learned = LogisticRegression(C=0.1, max_iter=300).fit(x, y)
    effort = Effort(steps=60, directions=10)
    made = invert(learned, x.mean(axis=0), 10, rng=_rng(), effort=effort)
    found = likeness(made, x, y)
    assert made.queries == 60 * 2 * 10 * 10 + 10
    assert found.gain > 0.4
    assert found.told >= 8


@pytest.mark.parametrize("seed", [0, 1])
def test_a_model_that_learned_nothing_gives_nothing_away(seed: int) -> None:
    """Trained on shuffled labels, its drawings resemble no class more than others."""
    x, y = _digits()
    learned = LogisticRegression(C=0.1, max_iter=200).fit(x, np.random.default_rng(seed).permutation(y))
    made = invert(learned, x.mean(axis=0), 10, rng=_rng(), effort=Effort(steps=40, directions=10))
    found = likeness(made, x, y)
    assert found.interval.low < 0.2
    assert found.told <= 4


def test_the_prior_alone_has_no_gain() -> None:
    """What is known without the model is taken away from both sides."""
    x, y = _digits()
    start = x.mean(axis=0)
    found = likeness(Reconstruction(x=np.repeat(start[None], 10, 0), confidence=np.ones(10), start=start), x, y)
    assert found.gain == 0.0
    assert found.plain == pytest.approx(found.prior, abs=0.01)


def test_a_budget_keeps_the_work() -> None:
    """It ends in time, says so, and never asks more; for less than one step there is no answer."""
    x, y = _digits()
    learned = LogisticRegression(max_iter=100).fit(x, y)
    made = invert(learned, x.mean(axis=0), 10, rng=_rng(), effort=Effort(directions=5), budget=1000)
    assert made.spent
    assert made.queries <= 1000
    with pytest.raises(IncompleteError, match="one step"):
        invert(learned, x.mean(axis=0), 10, rng=_rng(), budget=50)


def test_what_does_not_fit_is_refused() -> None:
    """Labels alone, too few classes, other shapes, classes without inputs."""
    x, y = _digits()
    learned = LogisticRegression(max_iter=50).fit(x[y < 3], y[y < 3])
    with pytest.raises(InputError, match="labels"):
        invert(learned.predict, x[0], 3, rng=_rng())
    with pytest.raises(InputError, match="classes"):
        invert(learned, x[0], 5, rng=_rng())
    made = invert(learned, x[0], 3, rng=_rng(), effort=Effort(steps=2, directions=2))
    with pytest.raises(InputError, match="shape"):
        likeness(made, x[:, :5], y)
    with pytest.raises(IncompleteError, match="classes"):
        likeness(made, x[y == 1], y[y == 1])


def test_roughness_is_the_slope_of_squared_differences() -> None:
    """By finite differences; rows have none."""
    x = np.random.default_rng(1).normal(size=(2, 1, 4, 5))

    def energy(at: np.ndarray) -> float:
        return 0.5 * sum(float((np.diff(at, axis=axis) ** 2).sum()) for axis in (-1, -2))

    slope = _roughness(x)
    for place in [(0, 0, 0, 0), (1, 0, 2, 3), (0, 0, 3, 4)]:
        moved = x.copy()
        moved[place] += 1e-6
        assert slope[place] == pytest.approx((energy(moved) - energy(x)) / 1e-6, abs=1e-4)
    assert not _roughness(x.reshape(2, -1)).any()
