"""Overload: what is above the limit is sampled by chance, or the order of arrival shows."""

import datetime as dt

import numpy as np
import pyarrow as pa

from measures.load.load_cases import START, table
from redan.defences.sampling import fair_sample
from redan.measures.load import arrivals, days_of, over_limit
from redan.measures.load.moments import cut_in_order, drawn_in_order, moments_of
from redan.tables import table_of

COUNTS = [60, 200, 70, 260, 55, 180] * 3


def rows(counts, senders=30, seed=0):
    """Arrival, sender and number of each row, with a daily shape of its own."""
    rng = np.random.default_rng(seed)
    times, who = [], []
    for i, count in enumerate(counts):
        begin = dt.datetime.combine(START + dt.timedelta(days=i), dt.time())
        times += [begin + dt.timedelta(seconds=float(s)) for s in np.sort(rng.beta(2, 3, count)) * 86_000]
        who += [f"s{int(s)}" for s in rng.integers(0, senders, count)]
    return pa.table({"at": pa.array(times, pa.timestamp("us")), "who": who})


def used(pool, counts, limit, choose):
    starts = np.concatenate([[0], np.cumsum(counts)])
    kept = [starts[i] + choose(c, starts[i]) if c > limit else starts[i] + np.arange(c) for i, c in enumerate(counts)]
    return pool.take(np.concatenate(kept))


def judged(pool, taken, limit=100):
    sent, ours = (table_of(t) for t in (pool, taken))
    intervals = arrivals(days_of(sent, "at"), "1 days")
    return drawn_in_order(moments_of(sent, "at", "who", 0), moments_of(ours, "at", "who", 0), intervals, limit)


def test_samples_by_chance_are_fair():
    """Of 30 random samples none is accused at one in a thousand, and few at one in twenty."""
    p_values = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        pool = rows(COUNTS, seed=seed)
        taken = used(pool, COUNTS, 100, lambda c, _, rng=rng: np.sort(rng.permutation(c)[:100]))
        p_values.append(judged(pool, taken).p_value)
    assert min(p_values) > 0.001
    assert np.mean(np.array(p_values) <= 0.05) <= 0.17


def test_a_cap_per_contributor_is_fair():
    """A sample that caps a flood by one sender in the morning is no choice by the order of arrival."""
    pool = rows(COUNTS)
    who = pool["who"].to_pylist()
    early = [i for i, t in enumerate(pool["at"].to_pylist()) if t.hour < 9]
    loud = pool.set_column(1, "who", pa.array(["s0" if i in set(early) else w for i, w in enumerate(who)]))
    names = np.array(loud["who"].to_pylist())
    rng = np.random.default_rng(1)
    taken = used(loud, COUNTS, 100, lambda c, s: fair_sample(c, 100, rng=rng, contributors=names[s : s + c]))
    assert judged(loud, taken).p_value > 0.001


def test_first_come_first_served_is_told():
    """The first hundred, the last hundred and a soft preference for the morning are all told."""
    pool = rows(COUNTS)
    rng = np.random.default_rng(2)

    def soft(count, _):
        weight = np.linspace(2, 1, count)
        return np.sort(rng.choice(count, 100, replace=False, p=weight / weight.sum()))

    for choose in (lambda c, _: np.arange(100), lambda c, _: np.arange(c - 100, c), soft):
        found = judged(pool, used(pool, COUNTS, 100, choose))
        assert found.p_value <= 0.001
    assert judged(pool, used(pool, COUNTS, 100, lambda c, _: np.arange(100))).early


def test_coarse_times_leave_nothing_to_compare():
    """Days alone have no order of arrival."""
    pool = rows(COUNTS)
    dates = pa.array([t.date() for t in pool["at"].to_pylist()])
    pool = pool.set_column(0, "at", dates)
    assert judged(pool, used(pool, COUNTS, 100, lambda c, _: np.arange(100))) is None


def test_without_the_pool_a_cut_shows_in_the_places():
    """Full days that end before noon are told; full days like the others are not."""
    pool = rows(COUNTS)
    rng = np.random.default_rng(3)
    for choose, fair in ((lambda c, _: np.arange(100), False), (lambda c, _: np.sort(rng.permutation(c)[:100]), True)):
        taken = table_of(used(pool, COUNTS, 100, choose))
        intervals = arrivals(days_of(taken, "at"), "1 days")
        p_value, _ = cut_in_order(moments_of(taken, "at", None, 0), intervals, over_limit(intervals, 100).full)
        assert (p_value > 0.001) == fair


def test_the_limit_itself_is_no_overload():
    """Rows up to the limit are within it; one more is over."""
    assert over_limit(arrivals(days_of(table([100, 40]), "at"), "1 days"), 100).over == 0
    assert over_limit(arrivals(days_of(table([101, 40]), "at"), "1 days"), 100).over == 1
