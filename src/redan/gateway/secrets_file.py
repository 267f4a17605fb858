"""Secrets of the gateway itself, made on first use and readable by its user alone."""

import os
import secrets
import stat
from pathlib import Path

from redan.errors import InvalidError, UsageError
from redan.files import atomic_file, open_regular

_BYTES = 32


def secret(path: Path) -> bytes:
    """The 32 bytes of a secret file.

    Args:
        path: of the file; made when it is not there.

    Raises:
        UsageError: it cannot be made, or others can read it.
        InvalidError: it is not 32 bytes.
    """
    if not path.exists():
        try:
            with atomic_file(path, mode=0o600, replace=False) as file:
                file.write(secrets.token_bytes(_BYTES))
        except UsageError:
            if not path.exists():  # another process was first
                raise
    with os.fdopen(open_regular(path), "rb") as file:
        if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
            raise UsageError("can be read by others", where=str(path), remedy="chmod 600, and make it anew if they did")
        data = file.read(_BYTES + 1)
    if len(data) != _BYTES:
        raise InvalidError("is no secret of the gateway", where=str(path), remedy="restore it, or move it away")
    return data
