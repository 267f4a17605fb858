"""A whole comparison: what is compared, what moves, what could not be told, and awkward data of every kind."""

import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from redan.errors import IncompleteError, InputError
from redan.measures.drift import Settings, freeze, shift
from redan.tables import table_of


def made(rows, seed, moved=0.0, slope=0.7, **more):
    rng = np.random.default_rng(seed)
    x = rng.normal(moved, 1, rows)
    frame = {
        "row": np.arange(seed * 10_000, seed * 10_000 + rows),
        "x": x,
        "y": slope * (x - moved) + np.sqrt(1 - slope**2) * rng.normal(size=rows),
        "k": rng.integers(0, 6, rows),
        "flag": rng.random(rows) < 0.3,
        "plan": rng.choice(["a", "b", "c"], rows),
        "day": pd.Timestamp("2026-01-01") + pd.to_timedelta(np.arange(rows) * 40 // rows, unit="D"),
    }
    return pd.DataFrame({**frame, **more})


def test_quiet_data_is_quiet():
    """Two samples of one process: no alarm, a bound of zero nearly everywhere, and columns that always move are left out."""
    found = shift(made(1_500, 1), made(1_000, 2))
    assert not found.noticed
    assert [f.name for f in found.features] == ["x", "y", "k", "flag", "plan"]
    assert dict(found.untold).keys() == {"row", "day"}


@pytest.mark.parametrize("column", ["x", "k", "flag", "plan"])
def test_each_kind_of_column_moves(column):
    """Numbers, whole numbers, truth values and levels are each told, and nothing else is."""
    current = made(1_000, 2)
    change = {"x": current["x"] + 1, "k": current["k"] + 3, "flag": ~current["flag"], "plan": "b"}
    found = shift(made(1_500, 1), current.assign(**{column: change[column]}), jointly=False)
    assert [f.name for f in found.shifted] == [column]


def test_a_lost_correlation_shows_jointly_only():
    """Turning a correlation round leaves every column as it was; the joint test names the two columns."""
    found = shift(made(2_000, 1), made(2_000, 2, slope=-0.7))
    assert not found.shifted
    assert found.joint.shifted
    assert {name for name, part in found.joint.parts if part > 0.1} == {"x", "y"}


def test_shift_within_one_class():
    """Other people in a small class, hidden among the rest, are told within their class."""
    rng = np.random.default_rng(5)

    def labelled(seed, more):
        label = np.where(rng.random(4_000) < 0.15, "fraud", "fine")
        frame = made(4_000, seed, label=label)
        return frame.assign(y=frame["y"] + more * (label == "fraud"))

    found = shift(labelled(1, 0), labelled(2, 0.9), label="label", jointly=False)
    assert not any(f.shifted for f in found.features)
    assert [(f.name, f.within) for f in found.shifted] == [("y", "fraud")]


def test_one_bad_week_is_not_lost_in_the_year():
    """A week that was different shows in its window although the whole keeps within what is tolerated."""
    current = made(8_000, 2)
    week = (current["day"] >= "2026-01-08") & (current["day"] < "2026-01-10")
    found = shift(made(3_000, 1), current.assign(x=current["x"] + 2 * week), time="day", jointly=False)
    assert not any(f.shifted for f in found.features)
    assert found.windows.every == "1mo"
    found = shift(
        made(3_000, 1), current[:5_000].assign(x=(current["x"] + 2 * week)[:5_000]), time="day", jointly=False
    )
    assert {f.within[:10] for f in found.shifted} == {"2026-01-08", "2026-01-09"}


def test_budget_is_one():
    """The parts of a look add up to no more than its budget, however many columns, classes and windows there are."""
    frame = made(2_000, 1, label=np.tile(["u", "v"], 1_000))
    found = shift(frame, made(2_000, 2, label=np.tile(["u", "v"], 1_000)), label="label", time="day")
    tests = (*found.features, found.classes, *found.within_classes, *found.windows.features)
    spent = sum(f.level for f in tests) + found.joint.trees.level + found.joint.kernel.level
    assert spent <= Settings().look * (1 + 1e-9)
    assert spent == pytest.approx(Settings().look, rel=0.05)


def test_same_seed_same_answer():
    """Twice the same comparison is the same to the last digit; another seed changes the joint part only."""
    pair = made(1_500, 1), made(1_000, 2, moved=0.5)
    first, second, third = shift(*pair), shift(*pair), shift(*pair, seed=9)
    assert first.features == second.features == third.features
    assert first.joint == second.joint


@pytest.mark.parametrize(
    "bring", [pa.Table.from_pandas, pl.from_pandas, lambda f: pl.from_pandas(f).lazy()], ids=["arrow", "polars", "lazy"]
)
def test_any_frame(bring):
    """pandas, Polars (eager and lazy) and Arrow give the same numbers."""
    pair = made(900, 1), made(700, 2, moved=1)
    expected = shift(*pair)
    found = shift(*(bring(f) for f in pair))
    assert found.features == expected.features
    assert found.joint == expected.joint


def test_frozen_reference_serves_later():
    """A frozen reference gives the same features as the table it was made from; jointly it cannot be compared."""
    reference, current = table_of(made(900, 1)), made(700, 2, moved=1)
    frozen = freeze(reference)
    assert shift(frozen, current).features == shift(reference, current, jointly=False).features
    assert shift(frozen, current).joint is None


AWKWARD = {
    "all missing": (np.full(300, np.nan), np.full(300, np.nan), False),
    "missing now": (np.arange(300.0) % 7, np.full(300, np.nan), True),
    "missing before": (np.full(300, np.nan), np.arange(300.0) % 7, True),
    "half missing now": (np.arange(300.0), np.where(np.arange(300) % 2, np.nan, np.arange(300.0)), True),
    "constant": (np.full(300, 5.0), np.full(300, 5.0), False),
    "another constant": (np.full(300, 5.0), np.full(300, 5.0000001), True),
    "infinite": (np.tile([np.inf, -np.inf, 1.0], 100), np.tile([np.inf, -np.inf, 1.0], 100), False),
    "infinite now": (np.arange(300.0) % 50, np.full(300, np.inf), True),
    "mixed types, few": (np.arange(300.0) % 50, [*map(str, np.arange(299.0) % 50), "broken"], False),
    "mixed types, all": (np.arange(300.0) % 50, ["broken"] * 300, True),
    "text became numbers": ([*map(str, np.arange(300) % 5)], np.arange(300) % 5, False),
    "whole became fractions": (np.arange(300) % 5, (np.arange(300) % 5).astype(float), False),
    "levels, missing": (["a", None, "b"] * 100, ["a", None, "b"] * 100, False),
    "levels, all missing": ([None] * 300, pa.array([None] * 300, pa.string()), None),
    "empty texts": ([""] * 300, ["x"] * 300, True),
    "long texts": (["a" * 300_000 + str(i % 2) for i in range(60)] * 5, ["b" * 300_000] * 300, True),
    "rare levels": ([f"street {i}" for i in range(300)], [f"lane {i}" for i in range(300, 600)], None),
    "moments of two zones": (
        [dt.datetime(2026, 1, 1, tzinfo=dt.UTC)] * 300,
        pd.Series([pd.Timestamp("2026-05-01", tz="Europe/Berlin")] * 300),
        None,
    ),
    "nested": ([[1, 2]] * 300, [[3]] * 300, None),
}


@pytest.mark.parametrize("case", AWKWARD)
def test_awkward_columns(case):
    """Whatever a column holds, the comparison says moved, kept or not compared, and never fails."""
    old, new, moves = AWKWARD[case]
    rng = np.random.default_rng(1)
    frames = [pa.table({"x": rng.normal(size=300), "c": pa.array(side)}) for side in (old, new)]
    found = shift(*frames)
    told = {f.name: f for f in found.features}
    if moves is None:
        assert "c" in told or "c" in dict(found.untold)
    else:
        assert told["c"].shifted == moves
        assert np.isfinite(told["c"].psi)
    assert not told["x"].shifted


def test_texts_are_compared_by_length_where_each_is_its_own():
    """Free text has no levels that recur; letters that grow three times as long are told."""
    rng = np.random.default_rng(2)
    words = np.array(["bill", "line", "cut", "again", "since", "rain", "was", "moved", "the", "and"])

    def letters(count, seed):
        return [" ".join(rng.choice(words, rng.integers(count, 2 * count))) + f" {seed}{i}" for i in range(400)]

    old = pd.DataFrame({"note": letters(6, 1)})
    assert not shift(old, pd.DataFrame({"note": letters(6, 2)}), jointly=False).noticed
    assert shift(old, pd.DataFrame({"note": letters(18, 3)}), jointly=False).noticed


@pytest.mark.parametrize("rows", [1, 2, 5])
def test_a_row_or_two_tell_nothing(rows):
    """With next to no rows nothing is told, but for what even two rows prove."""
    found = shift(made(500, 1), made(rows, 2))
    assert not found.noticed
    assert all(f.powerless for f in found.features)
    assert found.joint.powerless


def test_nothing_to_compare_is_said():
    """No rows, or no shared column, is no verdict."""
    frame = made(50, 1)
    with pytest.raises(IncompleteError, match="no rows"):
        shift(frame, frame[:0])
    with pytest.raises(IncompleteError, match="no column"):
        shift(frame, pd.DataFrame({"other": [1, 2]}))
    with pytest.raises(InputError, match="no column"):
        shift(frame, frame, columns=["nowhere"])


def test_columns_that_are_gone():
    """A column that the current data lacks is named, and the others are compared."""
    found = shift(made(500, 1), made(500, 2).drop(columns="x"), jointly=False)
    assert found.gone == ("x",)
    assert {f.name for f in found.features} == {"y", "k", "flag", "plan"}


def test_many_new_classes_are_no_way_out():
    """A label that suddenly has thousands of values is told as another mix of classes."""
    label = np.tile(["yes", "no"], 1_000)
    found = shift(
        made(2_000, 1, label=label),
        made(2_000, 2, label=[f"c{i}" for i in range(2_000)]),
        label="label",
        jointly=False,
    )
    assert found.classes.shifted
    assert "classes" in dict(found.untold)


def test_a_number_to_predict_is_a_label_too():
    """A label of fractions has no classes; it is compared as a number."""
    rng = np.random.default_rng(3)
    pair = (made(800, s, label=rng.normal(m, 1, 800)) for s, m in ((1, 0), (2, 1)))
    found = shift(*pair, label="label", jointly=False)
    assert found.classes.bins.kind == "number"
    assert found.classes.shifted
    assert found.within_classes == ()
