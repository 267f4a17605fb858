"""What a private training is to do, and the record of one that did it."""

import math
from dataclasses import dataclass

from redan.errors import InputError
from redan.measures.privacy.accounting import Mechanism, epsilon
from redan.measures.privacy.record import Neighbours, PrivacyRecord

_INFINITE = 1e9  # a record holds finite numbers; no claim is above


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How to train.

    Args:
        batch_size: rows of a batch that are expected; each row is in it by a coin of its own.
        steps: batches.
        noise_multiplier: standard deviation of the noise over `clipping_norm`; 0 trains without privacy.
        clipping_norm: L2 bound of the gradient of every row, chosen without a look at the data.
        rate: of learning.
        momentum: of the noisy gradient, which needs no further noise.
        delta: of the claim; None for a tenth of one over the rows.
        neighbours: of the claim.
    """

    batch_size: float
    steps: int
    noise_multiplier: float
    clipping_norm: float = 1.0
    rate: float = 0.5
    momentum: float = 0.0
    delta: float | None = None
    neighbours: Neighbours = "add-remove"

    def check(self, rows: int) -> None:
        """Refuses what cannot be run.

        Raises:
            InputError: the batch is larger than the data, or a number is out of its range.
        """
        batch, norm, noise = 0 < self.batch_size <= rows, 0 < self.clipping_norm < math.inf, self.noise_multiplier
        if not (batch and norm and 0 <= noise < math.inf and self.steps >= 1):
            raise InputError(f"a plan has a positive norm, steps, noise, and a batch of at most {rows:,} rows")


def record_of(plan: Plan, rows: int, *, tool: str, seeded: bool) -> PrivacyRecord:
    """The record of a training that kept to a plan, with the epsilon that it adds up to.

    Args:
        plan: as it was run.
        rows: of the training data.
        tool: what trained.
        seeded: whether the random numbers can be drawn again.

    Raises:
        MissingExtraError: dp-accounting is not installed.
    """
    delta = 0.1 / rows if plan.delta is None else plan.delta
    share = plan.batch_size / rows
    mechanism = Mechanism(
        noise_multiplier=plan.noise_multiplier, steps=plan.steps, rate=share, neighbours=plan.neighbours
    )
    found = epsilon(mechanism, delta)
    return PrivacyRecord(
        sampler="poisson",
        sampling_rate=share,
        batch_size=float(plan.batch_size),
        dataset_size=rows,
        noise_multiplier=plan.noise_multiplier,
        clipping_norm=plan.clipping_norm,
        steps=plan.steps,
        accountant=found.by,
        assumed_sampler="poisson",
        epsilon=min(_INFINITE, _INFINITE if found.value is None else found.value),
        delta=delta,
        neighbours=plan.neighbours,
        clipping="per-example",
        empty_batches="noised",
        normalised_by="expected",
        noise_std=plan.noise_multiplier * plan.clipping_norm,
        noise_added_to="sum",
        bounds="declared",
        batch_statistics=False,
        randomness="fixed-seed" if seeded else "os-seeded",
        tool=tool,
    )
