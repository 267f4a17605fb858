"""Parts of a campaign on a Ray cluster: shipped once, work kept as it comes, workers that die are replaced."""

import os
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from redan.attacks.campaign.parts import LOCAL, Cluster, Part, Reporting, work_of
from redan.attacks.campaign.tried import Tried
from redan.attacks.campaign.worker import Cargo, Outcome, Worker
from redan.attacks.progress import Progress
from redan.errors import IncompleteError, InputError, MissingExtraError
from redan.extras import missing_import

_TRIES = 3
_LOOK = 1.0  # seconds between two looks at what workers kept
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
    with connected(cluster, cargo) as ray:
        return _Fan(ray, cargo, parts, cluster, work).run(told)


class _Busy(NamedTuple):
    worker: Any
    part: Part


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

    def _send(self, part: Part) -> None:
        worker = self.idle.pop() if self.idle else self.made.remote(self.cargo)
        self.busy[worker.attempt.remote(part, self.kept[part.number].content())] = _Busy(worker, part)

    def _look(self, refs: list[Any]) -> None:
        """What workers added to their work files."""
        for ref in refs:
            worker, part = self.busy[ref]
            try:
                self.kept[part.number].add(self.ray.get(worker.news.remote(), timeout=_LOOK))
            except (self.ray.exceptions.RayError, TimeoutError):
                continue  # dead, which is told by its answer, or not begun

    def _take(self, ref: Any) -> None:  # noqa: ANN401 -- a reference of Ray
        worker, part = self.busy.pop(ref)
        try:
            outcome: Outcome = self.ray.get(ref)
        except self.ray.exceptions.RayError as error:
            self._mourn(part, error)
            return
        self.idle.append(worker)
        self.kept[part.number].add(outcome.work)
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
    """The work of one part, in its file or in memory."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.held = b""

    def content(self) -> bytes:
        if self.path is None:
            return self.held
        if not self.path.exists():
            return b""
        data = self.path.read_bytes()
        whole = data.rfind(b"\n") + 1 if data.startswith(b'{"format"') else len(data)
        if whole < len(data):
            with self.path.open("r+b") as file:
                file.truncate(whole)
        return data[:whole]

    def add(self, news: bytes) -> None:
        if not news:
            return
        if self.path is None:
            self.held += news
            return
        try:
            with self.path.open("ab") as file:
                file.write(news)
        except OSError as error:
            where, what = self.path.name, f"cannot write: {error.strerror}"
            raise InputError(what, where=where, remedy="name another file") from error


@contextmanager
def connected(cluster: Cluster, cargo: Cargo) -> Iterator[Any]:
    """Ray, connected: to a cluster, or to one on this machine that ends with it.

    Raises:
        IncompleteError: there is no cluster at that address, or none can be started.
    """
    import ray

    if ray.is_initialized():  # a notebook's own; it stays
        yield ray
        return
    before = {name: os.environ.get(name) for name in _QUIET}
    os.environ.update(_QUIET)
    try:
        ray.init(**_options(cluster, cargo))
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


def _options(cluster: Cluster, cargo: Cargo) -> dict[str, Any]:
    import logging

    common = {"log_to_driver": False, "configure_logging": True, "logging_level": logging.CRITICAL}
    if cluster.address != LOCAL:
        return {"address": cluster.address, **common}
    size = sum(map(len, cargo.files.values())) + (cargo.read.x.nbytes * 4)
    return {
        "address": LOCAL,
        "num_cpus": cluster.workers,
        "num_gpus": 0,
        "include_dashboard": False,
        "object_store_memory": max(_STORE, 2 * size),
        "_node_ip_address": "127.0.0.1",
        **common,
    }
