"""`redan seal` and `redan verify` over a table: three files written, changes named, exit 4."""

import json
import subprocess
import sys

import pytest

ROWS = [f"{i},{i * 7 % 50},{'yes' if i % 3 else 'no'}\n" for i in range(60)]


def _redan(*arguments, cwd):
    command = [sys.executable, "-m", "redan", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.fixture
def place(tmp_path):
    """A folder with a key and a sealed table."""
    assert _redan("key", "new", "--kind", "p256", "-o", "k.pem", cwd=tmp_path).returncode == 0
    (tmp_path / "d.csv").write_text("id,tenure,churn\n" + "".join(ROWS))
    return tmp_path


def _verify(place, *more):
    return _redan("verify", "d.csv", "--seal", "d.sig", "--key", "k.pub", *more, cwd=place)


def test_seal_and_verify(place):
    """The three files and the rows' key are written; the table verifies; a changed label is named and is exit 4."""
    sealed = _redan("seal", "d.csv", "--key", "k.pem", "--out", "d.sig", cwd=place)
    assert sealed.returncode == 0
    assert "60 rows x 3 columns" in sealed.stdout
    assert {p.name for p in place.glob("d.sig*")} == {"d.sig", "d.sig.content.json", "d.sig.rows", "d.sig.rows.key"}
    assert "60 rows" in _verify(place).stdout
    changed = [*ROWS[:16], "16,12,maybe\n", *ROWS[17:]]
    (place / "d.csv").write_text("id,tenure,churn\n" + "".join(changed))
    found = _verify(place)
    assert (found.returncode, found.stdout) == (4, "")
    assert "row 17 changed (column churn)" in found.stderr
    told = json.loads(_verify(place, "--format", "json").stdout)
    assert told["content"]["changes"]["changed"]["listed"] == [{"row": 17, "now": 17, "columns": ["churn"]}]
    assert "maybe" not in found.stderr + json.dumps(told)


def test_a_file_that_is_no_table_any_more(place):
    """A sealed table that became junk is exit 4, and it is said that rows were not compared."""
    _redan("seal", "d.csv", "--key", "k.pem", "--out", "d.sig", cwd=place)
    (place / "d.csv").write_bytes(b"\x00\xff junk")
    found = _verify(place)
    assert (found.returncode, "not compared" in found.stdout) == (4, True)


def test_identifiers(place):
    """A column that tells rows apart is taken from the command line, and an unknown one refused."""
    refused = _redan("seal", "d.csv", "--key", "k.pem", "--out", "d.sig", "--identifier", "nobody", cwd=place)
    assert (refused.returncode, "nobody" in refused.stderr) == (2, True)
    assert _redan("seal", "d.csv", "--key", "k.pem", "--out", "d.sig", "--identifier", "id", cwd=place).returncode == 0
    (place / "d.csv").write_text("id,tenure,churn\n" + "".join(ROWS[::-1]))
    assert "in another order" in _verify(place).stderr


def test_what_is_no_table_has_no_content(place):
    """Other files are sealed as bytes, and files of an older seal's content do not stay beside the new one."""
    _redan("seal", "d.csv", "--key", "k.pem", "--out", "d.sig", cwd=place)
    (place / "m.bin").write_bytes(b"weights")
    assert _redan("seal", "m.bin", "--key", "k.pem", "--out", "d.sig", cwd=place).returncode == 0
    assert not (place / "d.sig.content.json").exists()
    assert not (place / "d.sig.rows").exists()
    assert _redan("verify", "m.bin", "--seal", "d.sig", "--key", "k.pub", cwd=place).returncode == 0


def test_files_that_are_no_seals_are_left_alone(place):
    """Files of the user that have the names of a seal's files are neither removed nor written over."""
    for name in ("o.rows", "o.content.json"):
        (place / name).write_bytes(b"precious")
    (place / "m.bin").write_bytes(b"weights")
    assert _redan("seal", "m.bin", "--key", "k.pem", "-o", "o", cwd=place).returncode == 0
    (place / "o").unlink()
    done = _redan("seal", "d.csv", "--key", "k.pem", "-o", "o", cwd=place)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "o.content.json: exists and is no part of a seal" in done.stderr
    assert [(place / name).read_bytes() for name in ("o.rows", "o.content.json")] == [b"precious"] * 2
    assert not (place / "o").exists()


def test_a_seal_that_fails_leaves_what_was_there(place):
    """A column that is not there is refused: without a seal there is none afterwards, and an older one still holds."""
    refused = ("seal", "d.csv", "--key", "k.pem", "-o", "d.sig", "--identifier", "no such")
    assert _redan(*refused, cwd=place).returncode == 2
    assert not list(place.glob("d.sig*"))
    assert _redan("seal", "d.csv", "--key", "k.pem", "-o", "d.sig", cwd=place).returncode == 0
    before = {file.name: file.read_bytes() for file in place.glob("d.sig*")}
    assert _redan(*refused, cwd=place).returncode == 2
    assert {file.name: file.read_bytes() for file in place.glob("d.sig*")} == before


def test_a_wrong_key_of_rows_is_said_before_anything_is_written(place):
    """A file that is no key of rows, where that key would go, leaves no half of a seal."""
    (place / "d.sig.rows.key").write_bytes(b"precious")
    (place / "d.sig.rows.key").chmod(0o600)
    assert _redan("seal", "d.csv", "--key", "k.pem", "-o", "d.sig", cwd=place).returncode == 2
    assert not (place / "d.sig").exists()
    assert (place / "d.sig.rows.key").read_bytes() == b"precious"


def test_values_without_a_canonical_form_are_sealed_as_bytes(place):
    """A table of lists is sealed as a file, and it is said that its content is not digested."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"embedding": [[0.1, 0.2]]}), place / "e.parquet")
    sealed = _redan("seal", "e.parquet", "--key", "k.pem", "--out", "e.sig", cwd=place)
    assert (sealed.returncode, "not digested" in sealed.stdout) == (0, True)
    assert _redan("verify", "e.parquet", "--seal", "e.sig", "--key", "k.pub", cwd=place).returncode == 0
