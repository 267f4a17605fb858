"""Reads `redan.toml` into a System, or says in one line what is wrong with it and where."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from pydantic import ValidationError

from redan.errors import ConfigError, InputError, steering
from redan.files import TEXT_LIMIT_BYTES, read_bounded
from redan.system import problems, references
from redan.system.lines import KeyPath, NotTomlError, locate
from redan.system.problems import Problem
from redan.system.records import Origin, Tables
from redan.system.system import System

FILE_NAME = "redan.toml"
_LOOK_AHEAD_CHARS = 1000  # enough for tomllib to name a fault; too little to exhaust it
_PLACE = re.compile(r" \(at (?:line ([0-9]+), column [0-9]+|end of document)\)$")


def read(path: Path | str) -> System:
    """The system that a description declares.

    Args:
        path: a `redan.toml`, or the folder that holds one.

    Returns:
        The validated system; all paths in it are relative to the folder of the file.

    Raises:
        ConfigError: the file is absent, not readable as UTF-8 TOML, or says something that it must not; the message
            names the first fault by line and counts the others.
    """
    given = Path(path)
    file = given / FILE_NAME if given.is_dir() else given
    try:
        data = read_bounded(file, TEXT_LIMIT_BYTES)
    except InputError as error:
        raise _unreadable(file, error) from error
    return parse(data, file=str(file), root=file.absolute().parent.resolve())


def parse(data: bytes, *, file: str, root: Path) -> System:
    """The system that the bytes of a description declare.

    Args:
        data: the whole file; at most `TEXT_LIMIT_BYTES`.
        file: name of the file, for messages and locations.
        root: absolute folder that all paths in the description are relative to.

    Raises:
        ConfigError: as for `read`.
    """
    text = _decoded(data, file)
    try:
        lines = locate(text)
    except NotTomlError as error:
        raise _not_toml(text, error, file) from error
    values = _values(text, file)
    steered = list(_steered(values, ()))
    if steered:
        raise problems.refusal(steered, lines, file)
    try:
        tables = Tables.model_validate(values, by_alias=True, by_name=False)
    except ValidationError as error:
        raise problems.refusal(list(problems.of_validation(error)), lines, file) from error
    _refer(tables, lines, file, root)
    return System(tables, Origin(file=file, root=root, lines={_joined(key): line for key, line in lines.items()}))


def _steered(value: object, path: KeyPath) -> Iterator[Problem]:
    """Texts that would steer the terminal, or hide in the report, that they are shown in; the depth is bounded."""
    if isinstance(value, str):
        if (mark := steering(value)) is not None:
            yield Problem(path, f"holds the control character {mark}, which no report could show")
        return
    pairs: Iterable[tuple[str | int, object]] = ()
    if isinstance(value, dict):
        pairs = value.items()
    elif isinstance(value, list):
        pairs = enumerate(value)
    for key, inner in pairs:
        yield from _steered(inner, (*path, key))


def _refer(tables: Tables, lines: Mapping[KeyPath, int], file: str, root: Path) -> None:
    found = list(references.problems(tables, root))
    if found:
        raise problems.refusal(found, lines, file)


def _joined(path: KeyPath) -> str:
    return ".".join(map(str, path))


def _unreadable(file: Path, error: InputError) -> ConfigError:
    absent = not file.exists() and not file.is_symlink()
    remedy = "write one with: redan init" if absent else error.remedy
    return ConfigError("there is no such file" if absent else error.what, where=str(file), remedy=remedy)


def _decoded(data: bytes, file: str) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ConfigError("is UTF-16", where=f"{file}:1", remedy="save it as UTF-8")
    try:
        text = data.decode("utf-8-sig")  # editors on Windows put a byte order mark first
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError("is not UTF-8", where=f"{file}:{line}", remedy="save it as UTF-8") from error
    if not text.strip():
        raise ConfigError("is empty", where=f"{file}:1", remedy="write one with: redan init --force")
    return text.replace("\r\n", "\n")


def _values(text: str, file: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax(str(error), file, text.count("\n") + 1) from error
    except (ValueError, RecursionError) as error:  # Python refuses to read numbers of thousands of digits
        raise _syntax("a number has too many digits", file, 1) from error


def _not_toml(text: str, fault: NotTomlError, file: str) -> ConfigError:
    """The words of tomllib for a broken grammar, asked only about the text up to the break."""
    if fault.what:
        return ConfigError(f"is not a description: {fault.what}", where=f"{file}:{fault.line}")
    try:
        tomllib.loads(text[: fault.at + _LOOK_AHEAD_CHARS])
    except tomllib.TOMLDecodeError as error:
        return _syntax(str(error), file, fault.line)
    except (ValueError, RecursionError):
        pass
    return _syntax("unexpected text", file, fault.line)


def _syntax(message: str, file: str, line: int) -> ConfigError:
    place = _PLACE.search(message)
    words = message[: place.start()] if place else message
    where = place[1] if place and place[1] else line
    return ConfigError(f"is not valid TOML: {words[:1].lower()}{words[1:200]}", where=f"{file}:{where}")
