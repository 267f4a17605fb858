"""Tails of counts that vary more than a draw does: the binomial whose probability is itself drawn from a beta.

Source: Skellam, Journal of the Royal Statistical Society B 10 (1948), for the law; Williams, Applied Statistics
31 (1982), for its form by mean and correlation.
"""

import numpy as np

_EXACT = 5_000  # trials; above, the beta with the same mean and variance comes close
_NONE = 1e-9  # correlation that is no more than rounding


def chance_of_at_least(k: int, n: int, p: float, rho: float) -> float:
    """The probability of `k` successes or more in `n` trials.

    Args:
        k: successes, 0 to n.
        n: trials.
        p: mean probability, in (0, 1).
        rho: correlation of two trials, in [0, 1); 0 is the binomial.

    Returns:
        1 for k = 0.

    Raises:
        ValueError: not 0 <= k <= n, or `p` or `rho` is out of range.
    """
    if not 0 <= k <= n or not 0 < p < 1 or not 0 <= rho < 1:
        raise ValueError(f"no tail of {k} successes in {n} trials with probability {p} and correlation {rho}")
    if k == 0:
        return 1.0
    from scipy.special import betainc, betaincc

    if rho < _NONE:
        return float(betainc(k, n - k + 1, p))
    if n <= _EXACT:
        upper = k > n * p  # the side that is small, so that nothing cancels
        tail = _sum(np.arange(k, n + 1) if upper else np.arange(k), n, p, rho)
        return tail if upper else max(0.0, 1.0 - tail)
    size = n / (1 + (n - 1) * rho) - 1 if (1 + (n - 1) * rho) < n else 1e-6
    return float(betaincc(p * size, (1 - p) * size, (k - 0.5) / n))


def chance_of_at_most(k: int, n: int, p: float, rho: float) -> float:
    """The probability of `k` successes or fewer; see `chance_of_at_least`."""
    return chance_of_at_least(n - k, n, 1 - p, rho)


def _sum(j: "np.ndarray[tuple[int], np.dtype[np.int64]]", n: int, p: float, rho: float) -> float:
    from scipy.special import gammaln

    theta, i = rho / (1 - rho), np.arange(n)  # products of Skellam's factors: betas of 1 / rho would cancel

    def rising(first: float) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
        return np.concatenate([np.zeros(1), np.cumsum(np.log(first + theta * i))])

    logs = gammaln(n + 1) - gammaln(j + 1) - gammaln(n - j + 1) + rising(p)[j] + rising(1 - p)[n - j] - rising(1.0)[n]
    return float(min(1.0, np.exp(logs).sum()))
