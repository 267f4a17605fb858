"""The one SQLite file of a ledger: created whole or not at all, opened as hostile, every fault one clear error.

Rows of `node` are numbered as the subtrees complete: a leaf, then the parents it completes. Both tables therefore only
ever grow at their end, and the number of a subtree follows from its place (see `node_id`).
"""

import os
import sqlite3
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from redan.errors import InputError, InvalidError, UsageError
from redan.files import make_folder, open_regular
from redan.ledger.faults import RAISED, translated
from redan.ledger.tree import HASH_BYTES, Node

FILE = "ledger.sqlite"
ENTRY_LIMIT_BYTES = 65_535  # C2SP tlog-tiles: the length of an entry in a bundle is a big-endian uint16
_APPLICATION_ID = 0x7265646E  # "redn"
_VERSION = 1
_VALUE_LIMIT_BYTES = 1 << 20  # a row is an entry, a hash or a note; nothing is near this
CHUNK_ROWS = 512
_SCHEMA = (
    ("entry", "CREATE TABLE entry (idx INTEGER PRIMARY KEY, data BLOB NOT NULL)"),
    ("head", "CREATE TABLE head (id INTEGER PRIMARY KEY CHECK (id = 0), note BLOB NOT NULL)"),
    ("node", "CREATE TABLE node (id INTEGER PRIMARY KEY, hash BLOB NOT NULL)"),
)
_SETTINGS = (
    "PRAGMA synchronous = FULL",  # in WAL mode: fsync at every commit
    "PRAGMA fullfsync = ON",
    "PRAGMA checkpoint_fullfsync = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
    "PRAGMA mmap_size = 0",
)


def node_id(level: int, place: int) -> int:
    """The row of the perfect subtree (level, place): the nodes before its last leaf, and then its level."""
    last = ((place + 1) << level) - 1
    return 2 * last - last.bit_count() + level


class Database:
    """One connection, safe for many threads; every sqlite3 error leaves as a RedanError."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        self._lock = threading.RLock()

    def close(self) -> None:
        """Closes the connection; the last one to close folds the write-ahead log into the file."""
        with self._lock, translated(self.path):
            self._connection.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One durable transaction, alone among all processes; any error undoes it whole."""
        with self._transaction("BEGIN IMMEDIATE"):
            yield

    @contextmanager
    def reading(self) -> Iterator[None]:
        """One consistent view of the ledger, whatever other processes append meanwhile."""
        with self._transaction("BEGIN"):
            yield

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        with self._lock, translated(self.path):
            self._connection.execute(begin)
            try:
                yield
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def version(self) -> int:
        """A number that changes when another connection has written; this one's own writes leave it alone."""
        found = self._value("PRAGMA data_version", ())
        return found if isinstance(found, int) else -1

    def size(self) -> int:
        """The number of entries, if none is missing."""
        last = self._value("SELECT max(idx) FROM entry", ())
        return last + 1 if isinstance(last, int) else 0

    def entry(self, index: int) -> bytes:
        """The bytes of one entry."""
        found = self._value("SELECT data FROM entry WHERE idx = ?", (index,))
        if not isinstance(found, bytes) or len(found) > ENTRY_LIMIT_BYTES:
            raise self._damaged(f"entry {index} is missing or malformed")
        return found

    def span(self, start: int, stop: int) -> list[bytes]:
        """The entries from `start` up to `stop`, at most `CHUNK_ROWS` of them."""
        stop = min(stop, start + CHUNK_ROWS)
        return [self.entry(index) for index in range(start, stop)]

    def node(self, level: int, place: int) -> bytes:
        """The stored hash of a perfect subtree."""
        found = self._value("SELECT hash FROM node WHERE id = ?", (node_id(level, place),))
        if not isinstance(found, bytes) or len(found) != HASH_BYTES:
            first = place << level
            raise self._damaged(f"the stored hash of entries {first} to {first + (1 << level) - 1} is missing")
        return found

    def note(self) -> str:
        """The last signed checkpoint."""
        found = self._value("SELECT note FROM head WHERE id = 0", ())
        try:
            return found.decode() if isinstance(found, bytes) else self._no_note()
        except UnicodeDecodeError:
            return self._no_note()

    def nodes(self) -> Iterator[tuple[object, object]]:
        """Every stored hash with its row number, in order."""
        return self._connection.execute("SELECT id, hash FROM node ORDER BY id")

    def entries(self) -> Iterator[tuple[object, object]]:
        """Every entry with its index, in order."""
        return self._connection.execute("SELECT idx, data FROM entry ORDER BY idx")

    def add(self, first: int, entries: Sequence[bytes], nodes: Iterable[Node], note: str) -> None:
        """Appends entries and the subtrees they complete, and replaces the checkpoint; only inside `writing`."""
        rows = ((node_id(n.level, n.place), n.hash) for n in nodes)
        self._connection.executemany("INSERT INTO entry VALUES (?, ?)", enumerate(entries, start=first))
        self._connection.executemany("INSERT INTO node VALUES (?, ?)", rows)
        self._connection.execute("UPDATE head SET note = ? WHERE id = 0", (note.encode(),))

    def check_structure(self) -> None:
        """Accepts the file's own bookkeeping and tables, or raises."""
        found = self._connection.execute("SELECT type, name, sql FROM sqlite_master ORDER BY name LIMIT 9").fetchall()
        if found != [(b"table", name.encode(), sql.encode()) for name, sql in _SCHEMA]:
            raise self._damaged("the tables are not those of a ledger")

    def check_pages(self) -> None:
        """Accepts every page of the file, or raises; reads the whole file."""
        for (word,) in self._connection.execute("PRAGMA quick_check(1)"):
            if word != b"ok":
                raise self._damaged("a page of the database is malformed")

    def _value(self, query: str, values: tuple[int, ...]) -> object:
        with self._lock, translated(self.path):
            row = self._connection.execute(query, values).fetchone()
        return None if row is None else row[0]

    def _no_note(self) -> str:
        raise self._damaged("it is missing or not text")

    def _damaged(self, what: str) -> InvalidError:
        return InvalidError(what, where=str(self.path), remedy="restore the ledger from a copy")


def open_database(folder: Path, *, writable: bool, busy_s: float) -> Database:
    """The ledger's database in a folder, its header and tables checked.

    Raises:
        UsageError: there is none, or it cannot be read or written.
        InvalidError: the file is not a ledger, or is damaged.
    """
    path = folder / FILE
    _check_header(path)
    mode = "mode=rw" if writable else _reading_mode(path)
    with translated(path):
        connection = _connected(path, mode, busy_s)
        database = Database(path, connection)
        try:
            database.check_structure()
        except (*RAISED, InvalidError):
            connection.close()
            raise
    return database


def create_database(folder: Path, note: str) -> None:
    """Creates an empty ledger with its signed checkpoint, whole or not at all; does nothing where one exists.

    Raises:
        UsageError: the folder cannot be written.
        InvalidError: the database is gone and its write-ahead log is left.
    """
    path = folder / FILE
    if not os.path.lexists(path) and os.path.lexists(f"{path}-wal"):
        raise InvalidError("the database is missing beside its write-ahead log", where=str(path), remedy="restore it")
    try:
        make_folder(folder)
        with tempfile.TemporaryDirectory(prefix=".new-", dir=folder) as draft:
            _write_empty(Path(draft, FILE), note)
            os.link(Path(draft, FILE), path)  # fails when another process was first
        _sync(folder)
        _sync(folder.parent)
    except FileExistsError:
        if not folder.is_dir():
            raise UsageError("is not a folder", where=str(folder), remedy="name a folder") from None
    except OSError as error:
        what = f"cannot hold a ledger: {error.strerror or error}"
        raise UsageError(what, where=str(folder), remedy="free space or change permissions") from error


def _write_empty(path: Path, note: str) -> None:
    with translated(path), closing(_connected(path, "mode=rwc", 1.0)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("BEGIN")
        connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {_VERSION}")
        for _, statement in _SCHEMA:
            connection.execute(statement)
        connection.execute("INSERT INTO head VALUES (0, ?)", (note.encode(),))
        connection.execute("COMMIT")


def _connected(path: Path, mode: str, busy_s: float) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?{mode}"
    connection = sqlite3.connect(uri, uri=True, timeout=busy_s, isolation_level=None, check_same_thread=False)
    connection.text_factory = bytes  # text of a damaged file need not be UTF-8
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _VALUE_LIMIT_BYTES)
    try:
        for setting in _SETTINGS:
            connection.execute(setting)
    except RAISED:
        connection.close()
        raise
    return connection


def _check_header(path: Path) -> None:
    """Reads the fixed fields itself (SQLite file format, section 1.3) before SQLite sees the file."""
    try:
        with os.fdopen(open_regular(path), "rb") as file:
            header = file.read(100)
    except InputError as error:
        what = "there is no ledger here" if not os.path.lexists(path) else f"the ledger {error.what}"
        raise UsageError(what, where=str(path), remedy="run `redan check` once, or name the right folder") from error
    numbers = tuple(int.from_bytes(header[at : at + 4], "big") for at in (68, 60))
    if header[:16] != b"SQLite format 3\0" or header[18:20] != b"\2\2" or numbers != (_APPLICATION_ID, _VERSION):
        raise InvalidError("is not a ledger of this version, or its header was changed", where=str(path))


def _reading_mode(path: Path) -> str:
    """SQLite needs to write beside a database even to read it, except where nothing can have been left unmerged."""
    try:
        unmerged = Path(f"{path}-wal").stat().st_size > 0
    except OSError:
        unmerged = False
    effective = os.access in os.supports_effective_ids
    writable = os.access(path.parent, os.W_OK, effective_ids=effective)
    return "mode=ro" if unmerged or writable else "mode=ro&immutable=1"


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
