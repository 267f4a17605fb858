"""A correct record of private training that tests bend."""

from dataclasses import replace

from redan.measures.privacy.record import PrivacyRecord

# 15 epochs over 60,000 rows in batches of 256: the figures of the notes.
CORRECT = PrivacyRecord(
    sampler="poisson",
    sampling_rate=256 / 60_000,
    batch_size=256,
    dataset_size=60_000,
    noise_multiplier=1.1,
    clipping_norm=1.0,
    steps=3516,
    accountant="pld",
    assumed_sampler="poisson",
    epsilon=1.134,
    delta=1e-5,
    neighbours="add-remove",
    clipping="per-example",
    empty_batches="noised",
    normalised_by="expected",
    noise_std=1.1,
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
