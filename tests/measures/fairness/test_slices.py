"""The worst slice: planted ones are found, luck is not, and what is told was measured on unseen rows."""

import datetime as dt
from itertools import combinations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redan.errors import IncompleteError
from redan.measures.fairness import answers, conditions, halves, slice_findings, slice_rows, worst_slices
from redan.measures.fairness.slices import LEAST_ROWS, _score
from redan.tables import table_of
from redan.terms import Outcome

TODAY = dt.date(2026, 6, 1)


def inputs(n, rng):
    return pd.DataFrame(
        {"region": rng.choice(list("nsew"), n), "amount": rng.gamma(2, 50, n), "hour": rng.integers(0, 24, n)}
    )


def searched(rows, missed, rng):
    found = conditions(pa.Table.from_pandas(rows), list(rows.columns), 20)
    return worst_slices(found, missed, halves(np.arange(len(missed)), rng))


@pytest.mark.parametrize("seed", range(5))
def test_a_planted_corner_is_found(seed):
    """Large amounts in the west are missed 80 times in 100, the rest 10 times."""
    rng = np.random.default_rng(seed)
    rows = inputs(1500, rng)
    corner = (rows.region == "w") & (rows.amount > rows.amount.median())
    worst = searched(rows, rng.random(1500) < np.where(corner, 0.8, 0.1), rng).worst
    assert any("region = w" in text for text in worst.conditions)
    assert worst.excess.low > 0.2


def test_luck_is_not_confirmed():
    """Misses at random: what the search thinks is 0.1 worse or more is confirmed beyond 0 in at most 5 % of 200 draws."""
    alarms, hopes = 0, []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        found = searched(inputs(600, rng), rng.random(600) < 0.2, rng)
        alarms += found.worst is not None and found.worst.excess.low > 0
        hopes += [s.searched - 0.2 for s in found.slices[1:2]]
    assert alarms <= 0.05 * 200 + 2 * np.sqrt(200 * 0.05 * 0.95)
    assert np.mean(hopes) > 0.1


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_depth_two_is_exhaustive_where_the_beam_is_wide_enough(seed):
    """On few conditions the best pair of the search is the best of all pairs, scored by hand."""
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame({"a": rng.choice(list("xy"), 400), "b": rng.choice(list("uvw"), 400)})
    missed = rng.random(400) < np.where((rows.a == "x") & (rows.b == "v"), 0.6, 0.2)
    found = conditions(pa.Table.from_pandas(rows), ["a", "b"], 20)
    half = np.ones(400, dtype=bool)
    half[::2] = False
    search = worst_slices(found, missed, half, depth=2)
    masks = [(c,) for c in found] + [p for p in combinations(found, 2) if p[0].feature != p[1].feature]
    best = max(_by_hand(parts, missed, half) for parts in masks)
    told = max(_by_hand([c for c in found if c.text in s.conditions], missed, half) for s in search.slices)
    assert told == pytest.approx(best)


def _by_hand(parts, missed, half):
    inside = half.copy()
    for part in parts:
        inside &= part.rows
    if inside.sum() < LEAST_ROWS:
        return -1.0
    return float(_score(np.array([missed[inside].sum()], np.float32), np.array([inside.sum()], np.float32))[0])


def test_figures_are_those_of_the_hold_out():
    """Misses and rows inside and outside add up to the half that was not searched."""
    rng = np.random.default_rng(0)
    rows = inputs(800, rng)
    missed = rng.random(800) < np.where(rows.region == "n", 0.7, 0.1)
    found = searched(rows, missed, rng)
    assert found.searched + found.whole.trials == 800
    for one in found.slices:
        assert one.inside.trials + one.outside.trials == found.whole.trials
        assert one.inside.hits + one.outside.hits == found.whole.hits
        assert [s.trials for s in one.path] == sorted((s.trials for s in one.path), reverse=True)


def test_copies_stay_on_one_side():
    """All copies of a row are searched, or none is."""
    copies = np.random.default_rng(0).integers(0, 50, 500)
    half = halves(copies, np.random.default_rng(1))
    assert all(len(set(half[copies == c])) == 1 for c in set(copies))
    assert 0.2 < half.mean() < 0.8


def test_conditions_of_every_kind_of_column():
    """Words, numbers, moments, bools, blanks; prose, nested values and single values give none."""
    n = 400
    rng = np.random.default_rng(0)
    rows = pa.table(
        {
            "word": rng.choice(["a", "b"], n),
            "number": rng.normal(size=n),
            "gaps": [None if i % 4 == 0 else float(i) for i in range(n)],
            "ends": np.where(rng.random(n) < 0.2, np.inf, rng.normal(size=n)),
            "day": [dt.date(2020, 1, 1) + dt.timedelta(days=i) for i in range(n)],
            "flag": rng.random(n) < 0.5,
            "prose": [f"some words about a thing number {i}" for i in range(n)],
            "list": [[i] for i in range(n)],
            "bytes": [b"x"] * n,
            "one": ["same"] * n,
            "null": pa.nulls(n),
            "clock": pa.array([i % 3600 for i in range(n)], pa.time32("s")),
            "coded": pa.array(rng.choice(["k", "l", "m"], n)).dictionary_encode(),
        }
    )
    found = conditions(rows, rows.column_names, 20)
    named = {c.feature for c in found}
    assert named == {"word", "number", "gaps", "ends", "day", "flag", "coded"}
    assert "gaps missing" in {c.text for c in found}
    assert all(20 <= c.rows.sum() <= n - 20 for c in found)
    assert len({c.rows.tobytes() for c in found}) == len(found)


def test_levels_of_many_are_told_by_rank():
    """A column of two hundred words is cut, but no word of it is shown."""
    words = [f"street{i % 200 if i % 3 else 0}" for i in range(3000)]
    found = conditions(pa.table({"s": words}), ["s"], 10)
    assert found
    assert not any("street" in c.text for c in found)


def make(n=1200, seed=0, rate=None):
    rng = np.random.default_rng(seed)
    rows = inputs(n, rng)
    rows["y"] = np.where(rng.random(n) < 0.5, "fraud", "ok")
    miss = np.full(n, 0.1) if rate is None else rate(rows)
    wrong = np.where(rows.y == "fraud", rng.random(n) < miss, rng.random(n) < 0.05)
    rows["p"] = np.where(wrong, np.where(rows.y == "fraud", "ok", "fraud"), rows.y)
    return rows


def told(rows, seed=0, features=None, margin=0.2):
    found = answers(table_of(rows), "y", "p", "fraud")
    return slice_findings("C/x", "data", found, features, margin=margin, today=TODAY, rng=np.random.default_rng(seed))[
        0
    ]


def test_scores_and_numbers_of_rows_are_no_inputs():
    """The model's score, a copy of its answer and a row number are left out; the score would make any model look bad."""
    rng = np.random.default_rng(1)
    rows = make()
    rows["score"] = np.where(rows.p == "fraud", 0.5, 0.0) + 0.4 * rng.random(len(rows))
    rows["again"] = np.where(rows.p == "fraud", "A", "B")
    rows["line"] = np.arange(len(rows))
    found = slice_rows(answers(table_of(rows), "y", "p", "fraud"), None, today=TODAY, rng=rng)
    assert found.echoes == ("score", "again")
    assert {c.feature for c in found.conditions} == {"region", "amount", "hour"}
    assert told(rows).outcome is Outcome.HOLDS


@pytest.mark.parametrize("seed", range(3))
def test_outcomes_of_planted_even_and_few_rows(seed):
    """A region that is missed is broken, evenly missed rows hold, a hundred rows give no power."""
    bad = make(seed=seed, rate=lambda r: np.where(r.region == "s", 0.7, 0.1))
    assert told(bad, seed).outcome is Outcome.BROKEN
    assert told(make(seed=seed), seed).outcome is Outcome.HOLDS
    few = told(make(100, seed), seed)
    assert few.outcome is Outcome.NOT_RUN
    assert told(make(300, seed), seed).outcome is Outcome.NOT_RUN


def test_power_is_measured_and_said():
    """The number of planted slices that were found stands in the message and the detail."""
    finding = told(make(), 2)
    assert f"{finding.detail['planted_found']} of 10 planted slices were found" in finding.message


def test_models_that_miss_everything_give_no_answer():
    """Where all is missed, no region can be worse."""
    rows = make(rate=lambda r: np.full(len(r), 0.97))
    assert told(rows).outcome is Outcome.NOT_RUN


def test_several_classes_count_every_error():
    """Without a class that matters, the slice of most errors is searched."""
    rng = np.random.default_rng(0)
    rows = inputs(1500, rng)
    rows["y"] = rng.choice(list("abc"), 1500)
    wrong = rng.random(1500) < np.where(rows.region == "e", 0.7, 0.1)
    rows["p"] = np.where(wrong, rows.y.map({"a": "b", "b": "c", "c": "a"}), rows.y)
    found = slice_findings(
        "C/x", "data", answers(table_of(rows), "y", "p"), None, margin=0.2, today=TODAY, rng=np.random.default_rng(0)
    )[0]
    assert found.outcome is Outcome.BROKEN
    assert "region = e" in found.message


def test_nothing_to_search_is_said():
    """Only an identifier besides label and answer; no column at all."""
    rows = make()[["y", "p"]].assign(line=range(1200))
    with pytest.raises(IncompleteError, match="no input"):
        slice_rows(answers(table_of(rows), "y", "p"), None, today=TODAY, rng=np.random.default_rng(0))
    assert told(rows).outcome is Outcome.NOT_RUN
    assert told(rows, features=[]).outcome is Outcome.NOT_RUN


def test_same_seed_same_finding():
    """Everything random follows the seed."""
    rows = make(rate=lambda r: np.where(r.hour < 6, 0.8, 0.1))
    assert told(rows, 3).to_json() == told(rows, 3).to_json()


def test_either_class_may_be_the_one_that_matters():
    """Two words, about as common, and nobody named one: misses of each are searched, and both find their corner."""
    rows = make(n=2400)
    for victim, other in (("fraud", "ok"), ("ok", "fraud")):
        blind = (rows.region == "s") & (rows.y == victim) & (rows.index % 5 < 3)
        data = table_of(rows.assign(p=np.where(blind, other, rows.p)))
        found = slice_findings(
            "C/x", "data", answers(data, "y", "p"), None, margin=0.2, today=TODAY, rng=np.random.default_rng(0)
        )
        assert {f.part: f.outcome for f in found} == {victim: Outcome.BROKEN, other: Outcome.HOLDS}
