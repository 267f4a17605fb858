"""Shared rows, near duplicates and re-encoded copies: planted ones are found, chance ones are not called leaks."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from redan.measures.leakage import Coincidence, Null, counters, judged, shared_rows
from redan.measures.near_duplicates import copies_stand_alone, near_duplicates, stand_alone
from redan.measures.overlap import comparable_times, shared_identifiers, shared_values, times
from redan.measures.reencoding import order_kept, reencoded_copies
from redan.measures.twins import tolerance_of
from redan.tables import table_of


def frame(rng, rows, numbers=12, words=4, levels=6):
    """Independent rows of numbers and words."""
    columns = {f"x{i}": rng.normal(size=rows) * (i + 1) for i in range(numbers)}
    shares = np.arange(levels, 0, -1) / np.arange(levels, 0, -1).sum()
    letters = np.array(list("abcdefghij"[:levels]))
    return pd.DataFrame(columns | {f"c{i}": rng.choice(letters, rows, p=shares) for i in range(words)})


def leaked(evaluation, train, seed=0):
    """The verdict of the exact check's two parts."""
    e, t = table_of(evaluation), table_of(train)
    found = shared_rows(e, t, e.columns)
    alone = found.rows > 0 and copies_stand_alone(e, t, e.columns, np.random.default_rng(seed))
    return found.excess or alone, found


def near(evaluation, train, seed=0):
    """The near-duplicate finding."""
    e, t = table_of(evaluation), table_of(train)
    return near_duplicates(e, t, e.columns, np.random.default_rng(seed))


def recoded(evaluation, train, seed=0):
    """The re-encoding finding."""
    e, t = table_of(evaluation), table_of(train)
    return reencoded_copies(e, t, (e.columns, t.columns), np.random.default_rng(seed))


def mixed_rows(rng, count, integers):
    """Rows of small numbers and words, with missing values, NaN and -0.0."""
    pick = lambda *values: [values[i] for i in rng.integers(0, len(values), count)]  # noqa: E731
    schema = pa.schema([("i", integers), ("f", pa.float64()), ("s", pa.string())])
    numbers = [None if v is None else (float(v) if integers == pa.float64() else v) for v in pick(-1, 0, 1, None)]
    return pa.table([numbers, pick(0.0, -0.0, 0.5, None, float("nan")), pick("a", "b", "", None)], schema=schema)


@pytest.mark.parametrize("seed", range(6))
def test_shared_rows_is_a_loop_over_rows(seed):
    """The count equals that of a Python set; missing equals missing, -0.0 equals 0.0, 1 equals 1.0."""
    rng = np.random.default_rng(seed)
    evaluation, train = mixed_rows(rng, 60, pa.int64()), mixed_rows(rng, 12, pa.float64())

    def keys(table):
        return [tuple(None if v != v else (0 if v == 0 else v) for v in r.values()) for r in table.to_pylist()]  # noqa: PLR0124

    naive = sum(k in set(keys(train)) for k in keys(evaluation))
    assert shared_rows(table_of(evaluation), table_of(train), ("i", "f", "s")).rows == naive


@pytest.mark.parametrize("copied", [1, 5, 300])
def test_copies_are_found(copied):
    """One copied row of distinctive values is a leak, and the count is exact."""
    rng = np.random.default_rng(1)
    train, test = frame(rng, 1500), frame(rng, 400)
    test.iloc[:copied] = train.iloc[:copied].to_numpy()
    verdict, found = leaked(test.astype(train.dtypes), train)
    assert (verdict, found.rows) == (True, copied)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("numbers", "words", "levels"), [(12, 4, 6), (0, 6, 4), (0, 10, 4), (0, 20, 2), (1, 1, 2), (0, 2, 3)]
)
def test_chance_is_no_leak(seed, numbers, words, levels):
    """Independent rows are neither shared, near nor re-encoded, however few values the columns have."""
    rng = np.random.default_rng(seed)
    rows = frame(rng, 2400, numbers, words, levels)
    test, train = rows.iloc[:600], rows.iloc[600:]
    assert not leaked(test, train)[0]
    assert not near(test, train).near.leaked
    assert not recoded(test, train).copied


def test_copies_among_many_coincidences_are_found():
    """Copies show as an excess where chance alone makes rows coincide."""
    rng = np.random.default_rng(2)
    train, test = frame(rng, 20_000, 0, 10, 4), frame(rng, 5_000, 0, 10, 4)
    assert leaked(test, train)[1].rows > 0
    rare = train.drop_duplicates(keep=False).iloc[:500]
    test.iloc[:500] = rare.to_numpy()
    verdict, found = leaked(test, train)
    assert verdict
    assert found.excess


def test_oversampling_before_the_split_is_found():
    """Rows repeated before the split are in both sets; that training rows repeat as well is no excuse."""
    rng = np.random.default_rng(3)
    pool = frame(rng, 400)
    rows = pool.iloc[rng.permutation(np.repeat(np.arange(400), 5))]
    assert leaked(rows.iloc[:500], rows.iloc[500:])[0]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("changed", [1, 2])
def test_near_duplicates_are_recalled(seed, changed):
    """At least 99 of 100 rows with one or two columns changed are found, and none of unrelated rows."""
    rng = np.random.default_rng(seed)
    train, fresh = frame(rng, 3000), frame(rng, 1000)
    test = train.iloc[:1000].reset_index(drop=True)
    for row in range(1000):
        for column in rng.choice(test.columns, changed, replace=False):
            test.loc[row, column] = fresh.loc[row, column]
    untouched = (test.to_numpy() == train.iloc[:1000].to_numpy()).all(axis=1).sum()
    found = near(test, train)
    assert found.near.rows >= 0.99 * (1000 - untouched)
    assert found.near.leaked
    assert near(fresh, train).near.rows == 0


@pytest.mark.parametrize("noise", [0.001, 0.01, 0.03])
def test_noise_is_seen_through(noise):
    """Rows whose numbers all moved by up to three hundredths of the spread are found."""
    rng = np.random.default_rng(5)
    train = frame(rng, 2000)
    test = train.iloc[:500].copy()
    for i in range(12):
        test[f"x{i}"] += rng.normal(size=500) * noise * (i + 1)
    found = near(test, train)
    assert found.near.rows >= 495
    assert found.near.leaked


def test_wide_and_narrow_tables_behave():
    """Two columns and two hundred columns give answers."""
    rng = np.random.default_rng(6)
    wide = frame(rng, 400, 150, 60)
    assert not near(wide.iloc[:100], wide.iloc[100:]).near.leaked
    test = wide.iloc[100:160].copy()
    test.iloc[:, 3:9] = wide.iloc[:60, 3:9].to_numpy()
    assert near(test, wide.iloc[100:]).near.rows >= 59
    assert [tolerance_of(k) for k in (1, 2, 3, 7, 60, 200, 2000)] == [0, 0, 1, 2, 3, 8, 8]


def test_flood_of_equal_rows_is_linear():
    """A hundred thousand equal rows do not make ten thousand million pairs."""
    train = pd.DataFrame({f"c{i}": ["x"] * 100_000 for i in range(6)})
    found = near(train.iloc[:5_000], train)
    assert found.exact == 5_000
    assert found.near.rows == 0


def recode(rows, rng):
    """Numbers to another unit, words to codes."""
    out = {}
    for name in rows.columns:
        if name.startswith("x"):
            out[name] = rows[name] * rng.uniform(0.1, 10) + rng.normal()
        else:
            words = rng.permutation(rows[name].unique())
            out[name] = rows[name].map({w: i for i, w in enumerate(words)})
    return pd.DataFrame(out)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("rename", [False, True])
def test_reencoded_copies_are_found_and_new_rows_are_not(seed, rename):
    """Rescaled, relabelled and renamed copies are recognised; other rows in the same encoding are not."""
    rng = np.random.default_rng(seed)
    train = frame(rng, 2000, 8, 4, 4)
    copies, others = recode(train.iloc[:400], rng), recode(frame(rng, 400, 8, 4, 4), rng)
    if rename:
        copies.columns = others.columns = [f"v{i}" for i in range(copies.shape[1])]
    found, clean = recoded(copies, train), recoded(others, train)
    assert found.copied
    assert found.pairs.rows >= 390
    assert not clean.copied
    assert clean.power


def test_reversed_and_logarithmic_columns():
    """Any monotone change is seen through, falling ones too when columns are related."""
    rng = np.random.default_rng(9)
    train = frame(rng, 2000, 8, 2)
    for i in range(1, 8):
        train[f"x{i}"] += train["x0"] * (i + 1)
    copies = train.iloc[:500].copy()
    copies["x1"], copies["x2"] = -copies["x1"], np.exp(copies["x2"] / 10)
    copies[[f"x{i}" for i in range(3, 8)]] *= 3.0
    assert recoded(copies, train).copied


def test_plain_copies_are_left_to_the_other_checks():
    """Rows copied as they stand are not reported twice."""
    train = frame(np.random.default_rng(4), 1000)
    assert not recoded(train.iloc[:300], train).copied


def test_no_power_is_said():
    """Tables that cannot show a re-encoded copy say so."""
    rng = np.random.default_rng(4)
    assert not recoded(frame(rng, 100, 1, 1), frame(rng, 300, 1, 1)).power
    assert not recoded(frame(rng, 10), frame(rng, 300)).power


def test_order_kept():
    """True pairs keep every order, unrelated ones about half."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=500)
    assert order_kept(x, 3 * x + 1) == 1.0
    assert order_kept(x, -x) == 0.0
    assert 0.4 < order_kept(x, rng.normal(size=500)) < 0.6
    assert order_kept(x[:10], x[:10]) == 0.0


@pytest.mark.slow
def test_false_alarms_of_the_excess_test():
    """Over 400 pairs of independent tables with coincidences, at most one in a hundred is called an excess."""
    alarms = 0
    for seed in range(400):
        rng = np.random.default_rng(seed)
        rows = rng.zipf(1.3, 1300) % 5000
        left, right = np.unique(rows[:300], return_counts=True), np.unique(rows[300:], return_counts=True)
        inside = left[1][np.isin(left[0], right[0])]
        nulls = (Null(right[1][right[1] > 1], 1000), Null(left[1][left[1] > 1], 300, 1000 / 300))
        alarms += judged(inside, 300, nulls).excess
    assert alarms <= 4


def test_stand_alone():
    """Chance leaves near misses; copies do not; few copies need distinctive columns."""
    assert stand_alone(1, 0, 10_000.0)
    assert not stand_alone(1, 0, 10.0)
    assert stand_alone(20, 0, 0.0)
    assert not stand_alone(20, 21, 10_000.0)
    assert not stand_alone(0, 0, 10_000.0)


def test_coincidence_interval_and_threshold():
    """What is not in excess is within what chance explains; where that is everything, there is no power to tell."""
    found = Coincidence(rows=5, n=10, expected=0.0, spread=2.0)
    assert not found.excess
    assert found.explained == 6
    assert not found.powerless
    assert Coincidence(rows=5, n=6, expected=0.0, spread=2.0).powerless
    assert not Coincidence(rows=0, n=0, expected=0.0, spread=0.0).powerless
    assert found.interval.low <= 5 <= found.interval.high


def test_overlap():
    """Contributors, keys and periods, with counters and unlike clocks told apart."""

    def day(*numbers):
        return pd.to_datetime([f"2024-01-{x:02}" for x in numbers])

    e = table_of(pd.DataFrame({"who": ["a", "b", None], "id": [1, 2, 3], "t": day(10, 11, 12), "w": ["x", "y", "z"]}))
    t = table_of(
        pd.DataFrame({"by": ["b", "c", None, "b"], "id": [1, 2, 3, 9], "t": day(1, 2, 3, 11), "w": list("pqrs")})
    )
    assert shared_values(e, t, "who", "by").keys == 1
    assert shared_identifiers(e, t, "id") is None
    assert counters(e, e.columns) == ("id",)
    assert comparable_times(e, t, "t", "t")
    assert not comparable_times(e, t, "t", "w")
    found = times(e, t, "t", "t")
    assert (found.overlap, found.inside, found.rows) == (True, 2, 3)
    touching = times(e, table_of(pd.DataFrame({"t": day(1, 10)})), "t", "t")
    assert touching.overlap
    assert not times(e, table_of(pd.DataFrame({"t": day(1, 9)})), "t", "t").overlap


def test_reencoded_copies_under_new_names_beside_an_old_label():
    """A label that keeps its name does not hide that every other column was renamed and rescaled."""
    rng = np.random.default_rng(5)
    train = frame(rng, 400).assign(label=rng.choice(["a", "b"], 400))

    def disguised(rows):
        scaled = {f"v{c}": rows[c] * 0.37 - 2 for c in train.columns if c.startswith("x")}
        return pd.DataFrame(scaled).assign(label=rows["label"])

    assert recoded(disguised(train[:200]), train).copied
    fresh = frame(rng, 200).assign(label=rng.choice(["a", "b"], 200))
    assert not recoded(disguised(fresh), train).copied
