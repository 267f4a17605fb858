"""Signed rows: verified in every format, and no change, theft or repetition goes unnoticed."""

import base64
import datetime as dt
import hashlib
import json
import struct

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from measures.participants.participants_cases import COLUMNS, observed, register, signed, signers
from redan.defences.contribution import sign_rows
from redan.errors import InputError, UsageError
from redan.measures.participants import authenticity
from redan.measures.participants.message import signed_bytes
from redan.seal.keys import generate
from redan.tables import table_of

KEYS = signers("p1", "p2", "p3", "p4")
KNOWN = register(KEYS)
ROWS = signed(KEYS, KNOWN)


def judged(rows, known=KNOWN, time="at"):
    frame = pa.Table.from_pylist(list(rows))
    return authenticity(table_of(frame), known, contributor="who", signature="sig", time=time)


def test_every_signed_row_verifies():
    """Ed25519 and P-256 rows of four participants verify."""
    found = judged(ROWS)
    assert (found.rows, found.authentic, found.contributors, found.faults) == (24, 24, 4, {})


@pytest.mark.parametrize("kind", ["csv", "parquet", "polars", "duckdb", "columns moved"])
def test_the_format_does_not_count(kind, tmp_path):
    """A signature outlives CSV, Parquet, another engine and another order of rows and columns."""
    frame = pa.Table.from_pylist(ROWS[::-1])
    if kind == "csv":
        source = tmp_path / "rows.csv"
        pa.csv.write_csv(frame, source)
    elif kind == "parquet":
        source = tmp_path / "rows.parquet"
        pa.parquet.write_table(frame, source)
    elif kind == "polars":
        source = table_of(pl.from_arrow(frame).lazy())
    elif kind == "duckdb":
        source = table_of(duckdb.connect().from_arrow(frame))
    else:
        source = table_of(frame.select(sorted(frame.column_names, reverse=True)))
    found = authenticity(source, KNOWN, contributor="who", signature="sig", time="at")
    assert found.authentic == found.rows == 24


def test_the_message_is_what_its_page_says():
    """A naive twin of the bytes under a signature, written from the rules of docs/spec/content.md."""

    def text(word):
        return b"\x02" + struct.pack(">I", len(word)) + word.encode()

    at = b"\x04" + struct.pack(">q", int(dt.datetime(2026, 3, 1, tzinfo=dt.UTC).timestamp() * 1e6)) + b"\x00\x00"
    row = at + text("no") + text("A0") + b"\x01" + struct.pack(">d", 40.5)
    head = json.dumps(
        {"columns": dict(sorted(COLUMNS.items())), "context": "acme/roads", "participant": "p1"},
        separators=(",", ":"),
        sort_keys=True,
    )
    message = b"redan contribution v1\n" + hashlib.sha256(head.encode()).digest() + hashlib.sha256(row).digest()
    KEYS["p1"].public.verify(base64.b64decode(ROWS[0]["sig"]), message)
    assert signed_bytes(hashlib.sha256(row).digest(), "p1", "acme/roads", COLUMNS) == message


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_change_is_noticed(data):
    """Whatever cell of whatever row is changed, exactly that row is not authentic."""
    place = data.draw(st.integers(0, len(ROWS) - 1))
    column = data.draw(st.sampled_from(["at", "speed", "road", "icy", "who", "sig"]))
    old = ROWS[place][column]
    fresh = {
        "at": st.datetimes(*(dt.datetime(year, 1, 1) for year in (1990, 2100))),  # noqa: DTZ001 - as files hold it
        "speed": st.floats(-1e9, 1e9) | st.none(),
        "road": st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8),
        "icy": st.sampled_from(["yes", "no", "", "maybe"]),
        "who": st.sampled_from(["p1", "p2", "p3", "p4", "p5", ""]),
        "sig": st.sampled_from([row["sig"] for row in ROWS]) | st.text("ABCDefgh/+=", max_size=88),
    }[column].filter(lambda value: value != old)
    rows = [dict(row) for row in ROWS]
    rows[place][column] = data.draw(fresh)
    found = judged(rows, time=None)
    assert found.authentic == len(ROWS) - 1


def test_each_fault_has_its_name():
    """Unsigned, unknown, keyless, unauthorised, forged and replayed rows are counted apart, each once."""
    known = register(KEYS, '[[participant]]\nid = "login"\n')
    rows = [dict(row) for row in ROWS]
    rows[0]["sig"] = None
    rows[1]["who"] = "stranger"
    rows[2]["who"] = "login"
    rows[3]["speed"] = 1.0
    rows.append(dict(rows[7]))
    found = judged(rows, known)
    assert found.faults == {"unsigned": 1, "unknown": 1, "keyless": 1, "forged": 1, "replayed": 1}
    withdrawn = register(
        KEYS, '[[participant]]\nid = "old"\nwithdrawn = true\n' + f'key = """{generate().public.pem}"""\n'
    )
    rows = [dict(row) for row in ROWS]
    rows[4]["who"] = "old"
    assert judged(rows, withdrawn).faults == {"unauthorised": 1}


def test_authority_is_judged_by_the_day_of_the_row():
    """Rows outside since and until are unauthorised; without a time column only a withdrawal counts."""
    lines = register(KEYS).participants
    assert set(lines) == set(KEYS)
    from dataclasses import replace

    ended = replace(KNOWN, participants={**lines, "p1": replace(lines["p1"], until=dt.date(2026, 2, 28))})
    assert judged(ROWS, ended).faults == {"unauthorised": 6}
    assert judged(ROWS, ended, time=None).faults == {}


def test_old_keys_still_verify():
    """After a rotation both the old and the new key of a participant are good."""
    old, new = generate("ed25519"), generate("p521")
    entry = f'[[participant]]\nid = "r"\nkeys = ["""{new.public.pem}""", """{old.public.pem}"""]\n'
    known = register({}, entry)
    rows = [
        {**row, "who": "r", "sig": sig}
        for key, start in ((old, 0), (new, 50))
        for frame in [observed(3, start)]
        for row, sig in zip(frame.to_pylist(), sign_rows(frame, known, "r", key), strict=True)
    ]
    assert judged(rows, known).authentic == 6


def test_numbers_of_contributors_are_their_text():
    """Participant "7" is recognised in a column of whole numbers, and in one that a gap made floats."""
    keys = signers("7", "8")
    known = register(keys)
    rows = [{**row, "who": int(row["who"])} for row in signed(keys, known)]
    assert judged(rows, known).authentic == 12
    assert judged([*rows, {**rows[0], "who": None}], known).faults == {"unknown": 1}


def test_one_stray_value_accuses_nobody_else(tmp_path):
    """A text in a column of numbers of a CSV file makes one row forged, not all of them."""
    rows = [{**row, "at": row["at"].isoformat(), "speed": str(row["speed"])} for row in ROWS]
    rows[5]["speed"] = "fast"
    path = tmp_path / "rows.csv"
    pa.csv.write_csv(pa.Table.from_pylist(rows), path)
    assert authenticity(path, KNOWN, contributor="who", signature="sig", time="at").faults == {"forged": 1}


def test_a_megabyte_in_a_cell_is_only_a_fault():
    """Very long ids and signatures are no crash."""
    rows = [dict(row) for row in ROWS[:3]]
    rows[0]["sig"], rows[1]["who"] = "A" * 10_000_000, "p" * 1_000_000
    assert judged(rows).authentic == 1


def test_a_missing_column_is_named():
    """A column that the register names and the table lacks is an error with its name."""
    with pytest.raises(InputError, match="'icy'"):
        authenticity(table_of(observed(3).drop_columns(["icy"])), KNOWN, contributor="who", signature="sig")


def test_only_registered_keys_sign():
    """The contributor's half refuses a name or a key that the register does not hold."""
    for name, key in (("p9", KEYS["p1"]), ("p1", KEYS["p2"])):
        with pytest.raises(UsageError, match="no participant"):
            sign_rows(observed(2), KNOWN, name, key)
