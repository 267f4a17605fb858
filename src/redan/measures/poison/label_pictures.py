"""Pictures of a search for changed labels: the funnel of contributors, and which class was changed to which."""

import numpy as np

from redan.findings.pictures import Funnel, Grid, Point
from redan.measures.poison.labels import ChangedLabels
from redan.measures.poison.spread import limits

MOST_POINTS = 500
_ALONG = 24
_MOST_CLASSES = 20


def funnel(found: ChangedLabels) -> Funnel:
    """Share of contradicted labels by contributor against how much it gave, suspected ones marked.

    Args:
        found: with at least one contributor.
    """
    data = found.data
    who = data.contributor if data.contributor is not None else np.zeros(data.rows, dtype=np.int64)
    size = len(data.names)
    rows = np.bincount(who, minlength=size)
    share = np.bincount(who, weights=found.contradicted, minlength=size) / np.maximum(rows, 1)
    flagged = {s.code for s in found.suspected}
    others = ~np.isin(who, list(flagged))
    centre = float(found.contradicted[others].mean()) if others.any() else float(found.contradicted.mean())
    telling = np.abs(share - centre) * np.sqrt(rows) + 1e9 * np.isin(np.arange(size), list(flagged))
    shown = sorted(int(i) for i in np.argsort(-telling, kind="stable")[:MOST_POINTS])
    points = tuple(
        Point(name=data.names[i], n=int(rows[i]), value=float(share[i]), flagged=i in flagged) for i in shown
    )
    rate = min(max(centre, 1e-6), 1.0 - 1e-6)
    level = found.rates.alpha / max(size, 1)
    along = np.unique(np.geomspace(max(int(rows.min()), 1), max(int(rows.max()), 2), _ALONG).astype(np.int64))
    lines = tuple((float(n), *limits(rate, found.size, int(n), level)) for n in along)
    title = "Labels that the other rows contradict, by contributor"
    return Funnel(title=title, unit="share of labels", points=points, centre=centre, limits=lines)


def confusions(found: ChangedLabels) -> Grid | None:
    """Suspected single rows by the label they have and the class that the others speak for; None for many classes.

    Args:
        found: any search.
    """
    data = found.data
    if len(data.classes) > _MOST_CLASSES:
        return None
    suspects = found.suspect & ~np.isin(
        data.contributor if data.contributor is not None else np.full(data.rows, -1), [s.code for s in found.suspected]
    )
    size = len(data.classes)
    cells = np.bincount(data.y[suspects] * size + found.likeliest[suspects], minlength=size * size)
    values = tuple(tuple(float(n) or None for n in row) for row in cells.reshape(size, size))
    title = "Suspected rows: the label (row) and the class that the others speak for (column)"
    return Grid(title=title, rows=data.classes, columns=data.classes, values=values, unit="rows")
