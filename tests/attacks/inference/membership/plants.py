"""Score matrices whose truth is known."""

import numpy as np

from redan.attacks.inference.membership.matrix import ScoreMatrix, matrix_from


def drawn(models=17, samples=400, *, effect=2.0, seed=0, targets=(0,), spread=0.7) -> ScoreMatrix:
    """Samples of different difficulty and spread; a model trained on one has a higher score by an effect."""
    rng = np.random.default_rng(seed)
    inside = rng.random((models, samples)) < 0.5  # independent: balanced halves would tell a target by the others
    inside[:4], inside[-4:] = [[True], [True], [False], [False]], [[True], [True], [False], [False]]
    inside[list(targets)] = rng.random((len(targets), samples)) < 0.5
    base, deviation = rng.normal(2, 2, samples), np.exp(rng.normal(0, spread, samples))
    phi = base + effect * inside * deviation + rng.normal(size=(models, samples)) * deviation
    return matrix_from(phi, inside, targets=targets)
