"""The exact attack on ensembles of trees: what it does not find, there is not.

Source: Devos, Meert and Davis, Versatile Verification of Tree Ensembles, ICML 2021 (arXiv 2010.13880): a search over
the leaves that one row can reach in all trees at once, best first, whose bound proves that nothing is left. The solver
is theirs; relations between columns, whole numbers and one-hot groups are added here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.attacks.cost import Cost
from redan.attacks.judge import TOLERANCE
from redan.attacks.result import Result
from redan.attacks.tables.asked import Asked
from redan.attacks.tables.distance import Scaled, scaled
from redan.attacks.tables.encode import TableModel
from redan.attacks.tables.ensemble import ensemble_of
from redan.attacks.tables.mending import reach, repair
from redan.attacks.tables.regions import Ends, Regions
from redan.attacks.tables.relations import feasible
from redan.attacks.tables.space import Space, allowed
from redan.attacks.threat import Linf, Threat
from redan.errors import IncompleteError, InputError

Told: TypeAlias = Literal["broken", "certified", "unknown"]
STEPS = 50_000
_TRIED = 500  # leaves whose points are asked of the model before a row is given up
_NEAR = 1e-6  # leads below are left to the model itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Exact:
    """What is proved, and what was found.

    Args:
        result: rows that the model gets wrong, judged by the model itself.
        certified: shape (n,), rows for which it is proved that nothing in the ball is labelled otherwise.
        unknown: shape (n,), neither: the search was ended by its limit of steps, or by a quotient of columns.
    """

    result: Result
    certified: NDArray[np.bool_]
    unknown: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Radii:
    """How far each row is from another label, in units of the columns' scales.

    Args:
        lower: shape (n,), proved: nothing nearer is labelled otherwise.
        upper: shape (n,), of the nearest row that was found, infinite where none is within the largest radius.
        x_adv: shape (n, columns), those rows; the row itself where there is none.
    """

    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    x_adv: NDArray[np.float32]


class _Search(NamedTuple):
    """One model under one set of rules."""

    asked: Asked
    regions: Regions
    threat: Scaled
    steps: int


def exact(
    model: object,
    x: NDArray[Any],
    y: NDArray[Any],
    *,
    space: Space,
    threat: Threat,
    classes: Sequence[object] | None = None,
    steps: int = STEPS,
) -> Exact:
    """Attacks every row, and proves of the others that they cannot be broken.

    Args:
        model: forest or boosting, see `ensemble_of`.
        x: shape (n, columns), encoded rows that break no rule, see `rows_of`.
        y: shape (n,), the true labels.
        space: the rules.
        threat: linf, in units of the columns' scales.
        classes: labels in the order of the model's scores.
        steps: of the search for each row and class; more steps, fewer unknown rows.

    Raises:
        IncompleteError: the model is no ensemble of trees that can be read, or the norm is not linf.
        InputError: the rows do not fit the rules or the labels.
    """
    began = perf_counter()
    search, start, truth = _begun(model, (x, y), (space, threat), classes, steps)
    radii = search.threat.radii(len(start))
    found = start.copy()
    told: list[Told] = []
    wrong = search.asked.labels(start) != truth
    for i in range(len(start)):
        if wrong[i]:
            told.append("broken")
            continue
        outcome, point = _decided(search, start[i], int(truth[i]), float(radii[i]))
        told.append(outcome)
        found[i] = start[i] if point is None else point
    says = np.array(told, dtype="<U9")
    denied = (says == "broken") & (search.asked.labels(found) == truth)
    says[denied], found[denied] = "unknown", start[denied]
    broken = says == "broken"
    asked = search.asked.meter.queries
    cost = Cost(forward=asked, queries=asked, seconds=perf_counter() - began)
    result = Result(attack="exact", x_adv=found, broken=broken, step=np.where(broken, 1, -1), cost=cost)
    return Exact(result=result, certified=says == "certified", unknown=says == "unknown")


def radius(
    model: object,
    x: NDArray[Any],
    y: NDArray[Any],
    *,
    space: Space,
    most: float = 1.0,
    tolerance: float = 1e-3,
    classes: Sequence[object] | None = None,
    steps: int = STEPS,
) -> Radii:
    """The distance of each row to the nearest one with another label, from both sides.

    Args:
        model: forest or boosting, see `ensemble_of`.
        x: shape (n, columns), encoded rows that break no rule.
        y: shape (n,), the true labels.
        space: the rules.
        most: largest radius that is looked at, in units of the columns' scales.
        tolerance: how near lower and upper bound are to come.
        classes: labels in the order of the model's scores.
        steps: of each search.

    Raises:
        IncompleteError: the model is no ensemble of trees that can be read.
        InputError: the rows do not fit the rules or the labels.
    """
    search, start, truth = _begun(model, (x, y), (space, Linf(most)), classes, steps)
    lower, upper, found = np.zeros(len(start)), np.full(len(start), np.inf), start.copy()
    wrong = search.asked.labels(start) != truth
    for i in range(len(start)):
        low, high, eps = 0.0, 0.0 if wrong[i] else np.inf, most
        while high - low > tolerance:
            told, point = _decided(search, start[i], int(truth[i]), eps)
            if told == "unknown":
                break
            if point is None:
                low = eps
            else:
                high = min(high, float(search.threat.sizes((point - start[i])[None])[0]))
                found[i] = point
                low = min(low, high)
            if low == most or not high:
                break
            eps = (low + min(high, most)) / 2
        lower[i], upper[i] = low, high
    denied = np.isfinite(upper) & (search.asked.labels(found) == truth)
    lower[denied], upper[denied], found[denied] = 0.0, np.inf, start[denied]
    return Radii(lower=lower, upper=upper, x_adv=found)


def _begun(
    model: object,
    data: tuple[NDArray[Any], NDArray[Any]],
    rules: tuple[Space, Threat],
    classes: Sequence[object] | None,
    steps: int,
) -> tuple[_Search, NDArray[np.float32], NDArray[np.int64]]:
    space, threat = rules
    x, y = data
    if threat.norm != "linf":
        raise IncompleteError(f"an exact answer is only known for linf, not {threat.norm}", remedy="attack by queries")
    start = np.ascontiguousarray(x, dtype=np.float32)
    if start.ndim != 2 or start.shape[1] != len(space.columns) or len(start) != len(y):  # noqa: PLR2004
        raise InputError(f"rows of shape {start.shape} do not fit the rules or the labels", remedy="see rows_of")
    if not allowed(space, start, start).all():
        raise InputError("a row breaks a rule before it is attacked", remedy="leave it out, see rows_of")
    asked = model if isinstance(model, Asked) else Asked(model, space, classes=classes)
    if asked.model is None:
        raise IncompleteError("only a model at hand shows its trees", remedy="give the estimator, or attack by queries")
    ensemble = ensemble_of(asked.model.model, _matrix(asked.model, start))
    return _Search(asked, Regions(ensemble, space), scaled(threat, space), steps), start, asked.places(np.asarray(y))


def _matrix(model: TableModel, start: NDArray[np.float32]) -> NDArray[Any]:
    """The rows as the trees read them."""
    read = model.decoded(start)
    if isinstance(read, np.ndarray):
        whole = read
    else:
        whole = np.column_stack([np.asarray(read[port.name]).reshape(-1) for port in model.inputs])
    order = list(read) if not isinstance(read, np.ndarray) else list(model.space.columns)
    if whole.dtype == object or order != list(model.space.columns):
        raise IncompleteError("the trees do not read the columns as numbers in their order", remedy="encode the table")
    return whole


def _decided(
    search: _Search, row: NDArray[np.float32], true: int, eps: float
) -> tuple[Told, NDArray[np.float32] | None]:
    """What holds of one row at one radius, and the row that breaks it."""
    radius_ = np.array([eps + TOLERANCE])  # what the judge lets pass is proved as well
    low, high = reach(search.threat, row[None], radius_)
    ends = search.regions.ends(low[0], high[0], row)
    told: Told = "certified"
    for target in range(len(search.regions.ensemble.base)):
        if target == true:
            continue
        outcome, point = _targeted(search, row, (true, target), (ends, eps))
        if outcome == "broken":
            return outcome, point
        told = outcome if outcome == "unknown" else told
    return told, None


def _targeted(
    search: _Search, row: NDArray[np.float32], pair: tuple[int, int], ball: tuple[Ends, float]
) -> tuple[Told, NDArray[np.float32] | None]:
    true, target = pair
    ends, eps = ball
    told: Told = "certified"
    for tried, (region, lead) in enumerate(_leaves(search, ends, (target, true))):
        if region is None or tried >= _TRIED:
            return "unknown", None
        outcome, point = _point(search, row, region, eps)
        sure = lead > _NEAR and outcome == "broken"
        if point is not None and (sure or search.asked.labels(point[None])[0] != true):
            return "broken", point
        told = "unknown" if outcome == "unknown" else told
    return told, None


def _leaves(search: _Search, ends: Ends, pair: tuple[int, int]) -> Iterator[tuple[Ends | None, float]]:
    """Regions in which the target is ahead, and by how much, best first; None when the steps are used up."""
    from veritas import Config, HeuristicType, StopReason

    config = Config(HeuristicType.MAX_OUTPUT)
    config.stop_when_optimal = False
    config.stop_when_num_new_solutions_exceeds = 1
    config.ignore_state_when_worse_than = -_NEAR
    found = config.get_search(search.regions.lead(*pair), search.regions.intervals(ends))
    seen, left = 0, search.steps
    while True:
        stopped = found.steps(min(left, 100))
        left -= 100
        while seen < found.num_solutions():
            leaf = found.get_solution(seen)
            yield search.regions.within(ends, leaf.box()), float(leaf.output)
            seen += 1
        if stopped == StopReason.NO_MORE_OPEN:
            return
        if left <= 0 or stopped in {StopReason.OUT_OF_MEMORY, StopReason.OUT_OF_TIME}:
            yield None, 0.0
            return


def _point(
    search: _Search, row: NDArray[np.float32], region: Ends, eps: float
) -> tuple[Told, NDArray[np.float32] | None]:
    """A row of a region that breaks no rule; `certified` without one when there is none."""
    space = search.regions.space
    near = search.regions.nearest(region, row)
    if allowed(space, row[None], near[None])[0]:
        return "broken", near
    if not space.linear and not space.quotients:
        return "unknown", None
    low, high = search.regions.columns(region)
    solved = feasible(space, low, high, row)
    if solved.told != "found" or solved.x is None:
        return ("certified" if solved.told == "none" else "unknown"), None
    point = np.clip(solved.x, low, high)
    put = np.where(space.whole, np.round(point), point).astype(np.float32)
    if space.quotients:
        put = repair(search.threat, row[None], put[None], np.array([eps]))[0]
    good = bool(allowed(space, row[None], put[None])[0])
    # A point that the model does not get wrong proves nothing of its region where quotients moved it away.
    told: Told = "broken" if good and not space.quotients else "unknown"
    return told, put if good else None
