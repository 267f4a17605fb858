"""Reads a record of private training that anyone may have written: bounded, flat, every key known, lines named."""

import difflib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args

from redan.canon import Json, parse_strict
from redan.errors import InputError, steering
from redan.files import read_bounded
from redan.measures.privacy import record as words
from redan.measures.privacy.record import SCHEMA, PrivacyRecord

LIMIT_BYTES = 64 << 10
MOST = 10**12  # rows, steps: more than any training, and still exact as a double
_TEXT_CHARS = 80
_REMEDY = "see 'The record' in the docs of private training for its keys"
# Possessive: hostile quotes cost linear time.
_KEY = re.compile(r'"((?:[^"\\]++|\\.)*+)"\s*+(:?)')
_WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "sampler": get_args(words.Sampler),
        "assumed_sampler": get_args(words.Assumed),
        "accountant": get_args(words.Accountant),
        "neighbours": get_args(words.Neighbours),
        "clipping": get_args(words.Clipping),
        "empty_batches": get_args(words.Empty),
        "normalised_by": get_args(words.Normalised),
        "noise_added_to": get_args(words.Added),
        "bounds": get_args(words.Bounds),
        "validation": get_args(words.Validation),
        "randomness": get_args(words.Randomness),
    }
)
_COUNTS = frozenset({"dataset_size", "steps", "microbatch_size", "runs"})
_TRUTHS = frozenset({"batch_statistics", "runs_accounted"})
# Lowest and highest value, and whether the lowest itself is allowed.
_NUMBERS: Mapping[str, tuple[float, float, bool]] = MappingProxyType(
    {
        "sampling_rate": (0.0, 1.0, False),
        "batch_size": (0.0, MOST, False),
        "noise_multiplier": (0.0, 1e9, True),
        "clipping_norm": (0.0, 1e9, False),
        "noise_std": (0.0, 1e15, True),
        "epsilon": (0.0, 1e9, True),
        "delta": (0.0, 1.0, True),
    }
)


def read_record(path: Path, name: str | None = None) -> PrivacyRecord:
    """The record in a file.

    Args:
        path: of the file.
        name: what to call it in messages; the path when None.

    Raises:
        InputError: it is absent, too large, or no record; names the line where it can.
    """
    return parse_record(read_bounded(path, LIMIT_BYTES), file=name or str(path))


def parse_record(data: bytes, *, file: str = "privacy.json") -> PrivacyRecord:
    """The record that bytes of anyone are.

    Args:
        data: JSON in UTF-8: one flat object.
        file: for messages.

    Raises:
        InputError: they are none; names line and key.
    """
    whole = _object(data, file)
    lines = _lines(data.decode())

    def refuse(key: str, what: str) -> InputError:
        return InputError(what, where=f"{file}:{lines.get(key, 1)}", remedy=_REMEDY)

    fault = _fault(whole)
    if fault is not None:
        raise refuse(*fault)
    values: dict[str, Any] = {key: value for key, value in whole.items() if key != "schema" and value is not None}
    values |= {key: float(values[key]) for key in _NUMBERS if key in values}
    found = PrivacyRecord(**values)
    clash = _clash(found)
    if clash is not None:
        raise refuse(*clash)
    return found


def _fault(whole: Mapping[str, Json]) -> tuple[str, str] | None:
    """The first key that is unknown, missing or wrong by itself, and why; None without one."""
    if whole.get("schema") != SCHEMA:
        return "schema", f"'schema' is not {SCHEMA!r}"
    names = [field.name for field in fields(PrivacyRecord)]
    for key in whole:
        if key not in names and key != "schema":
            near = difflib.get_close_matches(key[:_TEXT_CHARS], names, 1)
            return key, f"has the unknown key {key[:40]!r}" + (f"; did you mean {near[0]!r}?" if near else "")
    for field in fields(PrivacyRecord):
        if field.default is MISSING and whole.get(field.name) is None:
            return field.name, f"does not state {field.name!r}"
    wrong = ((key, _wrong(key, value)) for key, value in whole.items() if key != "schema" and value is not None)
    return next(((key, f"{key!r} {why}") for key, why in wrong if why), None)


def _object(data: bytes, file: str) -> dict[str, Json]:
    try:
        whole = parse_strict(data, limit_bytes=LIMIT_BYTES, depth=1)
    except (ValueError, RecursionError) as error:
        cause = error.__cause__
        line = cause.lineno if isinstance(cause, json.JSONDecodeError) else 1
        raise InputError(f"is no flat JSON object: {error}", where=f"{file}:{line}", remedy=_REMEDY) from error
    if not isinstance(whole, dict):
        raise InputError("is no JSON object", where=f"{file}:1", remedy=_REMEDY)
    return whole


def _lines(text: str) -> dict[str, int]:
    """The line of each key of a flat object."""
    found: dict[str, int] = {}
    line, last = 1, 0
    for match in _KEY.finditer(text):
        line, last = line + text.count("\n", last, match.start()), match.start()
        if match[2]:
            found.setdefault(json.loads(f'"{match[1]}"'), line)
    return found


def _wrong(key: str, value: Json) -> str | None:
    """What is wrong with a value; None when nothing is."""
    if key in _WORDS:
        return None if value in _WORDS[key] else f"is none of {', '.join(_WORDS[key])}"
    if key in _TRUTHS:
        return None if isinstance(value, bool) else "is true or false"
    if key in _COUNTS:
        whole = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST
        return None if whole else f"is a whole number from 1 to {MOST:.0e}"
    if key in _NUMBERS:
        low, high, closed = _NUMBERS[key]
        number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        fits = number and isinstance(value, int | float) and (low < value <= high or (closed and value == low))
        return (
            None
            if fits
            else f"is a number {'from' if closed else 'above'} {low:g}{' up' if closed else ''} to {high:g}"
        )
    text = isinstance(value, str) and 0 < len(value) <= _TEXT_CHARS and steering(value) is None and value.isprintable()
    return None if text else f"is a text of 1 to {_TEXT_CHARS} characters that can be seen"


def _clash(found: PrivacyRecord) -> tuple[str, str] | None:
    """A key whose value another makes impossible, and why; None without one."""
    if found.batch_size > found.dataset_size:
        return "batch_size", "'batch_size' is larger than 'dataset_size'"
    if found.clipping == "per-microbatch" and found.microbatch_size is None:
        return "clipping", "'clipping' is per-microbatch and 'microbatch_size' is not stated"
    if found.microbatch_size is not None and found.microbatch_size > found.dataset_size:
        return "microbatch_size", "'microbatch_size' is larger than 'dataset_size'"
    if (found.noise_std is None) is not (found.noise_added_to is None):
        return "noise_std", "'noise_std' and 'noise_added_to' go together"
    if found.sampler == "full-batch" and found.batch_size != found.dataset_size:
        return "batch_size", "the sampler is full-batch and 'batch_size' is not 'dataset_size'"
    return None
