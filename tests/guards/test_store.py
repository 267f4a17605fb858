"""The store beside a naive twin: exact rates, all or nothing, nothing taken twice, bounded memory."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redan.exchange.flow import Claim
from redan.exchange.problem import Problem, RefusedError
from redan.guards.store import NONCE, RATE, TOTAL, MemoryStore


class Twin:
    """Everything that was ever taken, searched from the start for each claim."""

    def __init__(self):
        self.nonces = {}  # until when each may not come again
        self.buckets = {}  # level at a time
        self.spent = {}

    def spend(self, claims, now):
        nonces, buckets, spent = dict(self.nonces), dict(self.buckets), dict(self.spent)
        for claim in claims:
            if claim.kind == NONCE:
                if nonces.get(claim.key, -math.inf) > now:
                    return claim
                nonces[claim.key] = now + claim.period
            elif claim.kind == TOTAL:
                spent[claim.key] = spent.get(claim.key, 0) + claim.amount
                if spent[claim.key] > claim.limit:
                    return claim
            else:
                level, since = buckets.get(claim.key, (claim.limit, now))
                level = min(claim.limit, level + (now - since) / claim.period)
                if level + 1e-6 < claim.amount:
                    return claim
                buckets[claim.key] = (level - claim.amount, max(now, since))
        self.nonces, self.buckets, self.spent = nonces, buckets, spent
        return None


RATES = {"rate/a": (3, 2.0), "rate/b": (10, 0.5), "rows/a": (100, 1.0)}
CLAIMS = st.one_of(
    st.builds(
        lambda key, amount: Claim(RATE, key, amount, *RATES[key]), st.sampled_from(sorted(RATES)), st.integers(1, 12)
    ),
    st.builds(
        lambda key, amount: Claim(TOTAL, key, amount, 40, 0), st.sampled_from(["leak/a", "leak/b"]), st.integers(0, 9)
    ),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 8), st.lists(CLAIMS, min_size=1, max_size=4)), max_size=40))
def test_twin(requests):
    """A leaky bucket that is looked at from the start decides as the store does, several claims on one key included."""
    store, twin, now = MemoryStore(), Twin(), 1000.0
    for wait, claims in requests:
        now += wait
        assert store.spend(claims, now).denied == twin.spend(claims, now)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 40), st.sampled_from("abc"), st.sampled_from([10.0, 30.0])), max_size=60))
def test_nonces_are_never_taken_twice_in_their_time(requests):
    """R25: a nonce that the twin still knows is refused; it may be known for longer, never for less."""
    store, twin, now = MemoryStore(), Twin(), 0.0
    for wait, key, period in requests:
        now += wait
        claim = Claim(NONCE, key, 1, 0, period)
        denied = store.spend([claim], now).denied
        if twin.nonces.get(key, -math.inf) > now:
            assert denied is not None
        elif denied is None:
            twin.nonces[key] = now + period
    gone = Claim(NONCE, "z", 1, 0, 30.0)
    assert store.spend([gone], now).denied is None
    assert store.spend([gone], now + 61).denied is None, "after two generations it is forgotten"


@settings(max_examples=100, deadline=None)
@given(st.floats(0.1, 50), st.integers(1, 20), st.floats(0.01, 200), st.integers(1, 300))
def test_no_window_holds_more_than_agreed(rate, burst, asked, count):
    """In any stretch of time, no more is taken than the burst and what came back in it."""
    store, taken = MemoryStore(), []
    for i in range(count):
        now = 1e9 + i / asked
        if store.spend([Claim(RATE, "r", 1, burst, 1 / rate)], now).denied is None:
            taken.append(now)
    for i, start in enumerate(taken):
        for j in range(i, len(taken)):
            assert j - i + 1 <= burst + (taken[j] - start) * rate + 1e-3


def test_retry_after_is_exact():
    """Asking again after the stated time succeeds, and shortly before it does not."""
    store, claim = MemoryStore(), Claim(RATE, "r", 2, 4, 0.5)
    assert [store.spend([claim], 100.0).denied for _ in range(2)] == [None, None]
    wait = store.spend([claim], 100.0).retry_after
    assert wait == pytest.approx(1.0)
    assert store.spend([claim], 100.0 + wait - 0.01).denied is claim
    assert store.spend([claim], 100.0 + wait).denied is None
    assert store.spend([claim._replace(amount=5)], 1e6).retry_after == math.inf


def test_all_or_nothing():
    """A claim that cannot be taken leaves all others untouched, wherever it stands."""
    nonce, rate, empty = Claim(NONCE, "n", 1, 0, 60), Claim(RATE, "r", 1, 1, 1.0), Claim(TOTAL, "t", 1, 0, 0)
    for order in ([nonce, rate, empty], [empty, nonce, rate], [rate, empty, nonce]):
        store = MemoryStore()
        for _ in range(3):
            assert store.spend(order, 0.0).denied is empty
        assert store.spend([nonce, rate], 0.0).denied is None
        assert store.spend([nonce], 0.0).denied is nonce
        assert store.spend([rate], 0.0).denied is rate


@pytest.mark.parametrize("amount", [math.nan, math.inf])
def test_amounts_that_are_no_numbers(amount):
    """What cannot be compared is not taken."""
    store = MemoryStore()
    for claim in (Claim(RATE, "r", amount, 5, 1.0), Claim(TOTAL, "t", amount, 5, 0)):
        assert store.spend([claim], 0.0).denied is claim
    assert store.spend([Claim(TOTAL, "t", 5, 5, 0)], 0.0).denied is None


def test_graded_response():
    """A factor lowers burst and rate, none lets through, and one takes it back."""
    store, claim = MemoryStore(), Claim(RATE, "r", 1, 8, 1.0, "a/m")

    def taken(now):
        return sum(store.spend([claim], now).denied is None for _ in range(20))

    assert taken(0.0) == 8
    store.scale("a/m", 0.25)
    assert taken(10_000.0) == 8
    assert taken(10_004.0) == 1
    store.scale("a/m", 0.0)
    assert taken(20_000.0) == 0
    store.scale("a/m", 1.0)
    assert taken(30_000.0) == 8


def test_memory_is_bounded():
    """A full store refuses, and takes nothing; what is full again makes place."""
    store = MemoryStore(nonces=10, keys=10)
    for i in range(10):
        assert store.spend([Claim(NONCE, str(i), 1, 0, 60)], 0.0).denied is None
    for _ in range(2):
        with pytest.raises(RefusedError) as caught:
            store.spend([Claim(RATE, "r0", 1, 1, 5.0), Claim(NONCE, "more", 1, 0, 60)], 0.0)
        assert caught.value.refusal.problem is Problem.UNREADY
    assert store.spend([Claim(RATE, "r0", 1, 1, 5.0)], 0.0).denied is None, "the refused request had spent nothing"
    assert store.spend([Claim(NONCE, "more", 1, 0, 60)], 61.0).denied is None
    for i in range(1, 11):
        assert store.spend([Claim(RATE, f"r{i}", 1, 2, 5.0)], 61.0).denied is None
    assert store.spend([Claim(RATE, "r1", 1, 2, 5.0)], 61.0).denied is None, "who is known is not pushed out"
    with pytest.raises(RefusedError):
        store.spend([Claim(TOTAL, "t", 1, 5, 0)], 62.0)
    assert store.spend([Claim(TOTAL, "t", 1, 5, 0)], 70.0).denied is None


def test_nonces_of_a_flood_are_forgotten():
    """However many come, no more than two generations are held."""
    store = MemoryStore()
    for i in range(5000):
        assert store.spend([Claim(NONCE, str(i), 1, 0, 10.0)], i * 0.1).denied is None
    assert len(store._young) + len(store._old) <= 2 * 101
