"""What arrived from one source: its datasets, those that were drawn from others told apart."""

from collections.abc import Iterable
from dataclasses import dataclass

from redan.artifacts.dataset_file import DatasetFile
from redan.controls.contract import Have, Subject
from redan.errors import IncompleteError
from redan.measures.load import Days, days_of, merged
from redan.measures.load.findings import About
from redan.system.records import Dataset, Source
from redan.system.system import System
from redan.tables import Table

FED = frozenset({"crowd", "sensor"})  # what people or devices send arrives when they like


def each_fed(system: System) -> Iterable[Subject]:
    """Every source that people or devices feed, or whose load is described, with the datasets that came from it."""
    for source in system.sources:
        own = [d for d in system.datasets if source.name in d.sources and d.path]
        if own and (source.kind in FED or source.every or source.volume or source.limit):
            references = [d for d in system.datasets if d.path and d.name in {o.reference for o in own}]
            names = dict.fromkeys(f"dataset:{d.name}" for d in (*own, *references))
            yield Subject(f"source:{source.name}", tuple(names))


@dataclass(frozen=True, slots=True)
class Feed:
    """One source and what came from it."""

    have: Have

    @property
    def source(self) -> Source:
        """The record."""
        name = self.have.subject.id.partition(":")[2]
        return next(s for s in self.have.system.sources if s.name == name)

    @property
    def about(self) -> About:
        """How findings name it."""
        return About(self.have.subject.id, f"source {self.source.name}")

    @property
    def read(self) -> tuple[Dataset, ...]:
        """Datasets that were read: those of the source and their references."""
        return tuple(self.have.system.dataset(e.partition(":")[2]) for e in self.have.subject.elements)

    @property
    def datasets(self) -> tuple[Dataset, ...]:
        """Datasets that came from the source."""
        return tuple(d for d in self.read if self.source.name in d.sources)

    @property
    def arrived(self) -> tuple[Dataset, ...]:
        """What the source sent: without the sets that were drawn from another of its datasets."""
        names = {d.name for d in self.datasets}
        return tuple(d for d in self.datasets if d.drawn_from not in names or d.drawn_from == d.name)

    @property
    def used(self) -> tuple[Dataset, ...]:
        """What is used: without the pools that others were drawn from."""
        pools = {d.drawn_from for d in self.datasets if d.drawn_from != d.name}
        return tuple(d for d in self.datasets if d.name not in pools)

    def table(self, dataset: Dataset) -> Table:
        """A dataset's file, opened."""
        return self.have.get(DatasetFile, f"dataset:{dataset.name}").table()

    def days(self, datasets: tuple[Dataset, ...], *, labelled: bool = False) -> Days:
        """Rows by day (and class) over some datasets.

        Raises:
            IncompleteError: a dataset names no time, several sources, or another label than the rest.
        """
        for dataset in datasets:
            if dataset.time is None:
                raise IncompleteError(f"dataset {dataset.name} declares no 'time' column")
            if len(dataset.sources) > 1 and not labelled:
                raise IncompleteError(
                    f"the rows of dataset {dataset.name} do not say which of its sources they are from"
                )
        kept = [d for d in datasets if d.label is not None] if labelled else datasets
        return merged([days_of(self.table(d), d.time or "", d.label if labelled else None) for d in kept])
