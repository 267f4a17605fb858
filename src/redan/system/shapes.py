"""The shapes of single values in `redan.toml`: names, ids, dates, paths; each refusal is a sentence for the writer."""

import datetime as dt
import re
from typing import Annotated

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    PlainValidator,
    StrictFloat,
    StrictInt,
    WithJsonSchema,
)

from redan.system.retention import EXPECTED, parse_duration

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}")
_CONTROL = re.compile(r"A-MLSG-[0-9]{3}-[CDN][0-9]{3}|AIPS-[A-Z]{3}-[0-9]{2}")
_CHECK = re.compile(rf"(?:{_CONTROL.pattern})(?:/[a-z0-9][a-z0-9-]{{0,79}})?")
_BALL = re.compile(
    r"(linf|l2|l1|l0):([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE]-?[0-9]{1,2})?(?:/[1-9][0-9]*(?:\.[0-9]+)?)?",
)
_CHANGE = re.compile(r"(bit-depth|median|gaussian|jpeg|noise|shift):[0-9]+(?:\.[0-9]+)?")
_ELEMENT = re.compile(
    r"(?:person|site|boundary|source|dataset|feature|preprocessor|model|endpoint|feedback|federation):[^\n]{1,200}|system"
)


def _shape(pattern: re.Pattern[str], says: str) -> AfterValidator:
    def check(value: str) -> str:
        if not pattern.fullmatch(value):
            raise ValueError(says)
        return value

    return AfterValidator(check)


def _json(pattern: re.Pattern[str]) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": f"^(?:{pattern.pattern})$"})


def _date(value: object) -> dt.date:
    """A TOML date, or its text; a date with a time, or a number, is refused rather than rounded."""
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            raise ValueError(f"there is no day {value}") from None
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value
    raise ValueError("must be a date such as 2026-12-31")


def _retention(value: object) -> dt.date | str:
    if isinstance(value, str):
        try:
            return _date(value)
        except ValueError:
            parse_duration(value)
            return value
    try:
        return _date(value)
    except ValueError:
        raise ValueError(EXPECTED) from None


def _duration(value: object) -> str:
    """A duration as text; a date is none."""
    if not isinstance(value, str):
        raise ValueError("must be a duration such as '30 days' or 'P30D'")  # noqa: TRY004 -- pydantic's contract
    parse_duration(value)
    return value


def _range(value: object) -> object:
    if not isinstance(value, (list, tuple)) or len(value) != 2:  # noqa: PLR2004
        raise ValueError("must be a lowest and a highest value, such as [0.0, 120.0]")
    return value


def _ordered(value: tuple[float, float]) -> tuple[float, float]:
    if value[0] > value[1]:
        raise ValueError("must have its lowest value first")
    return value


Name = Annotated[
    str,
    _shape(_NAME, "a name is 1 to 80 letters, digits, '_', '.' or '-', and starts with a letter or digit"),
    _json(_NAME),
]
ControlId = Annotated[
    str, _shape(_CONTROL, "is no control id; they look like A-MLSG-002-D002 or AIPS-PIT-01"), _json(_CONTROL)
]
CheckId = Annotated[
    str,
    _shape(_CHECK, "is no control or check id; they look like A-MLSG-002-D002 or A-MLSG-002-D002/rows-are-not-shared"),
    _json(_CHECK),
]
Ball = Annotated[
    str, _shape(_BALL, "is no threat model; they look like 'linf:8/255', 'l2:0.5' or 'l1:12'"), _json(_BALL)
]
Change = Annotated[
    str, _shape(_CHANGE, "is no transformation; they look like 'bit-depth:4', 'median:3' or 'jpeg:75'"), _json(_CHANGE)
]
ElementId = Annotated[
    str, _shape(_ELEMENT, "is no element id; they look like 'source:crm' or 'dataset:train'"), _json(_ELEMENT)
]
Text = Annotated[str, Field(min_length=1, max_length=4000)]
Column = Annotated[str, Field(min_length=1, max_length=200)]
PathText = Annotated[str, Field(min_length=1, max_length=1000)]
Balls = tuple[Ball, ...]
Names = tuple[Name, ...]
Columns = tuple[Column, ...]
Paths = tuple[PathText, ...]
Finite = Annotated[StrictFloat, Field(allow_inf_nan=False)]
Amount = Annotated[StrictFloat, Field(gt=0, allow_inf_nan=False)]
Share = Annotated[StrictFloat, Field(gt=0, lt=1, allow_inf_nan=False)]
Count = Annotated[StrictInt, Field(ge=1, le=2**53 - 1)]
Natural = Annotated[StrictInt, Field(ge=0, le=2**53 - 1)]
Seed = Annotated[StrictInt, Field(ge=0, le=2**53 - 1)]  # within RFC 8785's exact integers
Date = Annotated[dt.date, BeforeValidator(_date), WithJsonSchema({"type": "string", "format": "date"})]
Retention = Annotated[
    dt.date | str,
    PlainValidator(_retention),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "minLength": 3, "examples": ["18 months", "P18M", "2027-06-30"]}),
]
Duration = Annotated[
    str,
    PlainValidator(_duration),
    WithJsonSchema({"type": "string", "minLength": 3, "examples": ["30 days", "P30D"]}),
]
Range = Annotated[tuple[Finite, Finite], BeforeValidator(_range), AfterValidator(_ordered)]
