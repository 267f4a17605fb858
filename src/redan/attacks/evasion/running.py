"""An evaluation while it runs: who attacks what is left, what was claimed, what the judge made of it."""

import hashlib
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from redan.attacks.cost import Cost
from redan.attacks.evasion.assault import Plan, attempts
from redan.attacks.evasion.network import Network
from redan.attacks.evasion.pool import Ended
from redan.attacks.evasion.suites import Suite
from redan.attacks.evasion.work import Claims, Work
from redan.attacks.judge import Judged, judge
from redan.attacks.progress import Progress
from redan.attacks.threat import Threat

Claimed: TypeAlias = dict[int, tuple[int, NDArray[np.float32]]]  # by row: step, input
NOBODY = -1
_BLOCK = 2048
_JUDGED = 256


class Given(NamedTuple):
    """What an evaluation is of.

    Args:
        network: the judge asks it, in full precision.
        x: shape (n, ...).
        y: shape (n,).
        threat: the threat model.
        suite: the attacks.
        seed: of the draws.
        fast: whether another layout of the network proposes.
    """

    network: Network
    x: NDArray[np.float32]
    y: NDArray[np.int64]
    threat: Threat
    suite: Suite
    seed: int
    fast: bool


def digest_of(given: Given) -> str:
    """What a result depends on, as hexadecimal SHA-256: weights, layers, data, threat model, suite, seed, versions."""
    told, network, threat = hashlib.sha256(), given.network, given.threat
    model = (repr(network.module), network.preprocess, network.chunk)
    way = (repr(threat), threat.norm, given.suite, given.seed, given.fast, torch.__version__)
    told.update(repr((model, way, given.x.shape)).encode())
    for name, tensor in network.module.state_dict().items():
        values = tensor.detach().cpu().contiguous()
        told.update(f"{name} {values.dtype} {tuple(values.shape)}\n".encode())
        told.update(values.reshape(-1).view(torch.uint8).numpy().tobytes())
    told.update(np.ascontiguousarray(given.x).data)
    told.update(np.ascontiguousarray(given.y).data)
    return told.hexdigest()


class Running:
    """What an evaluation has come to so far."""

    def __init__(self, given: Given, quick: Network, logits: Tensor) -> None:
        """Nothing was tried yet.

        Args:
            given: what the evaluation is of.
            quick: the network that attacks ask.
            logits: shape (n, classes), of the inputs themselves.
        """
        self.given, self.quick, self.logits = given, quick, logits
        network, self.x, self.y, self.threat, self.suite, self.seed, _ = given
        self.network, x, y, suite = network, given.x, given.y, given.suite
        self.answers = _voted(network, suite.votes)(x) if suite.votes > 1 else logits.argmax(dim=1).cpu().numpy()
        self.answers = np.asarray(self.answers, dtype=np.int64).copy()
        self.clean = self.answers == y
        self.robust = self.clean.copy()
        self.breaker, self.step = np.full(len(x), NOBODY), np.full(len(x), NOBODY)
        self.x_adv, self.size = x.copy(), np.zeros(len(x))
        self.tried: list[int] = []
        self.rejected: list[int] = []
        self.costs: list[Cost] = []
        self.work: Work | None = None
        self.known: list[Claims] = []

    def resume(self, work: Work | None) -> None:
        """Goes on from what a work file holds, and writes there."""
        self.work = work
        self.known = [] if work is None else list(work.claims)

    def attack(self, place: int, slots: int | None, progress: Callable[[Progress], None] | None) -> None:
        """Tries one attack on what is still robust, and has what it claims judged.

        Args:
            place: of the attack in the suite.
            slots: samples in flight.
            progress: is told whenever samples end.
        """
        plan, left = self.suite.plans[place], np.flatnonzero(self.robust)
        known = [claims for claims in self.known if claims.plan == place]
        self.known = [claims for claims in self.known if claims.plan != place]
        ended = len(np.unique(np.concatenate([np.empty(0, np.int64), *(claims.samples for claims in known)])))
        cost = sum((claims.cost for claims in known), Cost())
        claimed: Claimed = {}
        _take(claimed, known)
        refused = self._judged(claimed, place)
        done = np.isin(left, np.concatenate([np.empty(0, np.int64), *(claims.samples for claims in known)]))
        rest = left[~done]
        for start in range(0, len(rest), _BLOCK):
            rows = rest[start : start + _BLOCK]
            for claims in self._tried(self.quick, plan, place, rows, slots):
                _take(claimed, [claims])
                if len(claimed) >= _JUDGED:  # a block at a time, so that claims take no memory
                    refused = np.concatenate([refused, self._judged(claimed, place)])
                cost += claims.cost
                ended += len(claims.samples)
                if progress is not None:
                    progress(Progress(plan.attack.name, ended, len(left)))
        refused = np.sort(np.concatenate([refused, self._judged(claimed, place)]))
        if len(refused) and self.quick is not self.network:
            again: Claimed = {}
            for claims in self._tried(self.network, plan, None, refused, slots):
                _take(again, [claims])
                cost += claims.cost
            refused = self._judged(again, place)
        self.tried.append(len(left))
        self.rejected.append(len(refused))
        self.costs.append(cost)

    def _tried(
        self, network: Network, plan: Plan, place: int | None, rows: NDArray[np.int64], slots: int | None
    ) -> Iterator[Claims]:
        meter, began = network.meter.read(), time.monotonic()
        logits = self.logits[torch.as_tensor(rows, device=self.logits.device)]
        threat = self._threat(rows)
        for ended in attempts(
            network, plan, self.x[rows], self.y[rows], logits=logits, threat=threat, seed=self.seed, slots=slots
        ):
            claims = _claims(ended, rows, place, network.meter.since(meter, time.monotonic() - began))
            meter, began = network.meter.read(), time.monotonic()
            if self.work is not None and place is not None:
                self.work.add(claims)
            yield claims

    def _judged(self, claimed: Claimed, place: int) -> NDArray[np.int64]:
        """Takes over what the judge confirms, and forgets what was claimed; gives back the rows of the rest."""
        rows = np.array(sorted(row for row in claimed if self.robust[row]), dtype=np.int64)
        parts = [self._block(rows[start : start + _JUDGED], claimed, place) for start in range(0, len(rows), _JUDGED)]
        claimed.clear()
        return np.concatenate(parts) if parts else rows

    def _block(self, rows: NDArray[np.int64], claimed: Claimed, place: int) -> NDArray[np.int64]:
        found = np.stack([claimed[int(row)][1] for row in rows]).reshape(-1, *self.x.shape[1:])
        judged: Judged = judge(
            _voted(self.network, self.suite.votes), self.x[rows], self.y[rows], found, self._threat(rows)
        )
        true = rows[judged.broken]
        self.robust[true] = False
        self.breaker[true] = place
        self.step[true] = [claimed[int(row)][0] for row in true]
        self.x_adv[true] = found[judged.broken]
        self.answers[true] = judged.answers[judged.broken]
        self.size[true] = judged.size[judged.broken]
        return rows[~judged.broken]

    def _threat(self, rows: NDArray[np.int64]) -> Threat:
        if not isinstance(self.threat.eps, tuple):
            return self.threat
        radii = self.threat.eps
        return type(self.threat)(tuple(radii[row] for row in rows), self.threat.low, self.threat.high)


def _claims(ended: Ended, rows: NDArray[np.int64], place: int | None, cost: Cost) -> Claims:
    found = ended.found.flatten(1).float().cpu().numpy()[ended.broken]
    return Claims(NOBODY if place is None else place, rows[ended.samples], ended.broken, ended.step, found, cost)


def _take(claimed: Claimed, every: list[Claims]) -> None:
    for claims in every:
        hits = np.flatnonzero(claims.broken)
        claimed |= {
            int(claims.samples[hit]): (int(claims.step[hit]), found)
            for hit, found in zip(hits, claims.found, strict=True)
        }


def _voted(network: Network, votes: int) -> Callable[[NDArray[Any]], NDArray[np.int64]]:
    """The class that comes most often in several passes; the smallest of those that come as often."""
    if votes == 1:
        return network.labels

    def labels(x: NDArray[Any]) -> NDArray[np.int64]:
        told = np.stack([network.labels(x) for _ in range(votes)])
        counts = np.stack([(told == label).sum(axis=0) for label in range(int(told.max(initial=0)) + 1)])
        return np.asarray(counts.argmax(axis=0), dtype=np.int64)

    return labels
