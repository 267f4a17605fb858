"""Contributors, keys and times that two datasets share."""

import datetime as dt
from dataclasses import dataclass
from typing import TypeAlias

from redan.measures.leakage import counters
from redan.tables import Shared, Table

Moment: TypeAlias = int | float | dt.date | dt.datetime
CLOCKS = ({"int"}, {"int", "float"}, {"float"}, {"date"}, {"datetime"}, {"date", "datetime"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Two periods.

    Args:
        evaluation: first and last moment of the evaluation rows; None when all are missing.
        train: the same of the training rows.
        inside: evaluation rows from the first to the last training moment, both included.
        rows: evaluation rows that have a time.
    """

    evaluation: tuple[Moment, Moment] | None
    train: tuple[Moment, Moment] | None
    inside: int
    rows: int

    @property
    def overlap(self) -> bool:
        """Whether the periods have a moment in common; meeting in one moment counts."""
        if self.evaluation is None or self.train is None:
            return False
        return self.evaluation[0] <= self.train[1] and self.train[0] <= self.evaluation[1]  # type: ignore[operator]


def shared_values(evaluation: Table, train: Table, left: str, right: str) -> Shared:
    """Values that a column of one table has in common with a column of the other.

    Args:
        evaluation: table of `left`.
        train: table of `right`.
        left: column, such as the declared contributor.
        right: column of the training rows.
    """
    return (
        evaluation.select([left]).renamed(left, "key").shared_keys(train.select([right]).renamed(right, "key"), ["key"])
    )


def shared_identifiers(evaluation: Table, train: Table, column: str) -> Shared | None:
    """Values of an identifier that both tables hold; None when it merely numbers the rows of either."""
    if counters(evaluation, [column]) or counters(train, [column]):
        return None
    return evaluation.shared_keys(train, [column])


def comparable_times(evaluation: Table, train: Table, left: str, right: str) -> bool:
    """Whether two columns tell time in the same way: both dates or moments, or both numbers."""
    return {evaluation.dtype(left), train.dtype(right)} in CLOCKS


def times(evaluation: Table, train: Table, left: str, right: str) -> Times:
    """The periods that two tables cover, and the evaluation rows that lie within the training period.

    Args:
        evaluation: table of `left`.
        train: table of `right`.
        left: column of times; dates stand for whole days when the other table has dates.
        right: column of the training rows.
    """
    daily = "date" in (evaluation.dtype(left), train.dtype(right))
    ours, theirs = (t.as_days(c) if daily else t for t, c in ((evaluation, left), (train, right)))
    period, known = ours.bounds(left), theirs.bounds(right)
    rows = evaluation.rows - ours.select([left]).null_counts()[left]
    if period[0] is None or known[0] is None:
        return Times(evaluation=None, train=None, inside=0, rows=rows)
    return Times(evaluation=period, train=known, inside=ours.between(left, known[0], known[1]), rows=rows)
