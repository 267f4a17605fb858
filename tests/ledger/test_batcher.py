"""Group commit: every thread gets its own index, groups share commits, and a failure reaches all of its group."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from redan.errors import UsageError
from redan.ledger import batcher as batcher_module
from redan.ledger.batcher import Batcher
from redan.ledger.store import Ledger


class Counting:
    """A ledger that counts commits, and can be made to wait or fail."""

    def __init__(self, ledger):
        self.ledger, self.groups = ledger, []
        self.gate = threading.Event()
        self.gate.set()
        self.error = None

    def append(self, entries):
        self.gate.wait(10)
        self.groups.append(len(entries))
        if self.error:
            raise self.error
        return self.ledger.append(entries)


@pytest.fixture
def counting(folder, signer):
    """A counting ledger."""
    with Ledger.open(folder, signer) as ledger:
        yield Counting(ledger)


class Work:
    """Appends the entry of a number."""

    def __init__(self, batcher):
        self.batcher = batcher

    def __call__(self, number):
        return self.batcher.append(b"entry %d" % number)


def _started(pool, work, counting, count):
    """Starts `count` appends while the ledger waits, so that all but the first wait behind it."""
    counting.gate.clear()
    futures = [pool.submit(work, i) for i in range(count)]
    while len(work.batcher._waiting) < count - 1:
        time.sleep(0.001)
    counting.gate.set()
    return futures


def test_each_thread_gets_the_index_of_its_entry(counting):
    """32 threads, 50 entries each: all there, each where its thread was told."""
    batcher = Batcher(counting)
    with ThreadPoolExecutor(32) as pool:
        indexes = list(pool.map(Work(batcher), range(1600)))
    assert sorted(indexes) == list(range(1600))
    entries = list(counting.ledger.entries())
    assert all(entries[index] == b"entry %d" % number for number, index in enumerate(indexes))
    assert counting.ledger.verify().size == 1600
    assert sum(counting.groups) == 1600


def test_waiting_entries_share_one_commit(counting):
    """What arrives during a commit goes into the next one, together."""
    batcher = Batcher(counting)
    with ThreadPoolExecutor(20) as pool:
        futures = _started(pool, Work(batcher), counting, 20)
        assert sorted(f.result() for f in futures) == list(range(20))
    assert len(counting.groups) <= 3
    assert sum(counting.groups) == 20


def test_groups_are_bounded(counting, monkeypatch):
    """A long queue is committed in groups of at most the limit."""
    monkeypatch.setattr(batcher_module, "GROUP_LIMIT", 4)
    with ThreadPoolExecutor(20) as pool:
        futures = _started(pool, Work(Batcher(counting)), counting, 20)
        assert sorted(f.result() for f in futures) == list(range(20))
    assert max(counting.groups) <= 4


def test_a_failed_commit_reaches_every_thread_of_its_group(counting):
    """Nobody is told that an entry is durable when it is not, and the next group starts afresh."""
    counting.error = UsageError("the disk is full")
    batcher = Batcher(counting)
    with ThreadPoolExecutor(10) as pool:
        futures = _started(pool, Work(batcher), counting, 10)
        assert all(isinstance(f.exception(), UsageError) for f in futures)
    counting.error = None
    assert counting.ledger.size == 0
    assert batcher.append(b"x") == 0


def test_an_interrupted_commit_leaves_nobody_waiting(counting):
    """If the committing thread dies of something else, the others get an error, not a hang."""
    counting.error = KeyboardInterrupt()
    batcher = Batcher(counting)
    with ThreadPoolExecutor(10) as pool:
        futures = _started(pool, Work(batcher), counting, 10)
        kinds = {type(f.exception()) for f in futures}
    assert kinds <= {KeyboardInterrupt, UsageError}
    counting.error = None
    assert batcher.append(b"x") == 0


def test_a_large_entry_fails_alone(counting):
    """An entry that cannot be logged is refused before it joins a group."""
    batcher = Batcher(counting)
    with pytest.raises(UsageError, match="65,536"):
        batcher.append(bytes(65_536))
    assert counting.groups == []


class Interrupted:
    """A semaphore whose waiter is interrupted."""

    def __init__(self, _value):
        self.released = 0

    def acquire(self):
        raise KeyboardInterrupt

    def release(self):
        self.released += 1


def test_an_interrupted_waiter_takes_its_entry_along(counting, monkeypatch):
    """A thread that is interrupted while it waits has appended nothing, and holds nobody up."""
    batcher = Batcher(counting)
    counting.gate.clear()
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(batcher.append, b"first")
        while batcher._waiting or not batcher._led:
            time.sleep(0.001)
        monkeypatch.setattr(batcher_module.threading, "Semaphore", Interrupted)
        with pytest.raises(KeyboardInterrupt):
            batcher.append(b"interrupted")
        monkeypatch.undo()
        counting.gate.set()
        assert first.result() == 0
    assert batcher.append(b"next") == 1
    assert list(counting.ledger.entries()) == [b"first", b"next"]


def test_an_interrupted_leader_to_be_hands_the_lead_on(counting):
    """If the thread that was to lead next is interrupted, the one behind it leads."""
    batcher = Batcher(counting)
    leaving, behind = (batcher_module._Ticket(name, leads=False) for name in (b"leaving", b"behind"))
    batcher._waiting = [leaving, behind]
    batcher._hand_over()
    assert (leaving.leads, behind.leads) == (True, False)
    batcher._leave(leaving)
    assert batcher._waiting == [behind]
    assert behind.leads
    assert behind.turn.acquire(blocking=False)
    batcher._leave(behind)
    assert not batcher._led
    assert batcher.append(b"after") == 0
