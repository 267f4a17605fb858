"""What a description and the data say about one dataset: the one source of its Croissant card and its datasheet."""

from dataclasses import dataclass
from pathlib import PurePosixPath

from redan.measures.profile import Profile
from redan.system.records import Dataset, Source
from redan.system.system import System


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetFacts:
    """Facts about one dataset.

    Args:
        system: the product that uses it.
        dataset: its table in `redan.toml`.
        profile: aggregates of its rows.
        sha256: digest of its file, 64 hex digits.
        size: bytes of its file.
    """

    system: System
    dataset: Dataset
    profile: Profile
    sha256: str
    size: int

    @property
    def sources(self) -> tuple[Source, ...]:
        """The sources that it names, in its order."""
        known = {source.name: source for source in self.system.sources}
        return tuple(known[name] for name in self.dataset.sources if name in known)

    @property
    def file(self) -> str:
        """Its file as a relative POSIX path; its name where no path is declared."""
        return PurePosixPath(self.dataset.path).as_posix() if self.dataset.path else self.dataset.name

    @property
    def description(self) -> str:
        """One sentence of facts."""
        return (
            f"{self.dataset.role.capitalize()} data of {self.system.about.name}: "
            f"{self.profile.rows:,} rows, {len(self.profile.columns)} columns."
        )

    @property
    def personal(self) -> tuple[str, ...]:
        """Columns declared as personal in any way, each once, in the order of the file."""
        named = personal_columns(self.dataset)
        return tuple(column.name for column in self.profile.columns if column.name in named)


def personal_columns(dataset: Dataset) -> frozenset[str]:
    """Columns that a description calls identifying, quasi-identifying, sensitive, personal or pseudonyms."""
    alone = (dataset.contributor,) if dataset.contributor else ()
    return frozenset(
        (
            *dataset.identifiers,
            *dataset.quasi_identifiers,
            *dataset.sensitive,
            *dataset.personal,
            *dataset.pseudonyms,
            *alone,
        )
    )
