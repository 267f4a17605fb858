"""Reads TOML that may hold secrets: what is wrong is told by its line alone, and never by its words."""

import re
import tomllib
from typing import Any

from redan.errors import ConfigError
from redan.system.lines import KeyPath, NotTomlError, locate

_PLACE = re.compile(r" \(at line ([0-9]+), column [0-9]+\)$")


def values_and_lines(data: bytes, file: str) -> tuple[dict[str, Any], dict[KeyPath, int]]:
    """The values of a TOML text, and the line of each table and key.

    Args:
        data: TOML 1.0.0.
        file: its name, for messages.

    Raises:
        ConfigError: it is no TOML; names the line, the last one where the text ends too early.
    """
    try:
        text = data.decode().replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError("is not UTF-8", where=f"{file}:{line}", remedy="save it as UTF-8") from error
    try:
        lines = locate(text)
        return tomllib.loads(text), lines
    except NotTomlError as error:
        raise ConfigError(error.what or "is not valid TOML", where=f"{file}:{error.line}") from error
    except (tomllib.TOMLDecodeError, ValueError, RecursionError) as error:
        place = _PLACE.search(str(error))
        line = int(place[1]) if place else text.count("\n") + 1
        raise ConfigError("is not valid TOML", where=f"{file}:{line}") from error
