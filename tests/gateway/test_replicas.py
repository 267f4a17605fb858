"""Two gateways that share a store: one budget, one set of nonces, and a refusal when the store is gone."""

import asyncio
import contextlib
import random
import shutil
import subprocess
import threading
import time
from collections import Counter

import pytest

from cli.test_serve import start
from gateway import houses
from gateway.test_guarded import project, signed

SERVER = next((found for found in map(shutil.which, ("valkey-server", "redis-server")) if found), None)
pytestmark = pytest.mark.skipif(SERVER is None, reason="no valkey-server or redis-server is installed")


@contextlib.contextmanager
def store(folder):
    """A server of our own at a unix socket."""
    sock = folder / "s"
    line = [SERVER, "--port", "0", "--unixsocket", str(sock), "--save", "", "--appendonly", "no", "--dir", str(folder)]
    process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 20
    while not sock.exists() and time.monotonic() < until:
        time.sleep(0.02)
    try:
        yield sock, process
    finally:
        process.terminate()
        process.wait()


def test_two_replicas_share_budgets_and_nonces_and_refuse_without_their_store(tmp_path):
    """Questions of one client to both, a replay to the other, and then the store is killed."""

    async def each(one, other, process):
        found = {}
        first = signed()
        found["first"] = (await houses.ask(one.plane, headers=first))[0]
        found["replayed"] = (await houses.ask(other.plane, headers=first))[0]
        both = await asyncio.gather(*(houses.ask(plane, headers=signed()) for plane in (one.plane, other.plane) * 6))
        found["answered"] = [status for status, *_ in both].count(200)
        found["refused"] = [status for status, *_ in both].count(429)
        process.kill()
        process.wait()
        found["down"] = [(await houses.ask(made.plane, headers=signed()))[0] for made in (one, other)]
        for made in (one, other):
            await made.store.close()
        return found

    with store(tmp_path) as (sock, process), contextlib.ExitStack() as held:
        keys = {"gateway": f'store = "unix://{sock}"', "endpoint": "queries = 10"}
        one, other = (held.enter_context(houses.gateway(project(tmp_path / name, **keys))) for name in ("a", "b"))
        found = asyncio.run(each(one, other, process))
    assert found == {"first": 200, "replayed": 401, "answered": 4, "refused": 8, "down": [503, 503]}


class Balancer:
    """Clients that ask both replicas in turn until told to stop, and send everything a second time to the other one.

    Args:
        ports: of the replicas; one that does not answer is left out for a while.
    """

    def __init__(self, ports):
        self.ports = ports
        self.answered = dict.fromkeys(ports, 0)
        self.twice, self.other, self.stop = 0, Counter(), threading.Event()
        self.lock = threading.Lock()

    def once(self, name, wire):
        """Status of one request to one replica; 0 when it does not answer."""
        found = houses.raw(self.ports[name], wire, wait=10) if self.ports[name] else b""
        status = int(found[9:12]) if found.startswith(b"HTTP/1.1 ") and b"\r\n\r\n" in found else 0
        with self.lock:
            self.answered[name] += status == 200
            self.other[status] += status != 200
        return status

    def live(self, place):
        """One client."""
        names = list(self.ports)
        while not self.stop.is_set():
            head = "".join(f"{name}: {value}\r\n" for name, value in signed() if name != "host")
            line = f"POST /v2/models/churn/infer HTTP/1.1\r\nhost: api.example.org\r\nconnection: close\r\n{head}"
            wire = f"{line}content-length: {len(houses.BODY)}\r\n\r\n".encode() + houses.BODY
            place += 1
            try:
                first = self.once(names[place % 2], wire)
                again = self.once(names[(place + 1) % 2], wire)
            except OSError:
                continue
            with self.lock:
                self.twice += first == again == 200
            if 429 in {first, again}:
                time.sleep(0.02)


def test_two_replicas_under_load_and_killed_in_turn(tmp_path):
    """Two processes on one store, six clients, a SIGKILL of each at some moment, the first comes back: the budget of both is
    never exceeded and used up to what was under way, nothing is answered twice, and each answer is in a ledger."""
    from redan.ledger.store import Ledger
    from redan.seal.keys import load_public

    moments = random.Random(1)
    rows, each = 360, 2
    with store(tmp_path) as (sock, _):
        keys = f'listen = "127.0.0.1:0"\nstore = "unix://{sock}"\ndurable = true\ncommit_ms = 1'
        folders = {name: project(tmp_path / name, gateway=keys, endpoint=f"queries = {rows}") for name in "ab"}
        running, ports = {}, {}
        clients = Balancer(ports)
        try:
            for name, folder in folders.items():
                running[name], ports[name] = start(folder)
                clients.answered[name] = 0
            threads = [threading.Thread(target=clients.live, args=(place,)) for place in range(6)]
            for thread in threads:
                thread.start()
            for name, least in (("a", moments.randrange(20, 60)), ("b", moments.randrange(80, 130))):
                until = time.monotonic() + 30
                while sum(clients.answered.values()) < least and time.monotonic() < until:
                    time.sleep(0.001)
                running[name].kill()
                ports[name] = 0
                running[name].communicate()
                if name == "a":
                    running[name], ports[name] = start(folders[name])
            until = time.monotonic() + 30
            while clients.other[429] < 20 and time.monotonic() < until:
                time.sleep(0.05)
            clients.stop.set()
            for thread in threads:
                thread.join()
        finally:
            clients.stop.set()
            for one in running.values():
                one.terminate()
                one.communicate(timeout=30)
    answered = sum(clients.answered.values())
    assert clients.twice == 0
    assert answered * each <= rows
    assert answered * each >= rows - 2 * 2 * len(threads) * each  # what a kill took with it was spent, and not answered
    assert clients.other[401] > 20
    assert clients.other[429] >= 20
    for name, folder in folders.items():
        state = folder / ".redan" / "gateway"
        with Ledger.open(state / "ledger", key=load_public(state / "key.pub")) as ledger:
            ledger.verify()
            written = sum(b'"status":200' in entry for entry in ledger.entries())
        assert clients.answered[name] <= written
