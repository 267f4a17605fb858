"""A campaign on a table: rows move within what their columns allow."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from redan.attacks.campaign.tried import Tried
from redan.attacks.cost import Cost
from redan.attacks.failure.readings import agreement
from redan.attacks.failure.signs import trust
from redan.attacks.tables.asked import Asked
from redan.attacks.tables.cascading import cascade
from redan.attacks.tables.encode import Rows
from redan.attacks.tables.search import Order
from redan.attacks.threat import Threat

_PROBES = 64
_UNIT = "The radius counts in scales of the columns: the widths of their bounds, unless the rules say otherwise."


class RowsWanted(NamedTuple):
    """What is wanted of one.

    Args:
        threat: norm and radius, in units of the columns' scales.
        queries: most of them for each row.
        seed: of every draw.
        classes: labels in the order of the model's scores; the model's own when None.
        ruled: whether a constraints file says what may change.
    """

    threat: Threat
    queries: int
    seed: int = 0
    classes: Sequence[object] | None = None
    ruled: bool = True


def attack_rows(model: object, rows: Rows, wanted: RowsWanted) -> Tried:
    """Greedy and genetic search on encoded rows, judged under their rules.

    Args:
        model: anything that predicts, as the table has its columns.
        rows: encoded, with their rules.
        wanted: threat model, queries and seed.

    Raises:
        InputError: the rows do not fit the rules, the labels or the model.
    """
    asked = Asked(model, rows.space, classes=wanted.classes)
    before, y = asked.apart().labels(rows.x), asked.places(rows.y)
    again = asked.apart().labels(rows.x[:_PROBES])
    order = Order(
        space=rows.space, threat=wanted.threat, seed=wanted.seed, budget=wanted.queries, classes=asked.classes
    )
    made = cascade(asked, rows.x, rows.y, order)
    names = tuple(dict.fromkeys(result.attack for result in made.results))
    breaker = np.array([names.index(name) if name in names else -1 for name in made.first.tolist()], dtype=np.int64)
    cost = sum((result.cost for result in made.results), start=Cost())
    told = int(max(before.max(), y.max(), made.judged.answers.max())) + 1
    known = [str(label) for label in asked.classes or ()]
    return Tried(
        threat=str(wanted.threat),
        suite="rows",
        attacker=f"asks for scores, {wanted.queries:,} times for each row at most",
        attacks=names,
        classes=tuple(known) if len(known) >= told else tuple(str(place) for place in range(told)),
        y=y,
        before=before,
        after=np.where(breaker >= 0, made.judged.answers, before),
        breaker=breaker,
        size=made.judged.size,
        x=rows.x,
        x_adv=made.x_adv,
        cost=cost,
        trust=trust((agreement("random-answers", before[:_PROBES], again, "The first and the second answer"),)),
        notes=(_UNIT, *_left_out(rows), *_unruled(wanted)),
        columns=rows.space.columns,
    )


def _left_out(rows: Rows) -> tuple[str, ...]:
    if not rows.left_out:
        return ()
    told = ", ".join(f"{count:,} for {reason}" for reason, count in rows.left_out.items())
    return (f"Rows that were not attacked: {told}.",)


def _unruled(wanted: RowsWanted) -> tuple[str, ...]:
    if wanted.ruled:
        return ()
    return ("No constraints are given, so every column moves freely over the values that the data show.",)


def moved_columns(tried: Tried) -> NDArray[np.int64]:
    """How many broken rows changed each column, shape (columns,)."""
    return np.asarray((tried.x != tried.x_adv)[tried.broken].sum(axis=0), dtype=np.int64)
