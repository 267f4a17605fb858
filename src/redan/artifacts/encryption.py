"""Whether a file is encrypted where it lies, as far as that can be told without a key."""

import os
from dataclasses import dataclass
from pathlib import Path

from redan.artifacts.absent import Absent
from redan.artifacts.artifact import Artifact
from redan.artifacts.declared import declared_paths, digested, model_path
from redan.canon import digest_of
from redan.errors import InvalidError
from redan.files import open_regular
from redan.seal.age_header import begins_as_age, inspect
from redan.system.system import System

_START = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Encryption:
    """The file behind an element, looked at from outside.

    Args:
        element: element id, such as `dataset:train`.
        name: path as `redan.toml` gives it.
        sha256: of the bytes.
        recipients: types of the recipients of an age file, such as `X25519` or `scrypt`; empty when it is none.
        fault: why a file that begins as an age file is none; the empty string otherwise.
    """

    element: str
    name: str
    sha256: str
    recipients: tuple[str, ...] = ()
    fault: str = ""

    @property
    def digest(self) -> str:
        """SHA-256 over everything that was found."""
        return digest_of([self.name, self.sha256, self.recipients, self.fault])


def encrypted(path: Path) -> bool:
    """Whether a file begins as an age file, so that nobody can read it as data.

    Raises:
        InputError: it cannot be opened, or is not a regular file.
    """
    with os.fdopen(open_regular(path), "rb") as file:
        return begins_as_age(file.read(_START))


def encryption(system: System, element: str) -> Artifact | Absent:
    """The file behind a dataset or a model, looked at from outside; absent while there is none.

    Raises:
        InputError: the file is missing, not regular, or leaves the project; names file and line.
    """
    if element.startswith("model:") and isinstance(absent := model_path(system, element), Absent):
        return absent
    pairs = declared_paths(system, element, ("path",))
    if not pairs:
        return Absent(element, "no path is declared")
    found = digested(system, element, *pairs[0])
    if isinstance(found, Absent):
        return found
    path, sha256, _ = found
    if not encrypted(path):
        return Encryption(element=element, name=pairs[0][1], sha256=sha256)
    with os.fdopen(open_regular(path), "rb") as file:
        try:
            seen = inspect(file)
        except InvalidError as error:
            return Encryption(element=element, name=pairs[0][1], sha256=sha256, fault=error.what)
    return Encryption(element=element, name=pairs[0][1], sha256=sha256, recipients=seen.recipients)
