"""A model's file: where it is and what its bytes are; never loaded here."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """The file behind a `[[model]]`.

    Args:
        element: element id, such as `model:churn`.
        path: absolute path, confined to the project folder.
        digest: SHA-256 of the bytes, 64 hex digits.
        size: bytes.
    """

    element: str
    path: Path
    digest: str
    size: int
