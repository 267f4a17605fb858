"""The record of a training that Opacus's own engine ran: from what it used, and not from what its accountant was told.

Opacus's accountant keeps noise, rate and steps as it was given them; sampler, sizes and clipping are read from the
loader and the optimizer, so that a rate that the sizes do not give (Opacus issue 813), or a loader that shuffles, shows
when the record is added up.
"""

import math
from typing import Any

import numpy as np

from redan.errors import IncompleteError
from redan.measures.privacy.record import Accountant, Neighbours, PrivacyRecord, Randomness, Sampler

_ACCOUNTANTS: dict[str, Accountant] = {"prv": "prv", "rdp": "rdp", "gdp": "gdp"}


def record_of_engine(
    engine: Any,  # noqa: ANN401 -- Opacus ships no types that are checked here
    loader: Any,  # noqa: ANN401
    optimizer: Any,  # noqa: ANN401
    *,
    delta: float,
    neighbours: Neighbours = "add-remove",
    randomness: Randomness | None = None,
) -> PrivacyRecord:
    """The record of a finished training with `opacus.PrivacyEngine.make_private`.

    Args:
        engine: the `PrivacyEngine`, after the last step.
        loader: that `make_private` returned and that was trained on.
        optimizer: that it returned.
        delta: of the claim.
        neighbours: of the claim; Opacus accounts for rows added or removed.
        randomness: where the noise came from; not stated when left out, as no object tells.

    Returns:
        The record; what Opacus cannot tell of itself is not stated.

    Raises:
        IncompleteError: nothing was trained, or noise or rate changed on the way, which one record cannot hold.
    """
    history = list(engine.accountant.history)
    settings = {(float(noise), float(rate)) for noise, rate, _ in history}
    if len(settings) != 1:
        reason = "nothing was trained" if not history else "noise or sampling rate changed on the way"
        raise IncompleteError(f"there is no one record of this training: {reason}")
    (noise, rate), rows = settings.pop(), len(loader.dataset)
    sampler = _sampler(loader)
    drawn = getattr(loader.batch_sampler, "sample_rate", None) if sampler == "poisson" else None
    norm = math.hypot(*np.atleast_1d(optimizer.max_grad_norm))  # one for each layer with clipping by layers
    return PrivacyRecord(
        sampler=sampler,
        sampling_rate=min(1.0, rate),
        batch_size=drawn * rows if drawn is not None else float(loader.batch_size or rows),
        dataset_size=rows,
        noise_multiplier=noise,
        clipping_norm=norm,
        steps=sum(int(count) for _, _, count in history),
        accountant=_ACCOUNTANTS.get(str(engine.accountant.mechanism()), "other"),
        assumed_sampler="poisson",
        epsilon=float(engine.get_epsilon(delta)),
        delta=delta,
        neighbours=neighbours,
        clipping="per-example",
        empty_batches="noised" if sampler == "poisson" else None,
        normalised_by="expected" if optimizer.expected_batch_size is not None else "actual",
        noise_std=float(optimizer.noise_multiplier) * norm,
        noise_added_to="sum",
        batch_statistics=False,  # `make_private` refuses such layers
        randomness=randomness,
        tool="opacus",
    )


def _sampler(loader: Any) -> Sampler:  # noqa: ANN401
    return "poisson" if "UniformWithReplacement" in type(loader.batch_sampler).__name__ else "shuffled"
