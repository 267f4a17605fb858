"""The shared store decides as the one in memory does, in one round trip, and two replicas never exceed a budget."""

import asyncio
import contextlib
import math
import shutil
import subprocess
import threading
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from redan.errors import ConfigError
from redan.exchange.flow import Claim
from redan.exchange.problem import Problem, RefusedError
from redan.gateway.valkey_store import ValkeyStore, valkey_store
from redan.guards.store import MemoryStore

SERVER = next((found for found in map(shutil.which, ("valkey-server", "redis-server")) if found), None)
pytestmark = pytest.mark.skipif(SERVER is None, reason="no valkey-server or redis-server is installed")


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A server of our own at a unix socket, without a file of its own."""
    folder = tmp_path_factory.mktemp("v")
    sock = folder / "s"
    line = [SERVER, "--port", "0", "--unixsocket", str(sock), "--save", "", "--appendonly", "no", "--dir", str(folder)]
    process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 20
    while not sock.exists() and time.monotonic() < until:
        time.sleep(0.02)
    yield sock
    process.terminate()
    process.wait()


@contextlib.asynccontextmanager
async def opened(path, *, own_clock=True):
    """A store in the running loop."""
    made = valkey_store(f"unix://{path}", timeout_s=5.0)
    store = ValkeyStore(made._client, own_clock=own_clock)
    try:
        yield store
    finally:
        await store.close()


CLAIMS = st.lists(
    st.one_of(
        st.builds(lambda k, p: Claim("nonce", f"n{k}", 1, 0, p), st.integers(0, 3), st.sampled_from([5.0, 30.0])),
        st.builds(
            lambda k, a, s: Claim("rate", f"r{k}", a, 4, 2.5, s),
            st.integers(0, 2),
            st.sampled_from([0.5, 1.0, 2.0, 5.0]),
            st.sampled_from(["", "alice", "bob"]),
        ),
        st.builds(
            lambda k, a, s, m: Claim("total", f"t{k}", a, m, 0, s),
            st.integers(0, 2),
            st.sampled_from([0.5, 1.0, 3.0]),
            st.sampled_from(["", "alice", "bob"]),
            st.sampled_from([6.0, math.inf]),
        ),
    ),
    max_size=4,
    unique_by=lambda claim: claim.key,
)
STEPS = st.lists(
    st.tuples(CLAIMS, st.floats(0, 4), st.sampled_from([None, ("alice", 0.5), ("bob", 0.0), ("alice", 1.0)])),
    max_size=15,
)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_it_decides_as_the_store_in_memory_does(path, steps):
    """Every kind of claim, alone and together, with graded responses; times are those given."""

    async def both():
        memory = MemoryStore()
        async with opened(path) as shared:
            await shared._client.flushall()
            now, forget = time.time(), {}
            for claims, wait, graded in steps:
                now += wait
                if graded is not None:
                    memory.scale(*graded)
                    await shared.scale(*graded)
                fresh = [
                    c for c in claims if c.kind != "nonce" or not forget.get(c.key)
                ]  # time does not pass for the server
                wanted, found = memory.spend(fresh, now), await shared.spend(fresh, now)
                assert found.denied == wanted.denied
                assert found.retry_after == pytest.approx(wanted.retry_after, rel=1e-9, abs=1e-6)
                assert found.left == pytest.approx(wanted.left, rel=1e-9, abs=1e-5, nan_ok=True)
                if wanted.denied is None:
                    forget.update({c.key: True for c in fresh if c.kind == "nonce"})

    asyncio.run(both())


def test_two_replicas_never_exceed_a_budget_together(path):
    """Two stores in two threads, many requests at once, on the server's clock: exactly what is allowed is taken."""
    taken = []
    total = Claim("total", "shared/q", 1, 100, 0)
    nonces = [Claim("nonce", f"shared/n{n}", 1, 0, 60) for n in range(120)]

    def replica():
        async def work():
            async with opened(path, own_clock=False) as store:
                found = await asyncio.gather(*(store.spend([nonce, total], time.time()) for nonce in nonces))
                taken.append([nonce.key for nonce, spent in zip(nonces, found, strict=True) if spent.denied is None])

        asyncio.run(work())

    threads = [threading.Thread(target=replica) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    every = [key for keys in taken for key in keys]
    assert len(every) == len(set(every)) == 100


def test_a_rate_refills_on_the_servers_clock(path):
    """The clock of a replica buys nothing."""

    async def work():
        async with opened(path, own_clock=False) as store:
            claim = Claim("rate", "clock", 1, 1, 0.3)
            first = await store.spend([claim], 0.0)
            second = await store.spend([claim], time.time() + 1e6)
            await asyncio.sleep(0.35)
            return first.denied, second.denied, (await store.spend([claim], 0.0)).denied

    first, second, third = asyncio.run(work())
    assert (first, third) == (None, None)
    assert second is not None


def test_nothing_is_left_for_ever_but_totals(path):
    """Nonces and rates leave by themselves."""

    async def work():
        async with opened(path, own_clock=False) as store:
            claims = [Claim("nonce", "ttl", 1, 0, 60), Claim("rate", "ttl", 1, 5, 10), Claim("total", "ttl", 1, 5, 0)]
            await store.spend(claims, 0.0)
            names = [f"{{redan}}{kind}/ttl" for kind in "nrt"]
            return [await store._client.pttl(name) for name in names]

    nonce, rate, total = asyncio.run(work())
    assert 59_000 < nonce <= 60_000
    assert 9_000 < rate <= 11_100
    assert total == -1


def test_a_store_that_is_down_refuses(tmp_path):
    """R25: fail closed, and soon."""

    async def work():
        store = valkey_store(f"unix://{tmp_path / 'nothing'}", timeout_s=0.2)
        with pytest.raises(RefusedError) as refused:
            await store.spend([Claim("total", "x", 1, 1, 0)], 0.0)
        with pytest.raises(RefusedError):
            await store.scale("x", 0.5)
        await store.close()
        return refused.value.refusal.problem

    assert asyncio.run(work()) is Problem.UNREADY


def test_an_address_that_is_none_is_refused():
    """Before anything is served."""
    with pytest.raises(ConfigError):
        valkey_store("http://127.0.0.1:1")
