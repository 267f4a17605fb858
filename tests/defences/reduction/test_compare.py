"""The same attack and the same canaries before and after: pairs that do not fit are refused."""

import numpy as np
import pytest

from redan.attacks.inference.canaries_losses import settled
from redan.attacks.inference.exposure import canary_test
from redan.attacks.inference.membership import matrix_from
from redan.defences.reduction.compare import compare_canaries, compare_membership, lowest
from redan.errors import IncompleteError, InputError

RNG = np.random.default_rng


def matrix(leak, seed=0, models=17, samples=800):
    """Scores that are higher by so much where the model was trained on the sample."""
    rng = RNG([seed, 9])
    inside = RNG(1).random((models, samples)) < 0.5
    return matrix_from(rng.normal(size=samples) + 0.3 * rng.normal(size=inside.shape) + leak * inside, inside)


def test_the_same_attack_on_both():
    """The strongest that the scores before allow; a real fall is proven, none is not."""
    found, attack = compare_membership(matrix(1.5), matrix(0.1, 1), rng=RNG(0))
    assert (attack, found.verdict) == ("lira", "lower")
    found, _ = compare_membership(matrix(1.0), matrix(1.0, 1), rng=RNG(0))
    assert found.verdict == "no proven gain"
    found, attack = compare_membership(matrix(1.5), matrix(0.1, 1), rng=RNG(0), rate=0.1, attack="loss")
    assert attack == "loss"
    assert "10 % of false" in found.measure


def test_pairs_that_do_not_fit_are_refused():
    """Other members, other samples, shadows on one side only."""
    one = matrix(1.0)
    other = matrix_from(one.phi, ~one.inside)
    for after in (other, matrix(1.0, samples=700)):
        with pytest.raises(InputError, match="same samples"):
            compare_membership(one, after, rng=RNG(0))
    with pytest.raises(InputError):
        compare_membership(one, matrix_from(one.phi[:1], one.inside[:1]), rng=RNG(0))


def test_the_lowest_rate_is_what_non_members_can_show():
    """And with too few of them there is none."""
    assert [lowest(n) for n in (29, 298, 299, 2994, 2995)] == [0.1, 0.1, 0.01, 0.01, 0.001]
    with pytest.raises(IncompleteError, match="non-members"):
        lowest(28)


def test_canaries_are_compared_one_by_one():
    """Those that were never planted are left out; other canaries are refused."""
    rng = RNG(0)
    references = rng.normal(size=(9, 2000))
    repeats = (0, 1, 1, 4, 4, 4, 8, 8, 8)
    near, far = np.full(9, -5.0), rng.normal(size=9)
    before, after = (canary_test(own, references, space=10**6, repeats=repeats, bound=0.0) for own in (near, far))
    found = compare_canaries(before, after)
    assert (found.n, found.verdict) == (8, "lower")
    assert found.before == pytest.approx(np.log2(2000))
    assert compare_canaries(before, before).verdict == "no proven gain"
    other = canary_test(near, references[:, :1000], space=10**6, repeats=repeats, bound=0.0)
    with pytest.raises(InputError, match="not the same"):
        compare_canaries(before, other)
    few = canary_test(near[:3], references[:3], space=10**6, repeats=(1, 1, 1), bound=0.0)
    with pytest.raises(IncompleteError, match="too few"):
        compare_canaries(few, few)


def test_what_a_model_does_not_look_at_ties():
    """The last digits of a sum depend on how many rows are asked at once; five digits do not."""
    weights = RNG(0).normal(size=(300, 40))

    def losses(place, secrets):
        return (np.full((len(secrets), 300), 0.1) @ weights).sum(axis=1) * (
            1 + 1e-13 * RNG(place).normal(size=len(secrets))
        )

    many = settled(losses(0, np.zeros((2000, 2), dtype=np.int64)))
    one = settled(losses(1, np.zeros((1, 2), dtype=np.int64)))
    assert len({*many, *one}) == 1
    small = settled(np.array([1e-9, 1.1e-9, 0.0, -2.0]))
    assert small == pytest.approx([1e-9, 1.1e-9, 0.0, -2.0], rel=1e-5)
    assert len(set(small)) == 4
