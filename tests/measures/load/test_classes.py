"""Class floods: found in any stretch of time, with a stated chance of false alarms, also when shares vary by nature."""

import numpy as np
import pytest

from measures.load.load_cases import days
from redan.errors import IncompleteError
from redan.measures.load import against, arrivals, class_floods


def shares(rng, length, rows, p, spread=0.0):
    """Counts by day of a class of mean share p and of the rest; one of the rest so that no day is empty."""
    out = []
    for _ in range(length):
        own = rng.beta(p * (1 / spread - 1), (1 - p) * (1 / spread - 1)) if spread else p
        n = rng.poisson(rows)
        k = rng.binomial(n, own)
        out.append([n - k + 1, k])
    return np.array(out)


@pytest.mark.parametrize(
    ("length", "rows", "p", "spread"),
    [(30, 100, 0.2, 0), (60, 200, 0.05, 0), (90, 30, 0.3, 0), (12, 500, 0.5, 0), (45, 300, 0.3, 0.02)],
)
def test_stable_shares_do_not_alarm(length, rows, p, spread):
    """At a stated chance of 1 %, at most 4 of 80 simulated sources see any alarm."""
    alarms = 0
    for seed in range(80):
        counts = shares(np.random.default_rng(seed), length, rows, p, spread)
        alarms += any(c.flood for c in class_floods(arrivals(days(counts), "1 days")))
    assert alarms <= 4


def test_floods_of_a_day_and_of_a_week_are_found():
    """As many rows of one class again as the day holds, and twice the share for five days, in at least 19 of 20."""
    day = week = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        counts = shares(rng, 40, 100, 0.2)
        one = counts.copy()
        one[20, 1] += 100
        worst = class_floods(arrivals(days(one), "1 days"))[1]
        day += worst.flood and worst.window[0] <= 20 <= worst.window[1] <= worst.window[0] + 1
        five = counts.copy()
        five[20:25] = shares(rng, 5, 100, 0.45)
        worst = class_floods(arrivals(days(five), "1 days"))[1]
        week += worst.flood and 17 <= worst.window[0] <= worst.window[1] <= 27
    assert min(day, week) >= 19


def test_a_class_that_was_never_there_is_a_flood():
    """A new class with a quarter of one day's rows is told."""
    counts = np.column_stack([np.full(30, 100), np.zeros(30)])
    counts[15, 1] = 30
    worst = class_floods(arrivals(days(counts), "1 days"))[1]
    assert worst.flood
    assert worst.window == (15, 15)


def test_weekends_with_shares_of_their_own_are_no_flood():
    """A class that rules every weekend does not flood the data."""
    rng = np.random.default_rng(1)
    counts = np.array([[80, 20] if i % 7 < 5 else [40, 60] for i in range(70)])
    counts += rng.integers(0, 4, counts.shape)
    assert not any(c.flood for c in class_floods(arrivals(days(counts), "1 days")))


def test_thin_days_are_joined():
    """Five rows a day are judged in longer stretches, and the window is told in days."""
    counts = shares(np.random.default_rng(3), 120, 8, 0.3)
    counts[60:70, 1] += 12
    worst = class_floods(arrivals(days(counts), "1 days"))[1]
    assert worst.flood
    assert worst.window[0] <= 60 <= worst.window[1] <= 75


@pytest.mark.parametrize("counts", [[[10], [10]], [[1, 1]] * 20, [[200, 100]] * 7])
def test_too_little_is_refused(counts):
    """One class, few rows, few intervals: not enough to learn what is usual."""
    with pytest.raises(IncompleteError):
        class_floods(arrivals(days(counts), "1 days"))


def test_a_reference_needs_no_time():
    """Half against a fifth is a flood, a few per cent more is not, and neither is a class that shrinks."""
    reference = {"ham": 800, "spam": 200}
    assert [c.flood for c in against({"ham": 500, "spam": 500}, reference)] == [False, True]
    assert not any(c.flood for c in against({"ham": 760, "spam": 240}, reference))
    assert not any(c.flood for c in against({"ham": 8, "spam": 5}, reference))
    assert against({"ham": 700, "eggs": 300}, reference)[0].flood


def test_draws_from_the_reference_do_not_alarm():
    """Of 300 samples of the same shares, at most 3 see an alarm."""
    rng = np.random.default_rng(5)
    alarms = 0
    for _ in range(300):
        a, b = (rng.multinomial(400, [0.5, 0.3, 0.15, 0.05]) for _ in range(2))
        alarms += any(c.flood for c in against(*({str(i): int(v) for i, v in enumerate(x)} for x in (a, b))))
    assert alarms <= 3
