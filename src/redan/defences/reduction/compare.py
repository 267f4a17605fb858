"""The membership test and the canary test of a model and of its reduction, as one figure each."""

import numpy as np

from redan.attacks.inference.exposure import CanaryTest
from redan.attacks.inference.membership.matrix import ScoreMatrix
from redan.attacks.inference.membership.shelf import attack_of, best_for
from redan.defences.reduction.gain import CONFIDENCE, Gain, Pair, exposure_gain, membership_gain, needed
from redan.errors import IncompleteError, InputError

RATES = (0.001, 0.01, 0.1)


def compare_membership(
    before: ScoreMatrix,
    after: ScoreMatrix,
    *,
    rng: np.random.Generator,
    rate: float | None = None,
    attack: str | None = None,
    confidence: float = CONFIDENCE,
) -> tuple[Gain, str]:
    """Attacks both models alike and compares what is found.

    Args:
        before: scores of the model before and of its shadows.
        after: scores of the reduced one and of shadows that were reduced in the same way, of the same samples; its
            members are those of the model before, whatever it was trained on.
        rng: of the draws.
        rate: of false positives; by default the lowest of 0.1, 1 and 10 per cent that the non-members can show.
        attack: see `membership_test`; by default the strongest that the matrix before allows.
        confidence: of the interval.

    Returns:
        The gain, and the name of the attack.

    Raises:
        InputError: the two are of other samples, other members or as many targets, or the attack needs shadows that
            one of them lacks.
        IncompleteError: there are too few non-members or members.
    """
    if before.members.shape != after.members.shape or not np.array_equal(before.members, after.members):
        raise InputError(
            "the scores before and after are not of the same samples and members",
            remedy="score the reduced model on the samples of the model before, members being the ones of that model",
        )
    name = best_for(before) if attack is None else attack
    pair = Pair(attack_of(name)(before), attack_of(name)(after), before.members)
    fewest = int((~before.members).sum(axis=1).min())
    at = lowest(fewest) if rate is None else rate
    return membership_gain(pair, at, rng=rng, confidence=confidence), name


def lowest(others: int) -> float:
    """The lowest of the usual rates of false positives that so many non-members can show.

    Raises:
        IncompleteError: they show none.
    """
    for rate in RATES:
        if others >= needed(rate):
            return rate
    raise IncompleteError(
        f"{others} non-members show no rate of false positives; {needed(RATES[-1])} are needed for "
        f"{RATES[-1]:.0%}, {needed(RATES[1])} for {RATES[1]:.0%}",
        remedy="give more records that the model was not trained on",
    )


def compare_canaries(before: CanaryTest, after: CanaryTest, *, confidence: float = CONFIDENCE) -> Gain:
    """Compares how far the same canaries stand out before and after.

    Args:
        before: of the model before.
        after: of the reduced one, against the same references; canaries that were never planted are left out.
        confidence: of the interval.

    Raises:
        InputError: the two are of other canaries or references.
        IncompleteError: fewer than five were planted.
    """
    one, two = before.exposures, after.exposures
    spaces = [[(each.repeats, each.references, each.space) for each in side] for side in (one, two)]
    if spaces[0] != spaces[1]:
        raise InputError("the canaries before and after are not the same", remedy="use one list for both models")
    pairs = [(a.bits, b.bits) for a, b in zip(one, two, strict=True) if a.repeats > 0]
    return exposure_gain([a for a, _ in pairs], [b for _, b in pairs], confidence=confidence)
