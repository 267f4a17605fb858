"""A vote attacked as a whole: all members at once by its faces, and by what was made on each member."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from redan.attacks.campaign.white_box import Campaign, attack_network
from redan.attacks.cost import Cost
from redan.attacks.evasion.assault import Samples, samples_of
from redan.attacks.evasion.evaluation import evaluate
from redan.attacks.evasion.network import Network
from redan.attacks.failure.signs import Trust
from redan.attacks.threat import Threat
from redan.attacks.transfer.between import Flags, Models, tried
from redan.attacks.transfer.crafting import Array
from redan.attacks.transfer.votes import FACES, Rule, Vote
from redan.measures.robustness import Robustness, robustness

MEMBERS = "made on members"
WATCHED = 64


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
    suite: str = "screen",
    made: Mapping[str, Array] | None = None,
    seed: int = 0,
    watched: int = WATCHED,
) -> Joint:
    """Sends a vote what was made on its members, then climbs one face of it after the other on what is left.

    Sources: He et al., WOOT 2017 (arXiv 1706.04701); Tramèr et al., On Adaptive Attacks, NeurIPS 2020 (arXiv
        2002.08347), sections on ensembles: the attacker knows every member and how they decide.

    Args:
        members: by name: modules in evaluation mode, from inputs to logits of the same classes, or networks.
        x: shape (n, ...), in the box of the threat model.
        y: shape (n,), the true classes, numbered from 0.
        threat: linf, l2 or l1.
        rule: how members decide.
        suite: of the attacks on each face.
        made: by name, inputs that were made on members, if there are some.
        seed: of the draws.
        watched: samples of the failure checks, which are asked of the first face; 0 for no failure checks.

    Raises:
        InputError: members, inputs or labels are not fit to be attacked.
    """
    inputs, truth = samples_of(x, y, threat)
    networks = {face: Network(Vote([*members.values()], rule, face)) for face in dict(FACES)[rule]}
    first = next(iter(networks.values()))
    right = first.labels(inputs) == truth
    found, left = inputs.copy(), right.copy()
    broken: dict[str, Flags] = {}
    trust: Trust | None = None
    if made:
        broken[MEMBERS] = np.zeros(len(inputs), dtype=np.bool_)
    for sent in (made or {}).values():
        hit = tried(first, inputs, truth, sent, threat) & left
        found[hit] = sent[hit]
        broken[MEMBERS] |= hit
        left &= ~hit
    for face, network in networks.items():
        rows = np.flatnonzero(left)
        hit = np.zeros(len(inputs), dtype=np.bool_)
        if network is first and watched:
            rows = np.arange(len(inputs))  # the failure checks are about the whole, not about what happens to be left
            told = attack_network(network, inputs, truth, Campaign(threat, suite, seed=seed, watched=watched))
            hit[rows], x_adv, trust = told.broken, told.x_adv, told.trust
        elif len(rows):
            own = evaluate(network, inputs[rows], truth[rows], threat=_of(threat, rows), suite=suite, seed=seed)
            hit[rows], x_adv = own.breaker >= 0, inputs.copy()
            x_adv[rows] = own.x_adv
        else:
            x_adv = inputs
        hit &= left
        found[hit] = x_adv[hit]
        broken[face] = hit
        left &= ~hit
    cost = sum((network.meter.read() for network in networks.values()), Cost())
    return Joint(rule=rule, right=right, broken=broken, x_adv=found, trust=trust, cost=cost)


def _of(threat: Threat, rows: np.ndarray) -> Threat:
    if not isinstance(threat.eps, tuple):
        return threat
    return type(threat)(tuple(threat.eps[row] for row in rows), threat.low, threat.high)
