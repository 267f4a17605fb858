"""Files and secrets that a file refers to: they lie beside it or in the environment, and no secret is in it."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from redan.errors import ConfigError, InputError
from redan.files import confined, open_regular

_MOST: Final = 1 << 20
_OTHERS: Final = stat.S_IRWXO | stat.S_IWGRP  # a group may read: secrets of Kubernetes come that way


class Beside:
    """References of a file.

    Args:
        folder: where the file is; what it names stays below it.
        environ: variables of the process.
    """

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self._folder = folder
        self._environ = environ

    def path(self, name: str) -> Path:
        """Where a file lies; it need not be there.

        Raises:
            ConfigError: the name leads out of the folder.
        """
        try:
            return confined(self._folder, name)
        except InputError as error:
            raise ConfigError(error.what, where=name, remedy=error.remedy) from error

    def file(self, name: str, *, private: bool = False) -> bytes:
        """All of a file of at most 1 MiB.

        Args:
            name: below the folder.
            private: whether nobody but its user and group may read it, and its user alone write it.

        Raises:
            ConfigError: it is absent, no regular file, too large, or others may read what is private.
        """
        path = self.path(name)
        try:
            descriptor = open_regular(path)
        except InputError as error:
            raise ConfigError(error.what, where=name, remedy=error.remedy) from error
        with os.fdopen(descriptor, "rb") as opened:
            if private and os.fstat(opened.fileno()).st_mode & _OTHERS:
                raise ConfigError(
                    "may be read by others", where=name, remedy="chmod 600 it (640 for a group), and make a new secret"
                )
            data = opened.read(_MOST + 1)
        if len(data) > _MOST:
            raise ConfigError(f"is larger than {_MOST:,} bytes", where=name)
        return data

    def secret(self, reference: str) -> bytes:
        """What `file:NAME` or `env:NAME` stands for, without space around it; no message holds any of it.

        Raises:
            ConfigError: the file cannot be read or may be read by others, or the variable is not set or empty.
        """
        kind, _, name = reference.partition(":")
        if kind == "file":
            return self.file(name, private=True).strip()
        if kind != "env" or not name:
            raise ConfigError("is neither 'file:NAME' nor 'env:NAME'", remedy="name where the secret is")
        found = self._environ.get(name, "").strip()
        if not found:
            raise ConfigError("is not set, or empty", where=reference, remedy=f"set the variable {name}")
        try:
            return os.fsencode(found)
        except UnicodeEncodeError as error:
            raise ConfigError("is not plain text", where=reference) from error
