"""The files of `[pipeline]`: lock files, the result of a search for vulnerabilities, and statements about them."""

from dataclasses import dataclass
from pathlib import Path

from redan.artifacts.code_files import CodeFile
from redan.canon import digest_of


@dataclass(frozen=True, slots=True, kw_only=True)
class LockFiles:
    """The lock files of the dependencies.

    Args:
        element: always `pipeline`.
        files: in the order of the description.
    """

    element: str
    files: tuple[CodeFile, ...]

    @property
    def digest(self) -> str:
        """SHA-256 over the names and digests of all files."""
        return digest_of([[file.name, file.sha256] for file in self.files])


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFile:
    """The result of the last search for known vulnerabilities.

    Args:
        element: always `pipeline`.
        name: path as `redan.toml` gives it.
        path: absolute path, confined to the project folder.
        digest: SHA-256 of the bytes, 64 hex digits.
    """

    element: str
    name: str
    path: Path
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementFile:
    """The statements on vulnerabilities that do not apply.

    Args:
        element: always `pipeline`.
        name: path as `redan.toml` gives it.
        path: absolute path, confined to the project folder.
        digest: SHA-256 of the bytes, 64 hex digits.
    """

    element: str
    name: str
    path: Path
    digest: str
