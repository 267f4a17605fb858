"""The record of a private training: what was drawn, clipped, noised and claimed, as evidence that others can add up."""

from dataclasses import dataclass, fields
from typing import Literal, TypeAlias

from redan.canon import Json

SCHEMA = "redan/privacy/v1"
Sampler: TypeAlias = Literal["poisson", "shuffled", "fixed-without-replacement", "fixed-with-replacement", "full-batch"]
Assumed: TypeAlias = Literal["poisson", "fixed-without-replacement", "none"]
Neighbours: TypeAlias = Literal["add-remove", "zero-out", "replace-one"]
Accountant: TypeAlias = Literal["pld", "prv", "rdp", "gdp", "moments", "other"]
Clipping: TypeAlias = Literal["per-example", "per-microbatch", "none"]
Empty: TypeAlias = Literal["noised", "dropped"]
Normalised: TypeAlias = Literal["expected", "actual"]
Added: TypeAlias = Literal["sum", "mean"]
Bounds: TypeAlias = Literal["declared", "private", "data"]
Validation: TypeAlias = Literal["none", "public", "accounted", "not-accounted"]
Randomness: TypeAlias = Literal["secure", "os-seeded", "fixed-seed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyRecord:
    """How a model was trained with differential privacy, and what is claimed of it.

    Source: Abadi et al., Deep Learning with Differential Privacy (2016), for the quantities.

    Args:
        sampler: how batches were really drawn.
        sampling_rate: the chance of one row to be in a batch, as the accountant was told; in (0, 1].
        batch_size: rows of a batch that are expected.
        dataset_size: rows of the training data.
        noise_multiplier: standard deviation of the noise over `clipping_norm`, as the accountant was told.
        clipping_norm: L2 bound of what one unit of clipping adds to the sum.
        steps: batches, as the accountant was told.
        accountant: how steps were added up.
        assumed_sampler: what the accountant took the sampler for; `none` claims nothing for sampling.
        epsilon: as claimed.
        delta: as claimed.
        neighbours: which two datasets the claim is about; None when it is not stated.
        clipping: what is clipped; None when it is not stated.
        microbatch_size: rows whose mean gradient is clipped as one, with `per-microbatch`.
        empty_batches: whether a batch without rows was noised like every other or left out.
        normalised_by: whether a noisy sum is divided by the expected size of a batch or by the actual one.
        noise_std: standard deviation of the noise as it was added, in the gradient's unit.
        noise_added_to: the sum of the clipped gradients, or their mean.
        bounds: whether bounds and norms were declared before, found privately, or read from the data.
        batch_statistics: whether a layer mixes rows of a batch, as batch normalisation does.
        runs: trainings on this data among which this one was chosen, itself included.
        runs_accounted: whether the claim covers them all.
        validation: which data chose between them or decided when to stop.
        randomness: where the noise came from; from a fixed seed, whoever knows it takes the noise off again.
        tool: what trained it, such as `opacus 1.6.0`.
    """

    sampler: Sampler
    sampling_rate: float
    batch_size: float
    dataset_size: int
    noise_multiplier: float
    clipping_norm: float
    steps: int
    accountant: Accountant
    assumed_sampler: Assumed
    epsilon: float
    delta: float
    neighbours: Neighbours | None = None
    clipping: Clipping | None = None
    microbatch_size: int | None = None
    empty_batches: Empty | None = None
    normalised_by: Normalised | None = None
    noise_std: float | None = None
    noise_added_to: Added | None = None
    bounds: Bounds | None = None
    batch_statistics: bool | None = None
    runs: int | None = None
    runs_accounted: bool | None = None
    validation: Validation | None = None
    randomness: Randomness | None = None
    tool: str | None = None

    def to_json(self) -> dict[str, Json]:
        """The record as its file holds it; what is not stated is left out."""
        pairs = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {"schema": SCHEMA, **{name: value for name, value in pairs if value is not None}}

    @property
    def rate(self) -> float:
        """The rate that the sizes give: expected rows of a batch over rows of the data."""
        return min(1.0, self.batch_size / self.dataset_size)
