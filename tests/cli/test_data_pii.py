"""`redan data pii` and `redan data pseudonymise` from the outside."""

import csv
import hashlib
import json

import pytest

from redan.cli.app import main

HEAD = ["subscriber", "mail", "note", "usage", "who"]
ROWS = [
    [f"26201{i * 7919:010d}", f"kim.{i}@example.org", f"call back on +49 170 55501{i % 100:02d} today", str(i % 9),
     hashlib.sha256(f"c{i}".encode()).hexdigest()]
    for i in range(120)
]  # fmt: skip


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "t.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([HEAD, *ROWS])
    return path


def call(capsysbinary, *words):
    with pytest.raises(SystemExit) as left:
        main(["data", *(str(word) for word in words)])
    out, err = capsysbinary.readouterr()
    return left.value.code, out.decode(), err.decode()


def read(path):
    with path.open(newline="") as file:
        return list(csv.reader(file))


def test_undeclared_columns_are_found_and_declared_ones_are_not(table, capsysbinary):
    """Exit 1 with one finding per column and a map; 0 when all are declared; no value is shown."""
    code, out, _ = call(capsysbinary, "pii", table, "--format", "json")
    found = json.loads(out)
    assert (code, found["outcome"]) == (1, "broken")
    assert [f["part"] for f in found["findings"]] == ["subscriber", "mail", "note"]
    assert found["findings"][0]["detail"]["pictures"][0]["kind"] == "grid"
    assert "kim." not in out
    declared = [word for name in ("subscriber", "mail", "note") for word in ("--declared", name)]
    assert call(capsysbinary, "pii", table, *declared)[0] == 0


def test_declarations_are_read_from_the_description(table, capsysbinary):
    """With --dataset the description says what is declared."""
    toml = '[system]\nname = "x"\n[[dataset]]\nname = "t"\nrole = "train"\nidentifiers = ["subscriber", "mail"]\npersonal = ["note"]\n'
    (table.parent / "redan.toml").write_text(toml)
    assert call(capsysbinary, "pii", table, "--dataset", "t", "--dir", table.parent)[0] == 0
    code, _, err = call(capsysbinary, "pii", table, "--dataset", "other", "--dir", table.parent)
    assert (code, "no dataset is called 'other'" in err) == (2, True)


def test_a_page_draws_the_map(table, capsysbinary, tmp_path):
    """The page is written and holds no value of the data."""
    call(capsysbinary, "pii", table, "--html", tmp_path / "p.html")
    page = (tmp_path / "p.html").read_text()
    assert "e-mail address" in page
    assert "kim.3@" not in page


def test_a_hash_of_another_column_is_found(tmp_path, capsysbinary):
    """A pseudonym that is the plain hash of a column beside it is broken at once."""
    rows = [[f"c{i}", hashlib.md5(f"c{i}".encode()).hexdigest()] for i in range(60)]
    path = tmp_path / "t.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["customer", "key"], *rows])
    code, out, _ = call(capsysbinary, "pii", path, "--pseudonym", "key", "--format", "json")
    (finding,) = [f for f in json.loads(out)["findings"] if f["part"] == "key"]
    assert (code, finding["outcome"], finding["measure"]["value"]) == (1, "broken", 1.0)
    assert rows[0][1] not in out


@pytest.mark.parametrize("words", [["pii", "--declared", "no"], ["pii", "--pseudonym", "no"]])
def test_columns_must_exist(table, capsysbinary, words):
    """A column that is not there is one line and exit 2."""
    code, out, err = call(capsysbinary, words[0], table, *words[1:])
    assert (code, out, len(err.splitlines())) == (2, "", 1)


def test_pseudonyms_there_and_back(table, capsysbinary, tmp_path):
    """A copy without identifiers, a new key, and the way back for the role that may see, for one column of two."""
    key, safe, fresh, back = (tmp_path / n for n in ("ring.json", "safe.csv", "fresh.csv", "back.csv"))
    code, out, _ = call(capsysbinary, "pseudonymise", table, "--key", key, "--new-key", "churn", "-o", safe)
    assert code == 0, out
    text = safe.read_text()
    assert not any(any(cell in text for cell in row[:3]) for row in ROWS)
    assert [row[3:] for row in read(safe)] == [row[3:] for row in [HEAD, *ROWS]]
    record = json.loads((tmp_path / "safe.csv.pseudonyms.json").read_text())
    assert record["columns"]["subscriber"]["met"] == 0
    column = ("--column", "subscriber=imsi")
    assert call(capsysbinary, "pseudonymise", safe, "--key", key, "--rotate", *column, "-o", fresh)[0] == 0
    assert all(a[0] != b[0] for a, b in zip(read(safe)[1:], read(fresh)[1:], strict=True))
    (tmp_path / "redan.toml").write_text(
        '[system]\nname="x"\n[[feature]]\nname="subscriber"\nmasked_for=["developer"]\n'
    )
    base = ("pseudonymise", fresh, "--key", key, "--dir", tmp_path, "-o", back, *column)
    assert call(capsysbinary, *base, "--back-for", "operator")[0] == 0
    assert [row[0] for row in read(back)[1:]] == [row[0] for row in ROWS]
    call(capsysbinary, *base, "--back-for", "Developer")
    assert [row[0] for row in read(back)] == [row[0] for row in read(fresh)]


def test_what_is_left_as_it_was_is_said(table, capsysbinary, tmp_path):
    """Columns that were not named, but hold personal data, are broken findings."""
    words = ("--key", tmp_path / "k.json", "--new-key", "x", "-o", tmp_path / "o.csv", "--column", "mail=token")
    code, out, _ = call(capsysbinary, "pseudonymise", table, *words)
    assert code == 1
    assert "'subscriber' holds data of the kind 'IMSI' and was copied as it is" in out


@pytest.mark.parametrize(
    "words",
    [
        ["--column", "no=token"],
        ["--column", "mail"],
        ["--column", "mail=rot13"],
        ["--column", "mail=token", "--field", "note=a"],
        ["--region", "XX"],
        ["--rotate", "--back-for", "x"],
        ["--from-key", "ffffffff", "--column", "subscriber=imsi"],
    ],
)
def test_faults_are_one_line_and_leave_nothing(table, capsysbinary, tmp_path, words):
    """Exit 2, one line, no copy."""
    call(capsysbinary, "pseudonymise", table, "--key", tmp_path / "k", "--new-key", "x", "-o", tmp_path / "first.csv")
    code, out, err = call(
        capsysbinary, "pseudonymise", table, "--key", tmp_path / "k", "-o", tmp_path / "o.csv", *words
    )
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert not (tmp_path / "o.csv").exists()


def test_a_table_without_identifiers_needs_columns(tmp_path, capsysbinary):
    """Nothing is guessed where nothing is found."""
    (tmp_path / "t.csv").write_text("a,b\n" + "".join(f"{i},{i / 7:.3f}\n" for i in range(50)))
    code, _, err = call(
        capsysbinary, "pseudonymise", tmp_path / "t.csv", "--key", tmp_path / "k", "-o", tmp_path / "o.csv"
    )
    assert (code, "no column holds identifiers" in err) == (2, True)
