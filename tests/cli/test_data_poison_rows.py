"""`redan data poison` on rows: copies and outlying values, what is shown of them, and files that are none."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from redan.cli.app import main

COPIES, OUTLYING = "no-copies-flood-the-data", "no-outlying-rows-were-planted"
SECRET = 77_123.25


def call(capsysbinary, *words):
    with pytest.raises(SystemExit) as left:
        main([str(word) for word in ("data", "poison", *words)])
    out, err = capsysbinary.readouterr()
    assert "Traceback" not in err.decode()
    return left.value.code, out.decode(), err.decode()


def customers(rows=200, seed=0):
    """Columns that do not bind each other, so that no forest is tried for its power."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({f"usage{i}": np.round(rng.normal(100, 20, rows), 2) for i in range(3)})
    return frame.assign(agent=[f"agent {i % 7}" for i in range(rows)], churn=rng.choice(["yes", "no"], rows))


def answers(out):
    return {(f["check"].partition("/")[2], f.get("part", "")): f for f in json.loads(out)["findings"]}


def saved(frame, folder, name="rows.csv"):
    frame.to_csv(folder / name, index=False)
    return folder / name


def test_one_row_a_hundred_times(tmp_path, capsysbinary):
    """Exit 1, one broken finding with numbers, in text, JSON and on the page; no value of the row in any of them."""
    frame = customers()
    frame.loc[7, "usage0"] = SECRET
    path, page = saved(frame.loc[[*range(200), *[7] * 99]], tmp_path), tmp_path / "page.html"
    code, out, err = call(capsysbinary, path, "--format", "json", "--html", page)
    assert (code, err) == (1, "")
    found = answers(out)[COPIES, "rows"]
    assert (found["outcome"], found["measure"]["value"], found["measure"]["n"]) == ("broken", 100, 299)
    code, text, _ = call(capsysbinary, path)
    assert code == 1
    assert "One row occurs far oftener than the data explains" in text
    for shown in (out, text, page.read_text(encoding="utf-8")):
        assert "77123" not in shown.replace(",", "")
        assert "agent 0" not in shown


def test_a_class_that_is_there_twice(tmp_path, capsysbinary):
    """The class by name, and a picture of the copies in each."""
    frame = customers()
    path, page = saved(pd.concat([frame, frame[frame.churn == "yes"]]), tmp_path), tmp_path / "page.html"
    code, out, _ = call(capsysbinary, path, "--label", "churn", "--format", "json", "--html", page)
    assert code == 1
    assert answers(out)[COPIES, "class yes"]["outcome"] == "broken"
    assert "Copies of other rows in each class" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_values_far_out_and_infinity(tmp_path, capsysbinary, suffix):
    """Exit 1, the columns by name, no value, numbers that JSON can hold."""
    frame = customers()
    frame.loc[:3, "usage1"] = SECRET + np.arange(4)
    frame.loc[5:6, "usage2"] = [np.inf, -np.inf]
    path = tmp_path / f"rows.{suffix}"
    getattr(frame, {"csv": "to_csv", "parquet": "to_parquet"}[suffix])(path, index=False)
    code, out, _ = call(capsysbinary, path, "--format", "json")
    assert code == 1
    found = answers(out)[OUTLYING, "values"]
    assert found["outcome"] == "broken"
    assert {t["column"]: (t["rows"], t["infinite"]) for t in found["detail"]["told"]} == {
        "usage1": (4, 0),
        "usage2": (0, 2),
    }
    assert "Infinity" not in out
    assert "77123" not in out.replace(",", "")


def test_the_largest_numbers_there_are(tmp_path, capsysbinary):
    """Sums that overflow warn of nothing and hide nothing."""
    frame = customers()
    frame.loc[:3, "usage1"] = 1.7e308
    code, out, err = call(capsysbinary, saved(frame, tmp_path), "--format", "json")
    assert (code, err) == (1, "")
    assert answers(out)[OUTLYING, "values"]["detail"]["told"][0]["rows"] == 4


def test_nothing_found_says_what_could_not_be_told(tmp_path, capsysbinary):
    """Clean rows whose columns have nothing to do with each other: copies and values hold, combinations are not run."""
    path = saved(customers(400), tmp_path)
    code, out, _ = call(capsysbinary, path, "--contributor", "agent", "--format", "json")
    assert code == 3
    assert {key: f["outcome"] for key, f in answers(out).items()} == {
        (COPIES, ""): "holds",
        (OUTLYING, "values"): "holds",
        (OUTLYING, "combinations"): "not-run",
    }
    code, text, _ = call(capsysbinary, path, "--contributor", "agent", "--quiet")
    assert code == 3
    assert text.startswith("not-run")
    assert "holds" not in text


def test_suspects_are_for_their_owner_only(tmp_path, capsysbinary):
    """Changed labels: the rows in a file that nobody else may read, also where an open file stood; elsewhere no value of them."""
    rng = np.random.default_rng(1)
    y = rng.integers(0, 2, 300)
    frame = pd.DataFrame({f"usage{i}": np.round(rng.normal(size=300) + 6 * y, 3) for i in range(3)})
    frame = frame.assign(name=[f"Customer {i}" for i in range(300)], churn=np.where(y == 1, "yes", "no"))
    frame.loc[:19, "churn"] = np.where(frame.loc[:19, "churn"] == "yes", "no", "yes")
    suspects, page = tmp_path / "suspects.csv", tmp_path / "page.html"
    suspects.write_text("before", encoding="utf-8")
    suspects.chmod(0o644)
    words = ("--label", "churn", "--ignore", "name", "--suspects", suspects, "--html", page, "--format", "json")
    code, out, _ = call(capsysbinary, saved(frame, tmp_path), *words)
    assert code == 1
    assert suspects.stat().st_mode & 0o777 == 0o600
    rows = pd.read_csv(suspects)
    assert np.isin([f"Customer {i}" for i in range(20)], rows.name).mean() >= 0.8
    assert (rows["redan: likelier class"] != rows.churn).mean() >= 0.9
    for shown in (out, page.read_text(encoding="utf-8")):
        assert "Customer" not in shown


def lines(first, row, count=200):
    return (first + "\n" + "".join(row(i) + "\n" for i in range(count))).encode()


NO_TABLES = {
    "empty": b"",
    "only a head": b"usage,churn\n",
    "a name twice": lines("usage,usage,churn", lambda i: f"{i},{i},yes"),
    "another alphabet": lines("usage,churn", lambda i: f"{i},caf\u00e9").decode().encode("latin-1"),
    "zeros": lines("usage,churn", lambda i: f"{i},\0"),
    "a cell of ten million characters": lines("usage,churn", lambda i: f"{'x' * 10_000_000 if i == 5 else i},yes"),
    "rows of other lengths": lines("usage,churn", lambda i: "1,2,3" if i == 9 else "1,yes"),
}


@pytest.mark.parametrize("kind", NO_TABLES)
def test_files_that_are_no_table(tmp_path, capsysbinary, kind):
    """One clear line, exit 2, nothing on standard output."""
    (tmp_path / "rows.csv").write_bytes(NO_TABLES[kind])
    code, out, err = call(capsysbinary, tmp_path / "rows.csv", "--label", "churn")
    assert (code, out) == (2, "")
    assert err.startswith("redan: ")
    assert err.count("\n") == 1
    assert len(err) < 500


def test_binary_files_that_are_no_table(tmp_path, capsysbinary):
    """Parquet with a name twice, and bytes that are no Parquet."""
    twice = pa.table([pa.array(range(200)), pa.array(range(200))], names=["usage", "usage"])
    pq.write_table(twice, tmp_path / "twice.parquet")
    (tmp_path / "none.parquet").write_bytes(b"PAR1" + b"nothing" * 50)
    for name in ("twice", "none"):
        code, out, err = call(capsysbinary, tmp_path / f"{name}.parquet")
        assert (code, out, err.count("\n")) == (2, "", 1)


LABELS = ("labels-are-not-flipped", "no-trigger-is-hidden")
ODD_LABELS = {
    "missing": lambda n: [None] * n,
    "of 5,000 values": lambda n: [f"c{i % 5_000}" for i in range(n)],
    "the same for all": lambda n: ["yes"] * n,
    "long": lambda n: ["y" * 1_000_000, *["no"] * (n - 1)],
}


@pytest.mark.parametrize("kind", ODD_LABELS)
def test_labels_that_are_none(tmp_path, capsysbinary, kind):
    """Not run with the reason, while rows are searched all the same; never a pass."""
    rows = 10_000 if "5,000" in kind else 150
    frame = customers(rows).assign(churn=ODD_LABELS[kind](rows))
    frame.to_parquet(tmp_path / "rows.parquet", index=False)
    code, out, err = call(capsysbinary, tmp_path / "rows.parquet", "--label", "churn", "--format", "json")
    assert (code, err) == (3, "")
    assert len(out) < 20_000
    found = {check: f for (check, _), f in answers(out).items() if check in LABELS}
    assert {check: f["outcome"] for check, f in found.items()} == dict.fromkeys(LABELS, "not-run")
    assert all(len(f["message"]) > 20 and f["remedy"]["text"] for f in found.values())
    assert answers(out)[COPIES, ""]["outcome"] == "holds"


def test_one_row_is_not_run(tmp_path, capsysbinary):
    """Every search says why."""
    code, out, _ = call(capsysbinary, saved(customers(1), tmp_path), "--label", "churn", "--format", "json")
    assert code == 3
    assert {f["outcome"] for f in answers(out).values()} == {"not-run"}
    assert len(answers(out)) == 4


ODD_COLUMNS = {
    "constant": lambda n: {"usage0": 1, "usage1": "a", "usage2": 2.0},
    "missing": lambda n: {"usage0": None, "usage1": None, "usage2": None},
    "of mixed kinds": lambda n: {"usage0": ["text", "1"] * (n // 2), "usage1": "a", "usage2": ["", "2"] * (n // 2)},
}


@pytest.mark.parametrize("kind", ODD_COLUMNS)
def test_columns_that_say_nothing_pass_nothing(tmp_path, capsysbinary, kind):
    """Rows that are nearly all equal: no power, not run, never a pass."""
    frame = customers(150).drop(columns="agent").assign(**ODD_COLUMNS[kind](150))
    code, out, err = call(capsysbinary, saved(frame, tmp_path), "--label", "churn", "--format", "json")
    assert (code, err) == (3, "")
    assert {f["outcome"] for f in answers(out).values()} == {"not-run"}


def test_a_cell_of_ten_million_characters(tmp_path, capsysbinary):
    """Where a format can hold it, it is a value like others, and shown nowhere."""
    frame = customers(150).assign(note="fine")
    frame.loc[5, "note"] = "x" * 10_000_000
    frame.to_parquet(tmp_path / "rows.parquet", index=False)
    code, out, _ = call(capsysbinary, tmp_path / "rows.parquet", "--format", "json")
    assert code == 3
    assert answers(out)[COPIES, ""]["outcome"] == "holds"
    assert "xxxx" not in out


def test_a_contributor_that_is_the_label_by_another_name(tmp_path, capsysbinary):
    """Each contributor gives one class: nobody is compared, and that is said."""
    frame = customers(150)
    path = saved(frame.assign(agent=frame.churn), tmp_path)
    code, out, _ = call(capsysbinary, path, "--label", "churn", "--contributor", "agent", "--format", "json")
    found = answers(out)["labels-are-not-flipped", "contributors"]
    assert (code, found["outcome"]) == (3, "not-run")
