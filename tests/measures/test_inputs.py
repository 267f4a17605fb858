"""The sample that relevance is measured on: labelled, balanced, without copies, of all training tables."""

import numpy as np
import pyarrow as pa
import pytest

from redan.errors import IncompleteError
from redan.measures.inputs import MOST_ROWS, prepare
from redan.measures.relevance import Settings, relevance
from redan.tables import table_of

RNG = np.random.default_rng


def tables(**columns):
    return [(table_of(pa.table(columns)), "y")]


def test_copies_are_left_out_so_that_noise_cannot_be_recognised():
    """Each row three times: noise would tell the copies apart and look relevant; without them it is rejected."""
    pytest.importorskip("sklearn", reason="needs the extra 'sklearn'")
    rng = RNG(0)
    x, noise = rng.normal(size=(2, 400))
    y = (x + rng.normal(size=400) > 0).astype(int)
    found = prepare(
        tables(x=np.tile(x, 3), noise=np.tile(noise, 3), y=np.tile(y, 3)), ["x", "noise"], "classification", rng
    )
    assert (found.rows, found.copies, found.total) == (400, 800, 1200)
    answers = relevance(found.columns, found.label, task=found.task, rng=rng, settings=Settings(rounds=30, trees=30))
    assert [a.standing for a in answers] == ["confirmed", "rejected"]


def test_equal_rows_of_few_categories_are_not_copies():
    """Two categories repeat by nature; their frequencies are the signal."""
    rng = RNG(1)
    found = prepare(tables(x=rng.integers(0, 3, 900), y=rng.integers(0, 2, 900)), ["x"], "classification", rng)
    assert (found.rows, found.copies) == (900, 0)


def test_a_rare_class_is_kept_whole():
    """Of 15,000 rows with 150 of fraud, all fraud stays among the 5,000."""
    rng = RNG(2)
    y = np.zeros(15_000, dtype=int)
    y[:150] = 1
    found = prepare(tables(x=rng.normal(size=15_000), y=y), ["x"], "classification", rng)
    assert found.rows == MOST_ROWS
    assert found.label.sum() == 150


@pytest.mark.parametrize(
    ("label", "task", "expected"),
    [
        (["yes", "no"] * 60, "regression", "classification"),
        ([True, False] * 60, "other", "classification"),
        (list(range(120)), "forecast", "regression"),
        ([0, 1] * 60, "anomaly", "classification"),
        ([i / 7 for i in range(120)], "classification", "regression"),
    ],
)
def test_the_label_says_what_the_task_is(label, task, expected):
    """Texts are classes whatever the task is called, and fractions of many values are numbers."""
    assert prepare(tables(x=list(range(120)), y=label), ["x"], task, RNG(0)).task == expected


def test_two_tables_of_different_types_are_read_together():
    """Numbers in one file and texts in the other become texts; a column of one file alone is missing."""
    both = [
        (table_of(pa.table({"a": [1, 2] * 60, "b": [1] * 120, "y": [0, 1] * 60})), "y"),
        (table_of(pa.table({"a": ["1", "2"] * 60, "target": [0, 1] * 60})), "target"),
    ]
    found = prepare(both, ["a", "b"], "classification", RNG(0))
    assert found.rows == 240
    assert found.missing == ("b",)
    assert [c.name for c in found.columns] == ["a"]


def test_rows_without_a_label_do_not_count():
    """Missing labels are dropped; without any label there is nothing to measure."""
    found = prepare(tables(x=list(range(100)), y=[None, 1] * 50), ["x"], "classification", RNG(0))
    assert found.rows == 50
    with pytest.raises(IncompleteError, match="no row has a label"):
        prepare(tables(x=[1, 2], y=pa.array([None, None], type=pa.string())), ["x"], "classification", RNG(0))


def test_the_label_is_never_an_input():
    """A model that lists its label among its inputs gets no credit for it."""
    assert prepare(tables(x=list(range(100)), y=[0, 1] * 50), ["y"], "classification", RNG(0)).missing == ("y",)
