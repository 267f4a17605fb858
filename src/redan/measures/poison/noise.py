"""How many labels were changed at random, told from classes that overlap: a mixture over held-out probabilities.

Where classes overlap, a label against the odds is common where the odds are even and rare where they are not. Labels
that somebody changed do not heed the odds: among rows whose class is as good as certain, a constant share is wrong. So
the label of a row is modelled as drawn, with probability 1 - r, from the held-out probabilities sharpened by one
exponent, and with probability r from the other classes at random; both numbers are fitted at once.

Source: the noise model of Natarajan et al., Learning with Noisy Labels, NeurIPS 2013, section 2, with temperature
scaling (Guo et al., On Calibration of Modern Neural Networks, ICML 2017, section 4.2). Confident learning (Northcutt et
al., JAIR 70, 2021) counts overlap as error, too; on clean census data it calls one row in twenty mislabelled.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from redan.stats.interval import Interval

FLOOR = 1e-3  # a forest of 200 trees does not tell smaller probabilities
LARGEST = 0.45
_EXPONENTS = np.exp(np.linspace(np.log(0.25), np.log(16.0), 25))
_RATES = np.concatenate([[0.0], np.geomspace(2e-4, LARGEST, 60)])
_HALF_LIKELIHOOD = 1.92  # half of the 0.95 quantile of chi-square with one degree of freedom


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """Labels that were changed at random.

    Args:
        rate: share of rows.
        interval: of the rate, 95 %, by profile likelihood.
        exponent: by which the held-out probabilities are sharpened.
        changed: shape (n,), probability that the label of the row was changed.
    """

    rate: float
    interval: Interval
    exponent: float
    changed: NDArray[np.float64]

    @property
    def suspect(self) -> NDArray[np.bool_]:
        """Rows whose label was more likely changed than not."""
        return self.changed > 0.5  # noqa: PLR2004 -- more likely than not

    @property
    def precision(self) -> float:
        """Expected share of changed labels among the suspects; 1 when there is none."""
        found = self.changed[self.suspect]
        return float(found.mean()) if len(found) else 1.0


def noise(probabilities: NDArray[np.float64], y: NDArray[np.int64]) -> Noise:
    """Fits the rate of changed labels.

    Args:
        probabilities: shape (n, k), held out.
        y: shape (n,), class codes.

    Returns:
        A rate of 0 with the interval (0, 1) when there is no row.
    """
    if not len(y):
        return Noise(rate=0.0, interval=Interval(0.0, 1.0), exponent=1.0, changed=np.empty(0))
    logs = np.log(np.clip(probabilities, FLOOR, None))
    exponents, surface = _EXPONENTS, np.array([_likelihoods(_own(logs, y, t), logs.shape[1]) for t in _EXPONENTS])
    profile = surface.max(axis=0)
    best = int(profile.argmax())
    exponent = float(exponents[int(surface[:, best].argmax())])
    rate = float(_RATES[best])
    inside = _RATES[profile >= profile[best] - _HALF_LIKELIHOOD]
    own = _own(logs, y, exponent)
    other = rate * (1.0 - own) / (logs.shape[1] - 1)
    changed = other / np.maximum((1.0 - rate) * own + other, 1e-300)
    return Noise(rate=rate, interval=Interval(float(inside[0]), float(inside[-1])), exponent=exponent, changed=changed)


def _own(logs: NDArray[np.float64], y: NDArray[np.int64], exponent: float) -> NDArray[np.float64]:
    """Sharpened probability of each row's own label."""
    scaled = exponent * (logs - logs.max(axis=1, keepdims=True))
    weights = np.exp(scaled)
    found: NDArray[np.float64] = weights[np.arange(len(y)), y] / weights.sum(axis=1)
    return found


def _likelihoods(own: NDArray[np.float64], classes: int) -> NDArray[np.float64]:
    other = (1.0 - own) / (classes - 1)
    return np.array([np.log(np.maximum((1.0 - r) * own + r * other, 1e-300)).sum() for r in _RATES])
