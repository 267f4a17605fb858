"""A point of a box in which the relations between columns hold, or the proof that there is none."""

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from redan.attacks.tables.space import GRID, Space

_NODES = 2000


class Point(NamedTuple):
    """What was found.

    Args:
        told: whether there is a point, there is none, or nobody could tell.
        x: shape (columns,).
    """

    told: Literal["found", "none", "unknown"]
    x: NDArray[np.float64] | None = None


def feasible(space: Space, low: NDArray[np.float64], high: NDArray[np.float64], row: NDArray[np.float32]) -> Point:
    """Solves the linear relations over a box, whole numbers and one-hot groups included.

    Args:
        space: the rules; quotients of three columns are beyond this.
        low: shape (columns,).
        high: likewise.
        row: near which a point is wanted.

    Returns:
        A point that satisfies the linear relations; with quotients it need not satisfy those, and their absence is
        no proof.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp

    n = len(space.columns)
    lines, least, most = [], [], []
    reach = np.maximum(np.abs(np.where(np.isfinite(low), low, 0.0)), np.abs(np.where(np.isfinite(high), high, 0.0)))
    for rule in space.linear:
        line = np.zeros(2 * n)
        line[rule.places] = rule.weights
        slack = rule.tolerance + GRID * float(np.abs(rule.weights) @ reach[rule.places])
        lines.append(line)
        least.append(rule.low - slack)
        most.append(rule.high + slack)
    for group in space.groups:
        line = np.zeros(2 * n)
        line[group] = 1.0
        lines.append(line)
        least.append(1.0)
        most.append(1.0)
    if not lines:
        return Point("found", np.clip(row.astype(np.float64), low, high))
    away = np.concatenate([np.eye(n), -np.eye(n)])  # the second n unknowns are distances from the row
    distance = np.concatenate([away, -np.concatenate([np.eye(n), np.eye(n)])], axis=1)
    start = row.astype(np.float64)
    solved = milp(
        np.concatenate([np.zeros(n), 1.0 / space.scale]),
        constraints=[
            LinearConstraint(np.array(lines), least, most),
            LinearConstraint(distance, -np.inf, np.concatenate([start, -start])),
        ],
        bounds=Bounds(np.concatenate([low, np.zeros(n)]), np.concatenate([high, np.full(n, np.inf)])),
        integrality=np.concatenate([space.whole.astype(int), np.zeros(n, dtype=int)]),
        options={"node_limit": _NODES},
    )
    infeasible = 2
    if solved.x is not None:
        return Point("found", np.asarray(solved.x[:n]))
    return Point("none" if solved.status == infeasible else "unknown")
