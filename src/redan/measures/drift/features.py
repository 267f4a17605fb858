"""Each feature against the frozen reference: how much of it moved at least, with error control over all of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from redan.measures.drift.bins import Bins, Counts
from redan.measures.drift.psi import psi_value, tenths
from redan.measures.drift.settings import MARGIN, Settings
from redan.stats.moved import Moved, moved
from redan.stats.two_sample import TwoSample, chi_square, kolmogorov


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """What one column came to.

    Args:
        bins: of the reference.
        within: the class or the window that was looked at; the empty string for all rows.
        reference: shares of the rows in each bin, missing values first.
        current: likewise.
        moved: bounds of the share that moved, at this test's part of the budget.
        level: that part.
        psi: index over tenths (over levels as they are).
        change: the test of "nothing changed": Kolmogorov-Smirnov for numbers, chi-square for levels; not corrected.
        unseen: share of rows whose level the reference does not have at all.
        tolerated: the share that may move.
    """

    bins: Bins
    within: str = ""
    reference: tuple[float, ...]
    current: tuple[float, ...]
    moved: Moved
    level: float
    psi: float
    change: TwoSample
    unseen: float = 0.0
    tolerated: float

    @property
    def name(self) -> str:
        """The column."""
        return self.bins.name

    @property
    def shifted(self) -> bool:
        """Whether more moved than is tolerated, surely enough for the budget."""
        return self.moved.low > self.tolerated

    @property
    def powerless(self) -> bool:
        """Whether even a shift by one standard deviation might have gone unnoticed."""
        return not self.shifted and self.moved.margin > MARGIN


def feature(bins: Bins, counts: tuple[Counts, Counts], settings: Settings, level: float, within: str = "") -> Feature:
    """One column from its counts.

    Args:
        bins: of the reference.
        counts: rows in each bin, of the reference and now.
        settings: what is tolerated.
        level: this test's part of the budget.
        within: the class or window that the rows are of.
    """
    a, b = counts
    change = kolmogorov(a, b) if bins.ordered else chi_square(a, b)
    new = not bins.ordered and a[-1] == 0 and b.sum()
    return Feature(
        bins=bins,
        within=within,
        reference=_shares(a),
        current=_shares(b),
        moved=moved(a, b, level=level, tolerated=settings.tolerated, ordered=bins.ordered),
        level=level,
        psi=psi_value(*tenths(a, b)) if bins.ordered else psi_value(a, b),
        change=change,
        unseen=float(b[-1] / b.sum()) if new else 0.0,
        tolerated=settings.tolerated,
    )


def features(
    bins: Iterable[Bins], a: Mapping[str, Counts], b: Mapping[str, Counts], settings: Settings, budget: float
) -> tuple[Feature, ...]:
    """Every column that both sides have; the budget is divided among them.

    Args:
        bins: of the reference.
        a: counts of the reference.
        b: counts now.
        settings: what is tolerated.
        budget: chance of any false alarm among these columns.
    """
    both = [one for one in bins if one.name in a and one.name in b]
    level = budget / max(len(both), 1)
    return tuple(feature(one, (a[one.name], b[one.name]), settings, level) for one in both)


def within(
    bins: Iterable[Bins],
    a: Mapping[str, Mapping[str, Counts]],
    b: Mapping[str, Mapping[str, Counts]],
    settings: Settings,
    budget: float,
) -> tuple[Feature, ...]:
    """Every column within every class or window that both sides have; the budget is divided among all of them.

    Args:
        bins: of the reference.
        a: counts of the reference by class or window.
        b: counts now, likewise.
        settings: what is tolerated.
        budget: chance of any false alarm among these.
    """
    chosen = [(g, one) for g in a if g in b for one in bins if one.name in a[g] and one.name in b[g]]
    level = budget / max(len(chosen), 1)
    return tuple(feature(one, (a[g][one.name], b[g][one.name]), settings, level, g) for g, one in chosen)


def _shares(counts: Counts) -> tuple[float, ...]:
    return tuple(np.round(counts / max(counts.sum(), 1), 6).tolist())
