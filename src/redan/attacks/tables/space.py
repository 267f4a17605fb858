"""Rules bound to the columns of one matrix: the arrays that repair, distances and the judge reckon with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from redan.attacks.tables.rules import Column, Level, Linear, Ratio, Rules, Type
from redan.errors import InputError

GRID = 1e-6  # single precision cannot meet an equation more nearly, as a share of its terms


class Relation(NamedTuple):
    """A weighted sum between two limits.

    Args:
        name: such as `linear[0]`.
        places: columns, in the order in which they give way.
        weights: one for each.
        low: lower limit.
        high: upper limit.
        tolerance: by how much it may be missed.
    """

    name: str
    places: NDArray[np.int64]
    weights: NDArray[np.float64]
    low: float
    high: float
    tolerance: float


class Quotient(NamedTuple):
    """A column that holds another divided by a third; a name such as `ratio[0]`, and places of the columns."""

    name: str
    quotient: int
    numerator: int
    denominator: int
    tolerance: float


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Space:
    """What each column of a matrix may be, in single precision.

    A part is what an attacker changes as one: a column, or a one-hot group.

    Args:
        columns: names, in the order of the matrix.
        low: least valid values, shape (columns,).
        high: largest valid values, shape (columns,).
        whole: columns of whole numbers, bools and codes of categories.
        choice: columns whose values have no order: bools, codes and members of one-hot groups.
        mutable: columns that the attacker can change.
        direction: 1 where a value only grows, -1 where it only shrinks, 0 otherwise.
        scale: what counts as a change of 1.
        cost: of another choice.
        levels: of categories, by place; a code is the place of a level in it.
        groups: places of one-hot groups.
        linear: relations.
        quotients: relations.
        single: places of the columns that are parts by themselves.
        parts: places of the columns of each part, single ones first.
    """

    columns: tuple[str, ...]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    whole: NDArray[np.bool_]
    choice: NDArray[np.bool_]
    mutable: NDArray[np.bool_]
    direction: NDArray[np.int64]
    scale: NDArray[np.float64]
    cost: NDArray[np.float64]
    levels: Mapping[int, tuple[Level, ...]]
    groups: tuple[NDArray[np.int64], ...]
    linear: tuple[Relation, ...]
    quotients: tuple[Quotient, ...]

    single: NDArray[np.int64] = field(init=False)
    parts: tuple[NDArray[np.int64], ...] = field(init=False)

    def __post_init__(self) -> None:
        """Counts the parts: first the columns that are parts by themselves, then the groups."""
        grouped = {int(place) for group in self.groups for place in group}
        single = np.array([i for i in range(len(self.columns)) if i not in grouped], dtype=np.int64)
        object.__setattr__(self, "single", single)
        object.__setattr__(self, "parts", (*(single[i : i + 1] for i in range(len(single))), *self.groups))


def space_of(rules: Rules, columns: Sequence[str], rows: NDArray[Any] | None = None) -> Space:
    """The rules for one order of columns.

    Args:
        rules: as a file declares them.
        columns: names, in the order of the matrix.
        rows: a matrix that shows the range of a column without bounds and scale, and the values of undeclared ones.

    Raises:
        InputError: a column is declared and not there, or there and not declared, or has no scale.
    """
    _check_names(rules, columns)
    place = {name: i for i, name in enumerate(columns)}
    groups = tuple(np.array([place[name] for name in group.columns], dtype=np.int64) for group in rules.one_hot)
    kinds = [_column(rules, name, None if rows is None else rows[:, i]) for i, name in enumerate(columns)]
    member = np.zeros(len(columns), dtype=bool)
    cost = np.array([kind.cost for kind in kinds])
    mutable = np.array([kind.mutable for kind in kinds])
    for group, places in zip(rules.one_hot, groups, strict=True):
        member[places], cost[places], mutable[places] = True, group.cost, group.mutable
    choice = member | np.array([kind.type in {"bool", "category"} for kind in kinds])
    low = np.where(choice, 0.0, [-np.inf if k.low is None else k.low for k in kinds])
    top = [np.inf if k.high is None else k.high for k in kinds]
    levels = {i: kind.levels for i, kind in enumerate(kinds) if kind.levels}
    high = np.where(choice, [len(levels[i]) - 1 if i in levels else 1 for i in range(len(columns))], top)
    direction = np.array([{"any": 0, "up": 1, "down": -1}[kind.direction] for kind in kinds])
    return Space(
        columns=tuple(columns),
        low=low,
        high=high,
        whole=choice | np.array([kind.type == "integer" for kind in kinds]),
        choice=choice,
        mutable=mutable,
        direction=direction,
        scale=np.array([1.0 if choice[i] else _scale(kinds[i], columns[i], rows, i) for i in range(len(columns))]),
        cost=cost,
        levels=levels,
        groups=groups,
        linear=_relations(rules, place),
        quotients=_quotients(rules, place),
    )


def broken(space: Space, x0: NDArray[Any], x: NDArray[Any]) -> dict[str, NDArray[np.bool_]]:
    """Which rows break which rule, by what the rule is about.

    Args:
        space: the rules.
        x0: shape (n, columns), where the attacker started.
        x: shape (n, columns).
    """
    at, start = np.asarray(x, dtype=np.float32), np.asarray(x0, dtype=np.float32)
    found = {
        "finite": ~np.isfinite(at).all(axis=1),
        "bounds": ((at < space.low.astype(np.float32)) | (at > space.high.astype(np.float32))).any(axis=1),
        "whole": (space.whole & (at != np.round(at))).any(axis=1),
        "immutable": (~space.mutable & (at != start)).any(axis=1),
        "direction": (np.where(space.direction > 0, at < start, at > start) & (space.direction != 0)).any(axis=1),
    }
    for i, group in enumerate(space.groups):
        found[f"one_hot[{i}]"] = (at[:, group] != 0).sum(axis=1) != 1
    wide = at.astype(np.float64)
    for relation in space.linear:
        found[relation.name] = found.get(relation.name, False) | (excess(relation, wide) != 0)
    for quotient in space.quotients:
        found[quotient.name] = ~divides(quotient, wide)
    return found


def allowed(space: Space, x0: NDArray[Any], x: NDArray[Any]) -> NDArray[np.bool_]:
    """Rows that break no rule, shape (n,): what the judge asks."""
    return np.asarray(~np.logical_or.reduce(list(broken(space, x0, x).values())))


def excess(relation: Relation, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """By how much each row is above the upper limit, or, below zero, under the lower one; shape (n,)."""
    with np.errstate(invalid="ignore", over="ignore"):
        terms = x[:, relation.places] * relation.weights
        limit = max((abs(end) for end in (relation.low, relation.high) if np.isfinite(end)), default=0.0)
        slack = relation.tolerance + GRID * (np.abs(terms).sum(axis=1) + limit)
        told = terms.sum(axis=1)
        above, below = told - relation.high, told - relation.low
        return np.where(above > slack, above, np.where(below < -slack, below, np.where(np.isnan(told), np.inf, 0.0)))


def divides(rule: Quotient, x: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Rows in which the quotient is right, as nearly as single precision can tell; shape (n,)."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        told = x[:, rule.numerator] / x[:, rule.denominator]
        slack = rule.tolerance + GRID * np.abs(told)
        return np.asarray(np.abs(x[:, rule.quotient] - told) <= slack)


def _check_names(rules: Rules, columns: Sequence[str]) -> None:
    twice = sorted({name for name in columns if list(columns).count(name) > 1})
    if twice:
        raise InputError(f"column {twice[0]!r} is there twice", remedy="name every column once")
    named = {*rules.columns, *(name for group in rules.one_hot for name in group.columns)}
    absent = sorted(named - set(columns))
    if absent:
        raise InputError(f"the rules name column {absent[0]!r}, which the table lacks", remedy="correct the rules")
    extra = [name for name in columns if name not in named]
    if extra and rules.others == "refuse":
        raise InputError(
            f"{len(extra)} columns are in the table and not in the rules, such as {extra[0]!r}",
            remedy='declare them, or write others = "fixed" or others = "free" at the top of the rules',
        )
    wanted = {name for linear in rules.linear for name in linear.terms}
    for ratio in rules.ratio:
        wanted |= {ratio.numerator, ratio.denominator, *([ratio.equals] if isinstance(ratio.equals, str) else [])}
    absent = sorted(wanted - set(columns))
    if absent:
        raise InputError(f"a relation names column {absent[0]!r}, which the table lacks", remedy="correct the rules")


def _column(rules: Rules, name: str, values: NDArray[Any] | None) -> Column:
    declared = rules.columns.get(name)
    if declared is not None:
        return declared
    if rules.others == "free" and values is not None and len(values):
        finite = values[np.isfinite(values)]
        if len(finite):
            whole: Type = "integer" if (finite == np.round(finite)).all() else "number"
            return Column(type=whole, low=float(finite.min()), high=float(finite.max()))
    return Column(mutable=rules.others == "free")


def _scale(kind: Column, name: str, rows: NDArray[Any] | None, place: int) -> float:
    if kind.scale is not None:
        return kind.scale
    if not kind.mutable:
        return 1.0
    if kind.low is not None and kind.high is not None:
        return (kind.high - kind.low) or 1.0
    finite = np.empty(0) if rows is None else rows[np.isfinite(rows[:, place]), place]
    width = float(np.ptp(finite.astype(np.float64))) if len(finite) else 0.0
    if not width:
        raise InputError(f"column {name!r} has no scale", remedy="give its low and high, or its scale")
    return width


def _relations(rules: Rules, place: Mapping[str, int]) -> tuple[Relation, ...]:
    found = []
    for i, rule in enumerate(rules.linear):
        used = {name: weight for name, weight in rule.terms.items() if weight}
        places, weights = np.array([place[name] for name in used]), np.array(list(used.values()))
        found.append(Relation(f"linear[{i}]", places, weights, *_limits(rule, rule.equals), rule.tolerance))
    for i, ratio in enumerate(rules.ratio):
        if not isinstance(ratio.equals, str):
            found += _of_ratio(f"ratio[{i}]", ratio, ratio.equals, place)
    return tuple(found)


def _of_ratio(name: str, rule: Ratio, equals: float | None, place: Mapping[str, int]) -> list[Relation]:
    """A quotient between numbers is two sums, since the denominator is above zero."""
    places = np.array([place[rule.numerator], place[rule.denominator]])
    low, high = _limits(rule, equals)
    if low == high and not rule.tolerance:
        return [Relation(name, places, np.array([1.0, -low]), 0.0, 0.0, 0.0)]
    found = []
    if np.isfinite(low):
        found.append(Relation(name, places, np.array([1.0, rule.tolerance - low]), 0.0, np.inf, 0.0))
    if np.isfinite(high):
        found.append(Relation(name, places, np.array([1.0, -rule.tolerance - high]), -np.inf, 0.0, 0.0))
    return found


def _quotients(rules: Rules, place: Mapping[str, int]) -> tuple[Quotient, ...]:
    return tuple(
        Quotient(f"ratio[{i}]", place[rule.equals], place[rule.numerator], place[rule.denominator], rule.tolerance)
        for i, rule in enumerate(rules.ratio)
        if isinstance(rule.equals, str)
    )


def _limits(rule: Linear | Ratio, equals: float | None) -> tuple[float, float]:
    if equals is not None:
        return equals, equals
    low = -np.inf if rule.at_least is None else rule.at_least
    return low, np.inf if rule.at_most is None else rule.at_most
