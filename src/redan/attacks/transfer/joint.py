"""A vote attacked as a whole: all members at once by its faces, and by what was made on each member."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from torch import nn

from redan.attacks.cost import Cost
from redan.attacks.evasion.apgd import Apgd
from redan.attacks.evasion.assault import Plan, Samples, network_of, samples_of
from redan.attacks.evasion.evaluation import evaluate
from redan.attacks.evasion.network import Network
from redan.attacks.evasion.suites import Suite
from redan.attacks.failure.diagnosis import Evaluated, diagnose
from redan.attacks.failure.signs import Trust
from redan.attacks.threat import Threat
from redan.attacks.transfer.between import Flags, Models, tried
from redan.attacks.transfer.crafting import Array
from redan.attacks.transfer.votes import FACES, Rule, Vote
from redan.measures.robustness import Robustness, robustness

MEMBERS = "made on members"
WHOLE = "whole"
WATCHED = 64
FURTHER = Suite(name="further", plans=(Plan(attack=Apgd(loss="ce")),))


@dataclass(frozen=True, slots=True, kw_only=True)
class Joint:
    """What was left of a vote.

    Args:
        rule: how it decides.
        right: shape (n,), right without an attack.
        broken: by attack, shape (n,), what it broke of what those before had left.
        x_adv: shape of the inputs; the input itself where nothing broke the vote.
        trust: whether what is left may be taken for robustness.
        cost: of everything.
    """

    rule: Rule
    right: Flags
    broken: Mapping[str, Flags]
    x_adv: Array = field(repr=False)
    trust: Trust | None
    cost: Cost

    @property
    def fell(self) -> Flags:
        """Broken by anything, shape (n,)."""
        return np.asarray(np.any([*self.broken.values()], axis=0))

    def rates(self, confidence: float = 0.95) -> Robustness:
        """Clean and robust accuracy with exact intervals."""
        return robustness(self.right, self.fell, confidence)


def attack_vote(
    members: Models,
    x: Samples,
    y: Samples,
    *,
    threat: Threat,
    rule: Rule = "majority",
    whole: nn.Module | Network | None = None,
    suite: str | Suite = "screen",
    further: Suite = FURTHER,
    made: Mapping[str, Array] | None = None,
    seed: int = 0,
    watched: int = WATCHED,
) -> Joint:
    """Sends a vote what was made on its members, then climbs one face of it after the other on what is left.

    Sources: He et al., WOOT 2017 (arXiv 1706.04701); Tramèr et al., On Adaptive Attacks, NeurIPS 2020 (arXiv
        2002.08347), on ensembles: the attacker knows every member and how they decide.

    Args:
        members: by name: modules in evaluation mode, from inputs to logits of the same classes, or networks.
        x: shape (n, ...), in the box of the threat model.
        y: shape (n,), the true classes, numbered from 0.
        threat: linf, l2 or l1.
        rule: how members decide, as the attacker has it.
        whole: the vote itself, where it is one network; it decides what is broken, whatever the rule says.
        suite: of the attacks on the vote, by its first face.
        further: on each further face, for what is left.
        made: by name, inputs that were made on members, if there are some.
        seed: of the draws.
        watched: samples of the failure checks, which are asked of the vote where something is left; 0 for none.

    Raises:
        InputError: members, inputs or labels are not fit to be attacked.
    """
    inputs, truth = samples_of(x, y, threat)
    asked = {} if whole is None else {WHOLE: network_of(whole)}
    asked |= {face: Network(Vote([*members.values()], rule, face)) for face in dict(FACES)[rule]}
    vote = next(iter(asked.values()))
    before = vote.meter.read()
    course = _Course(vote, inputs, truth, threat)
    for proposed in (made or {}).values():
        course.sent(MEMBERS, proposed)
    for name, network in asked.items():
        chosen = suite if network is vote else further
        course.sent(name, _climbed(network, inputs, truth, course.left, threat, chosen, seed))
    trust: Trust | None = None
    if watched and course.left.any():
        fell = Evaluated(broken=course.right & ~course.left, losses=("ce", "dlr"))
        trust = diagnose(vote, inputs, truth, threat=threat, found=fell, n=watched, seed=seed)
    cost = sum((network.meter.read() for network in asked.values() if network is not vote), vote.meter.since(before))
    return Joint(rule=rule, right=course.right, broken=course.broken, x_adv=course.found, trust=trust, cost=cost)


class _Course:
    """What is left of a vote while one attack after the other is tried on it; only what the judge confirms counts."""

    def __init__(self, vote: Network, x: Array, y: NDArray[np.int64], threat: Threat) -> None:
        self.vote, self.x, self.y, self.threat = vote, x, y, threat
        self.right: Flags = vote.labels(x) == y
        self.left, self.found = self.right.copy(), x.copy()
        self.broken: dict[str, Flags] = {}

    def sent(self, name: str, proposed: Array) -> None:
        """Takes over what breaks the vote of what is left."""
        hit = tried(self.vote, self.x, self.y, proposed, self.threat) & self.left
        self.found[hit] = proposed[hit]
        self.broken[name] = self.broken.get(name, np.zeros(len(self.x), dtype=np.bool_)) | hit
        self.left[hit] = False


def _climbed(  # noqa: PLR0917 -- what an attack needs
    network: Network, x: Array, y: NDArray[np.int64], left: Flags, threat: Threat, suite: str | Suite, seed: int
) -> Array:
    """What a suite makes of the samples that are left; the others as they are."""
    rows, found = np.flatnonzero(left), x.copy()
    if len(rows):
        made = evaluate(network, x[rows], y[rows], threat=_of(threat, rows), suite=suite, seed=seed)
        found[rows] = made.x_adv
    return found


def _of(threat: Threat, rows: np.ndarray) -> Threat:
    if not isinstance(threat.eps, tuple):
        return threat
    return type(threat)(tuple(threat.eps[row] for row in rows), threat.low, threat.high)
