"""Shares: the exact interval of a binomial share, and how surprising a count is against a known chance."""

from redan.stats.interval import Interval


def clopper_pearson(k: int, n: int, confidence: float = 0.95) -> Interval:
    """The exact two-sided interval of a share; it covers at least at its level, whatever the true share is.

    Source: Clopper and Pearson, Biometrika 26 (1934), 404-413, as quantiles of the beta distribution.

    Args:
        k: successes.
        n: independent trials.
        confidence: level, in (0, 1).

    Returns:
        Bounds in [0, 1]; (0, 1) when there are no trials.

    Raises:
        ValueError: not 0 <= k <= n, or the level is not in (0, 1).
    """
    _counts(k, n)
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must lie between 0 and 1, not {confidence}")
    if n == 0:
        return Interval(0.0, 1.0)
    from scipy.special import betaincinv

    tail = (1.0 - confidence) / 2.0
    low = 0.0 if k == 0 else float(betaincinv(k, n - k + 1, tail))
    high = 1.0 if k == n else float(betaincinv(k + 1, n - k, 1.0 - tail))
    return Interval(low, high)


def chance_of_at_least(k: int, n: int, p: float) -> float:
    """The probability of `k` successes or more in `n` trials of probability `p` each: the upper binomial tail.

    Raises:
        ValueError: not 0 <= k <= n, or `p` is not in [0, 1].
    """
    _counts(k, n)
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"a probability lies between 0 and 1, not {p}")
    if k == 0:
        return 1.0
    from scipy.special import betainc

    return float(betainc(k, n - k + 1, p))


def _counts(k: int, n: int) -> None:
    if not 0 <= k <= n:
        raise ValueError(f"cannot have {k} successes in {n} trials")
