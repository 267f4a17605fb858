"""What is wrong with a description, told as one line: the place, the key, the fault and the nearest right word."""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from redan.errors import ConfigError
from redan.system.lines import KeyPath
from redan.system.records import Tables

_BARE_CHARS = 80
_BARE = re.compile(r"[A-Za-z0-9_-]{1,80}")
_QUOTED = re.compile(r"'([^']*)'")
_COMPARED = 2000  # words that a wrong one is compared with; comparing is slow
_SAYS: Mapping[str, str] = {
    "string_type": "must be text in quotes",
    "bool_type": "must be true or false, without quotes",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "tuple_type": "must be an array, such as ['...']",
    "model_type": "must be a table",
    "dict_type": "must be a table",
    "string_too_short": "must not be empty",
    "string_too_long": "must not be longer than {max_length} characters",
    "greater_than_equal": "must be at least {ge}",
    "greater_than": "must be more than {gt}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "value_error": "{error}",
}


class Problem(NamedTuple):
    """One fault of a description.

    Args:
        path: of the key or table at fault; it may be a key that is not there.
        what: the fault in words.
        wrong: the word that the writer used, if one was wrong.
        known: the words that would have been right.
    """

    path: KeyPath
    what: str
    wrong: str = ""
    known: Sequence[str] = ()

    def __str__(self) -> str:
        """The fault with its place in the description and the nearest right word."""
        near = difflib.get_close_matches(self.wrong, self.known[:_COMPARED], n=1, cutoff=0.6) if self.wrong else []
        guess = f", did you mean '{near[0]}'?" if near else ""
        return f"{dotted(self.path)}: {self.what}{guess}"


def dotted(path: KeyPath) -> str:
    """A path as a person writes it, such as `dataset[2].path`; long or odd keys are quoted and cut."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            word = part if _BARE.fullmatch(part) else f"'{part[:_BARE_CHARS]}'"
            text += f".{word}" if text else word
    return text


def line_of(path: KeyPath, lines: Mapping[KeyPath, int]) -> int:
    """The line of a key, or of the nearest table around it; 1 when there is none."""
    return next((lines[path[:n]] for n in range(len(path), 0, -1) if path[:n] in lines), 1)


def refusal(problems: Sequence[Problem], lines: Mapping[KeyPath, int], file: str) -> ConfigError:
    """The error that names the first problem by line, and counts the others."""
    first = min(problems, key=lambda problem: line_of(problem.path, lines))
    rest = len(problems) - 1
    more = f" (and {rest:,} more)" if rest else ""
    return ConfigError(f"{first}{more}", where=f"{file}:{line_of(first.path, lines)}")


def of_validation(error: ValidationError) -> Iterator[Problem]:
    """The problems that the records found; a key that a misspelt one stands for is not also called missing."""
    details = error.errors(include_url=False)
    misspelt = {detail["loc"][:-1] for detail in details if detail["type"] == "extra_forbidden"}
    for detail in details:
        if detail["type"] != "missing" or detail["loc"][:-1] not in misspelt:
            yield _problem(detail)


def _problem(detail: ErrorDetails) -> Problem:
    path = tuple(part for part in detail["loc"] if part != "[key]")
    kind = detail["type"]
    if kind == "missing":
        return Problem(path[:-1] or path, f"the key '{path[-1]}' is missing" if path[:-1] else "this table is missing")
    if kind == "extra_forbidden":
        return _unknown(path)
    if kind in {"tuple_type", "model_type"} and len(path) == 1:
        return Problem(path, f"must be written as {_header(str(path[0]))}")
    if kind in {"literal_error", "enum"}:
        return _choice(path, detail)
    return Problem(path, _SAYS[kind].format(**detail.get("ctx", {})) if kind in _SAYS else detail["msg"].lower())


def _choice(path: KeyPath, detail: ErrorDetails) -> Problem:
    expected = str(detail["ctx"]["expected"])
    wrong = detail["input"] if isinstance(detail["input"], str) else ""
    return Problem(path, f"must be {expected}", wrong[:_BARE_CHARS], _QUOTED.findall(expected))


def _unknown(path: KeyPath) -> Problem:
    key = str(path[-1])
    kind = "table or key" if len(path) == 1 else "key"
    return Problem(path, f"unknown {kind} '{key[:_BARE_CHARS]}'", key, known_keys(path[:-1]))


def known_keys(path: KeyPath) -> tuple[str, ...]:
    """The keys that the table at a path may have, as redan.toml spells them."""
    record = _record(str(path[0])) if path else Tables
    return tuple(field.alias or name for name, field in record.model_fields.items()) if record else ()


def _record(table: str) -> type[BaseModel] | None:
    annotation = Tables.model_fields[table].annotation if table in Tables.model_fields else None
    options = (annotation, *get_args(annotation))
    return next((o for o in options if isinstance(o, type) and issubclass(o, BaseModel)), None)


def _header(table: str) -> str:
    field, record = Tables.model_fields.get(table), _record(table)
    return f"[{table}]" if field is not None and record is field.annotation else f"[[{table}]]"
