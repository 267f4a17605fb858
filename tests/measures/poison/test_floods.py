"""Floods of copies: rows and classes copied in bulk are told, coincidences of few values are not."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redan.errors import IncompleteError, InputError
from redan.measures.poison.floods import _most, floods
from redan.measures.poison.neighbours import multiplicities
from redan.stats.binomial import clopper_pearson
from redan.tables import table_of


def independent(rng, rows, columns, values):
    """Columns of few values, by themselves."""
    cells = [rng.choice(values, rows, p=rng.dirichlet(np.ones(values))) for _ in range(columns)]
    return pd.DataFrame(np.column_stack(cells)).add_prefix("c").assign(y=rng.integers(0, 2, rows))


def hanging(rng, rows, columns, values):
    """Columns of few values that hang together, as answers of three kinds of people."""
    kind, usual = rng.integers(0, 3, rows), rng.integers(0, values, (3, columns))
    cells = np.where(rng.random((rows, columns)) < 0.7, usual[kind], rng.integers(0, values, (rows, columns)))
    return pd.DataFrame(cells).add_prefix("c").assign(y=kind % 2)


def measured(rng, rows, columns=4, copied=0.0):
    """Numbers that hardly coincide, and a share of honest duplicates."""
    frame = pd.DataFrame(np.round(rng.normal(size=(rows, columns)), 3)).add_prefix("c")
    frame = frame.assign(y=rng.integers(0, 2, rows))
    return pd.concat([frame, frame.iloc[rng.integers(0, rows, int(copied * rows))]], ignore_index=True)


CLEAN = {
    "six columns of three values": lambda rng: independent(rng, 1_000, 6, 3),
    "four columns of two values": lambda rng: independent(rng, 1_000, 4, 2),
    "ten columns of four values": lambda rng: independent(rng, 1_000, 10, 4),
    "nine answers of three kinds": lambda rng: hanging(rng, 1_000, 9, 3),
    "fifteen answers, yes or no": lambda rng: hanging(rng, 1_000, 15, 2),
    "numbers": lambda rng: measured(rng, 600),
    "numbers, 5 % twice": lambda rng: measured(rng, 600, copied=0.05),
    "numbers, 30 % twice": lambda rng: measured(rng, 600, copied=0.3),
}


def search(frame, label="y", seed=0):
    return floods(table_of(frame), [c for c in frame if c != label], label=label, rng=np.random.default_rng(seed))


def flooded(found):
    return [one.name for one in found.classes if one.flooded]


def more_of(frame, rows):
    return pd.concat([frame, frame.loc[rows]], ignore_index=True)


@pytest.mark.parametrize("kind", CLEAN)
def test_clean_tables_are_let_be(kind):
    """Six seeds of each: no class, and no row (a rate of 0.1 % is stated)."""
    for seed in range(6):
        found = search(CLEAN[kind](np.random.default_rng(seed)))
        assert (found.rows, flooded(found)) == ((), [])


@pytest.mark.slow
def test_clean_tables_are_told_at_the_stated_rate():
    """Forty seeds of each kind: a rate above 0.1 % of tables would be seen."""
    alarms = []
    for make, seed in itertools.product(CLEAN.values(), range(10, 50)):
        found = search(make(np.random.default_rng(seed)))
        alarms.append(bool(found.rows or flooded(found)))
    assert clopper_pearson(sum(alarms), len(alarms), 0.98).low <= 0.001


@pytest.mark.parametrize("kind", CLEAN)
def test_copies_are_told_from_where_the_search_says(kind):
    """Of random rows copied as often as the search wants, about eight in ten are told, and only they."""
    rng = np.random.default_rng(3)
    frame = CLEAN[kind](rng)
    copies = search(frame).seen_copies
    hits = 0
    for row in rng.integers(0, len(frame), 10):
        found = search(more_of(frame, [row] * copies))
        assert len(found.rows) <= 1
        hits += len(found.rows)
    assert clopper_pearson(hits, 10, 0.98).high >= 0.8
    assert hits >= 5


@pytest.mark.parametrize("kind", ["ten columns of four values", "numbers", "numbers, 5 % twice"])
def test_a_hundred_copies_are_told(kind):
    """A row a hundred times is told, with its number of copies, its class, and nothing else."""
    frame = CLEAN[kind](np.random.default_rng(5))
    row = frame.index[~frame.duplicated(keep=False)][0]
    found = search(more_of(frame, [row] * 99))
    assert [flood.copies for flood in found.rows] == [100]
    assert found.flooding == 99
    assert found.rows[0].explained < 50
    assert found.classes[found.rows[0].label].name == str(frame.y[row])
    assert flooded(found) == []


def test_a_flood_of_one_row_hides_no_flood_of_its_class():
    """A class drawn again, and one of its rows a hundred times: both are told; so are thirty rows of it, 20 times each."""
    rng = np.random.default_rng(5)
    frame = measured(rng, 600)
    own = frame.index[frame.y == 1]
    found = search(more_of(frame, [*rng.choice(own, len(own)), *[own[0]] * 100]))
    assert [flood.copies > 100 for flood in found.rows] == [True]
    assert flooded(found) == ["1"]
    found = search(more_of(frame, np.repeat(own[:30], 20)))
    assert len(found.rows) == 30
    assert flooded(found) == ["1"]


def test_rows_that_were_copied_do_not_teach_each_other_without_bound():
    """Thirty rows ten times each raise what is explained to what real tables come to; then their class is told."""
    frame = measured(np.random.default_rng(5), 600)
    found = search(more_of(frame, np.repeat(frame.index[frame.y == 1][:30], 10)))
    assert flooded(found) == ["1"]


def test_coincidences_are_explained_up_to_the_stated_chance():
    """By hand: the chance that one of a thousand rows exceeds what is explained is below 0.1 %, and not below by far."""
    for near, ratio in ((0, 3.0), (20, 1.0), (200, 0.5)):
        mean, bound = ratio * (near + 1), _most(near, ratio, 1.0, 1_000)
        beyond = [
            sum(math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(n, 900))
            for n in (bound + 1, bound)
        ]
        assert beyond[0] <= 1e-6 < beyond[1]


def test_honest_coincidences_of_one_class_are_let_be():
    """One class of few values, which coincide and have neighbours, beside one of numbers, which do not."""
    rng = np.random.default_rng(4)
    for _ in range(5):
        few, many = rng.integers(0, 3, (400, 5)), rng.integers(0, 10**6, (400, 5))
        frame = pd.DataFrame(np.vstack([few, many])).add_prefix("c").assign(y=np.repeat(["few", "many"], 400))
        found = search(frame)
        assert max(one.share for one in found.classes) > 0.3
        assert flooded(found) == []


def test_nine_copies_are_too_few_to_tell():
    """The least that is told is ten copies of a row that has no neighbours."""
    frame = measured(np.random.default_rng(6), 400)
    assert search(more_of(frame, [7] * 8)).rows == ()
    assert [flood.copies for flood in search(more_of(frame, [7] * 9)).rows] == [10]


def test_a_table_that_was_copied_as_a_whole_gives_nobody_weight():
    """Every row twelve times is no flood; one of them 200 times is."""
    frame = measured(np.random.default_rng(7), 200)
    whole = pd.concat([frame] * 12, ignore_index=True)
    assert (search(whole).rows, flooded(search(whole))) == ((), [])
    assert [flood.copies for flood in search(more_of(whole, [3] * 188)).rows] == [200]


@pytest.mark.parametrize("kind", CLEAN)
def test_a_class_that_is_there_twice_is_told(kind):
    """Every row of a class again: it is told with what divides its counts, unless it has less than twenty kinds of rows."""
    frame = CLEAN[kind](np.random.default_rng(8))
    found = search(more_of(frame, frame.index[frame.y == 1]))
    one = next(c for c in found.classes if c.name == "1")
    assert flooded(found) == (["1"] if one.enough else [])
    assert one.common == (2 if one.enough else 1)
    assert one.enough == (frame[frame.y == 1].drop_duplicates().shape[0] >= 20)


@pytest.mark.parametrize("kind", CLEAN)
def test_a_class_drawn_again_is_told_where_the_search_says(kind):
    """As many rows again, drawn from a class: told wherever power is claimed, and no other class."""
    rng = np.random.default_rng(9)
    for _ in range(3):
        frame = CLEAN[kind](rng)
        for one in search(frame).classes:
            own = frame.index[frame.y.astype(str) == one.name]
            found = search(more_of(frame, rng.choice(own, len(own))))
            assert flooded(found) == ([one.name] if one.seen else [])


def test_power_over_classes_is_claimed_for_numbers_and_not_where_rows_coincide():
    """Numbers tell rows apart; four columns of two values, or copies everywhere, do not."""
    seen = {kind: [c.seen for c in search(make(np.random.default_rng(1))).classes] for kind, make in CLEAN.items()}
    assert seen["numbers"] == seen["numbers, 5 % twice"] == seen["ten columns of four values"] == [True, True]
    assert seen["four columns of two values"] == seen["numbers, 30 % twice"] == [False, False]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 5), st.integers(2, 4), st.booleans())
def test_copies_and_near_misses_are_their_naive_twins(seed, columns, values, labelled):
    """Copies and rows that differ in one column only, as comparing all pairs of rows has them."""
    rng = np.random.default_rng(seed)
    frame = independent(rng, 110, columns, values)
    label = "y" if labelled else None
    names = [c for c in frame if c != "y"]
    found = multiplicities(table_of(frame), names, label, rng)
    cells = frame[[*names, *(["y"] if labelled else [])]].to_numpy()
    differ = (cells[:, None, :] != cells[None, :, :]).sum(axis=2)
    assert found.drawn.all()
    np.testing.assert_array_equal(found.copies, (differ == 0).sum(axis=1))
    np.testing.assert_array_equal(found.near, (differ == 1).sum(axis=1))
    assert found.distinct == found.ranked.sum() == len(np.unique(cells, axis=0))
    assert found.counts.sum() == 110


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([0, 12, 60]))
def test_order_and_names_change_nothing(seed, copies):
    """Rows in another order, columns in another order, other words for values: the same is told."""
    rng = np.random.default_rng(seed)
    frame = independent(rng, 200, 4, 4)
    frame = more_of(frame, [int(rng.integers(200))] * copies)
    words = {v: f"w{n}" for v, n in zip(range(4), rng.permutation(4), strict=True)}
    others = (
        frame.iloc[rng.permutation(len(frame))],
        frame[[*rng.permutation(frame.columns)]],
        frame.assign(**{c: frame[c].map(words) for c in frame if c != "y"}),
    )
    assert {said(search(other.reset_index(drop=True))) for other in others} == {said(search(frame))}


def said(found):
    classes = tuple((c.name, c.rows, c.copies, c.common, c.alone) for c in found.classes)
    rows = tuple(sorted((f.copies, f.explained) for f in found.rows))
    return rows, classes, found.total, found.distinct, found.seen_copies


def test_missing_values_and_labels_are_values():
    """Rows of nothing but missing values are copies of each other, a missing label is a class."""
    frame = measured(np.random.default_rng(1), 300).astype({"y": "object"})
    frame.loc[:59, ["c0", "c1", "c2", "c3", "y"]] = None
    found = search(frame)
    assert [flood.copies for flood in found.rows] == [60]
    assert "(missing)" in [one.name for one in found.classes]


def test_a_label_of_many_values_is_no_class():
    """A number as label is compared like any column, and no class is spoken of."""
    frame = measured(np.random.default_rng(1), 300).assign(y=np.arange(300))
    assert search(frame).classes == ()


def test_too_little_is_said():
    """Few rows, no columns, a column that is not there."""
    frame, rng = measured(np.random.default_rng(1), 99), np.random.default_rng(0)
    with pytest.raises(IncompleteError):
        search(frame)
    with pytest.raises(IncompleteError):
        floods(table_of(more_of(frame, [1, 2])), [], rng=rng)
    with pytest.raises(InputError):
        floods(table_of(more_of(frame, [1, 2])), ["nope"], rng=rng)
