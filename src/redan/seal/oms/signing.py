"""Signing: every file below a path is hashed, listed and put under one signature."""

from collections.abc import Iterable
from pathlib import Path

from redan.errors import UsageError
from redan.seal.oms.records import HashType, Progress, Sealer, Signing


def sign(
    path: Path,
    signer: Signing | Sealer,
    *,
    ignore: Iterable[str] = (),
    hash_type: HashType = "sha256",
    threads: int | None = None,
    progress: Progress | None = None,
    dot: bool = False,
) -> bytes:
    """The seal of a file or folder: an OMS v1.0 bundle, method `files`."""
    raise UsageError("not there yet")
