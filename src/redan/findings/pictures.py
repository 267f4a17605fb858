"""What a finding's numbers look like: small aggregates that a report draws; never a row of data.

A picture travels as JSON in `Finding.detail["pictures"]`, so that it is in the evidence and every report can draw it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from redan.canon import Json
from redan.findings.attack_pictures import Between, Cells, Gallery, RobustCurve, Surface
from redan.findings.extraction_picture import FidelityCurve
from redan.findings.portrait_picture import PortraitRows
from redan.findings.program_picture import LearningCurve, Programs
from redan.findings.roc_picture import LogRoc
from redan.findings.transfer_picture import TransferMatrix
from redan.findings.trigger_picture import Triggers
from redan.stats.interval import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Distributions:
    """One feature in the reference and now, or in two other sets.

    Args:
        title: what is shown.
        bins: words for each bin, first to last; ends are open.
        reference: share of rows in each bin.
        current: likewise.
        names: of both sets.
    """

    title: str
    bins: tuple[str, ...]
    reference: tuple[float, ...]
    current: tuple[float, ...]
    names: tuple[str, str] = ("reference", "current")

    def to_json(self) -> dict[str, Json]:
        """The picture as a finding carries it."""
        return {
            "kind": "distributions",
            "title": self.title,
            "bins": [*self.bins],
            "reference": [*self.reference],
            "current": [*self.current],
            "names": [*self.names],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """A value with its interval for each of a few groups or classes.

    Args:
        title: what is shown.
        names: of the groups.
        values: one each.
        intervals: one each; None where there is none.
        expected: the value that all of them should have, or come near to.
        flagged: which of them are told as broken.
        meaning: what `expected` is, in words, where it is something else.
        plain: values between 0 and 1 are numbers, no shares of a whole.
    """

    title: str
    names: tuple[str, ...]
    values: tuple[float, ...]
    intervals: tuple[Interval | None, ...] = ()
    expected: float | None = None
    flagged: tuple[str, ...] = ()
    meaning: str = ""
    plain: bool = False

    def to_json(self) -> dict[str, Json]:
        """The picture as a finding carries it."""
        return {
            "kind": "shares",
            "title": self.title,
            "names": [*self.names],
            "values": [*self.values],
            "intervals": [None if i is None else [i.low, i.high] for i in self.intervals],
            "expected": self.expected,
            "flagged": [*self.flagged],
            "meaning": self.meaning,
            "plain": self.plain,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One contributor of a funnel.

    Args:
        name: a digest or a declared name, never a person's.
        n: rows it gave.
        value: its rate.
        flagged: whether it is told as broken.
    """

    name: str
    n: int
    value: float
    flagged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Funnel:
    """Rates of contributors against how much they gave; chance alone stays inside the funnel.

    Source: Spiegelhalter, Funnel Plots for Comparing Institutional Performance, Statistics in Medicine 24 (2005).

    Args:
        title: what is shown.
        unit: what the rate counts.
        points: one per contributor, the most telling 500 at most.
        centre: rate of all rows.
        limits: (n, low, high) along the funnel, by n.
    """

    title: str
    unit: str
    points: tuple[Point, ...]
    centre: float
    limits: tuple[tuple[float, float, float], ...]

    def to_json(self) -> dict[str, Json]:
        """The picture as a finding carries it."""
        return {
            "kind": "funnel",
            "title": self.title,
            "unit": self.unit,
            "points": [{"name": p.name, "n": p.n, "value": p.value, "flagged": p.flagged} for p in self.points],
            "centre": self.centre,
            "limits": [[*limit] for limit in self.limits],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """One region of a slice tree.

    Args:
        name: the condition that leads to it, such as `region = north`; `all rows` at the root.
        depth: 0 at the root.
        n: rows in it.
        value: error rate in it.
        interval: of the rate.
        flagged: whether it is told as broken.
    """

    name: str
    depth: int
    n: int
    value: float
    interval: Interval | None = None
    flagged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceTree:
    """How the search for the worst slice cut the rows, each region before the ones it was cut into.

    Args:
        title: what is shown.
        unit: what the rate counts.
        slices: in depth-first order.
    """

    title: str
    unit: str
    slices: tuple[Slice, ...]

    def to_json(self) -> dict[str, Json]:
        """The picture as a finding carries it."""
        return {
            "kind": "slice-tree",
            "title": self.title,
            "unit": self.unit,
            "slices": [
                {
                    "name": s.name,
                    "depth": s.depth,
                    "n": s.n,
                    "value": s.value,
                    "interval": None if s.interval is None else [s.interval.low, s.interval.high],
                    "flagged": s.flagged,
                }
                for s in self.slices
            ],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Numbers by row and column: a confusion matrix, or which kind of personal data is in which column.

    Args:
        title: what is shown.
        rows: their names.
        columns: their names.
        values: one per row and column; None is an empty cell.
        unit: `share` or `rows`.
        flagged: (row, column) indices that are told as broken.
    """

    title: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: tuple[tuple[float | None, ...], ...]
    unit: str = "share"
    flagged: tuple[tuple[int, int], ...] = ()

    def to_json(self) -> dict[str, Json]:
        """The picture as a finding carries it."""
        return {
            "kind": "grid",
            "title": self.title,
            "rows": [*self.rows],
            "columns": [*self.columns],
            "values": [[*row] for row in self.values],
            "unit": self.unit,
            "flagged": [[*cell] for cell in self.flagged],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a series.

    Args:
        name: what it is.
        values: one per place on the axis; None is a gap.
    """

    name: str
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Something over time, or over a parameter.

    Args:
        title: what is shown.
        x: words along the axis.
        lines: what runs along it.
        threshold: where the alarm is, if there is one.
        unit: of the values.
    """

    title: str
    x: tuple[str, ...]
    lines: tuple[Line, ...]
    threshold: float | None = None
    unit: str = ""

    def to_json(self) -> dict[str, Json]:
        """The picture as a finding carries it."""
        return {
            "kind": "series",
            "title": self.title,
            "x": [*self.x],
            "lines": [{"name": line.name, "values": [*line.values]} for line in self.lines],
            "threshold": self.threshold,
            "unit": self.unit,
        }


Picture: TypeAlias = (
    Distributions
    | Shares
    | Funnel
    | SliceTree
    | Grid
    | Series
    | RobustCurve
    | FidelityCurve
    | LearningCurve
    | Programs
    | LogRoc
    | PortraitRows
    | Between
    | Gallery
    | Cells
    | TransferMatrix
    | Surface
    | Triggers
)


def pictured(pictures: Iterable[Picture]) -> dict[str, Json]:
    """The part of a finding's detail that holds its pictures; empty when there is none."""
    drawn: list[Json] = [picture.to_json() for picture in pictures]
    return {"pictures": drawn} if drawn else {}
