"""Events: canonical, nothing personal, bounded, and on the disk when they were acknowledged."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway import houses
from redan.canon import parse_canonical
from redan.errors import UsageError
from redan.exchange.flow import Flow, Identity
from redan.exchange.message import Request
from redan.exchange.problem import Problem, Refusal, RefusedError
from redan.gateway import assembly
from redan.gateway.events import Clerk
from redan.gateway.journal import Journal
from redan.gateway.metrics import Metrics
from redan.gateway.register import Register
from redan.gateway.steps import Decided
from redan.ledger.store import Ledger
from redan.seal.keys import generate, load_public

KEY = generate("ed25519")


def flow(principal="alice@example.org", body=b"secret body", **notes):
    """A flow of one client."""
    request = Request(
        "POST", b"/v2/models/churn/infer", b"", ((b"authorization", b"Bearer abc"),), body, "10.0.0.7", 1000.25
    )
    identity = None if principal is None else Identity(principal, frozenset({"*"}))
    return Flow(request, "churn", "", identity, notes=notes)


@settings(deadline=None, max_examples=50)
@given(st.dictionaries(st.text("abcxyz_", max_size=20), st.one_of(st.text(max_size=300), st.integers(-(2**53) + 1, 2**53 - 1), st.floats()), max_size=4),
       st.text(min_size=1, max_size=40))  # fmt: skip
def test_events_are_canonical_and_hold_no_principal_body_address_or_header(notes, principal):
    """Whatever guards note; the same principal has the same name under one key and another under another."""
    one = Decided(flow(principal=principal + "@x"), None)
    one.flow.notes.update(notes)
    data = Clerk(b"k" * 32).event(one, "ab" * 12, "1", 1000.5)
    found = parse_canonical(data, limit_bytes=65_535)
    assert found["us"] == 250_000
    assert found["at"] == "1970-01-01T00:16:40.250000Z"
    plain = json.dumps({**found, "notes": {}})
    assert not any(word in plain for word in (principal + "@x", "secret", "10.0.0.7", "Bearer"))
    assert (
        found["principal"]
        == Clerk(b"k" * 32).pseudonym(principal + "@x")
        != Clerk(b"l" * 32).pseudonym(principal + "@x")
    )


@settings(deadline=None, max_examples=50)
@given(st.text(min_size=1, max_size=30), st.integers(0, 3), st.floats(0, 10))
def test_the_short_way_to_write_an_answered_question_writes_the_same(version, rows, wait):
    """Byte for byte what the record would say."""
    from redan.exchange.tensors import Inference
    from redan.gateway import events

    answered = flow()
    answered.inference = Inference("", (), (), False, rows)
    clerk = Clerk(b"k" * 32)
    short = clerk.event(Decided(answered, None), "ab" * 12, version, 1000.25 + wait)
    record = msgspec.json.decode(short, type=events.Event, strict=True)
    assert msgspec.json.encode(record, order="sorted") == short
    assert (record.version, record.rows, record.status, record.model) == (version, rows, 200, "churn")
    parse_canonical(short, limit_bytes=65_535)


def test_every_decision_is_in_the_ledger_under_the_identifier_that_was_told(tmp_path, monkeypatch):
    """Answers and refusals; `key` of the entry is the client's `instance`; happenings of models are there too."""
    monkeypatch.setattr(assembly, "guards_of", houses.locked)
    folder = houses.project(tmp_path / "p")
    good = [("authorization", "Bearer good")]
    with houses.gateway(folder) as made:
        houses.asked(made.plane, headers=good)
        bad = json.loads(houses.asked(made.plane, body=b"{}", headers=good)[2])
        stranger = json.loads(houses.asked(made.plane)[2])
        nowhere = json.loads(houses.asked(made.plane, "GET", "/x", b"")[2])
    state = folder / ".redan" / "gateway"
    with Ledger.open(state / "ledger", key=load_public(state / "key.pub")) as ledger:
        ledger.verify()
        entries = [json.loads(entry) for entry in ledger.entries()]
    by_key = {entry["key"]: entry for entry in entries}
    assert entries[0]["what"] == "in-service"
    answered = next(entry for entry in entries if entry.get("status") == 200)
    assert (answered["rows"], answered["model"], len(answered["principal"])) == (2, "churn", 24)
    for body, status in ((bad, 400), (stranger, 401), (nowhere, 404)):
        assert by_key[body["instance"].rpartition(":")[2]]["status"] == status
    assert b"alice" not in b"".join(json.dumps(entry).encode() for entry in entries)


def test_strangers_cannot_fill_the_log(tmp_path):
    """Refusals of unknown senders are written down so many a second, and counted beyond; known ones always are."""
    with Ledger.open(tmp_path, KEY) as ledger:
        journal = Journal(ledger, window_s=0.001)
        register = Register(Metrics(), Clerk(b"k" * 32), journal, lambda name: "1", strangers=5, clock=lambda: 1000.5)
        for _ in range(100):
            register.decided(Decided(flow(principal=None), Refusal(Problem.UNAUTHENTICATED, "identity")))
            register.passed(Refusal(Problem.UNKNOWN, "routes"), "00" * 12)
        for _ in range(7):
            register.decided(Decided(flow(), None))
        journal.close()
    with Ledger.open(tmp_path, key=KEY.public) as ledger:
        entries = [json.loads(entry) for entry in ledger.entries()]
    assert len(entries) == 5 + 7
    assert sum(entry.get("skipped", 0) for entry in entries) == 195
    assert register.metrics.decisions["identity", "unauthenticated"] == 100


def test_an_event_names_the_generation_that_answered(tmp_path):
    """Not the one in service when it was written down; where nothing answered, the one in service."""
    answered = flow()
    answered.generation = "1"
    with Ledger.open(tmp_path, KEY) as ledger:
        journal = Journal(ledger, window_s=0.001)
        register = Register(Metrics(), Clerk(b"k" * 32), journal, lambda name: "2", clock=lambda: 1000.5)
        register.decided(Decided(answered, None))
        register.decided(Decided(flow(), Refusal(Problem.MALFORMED, "decoder")))
        journal.close()
    with Ledger.open(tmp_path, key=KEY.public) as ledger:
        assert [json.loads(entry)["version"] for entry in ledger.entries()] == ["1", "2"]


class Stuck:
    """A ledger that cannot be written for a while."""

    size = 0

    def __init__(self):
        self.fails = True
        self.kept = []

    def append(self, entries):
        if self.fails:
            raise UsageError("the disk is full")
        self.kept += entries
        return range(len(self.kept))

    def checkpoint(self):
        return "x"

    def close(self):
        pass


def test_a_log_that_cannot_be_written_refuses_and_loses_nothing(monkeypatch):
    """Fail closed: while it fails nothing new is answered; what was acknowledged is committed later, in order."""
    monkeypatch.setattr("redan.gateway.journal._RETRY_S", 0.01)
    ledger, said = Stuck(), []
    journal = Journal(ledger, window_s=0.001, failed=said.append)
    journal.append(b"1")
    until = time.monotonic() + 5
    while not journal.broken and time.monotonic() < until:
        time.sleep(0.005)
    with pytest.raises(RefusedError) as refused:
        journal.append(b"2")
    assert refused.value.refusal.problem is Problem.UNREADY
    ledger.fails = False
    while journal.broken and time.monotonic() < until:
        time.sleep(0.005)
    journal.append(b"3")
    journal.close()
    assert ledger.kept == [b"1", b"3"]
    assert said == [True, False]


def test_a_full_queue_refuses(tmp_path):
    """Back-pressure: the model was asked, and nothing goes out that cannot be written down."""
    with houses.gateway(tmp_path / "p") as made:
        made.register.journal._most = 0
        assert houses.asked(made.plane)[0] == 503


def test_a_durable_answer_waits_for_the_disk(tmp_path):
    """Under `durable`, the entry is committed when the answer is there."""
    folder = houses.project(tmp_path / "p", gateway="durable = true\ncommit_ms = 1")
    with houses.gateway(folder) as made:
        state = folder / ".redan" / "gateway"
        for count in range(1, 4):
            assert houses.asked(made.plane)[0] == 200
            with Ledger.open(state / "ledger", key=load_public(state / "key.pub")) as other:
                answered = [entry for entry in other.entries() if b'"status":200' in entry]
            assert len(answered) == count


KILLED = """
import asyncio, sys
from pathlib import Path
from redan.gateway.journal import Journal
from redan.ledger.store import Ledger
from redan.seal.keys import load_signer

async def live():
    journal = Journal(Ledger.open(Path(sys.argv[1]) / "ledger", load_signer(Path(sys.argv[1]) / "key.pem")), window_s=0.002)
    async def one(who):
        n = 0
        while True:
            entry = f"{who}-{n}".encode()
            await journal.committed(entry, "")
            sys.stdout.write(entry.decode() + "\\n")
            sys.stdout.flush()
            n += 1
    await asyncio.gather(*(one(who) for who in range(8)))

asyncio.run(live())
"""


@pytest.mark.parametrize("after", [0.05, 0.21])
def test_a_kill_at_any_moment_loses_no_acknowledged_event(tmp_path, after):
    """SIGKILL while answers go out: every event that was acknowledged is in the ledger, and the ledger is whole."""
    from redan.seal.pair import write_pair

    write_pair(KEY, tmp_path / "key.pem")
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    child = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, env=env)
    first = child.stdout.readline()
    time.sleep(after)
    os.kill(child.pid, signal.SIGKILL)
    told = [first, *child.stdout.readlines()]
    child.wait()
    child.stdout.close()
    acknowledged = {line.strip() for line in told if line.endswith(b"\n")}
    with Ledger.open(tmp_path / "ledger", key=KEY.public) as ledger:
        ledger.verify()
        entries = set(ledger.entries())
    assert acknowledged
    assert acknowledged <= entries


def test_many_waiting_answers_are_woken_together(tmp_path):
    """Group commit: as many answers as wait share few commits."""
    with Ledger.open(tmp_path, KEY) as ledger:
        journal = Journal(ledger, window_s=0.01, published=tmp_path / "out" / "checkpoint")

        async def all_at_once():
            return await asyncio.gather(*(journal.committed(b"%d" % n, str(n)) for n in range(500)))

        assert asyncio.run(all_at_once()) == [str(n) for n in range(500)]
        journal.close()
    assert (tmp_path / "out" / "checkpoint").read_text().splitlines()[1] == "500"
