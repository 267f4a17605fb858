"""How many accounts an attacker needs to reach a share of a set that is drawn at random from all contributions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from redan.errors import IncompleteError
from redan.stats.interval import Interval

SHARE = 0.05  # of the set: published poisoning works with less, so this flatters the attacker's work by little
ACCOUNTS = 10.0  # accounts that one person does not keep alive unnoticed


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """The attacker's work.

    The attacker adds accounts of its own, each as busy as the busiest that is there, and does not see the draw.

    Args:
        accounts: that bring the share about in half of all draws.
        interval: accounts for one draw in twenty, and for nineteen in twenty.
        rows: that those accounts must send.
        per_account: most rows that one account has in the pool.
        share: that the attacker aims at.
        community: accounts that are there.
        factor: rows that must be sent for one that is drawn.
    """

    accounts: int
    interval: Interval
    rows: int
    per_account: int
    share: float
    community: int
    factor: float


def attackers_work(
    rows: Sequence[int], drawn: int | None = None, *, share: float = SHARE, cap: int | None = None
) -> Work:
    """Estimates the accounts that an attacker needs.

    Args:
        rows: in the pool, by contributor.
        drawn: rows of the set; None when everything that was sent is used.
        share: of the set that the attacker wants, in (0, 1).
        cap: most rows of one contributor that are used; None without a cap.

    Raises:
        IncompleteError: there is no contributor.
        ValueError: the share is not in (0, 1).
    """
    if not 0 < share < 1:
        raise ValueError(f"a share lies between 0 and 1, not {share}")
    held = np.asarray(rows, dtype=np.int64)
    held = held[held > 0] if cap is None else np.minimum(held[held > 0], cap)
    if not len(held):
        raise IncompleteError("nobody contributed")
    pool, most = int(held.sum()), int(held.max())
    n = pool if drawn is None else min(drawn, pool)
    needed = [_rows(pool, n, share, chance, everything=drawn is None) for chance in (0.5, 0.05, 0.95)]
    accounts = [-(-x // most) for x in needed]
    return Work(
        accounts=accounts[0],
        interval=Interval(float(accounts[1]), float(accounts[2])),
        rows=needed[0],
        per_account=most,
        share=share,
        community=len(held),
        factor=pool / n,
    )


def _rows(pool: int, drawn: int, share: float, chance: float, *, everything: bool) -> int:
    """Fewest rows that reach the share of a draw with the wanted chance."""
    from scipy.stats import hypergeom

    if everything:
        return int(np.ceil(share * pool / (1 - share)))
    wanted = int(np.ceil(share * drawn))
    low, high = 0, 1
    while hypergeom.sf(wanted - 1, pool + high, high, drawn) < chance:
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        if hypergeom.sf(wanted - 1, pool + middle, middle, drawn) < chance:
            low = middle
        else:
            high = middle
    return high
