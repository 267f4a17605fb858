"""The last quarter of an hour in a bounded ring: a copy of a few counters every few seconds, in memory alone."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, NamedTuple

from redan.gateway.metrics import SECONDS, Metrics
from redan.gateway.panel import Shown

EVERY_S: Final = 5.0
_SAMPLES: Final = 181
_FAULT: Final = 500


class Sample(NamedTuple):
    """Counters at one moment.

    Args:
        at: seconds since the epoch.
        passed: answers.
        refused: refusals.
        faults: of them, those that were our own.
        seconds: counts of the buckets of the time to a decision.
        decisions: refusals by guard and problem.
        values: of monitors, by kind and model.
    """

    at: float
    passed: int
    refused: int
    faults: int
    seconds: tuple[int, ...]
    decisions: Mapping[tuple[str, str], int]
    values: Mapping[tuple[str, str], float]


class Point(NamedTuple):
    """What happened between two samples.

    Args:
        at: seconds since the epoch, of the later one.
        rate: requests a second.
        refused: share of them that was refused; 0 where there were none.
        p50: seconds to a decision that half of them kept; None where there were none.
        p99: seconds that all but a hundredth kept.
    """

    at: float
    rate: float
    refused: float
    p50: float | None
    p99: float | None


@dataclass(slots=True)
class History:
    """Samples, the oldest first; the newest pushes the oldest out.

    Args:
        samples: of the last quarter of an hour.
    """

    samples: deque[Sample] = field(default_factory=lambda: deque(maxlen=_SAMPLES))

    def take(self, metrics: Metrics, shown: Sequence[Shown], now: float) -> None:
        """Takes one sample; a clock that went back begins anew.

        Args:
            metrics: the counters.
            shown: monitors as they stand.
            now: seconds since the epoch.
        """
        if self.samples and now <= self.samples[-1].at:
            self.samples.clear()
        self.samples.append(_sample(metrics, shown, now))

    def points(self) -> list[Point]:
        """What happened between neighbours."""
        return [_point(before, after) for before, after in pairwise(self.samples)]

    def lately(self) -> Point | None:
        """What happened in the time of all samples together; None before the second."""
        return _point(self.samples[0], self.samples[-1]) if len(self.samples) > 1 else None

    def values(self, kind: str, model: str) -> Iterator[float]:
        """What one monitor came to, from sample to sample."""
        return (one.values[kind, model] for one in self.samples if (kind, model) in one.values)


def _sample(metrics: Metrics, shown: Sequence[Shown], now: float) -> Sample:
    columns = zip(*(held.counts for held in metrics.seconds.values()), strict=True)
    return Sample(
        now,
        metrics.passed,
        metrics.refused,
        sum(count for (_, status), count in metrics.statuses.items() if status >= _FAULT),
        tuple(sum(column) for column in columns) if metrics.seconds else (0,) * (len(SECONDS) + 1),
        dict(metrics.decisions),
        {(one.kind, one.model): one.value for one in shown if one.value is not None},
    )


def _point(before: Sample, after: Sample) -> Point:
    passed, refused = after.passed - before.passed, after.refused - before.refused
    counts = [b - a for a, b in zip(before.seconds, after.seconds, strict=True)]
    every = passed + refused
    return Point(
        after.at,
        every / (after.at - before.at),
        refused / every if every else 0.0,
        quantile(counts, 0.5),
        quantile(counts, 0.99),
    )


def quantile(counts: Sequence[int], q: float, bounds: Sequence[float] = SECONDS) -> float | None:
    """The number below which a share of what was counted lies, by straight lines within buckets.

    Args:
        counts: of buckets, one more than bounds.
        q: share, in (0, 1].
        bounds: upper ends, ascending.

    Returns:
        None when nothing was counted; the last bound for what lies beyond it.
    """
    wanted, seen = q * sum(counts), 0
    if not wanted:
        return None
    for place, count in enumerate(counts[:-1]):
        if seen + count >= wanted:
            low = bounds[place - 1] if place else 0.0
            return low + (bounds[place] - low) * (wanted - seen) / count
        seen += count
    return bounds[-1]
