"""`redan defend minimise` from the outside."""

import json

import numpy as np
import pandas as pd
import pytest

from redan.cli.app import main

pytest.importorskip("sklearn.ensemble", reason="needs the extra 'sklearn'")


@pytest.fixture
def table(tmp_path):
    rng = np.random.default_rng(1)
    n = 900
    x = rng.normal(size=(n, 4))
    path = tmp_path / "train.csv"
    data = pd.DataFrame(x, columns=list("abcd"))
    data["customer_id"] = [f"C-{i * 7919 % 100_003:06d}" for i in range(n)]
    data["y"] = np.where(x[:, 0] + x[:, 1] + rng.logistic(size=n) * 0.2 > 0, "yes", "no")
    data.to_csv(path, index=False)
    return path


def call(capsysbinary, *words):
    with pytest.raises(SystemExit) as left:
        main(["defend", "minimise", *[str(word) for word in words]])
    out, err = capsysbinary.readouterr()
    return left.value.code, out.decode(), err.decode()


def test_the_smaller_table_is_proven_and_written(table, capsysbinary):
    """Two of four features suffice, the customer number is never one, and only they are written."""
    target = table.with_name("small.parquet")
    code, out, _ = call(capsysbinary, table, "--label", "y", "--loss", "0.05", "--out", target, "--format", "json")
    needed = next(f for f in json.loads(out)["findings"] if f["part"] == "needed")
    assert code == 0
    assert needed["detail"]["kept"] == ["a", "b"]
    assert needed["measure"]["interval"][1] <= 0.05
    assert pd.read_parquet(target).columns.tolist() == ["a", "b", "y"]


def test_what_cannot_be_told_is_three_and_what_is_wrong_is_two(table, capsysbinary):
    """A label that nothing tells: 3; a wrong option: 2 and one line."""
    assert call(capsysbinary, table, "--label", "c", "--feature", "d")[0] == 3
    cases = [("--label", "ghost"), ("--label", "y", "--feature", "y"), ("--label", "y", "--keep", "ghost")]
    cases += [("--label", "y", "--feature", "a", "--keep", "b"), ("--label", "y", "--out", table), ()]
    for words in cases:
        code, out, err = call(capsysbinary, table, *words)
        assert (code, out) == (2, ""), words
        assert "Traceback" not in err
