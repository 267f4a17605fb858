"""Prediction and certificates by sampling.

Source: Cohen et al., Certified Adversarial Robustness via Randomized Smoothing, ICML 2019 (arXiv 1902.02918), figure 1.
"""

import time
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from torch import nn

from redan.attacks.cost import Cost
from redan.attacks.evasion.network import Network
from redan.defences.smoothing.certificates import ABSTAINS, Certificates, least_hits, radius_of
from redan.defences.smoothing.sampler import Sampler, sampler
from redan.errors import InputError

ALPHA = 0.001
FIRST, COPIES = 100, 10_000
_GUESS = 2**20  # step at which the draws of the guess begin, apart from those that are counted
Progress: TypeAlias = Callable[[int, int], None]


class Certified(NamedTuple):
    """Which inputs are certain at one radius.

    Args:
        answers: shape (n,), classes; -1 where the radius is not supported.
        copies: shape (n,), noisy copies that were asked until that was clear.
        cost: of all of it.
    """

    answers: NDArray[np.int64]
    copies: NDArray[np.int64]
    cost: Cost


def certify(
    model: nn.Module | Network,
    x: Any,  # noqa: ANN401 -- an array or a tensor
    *,
    sigma: float,
    first: int = FIRST,
    copies: int = COPIES,
    alpha: float = ALPHA,
    seed: int = 0,
    progress: Progress | None = None,
) -> Certificates:
    """The smoothed network's answers, with the radius in l2 inside of which each is certain.

    Args:
        model: the network below the smoothing, trained on noise; in evaluation mode.
        x: shape (n, ...).
        sigma: standard deviation of the noise, in the unit of the inputs.
        first: noisy copies from which the answer is guessed.
        copies: further ones from which its share is bounded; no radius is above sigma times the normal quantile of
            alpha ** (1 / copies).
        alpha: probability of a wrong certificate, at most.
        seed: of the noise.
        progress: told how many of how many inputs are done.

    Raises:
        InputError: a number is out of its range, or the model cannot be asked.
    """
    began = time.perf_counter()
    _checked(alpha, first, copies)
    asked = sampler(model, x, sigma, seed)
    before = asked.network.meter.forward
    hits = np.zeros(len(asked.x), dtype=np.int64)
    guesses = np.zeros(len(asked.x), dtype=np.int64)
    for row in range(len(asked.x)):
        guesses[row] = asked.counts(row, _GUESS, first).argmax()
        hits[row] = asked.counts(row, 0, copies)[guesses[row]]
        if progress is not None:
            progress(row + 1, len(asked.x))
    radii = np.array([radius_of(int(found), copies, sigma, alpha) for found in hits])
    return Certificates(
        answers=np.where(radii > 0.0, guesses, ABSTAINS),
        radii=radii,
        hits=hits,
        copies=copies,
        sigma=sigma,
        alpha=alpha,
        cost=_since(asked, before, began),
    )


def certify_at(
    model: nn.Module | Network,
    x: Any,  # noqa: ANN401 -- an array or a tensor
    *,
    radius: float,
    sigma: float,
    first: int = FIRST,
    copies: int = COPIES,
    alpha: float = ALPHA,
    looks: int = 1,
    seed: int = 0,
) -> Certified:
    """Which inputs `certify` would give this radius or a larger one, at a part of its cost.

    It stops as soon as the copies that are left cannot change that, so with one look the verdict, and its level, are
    those of `certify` with the same seed. With more looks it may also be certain after a tenth of the copies, a
    hundredth and so on, each at an equal share of alpha: what is clear costs less, what is narrow is certified less.

    Args:
        model: the network below the smoothing.
        x: shape (n, ...).
        radius: in l2, above 0.
        sigma: standard deviation of the noise.
        first: noisy copies from which the answer is guessed.
        copies: further ones from which its share is bounded, at most.
        alpha: probability of a wrong certificate, at most, over all looks together.
        looks: at the counts, the last one at all copies.
        seed: of the noise.

    Raises:
        InputError: a number is out of its range, `copies` can never support the radius, or the model cannot be asked.
    """
    began = time.perf_counter()
    _checked(alpha, first, copies, looks)
    known = radius > 0.0 and sigma > 0.0
    if not known or least_hits(radius, copies, sigma, alpha / looks) is None:
        raise InputError(
            f"a radius of {radius:g} cannot be certified by {copies} copies at noise of {sigma:g}",
            remedy="ask for a smaller radius above 0, more copies, or more noise",
        )
    asked = sampler(model, x, sigma, seed)
    before = asked.network.meter.forward
    needed = _needed(radius, copies, alpha / looks, looks, asked)
    answers = np.full(len(asked.x), ABSTAINS, dtype=np.int64)
    spent = np.zeros(len(asked.x), dtype=np.int64)
    for row in range(len(asked.x)):
        guess = int(asked.counts(row, _GUESS, first).argmax())
        certain, spent[row] = _until_clear(asked, row, guess, needed, copies)
        answers[row] = guess if certain else ABSTAINS
    return Certified(answers, spent, _since(asked, before, began))


def predict(
    model: nn.Module | Network,
    x: Any,  # noqa: ANN401 -- an array or a tensor
    *,
    sigma: float,
    copies: int = FIRST,
    alpha: float = ALPHA,
    seed: int = 0,
) -> NDArray[np.int64]:
    """The smoothed network's answers without a radius, shape (n,); -1 where the two best classes are too near.

    Args:
        model: the network below the smoothing.
        x: shape (n, ...).
        sigma: standard deviation of the noise.
        copies: noisy copies of each input.
        alpha: probability of an answer that is not the smoothed network's, at most.
        seed: of the noise.

    Raises:
        InputError: a number is out of its range, or the model cannot be asked.
    """
    from scipy.stats import binomtest

    _checked(alpha, copies)
    asked = sampler(model, x, sigma, seed)
    answers = np.full(len(asked.x), ABSTAINS, dtype=np.int64)
    for row in range(len(asked.x)):
        counts = asked.counts(row, 0, copies)
        best, second = np.sort(counts)[::-1][:2]
        if binomtest(int(best), int(best + second), 0.5).pvalue <= alpha:
            answers[row] = counts.argmax()
    return answers


def _needed(radius: float, copies: int, alpha: float, looks: int, asked: Sampler) -> dict[int, int]:
    """The hits that are enough at each look, by the copies until then: whole chunks, fixed before the first copy."""
    chunk, needed = asked.network.chunk, {}
    for look in range(looks):
        count = min(copies, -(-copies // 10**look // chunk) * chunk)
        least = least_hits(radius, count, asked.sigma, alpha)
        if least is not None:
            needed[count] = least
    return needed


def _until_clear(asked: Sampler, row: int, guess: int, needed: dict[int, int], copies: int) -> tuple[bool, int]:
    hits = done = 0
    chunk, least = asked.network.chunk, needed[copies]
    for number in range(-(-copies // chunk)):
        size = min(chunk, copies - done)
        hits += int((asked.labels(row, number, size) == guess).sum())
        done += size
        if hits >= min(least, needed.get(done, least)):
            return True, done
        if hits + copies - done < least:
            break
    return False, done


def _checked(alpha: float, *counts: int) -> None:
    if not 0.0 < alpha < 0.5 or min(counts) < 1:  # noqa: PLR2004 -- a half is no level
        raise InputError(f"alpha {alpha} or a number of copies {counts}", remedy="give alpha below 0.5, and 1 or more")


def _since(asked: Sampler, before: int, began: float) -> Cost:
    return Cost(forward=asked.network.meter.forward - before, seconds=time.perf_counter() - began)
