"""Signs read from results: each fires on a planted failure and is silent on its twin."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from redan.attacks.cost import Cost
from redan.attacks.failure import (
    agreement,
    believed,
    black_box_is_weaker,
    incomplete_optimisation,
    larger_is_stronger,
    longer_is_stronger,
    silent_success,
    survives_rounding,
    transfer_failure,
    transfer_is_weaker,
    trust,
)
from redan.attacks.failure.signs import Sign
from redan.attacks.judge import judge
from redan.attacks.result import Result
from redan.attacks.threat import Linf
from redan.errors import InputError

FLAGS = st.lists(st.tuples(st.booleans(), st.booleans()), max_size=30)


def test_silent_success_is_one_that_was_passed_by():
    """A success on the path that was not returned fires; one that was does not."""
    assert silent_success([True, False], [False, False]).fired
    assert not silent_success([True, False], [True, False]).fired
    assert not silent_success([], []).fired


def test_incomplete_optimisation_is_told_from_a_settled_one():
    """A loss that still rises fires, one that settled does not, and that of broken samples does not count."""
    rising = np.linspace(0, 1, 60)[:, None] + np.zeros((1, 5))
    settled = np.minimum(rising * 4, 1)
    none = np.zeros(5, bool)
    assert incomplete_optimisation(rising, none).fired
    assert not incomplete_optimisation(settled, none).fired
    assert not incomplete_optimisation(rising, ~none).fired
    mixed = np.where([True, False, False, False, False], rising, settled)
    assert not incomplete_optimisation(mixed, [True, False, False, False, False]).fired
    assert incomplete_optimisation(rising[:19], none).fired is None
    assert incomplete_optimisation(rising[:20], none).fired


@given(st.integers(20, 60), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_incomplete_optimisation_is_that_of_a_loop(steps, n, seed):
    """A naive twin agrees: the best of all steps against the best until ten before, as a share of the range."""
    losses = np.random.default_rng(seed).normal(size=(steps, n)).cumsum(axis=0)
    shares = []
    for path in losses.T:
        span = path.max() - path.min()
        shares.append(
            (path.max() - path[: steps - 10].max()) / span if span > 0 and path.max() > path[: steps - 10].max() else 0
        )
    assert incomplete_optimisation(losses, np.zeros(n, bool)).value == pytest.approx(np.mean(shares), abs=1e-9)


def test_a_flat_loss_has_settled():
    """A loss of zero everywhere, as under saturation, is no sign of this kind, and gives no warning of NumPy."""
    assert not incomplete_optimisation(np.zeros((30, 4)), np.zeros(4, bool)).fired


def test_transfer_failure():
    """Inputs that fool the surrogate alone fire; those that fool both do not; none at all cannot be told."""
    assert transfer_failure([1, 1, 1, 0], [0, 0, 1, 0]).fired
    assert not transfer_failure([1, 1, 1, 0], [1, 1, 1, 0]).fired
    assert transfer_failure([0, 0], [0, 1]).fired is None


@pytest.mark.parametrize("reading", [black_box_is_weaker, transfer_is_weaker, longer_is_stronger, larger_is_stronger])
def test_the_weaker_may_not_break_more(reading):
    """Five samples of a hundred beyond the stronger attack fire; one does not, nor any that both broke."""
    strong, weak = np.zeros(100, bool), np.zeros(100, bool)
    weak[:5] = True
    assert reading(strong, weak).fired
    assert not reading(strong, weak & (np.arange(100) < 1)).fired
    assert not reading(weak, weak).fired
    with pytest.raises(InputError):
        reading(strong, weak[:50])


def test_autoattack_s_own_limit_for_square():
    """Of 1,000 samples, 2 beyond the gradient are allowed and 3 are not: more than 0.2 points."""
    none = np.zeros(1000, bool)
    assert not black_box_is_weaker(none, np.arange(1000) < 2).fired
    assert black_box_is_weaker(none, np.arange(1000) < 3).fired


@given(FLAGS)
def test_agreement_counts(pairs):
    """It fires when any verdict differs."""
    sign = agreement("batch", [a for a, _ in pairs], [b for _, b in pairs], "batches of 1 and 32")
    assert sign.fired == any(a != b for a, b in pairs)


def labels(x):
    """Brighter than half is class 1."""
    return (x.mean(axis=1) > 0.5).astype(np.int64)


def test_claims_are_compared_with_the_judge():
    """A claimed success that is none, or that left the ball, fires; honest claims do not."""
    x, y = np.full((3, 4), 0.45, dtype=np.float32), np.zeros(3, dtype=np.int64)
    x_adv = x + np.array([[0.1], [0.0], [0.3]], dtype=np.float32)
    assert believed([True, False, True], judge(labels, x, y, x_adv, Linf(0.1))).fired
    assert believed([True, True, False], judge(labels, x, y, x, Linf(0.1))).fired
    assert not believed([True, False], judge(labels, x[:2], y[:2], x_adv[:2], Linf(0.1))).fired


def test_rounding_undoes_what_nobody_can_send():
    """A move of a third of a level is undone in 8 bits; one of three levels stays; inputs off the grid are not told."""
    x, y = np.full((4, 2), 127 / 255, dtype=np.float32), np.zeros(4, dtype=np.int64)
    for move, fired in ((0.6 / 255, True), (3 / 255, False)):
        x_adv = (x + move).astype(np.float32)
        made = Result(attack="a", x_adv=x_adv, broken=labels(x_adv) != y, step=np.zeros(4, np.int64), cost=Cost())
        assert made.broken.all()
        assert survives_rounding(labels, x, y, made, Linf(4 / 255)).fired is fired
    off = x + np.float32(0.4 / 255)
    assert survives_rounding(labels, off, y, made, Linf(4 / 255)).fired is None


def test_trust_is_lost_by_one_sign_and_not_gained_by_none():
    """One sign is enough; nothing asked, or nothing told, is no trust."""
    good = Sign(name="a", fired=False, message="Fine.")
    bad = Sign(name="b", fired=True, message="The gradient is zero.")
    unknown = Sign(name="c", fired=None, message="Not told.")
    assert trust([good, unknown]).trusted
    assert not trust([good, bad]).trusted
    assert not trust([unknown]).trusted
    assert not trust([]).trusted
    assert trust([good, bad]).verdict == "not trusted: The gradient is zero"
    assert trust([good]).verdict == "trusted"
    assert trust([good, bad]).to_json()["trusted"] is False
    assert trust([bad]).untold == ()
    assert trust([unknown]).untold == (unknown,)


@pytest.mark.parametrize("bad", [[0.5], ["x"], [[True]]])
def test_what_is_no_flag_is_refused(bad):
    """Shares, words and tables are no flags."""
    with pytest.raises(InputError):
        silent_success(bad, bad)
