"""What is known of a training once its record is taken at its word: the mechanism that really ran, and its epsilon."""

import math
from dataclasses import dataclass, replace

from redan.measures.privacy.accounting import Epsilon, Mechanism, deltas_pld, epsilon
from redan.measures.privacy.record import PrivacyRecord

NOISE = 0.01  # share by which two noise multipliers may differ by rounding
_RATE = 1e-3  # likewise of rates
_GRID = 200
_EMPTY = 0.01  # share of delta that batches without rows may take unseen


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What remains of a record once its mistakes are taken into account.

    Args:
        mechanism: what was really released; None when no bound of it is known.
        extra: chance that the mechanism is not what it is taken for; it adds to delta.
        caveat: a clause about the bound, empty without one.
    """

    mechanism: Mechanism | None
    extra: float = 0.0
    caveat: str = ""


def assumed(record: PrivacyRecord) -> Mechanism:
    """The mechanism that the claim is about, as its accountant was told."""
    return Mechanism(
        noise_multiplier=record.noise_multiplier,
        steps=record.steps if record.assumed_sampler != "none" else participations(record),
        rate=record.sampling_rate,
        sampling=record.assumed_sampler,
        neighbours=record.neighbours or "add-remove",
    )


def participations(record: PrivacyRecord) -> int:
    """Most batches that one row can have been in, without a claim about chance."""
    if record.sampler != "shuffled":
        return record.steps
    return math.ceil(record.steps / max(1, math.floor(record.dataset_size / record.batch_size)))


def noise(record: PrivacyRecord) -> float:
    """The noise multiplier that the noise as it was added comes to; as told where that is not stated."""
    if record.noise_std is None:
        return record.noise_multiplier
    scale = record.batch_size if record.noise_added_to == "mean" else 1.0
    return record.noise_std * scale / record.clipping_norm


def actual(record: PrivacyRecord) -> Known:
    """What was really released, as far as it is known."""
    told = noise(record)
    sigma = record.noise_multiplier if close(told, record.noise_multiplier, NOISE) else told
    if record.clipping == "per-microbatch" and (record.microbatch_size or 1) > 1:
        sigma /= 2.0
    void = _void(record)
    if void:
        return Known(mechanism=None, caveat=void)
    base = Mechanism(noise_multiplier=sigma, steps=record.steps, neighbours=record.neighbours or "add-remove")
    if record.sampler == "shuffled":
        times = participations(record)
        return Known(
            mechanism=replace(base, steps=times, sampling="none"),
            caveat="an upper bound for a row zeroed out or replaced, without any gain from sampling: each is in at "
            f"most {times:,} batches; no tight accounting of shuffled batches is known",
        )
    if record.sampler == "full-batch":
        return Known(mechanism=replace(base, sampling="none"))
    rate = record.sampling_rate if rate_fits(record) else record.rate
    if record.sampler == "fixed-without-replacement":
        return _without_replacement(record, replace(base, rate=rate, sampling="fixed-without-replacement"))
    dropped = record.empty_batches == "dropped"
    return Known(
        mechanism=replace(base, rate=rate),
        extra=empty_chance(record) if dropped else 0.0,
        caveat="with the chance of an empty batch added to delta" if dropped else "",
    )


def empty_chance(record: PrivacyRecord) -> float:
    """At most how probable it is that some batch of a Poisson sampler is empty, for the smaller of two neighbours."""
    rate = record.rate
    if rate >= 1.0:
        return 0.0
    return min(1.0, record.steps * math.exp((record.dataset_size - 1) * math.log1p(-rate)))


def _without_replacement(record: PrivacyRecord, mechanism: Mechanism) -> Known:
    if record.neighbours == "replace-one" and record.assumed_sampler != "none":
        return Known(mechanism=mechanism)
    # A row added takes the place of another one in some batches, so that their sums differ by two clipped gradients.
    sigma = mechanism.noise_multiplier / (2.0 if record.neighbours in {None, "add-remove"} else 1.0)
    return Known(
        mechanism=replace(mechanism, noise_multiplier=sigma, rate=1.0, sampling="none"),
        caveat="an upper bound without any gain from sampling",
    )


def _void(record: PrivacyRecord) -> str:
    """Why no bound at all is known; empty when one is."""
    reasons = (
        (record.clipping == "none", "without clipping nothing bounds what one row adds"),
        (record.bounds == "data", "bounds that were read from the data are not covered by any noise"),
        (
            bool(record.batch_statistics),
            "a layer that mixes rows passes one row's influence to every other row's gradient",
        ),
        (record.randomness == "fixed-seed", "noise from a fixed seed can be subtracted by whoever knows it"),
        (
            record.normalised_by == "actual" and record.sampler == "poisson",
            "the actual size of a batch is a secret of the sampler, and dividing by it gives it away unaccounted",
        ),
        (
            record.sampler == "fixed-with-replacement",
            "a row drawn several times into a batch adds more than the clipping norm",
        ),
    )
    return next((reason for holds, reason in reasons if holds), "")


def bounded(known: Known, delta: float) -> Epsilon:
    """Epsilon of what is known.

    Two mechanisms that differ with probability t at most differ by (1 + e^epsilon) t in delta.
    """
    if known.mechanism is None or (known.extra and delta <= 2.0 * known.extra):
        return Epsilon(None, "pld")
    plain = epsilon(known.mechanism, delta)
    if known.extra == 0.0 or plain.value is None or math.isinf(plain.value):
        return plain
    if plain.value < 30.0 and (1.0 + math.exp(plain.value)) * known.extra <= _EMPTY * delta:  # noqa: PLR2004 -- exp
        return plain
    return Epsilon(_raised(known.mechanism, known.extra, delta), "pld")


def _raised(mechanism: Mechanism, extra: float, delta: float) -> float | None:
    """The smallest epsilon on a grid with delta(epsilon) + (1 + e^epsilon) extra <= delta; None when there is none."""
    if delta <= 2.0 * extra:
        return None
    most = math.log(delta / extra - 1.0)
    spent = deltas_pld(mechanism)
    if spent is None:
        return None
    grid = (most * step / _GRID for step in range(_GRID + 1))
    return next((at for at in grid if spent(at) + (1.0 + math.exp(at)) * extra <= delta), None)


def close(one: float, other: float, share: float) -> bool:
    """Whether two numbers differ by at most a share of the larger one."""
    return abs(one - other) <= share * max(abs(one), abs(other))


def rate_fits(record: PrivacyRecord) -> bool:
    """Whether rate and sizes agree, but for a batch size that was rounded or cut to whole rows."""
    expected = record.sampling_rate * record.dataset_size
    return close(expected, record.batch_size, _RATE) or record.batch_size in {math.floor(expected), round(expected)}
