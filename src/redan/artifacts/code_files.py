"""The training code and configuration of a model, as files."""

from dataclasses import dataclass
from pathlib import Path

from redan.canon import digest_of


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeFile:
    """One script or configuration file.

    Args:
        name: path as `redan.toml` gives it.
        path: absolute path, confined to the project folder.
        sha256: of the bytes, 64 hex digits.
    """

    name: str
    path: Path
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeFiles:
    """All code files of one model.

    Args:
        element: element id, such as `model:churn`.
        files: in the order of the description.
    """

    element: str
    files: tuple[CodeFile, ...]

    @property
    def digest(self) -> str:
        """SHA-256 over the names and digests of all files."""
        return digest_of([[file.name, file.sha256] for file in self.files])
