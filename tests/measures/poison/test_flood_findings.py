"""What the search for floods says: outcome, numbers, power, and no value of any row."""

import json

import numpy as np
import pandas as pd
import pytest

from redan.measures.poison.flood_findings import compared, flood_findings
from redan.tables import table_of
from redan.terms import Outcome

CHECK = "A-MLSG-002-D004/no-copies-flood-the-data"


def customers(rows=600, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({f"usage{i}": np.round(rng.normal(100, 20, rows), 2) for i in range(3)})
    return frame.assign(plan=rng.choice(["gold", "blue"], rows), churn=rng.choice(["yes", "no"], rows))


def more_of(frame, rows):
    return pd.concat([frame, frame.loc[rows]], ignore_index=True)


def say(frame, label="churn", **options):
    call = {"check": CHECK, "subject": "dataset:train", **options}
    return [*flood_findings(table_of(frame), label, rng=np.random.default_rng(0), **call)]


def test_clean_rows_hold_with_what_would_have_been_found():
    """One finding, with the measured power of rows and classes, and a picture."""
    (found,) = say(customers())
    assert found.outcome is Outcome.HOLDS
    assert found.measure.value == found.detail["power"]["copies"] <= 10
    assert "eight in ten would be told from" in found.message
    assert "any class doubled at random would be told" in found.message
    assert found.detail["pictures"][0]["names"] == ["no", "yes"]


def test_one_row_a_hundred_times_is_one_broken_finding():
    """With its numbers, a remedy, and none of its values."""
    frame = customers()
    frame.loc[7, "usage0"] = 123.456
    (found,) = say(more_of(frame, [7] * 99), command="redan data poison train.csv")
    assert (found.outcome, found.part) == (Outcome.BROKEN, "rows")
    assert (found.measure.value, found.measure.n) == (100, 699)
    assert found.measure.threshold < 20
    assert found.detail["floods"] == [{"copies": 100, "explained": int(found.measure.threshold)}]
    assert found.remedy.command == "redan data poison train.csv"
    assert "123.456" not in json.dumps(found.to_json())


def test_a_class_that_is_there_twice_is_named():
    """Its share of copies with an interval, over the others' share."""
    frame = customers()
    own = frame.index[frame.churn == "yes"]
    (found,) = say(more_of(frame, own))
    assert (found.outcome, found.part) == (Outcome.BROKEN, "class yes")
    assert found.measure.value == pytest.approx(0.5)
    assert found.measure.interval.low <= 0.5 <= found.measure.interval.high
    assert "a multiple of 2 times" in found.message
    (found,) = say(more_of(frame, np.random.default_rng(0).choice(own, len(own))))
    assert "they have no neighbours" in found.message


def test_where_rows_coincide_there_is_no_power_and_that_is_said():
    """Four columns of two values hold nothing and pass nothing."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.integers(0, 2, (500, 4))).add_prefix("c").assign(churn=rng.choice(["yes", "no"], 500))
    (found,) = say(frame)
    assert found.outcome is Outcome.NOT_RUN
    assert "no power" in found.message


def test_a_class_of_few_kinds_of_rows_is_not_said_to_be_searched():
    """Ten rows of a rare class are counted among those that could not be told."""
    frame = customers()
    frame["churn"] = np.where(frame.index < 10, "maybe", frame.churn)
    (found,) = say(frame)
    assert found.outcome is Outcome.HOLDS
    assert "1 of the 3 classes have too few different rows" in found.message
    assert "any class doubled" not in found.message


def test_too_little_is_not_run():
    """Few rows, and no column beside the label."""
    for frame in (customers(99), customers(300)[["churn"]]):
        (found,) = say(frame)
        assert found.outcome is Outcome.NOT_RUN
        assert "not enough data" in found.message


def test_without_a_label_no_class_is_spoken_of():
    """Only rows are searched."""
    (found,) = say(customers().drop(columns="churn"), label=None)
    assert found.outcome is Outcome.HOLDS
    assert "class" not in found.message


def named():
    frame = customers(400)
    rng = np.random.default_rng(1)
    return frame.assign(
        number=np.arange(400),
        key=rng.permutation(10**6)[:400],
        account=[f"a{i}" for i in range(400)],
        told=[f"the customer called about line {i} and was unhappy" for i in range(400)],
        same=1,
    )


def test_names_of_rows_tell_no_copies_apart():
    """Counters, keys and account names are not compared, nor what is declared; numbers, categories and prose are."""
    assert compared(table_of(named()), "churn", ("usage2",)) == ("usage0", "usage1", "plan", "told", "same")


def test_a_flood_hides_behind_no_key():
    """Copies with a fresh key each are copies."""
    frame = more_of(customers(400), [3] * 60).assign(key=np.random.default_rng(0).permutation(10**6)[:460])
    (found,) = say(frame)
    assert (found.outcome, found.measure.value) == (Outcome.BROKEN, 61)


def test_a_table_of_names_only_is_compared_as_it_is():
    """Where every column looks like a name, all are compared rather than none."""
    assert compared(table_of(named()[["key", "account"]]), None, ()) == ("key", "account")
