"""A gateway with its operators' plane on a socket, in a thread, and clients that ask it."""

import asyncio
import contextlib
import threading
import time

import uvloop

from gateway import houses
from gateway.test_guarded import TOKEN, project, signed
from redan.gateway.address import Address
from redan.gateway.admin import admin
from redan.gateway.serving import _server, bind

WORD = "abcdef0123"


@contextlib.contextmanager
def planes(made, *, every_s=0.2):
    """Ports of both planes of a gateway: questions, operators."""
    found, ready, stop = {}, threading.Event(), threading.Event()

    async def live():
        sockets = [bind(Address("127.0.0.1", 0)), bind(Address("127.0.0.1", 0))]
        servers = [
            _server(made.plane, made.room.protocol(made.plane), 1),
            _server(admin(made, WORD.encode()), "httptools", 1),
        ]
        running = [asyncio.create_task(one.serve([sock])) for one, sock in zip(servers, sockets, strict=True)]

        async def tick():
            while True:
                made.sample(time.time())
                await asyncio.sleep(every_s)

        ticking = asyncio.create_task(tick())
        while not all(one.started for one in servers):  # noqa: ASYNC110 -- uvicorn has no event for it
            await asyncio.sleep(0.01)
        found["ports"] = [sock.getsockname()[1] for sock in sockets]
        ready.set()
        await asyncio.to_thread(stop.wait)
        for one in servers:
            one.should_exit = True
        ticking.cancel()
        await asyncio.gather(*running)

    def work():
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(live())

    thread = threading.Thread(target=work)
    thread.start()
    try:
        assert ready.wait(20)
        yield found["ports"]
    finally:
        stop.set()
        thread.join(20)


@contextlib.contextmanager
def guarded(folder, **keys):
    """A gateway with all guards on."""
    with houses.gateway(project(folder, **keys)) as made:
        yield made


def ask(plane, count, *, good=True):
    """Status of several questions, signed or with nothing that shows who asks."""
    statuses = []
    for _ in range(count):
        headers = signed() if good else [("content-type", "application/json")]
        statuses.append(houses.asked(plane, headers=headers)[0])
    return statuses


__all__ = ["TOKEN", "WORD", "ask", "guarded", "planes"]
