"""Whole files: only the named columns change, nothing is half written, and the record says what was done."""

import csv
import datetime as dt

import pyarrow as pa
import pytest
from pyarrow import parquet

from redan.defences.pseudonymise import Field, Way, new_ring, rewrite
from redan.errors import InputError, UsageError

RING = new_ring("churn", dt.date(2026, 6, 1))
ROWS = [
    ["ref", "note", "usage"],
    *([f"26201{i:010d}", f'call "+49 170 5550{i:03d}", or 0', f"0{i}.50"] for i in range(200)),
    ["", "", ""],
    ["no identifier", "x,y", "NA"],
]
FIELDS = {"ref": Field(name="imsi", form="imsi"), "note": Field(name="note", form="text")}


@pytest.fixture
def source(tmp_path):
    """A small CSV file with quotes, commas, gaps and leading zeros."""
    path = tmp_path / "in.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(ROWS)
    return path


def read(path):
    with path.open(newline="") as file:
        return list(csv.reader(file))


def test_only_named_columns_change(source, tmp_path):
    """Header, order, other columns and gaps are as they were; each identifier is another valid one."""
    written = rewrite(source, tmp_path / "out.csv", FIELDS, Way(ring=RING))
    out = read(tmp_path / "out.csv")
    assert (out[0], written.rows) == (ROWS[0], len(ROWS) - 1)
    assert [row[2] for row in out] == [row[2] for row in ROWS]
    assert all(new[0][:5] == "26201" and new[0] != old[0] for new, old in zip(out[1:201], ROWS[1:201], strict=True))
    assert out[-2] == ["", "", ""]
    assert out[-1][0].startswith(RING.active.id)
    assert (tmp_path / "out.csv").stat().st_mode & 0o777 == 0o600


def test_the_way_back_through_a_file(source, tmp_path):
    """Mapped back, the column is what it was, but for the value that became a token, which is counted."""
    there, back = tmp_path / "out.parquet", tmp_path / "back.csv"
    column = {"ref": FIELDS["ref"]}
    rewrite(source, there, column, Way(ring=RING))
    written = rewrite(there, back, column, Way(ring=RING, direction="back"))
    assert [row[0] for row in read(back)][1:-1] == [row[0] for row in ROWS][1:-1]
    assert written.columns["ref"].left == 1


def test_the_record_holds_counts_and_no_values(source, tmp_path):
    """Key id, forms, counts and digests; no value and no secret."""
    way = Way(ring=RING)
    record = rewrite(source, tmp_path / "out.csv", FIELDS, way).record(way, FIELDS, dt.date(2026, 6, 2))
    assert record["key"] == RING.active.id
    assert record["columns"]["ref"] == {
        "field": "imsi", "form": "imsi", "region": None, "values": 201, "distinct": 201, "pseudonyms": 201, "met": 0,
        "tokens": 1, "left": 0, "same": 0, "places": {},
    }  # fmt: skip
    assert record["columns"]["note"]["places"] == {"phone number": 200}
    assert "2620100000" not in str(record)


def test_types_of_other_columns_stay(tmp_path):
    """Numbers and times of a Parquet file keep their types; an identifier stored as a number becomes text."""
    when = [dt.datetime(2026, 1, 1, tzinfo=dt.UTC), None]
    table = pa.table({"imsi": pa.array([262011234567890, None]), "when": when, "usage": [1.5, None]})
    parquet.write_table(table, tmp_path / "in.parquet")
    rewrite(tmp_path / "in.parquet", tmp_path / "out.parquet", {"imsi": FIELDS["ref"]}, Way(ring=RING))
    out = parquet.read_table(tmp_path / "out.parquet")
    assert out.schema.field("imsi").type == pa.string()
    assert out["imsi"].to_pylist()[0][:5] == "26201"
    assert out["imsi"].to_pylist()[1] is None
    assert out["usage"].to_pylist() == [1.5, None]
    assert [w and w.astimezone(dt.UTC) for w in out["when"].to_pylist()] == when


def test_large_files_go_in_batches(tmp_path, monkeypatch):
    """Batches of any size give the same file."""
    table = pa.table({"imsi": [f"26201{i % 700:010d}" for i in range(5000)], "n": list(range(5000))})
    parquet.write_table(table, tmp_path / "in.parquet")
    found = []
    for rows in (50_000, 2048):
        monkeypatch.setattr("redan.defences.pseudonymise.files.BATCH_ROWS", rows)
        rewrite(tmp_path / "in.parquet", tmp_path / f"{rows}.csv", {"imsi": FIELDS["ref"]}, Way(ring=RING))
        found.append((tmp_path / f"{rows}.csv").read_bytes())
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("target", "fields", "error"),
    [
        ("out.csv", {"nothing": FIELDS["ref"]}, InputError),
        ("out.xlsx", FIELDS, UsageError),
        ("in.csv", FIELDS, UsageError),
    ],
)
def test_what_cannot_be_done_leaves_no_file(source, tmp_path, target, fields, error):
    """A column that is not there, a form of file that is not written, the source itself."""
    before = source.read_bytes()
    with pytest.raises(error):
        rewrite(source, tmp_path / target, fields, Way(ring=RING))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.csv"]
    assert source.read_bytes() == before


def test_translation_needs_an_older_key(source, tmp_path):
    """Without the id of an older key there is nothing to translate from."""
    with pytest.raises(UsageError, match="older key"):
        rewrite(source, tmp_path / "out.csv", {"ref": FIELDS["ref"]}, Way(ring=RING, direction="on"))
    assert not (tmp_path / "out.csv").exists()
