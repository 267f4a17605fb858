"""Near copies among texts are those of a loop over all pairs, and what the search says of itself is true."""

import random
import string

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redan.errors import InputError
from redan.measures.near_texts import bands_for, near_texts
from redan.measures.shingles import SIZE, plain, shingled, signatures, similarities
from redan.tables import table_of

KEYS = np.random.default_rng(5).integers(1, 2**64, SIZE, dtype=np.uint64)


def grams(text):
    """Sets of five characters, by slicing."""
    own = plain(text).ljust(SIZE, "\0")
    return {own[i : i + SIZE] for i in range(len(own) - SIZE + 1)}


def jaccard(left, right):
    """Of two texts."""
    return len(grams(left) & grams(right)) / len(grams(left) | grams(right))


def naive(texts, threshold):
    """All near pairs, by a loop."""
    sets = [grams(t) if t and plain(t) else None for t in texts]
    ids = [i for i, s in enumerate(sets) if s]
    pairs = ((i, j) for i in ids for j in ids if i < j)
    return {(i, j) for i, j in pairs if len(sets[i] & sets[j]) / len(sets[i] | sets[j]) >= threshold}


def corpus(seed, rows, alphabet="abcdefgh "):
    """Texts of which a third are copies of others with some characters changed."""
    rng = random.Random(seed)
    texts = ["".join(rng.choice(alphabet) for _ in range(rng.randrange(15, 90))) for _ in range(rows)]
    for _ in range(rows // 3):
        changed = list(rng.choice(texts))
        for _ in range(rng.randrange(4)):
            changed[rng.randrange(len(changed))] = rng.choice(string.ascii_lowercase)
        texts[rng.randrange(rows)] = "".join(changed)
    return texts


@pytest.mark.parametrize("threshold", [0.5, 0.8, 0.95])
@pytest.mark.parametrize("seed", [0, 1])
def test_pairs_are_those_of_a_loop(seed, threshold):
    """Precision is one and at most one pair in a hundred is missed."""
    texts = corpus(seed, 300)
    near = naive(texts, threshold)
    found = near_texts(texts, threshold=threshold, rng=np.random.default_rng(seed))
    pairs = set(map(tuple, found.pairs.tolist()))
    firsts = {plain(t): i for i, t in reversed(list(enumerate(texts)))}
    distinct = {p for p in near if all(firsts[plain(texts[i])] == i for i in p)}
    assert pairs <= near
    assert len(distinct - pairs) <= 0.01 * len(distinct)
    for (i, j), similarity in zip(found.pairs.tolist(), found.similarity, strict=True):
        assert similarity == pytest.approx(jaccard(texts[i], texts[j]))


def test_groups_and_what_is_left_out():
    """Case and space make no difference, missing and empty texts are in no group, and copies share their first."""
    texts = [None, "The quick brown fox jumps over the lazy dog", "", "something else entirely, I would say", "  "]
    texts += ["the QUICK brown  fox jumps over the lazy dog", "the quick brown fox jumps over the lazy dog!"]
    found = near_texts(texts, rng=np.random.default_rng(0))
    assert found.groups.tolist() == [0, 1, 2, 3, 4, 1, 1]
    assert (found.texts, found.distinct) == (4, 3)
    assert found.pairs.tolist() == [[1, 5], [1, 6]]
    assert found.similarity[0] == 1.0


def test_flood_is_one_group():
    """Thousands of near copies are one group, and the pairs stay about as few as the texts."""
    rng = random.Random(3)
    base = "order {} has left our warehouse and will reach you within three working days, thank you"
    texts = [base.format(rng.randrange(10**6)) for _ in range(3000)] + corpus(4, 200)
    found = near_texts(texts, threshold=0.7, rng=np.random.default_rng(0))
    assert set(found.groups[:3000]) == {0}
    assert len(found.pairs) < 60 * 3000


def test_planted_copies_tell_the_recall():
    """The share of planted copies that is found is high where the search works."""
    found = near_texts(corpus(9, 400), rng=np.random.default_rng(2))
    assert found.planted > 100
    assert found.recalled >= 0.98 * found.planted


def test_same_seed_same_answer_and_tables():
    """The seed decides; a table's column gives what its list gives; a missing column is refused."""
    texts = [*corpus(2, 100), None]
    table = table_of(pa.table({"words": texts}))
    one, two = (near_texts(texts, rng=np.random.default_rng(7)) for _ in range(2))
    of_table = near_texts(table, column="words", rng=np.random.default_rng(7))
    for other in (two, of_table):
        assert one.pairs.tolist() == other.pairs.tolist()
        assert one.groups.tolist() == other.groups.tolist()
    for ask in (
        lambda: near_texts(table, rng=np.random.default_rng(0)),
        lambda: near_texts(table, column="x", rng=np.random.default_rng(0)),
        lambda: near_texts("text", rng=np.random.default_rng(0)),
        lambda: near_texts([], threshold=0.1, rng=np.random.default_rng(0)),
    ):
        with pytest.raises(InputError):
            ask()


def test_hostile_texts():
    """Huge, tiny, lone-surrogate and equal texts, and none at all, have answers."""
    huge = "x" * 10_000_000
    texts = [huge, huge + "y", "a", "b", "\ud800", "é" * 9, "e\u0301" * 9, "\0\0"]
    found = near_texts(texts, rng=np.random.default_rng(0))
    assert found.groups[1] == 0
    assert near_texts([], rng=np.random.default_rng(0)).pairs.shape == (0, 2)
    assert near_texts([None, ""], rng=np.random.default_rng(0)).texts == 0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=40).map(plain).filter(bool), min_size=2, max_size=8))
def test_similarity_is_exact(texts):
    """Similarity of hashed sets is that of sets of strings."""
    sets = shingled(texts, KEYS).sets()
    left, right = np.triu_indices(len(texts), 1)
    expected = [jaccard(texts[i], texts[j]) for i, j in zip(left, right, strict=True)]
    assert similarities(sets, left, right) == pytest.approx(expected)


def test_signatures_estimate_similarity():
    """The share of equal signatures is the similarity, up to chance (Broder, 1997)."""
    rng = np.random.default_rng(0)
    factors = rng.integers(0, 2**31, 4000, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    texts = ["the cat sat on the mat and looked at the moon", "the cat sat on the mat and looked at the door"]
    one, two = signatures(shingled(texts, KEYS), factors).T
    assert (one == two).mean() == pytest.approx(jaccard(*texts), abs=0.04)


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.8, 0.9, 1.0])
def test_bands_miss_little(threshold):
    """A pair at the threshold shares a band with a chance of at least 0.998, by the formula of the book."""
    depth, count = bands_for(threshold)
    assert 1 - (1 - threshold**depth) ** count >= 0.998
