"""Parts of a campaign on a Ray cluster: shipped once, work kept as it comes, workers that die are replaced."""

import json
import os
import socket
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from redan.attacks.campaign.parts import LOCAL, Cluster, Part, Reporting, work_of
from redan.attacks.campaign.tried import Tried
from redan.attacks.campaign.worker import Cargo, Outcome, Worker
from redan.attacks.memory import parsed
from redan.attacks.progress import Progress
from redan.errors import IncompleteError, InputError, MissingExtraError
from redan.extras import missing_import

_TRIES = 3
_LOOK = 1.0  # seconds between two looks at what workers kept
_REACH = 5.0  # seconds until an address has answered
_STORE = 128 << 20
_QUIET: Mapping[str, str] = MappingProxyType(
    {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0", "RAY_enable_open_telemetry": "0"}
)


def fan_out(
    cargo: Cargo, parts: tuple[Part, ...], cluster: Cluster, *, work: Path | None, told: Reporting | None = None
) -> tuple[Tried, ...]:
    """All parts, each attacked by one of the workers.

    Args:
        cargo: what every worker gets.
        parts: of the campaign.
        cluster: who attacks.
        work: file that keeps what is done, for each part; see `work_of`.
        told: is told how many parts have ended.

    Returns:
        One for each part, in their order, whoever came first.

    Raises:
        MissingExtraError: Ray is not installed.
        InputError: a part cannot be attacked; no further one is tried then.
        IncompleteError: the cluster does not answer, a model raised an error, or workers died three times on a part;
            what was done is in the work files.
    """
    if (missing := missing_import("ray")) is not None:
        raise MissingExtraError("ray", missing)
    size = sum(map(len, cargo.files.values())) + (cargo.read.x.nbytes * 4)
    with connected(cluster, size) as ray:
        fan = _Fan(ray, cargo, parts, cluster, work)
        try:
            return fan.run(told)
        finally:
            fan.end()


class _Busy(NamedTuple):
    worker: Any
    part: Part
    begun: int


class _Fan:
    """A fan-out while it runs."""

    def __init__(self, ray: Any, cargo: Cargo, parts: tuple[Part, ...], cluster: Cluster, work: Path | None) -> None:  # noqa: ANN401 -- the module
        self.ray, self.parts, self.most = ray, parts, min(cluster.workers, len(parts))
        self.kept = {part.number: _Kept(work_of(work, part, len(parts))) for part in parts}
        self.made = ray.remote(Worker).options(num_cpus=1, max_concurrency=2, max_restarts=0)
        self.cargo = ray.put(cargo)
        self.waiting = deque(parts)
        self.lost = dict.fromkeys((part.number for part in parts), 0)
        self.idle: list[Any] = []
        self.workers: list[Any] = []
        self.busy: dict[Any, _Busy] = {}
        self.found: dict[int, Tried] = {}
        self.fault: IncompleteError | None = None

    def run(self, told: Reporting | None) -> tuple[Tried, ...]:
        while self.busy or (self.waiting and self.fault is None):
            while self.waiting and len(self.busy) < self.most and self.fault is None:
                self._send(self.waiting.popleft())
            ended, _ = self.ray.wait(list(self.busy), num_returns=1, timeout=_LOOK)
            self._look([ref for ref in self.busy if ref not in ended])
            for ref in ended:
                self._take(ref)
                if told is not None:
                    told(Progress("parts", len(self.found), len(self.parts)))
        if self.fault is not None:
            done, n = len(self.found), len(self.parts)
            text = f"{done:,} of {n:,} parts are done: {self.fault.what}"
            raise IncompleteError(text, where=self.fault.where, remedy=self.fault.remedy)
        return tuple(self.found[part.number] for part in self.parts)

    def end(self) -> None:
        """Ends all workers; a cluster that goes on would keep them."""
        closing = [worker.close.remote() for worker in self.workers]
        if closing:
            self.ray.wait(closing, num_returns=len(closing), timeout=_LOOK)
        for worker in self.workers:
            self.ray.kill(worker)

    def _send(self, part: Part) -> None:
        worker = self.idle.pop() if self.idle else self.made.remote(self.cargo)
        if worker not in self.workers:
            self.workers.append(worker)
        held = self.kept[part.number].content()
        self.busy[worker.attempt.remote(part, held)] = _Busy(worker, part, len(held))

    def _look(self, refs: list[Any]) -> None:
        """What workers added to their work files."""
        for ref in refs:
            worker, part, _ = self.busy[ref]
            kept = self.kept[part.number]
            try:
                kept.add(self.ray.get(worker.news.remote(kept.size), timeout=_LOOK))
            except (self.ray.exceptions.RayError, TimeoutError):
                continue  # dead, which is told by its answer, or not begun

    def _take(self, ref: Any) -> None:  # noqa: ANN401 -- a reference of Ray
        worker, part, begun = self.busy.pop(ref)
        try:
            outcome: Outcome = self.ray.get(ref)
        except self.ray.exceptions.RayError as error:
            self._mourn(part, error)
            return
        self.idle.append(worker)
        kept = self.kept[part.number]
        kept.add(outcome.work[kept.size - begun :])
        if outcome.tried is not None:
            self.found[part.number] = outcome.tried
        elif outcome.fault is not None:
            name, what, where, remedy = outcome.fault
            if name != IncompleteError.__name__:
                raise InputError(what, where=where, remedy=remedy)
            self.fault = IncompleteError(what, where=where, remedy=remedy)

    def _mourn(self, part: Part, error: Exception) -> None:
        if isinstance(error, self.ray.exceptions.RayTaskError):
            kind = type(error.cause).__name__ if getattr(error, "cause", None) else type(error).__name__
            self.fault = IncompleteError(f"a worker raised {kind}", remedy="look at the logs of Ray on its machine")
            return
        self.lost[part.number] += 1
        if self.lost[part.number] < _TRIES:
            self.waiting.append(part)
            return
        self.fault = IncompleteError(
            f"workers died {_TRIES} times on part {part.number + 1}",
            remedy="give them more memory, or use smaller parts",
        )


class _Kept:
    """The work of one part, in its file; nowhere when none was named."""

    def __init__(self, path: Path | None) -> None:
        self.path, self.size = path, 0

    def content(self) -> bytes:
        """What is there, without a last record that was cut off."""
        if self.path is None or not self.path.exists():
            return b""
        data = self.path.read_bytes()
        self.size = _whole(data)
        if self.size < len(data):
            with self.path.open("r+b") as file:
                file.truncate(self.size)
        return data[: self.size]

    def add(self, news: bytes) -> None:
        if self.path is None or not news:
            return
        self.size += len(news)
        try:
            with self.path.open("ab") as file:
                file.write(news)
        except OSError as error:
            where, what = self.path.name, f"cannot write: {error.strerror}"
            raise InputError(what, where=where, remedy="name another file") from error


def _whole(data: bytes) -> int:
    """Bytes of whole records, of claims or of answers; all of it where it is neither, which a worker refuses."""
    line, found, _ = data.partition(b"\n")
    try:
        head = json.loads(line) if found else None
    except ValueError:
        return len(data)
    if not isinstance(head, dict):
        return 0 if not found else len(data)
    if "evaluation" in head:
        return data.rfind(b"\n") + 1
    try:
        return parsed(data, str(head.get("of")), "work")[2]
    except InputError:
        return len(data)


@contextmanager
def connected(cluster: Cluster, size: int) -> Iterator[Any]:
    """Ray, connected: to a cluster, or to one on this machine that ends with it.

    Args:
        cluster: who computes.
        size: bytes that are shipped to workers.

    Raises:
        IncompleteError: there is no cluster at that address, or none can be started.
    """
    import ray

    if ray.is_initialized():  # a notebook's own; it stays
        yield ray
        return
    _reachable(cluster.address)
    before = {name: os.environ.get(name) for name in _QUIET}
    os.environ.update(_QUIET)
    try:
        ray.init(**_options(cluster, size))
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        kind = type(error).__name__
        text = f"Ray does not answer at {cluster.address} ({kind})"
        raise IncompleteError(text, remedy="see that the cluster runs; --ray local starts one here") from error
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
    try:
        yield ray
    finally:
        ray.shutdown()


def _reachable(address: str) -> None:
    """Ray itself would try for minutes.

    Raises:
        IncompleteError: nothing listens at an address with a port.
    """
    parts = urlsplit(address if "://" in address else f"ray://{address}")
    try:
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise IncompleteError(f"{address!r} is no address", remedy="give host:port, or local") from error
    if host is None or port is None:
        return
    try:
        socket.create_connection((host, port), timeout=_REACH).close()
    except OSError as error:
        text = f"nothing listens at {address} ({error.strerror or 'no answer in time'})"
        raise IncompleteError(text, remedy="see that the cluster runs; --ray local starts one here") from error


def _options(cluster: Cluster, size: int) -> dict[str, Any]:
    import logging

    common = {"log_to_driver": False, "configure_logging": True, "logging_level": logging.CRITICAL}
    if cluster.address != LOCAL:
        return {"address": cluster.address, **common}
    return {
        "address": LOCAL,
        "num_cpus": cluster.workers,
        "num_gpus": 0,
        "include_dashboard": False,
        "object_store_memory": max(_STORE, 2 * size),
        "_node_ip_address": "127.0.0.1",
        **common,
    }
