"""What monitors need to know of ordinary rows, from a reference that holds counts and no rows.

Rows are made up whose columns are spread as the reference's are and go together as its distance says; they stand in for
the training data where a quantile of it is needed.

Source: Sklar 1959 (copulas); `redan.guards.reference`.
"""

from typing import Final, NamedTuple

import numpy as np

from redan.errors import InputError
from redan.exchange.tensors import Array
from redan.guards.envelope import Bounds
from redan.guards.reference import Reference
from redan.guards.sketch import Sketch, sketch

_MADE: Final = 2_000  # rows
_KEPT: Final = 16  # numbers of a sketch
_NEAR_SHARE: Final = 0.01  # of ordinary rows, nearer than the radius to one of as many as are remembered
_WINDOW: Final = 24
_WITHIN: Final = 0.5  # of that distance, as real rows lie in clusters and made-up ones do not
_TAIL: Final = 2.0  # of the range between the outer edges, as far as a column's ends are believed
_EDGES: Final = 4  # a column of shares has 0 and 1 among its own
_RARE: Final = 0.99


class Ordinary(NamedTuple):
    """Ordinary rows in a few numbers.

    Args:
        sketch: of rows.
        radius: distance in the sketch below which two rows are near.
        far: length of a sketch that one in a hundred rows passes.
        bounds: with the distance from all of them that one in a hundred rows passes.
        whole: places of columns that hold whole numbers alone, as far as the reference says.
    """

    sketch: Sketch
    radius: float
    far: float
    bounds: Bounds
    whole: tuple[int, ...]


def ordinary(reference: Reference, rng: np.random.Generator) -> Ordinary:
    """What a reference says of ordinary rows.

    Args:
        reference: with columns.
        rng: of the sketch, which has to be secret, and of the rows that are made up.

    Raises:
        InputError: it holds no columns.
    """
    if not reference.columns:
        raise InputError(
            "the reference has no columns of numbers, and monitors compare those",
            remedy="make it from a table or arrays of numbers: redan defend reference",
        )
    bounds = reference.bounds[reference.input] if reference.whole is None else reference.whole
    quantiles = [
        _quantiles(one.edges, one.counts, *ends) for one, ends in zip(reference.columns, _ends(bounds), strict=True)
    ]
    middle, spread = np.array([_moments(points, at) for points, at in quantiles]).T
    one = sketch(middle, spread, _KEPT, rng)
    made = _made(quantiles, bounds, rng)
    sketched = one.of(made)
    far = float(np.quantile(np.linalg.norm(sketched, axis=1), _RARE))
    whole = tuple(place for place, column in enumerate(reference.columns) if _whole(column.edges))
    return Ordinary(one, _radius(sketched), far, _further(bounds, made), whole)


def _whole(edges: Array) -> bool:
    """Whether a column holds whole numbers alone: several edges, and none of them between two."""
    return len(edges) >= _EDGES and np.array_equal(edges, np.rint(edges))


def _ends(bounds: Bounds) -> list[tuple[float, float]]:
    return list(zip(bounds.low.tolist(), bounds.high.tolist(), strict=True))


def _quantiles(edges: Array, counts: Array, low: float, high: float) -> tuple[Array, Array]:
    """Points of a column and the share of rows below each."""
    shares = np.cumsum(counts) / max(1, int(counts.sum()))
    least, most = (float(edges[0]), float(edges[-1])) if len(edges) else (low, high)
    reach = _TAIL * (most - least) if most > least else high - low  # one row far out is no scale
    points = np.concatenate([[min(least, max(low, least - reach))], edges, [max(most, min(high, most + reach))]])
    return points, np.concatenate([[0.0], shares[:-1], [1.0]])


def _moments(points: Array, at: Array) -> tuple[float, float]:
    """Mean and standard deviation of a column."""
    width = np.diff(at)
    low, high = points[:-1], points[1:]
    mean = float((width * (low + high)).sum()) / 2
    square = float((width * (low * low + low * high + high * high)).sum()) / 3
    return mean, float(np.sqrt(max(0.0, square - mean * mean)))


def _made(quantiles: list[tuple[Array, Array]], bounds: Bounds, rng: np.random.Generator) -> Array:
    """Rows that are made up, shape (rows, columns)."""
    from scipy.stats import norm

    normal = rng.normal(size=(_MADE, len(quantiles)))
    if len(bounds.mean):
        # (x - mean) @ whiten has unit covariance, so normal @ inverse has the data's.
        moved = normal @ np.linalg.pinv(bounds.whiten)
        spread = moved.std(axis=0)
        normal = moved / np.where(spread > 0, spread, 1.0)
    shares = norm.cdf(normal)
    return np.stack([_at(shares[:, i], points, at) for i, (points, at) in enumerate(quantiles)], axis=1)


def _at(shares: Array, points: Array, at: Array) -> Array:
    """The values below which these shares of a column lie; whole numbers where the column has no others."""
    found = np.interp(shares, at, points)
    return np.floor(found) if np.array_equal(points, np.floor(points)) else found


def _radius(sketched: Array) -> float:
    """A distance below which ordinary rows hardly ever lie from the nearest of those before them."""
    nearest = np.full(len(sketched) - _WINDOW, np.inf)
    for lag in range(1, _WINDOW + 1):
        gaps = np.linalg.norm(sketched[_WINDOW:] - sketched[_WINDOW - lag : len(sketched) - lag], axis=1)
        nearest = np.minimum(nearest, np.where(gaps > 0, gaps, np.inf))
    return _WITHIN * float(np.quantile(nearest, _NEAR_SHARE))


def _further(bounds: Bounds, made: Array) -> Bounds:
    """Bounds with a distance that one in a hundred rows passes; each column counts on its own where there is none."""
    if not len(bounds.mean):
        spread = made.std(axis=0)
        bounds = bounds._replace(mean=made.mean(axis=0), whiten=1.0 / np.where(spread > 0, spread, 1.0))
    rare = float(np.quantile(bounds.distances(made), _RARE))
    return bounds._replace(furthest=min(bounds.furthest, rare) if bounds.furthest > 0 else rare)
