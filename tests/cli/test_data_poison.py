"""`redan data poison` from the outside."""

import json

import numpy as np
import pandas as pd
import pytest

from redan.cli.app import main

FLIPPED = "A-MLSG-002-D004/labels-are-not-flipped"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A clean table, one whose agent 4 changed labels, and ones that cannot be judged."""
    folder = tmp_path_factory.mktemp("poison")
    rng = np.random.default_rng(0)
    n = 600
    y = rng.integers(0, 2, n)
    rows = pd.DataFrame({f"usage{i}": np.round(rng.normal(size=n) + 4 * y, 3) for i in range(4)})
    rows["agent"] = [f"agent {i}" for i in rng.integers(0, 6, n)]
    rows["churn"] = np.where(y == 1, "yes", "no")
    rows.to_csv(folder / "clean.csv", index=False)
    bad = rows.copy()
    mine = bad.index[bad.agent == "agent 4"][:70]
    bad.loc[mine, "churn"] = np.where(bad.loc[mine, "churn"] == "yes", "no", "yes")
    bad.to_csv(folder / "bad.csv", index=False)
    rows[:40].to_csv(folder / "few.csv", index=False)
    rows[:150].to_csv(folder / "small.csv", index=False)
    rows.assign(churn="yes").to_csv(folder / "one.csv", index=False)
    return folder


def call(capsysbinary, *words):
    with pytest.raises(SystemExit) as left:
        main([str(word) for word in ("data", "poison", *words)])
    out, err = capsysbinary.readouterr()
    return left.value.code, out.decode(), err.decode()


def labels(out):
    return [f for f in json.loads(out)["findings"] if f["check"] == FLIPPED]


def test_contributor_who_changed_labels_is_told(files, tmp_path, capsysbinary):
    """Exit 1; the contributor's digest, never its name; the rows themselves in a file for its owner only."""
    suspects = tmp_path / "suspects.csv"
    words = ("--label", "churn", "--contributor", "agent", "--format", "json", "--suspects", suspects)
    code, out, _ = call(capsysbinary, files / "bad.csv", *words)
    assert code == 1
    told = [f for f in labels(out) if f["outcome"] == "broken"]
    assert len(told) == 1
    assert told[0]["detail"]["suspected"] == [told[0]["part"].removeprefix("contributor ")]
    assert told[0]["detail"]["pictures"][0]["kind"] == "funnel"
    assert "agent 4" not in out
    assert set(pd.read_csv(suspects).agent) == {"agent 4"}
    assert suspects.stat().st_mode & 0o077 == 0


def test_clean_table_has_no_changed_labels(files, capsysbinary):
    """Both searches of labels hold, and say what they would have found."""
    _, out, _ = call(
        capsysbinary, files / "clean.csv", "--label", "churn", "--contributor", "agent", "--format", "json"
    )
    assert [f["outcome"] for f in labels(out)] == ["holds", "holds"]
    assert all("power" in f["detail"] for f in labels(out))


@pytest.mark.parametrize("name", ["few", "one"])
def test_too_little_is_not_run(files, capsysbinary, name):
    """Few rows, one class: not run with the reason, and no pass."""
    code, out, err = call(capsysbinary, files / f"{name}.csv", "--label", "churn", "--format", "json")
    assert code in {1, 3}
    assert [f["outcome"] for f in labels(out)] == ["not-run"]
    assert "Traceback" not in err


def test_same_seed_same_bytes(files, capsysbinary):
    """JSON is the same twice."""
    words = (files / "small.csv", "--label", "churn", "--contributor", "agent", "--format", "json", "--seed", "5")
    assert call(capsysbinary, *words)[1] == call(capsysbinary, *words)[1]


def test_without_a_label_only_rows_are_looked_at(files, capsysbinary):
    """No label, no search of labels or triggers."""
    _, out, _ = call(capsysbinary, files / "clean.csv", "--format", "json")
    assert {f["check"].partition("/")[2] for f in json.loads(out)["findings"]} == {
        "no-copies-flood-the-data",
        "no-outlying-rows-were-planted",
    }


@pytest.mark.parametrize(
    "words",
    [
        ("--label", "nope"),
        ("--label", "churn", "--contributor", "nope"),
        ("--label", "churn", "--contributor", "churn"),
        ("--label", "churn", "--ignore", "churn"),
        ("--label", "churn", "--prediction", "nope"),
        ("--suspects", "out.csv"),
        ("--label", "churn", "--tolerated", "2"),
    ],
)
def test_wrong_words_are_usage(files, capsysbinary, words):
    """Columns that are not there or have two roles, options that do not fit: exit 2 before any search."""
    code, out, err = call(capsysbinary, files / "clean.csv", *words)
    assert code == 2
    assert not out
    assert "Traceback" not in err


def test_folder_and_missing_file_are_usage(files, capsysbinary):
    """Exit 2, in one line."""
    for path in (files, files / "nope.csv"):
        code, _, err = call(capsysbinary, path, "--label", "churn")
        assert code == 2
        assert "Traceback" not in err
