"""How reliable each participant is by the rows it sent: agreement with what is known about them, against its peers.

Source: Josang and Ismail, The Beta Reputation System (2002), for the score; Tarone, Testing the Goodness of Fit of the
Binomial Distribution, Biometrika 66 (1979), for peers that differ more than chance; Holm for looking at all of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from redan.errors import IncompleteError
from redan.stats.beta_binomial import chance_of_at_most
from redan.stats.binomial import clopper_pearson
from redan.stats.interval import Interval
from redan.stats.multiple import holm
from redan.stats.robust import EFFICIENCY, qn

ALPHA = 0.01  # chance of accusing any reliable participant
MARGIN = 0.05  # of agreement: whoever is less than this below its peers is as good as they are
PLANTED = 0.3  # of a participant's rows that the positive control spoils
POWER = 0.8
COVERED = 0.8  # of the rows must be by participants whose failing would be noticed
FEWEST = 5  # participants
_MANY = 20  # rows of a participant, from which its own rate says something
_ROUNDS = 10
_DRAWN = 1.3  # times the variance of a draw

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One participant.

    Args:
        participant: id.
        rows: whose truth is known well enough to compare.
        agreed: those that agree with it.
        score: expected agreement of its next row, drawn towards its peers when there are few rows.
        p_value: of so little agreement by a participant like its peers, corrected for looking at all.
        unreliable: whether it agrees less than its peers, beyond chance and by more than the margin.
    """

    participant: str
    rows: int
    agreed: int
    score: float
    p_value: float
    unreliable: bool

    @property
    def interval(self) -> Interval:
        """Exact 95 % interval of its agreement."""
        return clopper_pearson(self.agreed, self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """All participants of a dataset.

    Args:
        standings: by participant, in the order of their ids.
        centre: agreement of the usual participant.
        noticed: share of the rows whose participant would be noticed if 30 % of its rows were wrong; measured by
            spoiling them in a copy.
    """

    standings: tuple[Standing, ...]
    centre: float
    noticed: float

    @property
    def unreliable(self) -> tuple[Standing, ...]:
        """The participants that are told as unreliable, worst first."""
        return tuple(
            sorted((s for s in self.standings if s.unreliable), key=lambda s: (s.p_value, s.score, s.participant))
        )

    @property
    def powerful(self) -> bool:
        """Whether "nobody is unreliable" would be worth something."""
        return self.noticed >= COVERED


def reliability(
    participants: Sequence[str], labels: Sequence[Any], truths: Sequence[Any], rng: np.random.Generator
) -> Reliability:
    """Compares what participants say with what is known otherwise.

    Args:
        participants: of each row.
        labels: what the participant says of it.
        truths: what a trusted set, or a model that did not learn from this participant, says of it.
        rng: of the planted faults.

    Raises:
        IncompleteError: there are fewer than five participants, one label alone, or the truth agrees with what people
            say no more than a constant would.
    """
    names = sorted(set(participants))
    if len(names) < FEWEST:
        raise IncompleteError(f"{len(names)} participants have no peers to be compared with")
    code = {name: i for i, name in enumerate(names)}
    who = np.array([code[p] for p in participants], dtype=np.int64)
    levels = {value: i for i, value in enumerate(sorted({*map(str, labels), *map(str, truths)}))}
    said = np.array([levels[str(v)] for v in labels], dtype=np.int64)
    true = np.array([levels[str(v)] for v in truths], dtype=np.int64)
    _informative(said, true)
    n = np.bincount(who, minlength=len(names))
    k = np.bincount(who, weights=said == true, minlength=len(names)).astype(np.int64)
    centre, rho = _peers(k, n)
    p = holm(_tails(k, n, centre, rho))
    strength = min(1 / rho - 1, 1e6) if rho > 0 else 1e6
    score = (k + strength * centre) / (n + strength)
    flagged = _flagged(k, n, centre, p)
    standings = tuple(
        Standing(
            participant=name,
            rows=int(n[i]),
            agreed=int(k[i]),
            score=float(score[i]),
            p_value=float(p[i]),
            unreliable=bool(flagged[i]),
        )
        for i, name in enumerate(names)
    )
    return Reliability(standings=standings, centre=centre, noticed=_noticed(who, said, true, (centre, rho), rng))


def _informative(said: Counts, true: Counts) -> None:
    agreed = float((said == true).mean())
    constant = float(np.bincount(true).max()) / len(true)
    same = float(np.bincount(said).max()) / len(said)
    if max(same, constant) >= 1 or agreed <= max(same * constant + (1 - same) * (1 - constant), 0.5 * same):
        raise IncompleteError("what is known of the rows agrees with what participants say no more than chance does")


def _peers(k: Counts, n: Counts) -> tuple[float, float]:
    """Agreement of the usual participant, and the correlation of rows of one participant beyond a draw.

    Those who agree far less are left out and the rest is asked again, until nobody leaves.
    """
    kept = np.ones(len(n), dtype=bool)
    centre, rho = _middle(k, n), 0.0
    for _ in range(_ROUNDS):
        rho = _correlation(k[kept], n[kept], centre)
        far = _tails(k, n, centre, rho) <= ALPHA / len(n)
        if kept.sum() - (kept & far).sum() < max(FEWEST, len(n) / 2) or not (kept & far).any():
            break
        kept &= ~far
        centre = _clipped(k[kept].sum() / n[kept].sum(), n)
    return centre, rho


def _middle(k: Counts, n: Counts) -> float:
    """The median over rows of their participant's agreement, or of all rows where most participants gave few."""
    many = n >= _MANY
    if 2 * n[many].sum() < n.sum():
        return _clipped(k.sum() / n.sum(), n)
    rates = (k / n)[many]
    order = np.argsort(rates, kind="stable")
    weight = np.cumsum(n[many][order])
    return _clipped(float(rates[order][int(np.searchsorted(weight, weight[-1] / 2))]), n)


def _clipped(rate: float, n: Counts) -> float:
    return float(np.clip(rate, 0.5 / n.sum(), 1 - 0.5 / n.sum()))


def _correlation(k: Counts, n: Counts, centre: float) -> float:
    residual = (k - n * centre) / np.sqrt(n * centre * (1 - centre))
    many = n >= _MANY
    if many.sum() >= FEWEST:
        excess, size = qn(residual[many]) ** 2 - 1, float(np.median(n[many]))
    else:  # few rows each: only the sum over all says anything
        excess, size = float((residual**2).mean()) - 1, float(n.mean())
    return min(max(0.0, excess / max(size - 1, 1.0)), 0.5)


def _tails(k: Counts, n: Counts, centre: float, rho: float) -> Floats:
    """Chance of so little agreement; where the correlation was estimated, its error counts as well."""
    from scipy.stats import t

    exact = np.array([chance_of_at_most(int(a), int(b), centre, rho) for a, b in zip(k, n, strict=True)])
    inflation = 1 + (n - 1) * rho
    z = (k + 0.5 - n * centre) / np.sqrt(n * centre * (1 - centre) * inflation)
    rough: Floats = np.asarray(t.cdf(z, EFFICIENCY * (len(n) - 1)), dtype=np.float64)
    return np.where(inflation > _DRAWN, np.maximum(exact, rough), exact)


def _flagged(k: Counts, n: Counts, centre: float, p: Floats) -> NDArray[np.bool_]:
    return np.asarray((p <= ALPHA) & (k / n <= centre - MARGIN))


def _noticed(who: Counts, said: Counts, true: Counts, peers: tuple[float, float], rng: np.random.Generator) -> float:
    """Spoils 30 % of each participant's labels in a copy, one participant at a time, and sees whether it is found."""
    centre, rho = peers
    classes = int(max(said.max(), true.max())) + 1
    spoiled = rng.random(len(said)) < PLANTED
    wrong = np.where(spoiled, (said + rng.integers(1, classes, len(said))) % classes, said)
    n = np.bincount(who)
    k = np.bincount(who, weights=wrong == true).astype(np.int64)
    first = _tails(k, n, centre, rho) * len(n)  # as Holm corrects the most surprising of all
    return float(n[_flagged(k, n, centre, first)].sum() / n.sum())


def scores(found: Reliability) -> Mapping[str, float]:
    """Score by participant, to weight or withhold rows by."""
    return {s.participant: s.score for s in found.standings}
