"""How many labels were changed at random, told from classes that overlap: a mixture over held-out probabilities.

Where classes overlap, a label against the odds is common where the odds are even and rare where they are not. Labels
that somebody changed do not heed the odds: among rows whose class is as good as certain, a constant share is wrong. So
the label of a row is modelled as drawn, with probability 1 - r, from the held-out probabilities sharpened by one
exponent, and with probability r as another class: any, or those that contradicted labels of its class show, whichever
fits better. Rate and exponent are fitted at once. Where the columns tell little of the class, a label of the rarer
class is no sign of anything: probabilities that lean towards the frequencies of the classes are tried as well, and
their likelihood keeps the interval of the rate open.

Source: the noise model of Natarajan et al., Learning with Noisy Labels, NeurIPS 2013, section 2, with temperature
scaling (Guo et al., On Calibration of Modern Neural Networks, ICML 2017, section 4.2). Confident learning (Northcutt et
al., JAIR 70, 2021) counts overlap as error, too; on clean census data it calls one row in twenty mislabelled.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from redan.stats.interval import Interval

FLOOR = 1e-3  # a forest of 200 trees does not tell smaller probabilities
LARGEST = 0.45
_BORROWED = 4.0  # rows by which the ways of a class lean on chance
_TINY = 1e-300
_EXPONENTS = np.exp(np.linspace(np.log(0.25), np.log(16.0), 25))
_LEANS = (0.0, 0.15, 0.3, 0.5, 0.7, 0.85)  # exponents that lean towards the frequencies
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


class _Fit(NamedTuple):
    """A fitted mixture."""

    profile: NDArray[np.float64]
    exponent: float
    rate: float
    turned: NDArray[np.float64]


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
    shares = np.bincount(y, minlength=probabilities.shape[1]) / len(y)
    usual = np.log(np.clip(shares, FLOOR, None))
    fits = [_fit(logs, usual, y, turned) for turned in _turns(probabilities, y)]
    best = max(fits, key=lambda fit: float(fit.profile.max()))
    inside = _RATES[best.profile >= best.profile.max() - _HALF_LIKELIHOOD]
    own, other = _parts(logs, y, best.exponent, best.turned)
    changed = best.rate * other / np.maximum((1.0 - best.rate) * own + best.rate * other, _TINY)
    return Noise(
        rate=best.rate,
        interval=Interval(float(inside[0]), float(inside[-1])),
        exponent=best.exponent,
        changed=changed,
    )


def chance_of_change(
    probabilities: NDArray[np.float64], y: NDArray[np.int64], rate: NDArray[np.float64], exponent: float
) -> NDArray[np.float64]:
    """The probability that each label was changed, at a known rate, shape (n,).

    Args:
        probabilities: shape (n, k), held out.
        y: shape (n,), class codes.
        rate: shape (n,), share of changed labels among the rows that each comes from.
        exponent: by which the probabilities are sharpened.
    """
    size = probabilities.shape[1]
    turned = (1.0 - np.eye(size)) / (size - 1)
    own, other = _parts(np.log(np.clip(probabilities, FLOOR, None)), y, exponent, turned)
    return np.asarray(rate * other / np.maximum((1.0 - rate) * own + rate * other, _TINY))


def _fit(
    logs: NDArray[np.float64], usual: NDArray[np.float64], y: NDArray[np.int64], turned: NDArray[np.float64]
) -> _Fit:
    surface = np.array([_likelihoods(*_parts(logs, y, t, turned)) for t in _EXPONENTS])
    leaning = [_likelihoods(*_parts(t * logs + (1.0 - t) * usual, y, 1.0, turned)) for t in _LEANS]
    profile = np.maximum(surface.max(axis=0), np.max(leaning, axis=0))
    best = int(profile.argmax())
    return _Fit(profile, float(_EXPONENTS[int(surface[:, best].argmax())]), float(_RATES[best]), turned)


def _turns(probabilities: NDArray[np.float64], y: NDArray[np.int64]) -> tuple[NDArray[np.float64], ...]:
    """What a changed label may be, by the true class, shape (k, k), rows summing to 1: any, or as contradicted ones."""
    size = probabilities.shape[1]
    apart = 1.0 - np.eye(size)
    top = probabilities.argmax(axis=1)
    seen = np.bincount(top * size + y, minlength=size * size).reshape(size, size) * apart
    ways = (apart, seen + _BORROWED * apart / max(size - 1, 1)) if size > 2 else (apart,)  # noqa: PLR2004 -- only one other
    return tuple(way / way.sum(axis=1, keepdims=True) for way in ways)


def _parts(
    logs: NDArray[np.float64], y: NDArray[np.int64], exponent: float, turned: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Chance of each row's label if it was left alone, and if it was changed."""
    weights = np.exp(exponent * (logs - logs.max(axis=1, keepdims=True)))
    shares = weights / weights.sum(axis=1, keepdims=True)
    return shares[np.arange(len(y)), y], np.asarray((shares * turned[:, y].T).sum(axis=1))


def _likelihoods(own: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array([np.log(np.maximum((1.0 - r) * own + r * other, _TINY)).sum() for r in _RATES])
