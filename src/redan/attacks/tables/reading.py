"""Reads a constraints file, or says in one line what is wrong with it and where."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import BaseModel, ValidationError

from redan.attacks.tables.rules import Column, Linear, OneHot, Ratio, Rules
from redan.errors import ConfigError, InputError, steering
from redan.files import TEXT_LIMIT_BYTES, read_bounded
from redan.system.lines import KeyPath, NotTomlError, locate
from redan.system.problems import Problem, of_validation, refusal

_PLACE = re.compile(r" \(at (?:line ([0-9]+), column [0-9]+|end of document)\)$")
_RECORDS: Mapping[str, type[BaseModel]] = {"columns": Column, "one_hot": OneHot, "linear": Linear, "ratio": Ratio}
_TWO = 2


def read_rules(path: Path | str) -> Rules:
    """The rules of a constraints file.

    Args:
        path: a TOML file.

    Raises:
        ConfigError: it is absent or wrong; names the line.
    """
    file = Path(path)
    try:
        data = read_bounded(file, TEXT_LIMIT_BYTES)
    except InputError as error:
        raise ConfigError(error.what, where=str(file), remedy=error.remedy) from error
    return parse_rules(data, file=file.name)


def parse_rules(data: bytes | str, *, file: str = "constraints.toml") -> Rules:
    """The rules that the content of a constraints file declares.

    Args:
        data: TOML.
        file: its name, for messages.

    Raises:
        ConfigError: it is no TOML, has an unknown key or a value that cannot be, or contradicts itself; names the line.
    """
    text = _decoded(data, file)
    try:
        lines = locate(text)
    except NotTomlError as error:
        raise ConfigError(error.what or _grammar(text), where=f"{file}:{error.line}") from error
    try:
        values = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, ValueError, RecursionError) as error:
        place = _PLACE.search(str(error))
        where = place[1] if place and place[1] else "1"
        raise ConfigError(_grammar(text), where=f"{file}:{where}") from error
    try:
        rules = Rules.model_validate(values)
    except ValidationError as error:
        raise refusal([_helped(problem) for problem in of_validation(error)], lines, file) from error
    found = [*_steered(values, ()), *_faults(rules)]
    if found:
        raise refusal(found, lines, file)
    return rules


def _decoded(data: bytes | str, file: str) -> str:
    if isinstance(data, str):
        return data.replace("\r\n", "\n")
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError("is not UTF-8", where=f"{file}:{line}", remedy="save it as UTF-8") from error


def _grammar(text: str) -> str:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return f"is not valid TOML: {_PLACE.sub('', str(error))[:200].lower()}"
    except (ValueError, RecursionError):
        return "a number has too many digits"
    return "is not valid TOML"


def _helped(problem: Problem) -> Problem:
    """The nearest right key, for those of this file."""
    if not problem.what.startswith("unknown"):
        return problem
    record = _RECORDS.get(str(problem.path[0]), Rules) if len(problem.path) > 1 else Rules
    return problem._replace(known=tuple(record.model_fields))


def _steered(value: object, path: KeyPath) -> Iterator[Problem]:
    """Names and levels that would steer the terminal that they are shown in."""
    if isinstance(value, str) and (mark := steering(value)) is not None:
        yield Problem(path, f"holds the control character {mark}, which no report could show")
    pairs: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        pairs = list(value.items())
    elif isinstance(value, list):
        pairs = list(enumerate(value))
    for key, inner in pairs:
        if isinstance(key, str) and steering(key) is not None:
            yield Problem((*path, key), "the name holds a control character, which no report could show")
        yield from _steered(inner, (*path, key))


def _faults(rules: Rules) -> Iterator[Problem]:
    for name, column in rules.columns.items():
        yield from (Problem(("columns", name), what) for what in _of_column(column))
    counted = Counter(name for group in rules.one_hot for name in group.columns)
    for place, group in enumerate(rules.one_hot):
        path: KeyPath = ("one_hot", place)
        if len(group.columns) < _TWO:
            yield Problem(path, "a group needs two columns or more")
        twice = [name for name in group.columns if counted[name] > 1 or name in rules.columns]
        if twice:
            yield Problem(path, f"column '{twice[0][:80]}' is declared twice")
    known = {*rules.columns, *counted}
    for place, linear in enumerate(rules.linear):
        yield from _of_relation(rules, ("linear", place), linear, list(linear.terms), known)
        if not any(linear.terms.values()):
            yield Problem(("linear", place), "no column has a weight")
    for place, ratio in enumerate(rules.ratio):
        named = [ratio.numerator, ratio.denominator] + [ratio.equals] * isinstance(ratio.equals, str)
        yield from _of_relation(rules, ("ratio", place), ratio, [str(name) for name in named], known)
        yield from _of_ratio(rules, ("ratio", place), ratio)


def _of_column(column: Column) -> Iterator[str]:
    if column.low is not None and column.high is not None and column.low > column.high:
        yield "low is above high"
    plain = column.type in {"category", "bool"}
    if plain and (column.low, column.high, column.scale) != (None, None, None):
        yield f"a {column.type} has no low, high or scale"
    if column.type == "category":
        if column.direction != "any":
            yield "a category has no direction"
        if not column.levels:
            yield "a category needs its levels"
    elif column.levels is not None:
        yield "only a category has levels"
    texts = [repr(level) for level in column.levels or ()]
    if len(set(texts)) < len(texts):
        yield "a level is named twice"


def _of_relation(
    rules: Rules, path: KeyPath, rule: Linear | Ratio, named: list[str], known: set[str]
) -> Iterator[Problem]:
    low, high, same = rule.at_least, rule.at_most, rule.equals
    if (same is None) == (low is None and high is None):
        yield Problem(path, "needs at_least, at_most or both, or equals")
    if low is not None and high is not None and low > high:
        yield Problem(path, "at_least is above at_most")
    if len(set(named)) < len(named):
        yield Problem(path, "names a column twice")
    for name in named:
        if name not in known and rules.others == "refuse":
            yield Problem(path, "names a column that is not declared", name[:80], sorted(known))
        if name in rules.columns and rules.columns[name].type == "category":
            yield Problem(path, f"column '{name[:80]}' is a category and has no value to reckon with")


def _of_ratio(rules: Rules, path: KeyPath, ratio: Ratio) -> Iterator[Problem]:
    below = rules.columns.get(ratio.denominator)
    if below is None or below.low is None or below.low <= 0:
        yield Problem(path, f"the denominator '{ratio.denominator[:80]}' needs a low above 0")
