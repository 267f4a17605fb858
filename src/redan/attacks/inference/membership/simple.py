"""Attacks that fit nothing: one threshold on the target's own score, and that score less what shadows have."""

import numpy as np
from numpy.typing import NDArray

from redan.attacks.inference.membership.matrix import ScoreMatrix
from redan.attacks.inference.membership.moments import sides


def loss_threshold(matrix: ScoreMatrix) -> NDArray[np.float64]:
    """The score itself: one threshold on the loss for all samples.

    Source: Yeom et al., Privacy Risk in Machine Learning (2018), section III.

    Returns:
        Shape (targets, samples), higher is more like a member.
    """
    return np.asarray(matrix.phi[list(matrix.targets)])


def difficulty(matrix: ScoreMatrix) -> NDArray[np.float64]:
    """The score less the mean of the shadows that were not trained on the sample.

    Source: Watson et al., On the Importance of Difficulty Calibration in Membership Inference Attacks (2022).

    Returns:
        Shape (targets, samples), higher is more like a member.

    Raises:
        InputError: there is no shadow.
    """
    return np.stack([matrix.phi[target] - out.mean for target, (_, out) in sides(matrix)])
