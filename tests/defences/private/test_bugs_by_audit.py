"""The planted bugs of DP-SGD are found from outside: what is measured exceeds what is claimed, and not without a bug."""

import math

import numpy as np
import pytest

from private_copies import released
from redan.attacks.inference.audit import many_runs, rerun
from redan.defences.private import Plan, Shape, fit
from redan.measures.privacy import Mechanism, epsilon

DELTA = 0.05  # a point of the same privacy curve at which few runs have the most power
RUNS = 800
HUGE = 1e4


def _rows(count, wide, gradient):
    """Rows whose gradient points along the first axis with the given length."""
    rows = np.zeros((count, wide))
    rows[:, 0] = 1.0
    return rows, np.full(count, -float(gradient))


def _sum(seen, sigma):
    return float(seen[:, 0].sum())


def _log_ratio(q):
    def score(seen, sigma):
        return float(np.logaddexp(math.log(1 - q), math.log(q) + (seen[:, 0] - 0.5) / sigma**2).sum())

    return score


def _spread(seen, sigma):
    return float(np.log(np.abs(seen[:, 1:]).mean() + 1e-300))


def _at_first(seen, sigma):
    return float(seen[0, 0])


def _steps_taken(seen, sigma):
    return float((seen[:, 0] != 0).sum())


# bug: rows besides the canary with their gradient, settings of the run, what the accountant was told, the score.
CASES = {
    "correct": ((4, 0.0), {"q": 1.0, "sigma": 1.0, "steps": 1}, (1.0, 1), _sum),
    "correct-poisson": ((4, 0.0), {"q": 0.3, "sigma": 0.8, "steps": 4}, (0.3, 4), _log_ratio(0.3)),
    "fixed-order": ((9, 0.0), {"q": 0.1, "sigma": 1.0, "steps": 10, "batch": 1}, (0.1, 10), _at_first),
    "rate-from-len": ((9, 0.0), {"q": 1.0, "sigma": 1.0, "steps": 1}, (0.1, 1), _sum),
    "microbatches": ((4, 5.0), {"q": 1.0, "sigma": 1.0, "steps": 1, "microbatch": 5}, (1.0, 1), _sum),
    "bounds-from-data": ((4, 1.0), {"q": 1.0, "sigma": 5.0, "steps": 1}, (1.0, 1), _spread),
    "empty-dropped": ((1, 0.0), {"q": 0.3, "sigma": 5.0, "steps": 5}, (0.3, 5), _steps_taken),
    "actual-size": (
        (1, 0.0),
        {"q": 0.9, "sigma": 5.0, "steps": 1, "batch": 1.8},
        (0.9, 1),
        lambda s, _: -_spread(s, _),
    ),
    "noise-over-batch": ((4, 0.0), {"q": 1.0, "sigma": 4.0, "steps": 1, "batch": 5}, (1.0, 1), _sum),
    "no-clipping": ((4, 0.0), {"q": 1.0, "sigma": 4.0, "steps": 1}, (1.0, 1), _sum),
}


@pytest.mark.parametrize("bug", CASES)
def test_bugs_are_measured_and_correct_runs_pass(bug):
    """The bound of each bug is above its claim at 99 %; the same audit of a correct run stays below."""
    (count, gradient), settings, (rate, steps), score = CASES[bug]
    base = _rows(count, 80, -gradient)

    def run(inside, rng):
        rows, targets = base
        if inside:  # first, so that a fixed order puts it into the first batch
            canary = _rows(1, 80, HUGE)
            rows, targets = np.concatenate([canary[0], rows]), np.concatenate([canary[1], targets])
        seen = released(rows, targets, norm=1.0, rng=rng, bug=bug, **settings)
        return score(seen, settings["sigma"])

    claimed = epsilon(Mechanism(noise_multiplier=settings["sigma"], steps=steps, rate=rate), DELTA).value
    found = many_runs(*rerun(run, RUNS, np.random.default_rng(11)), delta=DELTA, confidence=0.99)
    if bug.startswith("correct"):
        assert found.verdict(claimed) == "not-refuted"
        assert found.bound > 0.1 * claimed
    else:
        assert found.verdict(claimed) == "refuted", (found, claimed)


@pytest.mark.parametrize(("divided", "verdict"), [(False, "not-refuted"), (True, "refuted")])
def test_one_poisoned_sample_refutes_a_claim(divided, verdict):
    """As in Debugging Differential Privacy: a claim of (0.21, 1e-5) with noise off by the batch size, seen from the
    loss on one poisoned row of the final model; the same training with all its noise passes."""
    rng = np.random.default_rng(12)
    rows, sigma, steps = 60, 31.0, 4
    y = rng.integers(0, 3, rows)
    x = np.zeros((rows, 6))
    x[:, :3] = np.eye(3)[y] + 0.2 * rng.normal(size=(rows, 3))
    claimed = epsilon(Mechanism(noise_multiplier=sigma, steps=steps), 1e-5).value
    assert claimed == pytest.approx(0.21, abs=0.01)
    poisoned = np.array([[0.0, 0, 0, 0, 0, 9.0]])
    plan = Plan(batch_size=rows, steps=steps, noise_multiplier=sigma / rows if divided else sigma, delta=1e-5, rate=0.5)
    shape = Shape(inputs=6, outputs=3)

    def run(inside, rng):
        # Without it, a row of zeros stands in its place, so that the number of rows tells nothing.
        whole = np.concatenate([x, poisoned if inside else np.zeros((1, 6))])
        return float(np.log(fit(shape, whole, np.append(y, 2), plan, rng=rng).scores(poisoned)[0, 2]))

    found = many_runs(*rerun(run, 300, rng), delta=1e-5)
    assert found.verdict(claimed) == verdict, (found, claimed)
    assert not divided or found.bound > 2.5
