"""Keys, tokens and passwords in code or configuration, found by CredSweeper: offline, and nothing of a secret leaves.

Why this scanner: docs/adr/0003-secret-scanner.md.
"""

import io
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from redan.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    from credsweeper.app import CredSweeper

_NOT_SECRETS = frozenset({"UUID"})  # identifiers of runs and rows; rule names are the scanner's
# the scanner leaves out files that it takes for archives by their name; code is scanned whatever it is called
_KNOWN_SUFFIXES = frozenset(
    {
        ".py", ".ipynb", ".r", ".jl", ".scala", ".java", ".sh",
        ".sql", ".yml", ".yaml", ".toml", ".json", ".ini", ".cfg",
        ".conf", ".env", ".properties", ".txt", ".md",
    }
)  # fmt: skip


class Secret(NamedTuple):
    """Where a secret stands and what it looks like; never the secret.

    Args:
        line: from 1.
        rule: what kind of secret the scanner takes it for, several joined by a comma.
    """

    line: int
    rule: str


def find_secrets(files: Sequence[tuple[str, bytes]]) -> Mapping[str, tuple[Secret, ...]]:
    """The secrets of some text files.

    Args:
        files: names and contents; each name once.

    Returns:
        For every name its secrets by line; an empty tuple when the file holds none.

    Raises:
        MissingExtraError: the scanner is not installed, or cannot start.
        InputError: a file is not text.
    """
    for name, content in files:
        if b"\0" in content:
            raise InputError("is not a text file, so it cannot be searched for secrets", where=name)
    inner = {f"{i}{_suffix(name)}": name for i, (name, _) in enumerate(files)}
    given = [(key, io.BytesIO(content)) for key, (_, content) in zip(inner, files, strict=True)]
    rules: dict[str, dict[int, set[str]]] = {name: {} for name, _ in files}
    with _quiet():
        for key, line, rule in _scan(given):
            if rule not in _NOT_SECRETS:
                rules[inner[key]].setdefault(line, set()).add(rule)
    return {
        name: tuple(Secret(line, ", ".join(sorted(found))) for line, found in sorted(by_line.items()))
        for name, by_line in rules.items()
    }


def _suffix(name: str) -> str:
    path = PurePosixPath(name)
    suffix = path.suffix.lower() or path.name.lower()
    return suffix if suffix in _KNOWN_SUFFIXES else ".py"


def _scan(given: Sequence[tuple[str, io.BytesIO]]) -> Iterator[tuple[str, int, str]]:
    scanner = _scanner()
    from credsweeper.file_handler.files_provider import FilesProvider

    scanner.run(FilesProvider(list(given)))
    for candidate in scanner.credential_manager.get_credentials():
        for line in candidate.line_data_list:
            yield line.path, line.line_num, candidate.rule_name


def _scanner() -> "CredSweeper":
    try:
        from credsweeper.app import CredSweeper
    except ImportError as error:  # not installed, or its git binding found no git program
        raise MissingExtraError("secrets", "credsweeper (and the git program)") from error
    return CredSweeper(stdout=False, pool_count=1, ml_threads_limit=1)


@contextmanager
def _quiet() -> Iterator[None]:
    # the scanner logs pieces of what it reads, and deprecates classes that its own public ones still use
    logger = logging.getLogger("credsweeper")
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            yield
    finally:
        logger.setLevel(before)
