"""Texts as sets of hashed character shingles, and MinHash signatures of those sets.

Source: Broder (1997), "On the resemblance and containment of documents"; Broder et al. (1998), "Min-wise independent
permutations", section 2.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from redan.tables.encoded import scattered

SIZE = 5  # characters: long enough that strangers share few, short enough that one typing error costs five
LONGEST = 20_000  # characters of a text that are compared
CHARACTERS = 400_000  # of one pass; its hashes stay in cache
HASH_BITS = 44  # a set's number stands above; two sets of 20,000 meet by chance once in 40,000 pairs


@dataclass(frozen=True, slots=True)
class Shingles:
    """Hashes of the shingles of several texts, one after another.

    Args:
        words: uint64, with repetitions.
        lengths: int64, shingles of each text, at least one.
    """

    words: NDArray[np.uint64]
    lengths: NDArray[np.int64]

    @property
    def starts(self) -> NDArray[np.int64]:
        """Where the shingles of each text begin."""
        return np.cumsum(self.lengths) - self.lengths

    def sets(self) -> "Shingles":
        """The same without repetitions, sorted, in 44 bits."""
        owner = np.repeat(np.arange(len(self.lengths), dtype=np.uint64), self.lengths)
        packed = np.sort((owner << np.uint64(HASH_BITS)) | (self.words >> np.uint64(64 - HASH_BITS)))
        packed = packed[np.concatenate([packed[:1] == packed[:1], packed[1:] != packed[:-1]])]
        sizes = np.bincount((packed >> np.uint64(HASH_BITS)).astype(np.int64), minlength=len(self.lengths))
        return Shingles(packed & np.uint64((1 << HASH_BITS) - 1), sizes.astype(np.int64))


def plain(text: str) -> str:
    """A text without what near copies differ in for free: case and white space; at most 20,000 characters."""
    return " ".join(text[: 2 * LONGEST].casefold().split())[:LONGEST]


def shingled(texts: Sequence[str], keys: NDArray[np.uint64]) -> Shingles:
    """The shingles of texts, hashed with secret words so that nobody can choose texts whose hashes meet.

    Args:
        texts: plain, none of them empty; shorter ones than a shingle are filled up.
        keys: uint64, one random word per character of a shingle.
    """
    size = len(keys)
    filled = [text if len(text) >= size else text.ljust(size, "\0") for text in texts]
    lengths = np.fromiter(map(len, filled), dtype=np.int64, count=len(filled))
    units = np.frombuffer("".join(filled).encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint64)
    last = len(units) - size + 1
    hashes = np.zeros(max(last, 0), dtype=np.uint64)
    for place, key in enumerate(keys):
        hashes += units[place : place + last] * key  # two texts' meet with a chance below 2**-42
    ends = np.cumsum(lengths)
    inside = np.ones(len(hashes), dtype=bool)
    for back in range(1, size):  # shingles that would run over the end of their text
        inside[(ends - back)[ends - back < len(hashes)]] = False
    return Shingles(scattered(hashes[inside]), lengths - size + 1)


def signatures(shingles: Shingles, factors: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """MinHash: the least hash of each set under each factor, factors x texts.

    Args:
        shingles: of the texts.
        factors: odd random words; multiplying by one permutes the hashes.
    """
    words = (shingles.words >> np.uint64(32)).astype(np.uint32)
    found = np.empty((len(factors), len(shingles.lengths)), dtype=np.uint32)
    moved, starts = np.empty_like(words), shingles.starts
    for place, factor in enumerate(factors):
        np.multiply(words, factor, out=moved)
        np.minimum.reduceat(moved, starts, out=found[place])
    return found


def similarities(sets: Shingles, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.float64]:
    """Exact Jaccard similarity of pairs of sets.

    Args:
        sets: without repetitions.
        left: numbers of sets.
        right: as many.
    """
    pairs = np.arange(len(left), dtype=np.uint64) << np.uint64(HASH_BITS)
    both = np.concatenate([_members(sets, left, pairs), _members(sets, right, pairs)])
    both.sort()
    alike = both[1:][both[1:] == both[:-1]]
    shared = np.bincount((alike >> np.uint64(HASH_BITS)).astype(np.int64), minlength=len(left))
    return np.asarray(shared / (sets.lengths[left] + sets.lengths[right] - shared))


def _members(sets: Shingles, chosen: NDArray[np.int64], owner: NDArray[np.uint64]) -> NDArray[np.uint64]:
    lengths = sets.lengths[chosen]
    within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return np.asarray(sets.words[np.repeat(sets.starts[chosen], lengths) + within] | np.repeat(owner, lengths))
