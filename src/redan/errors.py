"""The error tree: what went wrong, where, and what to do; each class carries its exit code."""

import re

from redan.terms import Exit

# Controls but tab and line feed (and CR before one), and the marks of UAX #9 that turn the order of what follows.
_STEERING = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]|\r(?!\n)")


def steering(text: str) -> str | None:
    """The first character of a text that steers a terminal or hides what stands there, as `U+001B`.

    Args:
        text: from a file that others wrote.

    Returns:
        None when there is none.
    """
    found = _STEERING.search(text)
    return None if found is None else f"U+{ord(found[0]):04X}"


def escaped(text: str) -> str:
    """Text of anyone for a terminal or a message: what could steer a terminal, or cannot be seen, is escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


class RedanError(Exception):
    """Base of every error that redan raises on purpose.

    Args:
        what: one sentence naming the fault.
        where: `file:line`, `file` or an element id; left out when the fault has no place.
        remedy: one sentence saying what to do.
    """

    exit_code = Exit.USAGE

    def __init__(self, what: str, *, where: str | None = None, remedy: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.remedy = remedy

    def __str__(self) -> str:
        """The one clear line a user reads; control characters of hostile input are escaped."""
        place = f"{self.where}: " if self.where else ""
        advice = f" ({self.remedy})" if self.remedy else ""
        return escaped(f"{place}{self.what}{advice}")


class UsageError(RedanError):
    """The command, its arguments or its environment are wrong (exit 2)."""


class ConfigError(RedanError):
    """`redan.toml`, the waivers or another configuration file is wrong (exit 2)."""


class InputError(RedanError):
    """A dataset, model or other declared file cannot be read as what it claims to be (exit 2)."""


class IncompleteError(RedanError):
    """Something required could not run (exit 3)."""

    exit_code = Exit.INCOMPLETE


class InvalidError(RedanError):
    """A signature, digest or proof is invalid (exit 4)."""

    exit_code = Exit.INVALID


class MissingExtraError(IncompleteError):
    """An optional dependency is not installed (exit 3), named with its install line.

    Args:
        extra: the extra's name, as in `pip install redan[extra]`.
        package: the import that failed.
    """

    def __init__(self, extra: str, package: str) -> None:
        super().__init__(f"needs {package}, which is not installed", remedy=f"pip install 'redan[{extra}]'")
        self.extra = extra
