"""Guesses about roles, columns and tasks, each with a reason."""

import pytest

from redan.system.discover import guess
from redan.system.discover.found import ColumnFacts, Found, ModelFile, Script, Serving, TableFile, TrackedRun


def column(name, kind="int", sampled=100, distinct=50, *, spaced=False):
    """Facts about one column."""
    return ColumnFacts(name=name, kind=kind, sampled=sampled, distinct=distinct, spaced=spaced)


def tables(*files):
    """The guesses for tables given as (path, columns), by path."""
    found = Found(name="x", tables=tuple(TableFile(path=p, format="CSV", columns=tuple(c)) for p, c in files))
    return {g.table.path: g for g in guess.tables(found)}


@pytest.mark.parametrize(
    ("path", "role"),
    [
        ("train.csv", "train"), ("data/X_train_v2.parquet", "train"), ("training/part-1.csv", "train"),
        ("test/train.csv", "train"), ("valid.csv", "validation"), ("dev-set.csv", "validation"), ("HOLDOUT.csv", "test"),
        ("data/test/part-0.csv", "test"), ("eval.csv", "test"), ("calibration.csv", "calibration"), ("ref.csv", "reference"),
        ("live/day1.csv", "current"), ("constraints.csv", None), ("latest.csv", None), ("strain.csv", None), ("tests/a.csv", None),
    ],
)  # fmt: skip
def test_roles_come_from_words_of_the_path(path, role):
    """Whole words only, the file's before its folders'."""
    found = tables((path, []), ("other.csv", []))[path]
    assert (found.role.value if found.role else None) == role


def test_the_only_table_is_for_training():
    """With one table there is little choice, and the reason says so."""
    assert tables(("blob.csv", []))["blob.csv"].role == ("train", "it is the only table")


@pytest.mark.parametrize(
    ("columns", "label"),
    [
        ([column("a"), column("Label"), column("b")], "Label"),
        ([column("y"), column("target")], "target"),
        ([column("Is_Fraud"), column("b")], "Is_Fraud"),
        ([column("a"), column("b", distinct=2)], "b"),
        ([column("a"), column("b", kind="float", distinct=2)], None),
        ([column("a"), column("b", distinct=2, sampled=30)], None),
        ([column("a"), column("b", distinct=40)], None),
        ([column("a"), column("b", distinct=1)], None),
        ([], None),
    ],
)
def test_the_label_by_name_or_as_the_last_of_few_values(columns, label):
    """The best-known name wins; else the last column if it looks like classes."""
    found = tables(("train.csv", columns))["train.csv"].label
    assert (found.value if found else None) == label


def test_the_label_is_what_only_training_has():
    """As competitions publish it: the test set lacks the answer."""
    inputs = [column("a"), column("price", distinct=90)]
    found = tables(("train.csv", [*inputs[:1], column("verkauft", kind="float"), *inputs[1:]]), ("test.csv", inputs))
    assert found["train.csv"].label.value == "verkauft"
    assert found["test.csv"].label is None


def test_time_contributor_and_identifiers():
    """Names and values together decide; a unique number is no identifier unless it is called one."""
    found = tables(("train.csv", [
        column("customerID", "text", distinct=100), column("RowId", distinct=100), column("income", distinct=100),
        column("review", "text", distinct=100, spaced=True), column("hash", "text", distinct=100),
        column("price", "float", distinct=100), column("sensor_id", distinct=5), column("birth_date", "date"),
        column("when", "date"), column("Gender", "text", distinct=2), column("humidity", distinct=100), column("target"),
    ]))["train.csv"]  # fmt: skip
    assert [g.value for g in found.identifiers] == ["customerID", "RowId", "hash"]
    assert found.contributor.value == "sensor_id"
    assert found.time.value == "when"
    assert found.sensitive == ("Gender",)
    assert found.quasi_identifiers == ("birth_date", "Gender")
    assert [f.name for f in found.inputs()] == ["income", "review", "price", "birth_date", "Gender", "humidity"]


def test_few_rows_make_no_identifier():
    """Nineteen different values could be chance."""
    assert tables(("t.csv", [column("id", sampled=19, distinct=19), column("b")]))["t.csv"].identifiers == ()


def test_columns_that_records_cannot_name_are_left_out():
    """Empty, overlong and half-encoded names stay out of the description."""
    found = tables(("t.csv", [column(""), column("x" * 201), column("\ud800"), column("ok")]))["t.csv"]
    assert list(found.facts) == ["ok"]


def test_shared_columns_are_counted():
    """The table with most names in common is named."""
    found = tables(
        ("train.csv", [column("a"), column("b")]), ("test.csv", [column("a"), column("b")]), ("z.csv", [column("a")])
    )
    assert found["train.csv"].shared == ("test.csv", 2)


@pytest.mark.parametrize(
    ("label", "task"),
    [(None, "classification"), (column("y", distinct=2), "classification"), (column("y", "float", distinct=90), "regression"),
     (column("y", "text", distinct=90), "classification"), (column("y", sampled=0, distinct=0), "classification")],
)  # fmt: skip
def test_the_task_follows_the_label(label, task):
    """Many numbers are a number to predict; anything else is a class."""
    assert guess.task(label).value == task


def test_the_stage_is_the_furthest_that_shows():
    """Something that serves, a model, data, nothing."""
    table, model = TableFile(path="a", format="CSV"), ModelFile(path="m", format="ONNX")
    stages = [
        Found(name="x"), Found(name="x", tables=(table,)), Found(name="x", tables=(table,), models=(model,)),
        Found(name="x", models=(model,), serving=(Serving(path="d", kind="Dockerfile"),)),
        Found(name="x", scripts=(Script(path="a.py", serves="Flask"),)),
    ]  # fmt: skip
    assert [guess.stage(found).value for found in stages] == ["design", "data", "training", "operation", "operation"]


def test_training_scripts_that_name_the_model_come_first():
    """Else all that train; MLflow's record strengthens the reason."""
    model = ModelFile(path="out/m.onnx", format="ONNX")
    names = Script(path="src/train.py", trains="calls fit()", mentions=frozenset({"m.onnx"}))
    other, idle = Script(path="b.py", trains="calls fit()"), Script(path="c.py", mentions=frozenset({"m.onnx"}))
    runs = (TrackedRun(path="mlruns/0/a", source="train.py"),)
    chosen = guess.training_scripts(Found(name="x", scripts=(names, other, idle), runs=runs), model)
    assert chosen == ((names, "calls fit() and names m.onnx; MLflow recorded a run of it"),)
    assert [s.path for s, _ in guess.training_scripts(Found(name="x", scripts=(other, idle)), model)] == ["b.py"]
