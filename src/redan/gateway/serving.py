"""Runs a gateway: sockets, the event loop, what has to happen meanwhile, and an orderly end.

One process, one loop; several processes behind a balancer share a store. The only broad thing here is the loop.

Source: research, section 4 (uvicorn, httptools, uvloop; one worker a core).
"""

import asyncio
import contextlib
import gc
import logging
import os
import resource
import signal
import socket
import stat
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import uvicorn
import uvloop

from redan.errors import RedanError, UsageError
from redan.exchange.problem import RefusedError
from redan.gateway import telemetry
from redan.gateway.address import Address
from redan.gateway.admin import admin
from redan.gateway.assembly import Gateway
from redan.gateway.history import EVERY_S
from redan.gateway.remote_model import RemoteModel
from redan.gateway.secrets_file import secret
from redan.gateway.valkey_store import ValkeyStore

_LOG = logging.getLogger("redan.gateway")
_BACKLOG: Final = 2048
_SPARE_FILES: Final = 128  # descriptors besides connections: the ledger, the runtime, the server behind
_KEEP_S: Final = 5.0
_DESCRIBE_S: Final = 1.0
_TOKEN: Final = "admin.token"  # noqa: S105 -- the name of a file


class _Server(uvicorn.Server):
    """Without handlers of signals of its own: several servers share one loop and one end."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Captures nothing."""
        yield


@dataclass(frozen=True, slots=True)
class Running:
    """Where a gateway can be reached, once it can.

    Args:
        listen: of the data plane.
        admin: of the operators' plane; None when there is none.
        token: that operators show; the empty string when none is needed.
    """

    listen: Address
    admin: Address | None
    token: str


def run(gateway: Gateway, *, grace_s: int = 10, reached: Callable[[Running], None] = lambda running: None) -> None:  # noqa: ARG005
    """Serves until the process is told to end (SIGTERM, SIGINT); SIGHUP exchanges every model for what lies there.

    Args:
        gateway: put together.
        grace_s: seconds that requests under way have at the end.
        reached: told when questions are taken.

    Raises:
        UsageError: an address cannot be used.
    """
    gc.collect()
    gc.freeze()  # what lives as long as the process is not looked at again and again
    gc.set_threshold(20_000, 20, 50)
    connections = _room_for(gateway.room.connections)
    gateway.room.connections = connections
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(gateway, grace_s, reached))


async def _serve(gateway: Gateway, grace_s: int, reached: Callable[[Running], None]) -> None:
    found = gateway.settings
    listening = bind(found.listen)
    servers = [_server(gateway.plane, gateway.room.protocol(gateway.plane), grace_s)]
    sockets = [listening]
    token = ""
    if found.admin is not None:
        if found.admin.path is None:
            token = secret(found.state / _TOKEN).hex()
        plane = admin(gateway, token.encode() if token else None)
        servers.append(_server(plane, "httptools", grace_s))
        sockets.append(bind(found.admin))
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, lambda: tasks.append(loop.create_task(_exchange_all(gateway))))
    tasks: list[asyncio.Task[None]] = []
    try:
        await _described(gateway, stop)
        running = [loop.create_task(one.serve([sock])) for one, sock in zip(servers, sockets, strict=True)]
        tasks += [loop.create_task(one) for one in _chores(gateway)]
        while not all(one.started for one in servers):  # noqa: ASYNC110 -- uvicorn has no event for it
            await asyncio.sleep(0.01)
        reached(Running(_bound(found.listen, sockets[0]), _admin_at(found.admin, sockets), token))
        await stop.wait()
        for one in servers:
            one.should_exit = True
        await asyncio.gather(*running)
    finally:
        for task in tasks:
            task.cancel()
        for sock in sockets:
            sock.close()
        for address in (found.listen, found.admin):
            if address is not None and address.path is not None:
                address.path.unlink(missing_ok=True)
        await _closed(gateway)


def _server(app: Any, http: Any, grace_s: int) -> _Server:  # noqa: ANN401 -- ASGI applications have many types
    config = uvicorn.Config(
        app,
        http=http,
        loop="none",
        interface="asgi3",
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=_BACKLOG,
        timeout_graceful_shutdown=grace_s,
    )
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    return _Server(config)


def bind(address: Address) -> socket.socket:
    """A socket that listens.

    Args:
        address: TCP, or a unix socket, which only its user and group may open.

    Raises:
        UsageError: it is taken, or not this machine's.
    """
    try:
        if address.path is not None:
            return _bind_path(address)
        family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address.host, address.port))
    except OSError as error:
        raise UsageError(
            f"cannot be listened at: {error.strerror or error}", where=str(address), remedy="name another address"
        ) from error
    sock.setblocking(False)
    return sock


def _bind_path(address: Address) -> socket.socket:
    path = address.path
    if path is None:
        raise UsageError("is no path", where=str(address))
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise UsageError("is there, and is no socket", where=str(path), remedy="move it away")
        path.unlink()
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o117)
    try:
        sock.bind(str(path))
    finally:
        os.umask(before)
    sock.setblocking(False)
    return sock


def _bound(address: Address, sock: socket.socket) -> Address:
    return address if address.path is not None else address._replace(port=sock.getsockname()[1])


def _admin_at(address: Address | None, sockets: list[socket.socket]) -> Address | None:
    return None if address is None else _bound(address, sockets[1])


def _room_for(wanted: int) -> int:
    """Connections that descriptors suffice for, after the process took as many as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    want = wanted + _SPARE_FILES
    if soft != resource.RLIM_INFINITY and soft < want:
        soft = want if hard == resource.RLIM_INFINITY else min(want, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return wanted if soft == resource.RLIM_INFINITY else max(16, min(wanted, soft - _SPARE_FILES))


async def _described(gateway: Gateway, stop: asyncio.Event) -> None:
    """Waits until the server behind said what its models take; nothing is answered before."""
    for one in gateway.models.values():
        while isinstance(one, RemoteModel) and not one.inputs and not stop.is_set():
            with contextlib.suppress(RefusedError):
                await one.describe()
            if not one.inputs:
                _LOG.warning("waiting for the server behind to describe its models")
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), _DESCRIBE_S)


def _chores(gateway: Gateway) -> list[Any]:
    """What happens beside the answers."""
    gateway.sample(time.time())
    sent = gateway.telemetry
    return [
        *([] if gateway.watching is None else [gateway.watching.run()]),
        gateway.room.watch(),
        _every(float(gateway.settings.table.verify_s), lambda: _verify(gateway)),
        _every(_KEEP_S, lambda: _keep(gateway)),
        _every(EVERY_S, lambda: _sample(gateway)),
        *([] if sent is None else [_every(telemetry.EVERY_S, lambda: _send(sent))]),
    ]


async def _every(seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    while True:
        await asyncio.sleep(seconds)
        await work()


async def _verify(gateway: Gateway) -> None:
    for one in gateway.models.values():
        if isinstance(one, RemoteModel):
            with contextlib.suppress(RefusedError):
                await one.describe()
        elif not await asyncio.to_thread(one.verify, time.time()):
            _LOG.error("model %s: what lies on the disk is not what was sealed", one.name)


async def _keep(gateway: Gateway) -> None:
    try:
        await asyncio.to_thread(gateway.keep, gateway.clock())
    except RedanError as error:
        _LOG.error("the state cannot be kept: %s", error)


async def _sample(gateway: Gateway) -> None:
    gateway.sample(time.time())


async def _send(sent: telemetry.Telemetry) -> None:
    if not await asyncio.to_thread(sent.send, time.time()):
        _LOG.warning("the collector of telemetry does not answer")


async def _exchange_all(gateway: Gateway) -> None:
    for one in gateway.services:
        try:
            await asyncio.to_thread(gateway.exchange, one.name)
        except RedanError as error:
            _LOG.error("model %s stays as it is: %s", one.name, error)


async def _closed(gateway: Gateway) -> None:
    if isinstance(gateway.store, ValkeyStore):
        await gateway.store.close()
    await asyncio.to_thread(gateway.close)


@contextlib.asynccontextmanager
async def served(gateway: Gateway) -> AsyncIterator[Address]:
    """A data plane that runs in the loop of the caller, for tests of what is around it."""
    sock = bind(Address("127.0.0.1", 0))
    server = _server(gateway.plane, gateway.room.protocol(gateway.plane), 1)
    task = asyncio.get_running_loop().create_task(server.serve([sock]))
    try:
        while not server.started:  # noqa: ASYNC110 -- uvicorn has no event for it
            await asyncio.sleep(0.005)
        yield Address("127.0.0.1", sock.getsockname()[1])
    finally:
        server.should_exit = True
        await task
