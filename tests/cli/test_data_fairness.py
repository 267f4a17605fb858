"""`redan data fairness` from the outside."""

import json

import numpy as np
import pandas as pd
import pytest

from redan.cli.app import main

COLUMNS = ("--label", "truth", "--prediction", "said")


@pytest.fixture
def files(tmp_path):
    rng = np.random.default_rng(0)
    n = 2000
    rows = pd.DataFrame(
        {"region": rng.choice(list("nsew"), n), "amount": rng.gamma(2, 50, n), "who": rng.integers(0, 9, n)}
    )
    rows["truth"] = np.where(rng.random(n) < 0.4, "fraud", "ok")
    for name, miss in (("even", 0.1), ("blind", 0.7)):
        wrong = rng.random(n) < np.where(rows.region == "w", miss, 0.1)
        rows["said"] = np.where(wrong, np.where(rows.truth == "ok", "fraud", "ok"), rows.truth)
        rows.to_csv(tmp_path / f"{name}.csv", index=False)
    rows[:60].to_csv(tmp_path / "few.csv", index=False)
    rows.assign(truth="ok").to_csv(tmp_path / "one.csv", index=False)
    return tmp_path


def call(capsysbinary, *words):
    with pytest.raises(SystemExit) as left:
        main([str(word) for word in ("data", "fairness", *words)])
    out, err = capsysbinary.readouterr()
    return left.value.code, out.decode(), err.decode()


@pytest.mark.parametrize(("name", "exit_"), [("even", 0), ("blind", 1), ("few", 3), ("one", 3)])
def test_exit_says_what_was_found(files, capsysbinary, name, exit_):
    """0 nothing found, 1 found, 3 could not tell; JSON alone on standard output."""
    code, out, err = call(capsysbinary, files / f"{name}.csv", *COLUMNS, "--sensitive", "region", "--format", "json")
    assert (code, err) == (exit_, "")
    whole = json.loads(out)
    assert whole["schema"] == "redan/data/v1"
    assert all(f["check"].startswith("A-MLSG-002-D003/") for f in whole["findings"])


def test_same_seed_same_bytes(files, capsysbinary):
    """Two runs agree to the last byte."""
    words = (files / "blind.csv", *COLUMNS, "--sensitive", "region", "--format", "json", "--seed", "5")
    assert call(capsysbinary, *words) == call(capsysbinary, *words)


def test_page_draws_what_was_measured(files, capsysbinary):
    """The page has the pictures, and no row of the data."""
    call(capsysbinary, files / "blind.csv", *COLUMNS, "--sensitive", "region", "--html", files / "page.html")
    page = (files / "page.html").read_text()
    assert "<svg" in page
    assert "True-positive rate of fraud by region" in page


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--label", "truth", "--prediction", "score"), "score"),
        ((*COLUMNS, "--sensitive", "sex"), "sex"),
        ((*COLUMNS, "--sensitive", "truth"), "two roles"),
        (("--label", "truth", "--prediction", "truth"), "two roles"),
        ((*COLUMNS, "--positive", "theft"), "theft"),
        (("--label", "truth"), "--prediction"),
    ],
)
def test_wrong_columns_are_usage(files, capsysbinary, words, said):
    """Columns that do not exist or clash end with 2 and say which."""
    code, out, err = call(capsysbinary, files / "even.csv", *words)
    assert (code, out) == (2, "")
    assert said in err


def test_quiet_keeps_what_is_broken(files, capsysbinary):
    """Without groups only the slice is searched; quiet leaves out what holds."""
    code, out, _ = call(capsysbinary, files / "even.csv", *COLUMNS, "--contributor", "who", "--quiet")
    assert (code, out.strip()) == (0, "")
