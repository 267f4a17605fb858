"""The NumPy DP-SGD: exact gradients and clipping, true Poisson batches, the right noise, and an honest record."""

import math

import numpy as np
import pytest

from private_copies import released
from redan.defences.private import Plan, Shape, clipped_sum, fit, train
from redan.errors import InputError
from redan.measures.privacy import Mechanism, epsilon, review

SHAPES = [
    Shape(inputs=4, outputs=3),
    Shape(inputs=4, outputs=3, hidden=5),
    Shape(inputs=4, outputs=2, loss="squared"),
    Shape(inputs=4, outputs=1, hidden=3, loss="squared"),
]


def _data(shape, rows, rng):
    x = rng.normal(size=(rows, shape.inputs))
    y = rng.normal(size=(rows, shape.outputs)) if shape.loss == "squared" else rng.integers(0, shape.outputs, rows)
    return x, y


def _loss(shape, weights, x, y):
    out = shape.outputs_of(weights, x)[0]
    if shape.loss == "squared":
        return 0.5 * ((out - y[0]) ** 2).sum()
    return -out[y[0]] + math.log(np.exp(out).sum())


@pytest.mark.parametrize("shape", SHAPES, ids=["softmax", "mlp", "linear", "mlp-regression"])
def test_gradients_are_those_of_finite_differences(shape):
    """The gradient of each row is that of its own loss, weight by weight."""
    rng = np.random.default_rng(1)
    x, y = _data(shape, 3, rng)
    weights = rng.normal(size=shape.size)
    found = shape.gradients(weights, x, y)
    for row in range(3):
        for at in range(shape.size):
            step = np.zeros(shape.size)
            step[at] = 1e-6
            one = slice(row, row + 1)
            near = (_loss(shape, weights + step, x[one], y[one]) - _loss(shape, weights - step, x[one], y[one])) / 2e-6
            assert found[row, at] == pytest.approx(near, abs=1e-6)


@pytest.mark.parametrize("shape", SHAPES[:2], ids=["softmax", "mlp"])
def test_each_row_is_clipped_exactly(shape, monkeypatch):
    """The clipped sum is that of a loop over rows, in parts of any size, and no row adds more than the norm."""
    rng = np.random.default_rng(2)
    x, y = _data(shape, 30, rng)
    weights = rng.normal(size=shape.size)
    naive = np.zeros(shape.size)
    for row in range(30):
        g = shape.gradients(weights, x[row : row + 1], y[row : row + 1])[0]
        naive += g * min(1.0, 0.7 / np.linalg.norm(g))
    assert clipped_sum(shape, weights, x, y, 0.7) == pytest.approx(naive, abs=1e-12)
    monkeypatch.setattr("redan.defences.private.dp_sgd._CELLS", 4 * shape.size)
    assert clipped_sum(shape, weights, x, y, 0.7) == pytest.approx(naive, abs=1e-12)
    assert np.linalg.norm(clipped_sum(shape, weights, 1e6 * x[:1], y[:1], 0.7)) <= 0.7 * (1 + 1e-12)
    assert not clipped_sum(shape, weights, x[:0], y[:0], 0.7).any()


def test_one_step_is_that_of_the_plain_copy():
    """At weights zero, with every row in the batch and no noise, both give the same clipped sum."""
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(20, 3)), rng.normal(size=(20, 1))
    seen = []
    plan = Plan(batch_size=20, steps=1, noise_multiplier=0.0, clipping_norm=0.5)
    fit(Shape(inputs=3, outputs=1, loss="squared"), x, y, plan, rng=rng, on_step=seen.append)
    with_bias = np.concatenate([x, np.ones((20, 1))], axis=1)
    plain = released(with_bias, y[:, 0], q=1.0, sigma=0.0, steps=1, norm=0.5, rng=rng)
    assert seen[0] * 20 == pytest.approx(plain[0], abs=1e-12)


def test_batches_are_poisson_and_empty_ones_are_noised():
    """Sizes of batches follow the binomial law, batches without rows included, and every step has noise."""
    rng = np.random.default_rng(4)
    x, y = np.zeros((10, 1)), np.full((10, 1), -1.0)
    seen = []
    plan = Plan(batch_size=1, steps=4000, noise_multiplier=1e-6, clipping_norm=1.0, rate=1e-12)
    fit(Shape(inputs=1, outputs=1, loss="squared"), x, y, plan, rng=rng, on_step=seen.append)
    raw = np.array(seen)
    assert (raw != 0).all()
    sizes = raw[:, 1].round().astype(int)  # each row adds a clipped 1 to the bias
    expected = [4000 * math.comb(10, k) * 0.1**k * 0.9 ** (10 - k) for k in range(4)]
    assert np.bincount(sizes, minlength=4)[:4] == pytest.approx(expected, rel=0.15)


@pytest.mark.parametrize(("norm", "batch"), [(1.0, 10), (0.25, 10), (2.0, 3)])
def test_noise_has_the_right_scale(norm, batch):
    """Without gradients, what a step adds is normal with multiplier times norm over the expected size."""
    seen = []
    plan = Plan(batch_size=batch, steps=400, noise_multiplier=1.3, clipping_norm=norm, rate=1e-9)
    shape = Shape(inputs=9, outputs=1, loss="squared")
    fit(shape, np.zeros((10, 9)), np.zeros((10, 1)), plan, rng=np.random.default_rng(5), on_step=seen.append)
    assert np.std(seen) == pytest.approx(1.3 * norm / batch, rel=0.05)
    assert abs(np.mean(seen)) < 0.05 * norm


def test_the_record_stands_and_says_where_the_seed_came_from():
    """The record of a run passes the review; with a given generator it says that the noise can be drawn again."""
    rng = np.random.default_rng(6)
    x, y = _data(SHAPES[0], 200, rng)
    plan = Plan(batch_size=20, steps=30, noise_multiplier=2.0, delta=1e-4)
    record = train(SHAPES[0], x, y, plan).record
    assert record.epsilon == epsilon(Mechanism(noise_multiplier=2.0, steps=30, rate=0.1), 1e-4).value
    assert review(record).of("mistake") == ()
    assert review(record).of("unstated") == ()
    seeded = train(SHAPES[0], x, y, plan, rng=rng).record
    assert "fixed-seed" in [one.name for one in review(seeded).of("mistake")]
    bare = train(SHAPES[0], x, y, Plan(batch_size=20, steps=3, noise_multiplier=0.0)).record
    assert bare.epsilon == 1e9


def test_the_same_generator_gives_the_same_model_and_it_learns():
    """Runs repeat bit by bit, and with little noise separable classes are learned."""
    rng = np.random.default_rng(7)
    y = rng.integers(0, 3, 300)
    x = np.eye(3)[y] + 0.1 * rng.normal(size=(300, 3))
    plan = Plan(batch_size=100, steps=60, noise_multiplier=0.5, momentum=0.5)
    for shape in (Shape(inputs=3, outputs=3), Shape(inputs=3, outputs=3, hidden=8)):
        one, other = (fit(shape, x, y, plan, rng=np.random.default_rng(8)) for _ in range(2))
        assert np.array_equal(one.weights, other.weights)
        assert (one.labels(x) == y).mean() > 0.95
        assert one.scores(x).sum(axis=1) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("x", "y", "changes"),
    [
        (np.zeros((5, 3)), np.zeros(5, int), {}),
        (np.zeros((0, 4)), np.zeros(0, int), {}),
        (np.zeros(4), np.zeros(4, int), {}),
        (np.full((5, 4), np.nan), np.zeros(5, int), {}),
        (np.zeros((5, 4)), np.zeros(4, int), {}),
        (np.zeros((5, 4)), np.full(5, 3), {}),
        (np.zeros((5, 4)), np.zeros(5), {}),
        (np.zeros((5, 4)), np.zeros(5, int), {"batch_size": 6}),
        (np.zeros((5, 4)), np.zeros(5, int), {"clipping_norm": 0.0}),
        (np.zeros((5, 4)), np.zeros(5, int), {"noise_multiplier": -1.0}),
        (np.zeros((5, 4)), np.zeros(5, int), {"steps": 0}),
    ],
)
def test_what_does_not_fit_is_refused(x, y, changes):
    """Data of another shape, without rows, with holes, wrong labels and impossible plans are errors with a reason."""
    plan = Plan(**{"batch_size": 2, "steps": 1, "noise_multiplier": 1.0, **changes})
    with pytest.raises(InputError):
        train(SHAPES[0], x, y, plan)
