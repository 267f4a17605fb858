"""Any lock file: routed by what it says, not by what it is called."""

import re

from redan.measures.dependencies.pins import Lock
from redan.measures.dependencies.requirements import read_requirements
from redan.measures.dependencies.toml_locks import read_pipfile_lock, read_toml_lock

_TOML_LINE = re.compile(r"""\[.*\]|[A-Za-z0-9_"'][A-Za-z0-9_."'-]*\s*=(?!=)""")
LIMIT_BYTES = 16 << 20  # the largest lock files of big products are a few MiB


def read_lock(data: bytes) -> Lock:
    """What a lock file pins.

    Args:
        data: of the file: a requirements file with hashes, `pylock.toml`, `uv.lock`, `poetry.lock` or `Pipfile.lock`.

    Returns:
        Its pins, each with its fault if it has one; empty when the file names no distribution.

    Raises:
        ValueError: too large, not UTF-8, or of no known kind; says so in a clause.
    """
    if len(data) > LIMIT_BYTES:
        raise ValueError(f"is larger than {LIMIT_BYTES:,} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError("is not UTF-8") from error
    if "\0" in text:
        raise ValueError("is not a text file")
    if text.lstrip().startswith("{"):
        return read_pipfile_lock(data.removeprefix(b"\xef\xbb\xbf"), limit_bytes=LIMIT_BYTES)
    if _is_toml(text):
        return read_toml_lock(text)
    return read_requirements(text)


def _is_toml(text: str) -> bool:
    """Whether the first line that says something is a key or a table of TOML, which no requirement can be."""
    for raw in text.splitlines():
        line = raw.strip()
        if line and not line.startswith("#"):
            return _TOML_LINE.match(line) is not None
    return False
