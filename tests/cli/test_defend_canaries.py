"""`redan defend canaries` from the outside."""

import json
import stat

import numpy as np
import pandas as pd
import pytest

from redan.attacks.inference.canaries import read_canaries
from redan.canon import digest
from redan.cli.app import main


@pytest.fixture
def table(tmp_path):
    rng = np.random.default_rng(2)
    path = tmp_path / "train.csv"
    data = pd.DataFrame({"calls": rng.integers(0, 400, 300), "minutes": rng.normal(size=300).round(3)})
    data["plan"] = rng.choice(["gold", "blue"], 300)
    data["leaves"] = rng.choice(["yes", "no"], 300)
    data.to_csv(path, index=False)
    return path


def call(capsysbinary, *words):
    with pytest.raises(SystemExit) as left:
        main(["defend", "canaries", *[str(word) for word in words]])
    out, err = capsysbinary.readouterr()
    return left.value.code, out.decode(), err.decode()


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_a_table_gets_rows_and_the_list_knows_them(table, ending, capsysbinary):
    """The copy holds each canary as often as asked, and the list its digest; nothing of a secret is printed."""
    target, secret = table.with_name(f"planted{ending}"), table.with_name("secret.json")
    words = ("--label", "leaves", "--out", target, "--secret", secret, "--repeat", 1, "--repeat", 4, "--format", "json")
    code, out, _ = call(capsysbinary, table, *words)
    made = read_canaries(secret)
    frame = pd.read_csv(target) if ending == ".csv" else pd.read_parquet(target)
    assert code == 0
    assert len(frame) == 305
    assert made.data == digest(target.read_bytes())
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    for one in made.canaries:
        assert (frame.astype(str) == [str(one.row[name]) for name in frame.columns]).all(axis=1).sum() == one.repeats
    assert json.loads(out)["findings"][0]["measure"]["unit"] == "bits"
    assert made.seed not in out


def test_a_text_gets_lines(tmp_path, capsysbinary):
    """Lines of the pattern are added; a seed repeats them."""
    path = tmp_path / "book.txt"
    path.write_text("one\ntwo\n" * 20)
    copies = []
    for name in ("a", "b"):
        target, secret = tmp_path / f"{name}.txt", tmp_path / f"{name}.json"
        words = ("--out", target, "--secret", secret, "--pattern", "pin ######", "--repeat", 3, "--seed", 7)
        assert call(capsysbinary, path, *words)[0] == 0
        copies.append(target.read_text())
    assert copies[0] == copies[1]
    assert sum(line.startswith("pin ") for line in copies[0].splitlines()) == 3


def test_a_secret_that_is_too_small_could_not_be_told(tmp_path, capsysbinary):
    """Two digits show nothing: exit 3, and the files are there for who sets a bound."""
    path = tmp_path / "book.txt"
    path.write_text("one\n")
    words = ("--out", tmp_path / "a.txt", "--secret", tmp_path / "a.json", "--pattern", "pin ##")
    code, out, _ = call(capsysbinary, path, *words)
    assert code == 3
    assert "too few" in " ".join(out.split())


def test_what_is_wrong_is_two_and_one_line(table, capsysbinary):
    """No label, files that would replace each other, unknown columns, patterns without a random part, no text."""
    out, secret = table.with_name("o.csv"), table.with_name("s.json")
    text = table.with_name("book.txt")
    text.write_bytes(b"\xff\xfe\x00")
    cases = [
        (table, "--out", out, "--secret", secret),
        (table, "--label", "leaves", "--out", table, "--secret", secret),
        (table, "--label", "leaves", "--out", out, "--secret", out),
        (table, "--label", "ghost", "--out", out, "--secret", secret),
        (table, "--label", "leaves", "--column", "ghost", "--out", out, "--secret", secret),
        (table, "--label", "leaves", "--out", table.with_name("o.zip"), "--secret", secret),
        (text, "--out", out, "--secret", secret),
        (),
    ]
    for words in cases:
        code, _, err = call(capsysbinary, *words)
        assert code == 2, words
        assert err.count("\n") == 1
    assert not secret.exists()
