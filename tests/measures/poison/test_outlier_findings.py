"""What the search for outlying rows says: outcome, numbers, power, and no value of any row."""

import json

import numpy as np
import pandas as pd
import pytest

from redan.errors import InputError
from redan.measures.poison import outlier_findings as said
from redan.measures.poison.outlier_findings import outlier_findings
from redan.measures.poison.outlier_power import RowPower
from redan.measures.poison.outliers import Strange
from redan.tables import table_of
from redan.terms import Outcome

CHECK = "A-MLSG-002-D004/no-outlying-rows-were-planted"


def customers(rows=500, seed=0):
    """A price follows the plan, a sum follows price and time; `who` and `churn` are no inputs."""
    rng = np.random.default_rng(seed)
    plan, tenure = rng.integers(0, 4, rows), rng.integers(1, 72, rows)
    monthly = np.round(20 + 25 * plan + rng.normal(0, 1.5, rows), 2)
    frame = pd.DataFrame({"plan": [f"p{i}" for i in plan], "tenure": tenure, "monthly": monthly})
    frame["total"] = np.round(tenure * monthly * rng.uniform(0.97, 1.03, rows), 2)
    return frame.assign(churn=rng.choice(["yes", "no"], rows), who=[f"agent {i % 7}" for i in range(rows)])


def say(frame, label="churn", ignored=("who",), **options):
    call = {"check": CHECK, "subject": "dataset:train", "ignored": ignored, **options}
    rng = np.random.default_rng(0)
    return {f.part: f for f in outlier_findings(table_of(frame), label, rng=rng, **call)}


@pytest.fixture
def forest(monkeypatch):
    """No forest: what it would say is given, and what it was asked is kept."""
    asked = {"bound": True, "rows": (), "power": (5, 5)}

    def strange(x, nominal, rng):
        asked["shape"] = x.shape
        scores = np.full(len(x), 0.1 if asked["bound"] else 0.4)
        scores[list(asked["rows"])] = 0.9
        return Strange(np.array(asked["rows"], dtype=np.int64), 0.5, 9.0, scores)

    def power(x, nominal, rng):
        return tuple(RowPower(kind, 0.015, 5, n) for kind, n in zip(("mixed", "grouped"), asked["power"], strict=True))

    monkeypatch.setattr(said, "strange", strange)
    monkeypatch.setattr(said, "planted_power", power)
    return asked


def test_clean_rows_hold_with_what_would_have_been_found(forest):
    """One finding about values, one about combinations, each with its power."""
    found = say(customers())
    assert {part: f.outcome for part, f in found.items()} == {
        "values": Outcome.HOLDS,
        "combinations": Outcome.HOLDS,
    }
    assert found["values"].measure.value == found["values"].detail["power"]["seen"] >= 1
    assert found["values"].detail["columns"] == ["tenure", "monthly", "total"]
    assert "10 values 10 times further out" in found["values"].message
    assert "taken for a part of the column" in found["values"].message
    assert "of 5 trials with mixed" in found["combinations"].message
    assert "more than 2% of all together" in found["combinations"].message
    assert forest["shape"] == (500, 4)


def test_far_values_are_told_by_column(forest):
    """Ten values: the column by name, how many rows, how far, and none of the values."""
    frame = customers()
    frame.loc[:9, "monthly"] = 40_123.45 + np.arange(10)
    found = say(frame, command="redan data poison train.csv")["values"]
    assert found.outcome is Outcome.BROKEN
    assert (found.measure.value, found.measure.n) == (10, 500)
    assert [told["column"] for told in found.detail["told"]] == ["monthly"]
    assert found.detail["told"][0]["times"] > 100
    assert found.remedy.command == "redan data poison train.csv"
    assert "40123" not in json.dumps(found.to_json()).replace(",", "")


def test_infinity_is_told(forest):
    """Cells that no tail reaches, in words and in numbers that JSON can hold."""
    frame = customers()
    frame.loc[[3, 5], "total"] = [np.inf, -np.inf]
    found = say(frame)["values"]
    assert found.outcome is Outcome.BROKEN
    assert "in total, 2 of 500 rows hold infinity" in found.message
    assert found.measure.value == 2
    json.dumps(found.to_json(), allow_nan=False)


def test_numbers_as_text_are_numbers(forest):
    """A column of text that is numbers is searched like one."""
    frame = customers()
    frame.loc[:9, "monthly"] = 40_123.45 + np.arange(10)
    found = say(frame.astype({"monthly": str}))["values"]
    assert found.outcome is Outcome.BROKEN


def test_many_columns_are_counted_and_six_named(forest):
    """Nine columns with far values."""
    frame = pd.DataFrame({f"n{i}": np.random.default_rng(i).normal(size=500) for i in range(9)})
    frame.loc[:9] = 1e6
    assert "n0, n1, n2, n3, n4, n5 and 3 more columns" in say(frame, None, ())["values"].message


def test_heavy_tails_and_few_values_leave_no_power(forest):
    """Nothing is told, nothing could have been, and that is not a pass."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"spent": rng.pareto(0.5, 300), "kind": rng.integers(0, 2, 300)})
    found = say(frame, None, ())["values"]
    assert found.outcome is Outcome.NOT_RUN
    assert "no power" in found.message
    assert "in 0 of 2 columns" in found.message


def test_a_short_table_is_tried_with_fewer_values(forest):
    """Three values are 3 % of a hundred rows: no more are claimed to be told."""
    found = say(customers(120))["values"]
    assert "3 values 10 times further out" in found.message
    assert found.detail["power"]["values"] == 3


def test_told_rows_come_with_a_picture_and_what_was_expected(forest):
    """Numbers of rows only."""
    forest["rows"] = tuple(range(8))
    found = say(customers())["combinations"]
    assert found.outcome is Outcome.BROKEN
    assert (found.measure.value, found.measure.n, found.measure.threshold) == (8, 500, 0.5)
    (picture,) = found.detail["pictures"]
    assert [share > 0 for share in picture["current"]] == [False] * 9 + [True]
    assert [share > 0 for share in picture["reference"]] == [False, True] + [False] * 8


@pytest.mark.parametrize(("power", "bound"), [((0, 0), True), ((3, 2), True), ((5, 5), False)])
def test_combinations_without_power_are_not_run(forest, power, bound):
    """Plants that are seldom found, and columns that bind each other too little, are no pass."""
    forest.update(power=power, bound=bound)
    found = say(customers())["combinations"]
    assert found.outcome is Outcome.NOT_RUN
    assert "no power" in found.message
    assert ("bind each other too little" in found.message) == (not bound)


def test_power_against_one_kind_is_said_as_such(forest):
    """What is found holds, what is not is named."""
    forest["power"] = (5, 3)
    found = say(customers())["combinations"]
    assert found.outcome is Outcome.HOLDS
    assert "no power against grouped" in found.message


def test_what_no_model_reads_is_not_searched(forest):
    """The label, ignored columns and names of rows: a contributor's far number is nobody's input."""
    frame = customers().assign(who=np.where(np.arange(500) < 5, 1e9, np.arange(500) % 7), key=np.arange(500))
    found = say(frame)
    assert found["values"].outcome is Outcome.HOLDS
    assert "who" not in found["values"].detail["columns"]
    assert found["combinations"].detail["columns"] == ["plan", "tenure", "monthly", "total"]


def test_too_little_is_not_run():
    """Few rows, no inputs, one input."""
    (found,) = say(customers(60)).values()
    assert (found.outcome, found.part) == (Outcome.NOT_RUN, "")
    assert "not enough data" in found.message
    (found,) = say(customers()[["churn", "who"]]).values()
    assert found.outcome is Outcome.NOT_RUN
    found = say(customers()[["tenure", "churn"]], ignored=())
    assert found["combinations"].outcome is Outcome.NOT_RUN


def test_a_column_that_is_not_there_is_refused():
    """Named before anything is searched."""
    with pytest.raises(InputError):
        say(customers(), label="nope")
