"""Mondrian keeps what it promises on any table, says what it cost, and writes words that mean the values."""

import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redan.defences.anonymise import anonymise
from redan.defences.generalised import axis
from redan.errors import IncompleteError, InputError, UsageError
from redan.measures.anonymity import k_anonymity, l_diversity, t_closeness


def people(seed, n=400):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "age": rng.integers(18, 90, n),
            "zip": [f"{z:05d}" for z in rng.integers(10_000, 99_999, n)],
            "sex": rng.choice(["f", "m"], n),
            "born": pd.Timestamp("1950-01-01") + pd.to_timedelta(rng.integers(0, 15_000, n), unit="D"),
            "pay": np.where(rng.random(n) < 0.1, np.nan, rng.gamma(2, 1e4, n)),
            "ill": rng.choice(list("pqrs"), n, p=[0.55, 0.25, 0.15, 0.05]),
            "who": rng.integers(0, n // 2, n),
        }
    )


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 25), st.integers(1, 3), st.sampled_from([None, 0.4, 0.6]))
def test_what_was_asked_holds_when_it_is_measured(seed, k, least, t):
    """k, l and t of the written rows are at least what was asked, measured by functions that know nothing of Mondrian."""
    quasi = ["age", "zip", "sex", "pay"]
    rows = anonymise(people(seed), quasi, k=k, sensitive=["ill"], least=least, t=t).rows
    assert k_anonymity(rows, quasi).k >= k
    assert l_diversity(rows, quasi, "ill").l >= least
    assert t is None or t_closeness(rows, quasi, "ill").t <= t + 1e-12


@pytest.mark.parametrize("seed", range(3))
def test_persons_of_several_rows_are_counted_once(seed):
    """With a column of persons, each group has k of them."""
    rows = anonymise(people(seed), ["age", "sex"], k=6, person="who").rows
    assert k_anonymity(rows, ["age", "sex"], person="who").k >= 6


@pytest.mark.parametrize("seed", range(3))
def test_closeness_of_numbers_holds_when_it_is_measured(seed):
    """A sensitive number is guarded by the same bins as it is measured with."""
    rows = anonymise(people(seed, 1500), ["born", "sex"], k=4, sensitive=["pay"], t=0.25).rows
    assert t_closeness(rows, ["born", "sex"], "pay").t <= 0.25 + 1e-9


def test_values_lie_in_their_words_and_other_columns_stay():
    """Every number lies in the range that stands for it, rows keep their order, and other columns are untouched."""
    data = people(1)
    rows = anonymise(data, ["age", "zip"], k=5).rows.to_pandas()
    for age, words in zip(data["age"], rows["age"], strict=True):
        low, _, high = str(words).partition(" to ")
        assert float(low) <= age <= float(high or low)
    for code, words in zip(data["zip"], rows["zip"], strict=True):
        assert code in words or words[0] <= code[0] or code.startswith(words.rstrip("*"))
    assert (rows["ill"] == data["ill"]).all()
    assert rows.columns.tolist() == data.columns.tolist()


def test_k_of_one_costs_nothing_and_more_costs_more():
    """The loss rises with k, from nothing to something below everything."""
    losses = [anonymise(people(2), ["age", "zip", "sex"], k=k).loss.whole for k in (1, 3, 10, 50)]
    assert losses[0] == 0.0
    assert losses == sorted(losses)
    assert losses[-1] < 1.0
    same = anonymise(people(2), ["age", "zip"], k=1).rows
    assert same.to_pandas()["age"].tolist() == people(2)["age"].tolist()


def test_one_group_of_all_loses_everything():
    """When only one group is possible every value is taken out, and the rows are told as wiped."""
    data = pd.DataFrame({"a": range(6), "b": list("uvwxyz")})
    done = anonymise(data, ["a", "b"], k=6)
    assert done.rows.to_pandas()["a"].unique().tolist() == ["*"]
    assert (done.loss.whole, done.loss.groups, done.wiped) == (1.0, 1, 6)


def test_suppressed_rows_stay_and_are_counted():
    """Rows in which everything was taken out before are in no group and remain as they were."""
    data = pd.DataFrame({"a": [1, 2, 3, 4, None, None], "b": ["x", "x", "y", "y", "*", None]})
    done = anonymise(data, ["a", "b"], k=2)
    assert done.suppressed == 2
    assert done.loss.groups == 2
    assert k_anonymity(done.rows, ["a", "b"]).suppressed == 2


def test_what_cannot_be_reached_is_refused_with_its_reason():
    """Too few persons, too few values and contradicting options."""
    data = people(3, 20)
    for options in ({"k": 21}, {"sensitive": ["ill"], "least": 9}, {"k": 15, "person": "who"}):
        with pytest.raises(IncompleteError):
            anonymise(data, ["age"], **options)
    for columns, options in ((["age"], {"sensitive": ["age"]}), ([], {}), (["age"], {"k": 0}), (["age"], {"t": 2.0})):
        with pytest.raises(UsageError):
            anonymise(data, columns, **options)
    with pytest.raises(InputError):
        anonymise(data, ["ghost"])
    with pytest.raises(InputError):
        anonymise(pl.DataFrame({"a": [[1], [2]]}), ["a"], k=1)


def test_hostile_columns_are_generalised():
    """All-null, constant, infinite, mixed-length, boolean, long and dated columns come through."""
    rng = np.random.default_rng(0)
    n = 60
    data = pl.DataFrame(
        {
            "null": pl.Series([None] * n, dtype=pl.String),
            "constant": ["x"] * n,
            "infinite": [float("inf"), float("-inf"), float("nan"), *rng.normal(size=n - 3).tolist()],
            "flag": rng.random(n) < 0.5,
            "long": [c * 100_000 for c in rng.choice(list("abc"), n)],
            "day": [dt.date(1990, 1, 1) + dt.timedelta(days=int(d)) for d in rng.integers(0, 9000, n)],
            "moment": [
                dt.datetime(2020, 1, 1, tzinfo=dt.UTC) + dt.timedelta(hours=int(h)) for h in rng.integers(0, 9000, n)
            ],
        }
    )
    done = anonymise(data, data.columns, k=5)
    assert k_anonymity(done.rows, data.columns).k >= 5
    assert all(len(str(v)) < 300 for v in done.rows["long"].to_pylist())


def test_an_empty_table_stays_empty():
    """No row, no group, no loss."""
    done = anonymise(pl.DataFrame({"a": []}, schema={"a": pl.Int64}), ["a"], k=5)
    assert (done.rows.num_rows, done.loss.groups) == (0, 0)


def test_one_extreme_value_does_not_blind_the_cuts():
    """A planted age of a billion leaves the loss of all others as it was: width counts distinct values, not range."""
    data = people(4)
    plain = anonymise(data, ["age", "zip"], k=5).loss.whole
    data.loc[0, "age"] = 10**9
    assert anonymise(data, ["age", "zip"], k=5).loss.whole < plain * 1.1


def test_groups_stay_below_twice_k():
    """On 20,000 distinct rows groups are below twice k on average, which is Mondrian's own bound."""
    rng = np.random.default_rng(5)
    n = 20_000
    data = pd.DataFrame({f"q{i}": rng.normal(size=n) for i in range(4)})
    done = anonymise(data, list(data), k=10)
    assert 1.0 <= done.loss.average < 2.0


def said(values, chosen):
    one = axis("c", pa.chunked_array([pa.array(values)]))
    return one.said(one.ranks[np.array(chosen)])


@pytest.mark.parametrize(
    ("values", "chosen", "text"),
    [
        ([1, 5, 9, 20], [0, 1], "1 to 5"),
        ([1, 5, 9, None], [0, 3], "1 or missing"),
        ([1, None, None], [1, 2], None),
        (["12345", "12399", "90000", "12377"], [0, 1, 3], "123**"),
        ([*(f"12{i:03d}" for i in range(100)), "90000"], [*range(100)], "120**"),
        (["9", "10", "200"], [0, 1], "9 to 10"),
        (["red", "green", "blue"], [0, 1], "{green, red}"),
        (["17", "204", "9", "3x"], [0, 1], "{17, 204}"),
        ([True, False], [0, 1], "*"),
        ([0.1, 0.25, 0.5], [1, 2], "0.25 to 0.5"),
        ([dt.date(2020, 1, 1), dt.date(2021, 1, 1), dt.date(2022, 1, 1)], [0, 1], "2020-01-01 to 2021-01-01"),
    ],
)
def test_words_for_values(values, chosen, text):
    """Ranges, sets, beginnings of codes, and missing values."""
    assert said(values, chosen).text == text


def test_loss_of_words_counts_the_values_they_stand_for():
    """A value told exactly loses nothing, all values lose everything, the middle of ten between lose their share."""
    values = list(range(11))
    assert said(values, [3]).loss == 0.0
    assert said(values, values).loss == 1.0
    assert said(values, [2, 6]).loss == pytest.approx(0.4)
