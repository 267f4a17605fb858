"""Files open strictly: good ones with the types of all their values, bad ones with file, line and remedy."""

import csv
import io
import random

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redan.errors import InputError
from redan.tables import open_table


def opened(folder, data, name="x.csv"):
    """The table of some bytes."""
    path = folder / name
    path.write_bytes(data)
    return open_table(path)


@pytest.mark.parametrize(
    ("data", "line", "says"),
    [
        (b"", None, "is empty"),
        (b"a,b\n", None, "no rows"),
        (b"a,b\n1,2\n3\n", 3, "has 1 values"),
        (b"a,b\n1,2\n3,4,5\n", 3, "has 3 values"),
        (b'a,b\n1,"x\ny"\n3,4,5\n', 4, "has 3 values"),
        (b"a,a\n1,2\n", 1, "occurs twice"),
        (b"a,A\n1,2\n", 1, "occurs twice"),
        (b"a,\n1,2\n", 1, "no name"),
        (b"a,b\n1,2\n1,\xff\n", 3, "not UTF-8"),
        (b"a,b\n1,\xc3", 2, "not UTF-8"),
        (b"a,b\n1,x\0\n", 2, "NUL"),
        (b"PK\x03\x04\x14\x00\x00\x00", 0, "archive"),
        (b'a,b\n1,"x\n', 2, "not closed"),
        (b"a,b\n" + b"x" * 5_000_000 + b",1\n", 2, "longer than"),
        (b"x" * 3_000_000, 1, "longer than"),
    ],
)
def test_bad_csv(tmp_path, data, line, says):
    """Each fault is named with its line, and no value is repeated."""
    with pytest.raises(InputError) as caught:
        opened(tmp_path, data)
    assert says in caught.value.what
    assert caught.value.remedy
    assert str(caught.value.where) == f"{tmp_path / 'x.csv'}" + (f":{line}" if line else "")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("x.jsonl", b"[1]\n"),
        ("x.jsonl", b'{"a": {"b": 1}}\n'),
        ("x.jsonl", b'{"a": 1, "a": 2}\n'),
        ("x.jsonl", b"{" * 100_000 + b"\n"),
        ("x.jsonl", b"\n"),
        ("x.parquet", b"PAR1xxxxPAR1"),
        ("x.parquet", b"PAR1" + b"\xff" * 60 + b"\xff\xff\xff\x7fPAR1"),
        ("x.feather", b"ARROW1\0\0junk"),
        ("x.duckdb", b"junk" * 100),
    ],
)
def test_bad_files(tmp_path, name, data):
    """Files that are not what their name says are refused in one line."""
    with pytest.raises(InputError) as caught:
        opened(tmp_path, data, name)
    assert caught.value.remedy


def test_links_and_absent_files(tmp_path):
    """Links, folders and absent files are refused."""
    (tmp_path / "link.csv").symlink_to(tmp_path / "x.csv")
    for name in ("link.csv", "absent.csv", "."):
        with pytest.raises(InputError):
            open_table(tmp_path / name)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "-2", "", "NA"], "int"),
        (["1", "2.5", "-2e3"], "float"),
        (["01234", "80331"], "string"),
        (["+4179", "4178"], "string"),
        (["262011234567890", "262011234567891"], "int"),
        (["12345678901234567890", "1"], "string"),
        (["1234567890123456789.5", "1"], "string"),
        (["1_000", "2"], "string"),
        (["0x10", "2"], "string"),
        (["true", "FALSE"], "bool"),
        (["2024-01-31", "2024-02-29"], "date"),
        (["2024-01-31", "2023-02-29"], "string"),
        (["2024-01-31T10:00:00+02:00", "2024-01-31 10:00"], "datetime"),
        (["", ""], "string"),
        (["x", "1"], "string"),
    ],
)
def test_types_lose_nothing(tmp_path, values, kind):
    """The narrowest type that keeps every character that matters."""
    table = opened(tmp_path, ("a,b\n" + "".join(f"{v},z\n" for v in values)).encode())
    assert table.dtype("a") == kind


def test_types_rest_on_the_whole_file(tmp_path):
    """One word in the last of thirty thousand rows makes the column text."""
    rows = b"".join(b"%d,x\n" % i for i in range(30_000))
    assert opened(tmp_path, b"a,b\n" + rows + b"oops,2\n").dtype("a") == "string"
    assert opened(tmp_path, b"a,b\n" + rows + b"1.5,2\n", "y.csv").dtype("a") == "float"


def test_moments_become_utc(tmp_path):
    """An offset is applied, not dropped."""
    table = opened(tmp_path, b"t\n2024-01-31T10:00:00+02:00\n")
    assert str(table.bounds("t")[0]) == "2024-01-31 08:00:00"


@pytest.mark.parametrize("name", ["x.csv", "odd name [1]*.csv", "it's.csv"])
def test_names_of_files_are_only_names(tmp_path, name):
    """Wildcards and quotes in a path mean themselves."""
    (tmp_path / "decoy.csv").write_bytes(b"a\n1\n2\n")
    assert opened(tmp_path, b"a\n1\n", name).rows == 1


def test_dialects(tmp_path):
    """Semicolons, tabs, byte-order marks, CRLF and quoted line breaks are read."""
    assert opened(tmp_path, b"a;b\n1,5;2\n").columns == ("a", "b")
    assert opened(tmp_path, b"a\tb\n1\t2\n", "x.tsv").columns == ("a", "b")
    assert opened(tmp_path, b'\xef\xbb\xbfa,b\r\n1,"x\r\ny"\r\n', "y.csv").rows == 1


def test_binary_formats(tmp_path):
    """Parquet, Feather, Arrow streams and DuckDB files hold what they were written with."""
    arrow = pa.table({"a": [1, 2, None], "b": ["x", "y", "z"]})
    pq.write_table(arrow, tmp_path / "x.parquet")
    pyarrow.feather.write_feather(arrow, tmp_path / "x.feather")
    with pa.ipc.new_stream(tmp_path / "x.arrow", arrow.schema) as stream:
        stream.write_table(arrow)
    with duckdb.connect(str(tmp_path / "x.duckdb")) as connection:
        connection.execute("CREATE TABLE t AS SELECT * FROM arrow")
    for name in ("x.parquet", "x.feather", "x.arrow", "x.duckdb"):
        table = open_table(tmp_path / name)
        assert (table.columns, table.rows, table.null_counts()) == (("a", "b"), 3, {"a": 1, "b": 0})


def test_database_with_two_tables(tmp_path):
    """Which of two tables is meant cannot be guessed."""
    with duckdb.connect(str(tmp_path / "x.duckdb")) as connection:
        connection.execute("CREATE TABLE t (a INT); CREATE TABLE u (a INT)")
    with pytest.raises(InputError, match="2 tables"):
        open_table(tmp_path / "x.duckdb")


def test_a_changed_file_is_read_again(tmp_path):
    """What was read earlier is not answered for other bytes."""
    assert opened(tmp_path, b"a\n1\n").rows == 1
    assert opened(tmp_path, b"a\n1\n2\n").rows == 2


@settings(deadline=None, max_examples=30)
@given(
    st.lists(
        st.tuples(*[st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=8)] * 3),
        min_size=1,
        max_size=8,
    )
)
def test_csv_round_trip(tmp_path_factory, rows):
    """What Python's csv module writes comes back, but for missing values and types."""
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(
        [("a", "b", "text"), *((*r[:2], "x") for r in rows)]
    )
    table = opened(tmp_path_factory.mktemp("trip"), text.getvalue().encode())
    assert table.rows == len(rows)
    assert table.value_counts("text", 5) == [("x", len(rows))]


def test_fuzz_target_survives_noise():
    """The fuzz target takes any bytes: a table or an InputError, nothing else."""
    from importlib.util import module_from_spec, spec_from_file_location
    from pathlib import Path

    spec = spec_from_file_location("fuzz_tables", Path(__file__).parents[2] / "fuzz" / "fuzz_tables.py")
    fuzz = module_from_spec(spec)
    spec.loader.exec_module(fuzz)
    rng = random.Random(4)
    for _ in range(60):
        fuzz.TestOneInput(
            bytes([rng.randrange(6)]) + bytes(rng.choices(b'a1,"\n\r;\t\xff\0{}:[]PAR.', k=rng.randrange(40)))
        )


@pytest.mark.parametrize("mark", ["\x1b[31m", "\x9b", "\u202e", "\u2066", "\x07"])
def test_column_names_that_steer_a_terminal_are_refused(tmp_path, mark):
    """A column's name stands in reports, so it holds nothing that restyles or hides what is beside it."""
    path = tmp_path / "table.csv"
    path.write_text(f"a,b{mark}c\n1,2\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"control character U\+"):
        open_table(path)


@pytest.mark.parametrize("before", [b"", b"1,2\n" * 3])
@pytest.mark.parametrize("after", [b"", b"\n", b"\n7,8\n"])
def test_an_endless_row_is_never_dropped(tmp_path, before, after):
    """A row that no buffer holds is refused with its line, also as the last of the file, where it would vanish."""
    path = tmp_path / "table.csv"
    with path.open("wb") as file:
        file.write(b"a,b\n" + before + b"1,")
        for _ in range(150):
            file.write(b"x" * (1 << 20))
        file.write(after)
    with pytest.raises(InputError, match="longer than") as refused:
        open_table(path)
    assert refused.value.where == f"{path}:{2 + before.count(bytes([10]))}"


def test_a_parquet_file_with_too_many_columns(tmp_path):
    """The number of columns is bounded in every format, and so is the footer that describes them."""
    path = tmp_path / "wide.parquet"
    pq.write_table(pa.table({f"c{n}": [1] for n in range(10_001)}), path)
    with pytest.raises(InputError, match="10,001 columns"):
        open_table(path)
    path.write_bytes(path.read_bytes()[:-8] + (1 << 30).to_bytes(4, "little") + b"PAR1")
    with pytest.raises(InputError, match="larger than"):
        open_table(path)


def test_rows_keep_their_order(tmp_path):
    """The rows of a large CSV file come back in its order: the engine must not join while it reads."""
    rows = 400_000
    path = tmp_path / "large.csv"
    path.write_text("n,x,w\n" + "".join(f"{i},{i / 8},w{i % 9}\n" for i in range(rows)), encoding="utf-8")
    table = open_table(path)
    read = table.frame.select("n").to_native().to_arrow_table().column(0).to_numpy()
    assert (read == np.arange(rows)).all()
