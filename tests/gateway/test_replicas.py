"""Two gateways that share a store: one budget, one set of nonces, and a refusal when the store is gone."""

import asyncio
import contextlib
import shutil
import subprocess
import time

import pytest

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
