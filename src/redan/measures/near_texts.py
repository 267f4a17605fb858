"""Near copies among texts: MinHash finds candidates, exact Jaccard similarity of character shingles decides.

How many near copies such a search misses depends on the texts, so copies are planted just above the threshold and the
share that is found again is part of the answer.

Source: Broder (1997), "On the resemblance and containment of documents"; Leskovec et al., "Mining of Massive Datasets",
section 3.4 (bands); the project's research notes, section 2, pitfall 8 (a threshold of the index is not a recall).
"""

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from redan.errors import IncompleteError, InputError
from redan.measures.shingles import CHARACTERS, LONGEST, SIZE, plain, shingled, signatures, similarities
from redan.tables import Table

TEXTS = 5_000_000  # more would need more than about 3 GB
HASHES = 192
MOST_ROWS_OF_BAND = 8
MISSED = 0.002  # of pairs at the threshold, on average
WHOLE = (
    32  # texts that share a key and are compared with each other; more are compared along a chain and with the first
)
PLANTED = 300
LENIENT = 6.0  # standard errors below the threshold at which the estimate rules a pair out
PAIRS_AT_ONCE = 50_000

Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class NearTexts:
    """Pairs of texts that are near copies of each other.

    Args:
        pairs: int64, pairs x 2, positions of texts, the smaller first, sorted; of texts that are the same, each with
            the first, and where very many are alike, those pairs that hold the group together.
        similarity: float64, pairs; exact Jaccard similarity, at least the threshold.
        groups: int64, texts; the first position of the group of near copies that a text is in, its own when alone.
        texts: texts looked at; missing and empty ones are in no group.
        distinct: different texts among them.
        threshold: least similarity of a pair.
        planted: copies planted just above the threshold to measure the search.
        recalled: those of them that were found.
    """

    pairs: Indices
    similarity: NDArray[np.float64]
    groups: Indices
    texts: int
    distinct: int
    threshold: float
    planted: int
    recalled: int


def near_texts(
    texts: Sequence[str | None] | Table, *, column: str | None = None, threshold: float = 0.8, rng: np.random.Generator
) -> NearTexts:
    """Near copies among texts, whatever their case and white space; only the first 20,000 characters count.

    Args:
        texts: texts, or a table with the column that holds them.
        column: of the table.
        threshold: least Jaccard similarity of character shingles, in [0.3, 1].
        rng: of the hash functions and the planted copies.

    Raises:
        InputError: the column is missing or the threshold is no such number.
        IncompleteError: there are more than five million texts.
    """
    if not 0.3 <= threshold <= 1:  # noqa: PLR2004 - below, strangers are near and everything is a candidate
        raise InputError(f"the threshold {threshold} is not between 0.3 and 1", remedy="give one such as 0.8")
    total, places, same_as, distinct = _distinct(_batches(texts, column))
    keys = rng.integers(1, 2**64, SIZE, dtype=np.uint64)
    copies, origins = _planted(distinct, threshold, keys, rng)
    search = _Search.over([*distinct, *copies], threshold, keys, rng)
    left, right, similarity = search.run()
    mark = len(distinct)
    own = right < mark
    recalled = _recalled(left, right, origins, mark)
    groups = _joined(len(distinct), left[own], right[own])
    pairs = np.column_stack([places[left[own]], places[right[own]]])
    twins = np.flatnonzero(same_as >= 0)
    pairs = np.concatenate([pairs, np.column_stack([places[same_as[twins]], twins])])
    alike = np.concatenate([similarity[own], np.ones(len(twins))])
    order = np.lexsort((pairs[:, 1], pairs[:, 0]))
    whole = np.arange(total)
    whole[places] = places[groups]
    whole[twins] = places[groups[same_as[twins]]]
    return NearTexts(
        pairs=pairs[order],
        similarity=alike[order],
        groups=whole,
        texts=len(distinct) + len(twins),
        distinct=len(distinct),
        threshold=threshold,
        planted=len(copies),
        recalled=recalled,
    )


def _batches(texts: Sequence[str | None] | Table, column: str | None) -> Iterator[Sequence[str | None]]:
    if isinstance(texts, Table):
        if column is None:
            raise InputError("no column is named", remedy="name the column that holds the texts")
        yield from texts.texts(column, 2 * LONGEST)
    elif isinstance(texts, str):
        raise InputError("is one text", remedy="give a list of texts")
    else:
        yield texts


def _distinct(batches: Iterator[Sequence[str | None]]) -> tuple[int, Indices, Indices, list[str]]:
    """How many texts there are, where each different one stands first, and which one each of the others repeats."""
    first: dict[bytes, int] = {}
    places: list[int] = []
    distinct: list[str] = []
    same: list[int] = []
    for batch in batches:
        for text in batch:
            own = plain(text) if isinstance(text, str) else ""
            found = -1
            if own:
                digest = hashlib.blake2b(own.encode("utf-8", "surrogatepass"), digest_size=12).digest()
                found = first.setdefault(digest, len(distinct))
                if found == len(distinct):
                    places.append(len(same))
                    distinct.append(own)
                    found = -1
            same.append(found)
            if len(distinct) > TEXTS:
                remedy = "look at a sample, or at one part after another"
                raise IncompleteError(f"there are more than {TEXTS:,} different texts", remedy=remedy)
    return len(same), np.array(places, dtype=np.int64), np.array(same, dtype=np.int64), distinct


def _planted(
    texts: Sequence[str], threshold: float, keys: NDArray[np.uint64], rng: np.random.Generator
) -> tuple[list[str], Indices]:
    """Copies of some texts with as many characters changed as the threshold allows, and which texts they copy."""
    chosen = rng.choice(len(texts), min(PLANTED, len(texts)), replace=False) if texts else np.empty(0, np.int64)
    copies, origins = [], []
    for origin in chosen:
        text = texts[origin]
        edits = int((1 - threshold) / (1 + threshold) * max(len(text) - SIZE + 1, 1) / SIZE)
        if edits or threshold == 1:
            changed = list(text)
            for place in rng.choice(len(text), edits, replace=False):
                changed[place] = chr(0xE000 + int(rng.integers(6000)))  # private use: no text has it by chance
            copies.append("".join(changed))
            origins.append(int(origin))
    if not copies:
        return [], np.empty(0, np.int64)
    sets = shingled([*copies, *(texts[o] for o in origins)], keys).sets()
    own = np.arange(len(copies))
    near = similarities(sets, own, own + len(copies)) >= threshold
    return [c for c, kept in zip(copies, near, strict=True) if kept], np.array(origins)[near]


def _recalled(left: Indices, right: Indices, origins: Indices, mark: int) -> int:
    """Planted copies that are in one group with what they copy."""
    groups = _joined(mark + len(origins), left, right)
    return int((groups[origins] == groups[mark:]).sum())


def _joined(count: int, left: Indices, right: Indices) -> Indices:
    """The first member of the group of each text."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    edges = coo_array((np.ones(len(left), dtype=np.int8), (left, right)), shape=(count, count))
    _, labels = connected_components(edges, directed=False)
    _, first = np.unique(labels, return_index=True)
    return np.asarray(first[labels], dtype=np.int64)


@dataclass(frozen=True, slots=True)
class _Search:
    """Texts with the keys under which near ones meet.

    Args:
        texts: different from each other.
        bands: uint32, bands x texts.
        sketch: uint8, texts x hashes.
        threshold: least similarity.
        keys: of the shingles' hash.
    """

    texts: Sequence[str]
    bands: NDArray[np.uint32]
    sketch: NDArray[np.uint8]
    threshold: float
    keys: NDArray[np.uint64]

    @classmethod
    def over(
        cls, texts: Sequence[str], threshold: float, keys: NDArray[np.uint64], rng: np.random.Generator
    ) -> "_Search":
        """Draws the hash functions and makes the keys of all texts, a bounded part at a time."""
        depth, count = bands_for(threshold)
        factors = rng.integers(0, 2**31, depth * count, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
        weights = rng.integers(0, 2**63, depth, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
        bands = np.empty((count, len(texts)), dtype=np.uint32)
        sketch = np.empty((len(texts), depth * count), dtype=np.uint8)
        for part in _parts(texts):
            found = signatures(shingled(texts[part], keys), factors)
            sketch[part] = found.astype(np.uint8).T
            mixed = found.reshape(count, depth, -1).astype(np.uint64) * weights[:, None]
            bands[:, part] = (mixed.sum(axis=1) >> np.uint64(32)).astype(np.uint32)
        return cls(texts, bands, sketch, threshold, keys)

    def run(self) -> tuple[Indices, Indices, NDArray[np.float64]]:
        """Pairs that are near enough, with their similarity."""
        count = len(self.texts)
        seen = np.empty(0, dtype=np.int64)
        kept: list[tuple[Indices, NDArray[np.float64]]] = [(seen, np.empty(0))]
        groups = np.arange(count)
        for keys in self.bands:
            codes = _candidates(keys, groups, count)
            place = np.searchsorted(seen, codes)
            codes = codes[seen[np.minimum(place, max(len(seen) - 1, 0))] != codes] if len(seen) else codes
            near, similarity = self._near(codes)
            seen = np.sort(np.concatenate([seen, codes]))
            kept.append((near, similarity))
            if len(near):
                every = np.concatenate([codes for codes, _ in kept])
                groups = _joined(count, every // count, every % count)
        codes, similarity = (np.concatenate(parts) for parts in zip(*kept, strict=True))
        return codes // max(count, 1), codes % max(count, 1), similarity

    def _near(self, codes: Indices) -> tuple[Indices, NDArray[np.float64]]:
        """The pairs of some candidates that are near enough: the estimate rules out most, the sets decide."""
        count, hashes = len(self.texts), self.sketch.shape[1]
        least = self.threshold - LENIENT * math.sqrt(self.threshold * (1 - self.threshold) / hashes) - 1 / hashes
        found: list[Indices] = [np.empty(0, dtype=np.int64)]
        told: list[NDArray[np.float64]] = [np.empty(0)]
        for start in range(0, len(codes), PAIRS_AT_ONCE):
            part = codes[start : start + PAIRS_AT_ONCE]
            alike = (self.sketch[part // count] == self.sketch[part % count]).mean(axis=1)
            part = part[alike >= least]
            for piece in self._pieces(part):
                members, local = np.unique(np.concatenate([piece // count, piece % count]), return_inverse=True)
                sets = shingled([self.texts[i] for i in members], self.keys).sets()
                similarity = similarities(sets, local[: len(piece)], local[len(piece) :])
                found.append(piece[similarity >= self.threshold])
                told.append(similarity[similarity >= self.threshold])
        return np.concatenate(found), np.concatenate(told)

    def _pieces(self, codes: Indices) -> Iterator[Indices]:
        """Parts of the pairs whose texts are of bounded length together."""
        count = len(self.texts)
        lengths = [len(self.texts[c // count]) + len(self.texts[c % count]) for c in codes]
        ends = np.cumsum(lengths) // CHARACTERS if len(codes) else np.empty(0, dtype=np.int64)
        cuts = np.flatnonzero(np.diff(ends)) + 1
        yield from (piece for piece in np.split(codes, cuts) if len(piece))


def bands_for(threshold: float) -> tuple[int, int]:
    """Hashes of a band and bands: the longest bands that miss at most one pair in five hundred at the threshold."""
    for depth in range(MOST_ROWS_OF_BAND, 1, -1):
        meet = threshold**depth
        count = 1 if meet >= 1 else math.ceil(math.log(MISSED) / math.log1p(-meet))
        if depth * count <= HASHES:
            return depth, count
    return 1, max(1, math.ceil(math.log(MISSED) / math.log1p(-threshold)))


def _parts(texts: Sequence[str]) -> Iterator[slice]:
    """Parts of texts of bounded length together."""
    start, length = 0, 0
    for place, text in enumerate(texts):
        length += max(len(text), SIZE)
        if length >= CHARACTERS:
            yield slice(start, place + 1)
            start, length = place + 1, 0
    if start < len(texts):
        yield slice(start, len(texts))


def _candidates(keys: NDArray[np.uint32], groups: Indices, count: int) -> Indices:
    """Pairs with one key, as left * count + right, sorted: all of a small run, a chain and a star of a large one."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])) if count else np.empty(0, np.int64)
    sizes = np.diff(starts, append=count)
    size = np.repeat(sizes, sizes)
    pairs = []
    for step in range(1, min(WHOLE, int(sizes.max(initial=1)))):
        meet = np.flatnonzero((ordered[step:] == ordered[:-step]) & ((size[step:] <= WHOLE) | (step == 1)))
        pairs.append((order[meet], order[meet + step], size[meet]))
    large = np.flatnonzero(size > WHOLE)
    head = np.repeat(starts, sizes)[large]
    pairs.append((order[head], order[large], size[large]))
    left, right, many = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
    fresh = (left != right) & ((many <= WHOLE) | (groups[left] != groups[right]))
    left, right = left[fresh], right[fresh]
    codes = np.sort(np.minimum(left, right) * count + np.maximum(left, right))
    fresh = np.concatenate([codes[:1] == codes[:1], codes[1:] != codes[:-1]])
    return np.asarray(codes[fresh], dtype=np.int64)
