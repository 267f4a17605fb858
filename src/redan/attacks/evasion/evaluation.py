"""Evaluation: a suite of attacks on every sample, judged from outside, to be gone on with after an interruption."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from redan.attacks.cost import Cost
from redan.attacks.evasion.assault import Samples, clean_logits, network_of, samples_of
from redan.attacks.evasion.faster import faster
from redan.attacks.evasion.network import Network
from redan.attacks.evasion.running import NOBODY, Given, Running, digest_of
from redan.attacks.evasion.suites import Suite, suite_of
from redan.attacks.evasion.work import Work
from redan.attacks.progress import Progress
from redan.attacks.threat import Threat
from redan.errors import InputError
from redan.measures.robustness import Robustness, robustness

_SUM = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What a suite of attacks left of a model's accuracy, sample by sample, as the judge has it.

    Args:
        suite: name of the suite.
        threat: the threat model.
        attacks: names, in the order in which they ran.
        clean: shape (n,), right without an attack.
        robust: shape (n,), right, and broken by none.
        breaker: shape (n,), place of the attack that broke a sample first; -1 for none.
        step: shape (n,), iterations or queries of that attack until then; -1 for none.
        x_adv: shape of the inputs; the input itself where nothing broke it.
        answers: shape (n,), the class that the model gives for `x_adv`.
        size: shape (n,), norm of the perturbation.
        tried: samples that each attack was tried on.
        rejected: of what each attack claimed to have broken, what the judge did not confirm.
        costs: of each attack.
        cost: of everything, clean answers, judge and what a work file tells of earlier runs included.
        digest: of model, data, threat model, suite and seed.
    """

    suite: str
    threat: Threat
    attacks: tuple[str, ...]
    clean: NDArray[np.bool_]
    robust: NDArray[np.bool_]
    breaker: NDArray[np.int64]
    step: NDArray[np.int64]
    x_adv: NDArray[np.float32]
    answers: NDArray[np.int64]
    size: NDArray[np.float64]
    tried: tuple[int, ...]
    rejected: tuple[int, ...]
    costs: tuple[Cost, ...]
    cost: Cost
    digest: str

    def broken_by(self) -> dict[str, NDArray[np.bool_]]:
        """By attack, the samples that it was the first to break."""
        return {name: self.breaker == place for place, name in enumerate(self.attacks)}

    def rates(self, confidence: float = 0.95) -> Robustness:
        """Clean and robust accuracy with exact intervals."""
        return robustness(self.clean, self.breaker != NOBODY, confidence)


def evaluate(
    model: nn.Module | Network,
    x: Samples,
    y: Samples,
    *,
    threat: Threat,
    suite: str | Suite = "standard",
    seed: int = 0,
    state: Path | None = None,
    progress: Callable[[Progress], None] | None = None,
    slots: int | None = None,
    fast: bool = True,
    probe: Samples | None = None,
) -> Evaluation:
    """Clean accuracy, then one attack after the other, each on the samples that are still robust by the judge.

    Args:
        model: a module in evaluation mode, from inputs to logits, or a network.
        x: shape (n, ...), in the box of the threat model.
        y: shape (n,), the true classes, numbered from 0.
        threat: linf, l2 or l1.
        suite: its name, or a suite.
        seed: of the draws.
        state: a work file; an evaluation that was interrupted goes on from it.
        progress: is told whenever samples end.
        slots: samples in flight; no result depends on it.
        fast: whether attacks run on an equal network in a faster layout; the judge asks the given one in any case.
        probe: shape (m, ...), inputs on which both layouts are compared, so that parts of a campaign choose alike; the
            first of x when None.

    Raises:
        InputError: model, inputs or labels are not fit to be attacked, the model gives probabilities, or the work file
            belongs to another evaluation.
        IncompleteError: the model raised an error; what was done until then is in the work file.
    """
    network, began = network_of(model, x), time.monotonic()
    inputs, truth = samples_of(x, y, threat)
    chosen = suite if isinstance(suite, Suite) else suite_of(suite, threat.norm)
    before = network.meter.read()
    with _drawing(network, seed):
        logits = clean_logits(network, inputs, truth)
        _logits_only(logits)
        given = Given(network, inputs, truth, threat, chosen, seed, fast)
        digest = digest_of(given)
        run = Running(given, _layout(network, inputs if probe is None else probe) if fast else network, logits)
        earlier = Cost()
        with nullcontext() if state is None else Work(state, digest, len(inputs), inputs[0].size) as work:
            run.resume(work)
            earlier = sum((claims.cost for claims in run.known), earlier)
            for place in range(len(chosen.plans)):
                run.attack(place, slots, progress)
    spent = network.meter.since(before) + earlier
    if run.quick is not network:
        spent += run.quick.meter.read()
    return _evaluation(run, digest, spent + Cost(seconds=time.monotonic() - began))


def _layout(network: Network, probe: Samples) -> Network:
    values = probe.detach().cpu().numpy() if isinstance(probe, Tensor) else probe
    return faster(network, np.ascontiguousarray(values, dtype=np.float32))


def _evaluation(run: Running, digest: str, cost: Cost) -> Evaluation:
    return Evaluation(
        suite=run.suite.name,
        threat=run.threat,
        attacks=tuple(plan.attack.name for plan in run.suite.plans),
        clean=run.clean,
        robust=run.robust,
        breaker=run.breaker,
        step=run.step,
        x_adv=run.x_adv,
        answers=run.answers,
        size=run.size,
        tried=tuple(run.tried),
        rejected=tuple(run.rejected),
        costs=tuple(run.costs),
        cost=cost,
        digest=digest,
    )


def _logits_only(logits: Tensor) -> None:
    sums = logits.double().sum(dim=1)
    if bool((logits >= 0).all()) and bool(((sums - 1).abs() < _SUM).all()):
        raise InputError(
            "the model gives probabilities",
            remedy="leave out its last softmax, which flattens the gradients of attacks",
        )


@contextmanager
def _drawing(network: Network, seed: int) -> Iterator[None]:
    """Models that draw random numbers draw the same ones from run to run, and nobody else's are touched."""
    devices = [network.device] if network.device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield
