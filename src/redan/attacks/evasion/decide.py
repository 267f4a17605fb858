"""Runs an attack that sees labels only, over samples, against whatever answers."""

import hashlib
import math
import time
from collections.abc import Iterator
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from redan.attacks.cost import Cost
from redan.attacks.evasion.samples import Samples, array, checked, positive, queries_for
from redan.attacks.evasion.walks import Decision, Going, Sample, run
from redan.attacks.queries import StoppedError
from redan.attacks.result import Result
from redan.attacks.threat import Threat
from redan.errors import IncompleteError, InputError

SLOTS = 64
QUERIES = 5000


class Options(TypedDict, total=False):
    """How an attack by labels runs.

    Args:
        queries: per sample at most, the first one included; 5,000 unless given.
        budget: queries in all; no end unless given.
        seed: 0 unless given.
        slots: walks that go on at the same time, 64 unless given; no result depends on it.
        shrink: go on until the queries are spent, to the smallest perturbation; `x_adv` then holds the closest wrong
            point of each sample, inside of the ball or not. False unless given.
        starts: shape (m, ...), inputs of the attacker's own, of any class, from which a walk may start.
    """

    queries: int
    budget: int | None
    seed: int
    slots: int
    shrink: bool
    starts: Any


def decide(attack: Decision, model: object, x: object, y: object, *, threat: Threat, options: Options) -> Result:
    """Runs an attack by labels.

    Args:
        attack: which.
        model: what `queries_for` takes.
        x: shape (n, ...).
        y: shape (n,), the truth.
        threat: the ball and the box.
        options: see `Options`.

    Returns:
        Inputs; `step` is the number of queries until success, 0 for a sample that the model gets wrong by itself.

    Raises:
        InputError: the samples or the norm do not fit.
        StoppedError: the model does not answer any more, or the budget is spent; its `result` is what was found.
    """
    began = time.perf_counter()
    queries = queries_for(model, options.get("budget"))
    if threat.norm not in attack.norms:
        raise InputError(
            f"{attack.name} is made for {' and '.join(attack.norms)}, not for {threat.norm}",
            remedy="name another attack or another norm",
        )
    given = checked(x, y, threat, queries)
    shrink, slots = options.get("shrink", False), options.get("slots", SLOTS)
    positive(slots=slots, queries=options.get("queries", QUERIES))
    right = np.ones(len(given.x), dtype=np.bool_)
    ended: list[Going] = []

    def result() -> Result:
        cost = queries.cost(time.perf_counter() - began)
        return _result(attack.name, given, right, ended, cost, shrink=shrink)

    try:
        right = queries.labels(given.x) == given.y
        walks = _walks(attack, given, np.flatnonzero(right), threat, options)
        for one in run(walks, queries, given.x.shape[1:], threat, slots=slots, shrink=shrink):
            ended.append(one)  # noqa: PERF402 -- what was found before an error is kept
    except IncompleteError as error:
        raise StoppedError(error, result()) from error
    return result()


def _walks(
    attack: Decision, given: Samples, rows: NDArray[np.int64], threat: Threat, options: Options
) -> Iterator[Going]:
    flat = given.x.reshape(len(given.x), math.prod(given.x.shape[1:]))
    own = np.empty((0, flat.shape[1]), dtype=np.float32)
    if options.get("starts") is not None:
        own = np.asarray(array(options["starts"]), dtype=np.float32).reshape(-1, flat.shape[1])
    salt = f"{attack.name}\0{options.get('seed', 0)}\0".encode()
    radii = threat.radii(len(flat))
    for row in rows.tolist():
        x0 = flat[row]
        key = np.frombuffer(hashlib.sha256(salt + x0.tobytes()).digest(), dtype=np.uint32)
        near = np.argsort(((own - x0) ** 2).sum(axis=1), kind="stable")
        sample = Sample(
            x0=x0,
            shape=given.x.shape[1:],
            norm=threat.norm,
            low=threat.low,
            high=threat.high,
            rng=np.random.default_rng(key),
            starts=own[near],
        )
        yield Going(
            row=row,
            y=int(given.y[row]),
            x0=x0,
            radius=float(radii[row]),
            walk=attack.walk(sample),
            left=options.get("queries", QUERIES) - 1,
        )


def _result(
    name: str, given: Samples, right: NDArray[np.bool_], ended: list[Going], cost: Cost, *, shrink: bool
) -> Result:
    x_adv, broken = given.x.copy(), ~right
    step = np.where(right, -1, 0).astype(np.int64)
    for one in ended:
        within = one.size <= one.radius
        if one.best is not None and (within or shrink):
            x_adv[one.row] = one.best.reshape(given.x.shape[1:])
        if within:
            broken[one.row], step[one.row] = True, one.first
    return Result(attack=name, x_adv=x_adv, broken=broken, step=step, cost=cost)
