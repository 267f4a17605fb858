"""What an attack's numbers look like; a gallery and changed cells show single samples, so none is made unasked."""

from dataclasses import dataclass

from redan.canon import Json
from redan.stats.interval import Interval

MOST_SHOTS = 12
MOST_CELLS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """One line of a curve, with its intervals.

    Args:
        name: what it is.
        values: one per radius; None is a gap.
        intervals: one per radius, or none at all.
    """

    name: str
    values: tuple[float | None, ...]
    intervals: tuple[Interval | None, ...] = ()

    def to_json(self) -> dict[str, Json]:
        """The line as a finding carries it."""
        return {
            "name": self.name,
            "values": [*self.values],
            "intervals": [None if one is None else [one.low, one.high] for one in self.intervals],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RobustCurve:
    """Accuracy over the radius of an attack; with what is certified and what survived, the truth lies between.

    Args:
        title: what is shown.
        norm: of the radii.
        eps: radii, ascending.
        lines: accuracies, each in [0, 1].
    """

    title: str
    norm: str
    eps: tuple[float, ...]
    lines: tuple[Band, ...]

    def to_json(self) -> dict[str, Json]:
        """The picture as a finding carries it."""
        return {
            "kind": "robust-curve",
            "title": self.title,
            "norm": self.norm,
            "eps": [*self.eps],
            "lines": [line.to_json() for line in self.lines],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Between:
    """Certified <= true <= empirical robust accuracy, for one or several models or radii.

    Args:
        title: what is shown.
        names: of the rows.
        certified: share that is proved, one each.
        empirical: share that no attack broke, one each.
        true: where the true share lies, with its confidence; one each.
    """

    title: str
    names: tuple[str, ...]
    certified: tuple[float, ...]
    empirical: tuple[float, ...]
    true: tuple[Interval, ...]

    def to_json(self) -> dict[str, Json]:
        """The picture as a finding carries it."""
        return {
            "kind": "between",
            "title": self.title,
            "names": [*self.names],
            "certified": [*self.certified],
            "empirical": [*self.empirical],
            "true": [[one.low, one.high] for one in self.true],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One sample of a gallery.

    Args:
        words: below it, such as `sneaker is taken for bag`.
        clean: the sample as a data URI of a small PNG.
        adversarial: the same, attacked.
        difference: what was changed, made visible; grey is unchanged.
    """

    words: str
    clean: str
    adversarial: str
    difference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gallery:
    """Clean, adversarial and difference pictures of a few samples, for a page that the owner of the data asked for.

    Args:
        title: what is shown.
        shots: 12 at most.
        note: how differences were made visible.
        names: what the three pictures of a shot are.
    """

    title: str
    shots: tuple[Shot, ...]
    note: str = ""
    names: tuple[str, str, str] = ("clean", "adversarial", "difference")

    def to_json(self) -> dict[str, Json]:
        """The picture as a page takes it."""
        shots: list[Json] = [
            {"words": s.words, "clean": s.clean, "adversarial": s.adversarial, "difference": s.difference}
            for s in self.shots[:MOST_SHOTS]
        ]
        return {"kind": "gallery", "title": self.title, "shots": shots, "note": self.note, "names": [*self.names]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One cell of a table that an attack changed.

    Args:
        row: which of the samples shown.
        column: its name.
        before: its value.
        after: what it became.
    """

    row: str
    column: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """Changed table cells of a few samples, for a page that the owner of the data asked for.

    Args:
        title: what is shown.
        changes: 40 at most.
    """

    title: str
    changes: tuple[Change, ...]

    def to_json(self) -> dict[str, Json]:
        """The picture as a page takes it."""
        changes: list[Json] = [
            {"row": c.row, "column": c.column, "before": c.before, "after": c.after} for c in self.changes[:MOST_CELLS]
        ]
        return {"kind": "cells", "title": self.title, "changes": changes}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """One element that input passes.

    Args:
        name: its id.
        note: who is there, in a few words; may be empty.
        outside: whether somebody else decides what comes from there.
    """

    name: str
    note: str = ""
    outside: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """The way between two of them.

    Args:
        words: how it is protected, and what it crosses.
        state: `secured`, `open` where it crosses a line of trust unprotected, else `inside`.
    """

    words: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """One way of input.

    Args:
        stops: the origin first, the model last.
        passages: one between each two stops.
    """

    stops: tuple[Stop, ...]
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """Where input comes from, by which ways it reaches a model, and which of them are open.

    Args:
        title: what is shown.
        paths: one for each way.
    """

    title: str
    paths: tuple[Path, ...]

    def to_json(self) -> dict[str, Json]:
        """The picture as a finding carries it."""
        paths: list[Json] = [
            {
                "stops": [{"name": s.name, "note": s.note, "outside": s.outside} for s in path.stops],
                "passages": [{"words": p.words, "state": p.state} for p in path.passages],
            }
            for path in self.paths
        ]
        return {"kind": "surface", "title": self.title, "paths": paths}
