"""Attacks on whatever answers, by their names in the papers: square by scores, the others by labels only.

`model` is what `redan.attacks.sources.queries_of` takes: a network or a module of PyTorch, a `redan.models.Model`, an
estimator of scikit-learn, a function from a batch to scores or labels, an `Endpoint`, or `Queries` with a budget.
"""

from typing import Unpack

from redan.attacks.evasion.decide import Options, decide
from redan.attacks.evasion.samples import positive
from redan.attacks.evasion.walk_boundary import BoundaryWalk
from redan.attacks.evasion.walk_geoda import GeoDa
from redan.attacks.evasion.walk_hop_skip_jump import HopSkipJump
from redan.attacks.evasion.walk_rays import RayS
from redan.attacks.evasion.walk_surfree import SurFree
from redan.attacks.result import Result
from redan.attacks.threat import Threat
from redan.errors import InputError

_SQUARE = ("linf", "l2", "l1")


def square(
    model: object,
    x: object,
    y: object,
    *,
    threat: Threat,
    queries: int = 5000,
    rescale: bool = False,
    restarts: int = 1,
    budget: int | None = None,
    seed: int = 0,
    slots: int = 256,
) -> Result:
    """Square Attack as AutoAttack runs it, for linf, l2 and l1; the model shows scores.

    Source: arXiv 1912.00049.

    Args:
        model: see above.
        x: shape (n, ...); a row of a table is a picture of one row.
        y: shape (n,), the truth.
        threat: the ball and the box.
        queries: proposals per sample; the input itself and the first point are asked beside them. A proposal whose
            answer is known, since it changes nothing or was refused before, is counted and not asked.
        rescale: whether the squares shrink over `queries` instead of over 10,000 proposals, which is stronger where
            queries are few; AutoAttack does not, whatever the number.
        restarts: runs of a sample, until it is broken.
        budget: queries in all; None for no end.
        seed: of the draws.
        slots: samples in flight; no result depends on it.

    Returns:
        Inputs; `step` is the number of proposals until success, 0 for a sample that the model gets wrong by itself.

    Raises:
        InputError: the samples or the norm do not fit, or the model shows labels only.
        StoppedError: the model does not answer any more, or the budget is spent; its `result` is what was found.
    """
    from redan.attacks.evasion.scored import scored
    from redan.attacks.evasion.squares import Square

    if threat.norm not in _SQUARE:
        raise InputError(f"square is made for {', '.join(_SQUARE)}, not for {threat.norm}", remedy="name another norm")
    positive(queries=queries)
    return scored(
        Square(queries, rescale=rescale),
        model,
        x,
        y,
        threat=threat,
        restarts=restarts,
        budget=budget,
        seed=seed,
        slots=slots,
    )


def hop_skip_jump(model: object, x: object, y: object, *, threat: Threat, **options: Unpack[Options]) -> Result:
    """HopSkipJump, for l2 and linf: the direction away from the boundary is estimated from votes.

    Source: arXiv 1904.02144.

    Args:
        model: see above.
        x: shape (n, ...).
        y: shape (n,), the truth.
        threat: the ball and the box.
        options: queries, budget, seed, slots, shrink, starts; see `Options`.

    Returns:
        See `decide`.

    Raises:
        InputError: the samples or the norm do not fit.
        StoppedError: see `decide`.
    """
    return decide(HopSkipJump(), model, x, y, threat=threat, options=options)


def boundary(model: object, x: object, y: object, *, threat: Threat, **options: Unpack[Options]) -> Result:
    """Boundary Attack, for l2: a random walk along the boundary; the oldest, and the slowest.

    Source: arXiv 1712.04248. Arguments, result and errors as `hop_skip_jump`.
    """
    return decide(BoundaryWalk(), model, x, y, threat=threat, options=options)


def geoda(model: object, x: object, y: object, *, threat: Threat, **options: Unpack[Options]) -> Result:
    """GeoDA, for l2 and linf: the boundary is taken as flat; few queries, smooth noise.

    Source: arXiv 2003.06468. Arguments, result and errors as `hop_skip_jump`.
    """
    return decide(GeoDa(), model, x, y, threat=threat, options=options)


def surfree(model: object, x: object, y: object, *, threat: Threat, **options: Unpack[Options]) -> Result:
    """SurFree, for l2: circles through random planes, no direction is estimated; strong at a few hundred queries.

    Source: arXiv 2011.12807. Arguments, result and errors as `hop_skip_jump`.
    """
    return decide(SurFree(), model, x, y, threat=threat, options=options)


def rays(model: object, x: object, y: object, *, threat: Threat, **options: Unpack[Options]) -> Result:
    """RayS, for linf: signs of blocks are flipped while the ray to the boundary gets shorter.

    Source: arXiv 2006.12792. Arguments, result and errors as `hop_skip_jump`.
    """
    return decide(RayS(), model, x, y, threat=threat, options=options)
