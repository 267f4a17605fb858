"""All attacks that a model allows, one after the other, each on the rows that the judge still holds for robust.

Source of the order: Simonetto et al., Constrained Adaptive Attack, NeurIPS 2024 (arXiv 2406.00775), section 4: the
cheap attack first, the search only where it failed.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from redan.attacks.cost import Cost
from redan.attacks.judge import Judged, judge
from redan.attacks.queries import StoppedError
from redan.attacks.result import Result
from redan.attacks.tables.asked import Asked
from redan.attacks.tables.breeding import bred
from redan.attacks.tables.climbing import climbed
from redan.attacks.tables.distance import scaled
from redan.attacks.tables.search import Order
from redan.attacks.tables.space import Space, allowed
from redan.attacks.threat import Threat
from redan.errors import IncompleteError
from redan.extras import missing_import

if TYPE_CHECKING:
    from redan.attacks.evasion.network import Network


class Cascade(NamedTuple):
    """What the attacks came to.

    Args:
        judged: by the judge, for the rows as they ended.
        x_adv: shape (n, columns); the row itself where nothing broke it.
        first: shape (n,), name of the first attack that the judge believed; empty where none, `clean` where the model
            errs by itself.
        results: of each attack, on the rows that were left to it.
        certified: shape (n,), rows for which it is proved that nothing breaks them; None where nothing was proved.
        unproved: why not, where it was wanted.
    """

    judged: Judged
    x_adv: NDArray[np.float32]
    first: NDArray[np.str_]
    results: tuple[Result, ...]
    certified: NDArray[np.bool_] | None = None
    unproved: str = ""


def judge_rows(
    asked: Asked, x: NDArray[Any], y: NDArray[Any], x_adv: NDArray[Any], *, space: Space, threat: Threat
) -> Judged:
    """Verifies distance, rules and label of each proposed row, outside of the attack that made it.

    Args:
        asked: the model; what the judge asks is not among the attack's queries.
        x: shape (n, columns), encoded rows.
        y: shape (n,), the true labels.
        x_adv: shape (n, columns), proposals.
        space: the rules.
        threat: norm and radius, in units of the columns' scales.
    """
    apart = asked.apart()
    return judge(
        apart.labels,
        np.asarray(x),
        apart.places(np.asarray(y)),
        np.asarray(x_adv),
        scaled(threat, space),
        allowed=lambda given, proposed: allowed(space, given, proposed),
    )


def cascade(
    model: object, x: NDArray[Any], y: NDArray[Any], order: Order, *, network: "Network | None" = None
) -> Cascade:
    """Runs the gradient attack where there is a network, then the greedy and the genetic search, then the exact one.

    Args:
        model: anything that predicts; it is what the judge believes.
        x: shape (n, columns), encoded rows, see `rows_of`.
        y: shape (n,), the true labels.
        order: rules, threat model, seed and budget.
        network: the same model as a PyTorch network over encoded rows.

    Raises:
        InputError: the rows do not fit the rules, the labels or the model.
        StoppedError: the model does not answer any more; it holds what the judge had believed until then.
    """
    asked = model if isinstance(model, Asked) else Asked(model, order.space, classes=order.classes)
    start, truth = np.ascontiguousarray(x, dtype=np.float32), np.asarray(y)
    space, threat = order.space, order.threat
    found = start.copy()
    clean = judge_rows(asked, start, truth, start, space=space, threat=threat)
    first = np.where(clean.broken, "clean", "").astype("<U16")
    results: list[Result] = []
    for name in (*(("capgd",) if network is not None else ()), "greedy", "genetic"):
        left = np.flatnonzero(first == "")
        if not len(left):
            break
        part = _part(order, left, len(start))
        try:
            done = _attacked(name, (asked, network), start[left], truth[left], part)
        except StoppedError as error:
            raise StoppedError(error, _so_far(found, first, [*results, error.result])) from error
        results.append(done)
        said = judge_rows(asked, start[left], truth[left], done.x_adv, space=space, threat=part.threat)
        hit = left[said.broken]
        found[hit], first[hit] = done.x_adv[said.broken], name
    certified, unproved = None, ""
    if order.prove:
        certified, unproved = _proved(asked, (start, truth), order, (found, first, results))
    judged = judge_rows(asked, start, truth, found, space=space, threat=threat)
    return Cascade(judged, found, first, tuple(results), certified, unproved)


def _attacked(
    name: str, models: tuple[Asked, "Network | None"], x: NDArray[np.float32], y: NDArray[Any], order: Order
) -> Result:
    asked, network = models
    if name != "capgd" or network is None:
        return (climbed if name == "greedy" else bred)(asked, x, y, order)
    from redan.attacks.tables.gradient import capgd

    return capgd(network, x, y, space=order.space, threat=order.threat, seed=order.seed, classes=asked.classes)


def _proved(
    asked: Asked,
    data: tuple[NDArray[np.float32], NDArray[Any]],
    order: Order,
    state: tuple[NDArray[np.float32], NDArray[np.str_], list[Result]],
) -> tuple[NDArray[np.bool_] | None, str]:
    """The exact attack on what is left; rows that it breaks are entered, those that it proves are given back."""
    if (missing := missing_import("trees")) is not None:
        return None, f"needs {missing}, which is not installed"
    from redan.attacks.tables.exactly import exact

    (start, truth), (found, first, results) = data, state
    certified = np.zeros(len(start), dtype=bool)
    left = np.flatnonzero(first == "")
    if not len(left):
        return certified, ""
    threat = _part(order, left, len(start)).threat
    try:
        told = exact(asked.apart(), start[left], truth[left], space=order.space, threat=threat, steps=order.prove)
    except IncompleteError as error:
        return None, error.what
    results.append(told.result)
    said = judge_rows(asked, start[left], truth[left], told.result.x_adv, space=order.space, threat=threat)
    found[left[said.broken]], first[left[said.broken]] = told.result.x_adv[said.broken], "exact"
    certified[left] = told.certified & ~said.broken
    return certified, ""


def _so_far(found: NDArray[np.float32], first: NDArray[np.str_], results: list[Result]) -> Result:
    cost = sum((result.cost for result in results), Cost())
    broken = first != ""
    return Result(attack="cascade", x_adv=found, broken=broken, step=np.where(broken, 1, -1), cost=cost)


def _part(order: Order, rows: NDArray[np.int64], n: int) -> Order:
    """The same order for some rows, each with its own radius."""
    radii = order.threat.radii(n)[rows]
    return replace(order, threat=replace(order.threat, eps=tuple(float(r) for r in radii)))
