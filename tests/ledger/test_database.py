"""The database's rim: foreign files, places that cannot be read or written, full disks, other processes."""

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redan.errors import InvalidError, UsageError
from redan.ledger import database as database_module
from redan.ledger.database import FILE, node_id
from redan.ledger.store import Ledger

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody who may not write")


@given(st.integers(0, 40), st.integers(0, 2**40))
def test_rows_are_numbered_as_subtrees_complete(level, place):
    """A subtree follows its right child at once; a leaf follows everything before it."""
    if level:
        assert node_id(level, place) == node_id(level - 1, 2 * place + 1) + 1
    last = ((place + 1) << level) - 1
    following = node_id(0, last + 1) - node_id(level, place)
    assert following == 1 + ((last + 1) & -(last + 1)).bit_length() - 1 - level


def test_row_numbers_have_no_gap():
    """The subtrees of any ledger are numbered 0, 1, 2 ... in the order in which they complete."""
    found, row = [], 0
    for leaf in range(200):
        level, place = 0, leaf
        found.append(node_id(0, leaf))
        while place & 1:
            level, place = level + 1, place >> 1
            found.append(node_id(level, place))
    row = len(found)
    assert found == list(range(row))


FOREIGN = [
    b"",
    b"x",
    b"SQLite format 3\0",
    b"SQLite format 3\0" + bytes(84),
    b"SQLite format 3\0" + b"\x10\x00\x02\x02" + bytes(80),
    b"PK\3\4" + bytes(5000),
    os.urandom(5000),
]


@pytest.mark.parametrize("data", FOREIGN, ids=range(len(FOREIGN)))
def test_a_foreign_file_is_refused_and_kept(data, folder, signer):
    """A file that is not a ledger is invalid to readers and writers, and stays as it was."""
    folder.mkdir(parents=True)
    (folder / FILE).write_bytes(data)
    for open_it in (lambda: Ledger.open(folder, signer), lambda: Ledger.open(folder, key=signer.public)):
        with pytest.raises(InvalidError, match="not a ledger"):
            open_it()
    assert (folder / FILE).read_bytes() == data
    assert [p.name for p in folder.iterdir()] == [FILE]


def test_another_programs_database_is_refused(folder, signer):
    """A healthy SQLite file of another program is not a ledger."""
    folder.mkdir(parents=True)
    connection = sqlite3.connect(folder / FILE)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE t (x)")
    connection.close()
    with pytest.raises(InvalidError, match="not a ledger"):
        Ledger.open(folder, signer)


def test_links_folders_and_pipes_are_refused(seven, tmp_path, signer):
    """Only a regular file in the folder itself is opened."""
    other = tmp_path / "other"
    other.mkdir()
    (other / FILE).symlink_to(seven / FILE)
    with pytest.raises(UsageError, match="symbolic link"):
        Ledger.open(other, signer)
    (other / FILE).unlink()
    (other / FILE).mkdir()
    with pytest.raises(UsageError, match="not a regular file"):
        Ledger.open(other, signer)
    (other / FILE).rmdir()
    os.mkfifo(other / FILE)
    with pytest.raises(UsageError, match="not a regular file"):
        Ledger.open(other, key=signer.public)


def test_a_file_in_the_place_of_the_folder(tmp_path, signer):
    """The folder, or one above it, may be a file."""
    (tmp_path / "file").write_bytes(b"")
    for folder in (tmp_path / "file", tmp_path / "file" / "ledger"):
        with pytest.raises(UsageError):
            Ledger.open(folder, signer)
        with pytest.raises(UsageError):
            Ledger.open(folder)


@pytest.mark.parametrize("keep", [0, 50, 99, 100, 511, 512, 4000, 4096, 8191, 8192, 12000])
def test_a_truncated_file_is_invalid(keep, seven, signer):
    """Cut at any place, the ledger is invalid and says so once."""
    data = (seven / FILE).read_bytes()
    assert keep < len(data)
    (seven / FILE).write_bytes(data[:keep])
    with pytest.raises(InvalidError), Ledger.open(seven, key=signer.public) as ledger:
        ledger.verify()


def test_a_log_without_its_database_is_refused(folder, signer):
    """A left write-ahead log is not replayed into a new ledger."""
    folder.mkdir(parents=True)
    (folder / f"{FILE}-wal").write_bytes(b"left over")
    with pytest.raises(InvalidError, match="missing beside its write-ahead log"):
        Ledger.open(folder, signer)
    assert not (folder / FILE).exists()


def test_two_creators_make_one_ledger(folder, signer, monkeypatch):
    """Whoever is second takes the ledger that the first made, and leaves no draft."""
    honest = os.link

    def first_another(source, target):
        monkeypatch.setattr(database_module.os, "link", honest)
        with Ledger.open(folder, signer, origin="log") as other:
            other.append([b"from the other"])
        honest(source, target)

    monkeypatch.setattr(database_module.os, "link", first_another)
    with Ledger.open(folder, signer, origin="log") as ledger:
        assert list(ledger.entries()) == [b"from the other"]
        assert ledger.append([b"mine"]) == range(1, 2)
    assert [p.name for p in folder.iterdir()] == [FILE]


def test_a_folder_that_cannot_be_made_or_linked(folder, signer, monkeypatch):
    """A read-only or link-less file system is one clear error, and nothing is left."""

    def refused(*_):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(database_module.os, "link", refused)
    with pytest.raises(UsageError, match="Read-only file system"):
        Ledger.open(folder, signer)
    assert list(folder.iterdir()) == []


def test_a_full_disk_leaves_the_ledger_as_it_was(seven, signer):
    """When the database cannot grow, the group is refused whole, and smaller ones still fit."""
    with Ledger.open(seven, signer) as ledger:
        pages = ledger._database._connection.execute("PRAGMA page_count").fetchone()[0]
        ledger._database._connection.execute(f"PRAGMA max_page_count = {pages + 1}")
        with pytest.raises(UsageError, match="disk is full; nothing was written"):
            ledger.append([bytes(60_000)] * 10)
        assert ledger.verify().size == 7
        assert ledger.append([b"small"]) == range(7, 8)
    with Ledger.open(seven, key=signer.public) as ledger:
        assert ledger.verify().size == 8


LIMITED = """
import resource, signal, sys
from pathlib import Path
from redan.errors import UsageError
from redan.ledger.store import Ledger
from redan.seal.keys import load_signer
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
signer = load_signer(Path(sys.argv[2]))
limit = int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
done = 0
try:
    with Ledger.open(Path(sys.argv[1]), signer) as ledger:
        for number in range(1000):
            ledger.append([bytes(20_000)])
            done = number + 1
except UsageError as error:
    print(done, error)
"""


@pytest.fixture
def key_file(tmp_path, signer):
    """The signer's private key as a file for other processes."""
    path = tmp_path / "key.pem"
    path.write_bytes(signer.private_pem())
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("limit", [0, 5_000, 20_000, 100_000, 400_000])
def test_a_disk_that_fills_up(limit, folder, signer, key_file):
    """Wherever the space ends, there is one usage error, and what was appended before verifies."""
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, folder, key_file, str(limit)], capture_output=True, text=True, check=True
    )
    appended, _, message = done.stdout.partition(" ")
    assert done.stderr == ""
    assert message.count("\n") == 1
    if int(appended) or (folder / FILE).exists():
        with Ledger.open(folder, key=signer.public) as ledger:
            assert ledger.verify().size == int(appended)
    else:
        assert list(folder.iterdir()) == []
    with Ledger.open(folder, signer) as ledger:
        ledger.append([b"space again"])
        assert ledger.verify().size == int(appended) + 1


def test_a_hanging_writer_is_waited_for_only_so_long(seven, signer):
    """Another process that keeps the lock ends in a usage error after the given time, not in a hang."""
    other = sqlite3.connect(seven / FILE, isolation_level=None)
    try:
        with Ledger.open(seven, signer, busy_s=0.05) as ledger:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(UsageError, match="keeps the ledger locked"):
                ledger.append([b"x"])
            assert ledger.verify().size == 7
            other.execute("ROLLBACK")
            assert ledger.append([b"x"]) == range(7, 8)
    finally:
        other.close()


@contextmanager
def _somebody_else():
    """The test's thread as an account without rights."""
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def shared():
    """A folder that everybody may enter, unlike pytest's own."""
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@needs_root
def test_a_ledger_one_may_only_read_can_be_verified(shared, seven, signer):
    """Without write permission a ledger is read and verified, and appending is a usage error."""
    shutil.copytree(seven, shared / "ledger")
    with _somebody_else():
        with Ledger.open(shared / "ledger", key=signer.public) as ledger:
            assert ledger.verify().size == 7
        with pytest.raises(UsageError, match=r"cannot be read or written|cannot be opened"):
            Ledger.open(shared / "ledger", signer).append([b"x"])
    assert [p.name for p in (shared / "ledger").iterdir()] == [FILE]


@needs_root
def test_unmerged_writes_on_a_read_only_place_are_not_ignored(shared, folder, signer):
    """A crashed writer's log is never skipped: without write permission that is an error, not an older answer."""
    with Ledger.open(folder, signer) as ledger:
        ledger.append([b"a"])
        (shared / "ledger").mkdir()
        for name in (FILE, f"{FILE}-wal"):
            shutil.copy(folder / name, shared / "ledger" / name)
    with _somebody_else(), pytest.raises(UsageError, match="cannot be read or written"):
        Ledger.open(shared / "ledger", key=signer.public)
    with Ledger.open(shared / "ledger", key=signer.public) as ledger:
        assert ledger.verify().size == 1


@needs_root
def test_a_ledger_one_may_not_read_or_make(shared, seven, signer):
    """Missing permissions are usage errors that say so."""
    shutil.copytree(seven, shared / "ledger")
    (shared / "ledger" / FILE).chmod(0o600)
    (shared / "closed").mkdir(mode=0o700)
    with _somebody_else():
        with pytest.raises(UsageError, match="permission denied"):
            Ledger.open(shared / "ledger", key=signer.public)
        with pytest.raises(UsageError, match="Permission denied"):
            Ledger.open(shared / "new", signer)
        with pytest.raises(UsageError):
            Ledger.open(shared / "closed", signer)
        with pytest.raises(UsageError):
            Ledger.open(shared / "closed" / "deeper", key=signer.public)
    assert stat.S_IMODE((shared / "ledger" / FILE).stat().st_mode) == 0o600


def test_odd_names_are_paths_not_uris(tmp_path, signer):
    """Question marks, percent signs and hashes in a folder's name are just names."""
    folder = tmp_path / "a?mode=memory&b#c%20 ü"
    with Ledger.open(folder, signer) as ledger:
        ledger.append([b"x"])
    assert (folder / FILE).exists()
    with Ledger.open(folder, key=signer.public) as ledger:
        assert ledger.verify().size == 1
