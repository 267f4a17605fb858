"""A correct record of private training that tests bend."""

from dataclasses import replace

from redan.measures.privacy.record import PrivacyRecord

# Two epochs over 6,000 rows in batches of 60: cheap to add up; epsilon is 0.1615.
CORRECT = PrivacyRecord(
    sampler="poisson",
    sampling_rate=0.01,
    batch_size=60,
    dataset_size=6000,
    noise_multiplier=3.0,
    clipping_norm=1.0,
    steps=200,
    accountant="pld",
    assumed_sampler="poisson",
    epsilon=0.162,
    delta=1e-5,
    neighbours="add-remove",
    clipping="per-example",
    empty_batches="noised",
    normalised_by="expected",
    noise_std=3.0,
    noise_added_to="sum",
    bounds="declared",
    batch_statistics=False,
    runs=1,
    runs_accounted=True,
    validation="public",
    randomness="os-seeded",
    tool="test",
)


def bent(**changes):
    """The correct record with changes."""
    return replace(CORRECT, **changes)
