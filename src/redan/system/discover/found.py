"""What discovery finds, as facts; what they mean is guessed later."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

ColumnKind = Literal["empty", "bool", "int", "float", "date", "text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnFacts:
    """One column of a table, as its first rows show it.

    Args:
        name: as the file gives it.
        kind: what all non-empty sampled values are.
        sampled: number of non-empty values looked at.
        distinct: number of different ones among them.
        spaced: whether any of them holds a space, as prose does.
    """

    name: str
    kind: ColumnKind
    sampled: int
    distinct: int
    spaced: bool = False

    @property
    def unique(self) -> bool:
        """Whether enough values were seen to say that none repeats."""
        return self.sampled >= 20 and self.distinct == self.sampled  # noqa: PLR2004 -- fewer could be chance


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFile:
    """A file that holds a table.

    Args:
        path: relative to the folder, with `/`.
        format: CSV, TSV, Parquet, Arrow, JSON lines or DuckDB.
        columns: empty when the file does not tell them cheaply.
    """

    path: str
    format: str
    columns: tuple[ColumnFacts, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """A named input or output of a model.

    Args:
        name: as the model gives it.
        dtype: element type, such as float32; empty when unknown.
        shape: sizes; None where it varies.
    """

    name: str
    dtype: str = ""
    shape: tuple[int | None, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """A file that holds a trained model.

    Args:
        path: relative to the folder, with `/`.
        format: such as ONNX or PyTorch (zip).
        inputs: known for ONNX only.
        outputs: known for ONNX only.
        runs_code: whether loading it in the usual way can run code that the file brings.
    """

    path: str
    format: str
    inputs: tuple[Port, ...] = ()
    outputs: tuple[Port, ...] = ()
    runs_code: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A Python file or notebook.

    Args:
        path: relative to the folder, with `/`.
        imports: top-level modules that it imports.
        trains: the call that makes it a training script; empty when there is none.
        serves: the framework it serves with; empty when there is none.
        mentions: last parts of the paths that appear in its strings.
    """

    path: str
    imports: frozenset[str] = frozenset()
    trains: str = ""
    serves: str = ""
    mentions: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """Configuration that puts a model to work.

    Args:
        path: relative to the folder, with `/`.
        kind: such as Dockerfile or Triton.
        public: whether it asks for an address outside the cluster.
    """

    path: str
    kind: str
    public: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A distribution that the project needs.

    Args:
        package: normalised name.
        version: exact version; empty when it is not pinned.
        path: file that says so.
    """

    package: str
    version: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedRun:
    """A training run that MLflow recorded.

    Args:
        path: folder of the run, relative, with `/`.
        source: name of the script it ran; empty when unknown.
    """

    path: str
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Everything of interest in a folder, each group sorted by path.

    Args:
        name: of the folder.
        looked_at: number of files that were opened.
        notes: what was left out and why, one sentence each.
    """

    name: str
    tables: tuple[TableFile, ...] = ()
    models: tuple[ModelFile, ...] = ()
    scripts: tuple[Script, ...] = ()
    serving: tuple[Serving, ...] = ()
    pins: Mapping[str, Pin] = field(default_factory=dict)
    runs: tuple[TrackedRun, ...] = ()
    looked_at: int = 0
    notes: tuple[str, ...] = ()
