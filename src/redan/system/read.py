"""Reads `redan.toml` into a System, or says in one line what is wrong with it and where."""

import tomllib
from pathlib import Path

from pydantic import ValidationError

from redan.errors import ConfigError, InputError
from redan.files import TEXT_LIMIT_BYTES, read_bounded
from redan.system.records import Origin, Tables
from redan.system.system import System

FILE_NAME = "redan.toml"


def read(path: Path) -> System:
    """The system that a description declares.

    Args:
        path: a `redan.toml`, or the folder that holds one.

    Returns:
        The validated system; all paths in it are relative to the folder of the file.

    Raises:
        ConfigError: the file is absent, not readable as UTF-8 TOML, or says something that it must not.
    """
    file = path / FILE_NAME if path.is_dir() else path
    try:
        text = read_bounded(file, TEXT_LIMIT_BYTES).decode()
        tables = Tables.model_validate(tomllib.loads(text), by_alias=True, by_name=False)
    except InputError as error:
        raise ConfigError(error.what, where=str(file), remedy=error.remedy) from error
    except (ValidationError, ValueError, RecursionError) as error:
        raise ConfigError(str(error), where=str(file)) from error
    return System(tables, Origin(file=str(file), root=file.resolve().parent))
