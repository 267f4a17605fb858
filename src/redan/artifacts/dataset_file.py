"""A dataset's file: where it is and what its bytes are."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetFile:
    """The file behind a `[[dataset]]`.

    Args:
        element: element id, such as `dataset:train`.
        path: absolute path, confined to the project folder.
        digest: SHA-256 of the bytes, 64 hex digits.
        size: bytes.
    """

    element: str
    path: Path
    digest: str
    size: int
