"""Verification: every changed byte of every column is found and named."""

import re
import shutil
import sqlite3

import pytest

from redan.errors import InvalidError
from redan.ledger.store import Ledger


def _verdict(folder, signer):
    """What opening and verifying say; None when nothing is wrong."""
    try:
        with Ledger.open(folder) as ledger:
            ledger._key = signer.public  # straight to verify, past the shorter look that opening with a key takes
            ledger.verify()
    except InvalidError as error:
        return error.what
    return None


COLUMNS = {
    "entry": ("idx", "data", r"entry {row} was changed"),
    "node": ("id", "hash", r"entry \d was changed|stored hash of entries \d to \d was changed"),
    "head": ("id", "note", r"^the signed checkpoint is invalid: "),
}


@pytest.mark.parametrize("table", sorted(COLUMNS))
def test_every_changed_byte_is_found_and_named(seven, signer, table):
    """Each byte of each entry, stored hash and checkpoint, one at a time."""
    number, column, message = COLUMNS[table]
    connection = sqlite3.connect(seven / "ledger.sqlite", isolation_level=None)
    try:
        rows = connection.execute(f"SELECT {number}, {column} FROM {table}").fetchall()
        assert len(rows) == {"entry": 7, "node": 11, "head": 1}[table]
        for row, value in rows:
            for at in range(len(value)):
                changed = value[:at] + bytes([value[at] ^ 1 << at % 8]) + value[at + 1 :]
                connection.execute(f"UPDATE {table} SET {column} = ? WHERE {number} = ?", (changed, row))
                verdict = _verdict(seven, signer)
                assert verdict is not None
                assert re.search(message.format(row=row), verdict), verdict
            connection.execute(f"UPDATE {table} SET {column} = ? WHERE {number} = ?", (value, row))
    finally:
        connection.close()
    assert _verdict(seven, signer) is None


EDITS = [
    ("DELETE FROM entry WHERE idx = 3", "entry 3 is missing"),
    ("DELETE FROM entry WHERE idx = 6", "entry 6 is missing"),
    ("DELETE FROM entry", "entry 0 is missing"),
    ("UPDATE entry SET idx = -1 - idx", "entry 0 is missing"),
    ("DELETE FROM node WHERE id = 0", "entry 0 was changed"),
    ("DELETE FROM node WHERE id = 10", "entry 6 was changed"),
    ("DELETE FROM node", "entry 0 was changed"),
    ("DELETE FROM head", "signed checkpoint is invalid: it is missing"),
    ("UPDATE entry SET idx = -1 WHERE idx = 0", "entry 0 is missing"),
    ("UPDATE entry SET idx = 99 WHERE idx = 6", "entry 6 is missing"),
    ("UPDATE entry SET data = 'text' WHERE idx = 1", "entry 1 was changed"),
    ("UPDATE entry SET data = 5 WHERE idx = 1", "entry 1 is malformed"),
    ("UPDATE entry SET data = zeroblob(65536) WHERE idx = 1", "entry 1 is malformed"),
    ("UPDATE entry SET data = zeroblob(2000000) WHERE idx = 1", "near entry 0"),
    ("UPDATE entry SET data = (SELECT data FROM entry WHERE idx = 2) WHERE idx = 1", "entry 1 was changed"),
    ("UPDATE node SET hash = 'text' WHERE id = 4", "entry 3 was changed"),
    ("UPDATE node SET hash = x'00' WHERE id = 6", "stored hash of entries 0 to 3 was changed"),
    ("UPDATE node SET id = 50 WHERE id = 10", "entry 6 was changed"),
    ("INSERT INTO node VALUES (11, zeroblob(32))", "entry 7 is missing; its hash is there"),
    ("INSERT INTO node VALUES (-1, zeroblob(32))", "entry 0 was changed"),
    ("INSERT INTO entry VALUES (7, x'00')", "entry 7 was changed"),
    ("UPDATE head SET note = 'text'", "signed checkpoint is invalid: the note has no signature lines"),
    ("UPDATE head SET note = x'ff'", "signed checkpoint is invalid: it is missing"),
    ("UPDATE head SET note = zeroblob(300000)", "note is too large"),
    ("CREATE TABLE more (x)", "tables are not those"),
    ("CREATE TRIGGER t AFTER INSERT ON entry BEGIN DELETE FROM entry; END", "tables are not those"),
    ("CREATE VIEW v AS SELECT 1", "tables are not those"),
    ("DROP TABLE node", "tables are not those"),
    ("ALTER TABLE entry ADD COLUMN more", "tables are not those"),
    ("PRAGMA user_version = 2", "not a ledger of this version"),
    ("PRAGMA application_id = 0", "not a ledger of this version"),
    ("PRAGMA journal_mode = DELETE", "not a ledger of this version"),
]


@pytest.mark.parametrize(("statement", "message"), EDITS, ids=range(len(EDITS)))
def test_every_edit_is_found_and_named(seven, signer, edit, statement, message):
    """Rows gone, moved, added or of another type; tables, triggers and header fields changed."""
    edit(statement)
    assert message in (_verdict(seven, signer) or "nothing")


def test_a_history_rewritten_with_right_hashes_is_found(tmp_path, seven, signer):
    """An attacker who recomputes every hash cannot sign the root."""
    from redan.seal.keys import generate

    other = tmp_path / "other"
    with Ledger.open(other, generate(), origin="example.com/log") as forged:
        forged.append([b"entry %d" % i for i in range(6)] + [b"forged"])
    connection = sqlite3.connect(other / "ledger.sqlite", isolation_level=None)
    source = sqlite3.connect(seven / "ledger.sqlite")
    connection.execute("UPDATE head SET note = ?", source.execute("SELECT note FROM head").fetchone())
    source.close()
    connection.close()
    assert "the root of the 7 entries is not the one that was signed" in _verdict(other, signer)


def test_a_shortened_ledger_is_found(seven, signer, edit):
    """Taking the last entry away together with its hash contradicts the signed size."""
    edit("DELETE FROM entry WHERE idx = 6")
    edit("DELETE FROM node WHERE id = 10")
    assert _verdict(seven, signer) == "there are 6 entries; the signed checkpoint has 7"


def test_a_copy_verifies(tmp_path, seven, signer):
    """The one file is the whole ledger."""
    shutil.copytree(seven, tmp_path / "copy")
    assert _verdict(tmp_path / "copy", signer) is None


def test_damage_outside_the_entries_is_found(seven, signer):
    """The file's own bookkeeping is read too: a free list that counts pages which are not there."""
    path = seven / "ledger.sqlite"
    data = bytearray(path.read_bytes())
    data[36:40] = (3).to_bytes(4, "big")  # SQLite file format, section 1.3: number of free pages
    path.write_bytes(data)
    assert "malformed" in _verdict(seven, signer)
