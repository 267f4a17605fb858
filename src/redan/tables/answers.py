"""Faults of the engines as errors of ours: what a table cannot answer is said, and no value is quoted."""

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from redan.errors import IncompleteError, InputError

P = ParamSpec("P")
T = TypeVar("T")
_SPARK = (("pyspark.errors", "PySparkException"), ("py4j.protocol", "Py4JError"))
_ENGINES = (
    ("duckdb", "Error"),
    ("polars.exceptions", "PolarsError"),
    ("pyarrow", "ArrowException"),
    ("narwhals.exceptions", "NarwhalsError"),
)
_MEMORY = (("duckdb", "OutOfMemoryException"), ("pyarrow", "ArrowMemoryError"))


def answered(question: Callable[P, T]) -> Callable[P, T]:
    """A question to a table whose engine's faults become errors of ours."""

    @functools.wraps(question)
    def ask(*args: P.args, **kwargs: P.kwargs) -> T:
        with answering(getattr(args[0], "place", None) if args else None):
            return question(*args, **kwargs)

    return ask


@contextmanager
def answering(place: str | None) -> Iterator[None]:
    """Faults of the engines inside become errors of ours; their texts may quote data, so only their names are kept.

    Args:
        place: the file, for messages.

    Raises:
        IncompleteError: Spark stopped or could not answer, or there is not enough memory.
        InputError: the engine cannot make sense of a value.
    """
    try:
        yield
    except _loaded(_MEMORY, MemoryError) as error:
        remedy = "give a smaller table, or a machine with more memory"
        raise IncompleteError("needs more memory than its reader may use", where=place, remedy=remedy) from error
    except _loaded(_SPARK) as error:
        raise IncompleteError(f"Spark could not answer ({_named(error)})", where=place, remedy=_AGAIN) from error
    except (ConnectionError, EOFError) as error:
        raise IncompleteError("the Spark session has ended", where=place, remedy=_AGAIN) from error
    except _loaded(_ENGINES) as error:
        what = f"holds a value or a type that cannot be used here ({_named(error)})"
        raise InputError(
            what, where=place, remedy="give every column one plain type, and write the file again"
        ) from error


_AGAIN = "look into Spark's log and run again; a smaller table needs no Spark"


def _loaded(names: tuple[tuple[str, str], ...], *own: type[Exception]) -> tuple[type[Exception], ...]:
    """Exceptions of packages that are in use, since one that is not loaded has raised nothing, and of Python's own."""
    return (*own, *(getattr(sys.modules[module], name) for module, name in names if module in sys.modules))


def _named(error: Exception) -> str:
    condition = getattr(error, "getCondition", None)  # Spark's own word for the fault, without values
    found = _condition(condition) if condition is not None else None
    return found or type(error).__name__


def _condition(ask: Callable[[], object]) -> str | None:
    try:
        found = ask()
    except _loaded(_SPARK, ConnectionError, EOFError):  # a dead session cannot even say why
        return None
    return found if isinstance(found, str) else None
