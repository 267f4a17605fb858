"""`redan defend canaries` from the outside."""

import json
import stat

import numpy as np
import pandas as pd
import pytest

from redan.attacks.inference.canaries import CanarySet, read_canaries
from redan.canon import digest
from redan.cli.app import main
from redan.errors import UsageError


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


def test_a_copy_is_not_left_without_its_list(table, tmp_path, capsysbinary, monkeypatch):
    """A list that cannot be written, seen before or only then: neither of both is there."""
    target = tmp_path / "o.csv"
    for secret in (tmp_path, table / "s.json"):
        code, out, err = call(capsysbinary, table, "--label", "leaves", "--out", target, "--secret", secret)
        assert (code, out, err.count("\n")) == (2, "", 1)

    def full(self, path):
        raise UsageError("cannot be written: No space left on device", where=str(path))

    monkeypatch.setattr(CanarySet, "write", full)
    for path, words in ((table, ("--label", "leaves")), (tmp_path / "book.txt", ())):
        (tmp_path / "book.txt").write_text("one\n")
        code, _, _ = call(capsysbinary, path, *words, "--out", target, "--secret", tmp_path / "s.json")
        assert code == 2
    assert not target.exists()
    assert {one.name for one in tmp_path.iterdir()} == {"train.csv", "book.txt"}


def test_what_cannot_be_planted_is_told_with_its_file(table, tmp_path, capsysbinary):
    """The label as a drawn column, one class, an empty text, an empty vocabulary, options of the other kind of data."""
    one, book, empty = tmp_path / "one.csv", tmp_path / "book.txt", tmp_path / "empty.txt"
    pd.read_csv(table).assign(leaves="yes").to_csv(one, index=False)
    book.write_text("one\n")
    empty.write_text("")
    for path, words, says in (
        (table, ("--label", "leaves", "--column", "leaves"), ("train.csv", "cannot be drawn")),
        (table, ("--label", "leaves", "--column", "ghost"), ("train.csv", "no column 'ghost'", "name columns")),
        (one, ("--label", "leaves"), ("one.csv", "fewer than two values")),
        (table, ("--label", "leaves", "--vocabulary", book), ("train.csv", "--vocabulary")),
        (table, ("--label", "leaves", *["--repeat", 100_000] * 11), ("1,100,000", "less often")),
        (empty, (), ("empty.txt", "no lines")),
        (book, ("--vocabulary", empty), ("empty.txt", "is empty")),
        (book, ("--label", "leaves"), ("book.txt", "no columns")),
    ):
        code, out, err = call(capsysbinary, path, *words, "--out", tmp_path / "o.csv", "--secret", tmp_path / "s.json")
        assert (code, out, err.count("\n")) == (2, "", 1), err
        assert all(word in err for word in says), err
    assert not (tmp_path / "o.csv").exists()
    assert not (tmp_path / "s.json").exists()


def test_a_list_of_canaries_is_not_written_over(table, capsysbinary):
    """A model may have been trained on its canaries by now: the older list stays, byte for byte, and no copy is made."""
    first, second, secret = table.with_name("a.csv"), table.with_name("b.csv"), table.with_name("s.json")
    assert call(capsysbinary, table, "--label", "leaves", "--out", first, "--secret", secret)[0] == 0
    before = secret.read_bytes()
    code, out, err = call(capsysbinary, table, "--label", "leaves", "--out", second, "--secret", secret)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "is there already" in err
    assert secret.read_bytes() == before
    assert not second.exists()
