"""Decompressed bytes as a region: in memory while they are few, else in a nameless temporary file."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO

from redan.scan.contract import Budget
from redan.scan.region import Region

_IN_MEMORY_BYTES = 8 << 20


@contextmanager
def spooled(chunks: Iterable[bytes], budget: Budget) -> Iterator[Region]:
    """A region of everything that `chunks` yields, for as long as the context lasts.

    Args:
        chunks: in order; what they sum to is charged as they come.
        budget: of the file.

    Raises:
        BudgetError: they are too many.
    """
    kept: list[bytes] = []
    size = 0
    file: IO[bytes] | None = None
    try:
        for chunk in chunks:
            budget.spend(unpacked=len(chunk), steps=1)
            size += len(chunk)
            if file is None and size > _IN_MEMORY_BYTES:
                file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 -- closed below, on every way out
                for earlier in kept:
                    file.write(earlier)
                kept.clear()
            if file is None:
                kept.append(chunk)
            else:
                file.write(chunk)
        yield Region.of(b"".join(kept)) if file is None else Region(file.fileno(), 0, size)
    finally:
        if file is not None:
            file.close()
