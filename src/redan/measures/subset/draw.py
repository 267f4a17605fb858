"""Whether the contributors of a set look like a random draw from all who contributed."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from redan.errors import IncompleteError
from redan.stats.multiple import holm

ALPHA = 0.01
WHOLE = 0.95  # of the pool: a set that takes so much of it was not drawn
FEWEST = 20  # rows of the set, and contributors of the pool
SIMULATED = 999
_DRAWS = 20_000_000  # contributors times simulations; bounds the time
_CAPS = 12

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """A set against its pool.

    Args:
        rows: of the set.
        pool: rows of the pool.
        contributors: of the pool.
        chosen: contributors of the set.
        p_value: that a random draw of rows (or of contributors) spreads over contributors as this one does.
        cap: most rows of one contributor that could be drawn, where a cap explains the counts; None otherwise.
        by_contributor: whether whole contributors were drawn instead of rows.
        favoured: contributors with more rows than the draw gives, corrected for looking at all: (contributor, rows in
            the set, rows in the pool), most favoured first.
        foreign: rows of the set by contributors who give fewer rows to the pool, or none.
    """

    rows: int
    pool: int
    contributors: int
    chosen: int
    p_value: float
    cap: int | None
    by_contributor: bool
    favoured: tuple[tuple[str, int, int], ...]
    foreign: int

    @property
    def fraction(self) -> float:
        """Of the pool that is in the set."""
        return self.rows / self.pool

    @property
    def random(self) -> bool:
        """Whether nothing speaks against a random draw."""
        return self.p_value >= ALPHA and not self.favoured and not self.foreign and self.fraction < WHOLE


def drawn_at_random(chosen: Mapping[str, int], pool: Mapping[str, int], rng: np.random.Generator) -> Draw:
    """Tests the rows per contributor of a set against a draw from the pool.

    A cap on the rows of one contributor is allowed for: it can only lower the share of the busiest.

    Args:
        chosen: rows in the set by contributor.
        pool: rows in the pool by contributor.
        rng: of the simulated draws.

    Raises:
        IncompleteError: there are fewer than twenty rows in the set or contributors in the pool.
    """
    names = sorted({*pool, *chosen})
    k = np.array([chosen.get(name, 0) for name in names], dtype=np.int64)
    m = np.array([pool.get(name, 0) for name in names], dtype=np.int64)
    if k.sum() < FEWEST or (m > 0).sum() < FEWEST:
        raise IncompleteError(f"a draw of {int(k.sum())} rows from {int((m > 0).sum())} contributors is too small")
    foreign = int(np.maximum(k - m, 0).sum())
    k, whole = np.minimum(k, m), _whole(k, m)
    p_value, cap = (1.0, None) if foreign or whole else _spread(k, m, rng)
    return Draw(
        rows=int(k.sum()) + foreign,
        pool=int(m.sum()),
        contributors=int((m > 0).sum()),
        chosen=int((k > 0).sum()),
        p_value=_sizes(k, m) if whole else p_value,
        cap=cap,
        by_contributor=whole,
        favoured=() if whole else _favoured(names, k, m, cap),
        foreign=foreign,
    )


def _whole(k: Counts, m: Counts) -> bool:
    """Whether each contributor is in the set with all rows or with none, which a draw of rows hardly gives."""
    several = m > 1
    return bool(((k == 0) | (k == m)).all() and (k[several] == 0).any() and (k[several] > 0).any())


def _sizes(k: Counts, m: Counts) -> float:
    """Whether busy contributors were preferred when whole contributors were drawn."""
    from scipy.stats import mannwhitneyu

    inside, outside = m[k > 0], m[(k == 0) & (m > 0)]
    if len(np.unique(m)) == 1:
        return 1.0
    return float(mannwhitneyu(inside, outside).pvalue)


def _spread(k: Counts, m: Counts, rng: np.random.Generator) -> tuple[float, int | None]:
    p = _chi_square(k, m, rng)
    if p >= ALPHA:
        return p, None
    most = int(k.max())
    for cap in np.unique(np.quantile(np.append(m[m >= most], most), np.linspace(0, 1, _CAPS)).astype(np.int64)):
        held = np.minimum(m, cap)
        if held.sum() >= k.sum() and (capped := _chi_square(k, held, rng)) >= ALPHA:
            return capped, int(cap)
    return p, None


def _chi_square(k: Counts, m: Counts, rng: np.random.Generator) -> float:
    """Chance of a spread at least as uneven or even, by simulated draws of the same size."""
    n, total = int(k.sum()), int(m.sum())
    if n == total:
        return 1.0
    expected = m[m > 0] * (n / total)
    kept = m[m > 0]
    trials = int(np.clip(_DRAWS // len(kept), 199, SIMULATED))
    seen = float(((k[m > 0] - expected) ** 2 / expected).sum())
    more = 0
    for _ in range(trials):
        drawn = rng.multivariate_hypergeometric(kept, n, method="marginals")
        more += float(((drawn - expected) ** 2 / expected).sum()) >= seen * (1 - 1e-12)
    return (more + 1) / (trials + 1)


def _favoured(names: list[str], k: Counts, m: Counts, cap: int | None) -> tuple[tuple[str, int, int], ...]:
    from scipy.stats import hypergeom

    held = m if cap is None else np.minimum(m, cap)
    p = np.asarray(hypergeom.sf(k - 1, int(held.sum()), held, int(k.sum())))
    flagged = np.flatnonzero(holm(np.clip(p, 0, 1)) <= ALPHA)
    return tuple((names[i], int(k[i]), int(m[i])) for i in sorted(flagged, key=lambda i: (p[i], names[i])))
