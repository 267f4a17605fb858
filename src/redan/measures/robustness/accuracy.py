"""Accuracy without and under attack, each a share of samples with its exact interval."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from redan.findings import Measure
from redan.findings.pictures import Shares
from redan.measures.robustness.arrays import flags
from redan.stats.binomial import clopper_pearson
from redan.stats.interval import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A share of samples.

    Args:
        hits: samples of which it is true.
        n: samples that were asked.
        interval: exact, at `confidence`; the share of all inputs from which the samples were drawn.
        confidence: level of the interval.
    """

    hits: int
    n: int
    interval: Interval
    confidence: float = 0.95

    @property
    def value(self) -> float | None:
        """The share; None of no samples."""
        return self.hits / self.n if self.n else None

    def measure(self, name: str, threshold: float | None = None) -> Measure:
        """As a finding carries it: larger is better."""
        return Measure(
            name=name,
            value=self.value,
            interval=self.interval,
            n=self.n,
            threshold=threshold,
            comparator=">=",
            unit="share",
            confidence=self.confidence,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Robustness:
    """What is left of a model's accuracy.

    Args:
        clean: right without an attack.
        robust: right without one, and broken by none that was tried: an upper bound of the true robust accuracy, for an
            attack that failed proves nothing.
        broken: of the samples that were right without an attack, those that one broke.
    """

    clean: Rate
    robust: Rate
    broken: Rate


def rate(hits: ArrayLike, confidence: float = 0.95) -> Rate:
    """A share of samples with its exact interval.

    Source: Clopper and Pearson, Biometrika 26 (1934).

    Args:
        hits: shape (n,), one flag per sample.
        confidence: level of the interval.

    Returns:
        With the interval (0, 1) when there are no samples.

    Raises:
        InputError: these are no flags.
    """
    found = flags(hits, "hits")
    return counted(int(found.sum()), len(found), confidence)


def counted(hits: int, n: int, confidence: float = 0.95) -> Rate:
    """A share by its counts."""
    return Rate(hits=hits, n=n, interval=clopper_pearson(hits, n, confidence), confidence=confidence)


def robustness(right: ArrayLike, broken: ArrayLike | Mapping[str, ArrayLike], confidence: float = 0.95) -> Robustness:
    """Clean and robust accuracy of judged answers: the worst case over attacks, sample by sample.

    Source: Croce and Hein, Reliable Evaluation of Adversarial Robustness, ICML 2020 (arXiv 2003.01690), section 5.

    Args:
        right: shape (n,), where the model is right without an attack.
        broken: shape (n,), where the judge found an attack successful; or one such array per attack, by its name.
        confidence: level of the intervals.

    Returns:
        A sample that the model gets wrong by itself is not robust, whether or not an attack was tried on it.

    Raises:
        InputError: these are no flags, or not of one length.
    """
    clean = flags(right, "right")
    parts = broken if isinstance(broken, Mapping) else {"broken": broken}
    fell = np.zeros(len(clean), dtype=np.bool_)
    for name, values in parts.items():
        fell |= flags(values, name, len(clean))
    fell &= clean
    return Robustness(
        clean=rate(clean, confidence),
        robust=rate(clean & ~fell, confidence),
        broken=counted(int(fell.sum()), int(clean.sum()), confidence),
    )


def bars(title: str, rates: Iterable[tuple[str, Rate]]) -> Shares:
    """Rates side by side, with their intervals.

    Args:
        title: of the picture.
        rates: by what each is of; those of no samples are left out.
    """
    told = [(name, rate, rate.value) for name, rate in rates if rate.value is not None]
    return Shares(
        title=title,
        names=tuple(name for name, _, _ in told),
        values=tuple(value for _, _, value in told),
        intervals=tuple(rate.interval for _, rate, _ in told),
    )
