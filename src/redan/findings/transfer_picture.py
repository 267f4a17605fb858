"""What a transfer of attacks looks like: models that inputs were made on, and models that they were tried on."""

from dataclasses import dataclass

from redan.canon import Json
from redan.stats.interval import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """One cell.

    Args:
        value: share of inputs that carried.
        interval: of the share.
        n: inputs that could.
        flagged: whether it is told as broken.
    """

    value: float
    interval: Interval
    n: int
    flagged: bool = False

    def to_json(self) -> dict[str, Json]:
        """The cell as a finding carries it."""
        return {
            "value": self.value,
            "interval": [self.interval.low, self.interval.high],
            "n": self.n,
            "flagged": self.flagged,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferMatrix:
    """Rows are what inputs were made on, columns what they were tried on; the last row is who knows the column itself.

    Args:
        title: what is shown.
        sources: names of the rows.
        targets: names of the columns.
        cells: one per row and column; None where nothing could carry.
        own: one per column, what an attacker breaks who knows that model; None where it was not asked.
        words: what a share is of.
    """

    title: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    cells: tuple[tuple[Carried | None, ...], ...]
    own: tuple[Carried | None, ...]
    words: str

    def to_json(self) -> dict[str, Json]:
        """The picture as a finding carries it."""
        return {
            "kind": "transfer",
            "title": self.title,
            "sources": [*self.sources],
            "targets": [*self.targets],
            "cells": [[None if cell is None else cell.to_json() for cell in row] for row in self.cells],
            "own": [None if cell is None else cell.to_json() for cell in self.own],
            "words": self.words,
        }
