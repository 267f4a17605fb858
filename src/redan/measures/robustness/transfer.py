"""Transfer: how often what was made on one model breaks another, with the white box of each target beside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from numpy.typing import ArrayLike

from redan.errors import InputError
from redan.findings.transfer_picture import Carried, TransferMatrix
from redan.measures.robustness.accuracy import Rate, counted
from redan.measures.robustness.arrays import flags


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Inputs made on a source, tried on a target.

    Args:
        given: broken on the target, of those that both have right and that broke the source.
        overall: broken on the target, of those that the target has right: what the target loses.
    """

    given: Rate
    overall: Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """All sources by all targets.

    Args:
        sources: names, in the order of rows.
        targets: names, in the order of columns.
        cells: one per row and column.
        own: one per target: broken by an attacker who knows it, of what it has right; None where nobody asked.
    """

    sources: tuple[str, ...]
    targets: tuple[str, ...]
    cells: tuple[tuple[Transfer, ...], ...]
    own: tuple[Rate | None, ...]

    def cell(self, source: str, target: str) -> Transfer:
        """One of the cells.

        Raises:
            ValueError: there is no such source or target.
        """
        return self.cells[self.sources.index(source)][self.targets.index(target)]

    def picture(self, title: str, *, overall: bool = False, above: float | None = None) -> TransferMatrix:
        """To be drawn; cells of a model with itself are not told as broken.

        Args:
            title: what is shown.
            overall: whether shares are of all that the target has right.
            above: cells whose interval lies above are told as broken.
        """
        drawn = tuple(
            tuple(
                _carried(cell.overall if overall else cell.given, None if source == target else above)
                for target, cell in zip(self.targets, row, strict=True)
            )
            for source, row in zip(self.sources, self.cells, strict=True)
        )
        words = "shares of what the target has right; " if overall else "shares of what broke the source, both right; "
        return TransferMatrix(
            title=title,
            sources=self.sources,
            targets=self.targets,
            cells=drawn,
            own=tuple(None if rate is None else _carried(rate) for rate in self.own),
            words=words + f"intervals at {self._level():.4g}%, last row of what the target has right",
        )

    def _level(self) -> float:
        return 100 * next((cell.overall.confidence for row in self.cells for cell in row), 0.95)


def transfer(
    source_right: ArrayLike,
    source_broken: ArrayLike,
    target_right: ArrayLike,
    target_broken: ArrayLike,
    confidence: float = 0.95,
) -> Transfer:
    """How often inputs made on a source break a target, given that they broke the source, and whether or not.

    Source: rates as in Demontis et al., Why Do Adversarial Attacks Transfer?, USENIX Security 2019 (arXiv 1809.02861),
        and Liu et al., ICLR 2017 (arXiv 1611.02770), section 2; intervals of Clopper and Pearson (1934).

    Args:
        source_right: shape (n,), right on the source without an attack.
        source_broken: shape (n,), broken there.
        target_right: shape (n,), right on the target without an attack.
        target_broken: shape (n,), broken there by the same inputs.
        confidence: level of the intervals.

    Returns:
        A share of no samples has no value and the interval (0, 1).

    Raises:
        InputError: these are no flags, or not of one length.
    """
    before = flags(source_right, "source_right")
    there = flags(source_broken, "source_broken", len(before)) & before
    right = flags(target_right, "target_right", len(before))
    here = flags(target_broken, "target_broken", len(before)) & right
    both = there & right
    return Transfer(
        given=counted(int((both & here).sum()), int(both.sum()), confidence),
        overall=counted(int(here.sum()), int(right.sum()), confidence),
    )


def transfer_matrix(
    right: Mapping[str, ArrayLike],
    broken: Mapping[str, Mapping[str, ArrayLike]],
    own: Mapping[str, ArrayLike] | None = None,
    *,
    targets: Sequence[str] | None = None,
    confidence: float = 0.95,
) -> Matrix:
    """Every source by every target.

    Args:
        right: by model, shape (n,), right without an attack; of all sources and targets.
        broken: by source and target, shape (n,), broken by what was made on the source; each source also by itself.
        own: by target, shape (n,), broken by an attacker who knows it.
        targets: their order; that of `right` when None.
        confidence: level of the intervals.

    Raises:
        InputError: a model is missing, or these are no flags of one length.
    """
    wanted = tuple(right) if targets is None else tuple(targets)
    known = own or {}
    missing = [name for name in (*broken, *wanted) if name not in right]
    missing += [name for source, row in broken.items() for name in (source, *wanted) if name not in row]
    if missing:
        raise InputError(f"nothing is known of {missing[0]}", remedy="give flags of each source and target")
    cells = tuple(
        tuple(transfer(right[source], row[source], right[name], row[name], confidence) for name in wanted)
        for source, row in broken.items()
    )
    return Matrix(
        sources=tuple(broken),
        targets=wanted,
        cells=cells,
        own=tuple(_own(right[name], known.get(name), confidence) for name in wanted),
    )


def _own(right: ArrayLike, broken: ArrayLike | None, confidence: float) -> Rate | None:
    if broken is None:
        return None
    before = flags(right, "right")
    fell = flags(broken, "broken", len(before)) & before
    return counted(int(fell.sum()), int(before.sum()), confidence)


def _carried(rate: Rate, above: float | None = None) -> Carried | None:
    if rate.value is None:
        return None
    flagged = above is not None and rate.interval.low > above
    return Carried(value=rate.value, interval=rate.interval, n=rate.n, flagged=flagged)
