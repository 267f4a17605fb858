"""Puts proposed rows back to where the rules and the threat model hold: repair, project, recheck.

What cannot be put right is moved halfway back to where it came from, and at last all the way: the rows that come out
satisfy every rule that the rows which came in satisfied.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from redan.attacks.tables.distance import Scaled, changed, moves, norms
from redan.attacks.tables.space import Quotient, Relation, Space, allowed, divides, excess

_SWEEPS = 4
_HALVINGS = 4
_SLACK = 5e-7  # half of what the judge tolerates


def repair(threat: Scaled, x0: NDArray[Any], x: NDArray[Any], eps: NDArray[Any] | None = None) -> NDArray[np.float32]:
    """The proposed rows, inside of the ball and the rules; where that fails, rows nearer to the start.

    Each row's result depends on that row alone.

    Args:
        threat: the ball, and the rules.
        x0: shape (n, columns), rows that break no rule.
        x: shape (n, columns), proposals; in a one-hot group the largest value counts.
        eps: shape (n,), radii; the threat's when None.

    Returns:
        Rows in single precision; `x0` where nothing else could be made to satisfy the rules.
    """
    space, radius = threat.space, threat.radii(len(x0)) if eps is None else np.asarray(eps)
    start = np.asarray(x0, dtype=np.float32)
    low, high = reach(threat, start, radius)
    least, most = (low, high) if threat.norm == "linf" else reach(threat, start, radius, ball=False)
    aim = np.where(np.isfinite(x), x, start).astype(np.float64)
    found = start.copy()
    left = np.arange(len(start))
    for attempt in range(_HALVINGS):
        near = start[left] + (aim[left] - start[left]) * 0.5**attempt
        near = (
            np.where(space.choice, aim[left], near)
            if attempt < _HALVINGS - 1
            else np.where(space.choice, start[left], near)
        )
        near = _projected(threat, start[left], np.clip(near, least[left], most[left]), radius[left])
        put = _related(space, near, low[left], high[left])
        good = allowed(space, start[left], put) & inside(threat, start[left], put, radius[left])
        found[left[good]] = put[good]
        left = left[~good]
        if not len(left):
            break
    return found


def inside(threat: Scaled, x0: NDArray[Any], x: NDArray[Any], eps: NDArray[Any]) -> NDArray[np.bool_]:
    """Rows in the ball, with half of the judge's slack; shape (n,)."""
    return np.asarray(threat.sizes(x.astype(np.float32) - x0.astype(np.float32)) <= eps + _SLACK)


def reach(
    threat: Scaled, x0: NDArray[Any], eps: NDArray[Any], *, ball: bool = True
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The least and the largest value that each column can take by itself, in single precision; shapes (n, columns).

    Relations are left aside, and so is what the other parts use up of the radius.

    Args:
        threat: the ball, and the rules.
        x0: shape (n, columns).
        eps: shape (n,).
        ball: whether numbers stay in the radius; choices that cost more never change.
    """
    space, start = threat.space, np.asarray(x0, dtype=np.float64)
    radius = np.asarray(eps, dtype=np.float64)[:, None]
    wide = radius * space.scale if ball and threat.norm != "l0" else np.inf
    low = np.where(space.direction > 0, start, np.maximum(space.low, start - wide))
    high = np.where(space.direction < 0, start, np.minimum(space.high, start + wide))
    price = np.ones_like(space.cost) if threat.norm == "l0" else space.cost
    free = price <= radius + _SLACK
    low, high = np.where(space.choice & free, space.low, low), np.where(space.choice & free, space.high, high)
    fixed = ~space.mutable | (space.choice & ~free)
    low, high = np.where(space.whole, np.ceil(low), up(low)), np.where(space.whole, np.floor(high), down(high))
    return np.where(fixed, start, np.minimum(low, start)), np.where(fixed, start, np.maximum(high, start))


def up(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The nearest number of single precision that is no smaller."""
    with np.errstate(over="ignore"):
        near = values.astype(np.float32)
    return np.where(near < values, np.nextafter(near, np.float32(np.inf)), near).astype(np.float64)


def down(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The nearest number of single precision that is no larger."""
    return -up(-values)


def _projected(
    threat: Scaled, x0: NDArray[np.float32], x: NDArray[np.float64], eps: NDArray[Any]
) -> NDArray[np.float64]:
    space, start = threat.space, x0.astype(np.float64)
    at = _chosen(threat, start, x, eps)
    at = _shrunk(threat, start, at, eps)
    near = np.where(space.whole, np.round(at), at)
    out = ~inside(threat, x0, near, eps)
    near[out] = np.where(space.whole & ~space.choice, start + np.trunc(at - start), near)[out]
    return near


def _chosen(threat: Scaled, x0: NDArray[np.float64], x: NDArray[np.float64], eps: NDArray[Any]) -> NDArray[np.float64]:
    """Codes rounded, one of each group set, and the dearest choices taken back where all cost more than the radius."""
    space = threat.space
    at = np.where(space.choice, np.round(x), x)
    for group in space.groups:
        hot = x[:, group].argmax(axis=1)
        own = x0[:, group].argmax(axis=1)
        kept = x[np.arange(len(x)), group[own]] >= x[np.arange(len(x)), group[hot]]
        at[:, group] = np.eye(len(group))[np.where(kept, own, hot)]
    picks = [part for part in space.parts if space.choice[part].all()]
    if not picks or threat.norm == "linf":
        return at
    price = np.array([1.0 if threat.norm == "l0" else space.cost[part[0]] for part in picks])
    order = np.argsort(price, kind="stable")
    power = 2.0 if threat.norm == "l2" else 1.0
    spent = np.zeros(len(at))
    for i in order:
        moved = (at[:, picks[i]] != x0[:, picks[i]]).any(axis=1)
        over = moved & (spent + price[i] ** power > np.asarray(eps, dtype=np.float64) ** power + _SLACK)
        at[np.ix_(over, picks[i])] = x0[np.ix_(over, picks[i])]
        spent += np.where(moved & ~over, price[i] ** power, 0.0)
    return at


def _shrunk(threat: Scaled, x0: NDArray[np.float64], x: NDArray[np.float64], eps: NDArray[Any]) -> NDArray[np.float64]:
    """The numbers moved back along the norm's projection, in what the choices leave of the radius."""
    space = threat.space
    if threat.norm == "linf":
        return x
    choice = np.array([bool(space.choice[part].all()) for part in space.parts])
    moved = x - x0
    size, change = moves(space, moved), changed(space, moved)
    spent = norms(np.where(choice, size, 0.0), threat.norm, change & choice)
    radius = np.asarray(eps, dtype=np.float64)
    numbers = ~space.choice
    own = np.where(numbers, moved / space.scale, 0.0)
    if threat.norm == "l2":
        left = np.sqrt(np.maximum(radius**2 - spent**2, 0.0))
        length = np.linalg.norm(own, axis=1)
        share = np.minimum(1.0, left / np.maximum(length, 1e-300))[:, None]
        return np.where(numbers, x0 + moved * share, x)
    left = np.maximum(radius - spent, 0.0)
    if threat.norm == "l1":
        cut = _threshold(np.abs(own), left)[:, None]
        return np.where(numbers, x0 + np.sign(own) * np.maximum(np.abs(own) - cut, 0.0) * space.scale, x)
    rank = np.argsort(np.argsort(-np.abs(own), axis=1, kind="stable"), axis=1, kind="stable")
    return np.where(numbers & (rank >= np.floor(left + _SLACK)[:, None]), x0, x)


def _threshold(size: NDArray[np.float64], radius: NDArray[np.float64]) -> NDArray[np.float64]:
    """By how much each row's sizes shrink so that they sum to the radius; Duchi et al., ICML 2008, figure 1."""
    falling = -np.sort(-size, axis=1)
    over = np.cumsum(falling, axis=1) - radius[:, None]
    count = np.arange(1, size.shape[1] + 1)
    last = np.maximum((falling * count > over).sum(axis=1), 1)
    cut = np.take_along_axis(over, last[:, None] - 1, axis=1)[:, 0] / last
    return np.where(size.sum(axis=1) <= radius, 0.0, np.maximum(cut, 0.0))


def _related(
    space: Space,
    x: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
) -> NDArray[np.float32]:
    """Rows whose columns gave way, in the order of each rule, until the relations hold or nothing moves them."""
    at = x.astype(np.float32).astype(np.float64)
    for _ in range(_SWEEPS):
        if not space.linear and not space.quotients:
            break
        before = at.copy()
        for quotient in space.quotients:
            _divide(space, quotient, at, (low, high))
        for relation in space.linear:
            _balance(space, relation, at, low, high)
        if np.array_equal(before, at):
            break
    return at.astype(np.float32)


def _balance(
    space: Space, rule: Relation, x: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]
) -> None:
    """Changes columns one after the other by what is still missing; `x` is changed."""
    for place, weight in zip(rule.places, rule.weights, strict=True):
        if not space.mutable[place] or space.choice[place]:
            continue
        over = excess(rule, x)
        with np.errstate(over="ignore", invalid="ignore"):
            move = np.where(np.isfinite(over), -over / weight, 0.0)
        if space.whole[place]:
            equal = rule.low == rule.high
            move = np.trunc(move) if equal else np.sign(move) * np.ceil(np.abs(move))
        x[:, place] = np.where(move != 0, np.clip(x[:, place] + move, low[:, place], high[:, place]), x[:, place])
        x[:, place] = x[:, place].astype(np.float32)


def _divide(
    space: Space, rule: Quotient, x: NDArray[np.float64], ends: tuple[NDArray[np.float64], NDArray[np.float64]]
) -> None:
    """Sets the quotient, else the numerator, else the denominator; `x` is changed."""
    low, high = ends
    whole, above, below = rule.quotient, rule.numerator, rule.denominator
    for place in (whole, above, below):
        wrong = ~divides(rule, x)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            value = (
                x[:, whole] * x[:, below] if place == above else x[:, above] / x[:, below if place == whole else whole]
            )
        value = np.round(value) if space.whole[place] else value
        value = np.clip(value, low[:, place], high[:, place]).astype(np.float32)
        x[:, place] = np.where(wrong & np.isfinite(value), value, x[:, place])
