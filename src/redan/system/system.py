"""System: the validated description, with look-ups by element id and by line."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TypeAlias

from redan.canon import Json, digest_of
from redan.system.records import (
    About,
    Boundary,
    Dataset,
    Endpoint,
    Feature,
    Federation,
    Feedback,
    Flow,
    Gateway,
    Model,
    Origin,
    Person,
    Pipeline,
    Policy,
    Preprocessor,
    Site,
    Source,
    Stance,
    Tables,
)

Element: TypeAlias = (
    Person | Site | Boundary | Source | Dataset | Feature | Preprocessor | Model | Endpoint | Feedback | Federation
)
ELEMENT_TABLES = (
    "person",
    "site",
    "boundary",
    "source",
    "dataset",
    "feature",
    "preprocessor",
    "model",
    "endpoint",
    "feedback",
    "federation",
)


@dataclass(frozen=True)
class System:
    """The ML product as `redan.toml` describes it.

    Args:
        tables: the validated records.
        origin: file, folder and line numbers, kept out of every digest.
    """

    tables: Tables
    origin: Origin

    @property
    def about(self) -> About:
        """The `[system]` table."""
        return self.tables.system

    @property
    def datasets(self) -> tuple[Dataset, ...]:
        """All `[[dataset]]` tables."""
        return self.tables.dataset

    @property
    def models(self) -> tuple[Model, ...]:
        """All `[[model]]` tables."""
        return self.tables.model

    @property
    def sources(self) -> tuple[Source, ...]:
        """All `[[source]]` tables."""
        return self.tables.source

    @property
    def features(self) -> tuple[Feature, ...]:
        """All `[[feature]]` tables."""
        return self.tables.feature

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """All `[[endpoint]]` tables."""
        return self.tables.endpoint

    @property
    def flows(self) -> tuple[Flow, ...]:
        """All `[[flow]]` tables."""
        return self.tables.flow

    @property
    def pipeline(self) -> Pipeline:
        """The `[pipeline]` table."""
        return self.tables.pipeline

    @property
    def gateway(self) -> Gateway:
        """The `[gateway]` table."""
        return self.tables.gateway

    @property
    def policy(self) -> Policy:
        """The `[policy]` table."""
        return self.tables.policy

    @cached_property
    def elements(self) -> Mapping[str, Element]:
        """Every named element by id, such as `dataset:train`, in the order of the description."""
        return MappingProxyType(dict(self._walk()))

    def _walk(self) -> Iterator[tuple[str, Element]]:
        groups: dict[str, tuple[Element, ...]] = {
            "person": self.tables.person,
            "site": self.tables.site,
            "boundary": self.tables.boundary,
            "source": self.tables.source,
            "dataset": self.tables.dataset,
            "feature": self.tables.feature,
            "preprocessor": self.tables.preprocessor,
            "model": self.tables.model,
            "endpoint": self.tables.endpoint,
            "feedback": self.tables.feedback,
            "federation": self.tables.federation,
        }
        for kind, group in groups.items():
            for element in group:
                yield f"{kind}:{element.name}", element

    def dataset(self, name: str) -> Dataset:
        """The dataset called `name`.

        Raises:
            KeyError: there is none.
        """
        return next((d for d in self.datasets if d.name == name), None) or _missing("dataset", name)

    def stance(self, control: str) -> Stance | None:
        """What the team decided or attests about a control; None when it says nothing."""
        return self.tables.controls.get(control)

    def line(self, element: str, key: str | None = None) -> int:
        """The line that declares an element, or one of its keys.

        Args:
            element: `dataset:train`, `system`, `policy`, `controls:ID` or `flow:0`.
            key: a key of that table; the table's own line when it is absent or has no line.

        Returns:
            A line from 1; 1 when the element is not in the file.
        """
        lines = self.origin.lines
        path = self._path(element)
        found = lines.get(f"{path}.{key}") if key else None
        return found or lines.get(path, 1)

    def _path(self, element: str) -> str:
        kind, _, name = element.partition(":")
        if not name:
            return kind
        if kind in {"flow", "exclusion", "controls"}:
            return f"{kind}.{name}"
        names = [e.name for i, e in self.elements.items() if i.startswith(f"{kind}:")]
        return f"{kind}.{names.index(name)}" if name in names else kind

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the canonical description: changes with any declared value, not with comments or layout."""
        return digest_of(self.to_json())

    def to_json(self) -> dict[str, Json]:
        """The description as JSON, defaults included."""
        return self.tables.model_dump(mode="json", by_alias=True)


def _missing(kind: str, name: str) -> Dataset:
    raise KeyError(f"{kind}:{name}")
