"""Spread that up to half of the values cannot bend: what is looked for is itself among the values."""

import numpy as np
from numpy.typing import ArrayLike

EFFICIENCY = 0.82  # of Qn against the standard deviation of normal values
_NORMAL = 2.2219
_PAIRWISE = 2_000  # values whose pairs fit into memory; of more, evenly spaced ones of the sorted values


def qn(values: ArrayLike) -> float:
    """The first quartile of all pairwise distances, scaled to the standard deviation of normal values.

    Source: Rousseeuw and Croux, Alternatives to the Median Absolute Deviation, JASA 88 (1993), section 3; small-sample
    factors from Croux and Rousseeuw, COMPSTAT 1 (1992).

    Args:
        values: shape (n,), finite.

    Returns:
        0 for fewer than two values.
    """
    x = np.sort(np.asarray(values, dtype=np.float64).reshape(-1))
    if len(x) > _PAIRWISE:
        x = x[np.linspace(0, len(x) - 1, _PAIRWISE).round().astype(np.int64)]
    n = len(x)
    if n < 2:  # noqa: PLR2004 - a distance needs two values
        return 0.0
    half = n // 2 + 1
    distances = np.abs(x[:, None] - x[None, :])[np.triu_indices(n, 1)]
    small = {2: 0.399, 3: 0.994, 4: 0.512, 5: 0.844, 6: 0.611, 7: 0.857, 8: 0.669, 9: 0.872}
    factor = small.get(n, n / (n + (1.4 if n % 2 else 3.8)))
    return _NORMAL * factor * float(np.partition(distances, half * (half - 1) // 2 - 1)[half * (half - 1) // 2 - 1])
