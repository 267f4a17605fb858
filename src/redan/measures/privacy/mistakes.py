"""The accounting mistakes that a record of private training shows, and what epsilon is then, where that is known.

Source: each mistake has happened in a public library or paper; its `seen` names where.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from redan.measures.privacy.accounting import Epsilon, epsilon
from redan.measures.privacy.known import NOISE, actual, assumed, bounded, close, empty_chance, noise, rate_fits
from redan.measures.privacy.record import PrivacyRecord

Kind: TypeAlias = Literal["mistake", "unstated", "note"]
SLACK = 0.01  # accountants differ by rounding and grids; a claim is understated beyond this share


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One thing wrong with a claim.

    Args:
        name: in lower case with hyphens.
        kind: a `mistake` voids the claim; what is `unstated` leaves it open; a `note` is to be said beside it.
        reason: one sentence.
        repair: one sentence.
        seen: where it happened.
    """

    name: str
    kind: Kind
    reason: str
    repair: str
    seen: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What a record adds up to.

    Args:
        record: as read.
        stated: epsilon of the mechanism that the record's accountant assumed; by both accountants where they cover it.
        actual: epsilon of what really happened; its value is None when no bound is known.
        caveat: of `actual`, empty without one.
        mistakes: of all kinds, in a fixed order.
    """

    record: PrivacyRecord
    stated: Epsilon
    actual: Epsilon
    caveat: str
    mistakes: tuple[Mistake, ...]

    def of(self, kind: Kind) -> tuple[Mistake, ...]:
        """Those of one kind."""
        return tuple(one for one in self.mistakes if one.kind == kind)


def review(record: PrivacyRecord) -> Review:
    """Adds a record up and looks for every known mistake.

    Args:
        record: of anyone.

    Raises:
        MissingExtraError: dp-accounting is not installed.
    """
    told, known = assumed(record), actual(record)
    stated = epsilon(told, record.delta)
    found = stated if known.mechanism == told and not known.extra else bounded(known, record.delta)
    shown = tuple(one for rule in _RULES if (one := rule(record)) is not None)
    return Review(
        record=record,
        stated=stated,
        actual=found,
        caveat=known.caveat,
        mistakes=(*shown, *_claim(record, stated, found, known.caveat), *_older(record, stated)),
    )


def _shuffled(record: PrivacyRecord) -> Mistake | None:
    if record.assumed_sampler in {record.sampler, "none"} or record.sampler == "full-batch":
        return None
    reason = f"Batches were {_DRAWN[record.sampler]}, and the accountant assumed {_TAKEN[record.assumed_sampler]}"
    if record.sampler == "shuffled":
        reason += ": the gain from sampling that it counts is not proven for shuffled batches"
    return Mistake(
        name="sampler-not-as-accounted",
        kind="mistake",
        reason=f"{reason}.",
        repair="Draw every row of every batch independently (Poisson sampling), or claim what holds without a gain.",
        seen="arXiv 2403.17673, 2411.04205",
    )


def _rate(record: PrivacyRecord) -> Mistake | None:
    if record.sampler not in {"poisson", "fixed-without-replacement"} or rate_fits(record):
        return None
    return Mistake(
        name="sampling-rate",
        kind="mistake",
        reason=f"The accountant was told a sampling rate of {record.sampling_rate:.3g}, and batches of "
        f"{record.batch_size:g} rows out of {record.dataset_size:,} are a rate of {record.rate:.3g}.",
        repair="Give the accountant the expected rows of a batch over the rows of the data.",
        seen="Opacus issue 813",
    )


def _microbatches(record: PrivacyRecord) -> Mistake | None:
    if record.clipping != "per-microbatch" or (record.microbatch_size or 1) == 1:
        return None
    return Mistake(
        name="microbatches",
        kind="mistake",
        reason=f"The mean gradient of {record.microbatch_size:,} rows is clipped as one; a row added or removed turns "
        "it by up to twice the clipping norm, so that the noise is half of what was accounted.",
        repair="Clip the gradient of every row, or double the noise.",
        seen="TensorFlow Privacy issues 81 and 620",
    )


def _noise(record: PrivacyRecord) -> Mistake | None:
    told = noise(record)
    if close(told, record.noise_multiplier, NOISE):
        return None
    size = record.batch_size
    by_size = record.noise_multiplier > 0 and close(told * size, record.noise_multiplier, NOISE)
    why = f", off by the batch size of {size:g}" if by_size and size > 1 else ""
    return Mistake(
        name="noise-scale",
        kind="mistake",
        reason=f"The noise that was added is a multiplier of {told:.3g}, and {record.noise_multiplier:.3g} was "
        f"accounted{why}.",
        repair="Add noise of multiplier times clipping norm to the sum, or that over the batch size to the mean.",
        seen="arXiv 2202.12219",
    )


def _bounds(record: PrivacyRecord) -> Mistake | None:
    if record.clipping == "none":
        return Mistake(
            name="no-clipping",
            kind="mistake",
            reason="Gradients were not clipped, so that nothing bounds what one row adds.",
            repair="Clip the gradient of every row to a norm that is fixed before.",
        )
    if record.bounds != "data":
        return None
    return Mistake(
        name="bounds-from-data",
        kind="mistake",
        reason="Bounds or norms were read from the data they are to protect, without noise.",
        repair="Declare bounds before looking, take them from public data, or find them privately and account for it.",
        seen="diffprivlib issue 20",
    )


def _empty(record: PrivacyRecord) -> Mistake | None:
    if record.sampler != "poisson" or record.empty_batches != "dropped":
        return None
    return Mistake(
        name="empty-batches-dropped",
        kind="mistake",
        reason="Batches without rows were left out, so that the number of noisy steps depends on the data; "
        f"some batch is empty with a probability of up to {empty_chance(record):.2g}.",
        repair="Take every step: a batch without rows adds noise alone.",
        seen="Opacus issue 161",
    )


def _normalised(record: PrivacyRecord) -> Mistake | None:
    if record.sampler != "poisson" or record.normalised_by != "actual":
        return None
    return Mistake(
        name="divided-by-actual-size",
        kind="mistake",
        reason="Noisy sums were divided by the actual size of each batch, which differs between neighbours.",
        repair="Divide by the expected size.",
        seen="Opacus issue 420",
    )


def _mixing(record: PrivacyRecord) -> Mistake | None:
    if not record.batch_statistics:
        return None
    return Mistake(
        name="batch-statistics",
        kind="mistake",
        reason="A layer uses statistics of the whole batch, so that clipping each row's gradient bounds nothing.",
        repair="Replace batch normalisation by group normalisation.",
        seen="Opacus issues 319 and 391",
    )


def _fixed_seed(record: PrivacyRecord) -> Mistake | None:
    if record.randomness != "fixed-seed":
        return None
    return Mistake(
        name="fixed-seed",
        kind="mistake",
        reason="Noise and batches come from a fixed seed: whoever learns it takes the noise off again.",
        repair="Seed from the operating system, once, and forget the seed.",
    )


def _relation(record: PrivacyRecord) -> Mistake | None:
    if record.neighbours is not None:
        return None
    return Mistake(
        name="neighbours-not-stated",
        kind="mistake",
        reason="It is not stated whether neighbours differ by a row added or by a row replaced; epsilon about doubles "
        "between them.",
        repair="State 'neighbours'.",
    )


def _delta(record: PrivacyRecord) -> Mistake | None:
    if record.delta * record.dataset_size < 1.0:
        return None
    return Mistake(
        name="delta-too-large",
        kind="mistake",
        reason=f"A delta of {record.delta:.3g} lets a mechanism publish one of {record.dataset_size:,} rows as it is.",
        repair="Choose a delta well below one over the rows.",
    )


def _search(record: PrivacyRecord) -> Mistake | None:
    if record.runs is None or record.runs == 1 or record.runs_accounted:
        return None
    return Mistake(
        name="search-not-accounted",
        kind="note",
        reason=f"The model was chosen among {record.runs:,} trainings on the same data, and the claim covers one.",
        repair="Account for every training, or choose on public data.",
        seen="arXiv 2110.03620",
    )


def _validated(record: PrivacyRecord) -> Mistake | None:
    if record.validation != "not-accounted":
        return None
    return Mistake(
        name="validation-not-accounted",
        kind="note",
        reason="Private validation data chose the model or the last step, and the claim does not cover it.",
        repair="Validate on public data, or account for it.",
    )


def _unstated(record: PrivacyRecord) -> Mistake | None:
    poisson = ("empty_batches", "normalised_by") if record.sampler == "poisson" else ()
    needed = ("clipping", "bounds", "batch_statistics", "randomness", *poisson)
    missing = [f"'{name}'" for name in needed if getattr(record, name) is None]
    if not missing:
        return None
    return Mistake(
        name="not-stated",
        kind="unstated",
        reason=f"The record does not state {', '.join(missing)}, on which the claim rests.",
        repair="State them.",
    )


def _claim(record: PrivacyRecord, stated: Epsilon, found: Epsilon, caveat: str) -> Iterator[Mistake]:
    if stated.value is None:
        yield Mistake(
            name="no-accounting-known",
            kind="mistake",
            reason=f"No accounting of {_TAKEN[record.assumed_sampler]} is known for neighbours by "
            f"{record.neighbours or 'add-remove'}.",
            repair="Sample by Poisson, or state neighbours by replacement.",
        )
    elif record.epsilon < stated.value * (1.0 - SLACK):
        yield Mistake(
            name="epsilon-understated",
            kind="mistake",
            reason=f"An epsilon of {record.epsilon:.4g} is claimed, and these steps add up to {stated.value:.4g} "
            f"({stated.by.upper()}).",
            repair="Claim what the steps add up to, or train fewer of them with more noise.",
        )
    if found.value is None:
        yield Mistake(
            name="no-bound-known",
            kind="mistake",
            reason=f"No bound is known of what was done: {caveat or 'empty batches alone use up delta'}.",
            repair="Repair what is named above and train again.",
        )
    elif record.epsilon >= (stated.value or 0.0) * (1.0 - SLACK) and record.epsilon < found.value * (1.0 - SLACK):
        yield Mistake(
            name="claim-does-not-stand",
            kind="mistake",
            reason=f"An epsilon of {record.epsilon:.4g} is claimed; what was really done is known to keep to "
            f"{found.value:.4g} only.",
            repair="Repair what is named above and train again.",
        )


def _older(record: PrivacyRecord, stated: Epsilon) -> Iterator[Mistake]:
    if record.accountant not in {"rdp", "moments", "gdp"} or stated.value is None or stated.by != "pld":
        return
    if math.isfinite(stated.value) and stated.value > 0 and record.epsilon > stated.value * (1.0 + SLACK):
        yield Mistake(
            name="looser-accountant",
            kind="note",
            reason=f"Accounted by {record.accountant.upper()}, {record.epsilon / stated.value - 1.0:.0%} above what "
            f"privacy loss distributions give: {stated.value:.4g}.",
            repair="Account by privacy loss distributions.",
        )


_DRAWN = {
    "poisson": "drawn row by row",
    "shuffled": "cut from a shuffled order",
    "fixed-without-replacement": "drawn with a fixed size, without replacement",
    "fixed-with-replacement": "drawn with replacement",
    "full-batch": "the whole data",
}
_TAKEN = {
    "poisson": "Poisson sampling",
    "fixed-without-replacement": "batches of a fixed size without replacement",
    "none": "no sampling",
}
_RULES: tuple[Callable[[PrivacyRecord], Mistake | None], ...] = (
    _shuffled, _rate, _microbatches, _noise, _bounds, _empty, _normalised, _mixing, _fixed_seed, _relation, _delta,
    _unstated, _search, _validated,
)  # fmt: skip
