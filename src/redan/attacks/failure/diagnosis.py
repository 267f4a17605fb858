"""All failure checks of one evaluation, on a few of its samples."""

from collections.abc import Iterator
from dataclasses import dataclass, is_dataclass, replace
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from redan.attacks.evasion.apgd import Apgd
from redan.attacks.evasion.assault import Samples, network_of, samples_of
from redan.attacks.evasion.draws import keys
from redan.attacks.evasion.network import Network
from redan.attacks.evasion.pool import Attack, Course, Tasks, run
from redan.attacks.failure import probes, readings
from redan.attacks.failure.probes import Probe
from redan.attacks.failure.signs import Sign, Trust, trust
from redan.attacks.failure.smoothed import Smoothed
from redan.attacks.failure.witness import Trace, watch
from redan.attacks.threat import Threat
from redan.errors import RedanError

SAMPLES = 64
UNBROKEN = 0.05
BEYOND = 0.07
_STEPS = 40  # of the averaged gradient
TENTH = 10
_PATHS = ("silent-success", "incomplete-optimisation", "unconstrained-attack", "larger-ball-weaker")
_FEWEST = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """What an evaluation found, one flag per sample of it, as the judge has it.

    Args:
        broken: by anything.
        white: by attacks with gradients; None when there were none.
        black: by attacks without gradients; None when there were none.
        averaged: whether its attacks averaged over randomness.
        losses: which of `ce` and `dlr` its gradients were of.
    """

    broken: ArrayLike
    white: ArrayLike | None = None
    black: ArrayLike | None = None
    averaged: bool = False
    losses: tuple[str, ...] = ("ce", "dlr")


def diagnose(
    model: nn.Module | Network,
    x: Samples,
    y: Samples,
    *,
    threat: Threat,
    attack: Attack | None = None,
    found: Evaluated | None = None,
    n: int = SAMPLES,
    seed: int = 0,
) -> Trust:
    """Asks every failure check that applies, on at most n samples that the model gets right.

    Sources: Pintor et al., arXiv 2106.09947, indicators 1 to 4 and 6 (5 needs a surrogate: `transfer_failure`); the
    five warnings of AutoAttack; Carlini et al., arXiv 1902.06705, section 4.

    Args:
        model: a module in evaluation mode, or a network.
        x: shape (samples, ...), all that were evaluated.
        y: shape (samples,).
        threat: of the evaluation.
        attack: the one whose path is watched; Auto-PGD on each loss of the evaluation when None.
        found: what the evaluation found; without it, only model and attack are looked at.
        n: samples that are watched; two thirds of the cost grow with it.
        seed: of the choice of samples and of the attack.

    Raises:
        InputError: model, inputs or labels are not fit to be attacked.
    """
    network = network_of(model)
    inputs, labels = samples_of(x, y, threat)
    rows = _chosen(network, inputs, labels, n, seed)
    if not len(rows):
        return trust((Sign(name="samples", fired=None, message="The model gets no sample right.", n=0),))
    radii = threat.radii(len(inputs))[rows]
    own = type(threat)(tuple(float(r) for r in radii), threat.low, threat.high)
    probe = Probe(
        network,
        torch.as_tensor(inputs[rows], device=network.device),
        torch.as_tensor(labels[rows], device=network.device),
        own,
        seed,
    )
    climbed = Evaluated(broken=()) if found is None else found
    attacks = _attacks(climbed, threat) if attack is None else (attack,)
    return trust((*_probed(probe, climbed), *_watched(probe, attacks), *_compared(probe, found, rows)))


def _attacks(found: Evaluated, threat: Threat) -> tuple[Attack, ...]:
    wide = threat.norm == "l1"
    return tuple(Apgd(loss="dlr" if loss == "dlr" else "ce", widened=wide) for loss in found.losses)


def _chosen(network: Network, x: NDArray[Any], y: NDArray[np.int64], n: int, seed: int) -> NDArray[np.int64]:
    """Rows of some samples that the model gets right; which ones depends on their content and the seed alone."""
    right = np.flatnonzero(network.labels(x) == y)
    order = np.argsort(keys(x[right], "diagnose", seed), kind="stable")
    return np.sort(right[order[:n]])


def _probed(probe: Probe, found: Evaluated) -> Iterator[Sign]:
    if found.losses:
        yield probes.unavailable_gradients(probe, found.losses)
    yield probes.unstable_predictions(probe)
    yield probes.random_answers(probe, averaged=found.averaged)
    yield probes.probabilities(probe)
    yield probes.depends_on_others(probe)
    yield probes.changes_when_asked(probe)
    yield probes.optimises(probe)


def _watched(probe: Probe, attacks: tuple[Attack, ...]) -> Iterator[Sign]:
    """What the paths show: of all attacks together, for what one leaves another may break."""
    traces = [trace for trace in (_run(probe, attack) for attack in attacks) if trace is not None]
    if not traces:
        for name in _PATHS if attacks else ():
            yield Sign(name=name, fired=None, message="The attack cannot run on this network.")
        return
    broken = _union(probe, traces)
    on_path = np.any([trace.hits.any(axis=0) & ~trace.claimed for trace in traces], axis=0)
    yield readings.silent_success(on_path, np.zeros_like(on_path))
    yield _settled(traces, broken)
    whole = type(probe.threat)(_whole(probe), probe.threat.low, probe.threat.high)
    yield unconstrained(_fell(probe._replace(threat=whole), attacks, np.zeros_like(broken)))
    radii = tuple(float(r) / 2 for r in probe.threat.radii(len(probe.x)))
    smaller = type(probe.threat)(radii, probe.threat.low, probe.threat.high)
    yield readings.larger_is_stronger(broken, _fell(probe._replace(threat=smaller), attacks, broken))
    short = tuple(one for one in map(shorter, attacks) if one is not None)
    if short:
        yield readings.longer_is_stronger(broken, _fell(probe, short, broken))


def _settled(traces: list[Trace], broken: NDArray[np.bool_]) -> Sign:
    """The worst of the attacks: each is to have settled on what all of them left."""
    signs = [readings.incomplete_optimisation(trace.losses, broken) for trace in traces]
    return max(signs, key=lambda sign: (sign.fired is True, sign.value or 0.0))


def _fell(probe: Probe, attacks: tuple[Attack, ...], gone: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """What attacks break, in the pool, of samples that are not gone, shape (n,)."""
    broken, radii = np.zeros(len(probe.x), dtype=np.bool_), probe.threat.radii(len(probe.x))
    for attack in attacks:
        rows = np.flatnonzero(~(broken | gone))
        if not len(rows):
            break
        at = torch.as_tensor(rows, device=probe.x.device)
        salt = keys(probe.x[at].cpu().numpy(), attack.name, probe.seed)
        stages = torch.full((len(rows), 1), -1, dtype=torch.int64, device=probe.x.device)
        tasks = Tasks(
            probe.x[at],
            probe.y[at],
            torch.as_tensor(radii[rows], device=probe.x.device),
            torch.as_tensor(salt, device=probe.x.device),
            stages,
        )
        try:
            for ended in run(Course(attack, probe.network, tasks, probe.threat, len(rows))):
                broken[rows[ended.samples]] = ended.broken
        except (RuntimeError, RedanError):  # as in `_run`
            continue
    return broken


def _union(probe: Probe, traces: list[Trace]) -> NDArray[np.bool_]:
    broken = np.zeros(len(probe.x), dtype=np.bool_)
    for trace in traces:
        broken |= trace.claimed
    return broken


def unconstrained(broken: ArrayLike, most: float = UNBROKEN) -> Sign:
    """Whether an attack that may change everything leaves samples as they were.

    Source: arXiv 2106.09947, indicator 6; arXiv 1902.06705, section 4.2.

    Args:
        broken: shape (n,), with the whole box as the ball.
        most: share that may be left.
    """
    fell = np.asarray(broken, dtype=np.bool_)
    left, n = int((~fell).sum()), len(fell)
    share = left / n if n else 0.0
    text = f"With the whole box allowed, the attack leaves {left:,} of {n:,} samples as they were."
    name, fired = "unconstrained-attack", share > most and left >= _FEWEST
    return Sign(name=name, fired=fired, message=text, value=share, threshold=most, n=n)


def _compared(probe: Probe, found: Evaluated | None, rows: NDArray[np.int64]) -> Iterator[Sign]:
    if found is None:
        return
    if found.white is not None and found.black is not None:
        yield readings.black_box_is_weaker(found.white, found.black)
    if found.losses:
        yield _averaged(probe, np.asarray(found.broken, dtype=np.bool_)[rows])


def _averaged(probe: Probe, broken: NDArray[np.bool_]) -> Sign:
    """Whether a gradient averaged over a neighbourhood breaks what the evaluation left: the landscape is shattered."""
    name, left = "averaged-gradient-stronger", np.flatnonzero(~broken)
    if not len(left):
        return Sign(name=name, fired=False, message="The evaluation left no sample.", n=0)
    at = torch.as_tensor(left, device=probe.x.device)
    radii = tuple(float(r) for r in probe.threat.radii(len(probe.x))[left])
    kept = probe._replace(
        x=probe.x[at], y=probe.y[at], threat=type(probe.threat)(radii, probe.threat.low, probe.threat.high)
    )
    salt = torch.as_tensor(keys(kept.x.cpu().numpy(), name, probe.seed), device=probe.x.device)
    around = Smoothed(probe.network, salt, spread(kept.threat, kept.x))
    trace = _run(kept._replace(network=around), Apgd(loss="dlr", steps=_STEPS, widened=probe.threat.norm == "l1"))
    if trace is None:
        return Sign(name=name, fired=None, message="The attack cannot run on this network.")
    beyond, share = int(trace.claimed.sum()), float(trace.claimed.sum()) / len(probe.x)
    text = f"A gradient averaged around each point broke {beyond:,} of {len(left):,} samples that the evaluation left."
    fired = share > BEYOND and beyond >= _FEWEST
    return Sign(name=name, fired=fired, message=text, value=share, threshold=BEYOND, n=len(probe.x))


def spread(threat: Threat, x: Tensor) -> float:
    """Standard deviation of noise that is about half as large as the ball, in its norm."""
    radius, size = float(np.median(threat.radii(len(x)))), x[0].numel()
    return radius / 2 / float({"l2": size**0.5, "l1": size}.get(threat.norm, 1.0))


def _run(probe: Probe, attack: Attack) -> Trace | None:
    try:
        return watch(attack, probe.network, probe.x, probe.y, probe.threat, seed=probe.seed, whole=False)
    except (RuntimeError, RedanError):  # torch: no gradient; ours: the norm is none of this attack's
        return None


def _whole(probe: Probe) -> tuple[float, ...]:
    """Radii of balls that hold the whole box."""
    side, size = probe.threat.high - probe.threat.low, probe.x[0].numel()
    radius = {"l2": side * size**0.5, "l1": side * size, "l0": float(size)}.get(probe.threat.norm, side)
    return (radius,) * len(probe.x)


def shorter(attack: Attack) -> Attack | None:
    """The attack with a tenth of its steps; None when it has none to leave out."""
    steps = getattr(attack, "steps", None)
    if not isinstance(steps, int) or steps < TENTH or not is_dataclass(attack) or isinstance(attack, type):
        return None
    return cast("Attack", replace(attack, steps=steps // TENTH))
