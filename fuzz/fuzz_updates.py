"""Recorded updates of federated training: any bytes are an array or an InputError."""

import contextlib

from redan.artifacts.updates_file import read_updates
from redan.errors import InputError


def TestOneInput(data: bytes) -> None:  # noqa: N802 -- the name that fuzzers call
    """Reads the bytes as an .npz file."""
    with contextlib.suppress(InputError):
        read_updates(data)
