"""A fair sample of what is above the limit: chance decides, never the order of arrival or the loudest sender."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from redan.errors import UsageError

__all__ = ["fair_cap", "fair_sample"]


def fair_cap(rows: ArrayLike, limit: int) -> int:
    """The largest number of rows that every contributor may give so that all together stay within the limit.

    Source: max-min fairness, Bertsekas and Gallager, Data Networks (1992), 6.5.2.

    Args:
        rows: by contributor.
        limit: most rows in all.

    Returns:
        At least 0; the largest count when everything fits.
    """
    counts = np.sort(np.asarray(rows, dtype=np.int64))
    left = limit
    for place, count in enumerate(counts):
        share = left // (len(counts) - place)
        if share < count:
            return int(share)
        left -= int(count)
    return int(counts[-1]) if len(counts) else 0


def fair_sample(
    rows: int, limit: int, *, rng: np.random.Generator, contributors: ArrayLike | None = None, cap: int | None = None
) -> NDArray[np.int64]:
    """Which rows to use when more arrived than the limit allows.

    Without contributors each row has the same chance. With them each gives at most `cap` rows, drawn at random, before
    chance decides among what is left; without a stated cap it is the fair one, so that a flood by one sender costs
    nobody else a row.

    Args:
        rows: that arrived.
        limit: most rows that are used.
        rng: record its seed; whoever knows it before the rows arrive can choose which are drawn.
        contributors: of each row; missing ones count as one contributor.
        cap: most rows of one contributor.

    Returns:
        Ascending row numbers, at most `limit`; all of them when nothing has to be left out.

    Raises:
        UsageError: a number is negative, a cap has no contributors, or not every row has one.
    """
    if rows < 0 or limit < 0 or (cap is not None and cap < 0):
        raise UsageError("a sample needs numbers from 0", remedy="give the rows that arrived and the limit")
    if contributors is None:
        if cap is not None:
            raise UsageError("a cap needs the contributors", remedy="say who gave each row")
        return np.sort(rng.permutation(rows)[:limit])
    codes = _codes(contributors)
    if len(codes) != rows:
        raise UsageError(f"{len(codes)} contributors for {rows} rows", remedy="give one for each row")
    if rows <= limit and cap is None:
        return np.arange(rows)
    counts = np.bincount(codes) if rows else np.zeros(0, dtype=np.int64)
    most = fair_cap(counts, limit) if cap is None else cap
    order = rng.permutation(rows)
    by = order[np.argsort(codes[order], kind="stable")]
    place = np.arange(rows) - np.repeat(np.cumsum(counts) - counts, counts)
    kept = by[place < most]
    if cap is None and len(kept) < limit:  # the fair cap leaves less than a row for each; chance gives out the rest
        rest = rng.permutation(by[place == most])
        kept = np.concatenate([kept, rest[: limit - len(kept)]])
    return np.sort(rng.permutation(kept)[:limit])


def _codes(contributors: ArrayLike) -> NDArray[np.int64]:
    values: list[Any] = np.asarray(contributors, dtype=object).reshape(-1).tolist()
    known: dict[str, int] = {}
    return np.array([known.setdefault(repr(v) if v == v else "nan", len(known)) for v in values], dtype=np.int64)  # noqa: PLR0124 - NaN alone differs from itself
