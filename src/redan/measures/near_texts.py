"""Near copies among texts: MinHash finds candidates, exact Jaccard similarity of character shingles decides.

Source: Broder (1997), "On the resemblance and containment of documents"; Indyk and Motwani (1998), section 4.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from redan.tables import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class NearTexts:
    """Pairs of texts that are near copies of each other.

    Args:
        pairs: int64, pairs x 2, positions of texts, the smaller first; sorted.
        similarity: float64, pairs; exact Jaccard similarity, at least the threshold.
        groups: int64, texts; the first position of the group of near copies that a text is in, its own when alone.
        texts: texts looked at; missing and empty ones are in no group.
        distinct: different texts among them.
        threshold: least similarity of a pair.
        planted: copies planted just above the threshold to measure the search.
        recalled: those of them that were found.
    """

    pairs: NDArray[np.int64]
    similarity: NDArray[np.float64]
    groups: NDArray[np.int64]
    texts: int
    distinct: int
    threshold: float
    planted: int
    recalled: int


def near_texts(
    texts: Sequence[str | None] | Table, *, column: str | None = None, threshold: float = 0.8, rng: np.random.Generator
) -> NearTexts:
    """Near copies among texts.

    Args:
        texts: texts, or a table with the column that holds them.
        column: of the table.
        threshold: least Jaccard similarity of character shingles, in (0, 1].
        rng: of the hash functions and the planted copies.

    Raises:
        InputError: the column is missing or the threshold is no such number.
    """
    raise NotImplementedError
