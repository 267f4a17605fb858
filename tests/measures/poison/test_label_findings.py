"""What a search for changed labels says: contributors by digest, power beside every answer, no value of a row."""

import json

import numpy as np
import pandas as pd
import pytest

from redan.errors import InputError
from redan.measures.poison.label_findings import SHOWN, label_findings
from redan.measures.poison.rows import name_of
from redan.tables import table_of
from redan.terms import Outcome


def table(seed=0, rows=480, people=6):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, rows)
    frame = pd.DataFrame({f"x{i}": rng.normal(size=rows) + 3.5 * y for i in range(4)})
    frame["who"] = [f"Person {i}" for i in rng.integers(0, people, rows)]
    frame["y"] = np.where(y == 1, "good", "bad")
    return frame


def change(frame, rows):
    frame = frame.copy()
    frame.loc[rows, "y"] = np.where(frame.loc[rows, "y"] == "good", "bad", "good")
    return frame


def told(frame, contributor="who", **more):
    rng = np.random.default_rng(0)
    return tuple(
        label_findings(table_of(frame), "y", check="c/q", subject="s", rng=rng, contributor=contributor, **more)
    )


def test_suspected_contributor_is_a_digest():
    """One broken finding with a bound, a remedy and the funnel; the other rows are judged without it."""
    frame = table()
    rows = frame.index[frame.who == "Person 2"][:55]
    people, single = told(change(frame, rows))
    assert people.outcome is Outcome.BROKEN
    assert people.part == f"contributor {name_of('Person 2')}"
    assert people.remedy is not None
    assert people.measure is not None
    assert people.measure.value is not None
    assert 0.05 < people.measure.value <= 55 / (frame.who == "Person 2").sum()
    funnel = people.detail["pictures"][0]
    assert [p["name"] for p in funnel["points"] if p["flagged"]] == [name_of("Person 2")]
    assert single.outcome is Outcome.HOLDS
    assert "Person" not in json.dumps([people.to_json(), single.to_json()])


def test_spread_changes_come_with_a_grid():
    """Changes over all contributors are single rows, and the grid says from which class to which."""
    frame = table(1, 900)
    rows = np.random.default_rng(2).choice(900, 50, replace=False)
    people, single = told(change(frame, rows))
    assert people.outcome is Outcome.HOLDS
    assert single.outcome is Outcome.BROKEN
    assert single.detail["pictures"][0]["kind"] == "grid"
    assert single.detail["power"]["claimed"] is True
    assert single.detail["suspected_rows"] >= 40


def test_tolerance_moves_the_outcome():
    """The same rows hold when more changed labels are usual care."""
    frame = change(table(1, 900), np.random.default_rng(2).choice(900, 50, replace=False))
    assert told(frame, None, tolerated=0.2)[0].outcome is Outcome.HOLDS


def test_two_contributors_cannot_be_compared():
    """Who of two is honest cannot be told: not run, and the single rows are judged still."""
    frame = table(3, 900, 2)
    people, single = told(frame)
    assert (people.outcome, people.part) == (Outcome.NOT_RUN, "contributors")
    assert single.outcome is Outcome.HOLDS


def test_one_contributor_cannot_be_compared():
    """A constant column of contributors."""
    frame = table(4).assign(who="same")
    assert told(frame)[0].outcome is Outcome.NOT_RUN


def test_missing_contributors_are_left_out_and_counted():
    """Rows of nobody are not judged by contributor, and their number is told."""
    frame = table(5)
    frame.loc[:19, "who"] = None
    assert told(frame)[0].detail["rows_left_out"] == 20


def test_many_suspected_are_summed_up():
    """Beyond ten contributors one finding counts the rest."""
    frame = table(6, 6000, 60)
    rows = frame.index[frame.who.isin([f"Person {i}" for i in range(13)])]
    found = told(change(frame, rows))
    broken = [f for f in found if f.outcome is Outcome.BROKEN]
    assert len(broken) == SHOWN + 1
    assert broken[-1].part == "further contributors"


@pytest.mark.parametrize("label", ["y", "copy"])
def test_duplicate_meaning_and_unusable_columns_do_no_harm(label):
    """Nested values, prose, dates, all-null and constant columns beside the features."""
    frame = table(7).assign(copy=lambda f: f.y)
    frame["note"] = [f"this is a long sentence number {i} of many" for i in range(len(frame))]
    frame["empty"], frame["same"] = None, 1
    frame["day"] = pd.Timestamp("2026-01-01")
    frame = frame.drop(columns="copy" if label == "y" else "x0")
    assert {f.outcome for f in told(frame)} == {Outcome.HOLDS}


def test_only_a_label_is_not_run():
    """Nothing to compare: the reason, no error."""
    found = told(table(8)[["y", "who"]])
    assert [f.outcome for f in found] == [Outcome.NOT_RUN]


def test_column_that_is_not_there_is_refused():
    """The error names it."""
    with pytest.raises(InputError, match="nope"):
        told(table(9), "nope")
