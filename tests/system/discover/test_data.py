"""Tables are recognised by their bytes, and their first rows say what the columns are."""

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redan.system.discover.data import table

FRAME = pd.DataFrame(
    {
        "customer_id": [f"C{i:04d}" for i in range(60)],
        "tenure": range(60),
        "price": [i / 7 for i in range(60)],
        "day": [f"2024-01-{1 + i % 28:02d}" for i in range(60)],
        "active": [i % 2 == 0 for i in range(60)],
        "note": ["a b", None] * 30,
        "nothing": [None] * 60,
    }
)
KINDS = {
    "customer_id": "text",
    "tenure": "int",
    "price": "float",
    "day": "date",
    "active": "bool",
    "note": "text",
    "nothing": "empty",
}


def written(root, kind):
    """The frame as a file without an ending that would say what it is."""
    path = root / "blob"
    if kind == "CSV":
        FRAME.to_csv(path, index=False)
    elif kind == "TSV":
        FRAME.to_csv(path, index=False, sep="\t")
    elif kind == "Parquet":
        pq.write_table(pa.Table.from_pandas(FRAME), path)
    elif kind == "Arrow":
        with pa.ipc.new_file(path, pa.Schema.from_pandas(FRAME)) as out:
            out.write(pa.Table.from_pandas(FRAME))
    elif kind == "JSON lines":
        FRAME.to_json(path, orient="records", lines=True)
    return "blob"


@pytest.mark.parametrize("kind", ["CSV", "TSV", "Parquet", "Arrow", "JSON lines"])
def test_each_format_shows_its_columns(kind, tmp_path):
    """The same rows in five formats give the same facts."""
    found = table(tmp_path, written(tmp_path, kind))
    assert found.format == kind
    assert {fact.name: fact.kind for fact in found.columns} == KINDS
    by_name = {fact.name: fact for fact in found.columns}
    assert by_name["customer_id"].unique
    assert not by_name["active"].unique
    assert (by_name["note"].sampled, by_name["note"].distinct, by_name["note"].spaced) == (30, 1, True)


def test_duckdb_files_are_named(tmp_path):
    """A database is a table file whose columns are not looked up."""
    duckdb.connect(str(tmp_path / "db")).execute("create table t as select 1 as a").close()
    assert (table(tmp_path, "db").format, table(tmp_path, "db").columns) == ("DuckDB", ())


@pytest.mark.parametrize(
    "text",
    [
        "a;b\n1;2\n3;4\n5;6\n",
        "a|b\n1|2\n3|4\n5|6\n",
        '"a","b, c"\n1,"x\ny"\n2,z\n3,z\n',
        "\ufeffa,b\r\n1,2\r\n3,4\r\n5,6\r\n",
    ],
)
def test_dialects(text, tmp_path):
    """Other delimiters, quoted line breaks, byte order mark and Windows line ends."""
    (tmp_path / "t").write_text(text, newline="")
    assert table(tmp_path, "t").columns[0].name == "a"
    assert len(table(tmp_path, "t").columns) == 2


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("empty", b""), ("blank", b"\n\n"), ("words", b"one\ntwo\nthree\n"), ("LICENSE", b"Permission, granted\nto any person\nfree, of, charge\nx\n"),
        ("numbers.csv", b"1,2\n3,4\n5,6\n"), ("twice.csv", b"a,a\n1,2\n3,4\n5,6\n"), ("ragged.csv", b"a,b\n1\n2\n3,4,5\n"),
        ("binary", bytes(range(256))), ("latin", "a,b\né,2\né,3\né,4\n".encode("latin-1")), ("code.py", b"a, b\n1, 2\n3, 4\n5, 6\n"),
        ("only.csv", b"a,b,c\n"), ("array", b"[1, 2]\n"), ("deep", b'{"a":' * 5000 + b"\n"), ("mixed", b'{"a": 1}\n[2]\n'),
        ("utf16", "a,b\n1,2\n".encode("utf-16")), ("quote.csv", b'a,b\n"' + b"x" * 300_000),
    ],
)  # fmt: skip
def test_other_files_are_no_tables(name, data, tmp_path):
    """Prose, code, headerless, ragged, repeated columns, other encodings, bottomless JSON and endless fields."""
    (tmp_path / name).write_bytes(data)
    assert table(tmp_path, name) is None


@pytest.mark.parametrize("kind", ["Parquet", "Arrow"])
def test_damaged_columnar_files_have_no_columns(kind, tmp_path):
    """A cut or overwritten file is still named as what it claims to be, and its columns are unknown."""
    path = tmp_path / written(tmp_path, kind)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert table(tmp_path, "blob").columns == ()


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["Parquet", "Arrow", "CSV", "JSON lines"]), st.floats(0, 1), st.binary(min_size=1, max_size=40))
def test_damage_never_raises(tmp_path_factory, kind, place, noise):
    """Any file with bytes written over it is a table or None."""
    root = tmp_path_factory.mktemp("damage")
    path = root / written(root, kind)
    whole = path.read_bytes()
    at = int(place * len(whole))
    path.write_bytes(whole[:at] + noise + whole[at + len(noise) :])
    table(root, "blob")


def test_only_the_beginning_of_a_large_file_is_read(tmp_path):
    """The last line of the sample is dropped when it is not whole."""
    row = "x" * 996 + ",1\n"
    (tmp_path / "big").write_text("a,b\n" + row * 3000)
    facts = table(tmp_path, "big").columns
    assert facts[1].distinct == 1
    assert facts[1].sampled < 1100
