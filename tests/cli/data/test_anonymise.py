"""`redan data anonymise` from the outside."""

import json

import numpy as np
import pandas as pd
import pytest

from redan.cli.app import main


@pytest.fixture
def table(tmp_path):
    rng = np.random.default_rng(1)
    n = 300
    path = tmp_path / "people.csv"
    pd.DataFrame(
        {
            "id": [f"C-{i * 7919 % 100_003:06d}" for i in range(n)],
            "age": rng.integers(18, 90, n),
            "sex": rng.choice(["f", "m"], n),
            "ill": rng.choice(list("pqr"), n),
        }
    ).to_csv(path, index=False)
    return path


def call(capsysbinary, *words):
    with pytest.raises(SystemExit) as left:
        main(["data", "anonymise", *[str(word) for word in words]])
    out, err = capsysbinary.readouterr()
    return left.value.code, out.decode(), err.decode()


ASKED = ("--quasi", "age", "--quasi", "sex", "--sensitive", "ill")


def test_a_table_is_judged_written_and_judged_again(table, capsysbinary):
    """As it is persons stand out: 1; anonymised without the id nobody does: 0; and so says the file that was written."""
    target = table.with_name("out.csv")
    code, out, _ = call(capsysbinary, table, *ASKED, "--format", "json")
    assert (code, json.loads(out)["outcome"]) == (1, "broken")
    assert not target.exists()
    code, out, _ = call(capsysbinary, table, *ASKED, "--drop", "id", "--k", "7", "--out", target, "--format", "json")
    found = json.loads(out)
    assert (code, found["outcome"]) == (0, "holds")
    loss = next(f for f in found["findings"] if f["part"] == "loss")
    assert 0 < loss["measure"]["value"] < 1
    assert call(capsysbinary, target, *ASKED, "--k", "7")[0] == 0
    assert "id" not in target.read_text().splitlines()[0]
    assert target.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("ending", ["tsv", "parquet", "arrow", "feather"])
def test_every_format_is_read_back(table, ending, capsysbinary):
    """What is written in one format stands the same test when it is read."""
    target = table.with_name(f"out.{ending}")
    assert call(capsysbinary, table, *ASKED, "--drop", "id", "--out", target)[0] == 0
    assert call(capsysbinary, target, *ASKED)[0] == 0


def test_an_id_that_stays_is_told(table, capsysbinary):
    """Generalising around a column that names persons by itself is of no use, and said to be."""
    code, out, _ = call(capsysbinary, table, *ASKED, "--out", table.with_name("out.csv"))
    assert code == 1
    assert "--drop id" in out


def test_wrong_options_leave_nothing_behind(table, capsysbinary):
    """Usage errors come before anything is written: exit 2, one line, no file; what cannot be reached is 3."""
    target = table.with_name("out.csv")
    cases = [
        (table,),
        (table, "--quasi", "ghost"),
        (table, "--quasi", "age", "--sensitive", "age"),
        (table, *ASKED, "--drop", "age"),
        (table, *ASKED, "--out", table),
        (table, *ASKED, "--out", table.with_name("out.xls")),
        (table.parent, *ASKED),
    ]
    for words in cases:
        code, out, err = call(capsysbinary, *words)
        assert (code, out, err.count("\n")) == (2, "", 1), words
    assert call(capsysbinary, table, *ASKED, "--l", "9", "--out", target)[0] == 3
    assert not target.exists()


def test_the_page_draws_sizes_and_loss(table, capsysbinary):
    """The page holds both pictures and no row of the data."""
    page = table.with_name("page.html")
    call(capsysbinary, table, *ASKED, "--drop", "id", "--out", table.with_name("out.csv"), "--html", page)
    text = page.read_text()
    assert "Persons by how many share their quasi-identifiers" in text
    assert "C-00" not in text
