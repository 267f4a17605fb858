"""Which models fall to inputs that were made on which others, each beside what its own white box breaks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from torch import nn

from redan.attacks.cost import Cost
from redan.attacks.evasion.assault import Samples, network_of, samples_of
from redan.attacks.evasion.evaluation import evaluate
from redan.attacks.evasion.network import Network
from redan.attacks.evasion.pool import Attack
from redan.attacks.evasion.suites import Suite
from redan.attacks.failure.readings import transfer_failure, transfer_is_weaker
from redan.attacks.failure.signs import Sign
from redan.attacks.judge import judge
from redan.attacks.threat import Threat
from redan.attacks.transfer.crafting import Array, crafted
from redan.errors import InputError
from redan.measures.robustness.transfer import Matrix, transfer_matrix

Flags: TypeAlias = NDArray[np.bool_]
Models: TypeAlias = Mapping[str, nn.Module | Network]


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfers:
    """What was sent from where to where, sample by sample, as the judge has it.

    Args:
        threat: the threat model.
        right: by model, right without an attack.
        broken: by source and target, broken by what was made on the source.
        own: by target, broken by an attacker who knows it; not every target needs one.
        made: by source, the inputs that were sent.
        cost: of everything.
    """

    threat: Threat
    right: Mapping[str, Flags]
    broken: Mapping[str, Mapping[str, Flags]]
    own: Mapping[str, Flags]
    made: Mapping[str, Array] = field(repr=False)
    cost: Cost

    def rates(self, confidence: float = 0.95) -> Matrix:
        """The matrix, with intervals."""
        return transfer_matrix(self.right, self.broken, self.own, confidence=confidence)

    def signs(self) -> dict[str, Sign]:
        """The transfer-failure indicator of each source and target, and per target whether its white box was beaten.

        Where the indicator fires, what the source leaves says nothing about the robustness of the target.
        """
        found = {}
        for source, row in self.broken.items():
            both = row[source] & self.right[source]
            for target, fell in row.items():
                if target != source:
                    at = self.right[target]
                    found[f"{source} to {target}"] = transfer_failure(both[at], fell[at])
        for target, white in self.own.items():
            others = [row[target] for source, row in self.broken.items() if source != target]
            if others:
                at = self.right[target]
                found[target] = transfer_is_weaker(white[at], np.any(others, axis=0)[at])
        return found


def transfers(
    models: Models,
    x: Samples,
    y: Samples,
    *,
    threat: Threat,
    sources: Sequence[str] | None = None,
    attack: Attack | None = None,
    suite: str | Suite | None = "screen",
    seed: int = 0,
) -> Transfers:
    """Makes inputs on each source, and tries them on every model.

    Source: the protocol of Demontis et al., USENIX Security 2019 (arXiv 1809.02861), with the target's own white box
        beside, which must break no less (Carlini et al., arXiv 1902.06705, section 4.3).

    Args:
        models: by name: modules in evaluation mode, from inputs to logits of the same classes, or networks.
        x: shape (n, ...), in the box of the threat model.
        y: shape (n,), the true classes, numbered from 0.
        threat: linf or l2.
        sources: names of those that inputs are made on; all when None.
        attack: on the sources; `carrying` when None.
        suite: for the white box of each model; None for no white box.
        seed: of the draws.

    Raises:
        InputError: models, inputs or labels are not fit to be attacked, or a source is no model.
    """
    networks = {name: network_of(model) for name, model in models.items()}
    chosen = tuple(networks) if sources is None else tuple(sources)
    strange = [name for name in chosen if name not in networks]
    if strange or not chosen:
        raise InputError(f"{strange[:1] or 'no source'} is no model", remedy=f"name some of {', '.join(networks)}")
    inputs, truth = samples_of(x, y, threat)
    before = {name: network.meter.read() for name, network in networks.items()}
    right = {name: network.labels(inputs) == truth for name, network in networks.items()}
    made = {name: crafted(networks[name], inputs, truth, threat=threat, attack=attack, seed=seed) for name in chosen}
    broken = {
        source: {name: tried(network, inputs, truth, sent, threat) for name, network in networks.items()}
        for source, sent in made.items()
    }
    own, spent = {}, Cost()
    if suite is not None:
        for name, network in networks.items():
            found = evaluate(network, inputs, truth, threat=threat, suite=suite, seed=seed)
            own[name] = (found.breaker >= 0) & right[name]
    for name, network in networks.items():
        spent += network.meter.since(before[name])
    return Transfers(threat=threat, right=right, broken=broken, own=own, made=made, cost=spent)


def tried(network: Network, x: Array, y: NDArray[np.int64], sent: Array, threat: Threat) -> Flags:
    """What inputs break of a model: those that it had right without them, and the judge agrees, shape (n,)."""
    return np.asarray(judge(network.labels, x, y, sent, threat).broken & (network.labels(x) == y))
