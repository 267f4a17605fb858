"""Crashes and rivals: killed writers, torn logs and two processes at once leave a ledger that verifies."""

import random
import shutil
import subprocess
import sys

import pytest

from redan.ledger.checkpoint import read_checkpoint
from redan.ledger.database import FILE
from redan.ledger.store import Ledger

WRITER = """
import sys
from pathlib import Path
from redan.ledger.store import Ledger
from redan.seal.keys import load_signer
folder, key, name, count, width = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3].encode(), *map(int, sys.argv[4:])
signer = load_signer(key)
print("ready", flush=True)
with Ledger.open(folder, signer) as ledger:
    for number in range(count):
        group = [b"%s %d %d" % (name, number, i) for i in range(width)]
        print(ledger.append(group).stop, flush=True)
"""
KILLS = 15


@pytest.fixture
def start(folder, signer, tmp_path):
    """Starts a writing process: its name, number of groups, and entries in each."""
    key = tmp_path / "key.pem"
    key.write_bytes(signer.private_pem())
    key.chmod(0o600)
    running = []

    def run(name, count, width):
        arguments = [sys.executable, "-c", WRITER, folder, key, name, str(count), str(width)]
        process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        running.append(process)
        return process

    yield run
    for process in running:
        process.kill()
        process.communicate()


def test_killed_writers_leave_a_ledger_that_verifies(start, folder, signer):
    """Killed with SIGKILL at random points, even while creating it, the ledger keeps all that was acknowledged."""
    rng = random.Random(7)
    notes, acknowledged = [], 0
    for turn in range(KILLS):
        process = start(f"turn {turn}", 1_000_000, rng.choice([1, 3, 400]))
        assert process.stdout.readline() == "ready\n"
        if turn:  # the first is killed while the ledger is made
            for _ in range(rng.randrange(12)):
                acknowledged = int(process.stdout.readline())
        pause = subprocess.run(["sleep", str(rng.uniform(0, 0.02))], check=True)
        assert pause.returncode == 0
        process.kill()
        rest, error = process.communicate()
        lines = [line for line in rest.split("\n")[:-1] if line]
        acknowledged = max([acknowledged, *map(int, lines)])
        assert error == ""
        if (folder / FILE).exists():
            with Ledger.open(folder, key=signer.public) as ledger:
                assert ledger.verify(earlier=notes).size >= acknowledged
                notes.append(ledger.checkpoint())
    assert acknowledged > 100


def test_two_processes_append_at_once(start, folder, signer):
    """Two writers of 500 entries each end with 1,000 entries, each writer's in its own order, and a valid tree."""
    processes = [start(name, 500, 1) for name in ("a", "b")]
    for process in processes:
        _, error = process.communicate(timeout=120)
        assert (process.returncode, error) == (0, "")
    with Ledger.open(folder, key=signer.public) as ledger:
        assert ledger.verify().size == 1000
        entries = list(ledger.entries())
    for name in (b"a", b"b"):
        assert [e for e in entries if e.startswith(name)] == [b"%s %d 0" % (name, i) for i in range(500)]


def test_a_torn_write_ahead_log_loses_only_its_tail(tmp_path, folder, signer):
    """However much of the log reached the disk, what is there is a signed prefix of what was appended."""
    with Ledger.open(folder, signer) as ledger:
        notes = [ledger.checkpoint()]
        for group in range(6):
            ledger.append([b"group %d entry %d" % (group, i) for i in range(group + 1)])
            notes.append(ledger.checkpoint())
        entries = list(ledger.entries())
        log = (folder / f"{FILE}-wal").read_bytes()
        shutil.copy(folder / FILE, tmp_path / FILE)
    sizes = {read_checkpoint(note).size: note for note in notes}
    seen = set()
    copy = tmp_path / "copy"
    for length in [*range(0, len(log), 1031), len(log)]:
        copy.mkdir()
        shutil.copy(tmp_path / FILE, copy / FILE)
        (copy / f"{FILE}-wal").write_bytes(log[:length])
        with Ledger.open(copy, key=signer.public) as torn:
            size = torn.verify().size
            assert torn.checkpoint() == sizes[size]
            assert list(torn.entries()) == entries[:size]
        with Ledger.open(copy, signer) as torn:
            torn.append([b"goes on"])
            assert torn.verify().size == size + 1
        seen.add(size)
        shutil.rmtree(copy)
    assert seen == set(sizes)
